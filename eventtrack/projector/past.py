"""Views of the past: one run folded from its own stream, or everything as it was at a position.

A run's past is folded when it is asked for and costs what its own events cost.  Everything's past
is a views file, folded on from the nearest one below; the last few of either are kept.
"""

import asyncio
import contextlib
import logging
import shutil
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from eventtrack.events import START, Position
from eventtrack.log import EventLog
from eventtrack.projector import building, viewsfile
from eventtrack.projector.building import Order
from eventtrack.projector.live import Build, Live
from eventtrack.projector.retirement import Retirement
from eventtrack.projector.runfold import RunFold
from projections.projection import Projection
from projections.views import Views

FILES_MAX = 8
"""Pasts of everything that are kept."""

FILES_BYTES_MAX = 8 << 30
"""What they may take on the disk together; one is always kept."""

RUNS_MAX = 16
"""Pasts of single runs that are kept, each a private temporary database."""

NEAR_EVENTS = 2_000
"""So few events are folded in the server itself: a process of its own takes longer to start."""

WAIT_SECONDS = 20.0
"""How long a question waits for its past; what is begun goes on meanwhile."""

logger = logging.getLogger("eventtrack.views")


class PastNotReady(Exception):
    """The past that is asked for is still being folded; ask again in a moment."""


class Pasts:
    """Hands out views of the past.  folder: where the files are kept, made when it is needed."""

    def __init__(
        self,
        log: EventLog,
        log_id: str,
        folder: Path,
        projections: Sequence[Projection],
        build: Build,
        live: Live,
        *,
        files_max: int = FILES_MAX,
        bytes_max: int = FILES_BYTES_MAX,
        wait_seconds: float = WAIT_SECONDS,
    ) -> None:
        self._log = log
        self._log_id = log_id
        self._folder = folder
        self._projections = projections
        self._build = build
        self._live = live
        self._files_max = files_max
        self._bytes_max = bytes_max
        self._wait_seconds = wait_seconds
        self._runs = Kept(RUNS_MAX)
        self._files = Kept(files_max)
        self._fold = RunFold(log, log_id, projections)
        self._building = asyncio.Lock()
        self._reached: dict[Position, tuple[Position, Position]] = {}

    async def of_run(self, run_id: str, position: Position) -> Views:
        """Views that hold one run, and nothing else, as it was at a position."""
        return await self._runs.get((run_id, position), lambda: self._fold.views(run_id, position))

    async def whole(self, position: Position) -> Views:
        """Views of everything as it was at a position.

        Raises PastNotReady when folding them takes long, which goes on; BuildFailed.
        """
        getting = asyncio.ensure_future(self._files.get((position,), lambda: self._whole(position)))
        done, _ = await asyncio.wait([getting], timeout=self._wait_seconds)
        if done:
            return getting.result()
        getting.cancel()
        reached, head = self._reached.get(position, (START, position))
        raise PastNotReady(
            f"The past at position {position} is being folded, {reached} of {head} events are "
            "done: ask again in a few seconds."
        )

    async def forget(self) -> None:
        """Delete all that is kept: something was erased, and is gone from the past as well."""
        self._runs.clear()
        self._files.clear()
        async with self._building:
            await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)

    async def close(self) -> None:
        """Close all; the files stay for the next start."""
        await self._runs.close()
        await self._files.close()

    async def _whole(self, position: Position) -> Views:
        path = self._folder / f"{position}.db"
        # One after another: each may be the base of the next, and the disk is shared.
        async with self._building:
            files = await asyncio.to_thread(self._look)
            if path not in files:
                await self._make(path, position, files)
            await asyncio.to_thread(self._make_room, path)
            stopped = await asyncio.to_thread(viewsfile.stopped_tables, path, self._projections)
            return await Views.open(path, connections=2, stopped=stopped)

    async def _make(self, path: Path, position: Position, files: list[Path]) -> None:
        lower = [each for each in files if int(each.stem) < position]
        base, start = (lower[-1], Position(int(lower[-1].stem))) if lower else (None, START)
        if start < self._live.projector.position <= position:
            # It moves on: should it be beyond by the time it is copied, the build begins anew.
            base, start = self._live.projector.path, self._live.projector.position
        order = Order(str(path), str(base) if base else "", (), position)
        logger.info("folding the past", extra={"fields": {"at": start, "until": position}})
        try:
            if self._log.count_after(start) - self._log.count_after(position) <= NEAR_EVENTS:
                await building.build(self._log, self._log_id, self._projections, order)
                return
            async with contextlib.aclosing(self._build(order)) as progress:
                async for reached in progress:
                    self._reached[position] = reached
        finally:
            self._reached.pop(position, None)

    def _look(self) -> list[Path]:
        """The finished pasts on the disk, lowest first; what is of no use is deleted."""
        self._folder.mkdir(parents=True, exist_ok=True)
        files = [path for path in self._folder.glob("*.db") if path.stem.isdecimal()]
        useful = []
        for path in sorted(files, key=lambda path: int(path.stem)):
            match viewsfile.state_of(path, self._log_id, self._projections):
                case "complete":
                    useful.append(path)
                case "useless":
                    viewsfile.delete(path)
        return useful

    def _make_room(self, newest: Path) -> None:
        """Delete the files that were not used for the longest time, while there are too many."""
        newest.touch()
        files = sorted(self._folder.glob("*.db"), key=lambda path: path.stat().st_mtime_ns)
        sizes = [path.stat().st_size for path in files]
        while len(files) > 1 and (len(files) > self._files_max or sum(sizes) > self._bytes_max):
            viewsfile.delete(files.pop(0))
            sizes.pop(0)


class Kept:
    """The last few views, each made once however many ask for it at the same time."""

    def __init__(self, count_max: int) -> None:
        self._count_max = count_max
        self._kept: dict[tuple[object, ...], asyncio.Task[Views]] = {}
        self._retirement = Retirement()

    async def get(self, key: tuple[object, ...], make: Callable[[], Awaitable[Views]]) -> Views:
        """The views of this key."""
        task = self._kept.pop(key, None)
        if task is None:
            task = asyncio.ensure_future(_awaited(make))
            task.add_done_callback(lambda done: self._forget_failed(key, done))
        self._kept[key] = task
        while len(self._kept) > self._count_max:
            self._let_go(self._kept.pop(next(iter(self._kept))))
        return await asyncio.shield(task)

    def _let_go(self, task: asyncio.Task[Views]) -> None:
        if not task.done():
            # Whoever waits for it still gets it.
            task.add_done_callback(self._let_go)
        elif not task.cancelled() and task.exception() is None:
            self._retirement.retire(task.result())

    def _forget_failed(self, key: tuple[object, ...], task: asyncio.Task[Views]) -> None:
        if (task.cancelled() or task.exception() is not None) and self._kept.get(key) is task:
            del self._kept[key]

    def clear(self) -> None:
        """Let go of all."""
        for task in self._kept.values():
            self._let_go(task)
        self._kept.clear()

    async def close(self) -> None:
        """Close the views, and give up what is being made."""
        tasks = list(self._kept.values())
        self._kept.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for task in tasks:
            self._let_go(task)
        await self._retirement.close()


async def _awaited(make: Callable[[], Awaitable[Views]]) -> Views:
    return await make()
