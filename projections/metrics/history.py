"""The history of a metric: every distinct point, sorted, as arrays or as the wire's JSON.

A point is (timestamp, step, value, is NaN); logged twice it counts once (MLflow's rule M2).
"""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import msgspec

from projections.metrics.numbers import DOUBLE_MAX
from projections.metrics.packing import Points as Points
from projections.metrics.stored import Content, stored_points
from projections.views import Views

if TYPE_CHECKING:
    from projections.metrics.packing import Flags as Flags
    from projections.metrics.packing import Floats as Floats
    from projections.metrics.packing import Ints as Ints

# numpy is imported where it is used: importing it takes a third of the server's start.

LARGE_POINTS = 10_000
"""From here on numbers are crunched in a thread, so that other requests are not held up."""

SLICE_POINTS = 50_000
"""Points encoded at a time: 4 MB of JSON."""

CACHED_POINTS_MAX = 2_000_000


async def read_points(views: Views, run_id: str, key: str, rank: int | None = None) -> Points:
    """All distinct points of a series, sorted by timestamp, step, value; NaN sorts as 0.

    rank: only the points that this rank of a distributed run logged; None for the points of all.
    """
    content = await Content.of_series(views, run_id, key, rank)
    if content.size < LARGE_POINTS * 8:
        return _distinct(stored_points(content))
    return await asyncio.to_thread(lambda: _distinct(stored_points(content)))


class Histories:
    """Reads histories and keeps the last few large ones, for clients that page through them.

    What is kept is used as long as nothing was added to the run.
    """

    def __init__(self, points_max: int = CACHED_POINTS_MAX) -> None:
        self._points_max = points_max
        self._kept: dict[tuple[str, str], tuple[object, Points]] = {}

    async def read(self, views: Views, run_id: str, key: str) -> Points:
        """All distinct points of a series, as `read_points` gives them."""
        kept = self._kept.get((run_id, key))
        if kept is not None and kept[0] == await _stamp(views, run_id):
            return kept[1]
        # The stamp is taken first: points that arrive meanwhile only make it stale.
        stamp = await _stamp(views, run_id)
        points = await read_points(views, run_id, key)
        if LARGE_POINTS <= len(points) <= self._points_max:
            self._keep((run_id, key), stamp, points)
        return points

    def _keep(self, series: tuple[str, str], stamp: object, points: Points) -> None:
        self._kept.pop(series, None)
        self._kept[series] = (stamp, points)
        while sum(len(each) for _, each in self._kept.values()) > self._points_max:
            del self._kept[next(iter(self._kept))]


async def _stamp(views: Views, run_id: str) -> object:
    """How many points the run has, which only grow but by retractions, and when the last was."""
    return await views.fetchone(
        """SELECT points,
                  (SELECT max(changed_at) FROM metric_retractions WHERE run_id = d.run_id)
           FROM metric_documents d WHERE run_id = ?""",
        (run_id,),
    )


async def encoded_slices(
    points: Points, key: str, run_id: str | None = None
) -> AsyncIterator[bytes]:
    """`encode_points` of a few points at a time, with the commas between; many in a thread."""
    for start in range(0, len(points), SLICE_POINTS):
        some = points.slice(start, start + SLICE_POINTS)
        if len(points) < LARGE_POINTS:
            encoded = encode_points(some, key, run_id)
        else:
            encoded = await asyncio.to_thread(encode_points, some, key, run_id)
        yield b"," + encoded if start else encoded


async def encode(points: Points, key: str, run_id: str | None = None) -> bytes:
    """All of `encoded_slices` in one piece."""
    return b"".join([each async for each in encoded_slices(points, key, run_id)])


def _distinct(points: Points) -> Points:
    """Sort and drop repeats; points that are already in order are not sorted again."""
    import numpy as np

    if len(points) < 2:
        return points
    nan = np.isnan(points.values)
    counted = np.where(nan, 0.0, points.values) if nan.any() else points.values
    times, steps = points.timestamps, points.steps
    later = times[1:] > times[:-1]
    if later.all():
        return points
    same_time = times[1:] == times[:-1]
    further = same_time & (steps[1:] > steps[:-1])
    same_step = same_time & (steps[1:] == steps[:-1])
    if (later | further | (same_step & (counted[1:] > counted[:-1]))).all():
        return points
    order = _order(times, steps, counted, nan, points.values)
    times, steps, counted, nan = times[order], steps[order], counted[order], nan[order]
    new = np.empty(len(order), dtype=bool)
    new[0] = True
    new[1:] = (
        (times[1:] != times[:-1])
        | (steps[1:] != steps[:-1])
        | (counted[1:] != counted[:-1])
        | (nan[1:] != nan[:-1])
    )
    return points.take(order[new])


def _order(
    times: "Ints", steps: "Ints", counted: "Floats", nan: "Flags", values: "Floats"
) -> "Ints":
    """The order by time, step and value; values are only compared where the rest is equal."""
    import numpy as np

    order = np.lexsort((steps, times))
    same = (times[order][1:] == times[order][:-1]) & (steps[order][1:] == steps[order][:-1])
    if not same.any():
        return order
    place = np.concatenate(([0], np.cumsum(~same)))
    tied = np.flatnonzero(np.append(same, False) | np.append(False, same))
    some = order[tied]
    # Zero and minus zero are one point; the sign makes it the same one in any order of pieces.
    keys = (np.signbit(values[some]), nan[some], counted[some], place[tied])
    order[tied] = some[np.lexsort(keys)]
    return order


def encode_points(points: Points, key: str, run_id: str | None = None) -> bytes:
    """Points -> the elements of a JSON list of metric objects, without the brackets.

    Numbers are written by msgspec, column by column, and woven together, so that a million points
    need no Python object each for their fields' names.  NaN is the string "NaN" (rule P5).
    """
    if not len(points):
        return b""
    import numpy as np

    values = np.clip(points.values, -DOUBLE_MAX, DOUBLE_MAX)
    texts = msgspec.json.encode(values.tolist())[1:-1].replace(b"null", b'"NaN"').split(b",")
    times = msgspec.json.encode(points.timestamps.tolist())[1:-1].split(b",")
    steps = msgspec.json.encode(points.steps.tolist())[1:-1].split(b",")
    count = len(points)
    woven: list[bytes] = [b""] * (6 * count)
    head = b'{"key":' + msgspec.json.encode(key)
    if run_id is not None:
        head += b',"run_id":' + msgspec.json.encode(run_id)
    woven[0::6] = [head + b',"value":'] * count
    woven[1::6] = texts
    woven[2::6] = [b',"timestamp":'] * count
    woven[3::6] = times
    woven[4::6] = [b',"step":'] * count
    woven[5::6] = [step + b"}," for step in steps]
    return b"".join(woven)[:-1]


def sampled(points: Points, points_max: int) -> Points:
    """A sample for MLflow's own charts, as its server makes it (rule M14).

    The points in order of step, timestamp, value fall into `points_max` buckets whose sizes differ
    by at most one, larger ones first; the first of each is taken, and the last point of all
    replaces the final pick.
    """
    import numpy as np

    count = len(points)
    nan = np.isnan(points.values)
    counted = np.where(nan, 0.0, points.values)
    points = points.take(np.lexsort((counted, points.timestamps, points.steps)))
    if count <= points_max:
        return points
    size, larger = divmod(count, points_max)
    bucket = np.arange(points_max)
    starts = bucket * size + np.minimum(bucket, larger)
    starts[-1] = count - 1
    return points.take(starts)
