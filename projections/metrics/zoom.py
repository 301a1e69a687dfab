"""Zoom: a series as a chart of some width shows it, exact at every zoom.

The x range is cut into buckets of equal width; of each bucket that has points their number, their
extremes and the last value are told.  Nothing is sampled: a spike of one point among ten million is
in its bucket's max.  What lies wholly in one bucket (a group of blocks, a block, a tail) is
answered from its summary, and only what straddles a border is unpacked, so that a chart costs what
its buckets cost and not what the series holds.
"""

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

import msgspec

from projections.metrics import stored, summary
from projections.metrics.packing import Points, joined, points_of
from projections.metrics.stored import Outline
from projections.views import Views

if TYPE_CHECKING:
    from projections.metrics.packing import Floats, Ints
    from projections.metrics.summary import Records

BUCKETS_MAX = 4096

BLOCKS_AT_A_TIME = 64
"""So many blocks are in memory unpacked: 12 MB."""

Axis = Literal["step", "timestamp"]


class Zoom(msgspec.Struct, frozen=True):
    """Buckets that have points, in order, in columns.

    width: of a bucket, in steps or milliseconds; the last one may reach beyond the range.
    starts: where each bucket begins; counts: points, as often as they were logged; nans, highs and
    lows: those of them that are NaN, plus infinity and minus infinity; mins and maxs: of the finite
    values, NaN where there are none; lasts: the value at the greatest x (of equal ones at the
    greatest timestamp, on a time axis step; then the greatest value), NaN and infinities as they
    are; first_x and last_x: of the points in the bucket.
    """

    width: int
    starts: "Ints"
    counts: "Ints"
    nans: "Ints"
    highs: "Ints"
    lows: "Ints"
    mins: "Floats"
    maxs: "Floats"
    lasts: "Floats"
    first_x: "Ints"
    last_x: "Ints"

    def __len__(self) -> int:
        return len(self.starts)


async def zoom(
    views: Views,
    run_id: str,
    key: str,
    *,
    buckets: int,
    axis: Axis = "step",
    start: int | None = None,
    end: int | None = None,
    rank: int | None = None,
) -> Zoom:
    """A series between two places of the x axis, both included, in at most so many buckets.

    axis: x is the step or the timestamp (milliseconds).  start, end: None for where the series
    begins and ends.  rank: only the points of this rank; None for those of all.  Empty when there
    is no such series, or nothing in the range.  ValueError when `buckets` is not 1 to BUCKETS_MAX
    or `end` comes before `start`.
    """
    if not 1 <= buckets <= BUCKETS_MAX:
        raise ValueError(f"a chart has 1 to {BUCKETS_MAX} buckets, not {buckets}")
    if start is not None and end is not None and end < start:
        raise ValueError("a range ends where it starts or later")
    outline = await Outline.of_series(views, run_id, key, rank)
    loose = await asyncio.to_thread(outline.wide_points)
    coarse = _coarse(outline, loose)
    first, last = _extent(coarse, axis)
    start = first if start is None else start
    end = last if end is None else end
    if not len(coarse) or end < start:
        return _zoom(_Ruler(axis, 0, 0, 1), [])
    ruler = _Ruler(axis, start, end, buckets)
    parts = [ruler.points(loose)]
    tails = summary.records_of(b"".join(each for each, _ in outline.tails))
    fits, straddles = ruler.sort(tails)
    parts.append(ruler.records(tails[fits]))
    parts.append(
        await asyncio.to_thread(
            ruler.unpacked, [outline.tails[index][1] for index in straddles.tolist()]
        )
    )
    wanted: list[int] = []
    groups = summary.records_of(b"".join(each for *_, each in outline.groups))
    fits, straddles = ruler.sort(groups)
    parts.append(ruler.records(groups[fits]))
    for index in straddles.tolist():
        group_id, count, _ = outline.groups[index]
        blocks = await stored.block_summaries(views, group_id, count)
        fits, cut = ruler.sort(blocks)
        parts.append(ruler.records(blocks[fits]))
        wanted += blocks["block"][cut].tolist()
    for place in range(0, len(wanted), BLOCKS_AT_A_TIME):
        some = await stored.blocks(views, wanted[place : place + BLOCKS_AT_A_TIME])
        parts.append(await asyncio.to_thread(ruler.unpacked, some))
    return _zoom(ruler, parts)


