"""The fluent API: an experiment, runs and nested runs, params, metrics, tags, and how runs end."""

from __future__ import annotations

import contextlib
import io
import math
import os

import mlflow
from mlflow.entities import RunStatus

from tests.mlflow.client.refusal import refusal

EXPERIMENT = os.environ["EXPERIMENT"]
TRACKING_URI = os.environ["MLFLOW_TRACKING_URI"]


def check_a_run_and_its_children() -> None:
    experiment = mlflow.set_experiment(EXPERIMENT)
    assert experiment.name == EXPERIMENT
    assert experiment.lifecycle_stage == "active"
    assert mlflow.set_experiment(EXPERIMENT).experiment_id == experiment.experiment_id

    printed = io.StringIO()
    with (
        contextlib.redirect_stdout(printed),
        mlflow.start_run(run_name="parent", description="a parent") as parent,
    ):
        mlflow.log_param("lr", 0.1)
        mlflow.log_params({"depth": 3, "opt": "adam", "empty": "", "größe": "λ"})
        mlflow.log_metric("loss", 0.5)
        for step in range(5):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
        mlflow.log_metrics({"acc": 0.9, "f1": float("nan"), "top": float("inf")}, step=7)
        mlflow.set_tag("team", "red")
        mlflow.set_tags({"a/b c": 1, "note": "x" * 5000})
        with mlflow.start_run(run_name="child", nested=True) as child:
            mlflow.log_metric("loss", -1)

    # Links are for a browser, whatever way the trainer logs.
    server = TRACKING_URI.replace("eventtrack:", "http:")
    url = f"{server}/#/experiments/{experiment.experiment_id}/runs/{parent.info.run_id}"
    assert url in printed.getvalue(), printed.getvalue()

    read = mlflow.get_run(parent.info.run_id)
    assert read.info.run_name == "parent"
    assert read.info.status == "FINISHED"
    assert read.info.experiment_id == experiment.experiment_id
    assert read.info.start_time == parent.info.start_time
    assert read.info.end_time is not None
    assert read.info.end_time >= read.info.start_time
    assert read.data.params == {
        "lr": "0.1",
        "depth": "3",
        "opt": "adam",
        "empty": "",
        "größe": "λ",
    }
    assert read.data.metrics["loss"] == 1 / 5
    assert read.data.metrics["acc"] == 0.9
    assert math.isnan(read.data.metrics["f1"])
    assert read.data.metrics["top"] > 1e308
    assert read.data.tags["team"] == "red"
    assert read.data.tags["a/b c"] == "1"
    assert len(read.data.tags["note"]) == 5000
    assert read.data.tags["mlflow.runName"] == "parent"
    assert read.data.tags["mlflow.note.content"] == "a parent"
    assert read.data.tags["mlflow.source.type"] == "LOCAL"

    nested = mlflow.get_run(child.info.run_id)
    assert nested.data.tags["mlflow.parentRunId"] == parent.info.run_id
    assert nested.data.metrics == {"loss": -1.0}
    above = mlflow.get_parent_run(child.info.run_id)
    assert above is not None
    assert above.info.run_id == parent.info.run_id


def check_how_runs_end() -> None:
    with contextlib.suppress(ZeroDivisionError), mlflow.start_run() as failed:
        raise ZeroDivisionError
    assert mlflow.get_run(failed.info.run_id).info.status == "FAILED"

    killed = mlflow.start_run()
    mlflow.end_run(RunStatus.to_string(RunStatus.KILLED))
    assert mlflow.get_run(killed.info.run_id).info.status == "KILLED"

    with mlflow.start_run(run_id=killed.info.run_id):
        mlflow.log_metric("resumed", 1)
        assert mlflow.get_run(killed.info.run_id).info.status == "RUNNING"
    resumed = mlflow.get_run(killed.info.run_id)
    assert resumed.info.status == "FINISHED"
    assert resumed.data.metrics == {"resumed": 1.0}


def check_what_is_refused() -> None:
    with mlflow.start_run() as run:
        mlflow.log_param("once", 1)
        mlflow.log_param("once", 1)
        code, message = refusal(lambda: mlflow.log_param("once", 2))
        assert code == "INVALID_PARAMETER_VALUE"
        assert "Changing param values is not allowed" in message
        code, _ = refusal(lambda: mlflow.log_metric("bad$key", 1))
        assert code == "INVALID_PARAMETER_VALUE"
    assert mlflow.get_run(run.info.run_id).data.params == {"once": "1"}
    code, _ = refusal(lambda: mlflow.get_run("0" * 32))
    assert code == "RESOURCE_DOES_NOT_EXIST"


def check_the_last_run_and_the_search_for_runs() -> None:
    found = mlflow.search_runs(
        experiment_names=[EXPERIMENT],
        filter_string="tags.team = 'red' AND metrics.acc > 0.5",
        output_format="list",
    )
    assert [run.info.run_name for run in found] == ["parent"]
    frame = mlflow.search_runs(experiment_names=[EXPERIMENT], order_by=["start_time ASC"])
    assert list(frame["tags.mlflow.runName"])[:2] == ["parent", "child"]
    assert frame["metrics.loss"][1] == -1.0
    assert len(frame) == 5


if __name__ == "__main__":
    check_a_run_and_its_children()
    check_how_runs_end()
    check_what_is_refused()
    check_the_last_run_and_the_search_for_runs()
