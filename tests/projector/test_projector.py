"""The views follow the log: what was acknowledged is seen, and whatever happens to the views file,
the log has the truth."""

import asyncio
import contextlib
import random
import sqlite3
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from eventtrack.events import START, Position, Recorded
from eventtrack.events.runs import RunTagsSet
from eventtrack.log import Entry
from eventtrack.log.sqlite import SqliteLog
from eventtrack.projector import projector as projector_module
from eventtrack.projector import viewsfile
from eventtrack.projector.feeds import Feed
from eventtrack.projector.folding import apply_batch
from eventtrack.projector.projector import Projector
from projections.projection import Projection
from projections.rows import Rows
from projections.views import Views, ViewsStopped
from tests.support import ACTOR, fact, number_of, read_all


class Tally:
    """A projection that writes down every fact's number, and fails when it is told to."""

    def __init__(self, name: str = "tally", version: int = 1) -> None:
        self.fails_at: int | None = None
        self.batches: list[int] = []
        self.projection = Projection(
            name,
            version=version,
            tables=f"CREATE TABLE {name} (position INTEGER PRIMARY KEY, number INTEGER) STRICT;",
        )
        self.projection.on(RunTagsSet)(self._count)
        self.projection.finish(self._batch_ends)

    def _count(self, rows: Rows, event: RunTagsSet, at: Recorded) -> None:
        if number_of(at) == self.fails_at:
            raise ArithmeticError("cannot count that far")
        # Not "OR IGNORE": an event applied twice is an error.
        rows.write(
            f"INSERT INTO {self.projection.name} VALUES (?, ?)", (at.position, number_of(at))
        )

    def refuse(self, connection: sqlite3.Connection, number: int) -> None:
        """What a finisher may do: look at the rows, and fail."""
        sql = f"SELECT 1 FROM {self.projection.name} WHERE number = ?"
        if connection.execute(sql, (number,)).fetchall():
            raise ValueError("I do not like it")

    def _batch_ends(self, rows: Rows, connection: sqlite3.Connection) -> None:
        ((count,),) = connection.execute(f"SELECT count(*) FROM {self.projection.name}").fetchall()
        self.batches.append(count)


def tallied(path: Path, table: str = "tally") -> list[int]:
    connection = sqlite3.connect(path)
    try:
        rows = connection.execute(f"SELECT number FROM {table} ORDER BY position").fetchall()
        return [number for (number,) in rows]
    finally:
        connection.close()


class Bench:
    """A log and a views file in one folder."""

    def __init__(self, folder: Path, log: SqliteLog) -> None:
        self.path = folder / "views.db"
        self.log = log
        self.written = 0

    async def write(self, events: int) -> None:
        entries = [Entry("s", fact(self.written + n)) for n in range(events)]
        self.written += events
        await self.log.append(entries, actor=ACTOR)

    async def open(self, *tallies: Tally) -> Projector:
        projections = [each.projection for each in tallies]
        projector = await Projector.open(self.log, self.log.log_id, self.path, projections)
        try:
            await projector.catch_up()
        except BaseException:
            await projector.close()
            raise
        return projector

    async def folded(self, *tallies: Tally) -> None:
        """Open, catch up, close."""
        await (await self.open(*tallies)).close()


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    log = await SqliteLog.open(tmp_path / "log.db")
    bench = Bench(tmp_path, log)
    yield bench
    await bench.log.close()


# Following


async def test_a_query_that_waits_sees_everything_acknowledged_before_it(bench: Bench) -> None:
    projector = await bench.open(Tally())
    projector.start()
    for turn in range(20):
        await bench.write(turn % 4 + 1)
        await projector.arrive()
        assert projector.position == bench.log.head()
        assert tallied(bench.path) == list(range(bench.written))
    await projector.close()


async def test_many_who_wait_while_others_write_all_see_their_own(bench: Bench) -> None:
    projector = await bench.open(Tally())
    projector.start()

    async def write_and_look(writer: int) -> None:
        for turn in range(5):
            number = writer * 100 + turn
            await bench.log.append([Entry("s", fact(number))], actor=ACTOR)
            await projector.arrive()
            assert number in tallied(bench.path)

    await asyncio.gather(*(write_and_look(writer) for writer in range(16)))
    await projector.close()


async def test_nobody_who_asks_waits_for_events_to_gather(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projector_module, "GATHER_SECONDS", 3600)
    projector = await bench.open(Tally())
    projector.start()
    for _ in range(3):
        await bench.write(5)
        await asyncio.sleep(0)
        await projector.arrive()
    assert tallied(bench.path) == list(range(15))
    await projector.close()


