"""Compaction: how points move, so that reads stay fast and each point is rewritten a few times.

1. A batch writes one wide row per run.  Wide rows are in tiers by their number of points; when a
   run has FAN_IN of them in a tier they become one, in a higher tier.
2. When a run's wide rows hold enough points per series for a block they are taken apart; a series
   with enough points gets blocks, which stay.
3. The others, and those of runs with so many metrics that their wide rows grow too large before,
   get tails, which become blocks when they hold enough.

Blocks never change, so besides the summary of each there are those of its cells, ranges of steps
whose width is a power of two: a chart whose buckets are as wide or wider needs no block unpacked.
Where the wider coarse cells will do it reads a third as much.

Every merge sorts by step, so that blocks overlap little even when points were logged out of order.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from projections.metrics import summary, wide
from projections.metrics.packing import (
    Points,
    block_of,
    floats_of,
    ints_of,
    joined,
    order_by_step,
    points_of,
    store_floats,
    store_ints,
    store_points,
)
from projections.metrics.wide import Wide

if TYPE_CHECKING:
    from projections.metrics.packing import Flags, Ints

FAN_IN = 16
"""So many wide rows of a tier, or tails of a series, become one."""

BLOCK_POINTS = 4096
"""A block has as many points or more, but not twice as many."""

WIDE_POINTS_PER_SERIES = BLOCK_POINTS
"""Wide rows are taken apart when they hold so many points per series.  Shorter runs stay as they
are: packed, with one column of steps for all metrics, and no half empty pages."""

WIDE_BYTES = 1_000_000
"""Beyond this TAIL_POINTS per series will do: whoever reads a series reads its run's wide rows."""

TAIL_POINTS = 448
"""A tail of so many ordinary points fills a page of the views file."""

WIDE_BYTES_LARGE = 16_000_000
"""Beyond this FAN_IN points per series will do."""

WIDE_BYTES_MAX = 64_000_000
"""Beyond this wide rows are taken apart in any case."""

BLOCK_IDS = 64
"""A group has so many ids for its blocks, which count up from its own id times this."""

GROUP_BLOCKS = BLOCK_IDS
"""So many blocks fill a group."""

CELLS_MAX = 16
"""A block has so many cells at most."""

COARSE_MAX = 4
"""A block has so many coarse cells at most."""

Series = tuple[str, int]
"""(key, rank) within a run."""


class Compactor:
    """Writes what a batch brought, and moves points when it pays.

    It counts the wide rows written per run only to know when to look: the counts start empty, and
    looking reads the truth.
    """

    def __init__(self, runs_max: int = 100_000) -> None:
        self._written: dict[str, int] = {}
        self._runs_max = runs_max

    def write(self, connection: sqlite3.Connection, batch: Mapping[str, list[Wide]]) -> None:
        """Put down the tables of each run."""
        written = self._written
        wides: list[tuple[str, int, int, bytes]] = []
        due = []
        for run_id, tables in batch.items():
            points, series, size = wide.size_of(tables)
            if is_enough(points, series, size):
                # So much at once need not be written twice.
                _take_apart(connection, run_id, _take_wide(connection, run_id) + tables)
                written.pop(run_id, None)
                continue
            wides.append((run_id, points, series, wide.encode(tables)))
            count = written.get(run_id, 0) + 1 + FAN_IN * size // WIDE_BYTES_LARGE
            if count >= FAN_IN:
                due.append(run_id)
                count = 0
            written[run_id] = count
        connection.executemany(_PUT_WIDE, wides)
        for run_id in due:
            _look(connection, run_id)
        if len(written) > self._runs_max:
            written.clear()


def is_enough(points: int, series: int, size: int) -> bool:
    """Should wide rows with so many points, series and bytes be taken apart?"""
    return (
        points >= WIDE_POINTS_PER_SERIES * series
        or (size >= WIDE_BYTES and points >= TAIL_POINTS * series)
        or (size >= WIDE_BYTES_LARGE and points >= FAN_IN * series)
        or size >= WIDE_BYTES_MAX
    )


_PUT_WIDE = "INSERT INTO metric_wide (run_id, points, series, columns) VALUES (?, ?, ?, ?)"


