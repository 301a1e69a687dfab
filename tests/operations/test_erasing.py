"""`eventtrack gc` and `log compact`: what is erased is in no file, and the log verifies."""

import gzip
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow.tracking import MlflowClient

from tests.operations.command import begin, run, run_json
from tests.rest import Rest
from tests.servers import ServerProcess, eventtrack_server

SECRET = "swordfish-7391"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def server(data: Path) -> Iterator[ServerProcess]:
    with eventtrack_server(data) as running:
        yield running


def log_secrets(rest: Rest, experiment_id: str = "0") -> str:
    """A run that holds the secret in everything that it can."""
    run_id = rest.create_run(experiment_id, run_name=f"run {SECRET}")
    points = [
        {"key": f"m {SECRET}", "value": step, "timestamp": step, "step": step}
        for step in range(900)
    ]
    rest.post(
        "runs/log-batch",
        run_id=run_id,
        metrics=points,
        params=[{"key": f"p{n}", "value": f"{SECRET} {n}" * 20} for n in range(50)],
        tags=[{"key": "t", "value": SECRET * 50}],
    )
    dataset = {"name": SECRET, "digest": "d", "source_type": "x", "source": SECRET}
    rest.post("runs/log-inputs", run_id=run_id, datasets=[{"dataset": dataset, "tags": []}])
    path = f"/api/2.0/mlflow-artifacts/artifacts/{experiment_id}/{run_id}/artifacts/note.txt"
    assert rest.ask("PUT", path, SECRET.encode())[0] == 200
    status, _, body = rest.ask("GET", f"/api/eventtrack/1/runs/{run_id}?as_of=1")
    assert status == 404, body
    return run_id


def holding(data: Path, words: str) -> list[str]:
    """The files that hold these words."""
    return [
        str(path.relative_to(data))
        for path in data.rglob("*")
        if path.is_file() and words.encode() in path.read_bytes()
    ]


def test_what_is_erased_is_in_no_file_any_more(server: ServerProcess, data: Path) -> None:
    rest = Rest(server.port)
    run_id, kept = log_secrets(rest), rest.create_run(run_name="kept")
    path = f"/api/eventtrack/1/runs?experiment_ids=0&as_of={_head(data)}"
    assert rest.ask("GET", path)[0] == 200
    rest.post("runs/delete", run_id=run_id)
    assert "log-views/past" in " ".join(holding(data, SECRET))
    done = run_json("gc", "--reason", "asked for", data=data)
    assert done["erased"] == [{"noun": "run", "id": run_id}]
    # It is gone from the past as well.
    then = f"/api/eventtrack/1/runs/{run_id}?as_of={_head(data) - 1}"
    assert rest.ask("GET", then)[0] == 404
    # A checkpoint empties the WAL of the views, which is theirs alone.
    server.stop()
    assert holding(data, SECRET) == []
    verdict = run_json("log", "verify", data=data)
    assert verdict["intact"] is True
    assert verdict["erased"] > 3
    (erasure,) = verdict["erasures"]
    assert erasure["stream"] == f"run/{run_id}"
    assert "erased by" in run("log", "verify", data=data).stdout
    history = run("log", "history", f"run/{run_id}", data=data).stdout
    assert "erased the run for good" in history
    assert "asked for" in history
    assert run_json("replay", "--check", data=data)["same"] is True
    with eventtrack_server(data) as again:
        client = MlflowClient(again.url)
        assert [found.info.run_id for found in client.search_runs(["0"])] == [kept]
        rest.close()
        rest = Rest(again.port)
        status, _, body = rest.ask("GET", f"/api/2.0/mlflow/runs/get?run_id={run_id}")
        assert (status, json.loads(body)["error_code"]) == (404, "RESOURCE_DOES_NOT_EXIST")
    rest.close()


def _head(data: Path) -> int:
    head: int = run_json("views", "status", data=data)["projections"][0]["head"]
    return head


def test_an_experiment_goes_with_all_it_has_and_its_name_is_free(
    server: ServerProcess, data: Path
) -> None:
    rest = Rest(server.port)
    first = rest.post("experiments/create", name="taken")["experiment_id"]
    run_id = log_secrets(rest, first)
    model = MlflowClient(server.url).create_logged_model(first, name="net")
    rest.post("experiments/delete", experiment_id=first)
    done = run_json("gc", "--experiment-ids", first, data=data)
    assert {each["id"] for each in done["erased"]} == {run_id, model.model_id, first}
    second = rest.post("experiments/create", name="taken")["experiment_id"]
    assert int(second) == int(first) + 1
    assert rest.ask("GET", f"/api/2.0/mlflow/experiments/get?experiment_id={first}")[0] == 404
    rest.close()


def test_a_deleted_registered_model_goes_and_its_name_stays_with_the_next(
    server: ServerProcess, data: Path
) -> None:
    rest = Rest(server.port)
    for words in (SECRET, "harmless"):
        rest.post("registered-models/create", name="net", description=words)
        tags = [{"key": "mlflow.prompt.text", "value": words}]
        rest.post("model-versions/create", name="net", source="s3://b/m", tags=tags)
        if words == SECRET:
            rest.call("DELETE", "registered-models/delete", name="net")
    (erased,) = run_json("gc", "--reason", "asked for", data=data)["erased"]
    assert erased["noun"] == "registered model"
    (version,) = rest.get("model-versions/search")["model_versions"]
    assert version["tags"] == [{"key": "mlflow.prompt.text", "value": "harmless"}]
    history = run("log", "history", "registered-model/net", data=data).stdout
    assert "created registered model 'net'" in history
    rest.close()
    server.stop()
    assert holding(data, SECRET) == []
    assert run_json("log", "verify", data=data)["intact"] is True
    assert run_json("replay", "--check", data=data)["same"] is True


