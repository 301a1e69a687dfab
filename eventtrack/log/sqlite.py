"""The default engine: one SQLite file, WAL with synchronous=FULL, one writer, group commit.

Measured on power cuts (ext4 shutdown without log flush): FULL lost nothing, NORMAL lost up to
2,315 acknowledged events a run, so FULL is checked at start and anything else refused.
"""

import asyncio
import contextlib
import sqlite3
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from itertools import chain as chained
from itertools import islice
from pathlib import Path
from typing import Any

import aiosqlite

from eventtrack.counters import COUNTS, SECONDS, Histogram
from eventtrack.events import START, Fact, Position, Recorded, UnknownEvent, decode, encode
from eventtrack.events.metrics import MetricsLogged
from eventtrack.log import (
    Check,
    Entry,
    LogNotOurs,
    LogUnavailable,
    Stored,
    WrongVersion,
    chain,
)
from eventtrack.log.group_commit import GroupCommit, Waiting
from eventtrack.log.sqlite_file import SELECT_HEAD, connect, identify, uri_of
from eventtrack.log.upkeep import Upkeep

STREAMS_CACHED_MAX = 65_536
TAIL_BYTES_MAX = 8 << 20
"""Recent events kept as objects, so that the projector needs neither a read nor a decode."""

PAGE_ROWS = 64
"""Rows that are fetched at a time, each such time a trip to the reader's thread ..."""

PAGE_ROWS_MAX = 4096
PAGE_SMALL_BYTES = 2048
"""... or so many, where events are this small."""

_INSERT_EVENTS = """
    INSERT INTO events (position, stream_id, version, recorded_at, actor_id, payload, digest)
    VALUES """

ROWS_IN_STATEMENT_MAX = 64
"""Rows of one INSERT.  The interpreter lock changes hands once a statement, not once a row; and an
INSERT alone is its own transaction, so a small group costs one trip to the writer's thread."""

# The casts change nothing in a sound file; in a broken one even a column's type may be wrong.
_SELECT_STORED = """
    SELECT e.position, s.name, e.version, e.recorded_at, a.name, CAST(e.payload AS BLOB),
           CAST(e.payload_digest AS BLOB), CAST(e.digest AS BLOB)
    FROM events e JOIN streams s USING (stream_id) JOIN actors a USING (actor_id)"""


def _now_us() -> int:
    return time.time_ns() // 1000


class _Head:
    """Where the next event goes: everything that must be undone together when a commit fails."""

    __slots__ = ("digest", "position", "recorded_at")

    def __init__(self, position: int, digest: bytes, recorded_at: int) -> None:
        self.position = position
        self.digest = digest
        self.recorded_at = recorded_at


