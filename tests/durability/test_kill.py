"""kill -9 in the middle of load: what was acknowledged is there, once, and the log verifies."""

import http.client
import json
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.rest import Rest
from tests.servers import ServerProcess, eventtrack_server

WRITERS = 4


class Writer(threading.Thread):
    """Logs points and params to one run, one after another, and remembers what was acknowledged."""

    def __init__(self, server: ServerProcess, run_id: str, number: int, first: int) -> None:
        super().__init__(name=f"writer {number}", daemon=True)
        self.run_id = run_id
        self.sent = self.acknowledged = first
        self._port = server.port
        self._number = number

    def run(self) -> None:
        rest = Rest(self._port)
        try:
            while True:
                step = self.sent
                self.sent += 1
                self._log(rest, step)
                self.acknowledged = self.sent
        except (OSError, http.client.HTTPException):
            rest.close()

    def _log(self, rest: Rest, step: int) -> None:
        point = {"key": "loss", "value": step * 0.5, "timestamp": step, "step": step}
        if self._number % 2:
            rest.post("runs/log-metric", run_id=self.run_id, **point)
        else:
            params = [{"key": f"p{step}", "value": str(step)}]
            rest.post("runs/log-batch", run_id=self.run_id, metrics=[point], params=params)


def steps_of(rest: Rest, run_id: str) -> list[int]:
    history = rest.get("metrics/get-history", run_id=run_id, metric_key="loss")
    return [point["step"] for point in history.get("metrics", [])]


def verdict_of(data: Path) -> dict[str, object]:
    command = [str(Path(sys.executable).with_name("eventtrack")), "log", "verify", "--json"]
    done = subprocess.run(
        [*command, "--data", str(data)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def kill_repeatedly(data: Path, rounds: int, seed: int) -> None:
    chance = random.Random(seed)
    runs: list[str] = []
    expected: dict[str, tuple[int, int]] = {}
    for _ in range(rounds):
        with eventtrack_server(data) as server:
            rest = Rest(server.port)
            if not runs:
                runs = [rest.create_run() for _ in range(WRITERS)]
            writers = []
            for number, run_id in enumerate(runs):
                steps = steps_of(rest, run_id)
                check_steps(run_id, steps, expected)
                run = rest.get("runs/get", run_id=run_id)["run"]
                params = {each["key"] for each in run["data"].get("params", [])}
                if number % 2 == 0:
                    # A batch is atomic: a step is there with its param or not at all.
                    assert params == {f"p{step}" for step in steps}
                writers.append(Writer(server, run_id, number, len(steps)))
            for writer in writers:
                writer.start()
            pause = threading.Event()
            pause.wait(chance.uniform(0.01, 0.4))
            server.kill()
            for writer in writers:
                writer.join(30)
                expected[writer.run_id] = (writer.acknowledged, writer.sent)
            rest.close()
        assert verdict_of(data)["intact"] is True
    with eventtrack_server(data) as server:
        rest = Rest(server.port)
        for run_id in runs:
            check_steps(run_id, steps_of(rest, run_id), expected)
        rest.close()


def check_steps(run_id: str, steps: list[int], expected: dict[str, tuple[int, int]]) -> None:
    acknowledged, sent = expected.get(run_id, (0, 0))
    assert steps == list(range(len(steps))), "a point is missing or there twice"
    # The one request that was on its way when the server died may be there or not.
    assert acknowledged <= len(steps) <= sent


def test_acknowledged_writes_survive_a_killed_server(tmp_path: Path) -> None:
    kill_repeatedly(tmp_path / "data", rounds=4, seed=1)


@pytest.mark.slow
def test_acknowledged_writes_survive_a_hundred_kills(tmp_path: Path) -> None:
    kill_repeatedly(tmp_path / "data", rounds=100, seed=int(time.time()))


def test_writes_in_flight_at_a_graceful_stop_are_finished(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with eventtrack_server(data) as server:
        rest = Rest(server.port)
        run_id = rest.create_run()
        writer = Writer(server, run_id, 1, 0)
        writer.start()
        while writer.acknowledged < 20:
            threading.Event().wait(0.001)
        assert server.stop() == 0
        writer.join(30)
        rest.close()
    with eventtrack_server(data) as server:
        rest = Rest(server.port)
        steps = steps_of(rest, run_id)
        assert steps == list(range(len(steps)))
        assert len(steps) >= writer.acknowledged
        rest.close()
