"""A metric's history as an SVG: per pixel column the least and the greatest value, so that no spike
is lost whatever the number of points.
"""

import math
from typing import TYPE_CHECKING

import msgspec

from projections.metrics.history import Points

if TYPE_CHECKING:
    from projections.metrics.history import Floats

WIDTH, HEIGHT = 320, 140
LEFT, RIGHT, TOP, BOTTOM = 46, 6, 8, 20


class Chart(msgspec.Struct):
    """What the template draws: paths in pixels, labels, and figures over all points."""

    key: str
    points: int
    last: float
    least: float
    greatest: float
    band: str
    line: str
    dots: list[tuple[float, float]]
    x_labels: tuple[str, str]
    y_labels: tuple[str, str]
    missing: int


def chart_of(key: str, points: Points) -> Chart | None:
    """Draw a series by step; None when it has no finite value."""
    import numpy as np

    finite = np.isfinite(points.values)
    count = int(finite.sum())
    if count == 0:
        return None
    steps, values = points.steps[finite], points.values[finite]
    order = np.argsort(steps, kind="stable")
    steps, values = steps[order].astype("f8"), values[order]
    least, greatest = float(values.min()), float(values.max())
    first, final = float(steps[0]), float(steps[-1])
    columns = WIDTH - LEFT - RIGHT
    column = ((steps - first) / ((final - first) or 1.0) * (columns - 1)).astype("i8")
    edges = np.flatnonzero(np.r_[True, column[1:] != column[:-1]])
    xs = column[edges] + LEFT + 0.5
    lows = _y(np.minimum.reduceat(values, edges), least, greatest)
    highs = _y(np.maximum.reduceat(values, edges), least, greatest)
    lasts = _y(values[np.r_[edges[1:] - 1, count - 1]], least, greatest)
    top = [f"{x:.1f},{y:.1f}" for x, y in zip(xs, highs, strict=True)]
    bottom = [f"{x:.1f},{y:.1f}" for x, y in zip(xs[::-1], lows[::-1], strict=True)]
    spot = list(zip(xs.tolist(), lasts.tolist(), strict=True))
    return Chart(
        key=key,
        points=len(points),
        last=float(points.values[-1]) if math.isfinite(points.values[-1]) else float(values[-1]),
        least=least,
        greatest=greatest,
        band="M" + "L".join([*top, *bottom]) + "Z" if len(top) < count else "",
        line="M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in spot),
        dots=[(round(x, 1), round(y, 1)) for x, y in spot] if len(spot) <= 30 else [],
        x_labels=(f"{first:g}", f"{final:g}"),
        y_labels=(f"{least:.4g}", f"{greatest:.4g}"),
        missing=len(points) - count,
    )


def _y(values: "Floats", least: float, greatest: float) -> "Floats":
    span = (greatest - least) or 1.0
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - (values - least) / span)