Part = tuple["Ints", "Records"]
"""Summaries and the bucket of each."""


class _Ruler:
    """Says which bucket a place on the x axis is in.

    Places are compared as Python's or numpy's integers, offsets are unsigned: a range may be as
    wide as all of 64 bits.
    """

    def __init__(self, axis: Axis, start: int, end: int, buckets: int) -> None:
        self.axis = axis
        self.start = start
        self.end = end
        self.width = -(-(end - start + 1) // buckets)
        self.least, self.greatest = (
            ("min_step", "max_step") if axis == "step" else ("min_time", "max_time")
        )

    def bucket(self, places: "Ints") -> "Ints":
        """The buckets of places within the range."""
        import numpy as np

        if self.width > self.end - self.start:
            return np.zeros(len(places), "<i8")
        unsigned = places.astype("<i8").view("<u8") - np.uint64(self.start % 2**64)
        return (unsigned // np.uint64(self.width)).astype("<i8")

    def sort(self, records: "Records") -> "tuple[Ints, Ints]":
        """(indices of the records that lie in one bucket, of those that must be looked into)."""
        import numpy as np

        least, greatest = records[self.least], records[self.greatest]
        touches = np.flatnonzero((greatest >= self.start) & (least <= self.end))
        least, greatest = least[touches], greatest[touches]
        within = (least >= self.start) & (greatest <= self.end)
        fits = within & (self.bucket(least) == self.bucket(greatest))
        return touches[fits], touches[~fits]

    def records(self, records: "Records") -> Part:
        """Records that each lie in one bucket."""
        return self.bucket(records[self.least]), records

    def points(self, points: Points) -> Part:
        """Points, those outside the range left out, summarised by bucket."""
        places = points.steps if self.axis == "step" else points.timestamps
        inside = (places >= self.start) & (places <= self.end)
        if not inside.all():
            points, places = points.take(inside.nonzero()[0]), places[inside]
        return summary.summaries(points, self.bucket(places))

    def unpacked(self, stored_points: list[bytes]) -> Part:
        """Stored points, as `points` has them."""
        return self.points(joined([points_of(each) for each in stored_points]))


def _coarse(outline: Outline, loose: Points) -> "Records":
    """Summaries that together cover the series, as few as there are."""
    import numpy as np

    known = [each for each, _ in outline.tails] + [each for *_, each in outline.groups]
    records = [summary.records_of(b"".join(known))]
    if len(loose):
        records.append(summary.summary_of(loose))
    return np.concatenate(records)


def _extent(records: "Records", axis: Axis) -> tuple[int, int]:
    if not len(records):
        return 0, 0
    least, greatest = ("min_step", "max_step") if axis == "step" else ("min_time", "max_time")
    return int(records[least].min()), int(records[greatest].max())


def _parts(parts: list[Part]) -> Iterator[Part]:
    return (part for part in parts if len(part[0]))


def _zoom(ruler: _Ruler, parts: list[Part]) -> Zoom:
    import numpy as np

    some = list(_parts(parts))
    if some:
        buckets, made = summary.combine(
            np.concatenate([records for _, records in some]),
            np.concatenate([buckets for buckets, _ in some]),
        )
    else:
        buckets, made = np.empty(0, "<i8"), summary.none()
    starts = buckets.view("<u8") * np.uint64(min(ruler.width, 2**64 - 1))
    return Zoom(
        width=ruler.width,
        starts=(starts + np.uint64(ruler.start % 2**64)).view("<i8"),
        counts=made["points"],
        nans=made["nans"],
        highs=made["highs"],
        lows=made["lows"],
        mins=made["min"],
        maxs=made["max"],
        lasts=made["last" if ruler.axis == "step" else "latest"],
        first_x=made[ruler.least],
        last_x=made[ruler.greatest],
    )
