"""Backup of a server in use, restored and verified: nothing acknowledged before it is missing."""

import os
import shutil
import signal
import sqlite3
import subprocess
import threading
import time
from pathlib import Path

import pytest

from tests.operations.command import begin, run, run_json
from tests.rest import Rest
from tests.servers import ServerProcess, eventtrack_server


class Writer(threading.Thread):
    """Logs to one run all the while."""

    def __init__(self, server: ServerProcess) -> None:
        super().__init__(daemon=True)
        self.port = server.port
        self.acknowledged = 0
        self._end = threading.Event()
        rest = Rest(server.port)
        self.run_id = rest.create_run()
        rest.close()

    def run(self) -> None:
        rest = Rest(self.port)
        while not self._end.is_set():
            step = self.acknowledged
            rest.post(
                "runs/log-metric",
                run_id=self.run_id,
                key="m",
                value=step,
                timestamp=step,
                step=step,
            )
            self.acknowledged += 1
        rest.close()

    def end(self) -> None:
        self._end.set()
        self.join(30)


def steps(server: ServerProcess, run_id: str) -> list[int]:
    rest = Rest(server.port)
    answer = rest.get("metrics/get-history", run_id=run_id, metric_key="m")
    rest.close()
    return [point["step"] for point in answer.get("metrics", [])]


def upload(rest: Rest, run_id: str, name: str, body: bytes) -> str:
    path = f"/api/2.0/mlflow-artifacts/artifacts/0/{run_id}/artifacts/{name}"
    assert rest.ask("PUT", path, body)[0] == 200
    return path


def test_a_backup_under_load_is_whole_and_the_next_one_copies_what_is_new(tmp_path: Path) -> None:
    data, kept, restored = tmp_path / "data", tmp_path / "kept", tmp_path / "restored"
    with eventtrack_server(data) as server:
        writer = Writer(server)
        rest = Rest(server.port)
        path = upload(rest, writer.run_id, "a.txt", b"first")
        writer.start()
        while writer.acknowledged < 100:
            time.sleep(0.01)
        before = writer.acknowledged
        first = run_json("backup", str(kept), data=data)
        assert first["files"] == 1
        upload(rest, writer.run_id, "b.txt", b"second")
        while writer.acknowledged < before + 100:
            time.sleep(0.01)
        second = run_json("backup", str(kept), data=data)
        writer.end()
        rest.close()
    assert 0 < second["events"] < second["head"]
    assert second["files"] == 1
    assert (kept / "log.db").exists()
    assert not (kept / "log.db-wal").exists()
    done = run_json("restore", str(kept), data=restored)
    assert done["head"] == second["head"]
    with eventtrack_server(restored) as server:
        found = steps(server, writer.run_id)
        assert found == list(range(len(found)))
        assert before + 100 <= len(found) <= writer.acknowledged
        rest = Rest(server.port)
        assert rest.ask("GET", path)[2] == b"first"
        assert rest.ask("GET", path.replace("a.txt", "b.txt"))[2] == b"second"
        rest.close()
    assert run_json("log", "verify", data=restored)["intact"] is True


@pytest.mark.parametrize("pause", [0.2, 0.5, 0.7])
def test_a_killed_backup_is_a_valid_log_and_is_completed_by_the_next(
    tmp_path: Path, pause: float
) -> None:
    data, kept = tmp_path / "data", tmp_path / "kept"
    with eventtrack_server(data) as server:
        rest = Rest(server.port)
        run_id = rest.create_run()
        for start in range(0, 5000, 100):
            params = [{"key": f"p{n}", "value": "v" * 200} for n in range(start, start + 100)]
            rest.post("runs/log-batch", run_id=run_id, params=params)
        rest.close()
    killed = begin("backup", str(kept), data=data)
    time.sleep(pause)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    if (kept / "log.db").exists():
        shutil.copytree(kept, tmp_path / "half")
        half = tmp_path / "half"
        if sqlite3.connect(half / "log.db").execute("SELECT name FROM sqlite_master").fetchall():
            assert run_json("log", "verify", data=half)["intact"] is True
    run("backup", str(kept), data=data)
    assert run_json("log", "verify", data=kept) == run_json("log", "verify", data=data)


def test_a_folder_with_something_else_is_refused(tmp_path: Path) -> None:
    data, other = tmp_path / "data", tmp_path / "other"
    for folder in (data, other):
        with eventtrack_server(folder):
            continue
    run("backup", str(tmp_path / "kept"), data=data)
    wrong = run("backup", str(tmp_path / "kept"), data=other, code=1)
    assert "copy of another log" in wrong.stderr
    (tmp_path / "file").mkdir()
    (tmp_path / "file" / "log.db").write_text("not a log at all, but long enough to be read")
    torn = run("backup", str(tmp_path / "file"), data=data, code=1)
    assert "name another folder" in torn.stderr
    full = run("restore", str(tmp_path / "kept"), data=other, code=1)
    assert "there is a log" in full.stderr


def test_a_rotten_event_is_not_kept_and_not_restored(tmp_path: Path) -> None:
    data, kept = tmp_path / "data", tmp_path / "kept"
    with eventtrack_server(data):
        run("backup", str(kept), data=data)
    for folder, command in ((data, "backup"), (kept, "restore")):
        connection = sqlite3.connect(folder / "log.db")
        for (name,) in connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE events SET payload = x'00' WHERE position = 1")
        connection.commit()
        connection.close()
        if command == "backup":
            done = run("backup", str(tmp_path / "new"), data=data, code=1)
            assert "event 1 is not what was acknowledged" in done.stderr
        else:
            done = run("restore", str(kept), data=tmp_path / "restored", code=1)
            assert "not intact at position 1" in done.stderr
            assert not (tmp_path / "restored" / "log.db").exists()


def test_the_plain_copy_of_the_handbook_is_a_backup_too(tmp_path: Path) -> None:
    """`eventtrack/docs/backup.md`: SQLite's own backup of a running server, then the artifacts."""
    data, copy = tmp_path / "data", tmp_path / "copy"
    copy.mkdir()
    with eventtrack_server(data) as server:
        rest = Rest(server.port)
        run_id = rest.create_run()
        path = upload(rest, run_id, "a.txt", b"first")
        source, target = sqlite3.connect(data / "log.db"), sqlite3.connect(copy / "log.db")
        source.backup(target)
        source.close()
        target.close()
        subprocess.run(["cp", "-a", str(data / "artifacts"), str(copy)], check=True)
        rest.close()
    with eventtrack_server(copy) as server:
        rest = Rest(server.port)
        assert rest.get("runs/get", run_id=run_id)["run"]["info"]["run_id"] == run_id
        assert rest.ask("GET", path)[2] == b"first"
        rest.close()
    assert run_json("log", "verify", data=copy)["intact"] is True
