"""Made-up logs for the metrics projection: points become recorded events without a log."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

from hypothesis import strategies as st

from eventtrack import columns, limits
from eventtrack.events import Position, Recorded
from eventtrack.events.metrics import NO_RANK, MetricsLogged, Series, tables_of
from tests.projections.model import Point
from tests.support import ACTOR

RUN = "r"
KEY = "loss"

odd_values = [float("nan"), float("inf"), float("-inf"), limits.DOUBLE_MAX, 0.0, -0.0, 1.0, -1.0]
values = st.sampled_from(odd_values) | st.floats()
steps = st.integers(-2, 3) | st.integers(limits.INT64_MIN, limits.INT64_MAX)
timestamps = st.integers(0, 3) | st.integers(0, limits.INT64_MAX)
points = st.tuples(steps, timestamps, values)
"""Points that often meet: the same step and time, another value."""


def series(logged: Sequence[Point], key: str = KEY, rank: int = NO_RANK) -> Series:
    """One series of a log call."""
    return Series(
        key=key,
        steps=columns.pack_ints(step for step, _, _ in logged),
        timestamps=columns.pack_ints(timestamp for _, timestamp, _ in logged),
        values=columns.pack_floats(value for _, _, value in logged),
        rank=rank,
    )


def singles(several: Series) -> list[Series]:
    """A series of its own for each point."""
    return [series([point], several.key, several.rank) for point in several.points()]


def recorded(calls: Iterable[Sequence[Point]], run_id: str = RUN, key: str = KEY) -> list[Recorded]:
    """One event for each log call."""
    return recorded_series([[series(logged, key)] for logged in calls], run_id)


def recorded_series(calls: Iterable[Sequence[Series]], run_id: str = RUN) -> list[Recorded]:
    """One event for each log call of several series."""
    return [
        Recorded(
            Position(number),
            f"run/{run_id}",
            None,
            number,
            ACTOR,
            MetricsLogged(run_id=run_id, tables=tables_of(logged)),
            b"",
        )
        for number, logged in enumerate(calls, 1)
    ]


def cut(events: Sequence[Recorded], cuts: Iterable[int]) -> list[list[Recorded]]:
    """The events in batches, cut at these places."""
    places = sorted({0, len(events), *(place % (len(events) + 1) for place in cuts)})
    return [list(events[start:end]) for start, end in pairwise(places)]


def shuffled_calls(calls: int, points: int) -> list[list[Point]]:
    """Calls with distinct points that are not in order."""
    total = calls * points
    numbers = [number * 7919 % total for number in range(total)]
    everything = [(number, number, number / 2) for number in numbers]
    return [everything[start : start + points] for start in range(0, total, points)]
