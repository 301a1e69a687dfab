"""What the points of a batch amount to per metric, found in the columns as they came."""

import math
import struct
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from projections.metrics.packing import ENTRY_BYTES, ints_of, raw_of
from projections.metrics.wide import Wide

if TYPE_CHECKING:
    from projections.metrics.packing import Ints

FEW_POINTS = 256
"""Up to here plain tuples are faster than arrays."""

Point = tuple[int, int, float, bool]
"""(step, timestamp, value, is_nan): the value is 0 where it is NaN."""

Extent = tuple[Point, Point, float | None, float | None, int]
"""(last point, first point, least and greatest of the finite values, number of points).

The last point is the one with the greatest (step, timestamp, value), NaN counting as 0 (rule M1);
of equal ones the first logged stays, so that a later NaN does not displace a 0.  The first is the
one with the least, a number before a NaN that counts as much.
"""


def joined(one: Extent, other: Extent) -> Extent:
    """What the points of both amount to; those of `one` were logged before."""
    latest, first, lowest, highest, points = one
    if other[0][:3] > latest[:3]:
        latest = other[0]
    if other[1] < first:
        first = other[1]
    low, high = other[2], other[3]
    if lowest is None or (low is not None and low < lowest):
        lowest = low
    if highest is None or (high is not None and high > highest):
        highest = high
    return latest, first, lowest, highest, points + other[4]


def extent_of(table: Wide) -> Iterator[tuple[str, Extent]]:
    """What each metric of a table amounts to."""
    count = table.points
    columns = table.values
    raws = [raw_of(column, count) for column in columns.values()]
    if count == 1:
        (step,) = struct.unpack("<q", raw_of(table.steps, 1))
        (timestamp,) = struct.unpack("<q", raw_of(table.timestamps, 1))
        values = struct.unpack(f"<{len(raws)}d", b"".join(raws))
        for key, value in zip(columns, values, strict=True):
            finite = value if math.isfinite(value) else None
            point = _point(step, timestamp, value)
            yield key, (point, point, finite, finite, 1)
        return
    last, first = _ends(table)
    extremes = _few_extremes if count * len(raws) <= FEW_POINTS else _extremes
    for key, raw, (low, high) in zip(columns, raws, extremes(raws, count), strict=True):
        latest = _point(last[0], last[1], _value(raw, last[2], greatest=True))
        earliest = _point(first[0], first[1], _value(raw, first[2], greatest=False))
        yield key, (latest, earliest, low, high, count)


def _point(step: int, timestamp: int, value: float) -> Point:
    is_nan = math.isnan(value)
    return step, timestamp, 0.0 if is_nan else value, is_nan


Extremes = Iterator[tuple[float | None, float | None]]
"""Per column (least, greatest) of its finite values."""


def _few_extremes(raws: Sequence[bytes], count: int) -> Extremes:
    layout = f"<{count}d"
    for raw in raws:
        values: Sequence[float] = struct.unpack(layout, raw)
        if not math.isfinite(sum(values)):
            values = [value for value in values if math.isfinite(value)]
        yield min(values, default=None), max(values, default=None)


def _extremes(raws: Sequence[bytes], count: int) -> Extremes:
    import numpy as np  # here, because importing it takes a third of the server's start

    matrix = np.frombuffer(b"".join(raws), "<f8").reshape(len(raws), count)
    lows, highs = matrix.min(axis=1), matrix.max(axis=1)
    # A NaN and an infinity show in one of the two.
    clean = (np.isfinite(lows) & np.isfinite(highs)).tolist()
    for index, (low, high) in enumerate(zip(lows.tolist(), highs.tolist(), strict=True)):
        if clean[index]:
            yield low, high
            continue
        values = matrix[index][np.isfinite(matrix[index])]
        yield (float(values.min()), float(values.max())) if len(values) else (None, None)


End = tuple[int, int, Sequence[int]]
"""(step, timestamp, indices of the points that have them)."""


def _ends(table: Wide) -> tuple[End, End]:
    """The points with the greatest (step, timestamp), and those with the least."""
    count = table.points
    if count > FEW_POINTS:
        return _ends_of_many(table)
    layout = f"<{count}q"
    steps = struct.unpack(layout, raw_of(table.steps, count))
    timestamps = struct.unpack(layout, raw_of(table.timestamps, count))
    places = list(zip(steps, timestamps, strict=True))
    last, first = max(places), min(places)
    return (*last, _indices(places, last)), (*first, _indices(places, first))


def _indices(places: list[tuple[int, int]], place: tuple[int, int]) -> Sequence[int]:
    if places.count(place) == 1:
        return [places.index(place)]
    return [index for index, each in enumerate(places) if each == place]


def _ends_of_many(table: Wide) -> tuple[End, End]:
    import numpy as np

    steps = ints_of(table.steps, table.points)
    timestamps = ints_of(table.timestamps, table.points)

    def end(step: int, *, greatest: bool) -> End:
        candidates: Ints = np.flatnonzero(steps == step)
        times = timestamps[candidates]
        time = times.max() if greatest else times.min()
        return int(step), int(time), candidates[times == time].tolist()

    return end(steps.max(), greatest=True), end(steps.min(), greatest=False)


def _value(raw: bytes, candidates: Sequence[int], *, greatest: bool) -> float:
    value: float
    if len(candidates) == 1:
        (value,) = _DOUBLE.unpack_from(raw, candidates[0] * ENTRY_BYTES)
        return value
    values: list[float] = [_DOUBLE.unpack_from(raw, index * ENTRY_BYTES)[0] for index in candidates]
    if greatest:
        # max keeps the first of equals.
        return max(values, key=lambda value: 0.0 if math.isnan(value) else value)
    return min(values, key=lambda value: (0.0, True) if math.isnan(value) else (value, False))


_DOUBLE = struct.Struct("<d")
