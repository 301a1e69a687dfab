"""Charts: many series on one grid, so that their buckets can be compared, drawn and joined.

A bucket is as wide as a power of two and begins at a multiple of it.  So the summaries of cells
(`compaction.py`) fill whole buckets, buckets stay what they are while a series grows, and a hundred
series of a million points cost what their cells cost.  What a border of a bucket cuts is unpacked.
Where that would be too much, buckets along steps become wider than asked for; along times, where
cells are not aligned, a cell that a border cuts is put on one side whole, and the chart says so.
"""

import asyncio
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from projections.metrics import summary, wide
from projections.metrics.buckets import COUNTED, Grid, Part, beside, folded, together
from projections.metrics.packing import Points, joined, points_of
from projections.metrics.zoom import BLOCKS_AT_A_TIME
from projections.views import Snapshot, Views

if TYPE_CHECKING:
    from projections.metrics.packing import Floats, Ints
    from projections.metrics.summary import Records

Axis = Literal["step", "timestamp", "relative"]

BLOCKS_MAX: dict[Axis, int] = {"step": 3000, "timestamp": 500, "relative": 500}
"""Blocks that are unpacked for a chart: a thousand take a sixth of a second."""

BLOCKS_QUICK = 200
"""Blocks that are unpacked for who would rather see something soon."""

CHUNKS_AT_A_TIME = 2
"""So many are on the way, between a connection and a processor."""

Series = tuple[str, str]
"""(run id, key)."""


class Drawn(msgspec.Struct, frozen=True):
    """One series: the buckets that have points, in order, in columns.

    points: in the range, as often as they were logged; first_x, last_x: of them, None for none;
    buckets: the numbers of the buckets; mins, maxs, means: of the finite values, NaN where there
    are none; lasts: the value at the greatest x, NaN and infinities as they are.
    """

    run_id: str
    key: str
    points: int
    first_x: float | None
    last_x: float | None
    buckets: "Ints"
    counts: "Ints"
    mins: "Floats"
    maxs: "Floats"
    lasts: "Floats"
    means: "Floats"


class Chart(msgspec.Struct, frozen=True):
    """Series on one grid: bucket i begins at start + i * width.

    exact: every point is counted in its bucket; else some may be in the one before; final: it is
    not the quick answer where a better one can be had.
    """

    start: float
    width: float
    buckets: int
    exact: bool
    series: list[Drawn]
    final: bool = True


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
        canvas = await asyncio.to_thread(_Canvas, rows, series, starts, axis, rank, blocks_max)
        grid = await _chosen(snapshot, canvas, buckets, start, end)
        if grid is None:
            return _nothing(series)
        parts = await _parts(snapshot, canvas, grid)
    chart = await asyncio.to_thread(canvas.finish, grid, parts)
    if quick and not (chart.exact and grid.is_finest):
        chart = msgspec.structs.replace(chart, final=False)
    return chart


async def _chosen(
    snapshot: Snapshot, canvas: "_Canvas", buckets: int, start: int | None, end: int | None
) -> Grid | None:
    """The grid, and the canvas with the cells that it needs; None when there is nothing in it."""
    grid = canvas.finest(buckets, start, end)
    while grid is not None:
        missing = canvas.missing(grid)
        if missing:
            cells = await snapshot.fetchall(_CELLS, (_json(missing),))
            await asyncio.to_thread(canvas.take, cells)
        if not await asyncio.to_thread(canvas.opens_too_much, grid):
            break
        grid = grid.wider()
    return grid


