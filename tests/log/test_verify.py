"""Whatever is done to a stored event, `verify` finds it and says where; a torn tail loses no more
than what was torn.

One log is written once; every example spoils a copy of it.
"""

import asyncio
import random
import shutil
import sqlite3
import struct
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventtrack.commands.metrics import one_series
from eventtrack.events import Position
from eventtrack.events.metrics import MetricsLogged, tables_of
from eventtrack.log import Entry, LogNotOurs, LogUnavailable, Stored, chain
from eventtrack.log.sqlite import SqliteLog
from eventtrack.log.verify import Verdict, verify
from tests.support import ACTOR, BRIEF, COMMON, fact

EVENTS = 40

Spoil = Callable[[sqlite3.Connection], object]


class Original(msgspec.Struct, frozen=True):
    """A sound log: its file, its rows, and the length of the WAL at each acknowledgement."""

    folder: Path
    rows: list[Stored]
    wal_bytes: list[int]

    def __repr__(self) -> str:
        return "the sound log"


async def rows_of(log: SqliteLog) -> list[Stored]:
    return [row async for row in log.read_stored()]


async def write(folder: Path) -> Original:
    """Leave log.db closed and sound, and live.db with live.db-wal as a killed server would."""
    log = await SqliteLog.open(folder / "log.db")
    wal_bytes = []
    for n in range(EVENTS):
        run_id, actor = f"r{n % 4}", f"user{n % 3}@host"
        stream = f"run/{run_id}"
        if n % 2:
            event = MetricsLogged(
                run_id=run_id, tables=tables_of([one_series("loss", n / 3, n, n)])
            )
            await log.append([Entry(stream, event)], actor=actor)
        else:
            version = await log.version(stream) + 1
            await log.append([Entry(stream, fact(n), version)], actor=actor)
        wal_bytes.append((folder / "log.db-wal").stat().st_size)
    for suffix in ("", "-wal"):
        shutil.copy(folder / f"log.db{suffix}", folder / f"live.db{suffix}")
    rows = await rows_of(log)
    await log.close()
    return Original(folder, rows, wal_bytes)


@pytest.fixture(scope="module")
def original() -> Iterator[Original]:
    with tempfile.TemporaryDirectory() as folder:
        yield asyncio.run(write(Path(folder)))


def verdict_on(path: Path) -> Verdict:
    async def look() -> Verdict:
        log = await SqliteLog.open(path)
        try:
            return await verify(log.read_stored(), log.genesis)
        finally:
            await log.close()

    return asyncio.run(look())


def verdict_after(original: Original, spoil: Spoil) -> Verdict:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.db"
        shutil.copy(original.folder / "log.db", path)
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("DROP TRIGGER events_are_only_erased")
        connection.execute("DROP TRIGGER events_are_never_deleted")
        connection.execute("DROP INDEX events_checked")
        spoil(connection)
        connection.close()
        return verdict_on(path)


def is_found_at(verdict: Verdict, position: int) -> None:
    assert not verdict.intact
    assert verdict.fault_position == position, verdict
    assert verdict.events == verdict.head, "what stands before the fault is vouched for"


positions = st.integers(1, EVENTS)


def test_a_sound_log_is_intact(original: Original) -> None:
    seen: list[int] = []

    async def look() -> Verdict:
        log = await SqliteLog.open(original.folder / "log.db", read_only=True)
        try:
            return await verify(log.read_stored(), log.genesis, seen.append)
        finally:
            await log.close()

    verdict = asyncio.run(look())
    assert verdict == Verdict(events=EVENTS, erased=0, head=Position(EVENTS))
    assert seen == []


@settings(BRIEF, max_examples=40)
@given(
    position=positions,
    column=st.sampled_from(["payload", "digest"]),
    where=st.floats(0, 1, exclude_max=True),
    bit=st.integers(0, 7),
)
def test_a_flipped_bit_of_an_event_is_found_there(
    original: Original, position: int, column: str, where: float, bit: int
) -> None:
    row = original.rows[position - 1]
    content = bytearray((row.payload or b"") if column == "payload" else row.digest)
    content[int(where * len(content))] ^= 1 << bit

    def spoil(connection: sqlite3.Connection) -> None:
        connection.execute(
            f"UPDATE events SET {column} = ? WHERE position = ?", (bytes(content), position)
        )

    is_found_at(verdict_after(original, spoil), position)