async def test_events_that_nobody_waits_for_are_folded_in_few_batches(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projector_module, "GATHER_SECONDS", 3600)
    tally = Tally()
    projector = await bench.open(tally)
    projector.start()
    for _ in range(30):
        await bench.write(1)
    assert tally.batches == []
    await projector.arrive()
    assert tally.batches == [30]
    await projector.close()


async def test_views_nobody_asks_for_follow_by_themselves(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projector_module, "GATHER_SECONDS", 0)
    tally = Tally()
    folded = threading.Event()
    tally.projection.finish(lambda rows, connection: folded.set())
    projector = await bench.open(tally)
    projector.start()
    await bench.write(3)
    await asyncio.to_thread(folded.wait)
    await projector.close()
    assert tallied(bench.path) == [0, 1, 2]


async def test_before_it_is_started_it_moves_when_asked_even_by_many_at_once(bench: Bench) -> None:
    projector = await bench.open(Tally())
    await bench.write(5000)
    await asyncio.gather(*(projector.arrive() for _ in range(8)))
    assert tallied(bench.path) == list(range(5000))
    await projector.close()


async def test_an_asker_who_goes_away_disturbs_nobody(bench: Bench) -> None:
    projector = await bench.open(Tally())
    projector.start()
    await bench.write(1)
    leaving = asyncio.create_task(projector.arrive())
    staying = asyncio.create_task(projector.arrive())
    await asyncio.sleep(0)
    leaving.cancel()
    await staying
    await bench.write(1)
    await projector.arrive()
    assert tallied(bench.path) == [0, 1]
    await projector.close()


# Starting again


async def test_it_goes_on_from_its_checkpoint(bench: Bench) -> None:
    await bench.write(10)
    await bench.folded(Tally())
    await bench.write(5)
    tally = Tally()
    seen: list[tuple[Position, Position]] = []
    projector = await Projector.open(bench.log, bench.log.log_id, bench.path, [tally.projection])
    await projector.catch_up(lambda position, head: seen.append((position, head)))
    assert tallied(bench.path) == list(range(15))
    assert tally.batches == [15], "the ten before were not folded again"
    assert seen == [(15, 15)]
    await projector.close()


async def test_what_was_not_folded_at_the_close_is_folded_at_the_next_start(bench: Bench) -> None:
    projector = await bench.open(Tally())
    projector.start()
    await bench.write(1)
    await projector.close()
    await bench.folded(Tally())
    assert tallied(bench.path) == [0]


async def test_a_large_log_is_caught_up_in_several_batches(bench: Bench) -> None:
    await bench.write(10_000)
    tally = Tally()
    await bench.folded(tally)
    assert len(tally.batches) > 1
    assert tallied(bench.path) == list(range(10_000))


async def test_a_kill_between_two_batches_loses_and_repeats_nothing(bench: Bench) -> None:
    await bench.write(5000)
    tally = Tally()
    tally.projection.finish(lambda rows, connection: fail_at(tally.batches, 2))
    with pytest.raises(KeyboardInterrupt):
        await bench.open(tally)
    assert tallied(bench.path) == list(range(tally.batches[0]))
    await bench.folded(Tally())
    assert tallied(bench.path) == list(range(5000))


class Dying(sqlite3.Connection):
    """A connection whose process is killed just after a commit."""

    def execute(self, sql: str, *parameters: Any) -> sqlite3.Cursor:
        cursor = super().execute(sql, *parameters)
        if sql == "COMMIT":
            raise KeyboardInterrupt
        return cursor


async def test_a_kill_right_after_a_commit_repeats_nothing(bench: Bench) -> None:
    """The checkpoint is in the transaction of the rows it speaks of."""
    await bench.folded(Tally())
    await bench.write(5)
    dying = sqlite3.connect(bench.path, factory=Dying, isolation_level=None)
    with pytest.raises(KeyboardInterrupt):
        apply_batch(dying, [Feed(Tally().projection, START)], await read_all(bench.log))
    dying.close()
    assert tallied(bench.path) == list(range(5))
    await bench.folded(Tally())
    assert tallied(bench.path) == list(range(5))


def fail_at(batches: list[int], count: int) -> None:
    if len(batches) == count:
        raise KeyboardInterrupt


async def test_views_of_another_log_are_rebuilt(bench: Bench, tmp_path: Path) -> None:
    await bench.write(3)
    other = tmp_path / "other"
    other.mkdir()
    log = await SqliteLog.open(other / "log.db")
    theirs = Bench(other, log)
    await theirs.write(2)
    await theirs.folded(Tally())
    await log.close()
    theirs.path.rename(bench.path)
    await bench.folded(Tally())
    assert tallied(bench.path) == [0, 1, 2]


