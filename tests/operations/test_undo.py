"""Undo and correction with a real server, through the native API and the command line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow.tracking import MlflowClient

from tests.operations.command import run, run_json
from tests.rest import Rest
from tests.servers import ServerProcess, eventtrack_server

NATIVE = "/api/eventtrack/1/"


class Desk:
    """A server, its command line, and what a person looks at."""

    def __init__(self, server: ServerProcess, data: Path) -> None:
        self.server, self.data = server, data
        self.rest = Rest(server.port)
        self.experiment_id = self.rest.post("experiments/create", name="first")["experiment_id"]
        self.run_id = self.rest.create_run(self.experiment_id, run_name="r")

    def events(self) -> list[dict[str, Any]]:
        """The last events of the log."""
        lines = run("log", "tail", "-n", "100", "--json", data=self.data).stdout.splitlines()
        return [json.loads(line) for line in lines]

    @property
    def head(self) -> int:
        """The position of the last event."""
        return self.last()

    def last(self, name: str = "") -> int:
        """The position of the last event, of this name."""
        found = [each for each in self.events() if each["event"]["event"].startswith(name)]
        position: int = found[-1]["position"]
        return position

    def post(self, path: str, status: int = 200, **body: Any) -> Any:
        """POST to the native API."""
        found, _, answer = self.rest.ask("POST", NATIVE + path, body)
        assert found == status, answer
        return json.loads(answer)

    def undo(self, *positions: int) -> Any:
        """Undo through the native API."""
        return self.post("undo", positions=list(positions), reason="a mistake")

    def run(self) -> dict[str, Any]:
        """The run as the native API tells it."""
        status, _, body = self.rest.ask("GET", f"{NATIVE}runs/{self.run_id}")
        assert status == 200, body
        found: dict[str, Any] = json.loads(body)
        return found

    def steps(self, key: str) -> list[int]:
        """The steps of a metric's points."""
        answer = self.rest.get("metrics/get-history", run_id=self.run_id, metric_key=key)
        return [point["step"] for point in answer.get("metrics", [])]

    def latest(self) -> dict[str, float]:
        """The latest values that the mlflow client shows."""
        metrics: dict[str, float] = MlflowClient(self.server.url).get_run(self.run_id).data.metrics
        return metrics


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with eventtrack_server(tmp_path / "data") as server:
        desk = Desk(server, tmp_path / "data")
        yield desk
        desk.rest.close()


def test_tags_names_status_and_params_come_back(desk: Desk) -> None:
    rest, run_id = desk.rest, desk.run_id
    before = desk.run()
    rest.post("runs/set-tag", run_id=run_id, key="stage", value="dev")
    rest.post("runs/set-tag", run_id=run_id, key="stage", value="prod")
    changed = desk.head
    desk.undo(changed)
    assert desk.run()["tags"]["stage"] == "dev"
    desk.undo(changed - 1)
    assert desk.run() == before
    for call, body in (
        ("runs/update", {"run_name": "renamed"}),
        ("runs/update", {"status": "FINISHED", "end_time": 99}),
        ("runs/log-parameter", {"key": "lr", "value": "0.1"}),
        ("runs/delete", {}),
    ):
        rest.post(call, run_id=run_id, **body)
        changed = desk.head
        assert desk.run() != before, call
        desk.undo(changed)
        assert desk.run() == before, call
        # What was undone is there again when the undoing is undone, and so on.
        desk.undo(desk.last("Undone"))
        assert desk.run() != before, call
        desk.undo(desk.last("Undone"))
        assert desk.run() == before, call


def test_a_deleted_tag_has_its_value_again(desk: Desk) -> None:
    desk.rest.post("runs/set-tag", run_id=desk.run_id, key="note", value="precious")
    desk.rest.post("runs/delete-tag", run_id=desk.run_id, key="note")
    assert "note" not in desk.run()["tags"]
    done = run("undo", str(desk.head), "--reason", "not that one", data=desk.data)
    assert "undid RunTagDeleted/1" in done.stdout
    assert desk.run()["tags"]["note"] == "precious"


def test_a_renamed_experiment_has_its_name_again_and_the_other_is_free(desk: Desk) -> None:
    desk.rest.post("experiments/update", experiment_id=desk.experiment_id, new_name="second")
    renamed = desk.last("ExperimentRenamed")
    desk.undo(renamed)
    found = desk.rest.get("experiments/get", experiment_id=desk.experiment_id)
    assert found["experiment"]["name"] == "first"
    desk.rest.post("experiments/create", name="second")


def test_a_name_that_was_taken_meanwhile_cannot_come_back(desk: Desk) -> None:
    desk.rest.post("experiments/update", experiment_id=desk.experiment_id, new_name="second")
    renamed = desk.last("ExperimentRenamed")
    desk.rest.post("experiments/create", name="first")
    answer = desk.post("undo", status=400, positions=[renamed])
    assert "already exists" in answer["message"]


def test_a_deleted_experiment_comes_back_as_it_was(desk: Desk) -> None:
    """Its runs too, but for those that were deleted before."""
    other = desk.rest.create_run(desk.experiment_id)
    desk.rest.post("runs/delete", run_id=other)
    desk.rest.post("experiments/delete", experiment_id=desk.experiment_id)
    deleted = desk.head
    assert desk.run()["lifecycle_stage"] == "deleted"
    desk.undo(deleted)
    assert desk.run()["lifecycle_stage"] == "active"
    found = desk.rest.get("runs/get", run_id=other)["run"]["info"]
    assert found["lifecycle_stage"] == "deleted"