def test_only_what_is_deleted_asked_for_and_old_enough_is_erased(
    server: ServerProcess, data: Path
) -> None:
    rest = Rest(server.port)
    runs = [rest.create_run() for _ in range(3)]
    active = run("gc", "--run-ids", runs[0], data=data, code=1)
    assert "no run" in active.stderr
    for run_id in runs[:2]:
        rest.post("runs/delete", run_id=run_id)
    assert run_json("gc", "--older-than", "1d", data=data)["erased"] == []
    would = run_json("gc", "--dry-run", data=data)
    assert (would["dry_run"], len(would["erased"])) == (True, 2)
    done = run_json("gc", "--run-ids", runs[1], data=data)
    assert [each["id"] for each in done["erased"]] == [runs[1]]
    assert rest.get("runs/get", run_id=runs[0])["run"]["info"]["lifecycle_stage"] == "deleted"
    wrong = run("gc", "--older-than", "soon", data=data, code=2)
    assert "30d" in wrong.stderr
    rest.close()


@pytest.mark.parametrize("pause", [0.6, 0.9])
def test_a_killed_gc_is_finished_by_the_next(data: Path, pause: float) -> None:
    with eventtrack_server(data) as server:
        rest = Rest(server.port)
        for _ in range(15):
            rest.post("runs/delete", run_id=log_secrets(rest))
        rest.close()
    killed = begin("gc", data=data)
    time.sleep(pause)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    assert run_json("log", "verify", data=data)["intact"] is True
    run("gc", data=data)
    assert holding(data, SECRET) == []
    assert run_json("log", "verify", data=data)["intact"] is True
    assert run_json("replay", "--check", data=data)["same"] is True


def test_the_space_is_given_back_while_others_write(server: ServerProcess, data: Path) -> None:
    rest = Rest(server.port)
    run_id = rest.create_run()
    for start in range(0, 4000, 100):
        params = [{"key": f"p{n}", "value": f"{n}" * 400} for n in range(start, start + 100)]
        rest.post("runs/log-batch", run_id=run_id, params=params)
    rest.post("runs/delete", run_id=run_id)
    live, end = rest.create_run(), threading.Event()
    written: list[int] = []

    def write() -> None:
        own = Rest(server.port)
        while not end.is_set():
            point = {"key": "m", "value": 1, "timestamp": 1, "step": len(written)}
            own.post("runs/log-metric", run_id=live, **point)
            written.append(1)
        own.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        run("gc", data=data)
        before = (data / "log.db").stat().st_size
        done = run_json("log", "compact", data=data)
    finally:
        end.set()
        writer.join()
    assert done["bytes"] > 500_000
    assert (data / "log.db").stat().st_size < before - 400_000
    history = rest.get("metrics/get-history", run_id=live, metric_key="m")["metrics"]
    assert len(history) == len(written)
    assert run_json("log", "verify", data=data)["intact"] is True
    rest.close()


@pytest.mark.parametrize("pause", [0.5, 0.8])
def test_a_killed_compact_leaves_a_whole_log(data: Path, pause: float) -> None:
    with eventtrack_server(data) as server:
        rest = Rest(server.port)
        for _ in range(10):
            rest.post("runs/delete", run_id=log_secrets(rest))
        rest.close()
    run("gc", data=data)
    killed = begin("log", "compact", data=data)
    time.sleep(pause)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    assert run_json("log", "verify", data=data)["intact"] is True
    run("log", "compact", data=data)
    assert run_json("log", "verify", data=data)["intact"] is True


def test_a_log_of_the_first_format_is_compacted_once_without_a_server(data: Path) -> None:

    recorded = Path(__file__).parent.parent / "events" / "first_release" / "log.db.gz"
    data.mkdir()
    (data / "log.db").write_bytes(gzip.decompress(recorded.read_bytes()))
    with eventtrack_server(data):
        refused = run("log", "compact", data=data, code=1)
        assert "stop the server" in refused.stderr
    run("log", "compact", data=data)
    with eventtrack_server(data):
        run("gc", data=data)
        run("log", "compact", data=data)
    assert run_json("log", "verify", data=data)["intact"] is True


def test_a_backup_forgets_what_was_erased_since(
    server: ServerProcess, data: Path, tmp_path: Path
) -> None:
    rest = Rest(server.port)
    run_id = log_secrets(rest)
    run("backup", str(tmp_path / "kept"), "--no-artifacts", data=data)
    assert holding(tmp_path / "kept", SECRET) == ["log.db"]
    rest.post("runs/delete", run_id=run_id)
    run("gc", data=data)
    run("backup", str(tmp_path / "kept"), "--no-artifacts", data=data)
    assert holding(tmp_path / "kept", SECRET) == []
    assert run_json("log", "verify", data=tmp_path / "kept")["intact"] is True
    rest.close()
