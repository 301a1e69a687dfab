"""A chart being drawn: what was read of its series, and where each piece of it belongs."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from projections.metrics import summary, wide
from projections.metrics.buckets import COUNTED, Grid, Part, beside, folded, together
from projections.metrics.packing import Points, joined, points_of

if TYPE_CHECKING:
    from projections.metrics.packing import Floats, Ints
    from projections.metrics.summary import Columns, Records

Axis = Literal["step", "timestamp", "relative"]

Series = tuple[str, str]
"""(run id, key)."""

_FIELDS: dict[Axis, tuple[str, ...]] = {
    "step": ("min_step", "max_step", "last_time", "last"),
    "timestamp": ("min_time", "max_time", "latest_step", "latest"),
    "relative": ("min_time", "max_time", "latest_step", "latest"),
}
"""Of summaries: the least and the greatest x, what decides between points there, and the value."""


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


class Canvas:
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
        self._tails = [row[5] for row in tails]
        self._of_tail = _ints(number[row[1], row[2]] for row in tails)
        self._tail = summary.records_of(b"".join(row[3] for row in tails))
        self._of_group = _ints(number[row[1], row[2]] for row in groups)
        self._group = summary.records_of(b"".join(row[3] for row in groups))
        self._group_ids = [row[4] for row in groups]
        self._coarse_bits = _ints(row[5] for row in groups)
        self._cells: dict[int, bytes] = {}
        self._cell = summary.columns_of([])
        self._group_of_cell = self._of_cell = _ints(())
        self._in_cells = _ints(()), _ints(())
        self._loose, self._of_loose = _loose_points(rows, number, rank)
        self._at_loose = self._places(self._loose, self._of_loose)

    def _places(self, points: Points, owners: "Ints | int") -> "Ints":
        if self._axis == "step":
            return points.steps
        since: Ints = points.timestamps - self._origins[owners]
        return since

    def _ends(self, records: "Records | Columns", owners: "Ints") -> "tuple[Ints, Ints]":
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

    def missing(self, grid: Grid) -> tuple[list[int], list[int]]:
        """Groups whose cells are needed and not here: (those, others whose coarse ones will do)."""
        _, cut = self._sort(grid, self._group, self._of_group)
        fine: list[int] = []
        coarse: list[int] = []
        # Along times, where a bucket's border cuts any cell, those that are wider are worse.
        will_do = (self._axis == "step") & (self._coarse_bits <= grid.bits)
        for each in cut.tolist():
            if each not in self._cells:
                (coarse if will_do[each] else fine).append(self._group_ids[each])
        return fine, coarse

    def take(self, rows: list[tuple[int, bytes]]) -> None:
        """Cells, or coarse cells, of groups that were missing."""
        import numpy as np

        number = {group_id: index for index, group_id in enumerate(self._group_ids)}
        self._cells |= {number[group_id]: cells for group_id, cells in rows}
        self._cell = summary.columns_of(list(self._cells.values()))
        counts = [len(cells) // summary.BYTES for cells in self._cells.values()]
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

    def _sort(
        self, grid: Grid, records: "Records | Columns", owners: "Ints"
    ) -> "tuple[Ints, Ints]":
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

    def _placed(
        self, grid: Grid, records: "Records | Columns", owners: "Ints", which: "Ints"
    ) -> Part:
        """Records in the bucket where they end, or in the last one."""
        import numpy as np

        columns = [records[name] for name in (*COUNTED, *_FIELDS[self._axis])]
        greatest = records[self._greatest]
        if len(which) < len(owners):
            columns = [each[which] for each in columns]
            owners, greatest = owners[which], greatest[which]
        last = np.minimum(greatest - self._origins[owners], grid.greatest)
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
            return nothing(self._series, grid)
        places, columns = together(some)
        points, nans, highs, lows, sums, mins, maxs, least, greatest, lasts = columns
        with np.errstate(all="ignore"):
            # Where nothing is finite there is no mean.
            means = sums / (points - nans - highs - lows)
        borders = np.searchsorted(places, np.arange(len(self._series) + 1) * grid.buckets).tolist()
        drawn = nothing(self._series).series
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


def nothing(series: Sequence[Series], grid: Grid | None = None) -> Chart:
    """The chart of series that have no points on the grid."""
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