async def test_views_ahead_of_the_log_are_rebuilt(bench: Bench, tmp_path: Path) -> None:
    """An older copy of the log was put back."""
    await bench.write(3)
    copy = tmp_path / "copy.db"
    with contextlib.closing(sqlite3.connect(bench.log.path)) as connection:
        connection.execute("VACUUM INTO ?", (str(copy),))
    await bench.write(3)
    await bench.folded(Tally())
    older = await SqliteLog.open(copy)
    projector = await Projector.open(older, older.log_id, bench.path, [Tally().projection])
    await projector.catch_up()
    assert tallied(bench.path) == [0, 1, 2]
    await projector.close()
    await older.close()


def truncated(content: bytes) -> bytes:
    return content[: len(content) // 2]


def headless(content: bytes) -> bytes:
    return b"\xff" * 100 + content[100:]


def second_page_gone(content: bytes) -> bytes:
    return content[:4096] + random.Random(1).randbytes(4096) + content[8192:]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: b"",
        lambda content: b"not a database " * 1000,
        lambda content: random.Random(0).randbytes(len(content)),
        lambda content: content[:1000],
        truncated,
        headless,
        second_page_gone,
    ],
    ids=["empty", "text", "random", "torn early", "torn", "headless", "second page"],
)
async def test_a_spoilt_views_file_is_rebuilt(
    bench: Bench, spoil: Callable[[bytes], bytes]
) -> None:
    await bench.write(2000)
    await bench.folded(Tally())
    bench.path.write_bytes(spoil(bench.path.read_bytes()))
    await bench.folded(Tally())
    assert tallied(bench.path) == list(range(2000))


async def test_somebody_elses_database_in_its_place_is_replaced(bench: Bench) -> None:
    await bench.write(3)
    with contextlib.closing(sqlite3.connect(bench.path)) as connection:
        connection.execute("CREATE TABLE tally (x)")
    await bench.folded(Tally())
    assert tallied(bench.path) == [0, 1, 2]


async def test_a_wal_left_behind_by_a_deleted_file_is_not_taken_up(bench: Bench) -> None:
    await bench.write(3)
    projector = await bench.open(Tally())
    wal = bench.path.with_name("views.db-wal").read_bytes()
    await projector.close()
    bench.path.unlink()
    bench.path.with_name("views.db-wal").write_bytes(wal)
    await bench.write(1)
    await bench.folded(Tally())
    assert tallied(bench.path) == [0, 1, 2, 3]