def _look(connection: sqlite3.Connection, run_id: str) -> None:
    """Take a run's wide rows apart, or merge those that are many in their tier."""
    rows = connection.execute(
        "SELECT wide_id, points, series, length(columns) FROM metric_wide WHERE run_id = ?",
        (run_id,),
    ).fetchall()
    points, size = sum(row[1] for row in rows), sum(row[3] for row in rows)
    if is_enough(points, max(row[2] for row in rows), size):
        _take_apart(connection, run_id, _take_wide(connection, run_id))
        return
    tiers: dict[int, list[int]] = {}
    for wide_id, points, *_ in rows:
        tiers.setdefault((points.bit_length() - 1) // 4, []).append(wide_id)
    for some in tiers.values():
        if len(some) >= FAN_IN:
            _merge_wide(connection, run_id, some)


def _merge_wide(connection: sqlite3.Connection, run_id: str, wide_ids: Sequence[int]) -> None:
    found: list[Wide] = []
    for wide_id in wide_ids:
        ((columns,),) = connection.execute(
            "SELECT columns FROM metric_wide WHERE wide_id = ?", (wide_id,)
        )
        found += wide.decode(columns)
    connection.executemany("DELETE FROM metric_wide WHERE wide_id = ?", [(i,) for i in wide_ids])
    tables = wide.gather(found, pack=True)
    points, series, _ = wide.size_of(tables)
    connection.execute(_PUT_WIDE, (run_id, points, series, wide.encode(tables)))


def _take_wide(connection: sqlite3.Connection, run_id: str) -> list[Wide]:
    """Remove the wide rows of a run and return what they held."""
    rows = connection.execute(
        "SELECT columns FROM metric_wide WHERE run_id = ? ORDER BY wide_id", (run_id,)
    ).fetchall()
    connection.execute("DELETE FROM metric_wide WHERE run_id = ?", (run_id,))
    return [table for (columns,) in rows for table in wide.decode(columns)]


# From wide rows to tails and blocks


def _take_apart(connection: sqlite3.Connection, run_id: str, tables: list[Wide]) -> None:
    """Give each series of the tables a tail, or blocks when there are enough points."""
    known: dict[Series, tuple[int, int]] = {
        (key, rank): (tails, points)
        for key, rank, tails, points in connection.execute(
            """SELECT key, rank, count(*), sum(points) FROM metric_tails
               WHERE run_id = ? GROUP BY key, rank""",
            (run_id,),
        )
    }
    tables = [_sorted(table) for table in wide.gather(tables)]
    holding: dict[Series, list[Wide]] = {}
    for table in tables:
        for key in table.values:
            holding.setdefault((key, table.rank), []).append(table)
    for table in tables:
        alone: dict[str, bytes] = {}
        for key, column in table.values.items():
            series = key, table.rank
            all_tables = holding[series]
            tails, points = known.get(series, (0, 0))
            points += sum(each.points for each in all_tables)
            if len(all_tables) == 1 and tails + 1 < FAN_IN and points < BLOCK_POINTS:
                alone[key] = column
            elif all_tables[0] is table:
                pieces = [each.of(key) for each in all_tables]
                if tails and (tails + 1 >= FAN_IN or points >= BLOCK_POINTS):
                    pieces = _take_tails(connection, run_id, series) + pieces
                _put_points(connection, run_id, series, joined(pieces))
        if alone:
            _put_tails(connection, run_id, table, alone)


def _sorted(table: Wide) -> Wide:
    """The table sorted by step, its columns as they were when they are already."""
    steps = ints_of(table.steps, table.points)
    timestamps = ints_of(table.timestamps, table.points)
    order = order_by_step(steps, timestamps)
    if order is None:
        return table
    return Wide(
        table.rank,
        table.points,
        steps[order].tobytes(),
        timestamps[order].tobytes(),
        {
            key: floats_of(column, table.points)[order].tobytes()
            for key, column in table.values.items()
        },
    )


def _put_tails(
    connection: sqlite3.Connection, run_id: str, table: Wide, columns: dict[str, bytes]
) -> None:
    """A tail for each metric; the steps that they share are packed once."""
    import numpy as np

    count, keys = table.points, len(columns)
    steps, timestamps = ints_of(table.steps, count), ints_of(table.timestamps, count)
    values = [floats_of(column, count) for column in columns.values()]
    _, summaries = summary.summaries(
        Points(np.tile(steps, keys), np.tile(timestamps, keys), np.concatenate(values)),
        np.repeat(np.arange(keys), count),
    )
    stored_steps, stored_timestamps = store_ints(steps.tobytes()), store_ints(timestamps.tobytes())
    connection.executemany(
        _PUT_TAIL,
        [
            (
                run_id,
                key,
                table.rank,
                count,
                each.tobytes(),
                block_of(count, stored_steps, stored_timestamps, store_floats(value.tobytes())),
            )
            for key, value, each in zip(columns, values, summaries, strict=True)
        ],
    )


_PUT_TAIL = """INSERT INTO metric_tails (run_id, key, rank, points, summary, columns)
               VALUES (?, ?, ?, ?, ?, ?)"""


def _take_tails(connection: sqlite3.Connection, run_id: str, series: Series) -> list[Points]:
    rows = connection.execute(
        """SELECT tail_id, columns FROM metric_tails
           WHERE run_id = ? AND key = ? AND rank = ? ORDER BY tail_id""",
        (run_id, *series),
    ).fetchall()
    connection.executemany("DELETE FROM metric_tails WHERE tail_id = ?", [row[:1] for row in rows])
    return [points_of(columns) for _, columns in rows]


def _put_points(
    connection: sqlite3.Connection, run_id: str, series: Series, points: Points
) -> None:
    """Points of one series become a tail, or blocks of nearly equal size."""
    import numpy as np

    order = order_by_step(points.steps, points.timestamps)
    if order is not None:
        points = points.take(order)
    count = len(points) // BLOCK_POINTS
    if not count:
        content = summary.summary_of(points).tobytes(), store_points(points)
        connection.execute(_PUT_TAIL, (run_id, *series, len(points), *content))
        return
    borders = np.arange(count + 1) * len(points) // count
    of_block = np.repeat(np.arange(count), np.diff(borders))
    _, summaries = summary.summaries(points, of_block)
    cells = _cells(points, of_block, _bits(summaries, CELLS_MAX))
    blocks = [
        store_points(points.slice(start, stop))
        for start, stop in zip(borders[:-1].tolist(), borders[1:].tolist(), strict=True)
    ]
    _put_blocks(connection, run_id, series, blocks, summaries, cells)


def _bits(blocks: "summary.Records", cells_max: int) -> "Ints":
    """How wide the cells of each block are."""
    import numpy as np

    ends = zip(blocks["min_step"].tolist(), blocks["max_step"].tolist(), strict=True)
    return np.array([cell_bits(first, last, cells_max) for first, last in ends], "<i8")


def _cells(points: Points, of_block: "Ints", bits: "Ints") -> "summary.Records":
    """The summaries of the cells of blocks, in order; `block` counts them from 0."""
    new = _begins(points.steps >> bits[of_block], of_block)
    _, made = summary.summaries(points, new.cumsum())
    made["block"] = of_block[new]
    return made


def _coarse(cells: "summary.Records", bits: "Ints") -> "summary.Records":
    """The summaries of the coarse cells, which the cells of blocks fill."""
    new = _begins(cells["min_step"] >> bits[cells["block"]], cells["block"])
    _, made = summary.combine(cells, new.cumsum())
    made["block"] = cells["block"][new]
    return made


def _begins(cell: "Ints", block: "Ints") -> "Flags":
    """Where does another cell, or the cell of another block, begin?"""
    import numpy as np

    return np.concatenate(([True], (cell[1:] != cell[:-1]) | (block[1:] != block[:-1])))


def cell_bits(first: int, last: int, cells_max: int) -> int:
    """How wide the cells of steps from first to last are: as a power of two, the least that does
    with so many of them."""
    bits = ((last - first) // cells_max).bit_length()
    return bits if (last >> bits) - (first >> bits) < cells_max else bits + 1


def _put_blocks(
    connection: sqlite3.Connection,
    run_id: str,
    series: Series,
    blocks: Sequence[bytes],
    summaries: "summary.Records",
    cells: "summary.Records",
) -> None:
    """Add blocks to the group of the series that is not full, and to new ones."""
    coarse_bits = _bits(summaries, COARSE_MAX)
    coarse = _coarse(cells, coarse_bits)
    row = connection.execute(
        """SELECT group_id, summaries, cells, coarse, coarse_bits FROM metric_groups
           WHERE run_id = ? AND key = ? AND rank = ? AND blocks < ?""",
        (run_id, *series, GROUP_BLOCKS),
    ).fetchone()
    start = 0
    while start < len(blocks):
        if row is None:
            cursor = connection.execute(
                """INSERT INTO metric_groups
                       (run_id, key, rank, blocks, points, summary, coarse_bits, coarse, summaries,
                        cells)
                   VALUES (?, ?, ?, 0, 0, x'', 0, x'', x'', x'')""",
                (run_id, *series),
            )
            assert cursor.lastrowid is not None
            row = cursor.lastrowid, b"", b"", b"", 0
        group_id, before, cells_before, coarse_before, bits_before = row
        known = summary.records_of(before)
        added = summaries[start : start + GROUP_BLOCKS - len(known)].copy()
        first = group_id * BLOCK_IDS + len(known)
        added["block"] = range(first, first + len(added))
        connection.executemany(
            "INSERT INTO metric_blocks VALUES (?, ?)",
            enumerate(blocks[start : start + len(added)], first),
        )
        stop = start + len(added)
        together = before + added.tobytes()
        records = summary.records_of(together)
        connection.execute(
            """UPDATE metric_groups SET blocks = ?, points = ?, summary = ?, coarse_bits = ?,
                   coarse = ?, summaries = ?, cells = ? WHERE group_id = ?""",
            (
                len(records),
                int(records["points"].sum()),
                summary.whole(records).tobytes(),
                max(bits_before, int(coarse_bits[start:stop].max())),
                coarse_before + _of_blocks(coarse, start, stop, first),
                together,
                cells_before + _of_blocks(cells, start, stop, first),
                group_id,
            ),
        )
        start = stop
        row = None


def _of_blocks(cells: "summary.Records", start: int, stop: int, first: int) -> bytes:
    """The cells of some blocks, the first of which gets this id, to be stored."""
    own = cells[(cells["block"] >= start) & (cells["block"] < stop)].copy()
    own["block"] += first - start
    stored: bytes = own.tobytes()
    return stored
