"""Charts of metrics against another metric of their run, joined at the steps that both have."""

import asyncio
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from projections.metrics.canvas import Chart, Drawn
from projections.metrics.packing import Points
from projections.metrics.stored import Content, stored_points
from projections.views import Views

if TYPE_CHECKING:
    from projections.metrics.packing import Floats, Ints

POINTS_MAX = 10_000_000
"""Points of all series of a chart, x and y: they have to be unpacked."""


class TooManyPoints(Exception):
    """The series of the chart hold more than POINTS_MAX points."""

    def __init__(self, points: int) -> None:
        super().__init__(f"{points:,} points")
        self.points = points


Joined = tuple["Ints", "Floats", "Floats"]
"""(steps, x, y) in columns."""


async def draw_against(
    views: Views,
    run_ids: Sequence[str],
    keys: Sequence[str],
    x_key: str,
    *,
    buckets: int,
    start: float | None = None,
    end: float | None = None,
    rank: int | None = None,
) -> Chart:
    """Each of these metrics of each of these runs over the value of another at the same step.

    Of several points at a step the last counts; steps where x is not finite have no place.  The
    range, both ends included, is cut into so many buckets.  Raises TooManyPoints.
    """
    asked = msgspec.json.encode([*keys, x_key]).decode()
    row = await views.fetchone(
        """SELECT coalesce(sum(m.points), 0) FROM json_each(?) i CROSS JOIN json_each(?) k
           CROSS JOIN latest_metrics m ON m.run_id = i.value AND m.key = k.value""",
        (msgspec.json.encode(run_ids).decode(), asked),
    )
    assert row is not None
    if row[0] > POINTS_MAX:
        raise TooManyPoints(row[0])
    found: dict[tuple[str, str], Joined] = {}
    for run_id in run_ids:
        x = await Content.of_series(views, run_id, x_key, rank)
        for key in keys:
            y = await Content.of_series(views, run_id, key, rank)
            found[run_id, key] = await asyncio.to_thread(_join, x, y)
    return await asyncio.to_thread(
        _chart,
        {(run_id, key): found[run_id, key] for key in keys for run_id in run_ids},
        buckets,
        start,
        end,
    )


def _join(x: Content, y: Content) -> Joined:
    import numpy as np

    x_steps, xs = _last_of_steps(stored_points(x))
    y_steps, ys = _last_of_steps(stored_points(y))
    steps, of_x, of_y = np.intersect1d(x_steps, y_steps, assume_unique=True, return_indices=True)
    placed = np.isfinite(xs[of_x])
    return steps[placed], xs[of_x][placed], ys[of_y][placed]


def _last_of_steps(points: Points) -> "tuple[Ints, Floats]":
    """The last value of each step, of equal timestamps the greatest, a number before NaN."""
    import numpy as np

    nan = np.isnan(points.values)
    counted = np.where(nan, 0.0, points.values)
    order = np.lexsort((~nan, counted, points.timestamps, points.steps))
    steps = points.steps[order]
    last = np.ones(len(steps), bool)
    last[:-1] = steps[1:] != steps[:-1]
    return steps[last], points.values[order][last] + 0.0


def _chart(
    found: dict[tuple[str, str], Joined], buckets: int, start: float | None, end: float | None
) -> Chart:
    xs = [x for _, x, _ in found.values() if len(x)]
    if xs:
        start = min(float(x.min()) for x in xs) if start is None else start
        end = max(float(x.max()) for x in xs) if end is None else end
    if start is None or end is None or end < start:
        start, width, buckets = 0.0, 1.0, 0
        end = -1.0
    else:
        # Apart, for the distance may be beyond the range of a float.
        width = end / buckets - start / buckets
        if width == 0 or not math.isfinite(width):
            width, buckets = 1.0, 1
    drawn = [_drawn(series, each, start, end, width, buckets) for series, each in found.items()]
    return Chart(start, width, buckets, True, drawn)


def _drawn(
    series: tuple[str, str],
    points: Joined,
    start: float,
    end: float,
    width: float,
    buckets: int,
) -> Drawn:
    import numpy as np

    steps, xs, ys = points
    inside = (xs >= start) & (xs <= end)
    steps, xs, ys = steps[inside], xs[inside], ys[inside]
    with np.errstate(all="ignore"):
        of_bucket = np.clip(np.floor(xs / width - start / width), 0, max(buckets - 1, 0))
    of_bucket = of_bucket.astype("<i8")
    order = np.lexsort((steps, xs, of_bucket))
    xs, ys, of_bucket = xs[order], ys[order], of_bucket[order]
    starts = np.flatnonzero(np.append(True, of_bucket[1:] != of_bucket[:-1])[: len(xs)])
    counts = np.diff(starts, append=len(xs))
    finite = np.isfinite(ys)
    numbers = np.where(finite, ys, np.nan)
    if not len(xs):
        none = np.empty(0, "<f8")
        return Drawn(*series, 0, None, None, of_bucket, of_bucket, none, none, none, none)
    with np.errstate(all="ignore"):
        means = np.add.reduceat(np.where(finite, ys, 0.0), starts)
        means = means / np.add.reduceat(finite, starts, dtype="<i8")
    return Drawn(
        run_id=series[0],
        key=series[1],
        points=len(xs),
        first_x=float(xs.min()),
        last_x=float(xs.max()),
        buckets=of_bucket[starts],
        counts=counts,
        mins=np.fmin.reduceat(numbers, starts),
        maxs=np.fmax.reduceat(numbers, starts),
        lasts=ys[starts + counts - 1],
        means=means,
    )
