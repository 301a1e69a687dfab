"""Sending when the two sides disagree about how far they are: nothing twice, nothing lost."""

import shutil
import signal
from pathlib import Path

import pytest

from eventtrack.client.spool import Cursor, spools_in
from tests.client.test_logging import artifact, history
from tests.client.test_soak import steps_in_log
from tests.client.trainer import sync, train
from tests.rest import Rest
from tests.servers import ServerProcess, eventtrack_server, free_port

KILLED = """
import eventtrack as et, os, signal, sys
run = et.init(experiment="e", id=sys.argv[1])
for i in range(5000):
    run.log({"loss": i / 3}, step=i)
    if i == 2000:
        assert run.flush(30)
run.log_text("kept", "kept.txt")
os.kill(os.getpid(), signal.SIGKILL)
"""


def kill_in_the_middle(url: str, spool: Path, run_id: str) -> Path:
    """A trainer that is killed after a part of what it logged was sent; returns its spool."""
    script = f"import sys; sys.argv[1:] = [{run_id!r}]\n" + KILLED
    train(script, url, spool, -signal.SIGKILL, EVENTTRACK_FLUSH_SECONDS="60")
    (folder,) = spools_in(spool)
    assert Cursor(folder).acked > 0
    return folder


@pytest.fixture
def place(tmp_path: Path) -> tuple[Path, int]:
    (tmp_path / "data").mkdir()
    return tmp_path / "data", free_port()


def started(place: tuple[Path, int]) -> ServerProcess:
    return eventtrack_server(place[0], port=place[1])


@pytest.mark.parametrize("how", ["whole", "lost", "torn"])
def test_a_sender_that_forgot_how_far_it_was_sends_nothing_twice(
    place: tuple[Path, int], spool: Path, how: str
) -> None:
    with started(place) as server:
        folder = kill_in_the_middle(server.url, spool, "r")
        if how == "lost":
            (folder / "acked").unlink()
        elif how == "torn":
            (folder / "acked").write_bytes(b"\x00" * 7)
        done = sync(spool)
        assert done.returncode == 0, done.stderr
        assert not folder.exists()
        rest = Rest(server.port)
        assert artifact(rest, "r", "kept.txt") == b"kept"
        rest.close()
    assert steps_in_log(place[0] / "log.db")["r", "loss"] == list(range(5000))


def test_a_copy_of_a_spool_is_stored_once(place: tuple[Path, int], spool: Path) -> None:
    with started(place) as server:
        folder = kill_in_the_middle(server.url, spool, "r")
        shutil.copytree(folder, spool / "copy")
        assert sync(spool).returncode == 0
    assert steps_in_log(place[0] / "log.db")["r", "loss"] == list(range(5000))


def test_a_server_set_back_to_an_earlier_state_gets_what_is_still_there(
    place: tuple[Path, int], spool: Path, tmp_path: Path
) -> None:
    data, _ = place
    with started(place):
        pass
    shutil.copytree(data, tmp_path / "earlier")
    with started(place) as server:
        kill_in_the_middle(server.url, spool, "r")
    shutil.rmtree(data)
    shutil.copytree(tmp_path / "earlier", data)
    with started(place) as server:
        done = sync(spool)
        assert done.returncode == 0, done.stderr
        rest = Rest(server.port)
        # The run's start was acknowledged, and went with the state that is no more.
        status, _, _ = rest.ask("GET", "/api/2.0/mlflow/runs/get?run_id=r")
        rest.close()
    assert status == 404
    refused = (spool / "refused.jsonl").read_text()
    assert "Run with id=r not found" in refused
    assert refused.count("\n") == 1
    (file,) = (spool / "refused-files").iterdir()
    assert file.read_text() == "kept"


def test_what_the_server_refuses_is_kept_and_the_rest_goes_on(
    place: tuple[Path, int], spool: Path
) -> None:
    with started(place) as server:
        _, errors = train(
            """
            import eventtrack as et
            run = et.init(experiment="e", id="refusals")
            run.log_param("lr", 1)
            run.log_param("lr", 2)
            for i in range(10):
                run.log({"loss": i}, step=i)
            run.finish()
            """,
            server.url,
            spool,
        )
        rest = Rest(server.port)
        assert len(history(rest, "refusals", "loss")) == 10
        rest.close()
    assert errors.count("Changing param values is not allowed") == 1
    assert '"lr":"2"' in (spool / "refused.jsonl").read_text()
