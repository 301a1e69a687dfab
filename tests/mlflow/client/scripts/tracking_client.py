"""MlflowClient: experiments and runs through their whole lives, batches, and a long history."""

from __future__ import annotations

import os
import time

from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag, ViewType

from tests.mlflow.client.refusal import refusal

EXPERIMENT = os.environ["EXPERIMENT"]
POINTS = 60_000


def check_experiments(client: MlflowClient) -> None:
    one = client.create_experiment(f"{EXPERIMENT} one", tags={"colour": "red", "size": "1"})
    two = client.create_experiment(f"{EXPERIMENT} two", tags={"colour": "blue"})
    elsewhere = client.create_experiment(f"{EXPERIMENT} s3", artifact_location="s3://bucket/x")
    assert client.get_experiment(elsewhere).artifact_location == "s3://bucket/x"
    assert client.get_experiment(one).tags == {"colour": "red", "size": "1"}
    assert client.get_experiment_by_name(f"{EXPERIMENT} nobody") is None

    mine = f"name LIKE '{EXPERIMENT}%'"
    newest_first = [elsewhere, two, one]
    found = client.search_experiments(filter_string=mine)
    assert [experiment.experiment_id for experiment in found] == newest_first
    pages = client.search_experiments(filter_string=mine, max_results=2)
    assert len(pages) == 2
    rest = client.search_experiments(filter_string=mine, max_results=2, page_token=pages.token)
    assert [experiment.experiment_id for experiment in [*pages, *rest]] == newest_first
    assert not rest.token
    by_name = client.search_experiments(filter_string=mine, order_by=["name DESC"])
    assert [experiment.experiment_id for experiment in by_name] == [two, elsewhere, one]
    red = client.search_experiments(filter_string=f"tags.colour = 'red' AND {mine}")
    assert [experiment.experiment_id for experiment in red] == [one]

    client.rename_experiment(two, f"{EXPERIMENT} zwei")
    client.set_experiment_tag(two, "colour", "green")
    client.delete_experiment_tag(one, "size")
    assert client.get_experiment(two).name == f"{EXPERIMENT} zwei"
    assert client.get_experiment(two).tags == {"colour": "green"}
    assert client.get_experiment(one).tags == {"colour": "red"}

    client.delete_experiment(two)
    deleted = client.get_experiment(two)
    assert deleted.lifecycle_stage == "deleted"
    assert (deleted.last_update_time or 0) > (deleted.creation_time or 0)
    gone = client.search_experiments(view_type=ViewType.DELETED_ONLY, filter_string=mine)
    assert [experiment.experiment_id for experiment in gone] == [two]
    code, _ = refusal(lambda: client.create_experiment(f"{EXPERIMENT} zwei"))
    assert code == "RESOURCE_ALREADY_EXISTS"
    client.restore_experiment(two)
    assert client.get_experiment(two).lifecycle_stage == "active"


def check_runs(client: MlflowClient, experiment_id: str) -> None:
    run = client.create_run(experiment_id, start_time=1000, tags={"a": "1"}, run_name="one")
    run_id = run.info.run_id
    assert (run.info.status, run.info.start_time, run.info.end_time) == ("RUNNING", 1000, None)
    client.update_run(run_id, status="SCHEDULED", name="renamed")
    client.set_terminated(run_id, status="KILLED", end_time=2000)
    read = client.get_run(run_id)
    assert (read.info.status, read.info.run_name, read.info.end_time) == ("KILLED", "renamed", 2000)
    assert read.data.tags == {"a": "1", "mlflow.runName": "renamed"}
    client.delete_tag(run_id, "a")
    client.set_tag(run_id, "b", "2")
    assert client.get_run(run_id).data.tags == {"b": "2", "mlflow.runName": "renamed"}

    client.delete_run(run_id)
    assert client.get_run(run_id).info.lifecycle_stage == "deleted"
    assert run_id not in [one.info.run_id for one in client.search_runs([experiment_id])]
    code, _ = refusal(lambda: client.log_metric(run_id, "a", 1))
    assert code == "INVALID_PARAMETER_VALUE"
    client.restore_run(run_id)
    client.log_metric(run_id, "a", 1)
    assert client.get_run(run_id).data.metrics == {"a": 1.0}


def check_a_batch(client: MlflowClient, experiment_id: str) -> None:
    run_id = client.create_run(experiment_id).info.run_id
    client.log_batch(
        run_id,
        metrics=[Metric("m", value, 100 + value, value) for value in range(500)],
        params=[Param(f"p{number}", str(number)) for number in range(100)],
        tags=[RunTag(f"t{number}", str(number)) for number in range(100)],
    )
    read = client.get_run(run_id)
    assert read.data.metrics == {"m": 499.0}
    assert read.data.params == {f"p{number}": str(number) for number in range(100)}
    assert len(read.data.tags) == 101


def check_a_long_history(client: MlflowClient, experiment_id: str) -> None:
    run_id = client.create_run(experiment_id).info.run_id
    now = int(time.time() * 1000)
    for start in range(0, POINTS, 1000):
        steps = range(start, start + 1000)
        client.log_batch(run_id, [Metric("long", step * 0.5, now + step, step) for step in steps])
    # The client asks for 25,000 points at a time and follows the page tokens.
    history = client.get_metric_history(run_id, "long")
    assert len(history) == POINTS
    assert [point.step for point in history] == list(range(POINTS))
    assert all(point.value == point.step * 0.5 for point in history)
    assert client.get_run(run_id).data.metrics == {"long": (POINTS - 1) * 0.5}


if __name__ == "__main__":
    tracking = MlflowClient()
    check_experiments(tracking)
    where = tracking.create_experiment(EXPERIMENT)
    check_runs(tracking, where)
    check_a_batch(tracking, where)
    check_a_long_history(tracking, where)
