"""`eventtrack views rebuild` on a running server: no answer fails or is stale, whatever happens."""

import http.client
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.operations.command import begin, run, run_json
from tests.rest import Rest
from tests.servers import ServerProcess, eventtrack_server

PARAMS = 2_000


class Watcher(threading.Thread):
    """Sets a tag again and again and reads it back in two ways.

    stale: answers that did not hold what was acknowledged before they were asked for.
    """

    def __init__(self, server: ServerProcess) -> None:
        super().__init__(daemon=True)
        self.rounds = 0
        self.stale: list[str] = []
        self.failed: list[str] = []
        self.slowest = 0.0
        self._port = server.port
        self._end = threading.Event()
        rest = Rest(server.port)
        self.run_id = rest.create_run()
        rest.close()

    def run(self) -> None:
        rest = Rest(self._port)
        while not self._end.is_set():
            self.rounds += 1
            started = time.monotonic()
            try:
                self._round(rest, str(self.rounds))
            except (AssertionError, OSError, http.client.HTTPException) as error:
                self.failed.append(repr(error))
            self.slowest = max(self.slowest, time.monotonic() - started)
        rest.close()

    def _round(self, rest: Rest, value: str) -> None:
        rest.post("runs/set-tag", run_id=self.run_id, key="round", value=value)
        tags = rest.get("runs/get", run_id=self.run_id)["run"]["data"]["tags"]
        found = {each["key"]: each["value"] for each in tags}.get("round")
        if found != value:
            self.stale.append(f"get: {found} instead of {value}")
        answer = rest.post(
            "runs/search", experiment_ids=["0"], filter=f"tags.round = '{value}'", max_results=5
        )
        if [each["info"]["run_id"] for each in answer.get("runs", [])] != [self.run_id]:
            self.stale.append(f"search at {value}: {answer}")

    def end(self) -> None:
        self._end.set()
        self.join(60)


def fill(rest: Rest) -> None:
    """Events enough that folding them takes a moment."""
    for number in range(20):
        run_id = rest.create_run(run_name=f"filled {number}")
        for start in range(0, PARAMS // 20, 10):
            names = [f"param {each}" for each in range(start, start + 10)]
            rest.post(
                "runs/log-batch",
                run_id=run_id,
                params=[{"key": name, "value": name} for name in names],
                metrics=[{"key": "m", "value": 1.5, "timestamp": start, "step": start}],
            )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def server(data: Path) -> Iterator[ServerProcess]:
    with eventtrack_server(data) as running:
        rest = Rest(running.port)
        fill(rest)
        rest.close()
        yield running


def test_no_answer_fails_or_is_stale_while_the_views_are_rebuilt(
    server: ServerProcess, data: Path
) -> None:
    watcher = Watcher(server)
    watcher.start()
    answer = run_json("views", "rebuild", data=data)
    assert "runs" in answer["projections"]
    assert answer["events"] > 0
    one = run("views", "rebuild", "runs", data=data)
    assert one.stdout.startswith("rebuilt runs from ")
    watcher.end()
    assert watcher.failed == []
    assert watcher.stale == []
    assert watcher.rounds > 3
    status = run_json("views", "status", data=data)
    assert status["rebuilding_at"] is None
    assert [path.name for path in (data / "log-views").glob("*.db")] == ["3.db"]


@pytest.mark.parametrize("pause", [0.0, 0.3, 0.6, 0.9])
def test_a_server_killed_while_it_rebuilds_serves_whole_views_again(
    data: Path, pause: float
) -> None:
    with eventtrack_server(data) as server:
        rest = Rest(server.port)
        fill(rest)
        before = all_runs(rest)
        rest.close()
        asking = begin("views", "rebuild", data=data)
        time.sleep(pause)
        server.kill()
        asking.wait(30)
    with eventtrack_server(data) as server:
        rest = Rest(server.port)
        assert all_runs(rest) == before
        until_rebuilt(data)
        assert all_runs(rest) == before
        rest.close()
        status = run_json("views", "status", data=data)
    assert {each["behind"] for each in status["projections"]} == {0}
    assert len(list((data / "log-views").glob("*.db"))) == 1


def test_a_command_that_is_killed_leaves_no_half_rebuild_and_the_server_goes_on(
    server: ServerProcess, data: Path
) -> None:
    rest = Rest(server.port)
    before = all_runs(rest)
    asking = begin("views", "rebuild", data=data)
    time.sleep(0.5)
    os.killpg(asking.pid, signal.SIGKILL)
    asking.wait()
    assert all_runs(rest) == before
    until_rebuilt(data)
    run("views", "rebuild", data=data)
    assert all_runs(rest) == before
    rest.close()


def all_runs(rest: Rest) -> object:
    return rest.post("runs/search", experiment_ids=["0"], max_results=1000)


def until_rebuilt(data: Path) -> None:
    deadline = time.monotonic() + 30
    while run_json("views", "status", data=data)["rebuilding_at"] is not None:
        assert time.monotonic() < deadline, "the rebuild did not end"