@settings(BRIEF, max_examples=40)
@given(
    position=positions,
    change=st.sampled_from(
        [
            "recorded_at = recorded_at + 1",
            "recorded_at = recorded_at - 1000000",
            "actor_id = actor_id % 3 + 1",
            "stream_id = stream_id % 4 + 1",
            "version = coalesce(version + 1, 1)",
            "version = CASE WHEN version IS NULL THEN 7 END",
            "payload = NULL",
            "payload = NULL, payload_digest = digest",
            "payload = x''",
            "payload = substr(payload, 2)",
            "digest = x''",
        ]
    ),
)
def test_a_changed_field_of_an_event_is_found_there(
    original: Original, position: int, change: str
) -> None:
    def spoil(connection: sqlite3.Connection) -> None:
        connection.execute(f"UPDATE events SET {change} WHERE position = ?", (position,))

    is_found_at(verdict_after(original, spoil), position)


@settings(BRIEF, max_examples=20)
@given(first=positions, count=st.integers(1, 5))
def test_removed_events_are_found_where_they_are_missing(
    original: Original, first: int, count: int
) -> None:
    last = min(first + count - 1, EVENTS)

    def spoil(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM events WHERE position BETWEEN ? AND ?", (first, last))

    verdict = verdict_after(original, spoil)
    if last == EVENTS:
        # Nothing in the file says that there was more: whoever noted the head before sees it.
        assert verdict == Verdict(events=first - 1, erased=0, head=Position(first - 1))
    else:
        is_found_at(verdict, last + 1)
        assert f"position {first} is missing" in str(verdict.fault)


@settings(BRIEF, max_examples=20)
@given(removed=st.integers(1, EVENTS - 1))
def test_a_gap_closed_by_renumbering_is_found(original: Original, removed: int) -> None:
    def spoil(connection: sqlite3.Connection) -> None:
        connection.execute("DELETE FROM events WHERE position = ?", (removed,))
        connection.execute(
            "UPDATE events SET position = -position + 1 WHERE position > ?", (removed,)
        )
        connection.execute("UPDATE events SET position = -position WHERE position < 0")

    is_found_at(verdict_after(original, spoil), removed)


@settings(BRIEF, max_examples=20)
@given(one=positions, other=positions)
def test_exchanged_events_are_found_at_the_first(original: Original, one: int, other: int) -> None:
    def spoil(connection: sqlite3.Connection) -> None:
        move = "UPDATE events SET position = ? WHERE position = ?"
        for to, at in ((-1, one), (one, other), (other, -1)):
            connection.execute(move, (to, at))

    if one != other:
        is_found_at(verdict_after(original, spoil), min(one, other))


@settings(BRIEF, max_examples=10)
@given(position=positions)
def test_an_event_slipped_in_is_found(original: Original, position: int) -> None:
    """Even one that is linked rightly to the event before it."""
    before = original.rows[position - 2].digest if position > 1 else None

    def spoil(connection: sqlite3.Connection) -> None:
        ((log_id,),) = connection.execute("SELECT log_id FROM log").fetchall()
        connection.execute(
            "UPDATE events SET position = -position - 1 WHERE position >= ?", (position,)
        )
        connection.execute("UPDATE events SET position = -position WHERE position < 0")
        row = original.rows[position - 1]
        digest = chain.link(
            before or chain.genesis(log_id),
            position,
            row.stream,
            None,
            row.recorded_at,
            row.actor,
            row.payload_digest,
        )
        connection.execute(
            """INSERT INTO events SELECT ?, stream_id, NULL, recorded_at, actor_id, payload, NULL, ?
               FROM events WHERE position = ?""",
            (position, digest, position + 1),
        )

    is_found_at(verdict_after(original, spoil), position + 1)


@pytest.mark.parametrize(
    ("change", "position"),
    [
        ("UPDATE streams SET name = 'run/other' WHERE stream_id = 3", 3),
        ("UPDATE actors SET name = 'mallory@host' WHERE actor_id = 2", 2),
        ("DELETE FROM actors WHERE actor_id = 2", 3),
        ("UPDATE log SET log_id = 'another'", 1),
    ],
)
def test_changes_beside_the_events_are_found_at_the_first_event_they_touch(
    original: Original, change: str, position: int
) -> None:
    verdict = verdict_after(original, lambda connection: connection.execute(change))
    is_found_at(verdict, position)


def test_an_event_this_release_cannot_read_is_told_apart(original: Original) -> None:
    payload = msgspec.msgpack.encode({"event": "RunAnnotated/1", "run_id": "r"})

    def spoil(connection: sqlite3.Connection) -> None:
        row = original.rows[-1]
        digest = chain.link(
            original.rows[-2].digest,
            row.position,
            row.stream,
            row.version,
            row.recorded_at,
            row.actor,
            chain.payload_digest(payload),
        )
        connection.execute(
            "UPDATE events SET payload = ?, digest = ? WHERE position = ?",
            (payload, digest, EVENTS),
        )

    verdict = verdict_after(original, spoil)
    is_found_at(verdict, EVENTS)
    assert "RunAnnotated/1" in str(verdict.fault)
    assert "upgrade" in str(verdict.fault)


def found_or_harmless(original: Original, path: Path) -> None:
    """Whatever the file says now: an error of ours, a fault, or exactly the events it held."""

    async def look() -> tuple[Verdict, list[Stored]]:
        log = await SqliteLog.open(path)
        try:
            return await verify(log.read_stored(), log.genesis), await rows_of(log)
        finally:
            await log.close()

    try:
        verdict, rows = asyncio.run(look())
    except (LogNotOurs, LogUnavailable):
        return
    if verdict.intact:
        assert rows == original.rows[: len(rows)]
        assert len(rows) in (0, EVENTS), "no event may vanish unseen"


def flip_in_the_file(original: Original, where: float, bit: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.db"
        content = bytearray((original.folder / "log.db").read_bytes())
        content[int(where * len(content))] ^= 1 << bit
        path.write_bytes(content)
        found_or_harmless(original, path)


@settings(BRIEF, max_examples=60)
@given(where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_a_flipped_bit_of_the_file_is_found_or_harmless(
    original: Original, where: float, bit: int
) -> None:
    flip_in_the_file(original, where, bit)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@settings(COMMON, max_examples=5000)
@given(where=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
def test_any_flipped_bit_of_the_file_is_found_or_harmless(
    original: Original, where: float, bit: int
) -> None:
    flip_in_the_file(original, where, bit)


def check_torn(original: Original, wal: bytes, sound_bytes: int) -> None:
    """Of a killed server's files with a spoilt WAL, all that lies before the damage is there."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.db"
        shutil.copy(original.folder / "live.db", path)
        path.with_name("log.db-wal").write_bytes(wal)

        async def look() -> tuple[Verdict, list[Stored]]:
            log = await SqliteLog.open(path)
            try:
                found = await verify(log.read_stored(), log.genesis), await rows_of(log)
                await log.append([Entry("s", fact(1))], actor=ACTOR)
                assert (await verify(log.read_stored(), log.genesis)).intact
                return found
            finally:
                await log.close()

        verdict, rows = asyncio.run(look())
        acknowledged = sum(length <= sound_bytes for length in original.wal_bytes)
        assert verdict.intact
        assert rows == original.rows[: len(rows)]
        assert len(rows) >= acknowledged


def wal_of(original: Original) -> bytes:
    return (original.folder / "live.db-wal").read_bytes()


@settings(BRIEF, max_examples=40)
@given(event=st.integers(3, EVENTS - 1), beyond=st.integers(-40, 40))
def test_a_wal_cut_off_anywhere_keeps_what_was_acknowledged_before(
    original: Original, event: int, beyond: int
) -> None:
    length = max(0, original.wal_bytes[event] + beyond)
    check_torn(original, wal_of(original)[:length], length)


@settings(BRIEF, max_examples=30)
@given(data=st.data())
def test_a_spoilt_wal_keeps_what_was_acknowledged_before(
    original: Original, data: st.DataObject
) -> None:
    wal = bytearray(wal_of(original))
    start = data.draw(st.integers(original.wal_bytes[2], len(wal) - 1), label="from byte")
    length = data.draw(st.integers(1, 5000), label="bytes")
    for at in range(start, min(start + length, len(wal))):
        wal[at] ^= 0xFF
    check_torn(original, bytes(wal), start)


def test_nothing_acknowledged_is_missing_after_a_kill(original: Original) -> None:
    wal = wal_of(original)
    assert len(wal) == original.wal_bytes[-1]
    check_torn(original, wal, len(wal))


def test_random_bytes_are_not_taken_for_a_log() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.db"
        path.write_bytes(random.Random(3).randbytes(8192))
        with pytest.raises(LogNotOurs):
            verdict_on(path)


def test_the_chain_starts_from_the_log_it_belongs_to() -> None:
    assert chain.genesis("a") != chain.genesis("b")
    assert len(struct.pack("32s", chain.genesis("a"))) == chain.DIGEST_BYTES
