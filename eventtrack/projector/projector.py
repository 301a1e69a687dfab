"""The projector: follows the log and keeps the views up to date, in batches.

While nobody waits it lets events gather for a moment, so that a busy log is folded in few large
batches; a query that waits wakes it at once (read-your-writes).
"""

import asyncio
import contextlib
import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from eventtrack.counters import COUNTS, SECONDS, Histogram
from eventtrack.events import Position, UnknownEvent
from eventtrack.log import EventLog
from eventtrack.projector import viewsfile
from eventtrack.projector.feeds import Feed
from eventtrack.projector.folding import apply_batch
from projections.projection import Projection
from projections.views import ViewsStopped

GATHER_SECONDS = 0.2
"""How long events may gather when no query waits."""

FAR_EVENTS = 50_000
FAR_BATCH_EVENTS = 32_768
"""So far behind, nobody waits for a batch, and large ones cost less for each event: what is written
once per run and batch is shared by more of them."""

RETRY_SECONDS = 1.0
"""Pause after a batch that could not be applied, before it is tried again."""

logger = logging.getLogger("eventtrack.projector")

Progress = Callable[[Position, Position], None]
"""Called with (position reached, head) after each batch of a catch-up."""


class ProjectorClosed(ViewsStopped):
    """This projector follows no longer; another may have taken its place."""


