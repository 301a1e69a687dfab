"""The search for runs by the client: every operator on every kind of thing, every order, pages."""

from __future__ import annotations

import functools
import os

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, ViewType

from tests.mlflow.client.refusal import refusal

EXPERIMENT = os.environ["EXPERIMENT"]

NAMES = ("one", "Two", "three", "four")
# Which of the runs, by first letter and newest first, each filter finds.
FILTERS = {
    "": "ftTo",
    "metrics.loss = 0.5": "T",
    "metrics.loss != 0.5": "to",
    "metrics.loss > 0.5": "o",
    "metrics.loss >= 0.5": "To",
    "metrics.loss < 0.5": "t",
    "metrics.loss <= 0.5": "tT",
    "metrics.`val/loss` > -1e3": "o",
    "params.opt = 'adam'": "o",
    "params.opt != 'adam'": "tT",
    "params.opt LIKE 'a%'": "o",
    "params.opt ILIKE 'a%'": "To",
    "params.opt IS NULL": "f",
    "params.opt IS NOT NULL": "tTo",
    "tags.team = 'red'": "o",
    "tags.team != 'red'": "tT",
    "tags.team LIKE '_ed'": "To",
    "tags.team ILIKE 'RED'": "To",
    "tags.`a b` = 'x'": "f",
    "tags.team IS NULL": "f",
    "tags.team IS NOT NULL": "tTo",
    "attributes.status = 'FINISHED'": "To",
    "status != 'FINISHED'": "ft",
    "run_name = 'Two'": "T",
    "run_name LIKE 't%'": "t",
    "run_name ILIKE 't%'": "tT",
    "attributes.start_time > 2": "ft",
    "start_time <= 2": "To",
    "end_time >= 0": "To",
    "user_id != 'nobody'": "ftTo",
    "artifact_uri LIKE '%/artifacts'": "ftTo",
    "dataset.name = 'iris'": "o",
    "dataset.digest IN ('d1', 'd2')": "To",
    "dataset.context LIKE 'tr%'": "o",
    "metrics.loss > 0 AND params.opt = 'adam' AND tags.team = 'red'": "o",
}
ORDERS = {
    "metrics.loss": "tTof",
    "metrics.loss DESC": "oTtf",
    "params.opt ASC": "Totf",
    "params.opt DESC": "toTf",
    "tags.team": "Totf",
    "start_time": "oTtf",
    "start_time DESC": "ftTo",
    "end_time DESC": "oTft",
    "run_name": "Tfot",
    "attributes.run_name DESC": "tofT",
}
REFUSED = (
    "metrics.loss = '0.5'",
    "params.opt > 'a'",
    "tags.team IN ('red')",
    "planets.mars = 'x'",
    "metrics.loss = 1 OR metrics.loss = 2",
)


def populate(client: MlflowClient, experiment_id: str) -> dict[str, str]:
    runs = {}
    facts = (
        ("red", "adam", 1.0, "FINISHED"),
        ("Red", "Adam", 0.5, "FINISHED"),
        ("teal", "sgd", 0.25, "RUNNING"),
        (None, None, None, "SCHEDULED"),
    )
    for number, (name, (team, opt, loss, status)) in enumerate(zip(NAMES, facts, strict=True)):
        tags = {"a b": "x"} if team is None else {"team": team}
        run = client.create_run(experiment_id, start_time=number + 1, run_name=name, tags=tags)
        runs[run.info.run_id] = name[0]
        metrics = [] if loss is None else [Metric("loss", loss, 1, 1), Metric("loss", 9, 1, 0)]
        params = [] if opt is None else [Param("opt", opt)]
        client.log_batch(run.info.run_id, metrics, params)
        if status == "FINISHED":
            client.set_terminated(run.info.run_id, end_time=50 - number)
            dataset = Dataset(("iris", "wine")[number], f"d{number + 1}", "local", "s")
            context = InputTag("mlflow.data.context", ("train", "test")[number])
            client.log_inputs(run.info.run_id, [DatasetInput(dataset, [context])])
        else:
            client.update_run(run.info.run_id, status=status)
    client.log_metric(next(iter(runs)), "val/loss", 3)
    return runs


if __name__ == "__main__":
    tracking = MlflowClient()
    where = tracking.create_experiment(EXPERIMENT)
    letters = populate(tracking, where)

    for text, expected in FILTERS.items():
        found = tracking.search_runs([where], filter_string=text)
        assert "".join(letters[run.info.run_id] for run in found) == expected, (text, found)
    run_id = next(iter(letters))
    for text, expected in ((f"run_id = '{run_id}'", "o"), (f"run_id NOT IN ('{run_id}')", "ftT")):
        found = tracking.search_runs([where], filter_string=text)
        assert "".join(letters[run.info.run_id] for run in found) == expected, (text, found)
    for order, expected in ORDERS.items():
        found = tracking.search_runs([where], order_by=[order])
        assert "".join(letters[run.info.run_id] for run in found) == expected, (order, found)
    for text in REFUSED:
        search = functools.partial(tracking.search_runs, [where], filter_string=text)
        assert refusal(search)[0] == "INVALID_PARAMETER_VALUE", text

    first = tracking.search_runs([where], max_results=3, order_by=["metrics.loss DESC"])
    second = tracking.search_runs(
        [where], max_results=3, order_by=["metrics.loss DESC"], page_token=first.token
    )
    assert "".join(letters[run.info.run_id] for run in [*first, *second]) == "oTtf"
    assert not second.token

    tracking.delete_run(run_id)
    for view, expected in (
        (ViewType.ACTIVE_ONLY, "ftT"),
        (ViewType.DELETED_ONLY, "o"),
        (ViewType.ALL, "ftTo"),
    ):
        found = tracking.search_runs([where], run_view_type=view)
        assert "".join(letters[run.info.run_id] for run in found) == expected, view
    frame = mlflow.search_runs([where], filter_string="metrics.loss < 1")
    assert sorted(frame["params.opt"]) == ["Adam", "sgd"]
