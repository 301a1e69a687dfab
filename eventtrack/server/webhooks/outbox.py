"""What of the deliveries waits: a small SQLite file beside the log.

It says up to where in the log deliveries were taken on, and which of those are not made yet.  A
crash may take back its last steps, never a part of one: then deliveries are made again.  Those to
one webhook about one model are a lane: they are made one after another, in the log's order.

Without the file, or with that of another log, deliveries begin at the log's head: what waited is
not made, and nothing old is made again.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import msgspec

from eventtrack.events import Position

T = TypeVar("T")

SCHEMA = """
CREATE TABLE IF NOT EXISTS outbox (
    log_id TEXT NOT NULL,
    taken INTEGER NOT NULL                   -- position up to which deliveries were taken on
) STRICT;

CREATE TABLE IF NOT EXISTS lanes (
    lane INTEGER PRIMARY KEY,
    webhook_id TEXT NOT NULL,
    registered_model_id TEXT NOT NULL,
    due_at INTEGER NOT NULL,                 -- milliseconds since 1970
    failures INTEGER NOT NULL,               -- of its first delivery, in a row
    UNIQUE (webhook_id, registered_model_id)
) STRICT;
CREATE INDEX IF NOT EXISTS lanes_by_due ON lanes (due_at);

CREATE TABLE IF NOT EXISTS waiting (
    lane INTEGER NOT NULL,
    position INTEGER NOT NULL,
    taken_at INTEGER NOT NULL,               -- milliseconds since 1970
    PRIMARY KEY (lane, position)
) STRICT, WITHOUT ROWID;
"""


class Waiting(msgspec.Struct, frozen=True):
    """The first delivery of a lane; taken_at_ms: when it was taken on; failures: its own."""

    lane: int
    webhook_id: str
    failures: int
    position: Position
    taken_at_ms: int


class Outbox:
    """The file.  taken: up to where deliveries were taken on; waiting: how many are not made."""

    def __init__(
        self, connection: sqlite3.Connection, thread: ThreadPoolExecutor, taken: Position
    ) -> None:
        self._connection = connection
        self._thread = thread
        self.taken = taken
        self.waiting = 0

    @classmethod
    async def open(cls, path: Path, log_id: str, head: Position) -> "Outbox":
        """Open or make the file of a log that stands at this head."""
        thread = ThreadPoolExecutor(1, thread_name_prefix="outbox")
        loop = asyncio.get_running_loop()
        try:
            connection, taken = await loop.run_in_executor(thread, _open, path, log_id, head)
        except BaseException:
            thread.shutdown()
            raise
        outbox = cls(connection, thread, taken)
        outbox.waiting = await outbox._do(outbox._count)
        return outbox

    async def take(self, asked: Sequence[tuple[Position, str, str]], now_ms: int) -> None:
        """Take on deliveries: (position, webhook id, registered model id), in the log's order."""
        last = asked[-1][0]

        def take() -> int:
            taken = 0
            for position, webhook_id, registered_model_id in asked:
                ids = (webhook_id, registered_model_id)
                self._connection.execute(
                    """INSERT INTO lanes (webhook_id, registered_model_id, due_at, failures)
                       VALUES (?, ?, ?, 0) ON CONFLICT DO NOTHING""",
                    (*ids, now_ms),
                )
                taken += self._connection.execute(
                    """INSERT OR IGNORE INTO waiting SELECT lane, ?, ? FROM lanes
                       WHERE webhook_id = ? AND registered_model_id = ?""",
                    (position, now_ms, *ids),
                ).rowcount
            self._connection.execute("UPDATE outbox SET taken = ?", (last,))
            return taken

        taken = await self._change(take)
        self.waiting += taken
        self.taken = last

    async def due(
        self, now_ms: int, busy: Collection[int], full: Collection[str], limit: int
    ) -> list[Waiting]:
        """The first deliveries of lanes whose time has come, without these lanes and webhooks."""

        def due() -> list[Waiting]:
            rows = self._connection.execute(
                """SELECT lane, webhook_id, failures,
                       (SELECT min(position) FROM waiting w WHERE w.lane = l.lane) AS first
                   FROM lanes l
                   WHERE due_at <= ? AND lane NOT IN (SELECT value FROM json_each(?))
                       AND webhook_id NOT IN (SELECT value FROM json_each(?))
                   ORDER BY due_at, lane LIMIT ?""",
                (
                    now_ms,
                    msgspec.json.encode(list(busy)).decode(),
                    msgspec.json.encode(list(full)).decode(),
                    limit,
                ),
            ).fetchall()
            return [
                Waiting(lane, webhook_id, failures, first, self._taken_at(lane, first))
                for lane, webhook_id, failures, first in rows
            ]

        return await self._do(due)

    async def next_due(self, busy: Collection[int]) -> int | None:
        """When the next lane's time comes, in milliseconds since 1970; None: nothing waits."""

        def find() -> int | None:
            (found,) = self._connection.execute(
                """SELECT min(due_at) FROM lanes
                   WHERE lane NOT IN (SELECT value FROM json_each(?))""",
                (msgspec.json.encode(list(busy)).decode(),),
            ).fetchone()
            return None if found is None else int(found)

        return await self._do(find)

    async def made(self, waiting: Waiting, now_ms: int) -> None:
        """A delivery waits no more; the next of its lane may follow at once."""

        def made() -> int:
            gone = self._connection.execute(
                "DELETE FROM waiting WHERE lane = ? AND position = ?",
                (waiting.lane, waiting.position),
            ).rowcount
            self._connection.execute(
                "UPDATE lanes SET failures = 0, due_at = ? WHERE lane = ?", (now_ms, waiting.lane)
            )
            self._connection.execute(
                """DELETE FROM lanes
                   WHERE lane = ?1 AND NOT EXISTS (SELECT 1 FROM waiting WHERE lane = ?1)""",
                (waiting.lane,),
            )
            return gone

        gone = await self._change(made)
        self.waiting -= gone

    async def failed(self, waiting: Waiting, due_at_ms: int, *, counts: bool) -> None:
        """A delivery is to be tried again then; counts: the receiver was asked."""
        await self._change(
            lambda: self._connection.execute(
                "UPDATE lanes SET failures = failures + ?, due_at = ? WHERE lane = ?",
                (counts, due_at_ms, waiting.lane),
            )
        )

    async def hasten(self, webhook_id: str, now_ms: int) -> None:
        """Try what waits for a webhook now."""
        await self._change(
            lambda: self._connection.execute(
                "UPDATE lanes SET failures = 0, due_at = min(due_at, ?) WHERE webhook_id = ?",
                (now_ms, webhook_id),
            )
        )

    async def close(self) -> None:
        """Close the file."""
        await self._do(self._connection.close)
        self._thread.shutdown()

    def _taken_at(self, lane: int, position: Position) -> int:
        (found,) = self._connection.execute(
            "SELECT taken_at FROM waiting WHERE lane = ? AND position = ?", (lane, position)
        ).fetchone()
        return int(found)

    def _count(self) -> int:
        (found,) = self._connection.execute("SELECT count(*) FROM waiting").fetchone()
        return int(found)

    async def _change(self, change: Callable[[], T]) -> T:
        def in_a_transaction() -> T:
            with self._connection:
                self._connection.execute("BEGIN IMMEDIATE")
                return change()

        return await self._do(in_a_transaction)

    async def _do(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


def _open(path: Path, log_id: str, head: Position) -> tuple[sqlite3.Connection, Position]:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        # A power cut may take back the last steps, and then deliveries are made again.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.executescript(SCHEMA)
        found = connection.execute("SELECT log_id, taken FROM outbox").fetchone()
        # An older copy of the log may have been put back: it has other events behind its head.
        if found is None or found[0] != log_id or found[1] > head:
            with connection:
                connection.execute("BEGIN IMMEDIATE")
                for table in ("outbox", "lanes", "waiting"):
                    connection.execute(f"DELETE FROM {table}")
                connection.execute("INSERT INTO outbox VALUES (?, ?)", (log_id, head))
            found = (log_id, head)
    except BaseException:
        connection.close()
        raise
    return connection, Position(found[1])
