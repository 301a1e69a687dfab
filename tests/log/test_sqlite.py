"""The SQLite log keeps the contract, and what only a file can promise."""

import asyncio
import contextlib
import resource
import sqlite3
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import aiosqlite
import pytest

from eventtrack.events import START, Position, encode
from eventtrack.log import (
    Entry,
    LogNotDurable,
    LogNotOurs,
    LogUnavailable,
    chain,
    sqlite,
    sqlite_file,
)
from eventtrack.log.sqlite import SqliteLog
from eventtrack.log.verify import verify
from tests.log.contract import EventLogContract, entry, numbers, stored, stream_of
from tests.support import ACTOR, fact, read_all


class TestSqliteLog(EventLogContract):
    """One file, one writer."""

    async def open(self, folder: Path) -> SqliteLog:
        return await SqliteLog.open(folder / "log.db")

    @contextlib.contextmanager
    def without_space(self, folder: Path) -> Iterator[None]:
        """No file of this process may grow beyond a megabyte, as on a full disk."""
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextlib.contextmanager
def tampering(path: Path) -> Iterator[sqlite3.Connection]:
    """The log's file in the hands of somebody who takes the triggers away first."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("DROP TRIGGER events_are_only_erased")
        connection.execute("DROP TRIGGER events_are_never_deleted")
        yield connection
    finally:
        connection.close()


async def make_log(path: Path, events: int = 10) -> None:
    log = await SqliteLog.open(path)
    await log.append([entry(f"s/{n % 3}", n) for n in range(events)], actor=ACTOR)
    await log.close()


# Group commit


async def test_who_waits_while_a_commit_runs_joins_the_next_one(tmp_path: Path) -> None:
    groups = count(1)
    log = await SqliteLog.open(tmp_path / "log.db", clock_us=lambda: next(groups))
    await asyncio.gather(*(log.append([entry("s", n)], actor=ACTOR) for n in range(64)))

    async def write(writer: int) -> None:
        for turn in range(10):
            await log.append([entry(f"run/{writer}", turn)], actor=ACTOR)

    before = next(groups)
    await asyncio.gather(*(write(writer) for writer in range(64)))
    assert next(groups) - before <= 20, "640 appends share their commits"
    assert {event.recorded_at for event in (await read_all(log))[:64]} == {2}
    await log.close()


@pytest.mark.parametrize("size", [1, 63, 64, 65, 128, 500])
async def test_a_large_append_is_whole_however_many_statements_it_takes(
    tmp_path: Path, size: int
) -> None:
    log = await SqliteLog.open(tmp_path / "log.db")
    await log.append([entry("s", n, n + 1) for n in range(size)], actor=ACTOR)
    await log.close()
    log = await SqliteLog.open(tmp_path / "log.db")
    assert numbers(await read_all(log)) == list(range(size))
    await log.close()


# A failing commit


@contextlib.contextmanager
def page_limit(log: SqliteLog, pages: int) -> Iterator[None]:
    """The writer's database may have no more than so many pages."""
    connection = log._writer._conn
    (before,) = connection.execute("PRAGMA max_page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")
    try:
        yield
    finally:
        connection.execute(f"PRAGMA max_page_count = {before}")


def unchecked_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test reach into the writer's connection from its own thread."""
    connect = aiosqlite.connect

    def connect_unchecked(*args: Any, **kwargs: Any) -> aiosqlite.Connection:
        return connect(*args, **kwargs, check_same_thread=False)

    monkeypatch.setattr(aiosqlite, "connect", connect_unchecked)


async def test_a_full_database_refuses_and_recovers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unchecked_threads(monkeypatch)
    log = await SqliteLog.open(tmp_path / "log.db")
    await log.append([entry("s", 0, 1)], actor=ACTOR)
    for size in (1, 70):
        with page_limit(log, 12):
            stuffed = fact(1).__class__(run_id="r", tags={"number": "x" * 100_000})
            with pytest.raises(LogUnavailable, match="full"):
                await log.append([Entry("t", stuffed, n + 1) for n in range(size)], actor="a@b")
            assert log.head() == 1
            assert await log.version("t") == 0
    await log.append([entry("s", 1, 2), entry("t", 2, 1)], actor="a@b")
    assert numbers(await read_all(log)) == [0, 1, 2]
    verdict = await verify(log.read_stored(), log.genesis)
    assert (verdict.intact, verdict.events) == (True, 3)
    await log.close()


# Events never change


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE events SET actor_id = 2",
        "UPDATE events SET payload = x'00' WHERE position = 3",
        "DELETE FROM events",
        "DELETE FROM events WHERE position = 1",
    ],
)
async def test_the_file_itself_refuses_to_change_events(tmp_path: Path, change: str) -> None:
    path = tmp_path / "log.db"
    await make_log(path)
    connection = sqlite3.connect(path)
    with pytest.raises(sqlite3.IntegrityError, match="events are never"):
        connection.execute(change)
    connection.close()


