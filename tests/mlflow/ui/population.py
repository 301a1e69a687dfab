"""What a team has logged, put into a server over REST: the same into MLflow and into eventtrack."""

import json
import math
import struct
import zlib
from typing import Any, NamedTuple

from tests.rest import Rest

STARTED_MS = 1_790_000_000_000
STEPS = 60
REGISTERED = "digit classifier"
PROMPT = "greeting"
PREDICTIONS = {"columns": ["image", "predicted"], "data": [["a.png", "cat"], ["b.png", "dog"]]}


class Populated(NamedTuple):
    """The ids that the server gave."""

    experiment_id: str
    empty_id: str
    run_ids: list[str]
    child_id: str
    model_id: str

    def names(self) -> dict[str, str]:
        """Every id with the word that stands for it, to compare two servers."""
        numbered = {run_id: f"RUN{number}" for number, run_id in enumerate(self.run_ids)}
        return numbered | {
            self.experiment_id: "EXPERIMENT",
            self.empty_id: "EMPTY",
            self.child_id: "CHILD",
            self.model_id: "MODEL",
        }


def populate(rest: Rest) -> Populated:
    """An experiment of three runs, a child run and a logged model, and one with nothing in it."""
    experiment_id = rest.post(
        "experiments/create",
        name="vision",
        tags=[{"key": "mlflow.note.content", "value": "**Notes** of the team"}],
    )["experiment_id"]
    empty_id = rest.post("experiments/create", name="nothing yet")["experiment_id"]
    run_ids = [log_run(rest, experiment_id, number) for number in range(3)]
    child_id = rest.create_run(
        experiment_id,
        run_name="fold-1",
        start_time=STARTED_MS + 9_000_000,
        tags=[{"key": "mlflow.parentRunId", "value": run_ids[0]}],
    )
    rest.post("runs/update", run_id=child_id, status="FINISHED", end_time=STARTED_MS + 9_100_000)
    model_id = log_model(rest, experiment_id, run_ids[0])
    register(rest, experiment_id, run_ids[0], model_id)
    register_prompt(rest, experiment_id)
    return Populated(experiment_id, empty_id, run_ids, child_id, model_id)


def log_run(rest: Rest, experiment_id: str, number: int) -> str:
    """A finished run with params, tags, curves, system metrics, a dataset and files."""
    started = STARTED_MS + number * 1_000_000
    run_id = rest.create_run(
        experiment_id,
        run_name=f"resnet-{number}",
        user_id="ana",
        start_time=started,
        tags=[
            {"key": "mlflow.user", "value": "ana"},
            {"key": "mlflow.source.name", "value": "train.py"},
            {"key": "mlflow.source.type", "value": "LOCAL"},
            {
                "key": "mlflow.loggedArtifacts",
                "value": '[{"path": "predictions.json", "type": "table"}]',
            },
            {"key": "team", "value": "vision"},
        ],
    )
    rate = 0.02 * (number + 1)
    metrics = []
    for step in range(STEPS):
        values = {
            "train/loss": 2 * math.exp(-rate * step),
            "val/loss": 2.2 * math.exp(-rate * step),
            "val/accuracy": 1 - math.exp(-rate * step),
            "system/cpu_utilization_percentage": 40 + 10 * math.sin(step / 5),
            "system/system_memory_usage_megabytes": 2000 + step,
        }
        metrics += [
            {"key": key, "value": value, "step": step, "timestamp": started + step * 1000}
            for key, value in values.items()
        ]
    rest.post(
        "runs/log-batch",
        run_id=run_id,
        metrics=metrics,
        params=[
            {"key": "lr", "value": str(rate)},
            {"key": "optimizer", "value": ["adamw", "sgd"][number % 2]},
        ],
    )
    rest.post("runs/log-inputs", run_id=run_id, datasets=[dataset_input()])
    for name, body in FILES.items():
        put(rest, f"{experiment_id}/{run_id}/artifacts/{name}", body)
    rest.post("runs/update", run_id=run_id, status="FINISHED", end_time=started + 61_000)
    return run_id


