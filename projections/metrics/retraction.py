"""Retraction: points of a series taken out of the tables, kept aside, and put back.

What is kept aside is sorted by what the points are, so that it is the same however the batches were
cut.  Blocks stay where they are without an owner until the next rebuild, for whoever is reading.
"""

import math
import sqlite3
from typing import TYPE_CHECKING

from projections.metrics import wide
from projections.metrics.compaction import BLOCK_IDS, Compactor
from projections.metrics.fold import Extent, Point
from projections.metrics.fold import joined as joined_extents
from projections.metrics.latest import LatestPoints
from projections.metrics.packing import Points, joined, points_of, store_floats, store_ints
from projections.metrics.wide import Wide

if TYPE_CHECKING:
    from projections.metrics.packing import Flags

_OWNERLESS = "~"
"""Before the run's id in groups whose blocks nobody asks for any more."""

Taken = dict[int, Points]
"""rank -> points of one series."""


def retract(
    connection: sqlite3.Connection,
    compactor: Compactor,
    latest: LatestPoints,
    *,
    position: int,
    run_id: str,
    key: str,
    first_step: int,
    last_step: int,
    rank: int | None,
) -> None:
    """Take the points of a metric from one step to another out, and keep them aside."""
    hidden: list[Wide] = []
    shown: list[Wide] = []
    for its_rank, points in _take_series(connection, run_id, key).items():
        inside = (points.steps >= first_step) & (points.steps <= last_step)
        if rank is not None and its_rank != rank:
            inside[:] = False
        for tables, which in ((hidden, inside), (shown, ~inside)):
            if which.any():
                tables.append(_table(its_rank, key, _sorted(points, which)))
    connection.execute(
        """INSERT INTO metric_retractions (position, run_id, key, changed_at, columns)
           VALUES (?, ?, ?, ?, ?)""",
        (position, run_id, key, position, wide.encode(hidden)),
    )
    if shown:
        compactor.write(connection, {run_id: shown})
    count = sum(table.points for table in hidden)
    latest.replace(connection, run_id, key, _extent(shown), -count)


def reinstate(
    connection: sqlite3.Connection,
    compactor: Compactor,
    latest: LatestPoints,
    *,
    position: int,
    retraction: int,
) -> None:
    """Put back what a retraction took out; nothing when that was done already."""
    row = connection.execute(
        "SELECT run_id, key, columns FROM metric_retractions WHERE position = ?", (retraction,)
    ).fetchone()
    if row is None:
        return
    run_id, key, columns = row
    tables = wide.decode(columns)
    connection.execute(
        "UPDATE metric_retractions SET changed_at = ?, columns = ? WHERE position = ?",
        (position, wide.encode([]), retraction),
    )
    if not tables:
        return
    remaining = [
        _table(rank, key, points) for rank, points in _take_series(connection, run_id, key).items()
    ]
    together = wide.gather([*remaining, *tables])
    compactor.write(connection, {run_id: together})
    count = sum(table.points for table in tables)
    latest.replace(connection, run_id, key, _extent(together), count)


def erase(connection: sqlite3.Connection, latest: LatestPoints, run_id: str) -> None:
    """Remove everything that a run has in the tables."""
    latest.erase(connection, run_id)
    for owner in (run_id, _OWNERLESS + run_id):
        for (group_id,) in connection.execute(
            "SELECT group_id FROM metric_groups WHERE run_id = ?", (owner,)
        ).fetchall():
            connection.execute(
                "DELETE FROM metric_blocks WHERE block_id BETWEEN ? AND ?",
                (group_id * BLOCK_IDS, group_id * BLOCK_IDS + BLOCK_IDS - 1),
            )
        connection.execute("DELETE FROM metric_groups WHERE run_id = ?", (owner,))
    for table in ("metric_wide", "metric_tails", "metric_retractions"):
        connection.execute(f"DELETE FROM {table} WHERE run_id = ?", (run_id,))