def test_a_param_is_corrected_and_its_old_value_stays_in_the_log(desk: Desk) -> None:
    desk.rest.post("runs/log-parameter", run_id=desk.run_id, key="lr", value="0.1")
    desk.post(f"runs/{desk.run_id}/params/correct", key="lr", value="0.01", reason="typing error")
    assert desk.run()["params"] == {"lr": "0.01"}
    assert MlflowClient(desk.server.url).get_run(desk.run_id).data.params == {"lr": "0.01"}
    event = desk.events()[-1]["event"]
    assert (event["previous"], event["reason"]) == ("0.1", "typing error")
    run("runs", "correct-param", desk.run_id, "lr", "0.5", data=desk.data)
    assert desk.run()["params"] == {"lr": "0.5"}
    desk.undo(desk.head)
    assert desk.run()["params"] == {"lr": "0.01"}
    # Clients still cannot change it.
    status, _, _ = desk.rest.ask(
        "POST",
        "/api/2.0/mlflow/runs/log-parameter",
        {"run_id": desk.run_id, "key": "lr", "value": "7"},
    )
    assert status == 400
    absent = desk.post(f"runs/{desk.run_id}/params/correct", 404, key="none", value="1")
    assert "none" in absent["message"]


@pytest.mark.parametrize("count", [20, 10_000])
def test_points_are_hidden_and_come_back(desk: Desk, count: int) -> None:
    """However they are stored: few lie in one row with other metrics, many in blocks."""
    for start in range(0, count, 500):
        points = [
            {"key": key, "value": step, "timestamp": step, "step": step}
            for step in range(start, min(start + 500, count))
            for key in ("loss", "other")
        ]
        desk.rest.post("runs/log-batch", run_id=desk.run_id, metrics=points)
    all_steps = list(range(count))
    assert desk.steps("loss") == all_steps
    last = count - 1
    answer = desk.post(
        f"runs/{desk.run_id}/metrics/retract", key="loss", first_step=10, last_step=last, reason="x"
    )
    retracted = desk.head
    assert answer == {"points": count - 10}
    assert desk.steps("loss") == all_steps[:10]
    assert desk.steps("other") == all_steps
    assert desk.latest() == {"loss": 9.0, "other": float(last)}
    # What is logged from now on is shown, also in that range.
    desk.rest.post(
        "runs/log-metric", run_id=desk.run_id, key="loss", value=-1, timestamp=1, step=15
    )
    assert desk.steps("loss") == [0, 1, *([15] if count else []), *range(2, 10)]
    assert desk.latest()["loss"] == -1.0
    desk.undo(retracted)
    assert sorted(desk.steps("loss")) == sorted([*all_steps, 15])
    assert desk.latest() == {"loss": float(last), "other": float(last)}
    again = desk.post("undo", status=400, positions=[retracted])
    assert "are back already" in again["message"]
    assert run_json("replay", "--check", data=desk.data)["same"] is True


def test_a_whole_metric_is_retracted_from_the_command_line(desk: Desk) -> None:
    desk.rest.post("runs/log-metric", run_id=desk.run_id, key="loss", value=1, timestamp=1, step=1)
    done = run("runs", "retract", desk.run_id, "loss", data=desk.data)
    assert done.stdout.startswith("1 points of 'loss'")
    assert desk.latest() == {}
    none = run("runs", "retract", desk.run_id, "loss", data=desk.data, code=1)
    assert "has no points between" in none.stderr


def test_without_a_server_the_command_line_does_it_itself(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with eventtrack_server(data) as server:
        desk = Desk(server, data)
        desk.rest.post("runs/delete", run_id=desk.run_id)
        deleted, run_id = desk.head, desk.run_id
        desk.rest.close()
    run("undo", str(deleted), data=data)
    with eventtrack_server(data) as server:
        info = MlflowClient(server.url).get_run(run_id).info
        assert info.lifecycle_stage == "active"


def test_what_cannot_be_undone_says_why(desk: Desk) -> None:
    rest, run_id = desk.rest, desk.run_id
    rest.post("runs/log-metric", run_id=run_id, key="loss", value=1, timestamp=1, step=1)
    for_points = desk.post("undo", status=400, positions=[desk.head])
    assert "eventtrack runs retract" in for_points["message"]
    rest.post("runs/set-tag", run_id=run_id, key="k", value="1")
    first = desk.head
    rest.post("runs/set-tag", run_id=run_id, key="k", value="2")
    changed = desk.post("undo", status=400, positions=[first])
    assert "was changed since" in changed["message"]
    assert "'1', now it is '2'" in changed["message"]
    nowhere = desk.post("undo", status=404, positions=[10**6])
    assert "no event at position 1000000" in nowhere["message"]
    books = desk.post("undo", status=400, positions=[2])
    assert "keep the books" in books["message"]
    assert "positions" in desk.post("undo", status=400, reason="x")["message"]
    status, _, answer = rest.ask("POST", f"{NATIVE}undo?as_of=3", {"positions": [first]})
    assert status == 403, answer
    too_long = desk.post("undo", status=400, positions=[first], reason="x" * 1001)
    assert "'reason' exceeds the maximum length of 1000" in too_long["message"]
