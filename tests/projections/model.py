"""Metrics in plain Python: what MLflow's rules M1, M2, M13 and M14 say, with no care for speed."""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from eventtrack import limits
from eventtrack.events import Recorded
from eventtrack.events.corrections import PointsReinstated, PointsRetracted
from eventtrack.events.metrics import MetricsLogged

Point = tuple[int, int, float]
"""(step, timestamp, value)"""


def series_of(events: Iterable[Recorded]) -> dict[tuple[str, str], list[Point]]:
    """(run, key) -> its points in the order of the log."""
    found: defaultdict[tuple[str, str], list[tuple[int, Point]]] = defaultdict(list)
    hidden: dict[int, tuple[tuple[str, str], list[tuple[int, Point]]]] = {}
    for recorded in events:
        match recorded.event:
            case MetricsLogged(run_id=run_id):
                for series in recorded.event.series():
                    found[run_id, series.key] += [(series.rank, p) for p in series.points()]
            case PointsRetracted(run_id=run_id, key=key, first_step=first, last_step=last):
                rank, points = recorded.event.rank, found[run_id, key]
                gone = [
                    each
                    for each in points
                    if first <= each[1][0] <= last and (rank is None or rank == each[0])
                ]
                hidden[recorded.position] = (run_id, key), gone
                found[run_id, key] = _reordered([each for each in points if each not in gone])
            case PointsReinstated(retraction=retraction) if retraction in hidden:
                series_key, back = hidden.pop(retraction)
                found[series_key] = _reordered(found[series_key] + back)
    return {key: [point for _, point in points] for key, points in found.items()}


def _reordered(points: list[tuple[int, Point]]) -> list[tuple[int, Point]]:
    """After a retraction the order of logging is not known: of equals a number is the first."""
    return sorted(points, key=lambda each: math.isnan(each[1][2]))


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


def first(points: Sequence[Point]) -> Point:
    """The least (step, timestamp, value), of equal ones a number before a NaN, as it came."""
    return min(points, key=lambda point: (*point[:2], counted(point[2]), math.isnan(point[2])))


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


# Charts


def last(points: Sequence[Point], axis: str = "step") -> float:
    """The value at the greatest x; of equal ones at the other axis, then by value, NaN as 0."""

    def place(point: Point) -> tuple[int, int, float, bool]:
        step, timestamp, value = point
        x = (step, timestamp) if axis == "step" else (timestamp, step)
        return *x, counted(value), not math.isnan(value)

    return max(points, key=place)[2] + 0.0


def extremes(points: Sequence[Point]) -> tuple[float, float]:
    """The least and the greatest of the finite values; NaN when there are none."""
    finite = [value + 0.0 for _, _, value in points if math.isfinite(value)]
    return (min(finite), max(finite)) if finite else (math.nan, math.nan)


def odd(points: Sequence[Point]) -> tuple[int, int, int]:
    """How many are NaN, plus infinity, minus infinity."""
    values = [value for _, _, value in points]
    return sum(map(math.isnan, values)), values.count(math.inf), values.count(-math.inf)


Bucket = tuple[int, int, int, int, int, float, float, float, int, int]
"""(start, count, nans, highs, lows, min, max, last, first x, last x)"""


def zoom(
    points: Sequence[Point],
    buckets: int,
    axis: str = "step",
    start: int | None = None,
    end: int | None = None,
) -> list[Bucket]:
    """A series in buckets of equal width, as a chart of so many pixels shows it."""
    if not points:
        return []

    def x_of(point: Point) -> int:
        return point[0] if axis == "step" else point[1]

    start = min(map(x_of, points)) if start is None else start
    end = max(map(x_of, points)) if end is None else end
    width = -(-(end - start + 1) // buckets)
    held: defaultdict[int, list[Point]] = defaultdict(list)
    for point in points:
        if start <= x_of(point) <= end:
            held[(x_of(point) - start) // width].append(point)
    return [
        (
            start + bucket * width,
            len(held[bucket]),
            *odd(held[bucket]),
            *extremes(held[bucket]),
            last(held[bucket], axis),
            min(map(x_of, held[bucket])),
            max(map(x_of, held[bucket])),
        )
        for bucket in sorted(held)
    ]


def across(of_rank: dict[int, list[Point]]) -> list[tuple[int, int, int, float, float, float]]:
    """Per step (step, ranks, NaN among them, mean, min, max) of the ranks' last values."""
    found = []
    for step in sorted({step for points in of_rank.values() for step, _, _ in points}):
        at_step = [[p for p in of_rank[rank] if p[0] == step] for rank in sorted(of_rank)]
        lasts = [last(points) for points in at_step if points]
        numbers = [value for value in lasts if not math.isnan(value)]
        nans = len(lasts) - len(numbers)
        if not numbers:
            found.append((step, len(lasts), nans, math.nan, math.nan, math.nan))
            continue
        # Added up in the order of the ranks, as numbers of the machine.
        total = 0.0
        for value in numbers:
            total += value
        found.append((step, len(lasts), nans, total / len(numbers), min(numbers), max(numbers)))
    return found