def _take_series(connection: sqlite3.Connection, run_id: str, key: str) -> Taken:
    """Remove a series from the tables and return its points."""
    found: dict[int, list[Points]] = {}
    for wide_id, columns in connection.execute(
        "SELECT wide_id, columns FROM metric_wide WHERE run_id = ? ORDER BY wide_id", (run_id,)
    ).fetchall():
        tables = wide.decode(columns)
        if any(key in table.values for table in tables):
            for table in tables:
                if key in table.values:
                    found.setdefault(table.rank, []).append(table.of(key))
            _put_without(connection, wide_id, key, tables)
    for rank, columns in connection.execute(
        "SELECT rank, columns FROM metric_tails WHERE run_id = ? AND key = ? ORDER BY tail_id",
        (run_id, key),
    ):
        found.setdefault(rank, []).append(points_of(columns))
    for rank, columns in connection.execute(
        f"""SELECT g.rank, b.columns FROM metric_groups g CROSS JOIN metric_blocks b
            ON b.block_id BETWEEN g.group_id * {BLOCK_IDS}
                              AND g.group_id * {BLOCK_IDS} + g.blocks - 1
            WHERE g.run_id = ? AND g.key = ? ORDER BY b.block_id""",
        (run_id, key),
    ):
        found.setdefault(rank, []).append(points_of(columns))
    connection.execute("DELETE FROM metric_tails WHERE run_id = ? AND key = ?", (run_id, key))
    connection.execute(
        "UPDATE metric_groups SET run_id = ? WHERE run_id = ? AND key = ?",
        (_OWNERLESS + run_id, run_id, key),
    )
    return {rank: joined(found[rank]) for rank in sorted(found)}


def _put_without(
    connection: sqlite3.Connection, wide_id: int, key: str, tables: list[Wide]
) -> None:
    """Write a wide row again without one of its metrics."""
    left = []
    for table in tables:
        values = {each: column for each, column in table.values.items() if each != key}
        if values:
            left.append(Wide(table.rank, table.points, table.steps, table.timestamps, values))
    if not left:
        connection.execute("DELETE FROM metric_wide WHERE wide_id = ?", (wide_id,))
        return
    points, series, _ = wide.size_of(left)
    connection.execute(
        "UPDATE metric_wide SET points = ?, series = ?, columns = ? WHERE wide_id = ?",
        (points, series, wide.encode(left), wide_id),
    )


def _sorted(points: Points, which: "Flags") -> Points:
    import numpy as np

    some = points.take(np.flatnonzero(which))
    # The bits of a value, because a NaN has no place among numbers.
    order = np.lexsort((some.values.view("<i8"), some.timestamps, some.steps))
    return some.take(order)


def _table(rank: int, key: str, points: Points) -> Wide:
    return Wide(
        rank,
        len(points),
        store_ints(points.steps.tobytes()),
        store_ints(points.timestamps.tobytes()),
        {key: store_floats(points.values.tobytes())},
    )


def _extent(tables: list[Wide]) -> Extent | None:
    """What the points amount to; a number rather than a NaN that counts as much is the last,
    because the order in which they were logged is not known any more."""
    import numpy as np

    found: Extent | None = None
    for table in tables:
        (key,) = table.values
        points = table.of(key)
        nan = np.isnan(points.values)
        counted = np.where(nan, 0.0, points.values)
        finite = points.values[np.isfinite(points.values)]

        def point(index: int, points: Points = points) -> Point:
            value = float(points.values[index])
            is_nan = math.isnan(value)
            step, timestamp = int(points.steps[index]), int(points.timestamps[index])
            return step, timestamp, 0.0 if is_nan else value, is_nan

        extent: Extent = (
            point(int(np.lexsort((~nan, counted, points.timestamps, points.steps))[-1])),
            point(int(np.lexsort((nan, counted, points.timestamps, points.steps))[0])),
            float(finite.min()) if len(finite) else None,
            float(finite.max()) if len(finite) else None,
            len(points),
        )
        if found is None:
            found = extent
            continue
        latest = max(found[0], extent[0], key=lambda each: (*each[:3], not each[3]))
        found = (latest, *joined_extents(found, extent)[1:])
    return found