async def _parts(snapshot: Snapshot, canvas: "_Canvas", grid: Grid) -> list[Part]:
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
    SELECT 0, p.run_id, NULL, NULL, p.columns
    FROM {_RUNS} CROSS JOIN metric_wide p ON p.run_id = i.value
    UNION ALL SELECT 1, p.run_id, p.key, p.summary, p.columns
    FROM {_BOTH} CROSS JOIN metric_tails p ON {_OF_SERIES}
    UNION ALL SELECT 2, p.run_id, p.key, p.summary, p.group_id
    FROM {_BOTH} CROSS JOIN metric_groups p ON {_OF_SERIES}"""
"""Points move from one of these tables to another: of what is read in pieces see one snapshot."""

_CELLS = """SELECT g.group_id, g.cells FROM json_each(?) i
            CROSS JOIN metric_groups g ON g.group_id = i.value"""

_BLOCKS = """SELECT b.block_id, b.columns FROM json_each(?) i
             CROSS JOIN metric_blocks b ON b.block_id = i.value"""

_STARTS = f"SELECT r.run_id, r.start_time FROM {_RUNS} CROSS JOIN runs r ON r.run_id = i.value"

_FIELDS: dict[Axis, tuple[str, ...]] = {
    "step": ("min_step", "max_step", "last_time", "last"),
    "timestamp": ("min_time", "max_time", "latest_step", "latest"),
    "relative": ("min_time", "max_time", "latest_step", "latest"),
}
"""Of summaries: the least and the greatest x, what decides between points there, and the value."""


class _Canvas:
    """What was read of the series, and where each piece of it belongs."""

    def __init__(
        self,
        rows: list[tuple[Any, ...]],
        series: Sequence[Series],
        starts: dict[str, int],
        axis: Axis,
        rank: int | None,
        blocks_max: int,
    ) -> None:
        import numpy as np

        self._series = series
        self._blocks_max = blocks_max
        self._axis = axis
        self._least, self._greatest, *_ = _FIELDS[axis]
        number = {each: index for index, each in enumerate(series)}
        self._origins = np.array([starts.get(run_id, 0) for run_id, _ in series], "<i8")
        tails = [row for row in rows if row[0] == 1]
        groups = [row for row in rows if row[0] == 2]
        # By series and age: what is added up later is nearly in order, which is quicker.
        groups.sort(key=lambda row: (number[row[1], row[2]], row[4]))
        self._tails = [row[4] for row in tails]
        self._of_tail = _ints(number[row[1], row[2]] for row in tails)
        self._tail = summary.records_of(b"".join(row[3] for row in tails))
        self._of_group = _ints(number[row[1], row[2]] for row in groups)
        self._group = summary.records_of(b"".join(row[3] for row in groups))
        self._group_ids = [row[4] for row in groups]
        self._cells: dict[int, bytes] = {}
        self._cell = summary.none()
        self._group_of_cell = self._of_cell = _ints(())
        self._in_cells = _ints(()), _ints(())
        self._loose, self._of_loose = _loose_points(rows, number, rank)
        self._at_loose = self._places(self._loose, self._of_loose)

    def _places(self, points: Points, owners: "Ints | int") -> "Ints":
        if self._axis == "step":
            return points.steps
        since: Ints = points.timestamps - self._origins[owners]
        return since

    def _ends(self, records: "Records", owners: "Ints") -> "tuple[Ints, Ints]":
        origins = self._origins[owners]
        return records[self._least] - origins, records[self._greatest] - origins

    def finest(self, buckets: int, start: int | None, end: int | None) -> Grid | None:
        """The grid of the range with so many buckets; None when there is nothing in it."""
        import numpy as np

        ends = [
            self._ends(self._tail, self._of_tail),
            self._ends(self._group, self._of_group),
            (self._at_loose, self._at_loose),
        ]
        least = np.concatenate([each for each, _ in ends])
        if not len(least):
            return None
        first = int(least.min()) if start is None else start
        last = int(np.concatenate([each for _, each in ends]).max()) if end is None else end
        if last < first:
            return None
        # A multiple of every power of two is 0, so a range around it has two buckets at least.
        buckets = max(buckets, 2)
        bits = max(0, (last - first) // buckets).bit_length()
        while (last >> bits) - (first >> bits) >= buckets:
            bits += 1
        return Grid(first, last, bits)

    def missing(self, grid: Grid) -> list[int]:
        """The groups whose cells the grid needs and that are not here."""
        _, cut = self._sort(grid, self._group, self._of_group)
        return [self._group_ids[each] for each in cut.tolist() if each not in self._cells]

    def take(self, rows: list[tuple[int, bytes]]) -> None:
        """Cells of groups that were missing."""
        import numpy as np

        number = {group_id: index for index, group_id in enumerate(self._group_ids)}
        self._cells |= {number[group_id]: cells for group_id, cells in rows}
        self._cell = summary.records_of(b"".join(self._cells.values()))
        counts = [len(cells) // self._cell.itemsize for cells in self._cells.values()]
        self._group_of_cell = np.repeat(list(self._cells), counts)
        self._of_cell = self._of_group[self._group_of_cell]

    def opens_too_much(self, grid: Grid) -> bool:
        """Note which blocks must be unpacked; none where they would be too many, and yes where a
        wider grid would do with fewer."""
        import numpy as np

        self._in_cells = self._sort_cells(grid)
        _, cut = self._in_cells
        opened, first = np.unique(self._cell["block"][cut], return_index=True)
        grid.exact = len(opened) <= self._blocks_max
        if grid.exact:
            owners = self._of_cell[cut][first].tolist()
            grid.opened = dict(zip(opened.tolist(), owners, strict=True))
        return not grid.exact and self._axis == "step" and grid.bits < 64

    def _sort_cells(self, grid: Grid) -> "tuple[Ints, Ints]":
        """As `_sort`, the cells of groups that do not lie in one bucket themselves."""
        import numpy as np

        needed = np.ones(len(self._group), bool)
        needed[self._sort(grid, self._group, self._of_group)[0]] = False
        inner, cut = self._sort(grid, self._cell, self._of_cell)
        needed = needed[self._group_of_cell]
        return inner[needed[inner]], cut[needed[cut]]

    def _sort(self, grid: Grid, records: "Records", owners: "Ints") -> "tuple[Ints, Ints]":
        """(indices of the records that lie in one bucket, of those that a border cuts)."""
        import numpy as np

        least, greatest = self._ends(records, owners)
        touches = np.flatnonzero((greatest >= grid.least) & (least <= grid.greatest))
        least, greatest = least[touches], greatest[touches]
        fits = grid.inside(least) & grid.inside(greatest)
        fits &= grid.bucket(least) == grid.bucket(greatest)
        return touches[fits], touches[~fits]

    def parts(self, grid: Grid) -> list[Part]:
        """All that need not be fetched any more, the oldest first."""
        import numpy as np

        inner, cut = self._in_cells
        if not grid.exact:
            inner = np.sort(np.concatenate([inner, cut]))
        elif grid.opened:
            # The rest of the blocks that will be unpacked comes with them.
            inner = inner[~np.isin(self._cell["block"][inner], list(grid.opened))]
        parts = [self._placed(grid, self._cell, self._of_cell, inner)]
        fits, _ = self._sort(grid, self._group, self._of_group)
        parts.append(self._placed(grid, self._group, self._of_group, fits))
        fits, cut = self._sort(grid, self._tail, self._of_tail)
        parts.append(self._placed(grid, self._tail, self._of_tail, fits))
        for index in cut.tolist():
            points = points_of(self._tails[index])
            parts.append(self._summarised(grid, points, int(self._of_tail[index])))
        parts.append(self._summarised(grid, self._loose, self._of_loose))
        return parts

    def _placed(self, grid: Grid, records: "Records", owners: "Ints", which: "Ints") -> Part:
        """Records in the bucket where they end, or in the last one."""
        import numpy as np

        if len(which) < len(records):
            records, owners = records[which], owners[which]
        greatest = records[self._greatest] - self._origins[owners]
        last = np.minimum(greatest, grid.greatest)
        columns = [records[name] for name in (*COUNTED, *_FIELDS[self._axis])]
        return owners * grid.buckets + grid.bucket(last), columns

    def _summarised(self, grid: Grid, points: Points, owners: "Ints | int") -> Part:
        """Points of the series that own them each, or all of them."""
        places = self._places(points, owners)
        inside = grid.inside(places)
        if not inside.all():
            which = inside.nonzero()[0]
            points, places = points.take(which), places[which]
            owners = owners if isinstance(owners, int) else owners[which]
        at = owners * grid.buckets + grid.bucket(places)
        if self._axis == "step":
            return folded(at, points.steps, points.timestamps, points.values)
        return folded(at, points.timestamps, points.steps, points.values)

    def unpacked(self, grid: Grid, rows: list[tuple[int, bytes]]) -> Part:
        """Blocks that were fetched."""

        # One by one: what a block needs stays in the processor's cache.
        parts = []
        for block_id, columns in rows:
            points = points_of(columns)
            parts.append(self._summarised(grid, points, grid.opened[block_id]))
        return beside(parts)

    def finish(self, grid: Grid, parts: list[Part]) -> Chart:
        """Everything together, series by series."""
        import numpy as np

        some = [part for part in parts if len(part[0])]
        if not some:
            return _nothing(self._series, grid)
        places, columns = together(some)
        points, nans, highs, lows, sums, mins, maxs, least, greatest, lasts = columns
        with np.errstate(all="ignore"):
            # Where nothing is finite there is no mean.
            means = sums / (points - nans - highs - lows)
        borders = np.searchsorted(places, np.arange(len(self._series) + 1) * grid.buckets).tolist()
        drawn = _nothing(self._series).series
        for index, (begin, end) in enumerate(pairwise(borders)):
            if begin == end:
                continue
            its, origin = slice(begin, end), int(self._origins[index])
            drawn[index] = Drawn(
                *self._series[index],
                points=int(points[its].sum()),
                first_x=int(least[its].min()) - origin,
                last_x=int(greatest[its].max()) - origin,
                buckets=places[its] - index * grid.buckets,
                counts=points[its],
                mins=mins[its],
                maxs=maxs[its],
                lasts=lasts[its],
                means=means[its],
            )
        return Chart(grid.start, grid.width, grid.buckets, grid.exact, drawn)


def _nothing(series: Sequence[Series], grid: Grid | None = None) -> Chart:
    import numpy as np

    ints, floats = np.empty(0, "<i8"), np.empty(0, "<f8")
    empty = [
        Drawn(run_id, key, 0, None, None, ints, ints, floats, floats, floats, floats)
        for run_id, key in series
    ]
    if grid is None:
        return Chart(0, 1, 0, True, empty)
    return Chart(grid.start, grid.width, grid.buckets, True, empty)


def _loose_points(
    rows: list[tuple[Any, ...]], number: dict[Series, int], rank: int | None
) -> tuple[Points, "Ints"]:
    """The points in wide rows, and whose they are."""
    import numpy as np

    pieces: list[tuple[int, Points]] = []
    of_run: dict[str, list[tuple[str, int]]] = {}
    for (run_id, key), index in number.items():
        of_run.setdefault(run_id, []).append((key, index))
    for kind, run_id, *_, columns in rows:
        if kind != 0:
            continue
        for table in wide.decode(columns):
            if rank is None or table.rank == rank:
                pieces += [
                    (index, table.of(key)) for key, index in of_run[run_id] if key in table.values
                ]
    # By series, so that what is summarised is in order already.
    pieces.sort(key=lambda each: each[0])
    owners = np.repeat(
        _ints(index for index, _ in pieces), _ints(len(points) for _, points in pieces)
    )
    return joined([points for _, points in pieces]), owners


def _ints(numbers: Iterable[int]) -> "Ints":
    import numpy as np

    return np.array(list(numbers), "<i8")


def _json(numbers: Sequence[int]) -> str:
    return msgspec.json.encode(numbers).decode()
