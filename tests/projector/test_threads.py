"""What is cancelled closes nothing that a thread still uses: SQLite would take the process down."""

import asyncio
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from eventtrack.commands.runs import CreateRun
from eventtrack.events import Position
from eventtrack.log.sqlite import SqliteLog
from eventtrack.projector import runfold, viewsfile
from eventtrack.projector.runfold import RunFold
from eventtrack.projector.threads import in_thread
from projections.builtin import BUILT_IN
from tests.projector.test_live import live_of
from tests.projector.test_projector import Bench, Tally
from tests.support import ACTOR, open_stack


class Slow:
    """Takes a while on a connection in the place of another function, and looks at it after."""

    def __init__(self, connection_at: int) -> None:
        self.began = threading.Event()
        self.ended_well: list[bool] = []
        self._at = connection_at

    def __call__(self, *arguments: Any) -> None:
        connection: sqlite3.Connection = arguments[self._at]
        self.began.set()
        time.sleep(0.2)
        try:
            connection.execute("SELECT 1").fetchall()
        except sqlite3.ProgrammingError:
            self.ended_well.append(False)
        else:
            self.ended_well.append(True)

    async def cancelled_inside(self, task: "asyncio.Task[Any]") -> None:
        await asyncio.to_thread(self.began.wait, 10)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        while not self.ended_well:
            await asyncio.sleep(0.01)
        assert self.ended_well == [True]


async def test_a_switch_that_is_cancelled_leaves_no_thread_on_a_closed_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    bench = Bench(tmp_path, await SqliteLog.open(tmp_path / "log.db"))
    await bench.write(3)
    live = await live_of(bench, Tally())
    slow = Slow(0)
    monkeypatch.setattr(viewsfile, "complete", slow)

    async def rebuild() -> None:
        async for _ in live.rebuild([]):
            pass

    await slow.cancelled_inside(asyncio.create_task(rebuild()))
    await live.close()
    await bench.log.close()


async def test_a_run_of_the_past_that_nobody_waits_for_any_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_stack(tmp_path) as stack:
        await stack.handler.ensure_default_experiment(ACTOR)
        run = await stack.handler.create_run(CreateRun(experiment_id="0"), ACTOR)
        slow = Slow(0)
        monkeypatch.setattr(runfold, "apply_batch", slow)
        fold = RunFold(stack.log, stack.log.log_id, BUILT_IN)
        asked = fold.views(run.run_id, Position(stack.log.head()))
        await slow.cancelled_inside(asyncio.create_task(asked))


async def test_however_often_it_is_cancelled_the_thread_ends_first() -> None:
    ended = threading.Event()

    def work() -> None:
        time.sleep(0.2)
        ended.set()

    task = asyncio.create_task(in_thread(work))
    for _ in range(5):
        await asyncio.sleep(0.02)
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_what_it_returns_and_raises_is_the_functions_own() -> None:
    assert await in_thread(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await in_thread(divmod, 7, 0)
