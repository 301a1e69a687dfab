"""A life that touches every noun, as users live it, and what the views tell of it.

`scripts/record_log` writes such a log down at a release.
"""

import json
from pathlib import Path
from typing import Any

import mlflow
from mlflow.entities import Metric, Param, RunTag
from mlflow.tracking import MlflowClient

from eventtrack.log.sqlite import SqliteLog
from eventtrack.projector.projector import Projector
from projections import console, documents, experiments, logged_models
from projections.builtin import BUILT_IN
from projections.metrics.history import encode_points, read_points
from projections.metrics.series import list_series
from projections.views import Views
from tests.rest import Rest
from tests.servers import ServerProcess


def live(server: ServerProcess) -> None:
    """Log, change, delete, restore, take back."""
    client = MlflowClient(server.url)
    rest = Rest(server.port)
    first = client.create_experiment("first", tags={"team": "vision"})
    gone = client.create_experiment("gone")
    client.rename_experiment(first, "renamed")
    client.set_experiment_tag(first, "stage", "dev")
    runs = []
    for number in range(4):
        run = client.create_run(first, run_name=f"run {number}", tags={"n": str(number)})
        runs.append(run.info.run_id)
        points = [
            Metric(key, value, 1_700_000_000_000 + step, step)
            for step in range(40)
            for key, value in (("loss", 1 / (step + 1)), ("acc", step / 40))
        ]
        client.log_batch(runs[-1], points, [Param("lr", f"0.{number}")], [RunTag("a", "b")])
    client.log_metric(runs[0], "odd", float("nan"), 1, 1)
    client.log_metric(runs[0], "odd", float("inf"), 2, 2)
    client.set_terminated(runs[0], "FINISHED", 1_700_000_100_000)
    client.set_terminated(runs[1], "FAILED", 1_700_000_200_000)
    client.update_run(runs[1], name="another name")
    client.delete_tag(runs[2], "a")
    client.delete_run(runs[3])
    client.delete_run(runs[2])
    client.restore_run(runs[2])
    client.create_run(gone)
    client.delete_experiment(gone)
    dataset = mlflow.entities.DatasetInput(
        mlflow.entities.Dataset("train", "d1", "local", '{"uri": "train.csv"}'),
        [mlflow.entities.InputTag("mlflow.data.context", "training")],
    )
    client.log_inputs(runs[0], [dataset])
    model = client.create_logged_model(first, "net", runs[0], tags={"x": "1"}, params={"p": "2"})
    client.set_logged_model_tags(model.model_id, {"x": "2"})
    client.finalize_logged_model(model.model_id, "READY")
    client.log_outputs(runs[0], [mlflow.entities.LoggedModelOutput(model.model_id, 3)])
    rest.ask(
        "PUT", f"/api/2.0/mlflow-artifacts/artifacts/{first}/{runs[0]}/artifacts/a.txt", b"text"
    )
    lines = {
        "type": "console",
        "run_id": runs[0],
        "source": "stdout",
        "timestamps": [5],
        "lines": ["epoch 1"],
    }
    status, _, body = rest.ask(
        "POST", "/api/eventtrack/1/ingest", {"producer": "p1", "sequence": 0, "entries": [lines]}
    )
    assert (status, json.loads(body).get("refused")) == (200, None), body
    for path, sent in (
        (f"runs/{runs[0]}/params/correct", {"key": "lr", "value": "0.5", "reason": "typing error"}),
        (f"runs/{runs[1]}/metrics/retract", {"key": "loss", "first_step": 30, "reason": "a bug"}),
    ):
        status, _, body = rest.ask("POST", f"/api/eventtrack/1/{path}", sent)
        assert status == 200, body
    client.set_tag(runs[2], "mistake", "yes")
    events = rest.ask("GET", f"/api/eventtrack/1/runs/{runs[2]}/events?limit=1")[2]
    position = json.loads(events)["events"][0]["position"]
    status, _, body = rest.ask("POST", "/api/eventtrack/1/undo", {"positions": [position]})
    assert status == 200, body
    rest.close()


async def told(path: Path, place: Path) -> dict[str, Any]:
    """What the views of a log tell, in words that outlive how they are stored."""
    log = await SqliteLog.open(path)
    projector = await Projector.open(log, log.log_id, place / "told.db", BUILT_IN)
    await projector.catch_up()
    assert not projector.faults, projector.faults
    views = await Views.open(place / "told.db")
    try:
        return {
            "events": int(log.head()),
            "experiments": await _experiments(views),
            "runs": await _runs(views),
            "models": await _models(views),
        }
    finally:
        await views.close()
        await projector.close()
        await log.close()


async def _experiments(views: Views) -> list[dict[str, Any]]:
    ids = [row[0] for row in await views.fetchall("SELECT experiment_id FROM experiments")]
    return [
        {
            "id": each.experiment_id,
            "name": each.name,
            "stage": each.lifecycle_stage,
            "tags": each.tags,
        }
        for each in await experiments.get_many(views, sorted(ids))
    ]


async def _runs(views: Views) -> list[dict[str, Any]]:
    ids = [row[0] for row in await views.fetchall("SELECT run_id FROM runs ORDER BY name")]
    found = []
    for run in await documents.get_runs(views, ids):
        series = {}
        for each in await list_series(views, run.run_id):
            points = await read_points(views, run.run_id, each.key)
            series[each.key] = encode_points(points, each.key).decode()
        lines = await console.tail(views, run.run_id, lines_max=100)
        found.append(
            {
                "id": run.run_id,
                "name": run.name,
                "status": run.status,
                "stage": run.lifecycle_stage,
                "end_time": run.end_time,
                **{
                    name: json.loads(getattr(run, name) or b"[]")
                    for name in ("params", "tags", "metrics", "dataset_inputs", "model_outputs")
                },
                "series": series,
                "console": [line.text for line in lines.lines],
            }
        )
    return found


async def _models(views: Views) -> list[dict[str, Any]]:
    ids = [row[0] for row in await views.fetchall("SELECT model_id FROM logged_models")]
    return [
        {"id": each.model_id, "name": each.name, "status": each.status, "tags": each.tags}
        for each in await logged_models.get_many(views, ids)
    ]
