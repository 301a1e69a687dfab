"""Metrics in plain Python: what MLflow's rules M1, M2, M13 and M14 say, with no care for speed."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from eventtrack import limits
from eventtrack.events import Recorded
from eventtrack.events.metrics import MetricsLogged

Point = tuple[int, int, float]
"""(step, timestamp, value)"""


def series_of(events: Iterable[Recorded]) -> dict[tuple[str, str], list[Point]]:
    """(run, key) -> its points in the order of the log."""
    found: defaultdict[tuple[str, str], list[Point]] = defaultdict(list)
    for recorded in events:
        if isinstance(recorded.event, MetricsLogged):
            for series in recorded.event.series():
                found[recorded.event.run_id, series.key] += series.points()
    return dict(found)


def counted(value: float) -> float:
    """A value as it takes part in comparisons: NaN counts as 0."""
    return 0.0 if math.isnan(value) else value


def latest(points: Sequence[Point]) -> Point:
    """M1: the greatest (step, timestamp, value); a later one must be strictly greater."""
    best = points[0]
    for point in points[1:]:
        if (*point[:2], counted(point[2])) > (*best[:2], counted(best[2])):
            best = point
    return best


def history(points: Sequence[Point]) -> list[Point]:
    """M2 and M13: distinct points by timestamp, step, value.

    Of a zero and a minus zero, which are equal, the zero stands for both.
    """
    distinct: dict[tuple[int, int, float, bool], Point] = {}
    for step, timestamp, value in points:
        identity = (timestamp, step, counted(value), math.isnan(value))
        known = distinct.get(identity)
        if known is None or math.copysign(1, known[2]) < math.copysign(1, value):
            distinct[identity] = (step, timestamp, value)
    return [distinct[identity] for identity in sorted(distinct)]


def sample(points: Sequence[Point], points_max: int) -> list[Point]:
    """M14: of as many nearly equal buckets the first point of each, and the very last point."""
    ordered = sorted(history(points), key=lambda point: (*point[:2], counted(point[2])))
    if len(ordered) <= points_max:
        return ordered
    size, larger = divmod(len(ordered), points_max)
    picks, start = [], 0
    for bucket in range(points_max):
        picks.append(ordered[start])
        start += size + (bucket < larger)
    picks[-1] = ordered[-1]
    return picks


def wire(value: float) -> float | str:
    """M3: a value as the wire has it."""
    if math.isnan(value):
        return "NaN"
    return max(-limits.DOUBLE_MAX, min(limits.DOUBLE_MAX, value))


def document(series: dict[str, list[Point]]) -> bytes:
    """The latest metrics of a run, as its document has them.

    The document is made of a table's rows, and SQLite's numbers have no minus zero.
    """
    metrics = []
    for key in sorted(series):
        step, timestamp, value = latest(series[key])
        value = 0.0 if value == 0 else value
        metrics.append({"key": key, "value": wire(value), "timestamp": timestamp, "step": step})
    return msgspec.json.encode(metrics)


def encoded(points: Sequence[Point], key: str) -> bytes:
    """Points as the elements of the wire's JSON list."""
    metrics = [
        {"key": key, "value": wire(value), "timestamp": timestamp, "step": step}
        for step, timestamp, value in points
    ]
    return msgspec.json.encode(metrics)[1:-1]
