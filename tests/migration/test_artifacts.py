"""`import --copy-artifacts`: the files are here when the old server is gone, each copied once."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow import MlflowClient

from tests.migration.filled import FILES, fill
from tests.migration.scripts import script
from tests.operations.command import begin, run, run_json
from tests.servers import eventtrack_server, mlflow_server


def check_files(url: str, run_id: str, model_id: str, place: Path) -> None:
    """Everything is read back through the real client."""
    mlflow.set_tracking_uri(url)
    client = MlflowClient(url, url)
    assert client.get_run(run_id).info.artifact_uri.startswith("mlflow-artifacts:/")
    version_files = client.get_model_version_download_uri("net", "1")
    for uri in (f"runs:/{run_id}/", f"models:/{model_id}", "models:/net/1", version_files):
        place.mkdir(parents=True, exist_ok=True)
        found = Path(mlflow.artifacts.download_artifacts(uri, dst_path=str(place / uri[:4])))
        read = {
            str(path.relative_to(found)): path.read_text()
            for path in found.rglob("*")
            if path.is_file() and path.name != "registered_model_meta"
        }
        assert read == FILES, uri


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")


def test_files_that_the_old_server_keeps_come_through_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with mlflow_server(tmp_path / "mlflow") as source:
        mlflow.set_tracking_uri(source.url)
        client = MlflowClient(source.url, source.url)
        run_id, model_id = fill(client, "0")
        done = run_json("import", source.url, "--copy-artifacts", data=data)
        assert (done["copied"]["files"], done["copied"]["left"]) == (8, {})
        assert done["copied"]["bytes"] == 2 * sum(len(text.encode()) for text in FILES.values())
        again = run_json("import", source.url, "--copy-artifacts", data=data)
        assert again["copied"]["files"] == 0
        client.log_text(run_id, "longer than before", "notes.txt")
        client.log_text(run_id, "hello", "more/late.txt")
        more = run_json("import", source.url, "--copy-artifacts", data=data)
        assert more["copied"]["files"] == 2
        client.log_text(run_id, "hello", "notes.txt")
        run("import", source.url, "--copy-artifacts", data=data)
    (data / "artifacts" / "0" / run_id / "artifacts" / "more" / "late.txt").unlink()
    with eventtrack_server(data) as server:
        check_files(server.url, run_id, model_id, tmp_path / "read")
    history = run("log", "history", f"run/{run_id}", data=data).stdout
    assert "stored the artifact notes.txt (5 bytes)" in history


def test_a_database_is_told_where_the_files_are(tmp_path: Path) -> None:
    data, old = tmp_path / "data", tmp_path / "mlflow"
    with mlflow_server(old) as source:
        mlflow.set_tracking_uri(source.url)
        run_id, model_id = fill(MlflowClient(source.url, source.url), "0")
    (kept,) = [path for path in old.rglob(run_id) if path.is_dir()]
    without = run_json("import", str(old / "mlflow.db"), "--copy-artifacts", data=data)
    (why,) = without["copied"]["left"]
    assert "--artifacts-from" in why
    place = str(kept.parent.parent)
    done = run_json(
        "import", str(old / "mlflow.db"), "--copy-artifacts", "--artifacts-from", place, data=data
    )
    assert (done["copied"]["files"], done["copied"]["left"]) == (8, {})
    with eventtrack_server(data) as server:
        check_files(server.url, run_id, model_id, tmp_path / "read")


def local_source(tmp_path: Path) -> tuple[Path, str, str]:
    """A database whose runs keep their files in a folder of this machine."""
    path = tmp_path / "mlflow.db"
    run_id, model_id = script("filled", f"sqlite:///{path}", str(tmp_path / "files"), cwd=tmp_path)
    return path, run_id, model_id


def test_files_on_a_disk_move_into_the_store(tmp_path: Path) -> None:
    data = tmp_path / "data"
    source, run_id, model_id = local_source(tmp_path)
    with eventtrack_server(data) as server:
        done = run_json("import", str(source), "--copy-artifacts", data=data)
        assert (done["copied"]["files"], done["copied"]["left"]) == (8, {})
        (tmp_path / "files").rename(tmp_path / "gone")
        check_files(server.url, run_id, model_id, tmp_path / "read")


def test_without_copying_the_locations_stay(tmp_path: Path) -> None:
    data = tmp_path / "data"
    source, run_id, _ = local_source(tmp_path)
    said = run("import", str(source), data=data).stdout.replace("\n", " ")
    assert f"artifacts of 3 runs and models are at {tmp_path / 'files'}"[:60] in said
    with eventtrack_server(data) as server:
        info = MlflowClient(server.url, server.url).get_run(run_id).info
        assert info.artifact_uri.startswith(str(tmp_path / "files"))
    late = run_json("import", str(source), "--copy-artifacts", data=data)
    (why,) = late["copied"]["left"]
    assert "not this server's own store" in why
    wrong = run("import", str(source), "--artifacts-from", "/x", data=data, code=2)
    assert "goes with --copy-artifacts" in wrong.stderr


@pytest.mark.parametrize("pause", [0.05, 0.4])
def test_a_killed_copy_is_completed_by_the_next(tmp_path: Path, pause: float) -> None:
    data = tmp_path / "data"
    source, run_id, model_id = local_source(tmp_path)
    killed = begin("import", str(source), "--copy-artifacts", data=data)
    until = time.monotonic() + 60
    while not (data / "artifacts").exists() and killed.poll() is None:
        assert time.monotonic() < until
        time.sleep(0.002)
    time.sleep(pause)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    run("import", str(source), "--copy-artifacts", data=data)
    with eventtrack_server(data) as server:
        check_files(server.url, run_id, model_id, tmp_path / "read")
    stored: Any = run_json("log", "verify", data=data)
    assert stored["intact"] is True
