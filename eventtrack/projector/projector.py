"""The projector: follows the log and keeps the views up to date, in batches.

While nobody waits it lets events gather for a moment, so that a busy log is folded in few large
batches; a query that waits wakes it at once (read-your-writes).
"""

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from eventtrack.counters import COUNTS, SECONDS, Histogram
from eventtrack.events import START, Position
from eventtrack.log import EventLog
from eventtrack.projector import viewsfile
from eventtrack.projector.folding import apply_batch
from projections.projection import Projection

GATHER_SECONDS = 0.2
"""How long events may gather when no query waits."""

RETRY_SECONDS = 1.0
"""Pause after a batch that could not be applied, before it is tried again."""

logger = logging.getLogger("eventtrack.projector")

Progress = Callable[[Position, Position], None]
"""Called with (position reached, head) after each batch of a catch-up."""


class ProjectionStopped(Exception):
    """The views cannot follow the log; the cause is in the message and in the server's log."""


class Projector:
    """Feeds the projections of one views file.  Make one with `await Projector.open(...)`."""

    def __init__(
        self,
        log: EventLog,
        path: Path,
        projections: Sequence[Projection],
        connection: sqlite3.Connection,
        position: Position,
        worker: ThreadPoolExecutor,
    ) -> None:
        self.path = path
        self.position = position
        self._log = log
        self._projections = projections
        self._connection = connection
        self._worker = worker
        self._kept: dict[str, Any] = {}
        self._waiting: list[tuple[Position, asyncio.Future[None]]] = []
        self._hurry = asyncio.Event()
        self._stepping = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._fault: str | None = None
        self.batch_seconds = Histogram(SECONDS)
        self.batch_events = Histogram(COUNTS)

    @classmethod
    async def open(
        cls,
        log: EventLog,
        log_id: str,
        path: Path,
        projections: Sequence[Projection],
        progress: Progress | None = None,
    ) -> "Projector":
        """Open the views and catch up with the log; views that do not fit are rebuilt first."""
        worker = ThreadPoolExecutor(1, thread_name_prefix="projector")
        loop = asyncio.get_running_loop()

        def prepare() -> tuple[sqlite3.Connection, Position]:
            if path.exists():
                connection = viewsfile.connect_or_none(path)
                if connection is not None:
                    found = viewsfile.checkpoint(connection, log_id, projections, log.head())
                    if found is not None:
                        return connection, found
                    connection.close()
                logger.info("the views do not fit the log or this release: rebuilding them")
            return viewsfile.create(path, log_id, projections), START

        try:
            connection, position = await loop.run_in_executor(worker, prepare)
        except BaseException:
            worker.shutdown()
            raise
        projector = cls(log, path, projections, connection, position, worker)
        try:
            await projector.catch_up(progress)
        except BaseException:
            await projector.close()
            raise
        return projector

    def start(self) -> None:
        """Follow the log from now on."""
        self._task = asyncio.get_running_loop().create_task(self._follow(), name="projector")

    @property
    def fault(self) -> str | None:
        """Why the views do not follow the log at the moment, or None."""
        return self._fault

    def lag(self) -> int:
        """How many events the views have not folded yet, at most."""
        return self._log.count_after(self.position)

    async def catch_up(self, progress: Progress | None = None) -> None:
        """Apply all that the log holds now."""
        while self.position < (head := self._log.head()):
            await self._step()
            if progress is not None:
                progress(self.position, head)

    async def _step(self) -> None:
        """Read and apply one batch; whoever comes meanwhile goes on from there."""
        async with self._stepping:
            head = self._log.head()
            batch = await self._log.read(self.position)
            if not batch:
                # Only erased events are left up to where the head was.
                self.position = head
                return
            started = time.perf_counter()
            await asyncio.get_running_loop().run_in_executor(
                self._worker, apply_batch, self._connection, self._projections, batch, self._kept
            )
            self.batch_seconds.observe(time.perf_counter() - started)
            self.batch_events.observe(len(batch))
            self.position = batch[-1].position

    async def _follow(self) -> None:
        while True:
            await self._log.wait(self.position)
            if not self._waiting:
                await self._gather()
            try:
                while self.position < self._log.head():
                    await self._step()
                    self._fault = None
                    self._answer()
            except Exception as error:
                self._fault = f"{type(error).__name__}: {error}"
                logger.exception("the views could not take in events after %s", self.position)
                self._refuse()
                await asyncio.sleep(RETRY_SECONDS)

    async def _gather(self) -> None:
        self._hurry.clear()
        try:
            await asyncio.wait_for(self._hurry.wait(), GATHER_SECONDS)
        except TimeoutError:
            return

    def _answer(self) -> None:
        left = []
        for position, future in self._waiting:
            if position > self.position:
                left.append((position, future))
            elif not future.done():
                future.set_result(None)
        self._waiting = left

    def _refuse(self) -> None:
        for _, future in self._waiting:
            if not future.done():
                future.set_exception(ProjectionStopped(f"the views are behind ({self._fault})"))
        self._waiting = []

    async def arrive(self) -> None:
        """Return when the views hold everything that was acknowledged before this call.

        Raises ProjectionStopped when the views cannot follow the log.
        """
        head = self._log.head()
        if self.position >= head:
            return
        if self._task is None:
            await self.catch_up()
            return
        if self._task.done():
            raise ProjectionStopped("the views are closed")
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((head, future))
        self._hurry.set()
        await future

    async def close(self) -> None:
        """Fold what the log holds and stop; views with a fault stay where they are."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            await asyncio.get_running_loop().run_in_executor(self._worker, self._find_position)
            if self._fault is None:
                await self.catch_up()
        self._refuse()
        self._worker.shutdown(wait=True)
        self._connection.close()

    def _find_position(self) -> None:
        """Ask the file: a batch may have been applied while its waiting task was cancelled."""
        rows = self._connection.execute("SELECT max(position) FROM view_checkpoint").fetchall()
        self.position = Position(rows[0][0])