def dataset_input() -> dict[str, Any]:
    """A dataset as mlflow.log_input sends it."""
    schema = {"mlflow_colspec": [{"type": "double", "name": "x", "required": True}]}
    return {
        "dataset": {
            "name": "digits",
            "digest": "abc123",
            "source_type": "local",
            "source": json.dumps({"uri": "/data/digits.csv"}),
            "schema": json.dumps(schema),
            "profile": json.dumps({"num_rows": 10, "num_elements": 20}),
        },
        "tags": [{"key": "mlflow.data.context", "value": "training"}],
    }


def log_model(rest: Rest, experiment_id: str, run_id: str) -> str:
    """A ready logged model of a run, with a param, a tag, a metric and a file."""
    model = rest.post(
        "logged-models",
        experiment_id=experiment_id,
        name="classifier",
        model_type="cnn",
        source_run_id=run_id,
        params=[{"key": "layers", "value": "18"}],
        tags=[{"key": "stage", "value": "candidate"}],
    )["model"]["info"]
    model_id: str = model["model_id"]
    rest.post("runs/outputs", run_id=run_id, models=[{"model_id": model_id, "step": "0"}])
    rest.post(
        "runs/log-metric",
        run_id=run_id,
        key="test/accuracy",
        value=0.9,
        timestamp=STARTED_MS + 62_000,
        step=1,
        model_id=model_id,
        dataset_name="digits",
        dataset_digest="abc123",
    )
    put(rest, f"{experiment_id}/models/{model_id}/artifacts/MLmodel", b"artifact_path: model\n")
    rest.call("PATCH", f"logged-models/{model_id}", model_id=model_id, status="LOGGED_MODEL_READY")
    return model_id


def register(rest: Rest, experiment_id: str, run_id: str, model_id: str) -> None:
    """Two versions of a registered model: one of the logged model, one of a run's files."""
    rest.post("registered-models/create", name=REGISTERED, description="Tells digits apart")
    for source in (
        f"models:/{model_id}",
        f"mlflow-artifacts:/{experiment_id}/{run_id}/artifacts/model",
    ):
        named = {"model_id": model_id} if source.startswith("models:") else {}
        rest.post("model-versions/create", name=REGISTERED, source=source, run_id=run_id, **named)
    rest.post("registered-models/alias", name=REGISTERED, alias="champion", version="1")
    rest.post("model-versions/set-tag", name=REGISTERED, version="1", key="reviewed", value="yes")
    rest.post("registered-models/create", name="nothing registered yet")


def register_prompt(rest: Rest, experiment_id: str) -> None:
    """A prompt of two versions, as mlflow.genai.register_prompt stores it in the registry."""
    is_prompt = {"key": "mlflow.prompt.is_prompt", "value": "true"}
    asked_in = {"key": "_mlflow_experiment_ids", "value": f",{experiment_id},"}
    rest.post("registered-models/create", name=PROMPT, tags=[is_prompt, asked_in])
    for text in ("Say hello to {{name}}.", "Greet {{name}} warmly."):
        tags = [
            is_prompt,
            {"key": "mlflow.prompt.text", "value": text},
            {"key": "_mlflow_prompt_type", "value": "text"},
        ]
        rest.post("model-versions/create", name=PROMPT, source="dummy-source", tags=tags)


def put(rest: Rest, path: str, body: bytes) -> None:
    """Store a file through the server."""
    status, _, answer = rest.ask("PUT", f"/api/2.0/mlflow-artifacts/artifacts/{path}", body)
    assert status == 200, answer


def picture(side: int) -> bytes:
    """A PNG of one colour."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        head = struct.pack(">I", len(content)) + kind + content
        return head + struct.pack(">I", zlib.crc32(kind + content))

    rows = zlib.compress((b"\0" + b"\x2e\x7d\x5b" * side) * side)
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    )


FILES = {
    "model/MLmodel": b"artifact_path: model\n",
    "notes.txt": b"the first line\nthe second line\n",
    "plots/confusion.png": picture(64),
    "report.html": b"<h1>Report of the run</h1>",
    "table.csv": b"name,value\nalpha,1\nbeta,2\n",
    "predictions.json": json.dumps(PREDICTIONS).encode(),
}