class Projector:
    """Feeds the projections of one views file.  Make one with `await Projector.open(...)`.

    faults: projection -> why it stopped; stopped: the tables of those, and why, for whoever reads
    the views; outdated: projections whose tables were folded by another version.
    """

    def __init__(
        self,
        log: EventLog,
        path: Path,
        connection: sqlite3.Connection,
        feeds: Sequence[Feed],
        worker: ThreadPoolExecutor,
    ) -> None:
        self.path = path
        self.feeds = feeds
        self.connection = connection
        self.faults: dict[str, str] = {}
        self.stopped: dict[str, str] = {}
        self.outdated: list[Projection] = []
        self._log = log
        self._worker = worker
        self._waiting: list[tuple[Position, asyncio.Future[None]]] = []
        self._hurry = asyncio.Event()
        self._stepping = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        self._fault: str | None = None
        self.batch_seconds = Histogram(SECONDS)
        self.batch_events = Histogram(COUNTS)

    @classmethod
    async def open(
        cls, log: EventLog, log_id: str, path: Path, projections: Sequence[Projection]
    ) -> "Projector":
        """Open the views where they stand, or new ones when the file does not fit the log.

        Projections whose tables this release cannot read are stopped until they are rebuilt.
        """
        worker = ThreadPoolExecutor(1, thread_name_prefix="projector")

        def prepare() -> "Projector":
            if path.exists():
                found = _take_up(path, log_id, projections, log.head())
                if found is not None:
                    connection, feeds, outdated = found
                    projector = cls(log, path, connection, feeds, worker)
                    projector.outdated = outdated
                    return projector
                logger.info("the views do not fit the log: folding it anew")
            connection = viewsfile.create(path, log_id, projections)
            feeds = [Feed(projection, Position(0)) for projection in projections]
            return cls(log, path, connection, feeds, worker)

        try:
            projector = await asyncio.get_running_loop().run_in_executor(worker, prepare)
        except BaseException:
            worker.shutdown()
            raise
        projector._note_faults()
        return projector

    def start(self) -> None:
        """Follow the log from now on."""
        self._task = asyncio.get_running_loop().create_task(self._follow(), name="projector")

    @property
    def position(self) -> Position:
        """How far the views have folded the log, ones that stopped apart."""
        return min(
            (feed.position for feed in self.feeds if feed.fault is None), default=self._log.head()
        )

    @property
    def fault(self) -> str | None:
        """Why the views do not follow the log at the moment, or None."""
        if self._fault is None and self.faults:
            name, fault = next(iter(self.faults.items()))
            return f"projection {name}: {fault}"
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
            head, low = self._log.head(), self.position
            feeds = [f for f in self.feeds if f.fault is None and f.position == low]
            # One that was stopped before is behind the others, and goes alone until it is level.
            ahead = [f.position for f in self.feeds if f.fault is None and f.position > low]
            try:
                if self._log.count_after(low) > FAR_EVENTS:
                    batch = await self._log.read(low, events_max=FAR_BATCH_EVENTS)
                else:
                    batch = await self._log.read(low)
            except UnknownEvent as error:
                await self._stop(feeds, str(error))
                return
            bound = min(ahead, default=head)
            if ahead:
                batch = [recorded for recorded in batch if recorded.position <= bound]
            if not batch:
                # Only erased events are left up to there.
                for feed in feeds:
                    feed.position = bound
                return
            started = time.perf_counter()
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._worker, apply_batch, self.connection, feeds, batch)
            self.batch_seconds.observe(time.perf_counter() - started)
            self.batch_events.observe(len(batch))
            self._note_faults()

    async def _stop(self, feeds: Sequence[Feed], fault: str) -> None:
        def note() -> None:
            for feed in feeds:
                feed.stop(fault)
                viewsfile.note_fault(self.connection, feed)

        await asyncio.get_running_loop().run_in_executor(self._worker, note)
        self._note_faults()

    def _note_faults(self) -> None:
        for feed in self.feeds:
            name = feed.projection.name
            if feed.fault is not None and name not in self.faults:
                self.faults[name] = feed.fault
                words = f"projection {name} is not up to date: {feed.fault}"
                self.stopped.update(dict.fromkeys(feed.projection.table_names, words))
                logger.error("projection %s stopped: %s", name, feed.fault)

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
                self._answer()
            except Exception as error:
                self._fault = f"{type(error).__name__}: {error}"
                logger.exception("the views could not take in events after %s", self.position)
                self._refuse(ViewsStopped(f"the views are behind ({self._fault})"))
                await asyncio.sleep(RETRY_SECONDS)

    async def _gather(self) -> None:
        self._hurry.clear()
        # Not `wait_for`, which in Python 3.11 may lose a cancellation: the server would not stop.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GATHER_SECONDS):
                await self._hurry.wait()

    def _answer(self) -> None:
        left = []
        reached = self.position
        for position, future in self._waiting:
            if position > reached:
                left.append((position, future))
            elif not future.done():
                future.set_result(None)
        self._waiting = left

    def _refuse(self, error: ViewsStopped) -> None:
        for _, future in self._waiting:
            if not future.done():
                future.set_exception(error)
        self._waiting = []

    async def arrive(self) -> None:
        """Return when the views hold everything that was acknowledged before this call.

        Raises ViewsStopped when the views cannot follow the log, ProjectorClosed after the close.
        """
        head = self._log.head()
        if self.position >= head:
            return
        if self._closed:
            raise ProjectorClosed("the views are closed")
        if self._task is None:
            await self.catch_up()
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((head, future))
        self._hurry.set()
        await future

    async def close(self, *, fold_rest: bool = True) -> None:
        """Fold what the log holds, unless told not to, and stop.

        Views with a fault stay where they are; whoever waits still gets ProjectorClosed.
        """
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._worker, self._find_positions)
            if self._fault is None and fold_rest:
                await self.catch_up()
                self._answer()
        self._closed = True
        self._refuse(ProjectorClosed("the views are closed"))
        self._worker.shutdown(wait=True)
        self.connection.close()

    def _find_positions(self) -> None:
        """Ask the file: a batch may have been applied while its waiting task was cancelled."""
        rows = self.connection.execute("SELECT projection, position FROM view_checkpoint")
        positions = dict(rows.fetchall())
        for feed in self.feeds:
            if feed.projection.name in positions:
                feed.position = Position(positions[feed.projection.name])


def _take_up(
    path: Path, log_id: str, projections: Sequence[Projection], head: Position
) -> tuple[sqlite3.Connection, list[Feed], list[Projection]] | None:
    """The views as they stand, or None when they must be folded anew: they belong to another log,
    or are ahead of it (an older copy of the log was put back), or are no views at all.

    Returns the connection, the feeds, and the projections that another version folded.
    """
    try:
        connection = viewsfile.connect(path)
    except sqlite3.DatabaseError:
        return None
    found = viewsfile.checkpoints(connection, log_id)
    if not found or any(each.position > head for each in found.values()):
        connection.close()
        return None
    feeds, outdated = [], []
    for projection in projections:
        checkpoint = found.get(projection.name)
        # A projection that stopped tries again from its checkpoint: this release may know better.
        feed = Feed(projection, checkpoint.position if checkpoint else head)
        feeds.append(feed)
        if checkpoint is None or not checkpoint.fits(projection):
            outdated.append(projection)
        if checkpoint is None or not checkpoint.answers(projection):
            feed.stop(f"it is rebuilt as version {projection.version}")
    return connection, feeds, outdated