async def test_erased_events_are_passed_over_and_none_after_them(bench: Bench) -> None:
    """What is appended while the projector looks at a tail of erased events is not lost."""
    await bench.write(6)
    await bench.log.close()
    with contextlib.closing(sqlite3.connect(bench.log.path, isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER events_are_only_erased")
        connection.execute("UPDATE events SET payload = NULL, payload_digest = digest")
    log = bench.log = await SqliteLog.open(bench.log.path)
    projector = await bench.open(Tally())
    assert projector.position == log.head()
    assert tallied(bench.path) == []
    await projector.close()

    reading = log.read
    late: list[Callable[[], Awaitable[object]]] = [lambda: bench.write(1)]

    async def read_then_write(after: Position, **limits: int) -> list[Recorded]:
        events = await reading(after, **limits)
        if late:
            await late.pop()()
        return events

    log.read = read_then_write  # type: ignore[method-assign]  # a writer slips in just here
    viewsfile.delete(bench.path)
    projector = await bench.open(Tally())
    await projector.arrive()
    assert tallied(bench.path) == [6]
    await projector.close()


# Faults


async def test_an_event_that_a_projection_cannot_apply_stops_that_projection_alone(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    tally, other = Tally(), Tally("other")
    projector = await bench.open(tally, other)
    projector.start()
    await bench.write(2)
    await projector.arrive()
    assert projector.fault is None

    other.fails_at = 3
    await bench.write(4)
    await projector.arrive()
    assert tallied(bench.path) == list(range(6))
    assert tallied(bench.path, "other") == [0, 1, 2], "it stands just before the event"
    words = "event 4 (RunTagsSet/1 of s): ArithmeticError: cannot count that far"
    assert words in projector.faults["other"]
    assert words in caplog.text
    views = await Views.open(bench.path, stopped=projector.stopped)
    assert len(await views.fetchall("SELECT * FROM tally")) == 6
    with pytest.raises(ViewsStopped, match="projection other is not up to date"):
        await views.fetchall("SELECT * FROM tally JOIN other USING (position)")
    await views.close()

    await bench.write(1)
    await projector.arrive()
    assert tallied(bench.path) == list(range(7)), "the others go on"
    await projector.close()


@pytest.mark.parametrize("where", ["handler", "table", "finisher"])
async def test_after_a_fix_it_goes_on_from_its_checkpoint(bench: Bench, where: str) -> None:
    await bench.write(5)
    tally, broken = Tally(), Tally("other")
    if where == "handler":
        broken.fails_at = 3
    elif where == "table":
        # The row is refused by the database: an event applied twice, for example.
        broken.projection.tables = broken.projection.tables.replace(
            "number INTEGER", "number INTEGER CHECK (number <> 3)"
        )
    else:
        broken.projection.finish(lambda rows, connection: broken.refuse(connection, 3))
    for _ in range(2):
        await bench.folded(tally, broken)
        assert tallied(bench.path) == list(range(5))
        assert tallied(bench.path, "other") == [0, 1, 2]
    await bench.write(5)
    fixed = Tally("other")
    fixed.projection.tables = broken.projection.tables
    if where == "table":
        with contextlib.closing(sqlite3.connect(bench.path, isolation_level=None)) as connection:
            connection.execute("PRAGMA ignore_check_constraints = 1")
            connection.execute("PRAGMA writable_schema = 1")
            connection.execute(
                "UPDATE sqlite_master SET sql = replace(sql, ' CHECK (number <> 3)', '')"
            )
    projector = await bench.open(Tally(), fixed)
    assert projector.faults == {}
    assert tallied(bench.path, "other") == tallied(bench.path) == list(range(10))
    assert fixed.batches[0] > 3, "what it had folded before was not folded again"
    await projector.close()
    with contextlib.closing(sqlite3.connect(bench.path)) as connection:
        assert connection.execute("SELECT DISTINCT fault FROM view_checkpoint").fetchall() == [
            (None,)
        ]


async def test_an_event_of_a_newer_release_stops_the_projections_before_it(bench: Bench) -> None:
    await bench.write(2)
    await bench.log.close()
    with contextlib.closing(sqlite3.connect(bench.log.path, isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER events_are_only_erased")
        payload = msgspec.msgpack.encode({"event": "RunTeleported/1", "run_id": "r"})
        connection.execute("UPDATE events SET payload = ? WHERE position = 2", (payload,))
    bench.log = await SqliteLog.open(bench.log.path)
    await bench.write(1)
    projector = await bench.open(Tally())
    assert tallied(bench.path) == [0]
    assert "event 2" in projector.faults["tally"]
    assert "RunTeleported/1" in projector.faults["tally"]
    assert "upgrade eventtrack" in projector.faults["tally"]
    await projector.close()


async def until(arrive: Callable[[], Awaitable[None]]) -> None:
    """Ask until the retry that was already under way with the fault is over."""
    while True:
        with contextlib.suppress(ViewsStopped):
            await arrive()
            return


async def test_a_full_disk_stops_the_views_with_its_own_words(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(projector_module, "RETRY_SECONDS", 0)
    tally = Tally()
    projector = await bench.open(tally)
    connection = projector.connection
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    projector.start()
    await bench.write(4000)
    with pytest.raises(ViewsStopped, match="disk is full"):
        await projector.arrive()
    connection.execute("PRAGMA max_page_count = 100000")
    await until(projector.arrive)
    assert tallied(bench.path) == list(range(4000))
    await projector.close()


async def test_who_waits_at_the_close_is_told(bench: Bench) -> None:
    tally = Tally()
    started, go_on = threading.Event(), threading.Event()

    def hold(rows: Rows, connection: sqlite3.Connection) -> None:
        started.set()
        go_on.wait()

    tally.projection.finish(hold)
    projector = await bench.open(tally)
    projector.start()
    await bench.write(1)
    waiting = asyncio.create_task(projector.arrive())
    await asyncio.to_thread(started.wait)
    go_on.set()
    await projector.close()
    outcome = (await asyncio.gather(waiting, return_exceptions=True))[0]
    assert outcome is None or isinstance(outcome, ViewsStopped)
    await bench.folded(Tally())
    assert tallied(bench.path) == [0]


async def test_who_comes_after_the_close_is_told(bench: Bench) -> None:
    projector = await bench.open(Tally())
    projector.start()
    await projector.close()
    await projector.arrive()
    await bench.write(1)
    with pytest.raises(ViewsStopped):
        await projector.arrive()
