"""Do two views files say the same?  Table by table, up to the first difference of each.

Tables whose rows depend on how the events were cut into batches are compared by what they hold:
every point of every series, rank by rank.
"""

import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import msgspec

from projections.metrics.history import read_points
from projections.metrics.series import NO_RANK, ranks_of
from projections.projection import Projection
from projections.views import Views

ROW_CHARS_MAX = 300


class Compared(msgspec.Struct, frozen=True):
    """A table, or the points of metrics.

    rows: compared; difference: the first, in words, None when there is none.
    """

    projection: str
    table: str
    rows: int
    difference: str | None


def compare_rows(
    live: Path, replayed: Path, projections: Sequence[Projection]
) -> Iterator[Compared]:
    """Compare the tables whose rows follow from the log alone."""
    here = sqlite3.connect(f"{live.as_uri()}?mode=ro", uri=True)
    there = sqlite3.connect(f"{replayed.as_uri()}?mode=ro", uri=True)
    try:
        for projection in projections:
            for table in projection.table_names:
                if table not in projection.packed:
                    yield _compare_table(here, there, projection.name, table)
    finally:
        here.close()
        there.close()


def _compare_table(
    here: sqlite3.Connection, there: sqlite3.Connection, projection: str, table: str
) -> Compared:
    rows = 0
    found = zip_longest(*(each.execute(f'SELECT * FROM "{table}"') for each in (here, there)))
    for live, replayed in found:
        # repr, because a NaN is not equal to itself.
        if repr(live) != repr(replayed):
            words = f"row {rows + 1}: live {_shown(live)}, replayed {_shown(replayed)}"
            return Compared(projection, table, rows, words)
        rows += 1
    return Compared(projection, table, rows, None)


async def compare_points(live: Views, replayed: Views, projection: str) -> Compared:
    """Compare every point of every series."""
    points = 0
    async for run_id, key in _series(live):
        ranks = await ranks_of(live, run_id, key)
        if ranks != await ranks_of(replayed, run_id, key):
            words = f"metric {key!r} of run {run_id} has other ranks or another number of points"
            return Compared(projection, "points", points, words)
        for rank in ranks:
            which = None if rank == NO_RANK else rank
            here = await read_points(live, run_id, key, which)
            there = await read_points(replayed, run_id, key, which)
            points += len(here)
            if _bytes(here) != _bytes(there):
                words = f"metric {key!r} of run {run_id} has other points"
                return Compared(projection, "points", points, words)
    return Compared(projection, "points", points, None)


async def _series(views: Views) -> AsyncIterator[tuple[str, str]]:
    after = ("", "")
    sql = """SELECT run_id, key FROM latest_metrics WHERE (run_id, key) > (?, ?)
             ORDER BY run_id, key LIMIT 1000"""
    while rows := await views.fetchall(sql, after):
        for run_id, key in rows:
            yield run_id, key
        after = rows[-1]


def _bytes(points: Any) -> list[bytes]:
    return [array.tobytes() for array in (points.timestamps, points.steps, points.values)]


def _shown(row: object) -> str:
    return "no row" if row is None else repr(row)[:ROW_CHARS_MAX]
