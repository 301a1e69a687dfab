"""Charts: many series on one grid, so that their buckets can be compared, drawn and joined.

A bucket is as wide as a power of two and begins at a multiple of it.  So the summaries of cells
(`compaction.py`) fill whole buckets, buckets stay what they are while a series grows, and a hundred
series of a million points cost what their cells cost.  What a border of a bucket cuts is unpacked.
Where that would be too much, buckets along steps become wider than asked for; along times, where
cells are not aligned, a cell that a border cuts is put on one side whole, and the chart says so.
"""

import asyncio
from collections.abc import Sequence

import msgspec

from projections.metrics.buckets import Grid, Part
from projections.metrics.canvas import Axis, Canvas, Chart, Series, nothing
from projections.metrics.zoom import BLOCKS_AT_A_TIME
from projections.views import Snapshot, Views

BLOCKS_MAX: dict[Axis, int] = {"step": 3000, "timestamp": 500, "relative": 500}
"""Blocks that are unpacked for a chart: a thousand take a sixth of a second."""

BLOCKS_QUICK = 200
"""Blocks that are unpacked for who would rather see something soon."""

CHUNKS_AT_A_TIME = 2
"""So many are on the way, between a connection and a processor."""


async def draw(
    views: Views,
    run_ids: Sequence[str],
    keys: Sequence[str],
    *,
    buckets: int,
    axis: Axis = "step",
    start: int | None = None,
    end: int | None = None,
    rank: int | None = None,
    quick: bool = False,
) -> Chart:
    """Each of these metrics of each of these runs, in at most so many buckets, 2 or more.

    axis: x is the step, the timestamp in milliseconds, or the milliseconds since the run's start.
    start, end: the range, both included, which is made whole buckets; None for where the first
    series begins and the last one ends.  quick: with wider buckets, or less exact, where the best
    answer takes long.
    """
    series: list[Series] = [(run_id, key) for key in keys for run_id in run_ids]
    asked = msgspec.json.encode(run_ids).decode(), msgspec.json.encode(keys).decode()
    async with views.snapshot() as snapshot:
        rows = await snapshot.fetchall(_STORED, (*asked, rank))
        starts: dict[str, int] = {}
        if axis == "relative":
            starts = dict(await snapshot.fetchall(_STARTS, asked[:1]))
        blocks_max = min(BLOCKS_MAX[axis], BLOCKS_QUICK) if quick else BLOCKS_MAX[axis]
        canvas = await asyncio.to_thread(Canvas, rows, series, starts, axis, rank, blocks_max)
        grid = await _chosen(snapshot, canvas, buckets, start, end)
        if grid is None:
            return nothing(series)
        parts = await _parts(snapshot, canvas, grid)
    chart = await asyncio.to_thread(canvas.finish, grid, parts)
    if quick and not (chart.exact and grid.is_finest):
        chart = msgspec.structs.replace(chart, final=False)
    return chart


async def _chosen(
    snapshot: Snapshot, canvas: Canvas, buckets: int, start: int | None, end: int | None
) -> Grid | None:
    """The grid, and the canvas with the cells that it needs; None when there is nothing in it."""
    grid = canvas.finest(buckets, start, end)
    while grid is not None:
        fine, coarse = canvas.missing(grid)
        if fine or coarse:
            cells = await snapshot.fetchall(_CELLS, (_json(fine), _json(coarse)))
            await asyncio.to_thread(canvas.take, cells)
        if not await asyncio.to_thread(canvas.opens_too_much, grid):
            break
        grid = grid.wider()
    return grid


async def _parts(snapshot: Snapshot, canvas: Canvas, grid: Grid) -> list[Part]:
    """All that is on the grid; while some blocks are unpacked the next are fetched."""
    wanted = list(grid.opened)
    several = asyncio.Semaphore(CHUNKS_AT_A_TIME)

    async def unpacked(some: list[int]) -> Part:
        async with several:
            rows = await snapshot.fetchall(_BLOCKS, (_json(some),))
            return await asyncio.to_thread(canvas.unpacked, grid, rows)

    chunks = [
        wanted[place : place + BLOCKS_AT_A_TIME]
        for place in range(0, len(wanted), BLOCKS_AT_A_TIME)
    ]
    parts = await asyncio.to_thread(canvas.parts, grid)
    tasks = [asyncio.ensure_future(unpacked(some)) for some in chunks]
    try:
        return parts + await asyncio.gather(*tasks)
    finally:
        # Where one has failed the others must leave the snapshot alone.
        for task in tasks:
            task.cancel()


_RUNS = "json_each(?1) i"
_BOTH = f"{_RUNS} CROSS JOIN json_each(?2) k"
_OF_SERIES = "p.run_id = i.value AND p.key = k.value AND (?3 IS NULL OR p.rank = ?3)"

_STORED = f"""
    SELECT 0, p.run_id, NULL, NULL, NULL, p.columns
    FROM {_RUNS} CROSS JOIN metric_wide p ON p.run_id = i.value
    UNION ALL SELECT 1, p.run_id, p.key, p.summary, NULL, p.columns
    FROM {_BOTH} CROSS JOIN metric_tails p ON {_OF_SERIES}
    UNION ALL SELECT 2, p.run_id, p.key, p.summary, p.group_id, p.coarse_bits
    FROM {_BOTH} CROSS JOIN metric_groups p ON {_OF_SERIES}"""
"""Points move from one of these tables to another: of what is read in pieces see one snapshot."""

_CELLS = """
    SELECT g.group_id, g.cells
    FROM json_each(?1) i CROSS JOIN metric_groups g ON g.group_id = i.value
    UNION ALL SELECT g.group_id, g.coarse
    FROM json_each(?2) i CROSS JOIN metric_groups g ON g.group_id = i.value"""

_BLOCKS = """SELECT b.block_id, b.columns FROM json_each(?) i
             CROSS JOIN metric_blocks b ON b.block_id = i.value"""

_STARTS = f"SELECT r.run_id, r.start_time FROM {_RUNS} CROSS JOIN runs r ON r.run_id = i.value"


def _json(numbers: Sequence[int]) -> str:
    return msgspec.json.encode(numbers).decode()