class SqliteLog:
    """An `EventLog` in one SQLite file.  Make one with `await SqliteLog.open(path)`."""

    def __init__(
        self,
        path: Path,
        writer: aiosqlite.Connection,
        reader: aiosqlite.Connection,
        log_id: str,
        head: _Head,
        clock_us: Callable[[], int],
    ) -> None:
        self.path = path
        self.log_id = log_id
        self._writer = writer
        self._reader = reader
        self._clock_us = clock_us
        self._durable = head
        self._streams: dict[str, list[int]] = {}
        self._actors: dict[str, int] = {}
        self._group = GroupCommit(self._commit)
        self._writing = asyncio.Lock()
        self._upkeep = Upkeep(path, writer, reader, self._writing)
        self.events = 0
        self.events_bytes = 0
        self.points = 0
        self.commit_seconds = Histogram(SECONDS)
        self.commit_appends = Histogram(COUNTS)
        self._tail: deque[tuple[Recorded, int]] = deque()
        self._tail_bytes = 0
        self._waiters: list[tuple[Position, asyncio.Future[None]]] = []

    @classmethod
    async def open(
        cls, path: Path, *, read_only: bool = False, clock_us: Callable[[], int] = _now_us
    ) -> "SqliteLog":
        """Open the log at an absolute path, creating it when absent.

        Raises LogNotOurs when the file is something else, LogNotDurable when SQLite does not give
        WAL with synchronous=FULL (some network file systems).
        """
        if read_only and not await asyncio.to_thread(path.exists):
            raise LogNotOurs(f"there is no event log at {path}")
        try:
            # aiosqlite leaves a thread behind when it cannot connect, so that is tried without it.
            await asyncio.to_thread(
                lambda: sqlite3.connect(uri_of(path, read_only), uri=True).close()
            )
        except sqlite3.Error as error:
            raise LogNotOurs(f"{path} cannot be opened as an event log: {error}") from error
        writer = await connect(path, read_only)
        async with contextlib.AsyncExitStack() as cleanup:
            cleanup.push_async_callback(writer.close)
            log_id, last = await identify(writer, path, read_only, clock_us)
            reader = await connect(path, read_only=True)
            cleanup.pop_all()
        head = _Head(*last) if last else _Head(0, chain.genesis(log_id), 0)
        return cls(path, writer, reader, log_id, head, clock_us)

    @property
    def genesis(self) -> bytes:
        """The digest before the first event, for verification."""
        return chain.genesis(self.log_id)

    @property
    def queue_depth(self) -> int:
        """Appends waiting for the next commit."""
        return self._group.depth

    @property
    def queue_bytes(self) -> int:
        """Bytes of payloads that are not durable yet."""
        return self._group.waiting_bytes

    @property
    def queue_bytes_peak(self) -> int:
        """The most that ever waited."""
        return self._group.waiting_bytes_peak

    # Writing

    async def append(
        self, entries: Sequence[Entry], *, actor: str, checks: Sequence[Check] = ()
    ) -> Position:
        """See `EventLog.append`."""
        return await self._submit(entries, actor, checks)

    def submit(self, entries: Sequence[Entry], *, actor: str) -> "asyncio.Future[Position]":
        """See `EventLog.submit`."""
        return self._submit(entries, actor, ())

    def _submit(
        self, entries: Sequence[Entry], actor: str, checks: Sequence[Check]
    ) -> "asyncio.Future[Position]":
        payloads = [encode(entry.event) for entry in entries]
        # Text that UTF-8 cannot hold must fail here, before others share its commit.
        for each in (actor, *[entry.stream for entry in entries], *[c.stream for c in checks]):
            if not each.isascii():
                each.encode()
        return self._group.submit(entries, payloads, checks, actor)

    async def _commit(self, group: list[Waiting]) -> None:
        """Store a group in one transaction and answer each of its members."""
        async with self._writing:
            await self._commit_alone(group)

    async def _commit_alone(self, group: list[Waiting]) -> None:
        head = _Head(self._durable.position, self._durable.digest, self._durable.recorded_at)
        taken: dict[str, int] = {}
        started = time.perf_counter()
        try:
            await self._know_streams(group)
            await self._know_actors(group)
            rows, recorded, answers = self._lay_out(group, head, taken)
            await self._write(rows)
        except Exception as error:
            await self._undo()
            for waiting in group:
                waiting.fail(_unavailable(error))
            return
        self._durable = head
        for name, version in taken.items():
            self._streams[name][1] = version
        self._remember(recorded)
        if rows:
            # A group of which every append was refused committed nothing.
            self.commit_seconds.observe(time.perf_counter() - started)
            self.commit_appends.observe(len(answers))
        for waiting, position in answers:
            waiting.succeed(position)
        self._wake()

    async def _write(self, rows: list[tuple[Any, ...]]) -> None:
        """Insert the rows in one transaction and make it durable."""
        if len(rows) > ROWS_IN_STATEMENT_MAX:
            await self._begin()
        for start in range(0, len(rows), ROWS_IN_STATEMENT_MAX):
            some = rows[start : start + ROWS_IN_STATEMENT_MAX]
            values = ",".join(["(?, ?, ?, ?, ?, ?, ?)"] * len(some))
            await self._writer.execute(_INSERT_EVENTS + values, list(chained.from_iterable(some)))
        if self._writer.in_transaction:
            await self._writer.execute("COMMIT")

    async def _begin(self) -> None:
        if not self._writer.in_transaction:
            await self._writer.execute("BEGIN IMMEDIATE")

    def _lay_out(
        self, group: list[Waiting], head: _Head, taken: dict[str, int]
    ) -> tuple[list[tuple[Any, ...]], list[tuple[Recorded, int]], list[tuple[Waiting, Position]]]:
        """Give every event its position and digest; refuse the appends whose checks fail.

        taken: filled with the versions that the group's streams have once it is durable.
        """
        rows: list[tuple[Any, ...]] = []
        recorded: list[tuple[Recorded, int]] = []
        answers: list[tuple[Waiting, Position]] = []
        now = head.recorded_at = max(self._clock_us(), head.recorded_at)
        for waiting in group:
            refusal = self._refusal(waiting, taken)
            if refusal is not None:
                waiting.fail(refusal)
                continue
            actor = waiting.actor
            actor_id = self._actors[actor]
            for entry, payload in zip(waiting.entries, waiting.payloads, strict=True):
                stream = self._streams[entry.stream]
                position = head.position + 1
                digest = chain.link(
                    head.digest,
                    position,
                    entry.stream,
                    entry.version,
                    now,
                    actor,
                    chain.payload_digest(payload),
                )
                head.position, head.digest = position, digest
                rows.append((position, stream[0], entry.version, now, actor_id, payload, digest))
                event = Recorded(
                    Position(position), entry.stream, entry.version, now, actor, entry.event, digest
                )
                recorded.append((event, len(payload)))
            answers.append((waiting, Position(head.position)))
        return rows, recorded, answers

    def _refusal(self, waiting: Waiting, taken: dict[str, int]) -> WrongVersion | None:
        """Judge an append after those of its group that took these versions; note what it takes."""
        for check in waiting.checks:
            actual = taken.get(check.stream, self._streams[check.stream][1])
            if actual != check.version:
                return WrongVersion(check.stream, check.version, actual)
        own: dict[str, int] = {}
        for entry in waiting.entries:
            name = entry.stream
            if entry.version is None:
                continue
            actual = own.get(name, taken.get(name, self._streams[name][1]))
            if entry.version != actual + 1:
                return WrongVersion(name, entry.version - 1, actual)
            own[name] = entry.version
        taken.update(own)
        return None

    async def _know_streams(self, group: list[Waiting]) -> None:
        """Have the id and version of every stream of the group at hand."""
        known = self._streams
        if len(known) > STREAMS_CACHED_MAX:
            known.clear()
        missing: dict[str, None] = {}
        for waiting in group:
            for entry in waiting.entries:
                if entry.stream not in known:
                    missing[entry.stream] = None
            for check in waiting.checks:
                if check.stream not in known:
                    missing[check.stream] = None
        if not missing:
            return
        await self._begin()
        await self._writer.executemany(
            "INSERT INTO streams (name) VALUES (?) ON CONFLICT DO NOTHING",
            [(name,) for name in missing],
        )
        for names in _chunks(list(missing), 500):
            rows = await self._writer.execute_fetchall(
                f"""SELECT s.name, s.stream_id,
                       coalesce((SELECT max(version) FROM events e
                                 WHERE e.stream_id = s.stream_id AND version IS NOT NULL), 0)
                    FROM streams s WHERE s.name IN ({",".join("?" * len(names))})""",
                names,
            )
            for name, stream_id, version in rows:
                known[name] = [stream_id, version]

    async def _know_actors(self, group: list[Waiting]) -> None:
        missing = {waiting.actor for waiting in group} - self._actors.keys()
        if not missing:
            return
        if len(self._actors) > STREAMS_CACHED_MAX:
            self._actors.clear()
            missing = {waiting.actor for waiting in group}
        await self._begin()
        await self._writer.executemany(
            "INSERT INTO actors (name) VALUES (?) ON CONFLICT DO NOTHING",
            [(name,) for name in missing],
        )
        for name in missing:
            rows = await self._writer.execute_fetchall(
                "SELECT actor_id FROM actors WHERE name = ?", (name,)
            )
            self._actors[name] = next(iter(rows))[0]

    async def _undo(self) -> None:
        """Forget everything a failed commit may have put in memory."""
        self._streams.clear()
        self._actors.clear()
        try:
            await self._writer.rollback()
        except (sqlite3.Error, ValueError):
            # The connection is gone with its transaction: nothing is left to roll back.
            return

    # Reading

    def head(self) -> Position:
        """See `EventLog.head`."""
        return Position(self._durable.position)

    def count_after(self, after: Position) -> int:
        """See `EventLog.count_after`."""
        return max(0, self._durable.position - after)

    async def refresh(self) -> None:
        """Look where the head is when another process writes the log (a read-only opening)."""
        for row in await self._rows(SELECT_HEAD, ()):
            self._durable = _Head(*row)

    async def wait(self, after: Position) -> None:
        """See `EventLog.wait`."""
        if self._durable.position > after:
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append((after, future))
        await future

    def _wake(self) -> None:
        if not self._waiters:
            return
        position = self._durable.position
        left = []
        for after, future in self._waiters:
            if future.done():
                continue
            if position > after:
                future.set_result(None)
            else:
                left.append((after, future))
        self._waiters = left

    def _remember(self, recorded: Iterable[tuple[Recorded, int]]) -> None:
        for event, size in recorded:
            self._tail.append((event, size))
            self._tail_bytes += size + 200
            self.events += 1
            self.events_bytes += size
            if isinstance(event.event, MetricsLogged):
                for table in event.event.tables:
                    self.points += table.points * len(table.values)
        while self._tail_bytes > TAIL_BYTES_MAX:
            self._tail_bytes -= self._tail.popleft()[1] + 200

    async def read(
        self, after: Position, *, events_max: int = 4096, bytes_max: int = 1 << 24
    ) -> list[Recorded]:
        """See `EventLog.read`."""
        if after >= self._durable.position:
            return []
        if self._tail and self._tail[0][0].position <= after + 1:
            return self._read_tail(after, events_max, bytes_max)
        events: list[Recorded] = []
        size = 0
        page = PAGE_ROWS
        while len(events) < events_max and size < bytes_max:
            rows = await self._rows(
                f"""{_SELECT_STORED} WHERE e.position > ? AND e.position <= ?
                    ORDER BY e.position LIMIT ?""",
                (after, self._durable.position, min(page, events_max - len(events))),
            )
            if not rows:
                break
            for row in rows:
                after = row[0]
                if row[5] is None:
                    continue
                try:
                    events.append(_recorded(row))
                except UnknownEvent as error:
                    if events:
                        return events
                    raise UnknownEvent(f"event {row[0]} of {row[1]}: {error}") from error
                size += len(row[5])
                if size >= bytes_max:
                    break
            # As many as a step may hold when they are small; a few when they are large.
            page = (
                min(PAGE_ROWS_MAX, page * 4) if size < len(events) * PAGE_SMALL_BYTES else PAGE_ROWS
            )
        return events

    def _read_tail(self, after: Position, events_max: int, bytes_max: int) -> list[Recorded]:
        # Positions of one SQLite log have no holes, so the distance to the head is a count; a
        # reader is near the head, so counting from there is short.
        behind = self._durable.position - after
        newest_first = list(islice(reversed(self._tail), behind))
        events: list[Recorded] = []
        size = 0
        for event, length in reversed(newest_first):
            events.append(event)
            size += length
            if len(events) >= events_max or size >= bytes_max:
                break
        return events

    # Whole streams are read in pages, so that a reader who takes his time, or leaves in the middle,
    # holds no cursor that would keep the WAL from being folded into the file.

    async def read_stream(self, stream: str, after: Position = START) -> AsyncIterator[Recorded]:
        """See `EventLog.read_stream`."""
        while rows := await self._rows(
            f"""{_SELECT_STORED} WHERE s.name = ? AND e.position > ? AND e.payload IS NOT NULL
                ORDER BY e.position LIMIT {PAGE_ROWS}""",
            (stream, after),
        ):
            for row in rows:
                yield _recorded(row)
            after = rows[-1][0]

    async def read_stored(self, after: Position = START) -> AsyncIterator[Stored]:
        """See `EventLog.read_stored`."""
        while rows := await self._rows(
            f"{_SELECT_STORED} WHERE e.position > ? ORDER BY e.position LIMIT {PAGE_ROWS}", (after,)
        ):
            for position, stream, version, at, actor, payload, erased, digest in rows:
                of_payload = chain.payload_digest(payload) if payload is not None else erased or b""
                yield Stored(position, stream, version, at, actor, payload, of_payload, digest)
            after = rows[-1][0]

    async def _rows(self, sql: str, parameters: Sequence[Any]) -> list[Any]:
        try:
            return list(await self._reader.execute_fetchall(sql, parameters))
        except (sqlite3.Error, ValueError) as error:
            raise _unreadable(error) from error

    async def version(self, stream: str) -> int:
        """See `EventLog.version`."""
        known = self._streams.get(stream)
        if known is not None:
            return known[1]
        rows = await self._rows(
            """SELECT e.version FROM events e
               WHERE e.stream_id = (SELECT stream_id FROM streams WHERE name = ?)
                 AND e.version IS NOT NULL AND e.position <= ?
               ORDER BY e.version DESC LIMIT 1""",
            (stream, self._durable.position),
        )
        return rows[0][0] if rows else 0

    async def last_recorded(self, stream: str) -> int:
        """See `EventLog.last_recorded`."""
        rows = await self._rows(
            """SELECT recorded_at FROM events
               WHERE stream_id = (SELECT stream_id FROM streams WHERE name = ?) AND position <= ?
               ORDER BY position DESC LIMIT 1""",
            (stream, self._durable.position),
        )
        return rows[0][0] if rows else 0

    async def event_at(self, position: Position) -> Recorded | None:
        """See `EventLog.event_at`."""
        if position > self._durable.position:
            return None
        rows = await self._rows(
            f"{_SELECT_STORED} WHERE e.position = ? AND e.payload IS NOT NULL", (position,)
        )
        return _recorded(rows[0]) if rows else None

    # Upkeep, in `upkeep.py`

    async def measure(self, stream: str) -> tuple[int, int]:
        """See `EventLog.measure`."""
        return await self._upkeep.measure(stream)

    async def erase(self, stream: str, before: Position) -> int:
        """See `EventLog.erase`."""
        try:
            return await self._upkeep.erase(stream, before)
        except sqlite3.Error as error:
            await self._undo()
            raise _unavailable(error) from error
        finally:
            # Erased events may be in memory as well.
            self._tail.clear()
            self._tail_bytes = 0

    def compact(self, *, alone: bool) -> AsyncIterator[tuple[int, int]]:
        """See `EventLog.compact`."""
        return self._upkeep.compact(alone=alone)

    async def position_at(self, at_us: int) -> Position:
        """See `EventLog.position_at`."""
        # Times never fall from event to event, so the place is found by halving.
        low, high = 0, int(self._durable.position)
        while low < high:
            middle = (low + high + 1) // 2
            rows = await self._rows(
                "SELECT recorded_at FROM events WHERE position <= ? ORDER BY position DESC LIMIT 1",
                (middle,),
            )
            if rows and rows[0][0] <= at_us:
                low = middle
            else:
                high = middle - 1
        return Position(low)

    async def close(self) -> None:
        """See `EventLog.close`."""
        await self._group.close()
        for _, future in self._waiters:
            future.cancel()
        await self._reader.close()
        await self._writer.close()


def _recorded(row: Any) -> Recorded:
    position, stream, version, at, actor, payload, _erased, digest = row
    event: Fact = decode(payload)
    return Recorded(position, stream, version, at, actor, event, digest)


def _unavailable(error: Exception) -> LogUnavailable:
    return LogUnavailable(f"the event log could not store the write ({error}); nothing was stored")


def _unreadable(error: Exception) -> LogUnavailable:
    return LogUnavailable(f"the event log could not be read ({error})")


def _chunks(names: list[str], size: int) -> Iterable[list[str]]:
    for start in range(0, len(names), size):
        yield names[start : start + size]