async def test_erased_payloads_leave_a_log_that_verifies_and_reads(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    await make_log(path, 10)
    with tampering(path) as connection:
        for position in (1, 5, 6, 10):
            (payload,) = connection.execute(
                "SELECT payload FROM events WHERE position = ?", (position,)
            ).fetchone()
            connection.execute(
                "UPDATE events SET payload = NULL, payload_digest = ? WHERE position = ?",
                (chain.payload_digest(payload), position),
            )
    log = await SqliteLog.open(path)
    verdict = await verify(log.read_stored(), log.genesis)
    assert (verdict.intact, verdict.events, verdict.erased) == (True, 10, 4)
    assert numbers(await read_all(log)) == [1, 2, 3, 6, 7, 8]
    assert numbers(await log.read(START, events_max=4)) == [1, 2, 3, 6]
    assert await stream_of(log, "s/0") == [3, 6]
    assert [row.position for row in await stored(log) if row.payload is None] == [1, 5, 6, 10]
    assert log.head() == 10
    assert await log.read(Position(9)) == []
    position = await log.append([entry("s/0", 10)], actor=ACTOR)
    assert position == 11
    assert numbers(await log.read(Position(9))) == [10]
    await log.close()


# What is refused at start


async def test_a_database_of_somebody_else_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    connection = sqlite3.connect(path)
    connection.executescript("CREATE TABLE runs (id); INSERT INTO runs VALUES (1);")
    connection.close()
    before = path.read_bytes()
    for read_only in (False, True):
        with pytest.raises(LogNotOurs, match=r"theirs\.db"):
            await SqliteLog.open(path, read_only=read_only)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["theirs.db"]


@pytest.mark.parametrize("content", [b"hello, I am a text file\n" * 100, b"xy", b"SQLite format 3"])
async def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(LogNotOurs, match=r"notes\.txt"):
        await SqliteLog.open(path)
    assert path.read_bytes() == content


async def test_a_folder_or_a_path_without_one_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none" / "log.db"):
        with pytest.raises(LogNotOurs):
            await SqliteLog.open(path)


async def test_a_log_of_a_newer_release_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    await make_log(path)
    connection = sqlite3.connect(path)
    connection.execute(f"UPDATE log SET format = {sqlite_file.FORMAT + 1}")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(LogNotOurs, match="upgrade"):
        await SqliteLog.open(path)
    assert path.read_bytes() == before


async def test_a_file_whose_events_cannot_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    await make_log(path)
    connection = sqlite3.connect(path)
    connection.executescript(
        "DROP TRIGGER events_are_only_erased; DROP TRIGGER events_are_never_deleted;"
        "DROP TABLE events;"
    )
    connection.close()
    with pytest.raises(LogNotOurs):
        await SqliteLog.open(path)


@pytest.mark.parametrize(
    "pragma", ["PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL"], ids=["wal", "full"]
)
async def test_a_file_system_that_does_not_give_full_durability_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pragma: str
) -> None:
    """The engine is asked what it really does, not what it was told."""
    weaker = {
        "PRAGMA journal_mode = WAL": "PRAGMA journal_mode = DELETE",
        "PRAGMA synchronous = FULL": "PRAGMA synchronous = NORMAL",
    }

    def weaken(method: Any) -> Any:
        def run(self: aiosqlite.Connection, sql: str, *args: Any) -> Any:
            return method(self, weaker[sql] if sql == pragma else sql, *args)

        return run

    for name in ("execute", "execute_fetchall"):
        original = getattr(aiosqlite.Connection, name)
        monkeypatch.setattr(aiosqlite.Connection, name, weaken(original))
    with pytest.raises(LogNotDurable, match="local disk"):
        await SqliteLog.open(tmp_path / "log.db")


async def test_the_writer_syncs_at_every_commit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unchecked_threads(monkeypatch)
    log = await SqliteLog.open(tmp_path / "log.db")
    await log.append([entry("s", 1)], actor=ACTOR)
    connection = log._writer._conn
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    await log.close()


# Reading beside a writer, and broken files


async def test_a_read_only_opening_follows_the_writer(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    with pytest.raises(LogNotOurs, match="no event log"):
        await SqliteLog.open(path, read_only=True)
    writer = await SqliteLog.open(path)
    await writer.append([entry("s", 1, 1)], actor=ACTOR)
    reader = await SqliteLog.open(path, read_only=True)
    assert numbers(await read_all(reader)) == [1]
    await writer.append([entry("s", 2, 2)], actor=ACTOR)
    assert await reader.read(reader.head()) == []
    await reader.refresh()
    assert numbers(await read_all(reader)) == [1, 2]
    assert await reader.version("s") == 2
    with pytest.raises(LogUnavailable):
        await reader.append([entry("s", 3)], actor=ACTOR)
    await reader.close()
    await writer.close()


async def test_a_broken_page_is_the_logs_own_error(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    await make_log(path, 2000)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 4096] = b"\xff" * 4096
    path.write_bytes(bytes(content))
    log = await SqliteLog.open(path)
    with pytest.raises(LogUnavailable, match="malformed"):
        await read_all(log)
    with pytest.raises(LogUnavailable, match="malformed"):
        await stored(log)
    await log.close()


async def test_recent_events_are_forgotten_in_memory_and_read_from_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "TAIL_BYTES_MAX", 2000)
    log = await SqliteLog.open(tmp_path / "log.db")
    for n in range(60):
        await log.append([entry("s", n)], actor=ACTOR)
    assert numbers(await read_all(log)) == list(range(60))
    for after in range(60):
        assert numbers(await log.read(Position(after), events_max=3)) == [
            n for n in range(after, after + 3) if n < 60
        ]
    await log.close()


async def test_more_streams_and_actors_than_are_kept_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "STREAMS_CACHED_MAX", 8)
    log = await SqliteLog.open(tmp_path / "log.db")
    for turn in range(3):
        for n in range(30):
            await log.append([entry(f"s/{n}", n, turn + 1)], actor=f"a{n}")
    assert [await log.version(f"s/{n}") for n in range(30)] == [3] * 30
    assert [event.actor for event in await read_all(log)] == [f"a{n}" for n in range(30)] * 3
    await log.close()


def test_an_event_is_bytes_of_its_own_name() -> None:
    assert b"RunTagsSet/1" in encode(fact(1))
