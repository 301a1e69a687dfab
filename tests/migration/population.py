"""A small history of a team, written with the real mlflow client to whatever store it is given.

`python -m tests.migration.population URI` prints the ids as JSON.
"""

import json
import math
import sys

import mlflow
from mlflow import MlflowClient
from mlflow.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    LoggedModelInput,
    LoggedModelOutput,
    Metric,
    Param,
    RunTag,
)

START = 1_700_000_000_000


def populate(client: MlflowClient) -> dict[str, str]:
    """Experiments (one deleted), nested and deleted runs, points, NaN, datasets, models."""
    first = client.create_experiment("first", tags={"team": "a", "note": "line\nbreak: ü"})
    gone = client.create_experiment("gone")
    parent = client.create_run(first, run_name="parent", start_time=START).info.run_id
    child = client.create_run(first, tags={"mlflow.parentRunId": parent}).info.run_id
    dead = client.create_run(first, run_name="dead").info.run_id
    default = client.create_run("0", run_name="in default").info.run_id
    client.create_run(gone, run_name="went with its experiment")
    for begin in range(0, 5000, 500):
        steps = range(begin, begin + 500)
        client.log_batch(
            parent,
            metrics=[
                Metric(key, (step % 97) / 7, START + step * 10, step)
                for step in steps
                for key in ("loss", "train/acc")
            ],
        )
    client.log_batch(
        child,
        params=[Param("lr", "0.1"), Param("empty", ""), Param("ünï", "c: [d]")],
        tags=[RunTag("stage", "draft"), RunTag("long", "x" * 4000)],
    )
    for step, value in enumerate((math.nan, math.inf, -math.inf, 1e-300)):
        client.log_metric(child, "odd", value, timestamp=START + step, step=-step)
    client.log_metric(child, "odd", math.nan, timestamp=START, step=0)
    client.set_terminated(parent, "FINISHED", end_time=START + 60_000)
    client.set_terminated(child, "FAILED")
    dataset = Dataset("train", "d1", "local", '{"uri": "a.csv"}', schema="{}", profile="{}")
    client.log_inputs(
        parent, [DatasetInput(dataset, [InputTag("mlflow.data.context", "training")])]
    )
    model = client.create_logged_model(
        first,
        name="net",
        source_run_id=parent,
        params={"layers": "3"},
        tags={"stage": "draft"},
        model_type="Agent",
    )
    client.finalize_logged_model(model.model_id, "READY")
    client.log_outputs(parent, [LoggedModelOutput(model.model_id, 3)])
    client.log_inputs(child, models=[LoggedModelInput(model.model_id)])
    client.log_metric(
        child,
        "measured",
        0.75,
        timestamp=START,
        step=7,
        model_id=model.model_id,
        dataset_name="train",
        dataset_digest="d1",
    )
    register(client, parent, model.model_id)
    client.delete_run(dead)
    client.delete_experiment(gone)
    return {
        "first": first,
        "gone": gone,
        "parent": parent,
        "child": child,
        "dead": dead,
        "default": default,
        "model": model.model_id,
    }


def register(client: MlflowClient, run_id: str, model_id: str) -> None:
    """Registered models with versions in stages, aliases, tags; one deleted; a prompt."""
    client.create_registered_model("net", tags={"team": "a"}, description="what it is for")
    for number in range(1, 5):
        client.create_model_version(
            "net",
            f"s3://bucket/net/{number}",
            run_id=run_id,
            tags={"number": str(number)},
            run_link="https://example.com/run" if number == 2 else None,
            description=f"number {number}",
        )
    client.transition_model_version_stage("net", "2", "Production")
    client.transition_model_version_stage("net", "1", "Archived")
    client.set_registered_model_alias("net", "champion", "2")
    client.set_registered_model_alias("net", "old", "1")
    client.update_model_version("net", "3", "better")
    client.set_model_version_tag("net", "3", "late", "ü")
    client.delete_model_version("net", "4")
    client.create_registered_model("empty")
    client.create_registered_model("it's")
    client.create_model_version("it's", "s3://bucket/its")
    # What is in a logged model comes from its own folder.
    client.create_model_version("it's", f"models:/{model_id}", model_id=model_id)
    client.register_prompt("greeting", "Hello {{name}}", "the first", tags={"tone": "kind"})


if __name__ == "__main__":
    uri = sys.argv[1]
    # Where the registry looks for logged models.
    mlflow.set_tracking_uri(uri)
    known = populate(MlflowClient(uri, registry_uri=uri))
    print(json.dumps(known))
