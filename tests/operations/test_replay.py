"""`eventtrack replay`: the past in a folder of its own, and the check of the live views."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from tests.operations.command import run, run_json
from tests.rest import Rest
from tests.servers import ServerProcess, eventtrack_server


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def server(data: Path) -> Iterator[ServerProcess]:
    with eventtrack_server(data) as running:
        yield running


def log_something(server: ServerProcess) -> tuple[str, int]:
    """A run that is changed later; its id, and the position before the change."""
    rest = Rest(server.port)
    run_id = rest.create_run(run_name="before")
    points = [{"key": "loss", "value": 1 / (n + 1), "timestamp": n, "step": n} for n in range(5)]
    points.append({"key": "nan", "value": "NaN", "timestamp": 1, "step": 1})
    rest.post("runs/log-batch", run_id=run_id, metrics=points)
    rest.ask("PUT", f"/api/2.0/mlflow-artifacts/artifacts/0/{run_id}/artifacts/note.txt", b"a note")
    position = 2 + 3
    rest.post("runs/set-tag", run_id=run_id, key="mlflow.runName", value="after")
    rest.post("runs/log-metric", run_id=run_id, key="loss", value=9, timestamp=9, step=9)
    rest.close()
    return run_id, position


def test_the_past_is_served_read_only_from_its_own_folder(
    server: ServerProcess, data: Path, tmp_path: Path
) -> None:
    run_id, position = log_something(server)
    folder = tmp_path / "then"
    made = run_json("replay", "--until", str(position), "--to", str(folder), data=data)
    assert made["position"] == position
    refused = run("server", "--port", "0", data=folder, code=1)
    assert "--read-only" in refused.stderr
    with eventtrack_server(folder, "--read-only") as past:
        client = MlflowClient(past.url)
        assert client.get_run(run_id).info.run_name == "before"
        assert [point.step for point in client.get_metric_history(run_id, "loss")] == [*range(5)]
        assert [found.info.run_id for found in client.search_runs(["0"])] == [run_id]
        rest = Rest(past.port)
        artifact = f"/api/2.0/mlflow-artifacts/artifacts/0/{run_id}/artifacts/note.txt"
        assert rest.ask("GET", artifact)[2] == b"a note"
        for method, path, body in (
            ("POST", "/api/2.0/mlflow/runs/set-tag", {"run_id": run_id, "key": "k", "value": "v"}),
            ("POST", "/api/2.0/mlflow/runs/create", {"experiment_id": "0"}),
            ("PUT", artifact, b"another"),
        ):
            status, _, answer = rest.ask(method, path, body)
            assert status == 403, answer
            assert "read-only" in json.loads(answer)["message"]
        assert rest.ask("GET", "/health")[0] == 200
        assert rest.ask("GET", "/metrics")[0] == 200
        assert rest.ask("GET", f"/api/eventtrack/1/runs/{run_id}?as_of=1")[0] == 501
        rest.close()
    assert MlflowClient(server.url).get_run(run_id).info.run_name == "after"


def test_a_folder_is_not_overwritten_with_another_past(
    server: ServerProcess, data: Path, tmp_path: Path
) -> None:
    _, position = log_something(server)
    folder = tmp_path / "then"
    run("replay", "--until", str(position), "--to", str(folder), data=data)
    run("replay", "--until", str(position), "--to", str(folder), data=data)
    other = run("replay", "--until", str(position - 1), "--to", str(folder), data=data, code=1)
    assert "another past" in other.stderr
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "precious").write_text("")
    full = run("replay", "--until", "1", "--to", str(tmp_path / "full"), data=data, code=1)
    assert "not empty" in full.stderr
    late = run("replay", "--until", "99999", data=data, code=2)
    assert "the log ends at position" in late.stderr


def test_an_ordinary_folder_is_served_read_only_too(data: Path) -> None:
    with eventtrack_server(data) as server:
        run_id, position = log_something(server)
    with eventtrack_server(data, "--read-only") as server:
        rest = Rest(server.port)
        assert rest.get("runs/get", run_id=run_id)["run"]["info"]["run_name"] == "after"
        status, _, body = rest.ask("GET", f"/api/eventtrack/1/runs/{run_id}?as_of={position}")
        assert (status, json.loads(body)["name"]) == (200, "before")
        point = {"run_id": run_id, "key": "k", "value": 1, "timestamp": 1, "step": 1}
        assert rest.ask("POST", "/api/2.0/mlflow/runs/log-metric", point)[0] == 403
        rest.close()


def test_the_check_finds_nothing_in_sound_views(server: ServerProcess, data: Path) -> None:
    log_something(server)
    found = run_json("replay", "--check", data=data)
    assert found["same"] is True
    compared = {each["table"]: each["rows"] for each in found["tables"]}
    assert compared["runs"] == 1
    assert compared["points"] == 7
    assert not (data / "log-views" / "check").exists()


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("UPDATE runs SET name = 'tampered'", "runs"),
        ("DELETE FROM run_tags", "run_tags"),
        ("DELETE FROM metric_tails", "points"),
        ("DELETE FROM metric_wide", "points"),
    ],
)
def test_the_check_names_the_first_difference(data: Path, statement: str, table: str) -> None:
    with eventtrack_server(data) as server:
        log_something(server)
    (path,) = (data / "log-views").glob("*.db")
    connection = sqlite3.connect(path)
    changed = connection.execute(statement).rowcount
    connection.commit()
    connection.close()
    if not changed:
        pytest.skip("the points of this log lie in the other tables")
    done = run("replay", "--check", "--json", data=data, code=1)
    tables = json.loads(done.stdout)["tables"]
    (different,) = [each for each in tables if each["difference"]]
    assert different["table"] == table
    assert "views rebuild" in done.stderr
    run("views", "rebuild", data=data)
    assert run_json("replay", "--check", data=data)["same"] is True
