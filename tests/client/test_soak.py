"""Everything a trainer's log call returned for is in the log, once, in order: come what may.

Servers and trainers are killed at random moments.  The log is read itself, not the views: these
would hide a point that is there twice.
"""

import asyncio
import random
import signal
import struct
import subprocess
import time
from collections import defaultdict
from contextlib import ExitStack
from pathlib import Path

import pytest

from eventtrack.events.metrics import MetricsLogged
from eventtrack.log.sqlite import SqliteLog
from tests.client.trainer import start, sync
from tests.servers import eventtrack_server, free_port
from tests.support import read_all

TRAINER = """
import mmap, struct, sys, time
import eventtrack as et

run_id, counter, seconds, pause = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
with open(counter, "r+b") as file:
    counted = mmap.mmap(file.fileno(), 8)
run = et.init(experiment="soak", id=run_id)
end = time.monotonic() + seconds
step = 0
while time.monotonic() < end:
    run.log({"loss": step / 3, "acc": -step}, step=step)
    step += 1
    # Mapped memory outlives a SIGKILL: it says how many calls returned.
    counted[:] = struct.pack("<q", step)
    if step % 50 == 0:
        run.log({"val": step}, step=step)
    time.sleep(pause)
run.finish()
"""


def steps_in_log(path: Path) -> dict[tuple[str, str], list[int]]:
    """(run, key) -> steps in the order of the log, repeats included."""

    async def read() -> dict[tuple[str, str], list[int]]:
        log = await SqliteLog.open(path, read_only=True)
        found: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        try:
            for recorded in await read_all(log):
                if isinstance(recorded.event, MetricsLogged):
                    for series in recorded.event.series():
                        for step, _, value in series.points():
                            if series.key == "loss":
                                assert value == step / 3
                            found[recorded.event.run_id, series.key].append(step)
        finally:
            await log.close()
        return dict(found)

    return asyncio.run(read())


def soak(folder: Path, *, trainers: int, seconds: float, pause: float, kills: int) -> None:
    chance = random.Random(trainers)
    port, spool, data = free_port(), folder / "spool", folder / "data"
    url = f"http://127.0.0.1:{port}"
    (folder / "counters").mkdir()
    processes: dict[str, subprocess.Popen[str]] = {}
    with ExitStack() as cleanup:
        server = cleanup.enter_context(eventtrack_server(data, port=port))
        for number in range(trainers):
            run_id = f"run-{number}"
            counter = folder / "counters" / run_id
            counter.write_bytes(bytes(8))
            script = (
                f"import sys; sys.argv[1:] = {[run_id, str(counter), str(seconds), str(pause)]}"
            )
            processes[run_id] = start(
                script + TRAINER, url, spool, EVENTTRACK_EXIT_TIMEOUT_SECONDS="60"
            )
        victims = chance.sample(sorted(processes), trainers // 3)
        end = time.monotonic() + seconds
        moments = sorted(chance.uniform(0.2, 0.9) * seconds for _ in range(kills + len(victims)))
        deeds = ["server"] * kills + victims
        chance.shuffle(deeds)
        began = time.monotonic()
        for moment, deed in zip(moments, deeds, strict=True):
            time.sleep(max(0.0, began + moment - time.monotonic()))
            if deed == "server":
                server.kill()
                time.sleep(chance.uniform(0.1, 1.0))
                server = cleanup.enter_context(eventtrack_server(data, port=port))
            else:
                processes[deed].send_signal(signal.SIGKILL)
        assert time.monotonic() < end + 120
        for run_id, process in processes.items():
            _, errors = process.communicate(timeout=180)
            assert process.returncode == (-signal.SIGKILL if run_id in victims else 0), errors
        done = sync(spool)
        assert done.returncode == 0, done.stderr
        server.stop()
    found = steps_in_log(data / "log.db")
    for run_id in processes:
        (returned,) = struct.unpack("<q", (folder / "counters" / run_id).read_bytes())
        for key in ("loss", "acc"):
            steps = found.get((run_id, key), [])
            # The call during which a trainer was killed may have been written or not.
            assert steps in (list(range(returned)), list(range(returned + 1))), (run_id, key)
        expected = list(range(50, returned + 1, 50))
        assert found.get((run_id, "val"), []) in (expected, expected[:-1])


def test_a_small_soak(tmp_path: Path) -> None:
    soak(tmp_path, trainers=6, seconds=6.0, pause=0.002, kills=2)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_sixty_four_trainers(tmp_path: Path) -> None:
    soak(tmp_path, trainers=64, seconds=60.0, pause=0.02, kills=6)
