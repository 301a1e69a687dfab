"""The live views are exchanged in flight: nobody meets a half-built, stale or missing one."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

import pytest

from eventtrack.events import Position
from eventtrack.log.sqlite import SqliteLog
from eventtrack.projector.building import Order, build, prepare
from eventtrack.projector.live import Live, RebuildUnderWay, building_path, live_path
from eventtrack.projector.projector import Projector
from projections.views import ViewsStopped
from tests.projector.test_projector import Bench, Tally, tallied
from tests.support import open_live


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    bench = Bench(tmp_path, await SqliteLog.open(tmp_path / "log.db"))
    yield bench
    await bench.log.close()


async def live_of(bench: Bench, *tallies: Tally) -> Live:
    return await open_live(
        bench.log, bench.path.parent / "views", [each.projection for each in tallies]
    )


async def numbers(live: Live, table: str = "tally") -> list[int]:
    views = await live.current()
    return [row[0] for row in await views.fetchall(f"SELECT number FROM {table} ORDER BY position")]


async def rebuilt(live: Live, *names: str) -> None:
    async for _ in live.rebuild(names):
        pass


async def test_all_is_rebuilt_and_the_new_file_alone_is_left(bench: Bench) -> None:
    await bench.write(10)
    live = await live_of(bench, Tally(), Tally("other"))
    live.start()
    before = await live.current()
    await rebuilt(live)
    await bench.write(1)
    assert await numbers(live) == await numbers(live, "other") == list(range(11))
    assert len(await before.fetchall("SELECT * FROM tally")) == 10, "who asked before is served"
    files = {path.name for path in live.folder.glob("*.db")}
    assert files == {"2.db"}
    await live.close()


async def test_one_projection_is_rebuilt_and_the_others_are_copied(bench: Bench) -> None:
    await bench.write(10)
    tally, other = Tally(), Tally("other")
    live = await live_of(bench, tally, other)
    folded = len(tally.batches)
    await rebuilt(live, "other")
    assert tally.batches[folded:] == []
    assert other.batches == [10, 10]
    assert await numbers(live) == await numbers(live, "other") == list(range(10))
    await live.close()


async def test_who_asks_while_it_is_rebuilt_again_and_again_misses_nothing(bench: Bench) -> None:
    live = await live_of(bench, Tally())
    live.start()
    done = asyncio.Event()
    asked = 0

    async def write_and_look(writer: int) -> None:
        nonlocal asked
        while not done.is_set():
            await bench.write(1)
            head = bench.log.head()
            found = await numbers(live)
            assert found == list(range(len(found)))
            assert len(found) >= head
            asked += 1

    askers = [asyncio.create_task(write_and_look(writer)) for writer in range(8)]
    for _ in range(10):
        await rebuilt(live)
    done.set()
    await asyncio.gather(*askers)
    assert asked > 50
    await live.close()


async def test_only_one_rebuild_at_a_time(bench: Bench) -> None:
    await bench.write(1)
    live = await live_of(bench, Tally())
    first = live.rebuild([])
    await anext(first)
    with pytest.raises(RebuildUnderWay):
        await rebuilt(live)
    await first.aclose()
    await rebuilt(live)
    await live.close()


async def test_a_changed_version_is_rebuilt_by_itself_while_the_old_one_answers(
    bench: Bench,
) -> None:
    await bench.write(10)
    await (await live_of(bench, Tally(version=1))).close()
    going_on = asyncio.Event()
    tally = Tally(version=2)

    async def build_later(order: Order) -> AsyncGenerator[tuple[Position, Position], None]:
        await going_on.wait()
        await build(bench.log, bench.log.log_id, [tally.projection], order)
        yield bench.log.head(), bench.log.head()

    live = await Live.open(
        bench.log, bench.log.log_id, bench.path.parent / "views", [tally.projection], build_later
    )
    live.start()
    await bench.write(5)
    assert await numbers(live) == list(range(15)), "the old one answers, and is up to date"
    assert tally.batches == [15]
    going_on.set()
    await until_rebuilt(live)
    assert await numbers(live) == list(range(15))
    await live.close()
    assert version_of(live) == 2


async def until_rebuilt(live: Live) -> None:
    while live.projector.outdated:
        await asyncio.sleep(0.01)


def version_of(live: Live, name: str = "tally") -> int:
    path = live_path(live.folder)
    assert path is not None
    with contextlib.closing(sqlite3.connect(path)) as connection:
        ((version,),) = connection.execute(
            "SELECT version FROM view_checkpoint WHERE projection = ?", (name,)
        ).fetchall()
    return int(version)


async def test_tables_this_release_cannot_read_are_refused_until_they_are_rebuilt(
    bench: Bench,
) -> None:
    """A new projection, or one with other tables: the others answer meanwhile."""
    await bench.write(3)
    await (await live_of(bench, Tally(), Tally("other"))).close()
    changed = Tally("other", version=2)
    changed.projection.tables = changed.projection.tables.replace("number INT", "number  INT")
    live = await live_of(bench, Tally(), changed, Tally("third"))
    assert await numbers(live) == [0, 1, 2]
    for table in ("other", "third"):
        with pytest.raises(ViewsStopped, match="it is rebuilt as version"):
            await numbers(live, table)
    live.start()
    await until_rebuilt(live)
    for table in ("tally", "other", "third"):
        assert await numbers(live, table) == [0, 1, 2]
    await live.close()


async def test_an_interrupted_rebuild_goes_on_at_the_next_start(bench: Bench) -> None:
    await bench.write(10)
    live = await live_of(bench, Tally())
    await live.close()
    folder = live.folder
    half = Tally()
    prepare(Order(str(folder / "2.db")), bench.log.log_id, [half.projection])
    projector = await Projector.open(
        bench.log, bench.log.log_id, folder / "2.db", [half.projection]
    )
    await projector.catch_up()
    await projector.close()
    assert half.batches == [10]
    assert building_path(folder) == folder / "2.db"
    assert live_path(folder) == folder / "1.db", "never served while it is half built"

    await bench.write(5)
    tally = Tally()
    live = await live_of(bench, tally)
    assert await numbers(live) == list(range(15))
    live.start()
    while building_path(folder) is not None:
        await asyncio.sleep(0.01)
    assert await numbers(live) == list(range(15))
    await live.close()
    assert live_path(folder) == folder / "2.db"
    assert 15 in tally.batches
    assert tallied(folder / "2.db") == list(range(15))
