"""One run as it was: its own stream, and its experiment's, folded into a private database."""

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Sequence

from eventtrack.events import START, Position, Recorded, UnknownEvent
from eventtrack.events.metrics import MetricsLogged
from eventtrack.events.runs import RunCreated
from eventtrack.log import EventLog
from eventtrack.projector import viewsfile
from eventtrack.projector.feeds import Feed
from eventtrack.projector.folding import apply_batch
from eventtrack.projector.threads import in_thread
from projections.projection import Projection
from projections.views import Views, ViewsStopped

BATCH_EVENTS = 1_000
BATCH_POINTS = 500_000
"""A batch ends with the first of these, so that memory stays small."""

CACHE_KIBIBYTES = 4_096


class RunFold:
    """Folds single runs of one log."""

    def __init__(self, log: EventLog, log_id: str, projections: Sequence[Projection]) -> None:
        self._log = log
        self._log_id = log_id
        self._projections = projections
        self._blank: sqlite3.Connection | None = None
        self._blank_lock = threading.Lock()

    async def views(self, run_id: str, position: Position) -> Views:
        """Views that hold one run as it was at a position; nothing when it was not there yet."""
        connection = await asyncio.to_thread(self._connect)
        try:
            feeds = [Feed(projection, START) for projection in self._projections]
            async with contextlib.aclosing(self._batches(run_id, position)) as batches:
                async for batch in batches:
                    following = [feed for feed in feeds if feed.fault is None]
                    await in_thread(apply_batch, connection, following, batch)
            return await Views.connected(lambda: connection, stopped=_stopped(feeds))
        except UnknownEvent as error:
            connection.close()
            raise ViewsStopped(str(error)) from error
        except BaseException:
            connection.close()
            raise

    async def _batches(
        self, run_id: str, position: Position
    ) -> AsyncGenerator[list[Recorded], None]:
        batch: list[Recorded] = []
        points = 0
        async for recorded in self._events(run_id, position):
            batch.append(recorded)
            if isinstance(recorded.event, MetricsLogged):
                points += sum(len(t.values) * t.points for t in recorded.event.tables)
            if len(batch) >= BATCH_EVENTS or points >= BATCH_POINTS:
                yield batch
                batch, points = [], 0
        if batch:
            yield batch

    async def _events(self, run_id: str, position: Position) -> AsyncIterator[Recorded]:
        """The events of the run and of its experiment up to a position, in the log's order."""
        own = self._log.read_stream(f"run/{run_id}")
        first = await anext(own, None)
        if first is None or first.position > position:
            return
        if not isinstance(first.event, RunCreated):
            # It was erased for good, in the past too.
            return
        others = self._log.read_stream(f"experiment/{first.event.experiment_id}")
        other = await anext(others, None)
        following: Recorded | None = first
        while following is not None and following.position <= position:
            while other is not None and other.position < following.position:
                yield other
                other = await anext(others, None)
            yield following
            following = await anext(own, None)
        while other is not None and other.position <= position:
            yield other
            other = await anext(others, None)

    def _connect(self) -> sqlite3.Connection:
        """A private database with empty tables; it is on the disk as far as it gets large."""
        with self._blank_lock:
            if self._blank is None:
                self._blank = sqlite3.connect(
                    ":memory:", check_same_thread=False, isolation_level=None
                )
                viewsfile.fill(self._blank, self._log_id, self._projections)
            connection = sqlite3.connect("", check_same_thread=False, isolation_level=None)
            self._blank.backup(connection)
        connection.execute("PRAGMA journal_mode = MEMORY")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIBIBYTES}")
        return connection


def _stopped(feeds: Sequence[Feed]) -> dict[str, str]:
    return {
        table: f"projection {feed.projection.name} cannot fold this run: {feed.fault}"
        for feed in feeds
        if feed.fault is not None
        for table in feed.projection.table_names
    }
