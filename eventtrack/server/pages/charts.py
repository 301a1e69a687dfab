"""A metric's history as an SVG: per pixel column the least and the greatest value, so that no spike
is lost whatever the number of points.
"""

from typing import TYPE_CHECKING

import msgspec

from projections.metrics.history import Points
from projections.metrics.numbers import DOUBLE_MAX

if TYPE_CHECKING:
    from projections.metrics.history import Floats, Ints

WIDTH, HEIGHT = 320, 150
LEFT, RIGHT, TOP, BOTTOM = 50, 8, 8, 30
DOTS_MAX = 30
_DIGITS = range(4, 18)


class Chart(msgspec.Struct, frozen=True):
    """What the template draws: paths in pixels, labels, and figures over all points.

    latest: the metric's value by MLflow's rule; least, greatest: of the finite values, None where
    there are none, and then nothing is drawn.  y_labels: (text, y).  missing: points not finite.
    """

    key: str
    points: int
    latest: float | str
    missing: int
    least: float | None = None
    greatest: float | None = None
    band: str = ""
    line: str = ""
    dots: list[tuple[float, float]] = []
    x_axis: str = ""
    x_labels: tuple[str, str] = ("", "")
    y_labels: list[tuple[str, float]] = []


def chart_of(key: str, points: Points, latest: float | str) -> Chart:
    """Draw a series by step, or by time where all points have one step."""
    import numpy as np

    # The greatest double is the wire's infinity (rule M3); with it no other value could be seen.
    finite = np.abs(points.values) < DOUBLE_MAX
    count = int(finite.sum())
    missing = len(points) - count
    if count == 0:
        return Chart(key=key, points=len(points), latest=latest, missing=missing)
    steps, times, values = points.steps[finite], points.timestamps[finite], points.values[finite]
    x_axis, places, x_labels = _x_axis(steps, times)
    order = np.argsort(places, kind="stable")
    places, values = places[order], values[order]
    least, greatest = float(values.min()), float(values.max())
    column = (places * (WIDTH - LEFT - RIGHT - 1)).astype("i8")
    edges = np.flatnonzero(np.r_[True, column[1:] != column[:-1]])
    heights = _heights(values, least, greatest)
    xs = column[edges] + LEFT + 0.5
    highs = _y(np.maximum.reduceat(heights, edges))
    lows = _y(np.minimum.reduceat(heights, edges))
    means = _y(np.add.reduceat(heights, edges) / np.diff(np.r_[edges, count]))
    outline = _corners(xs, highs) + _corners(xs[::-1], lows[::-1])
    spots = [(round(x, 1), round(y, 1)) for x, y in zip(xs.tolist(), means.tolist(), strict=True)]
    return Chart(
        key=key,
        points=len(points),
        latest=latest,
        missing=missing,
        least=least,
        greatest=greatest,
        band="M" + "L".join(outline) + "Z" if len(edges) < count else "",
        line="M" + "L".join(_corners(xs, means)),
        dots=spots if len(spots) <= DOTS_MAX else [],
        x_axis=x_axis,
        x_labels=x_labels,
        y_labels=_y_labels(least, greatest),
    )


def _x_axis(steps: "Ints", times: "Ints") -> tuple[str, "Floats", tuple[str, str]]:
    """The axis' name, each point's place on it from 0 to 1, and the labels of its two ends."""
    first, last = int(steps.min()), int(steps.max())
    if first != last or len(steps) == 1:
        # As floats before the subtraction: the difference of two int64 may not fit into one.
        places = (steps.astype("f8") - first) / max(float(last - first), 1.0)
        return "step", places, (str(first), str(last) if last != first else "")
    first, last = int(times.min()), int(times.max())
    places = (times.astype("f8") - first) / max(float(last - first), 1.0)
    return f"seconds, all at step {steps[0]}", places, ("0", f"{(last - first) / 1000:g}")


def _heights(values: "Floats", least: float, greatest: float) -> "Floats":
    """Each value's place from 0 to 1; a constant lies in the middle."""
    import numpy as np

    # Halves, because the difference of two doubles may not be finite.
    span = greatest / 2 - least / 2
    return (values / 2 - least / 2) / span if span > 0 else np.full(len(values), 0.5)


def _y(heights: "Floats") -> "Floats":
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - heights)


def _corners(xs: "Floats", ys: "Floats") -> list[str]:
    return [f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True)]


def _y_labels(least: float, greatest: float) -> list[tuple[str, float]]:
    """The greatest and the least value, in as few digits as tell them apart."""
    bottom = float(HEIGHT - BOTTOM)
    if least == greatest:
        return [(f"{least:.4g}", (TOP + bottom) / 2)]
    texts = next(
        (top, low)
        for top, low in ((f"{greatest:.{n}g}", f"{least:.{n}g}") for n in _DIGITS)
        if top != low
    )
    return [(texts[0], float(TOP)), (texts[1], bottom)]
