"""The reading end of the views: a query sees whole batches, a snapshot the same ones all along."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from projections.views import ViewsStopped
from tests.support import open_views

COUNT = "SELECT count(*) FROM seen"


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "views.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE seen (number INTEGER)")
        # Kept open, as the projector keeps it.
        yield path


def add(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("INSERT INTO seen VALUES (1)")


async def test_a_snapshot_does_not_see_what_comes_later(path: Path) -> None:
    async with open_views(path) as views:
        async with views.snapshot() as snapshot:
            assert await snapshot.fetchall(COUNT) == [(0,)]
            add(path)
            assert await snapshot.fetchall(COUNT) == [(0,)]
        assert await views.fetchall(COUNT) == [(1,)]


async def test_who_comes_after_a_cancelled_snapshot_sees_the_present(path: Path) -> None:
    async with open_views(path) as views:
        began = asyncio.Event()

        async def look() -> None:
            async with views.snapshot() as snapshot:
                await snapshot.fetchall(COUNT)
                began.set()
                await asyncio.Event().wait()

        looking = asyncio.create_task(look())
        await began.wait()
        add(path)
        looking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await looking
        assert await views.fetchall(COUNT) == [(1,)]


async def test_a_snapshot_refuses_tables_of_a_stopped_projection(path: Path) -> None:
    async with open_views(path) as views:
        views._stopped = {"seen": "it stopped"}
        async with views.snapshot() as snapshot:
            with pytest.raises(ViewsStopped, match="it stopped"):
                await snapshot.fetchall(COUNT)
