"""The latest point of each metric, found in the columns as they came."""

import math
import struct
from collections.abc import Iterator, Sequence

from projections.metrics.packing import ENTRY_BYTES, ints_of, raw_of
from projections.metrics.wide import Wide

FEW_POINTS = 256
"""Up to here plain tuples are faster than arrays."""

Latest = tuple[int, int, float, bool]
"""(step, timestamp, value, is_nan): the value is 0 where it is NaN."""


def latest_of(table: Wide) -> Iterator[tuple[str, Latest]]:
    """Per metric the point with the greatest (step, timestamp, value), NaN counting as 0 (rule M1).

    Of equal ones the first logged stays, so that a later NaN does not displace a 0.
    """
    step, timestamp, candidates = _last(table)
    if len(candidates) > 1:
        for key, column in table.values.items():
            raw = raw_of(column, table.points)
            yield key, _latest(step, timestamp, _greatest(raw, candidates))
        return
    start = candidates[0] * ENTRY_BYTES
    stop = start + ENTRY_BYTES
    columns = table.values.values()
    if table.points > 1:
        entries = [raw_of(column, table.points)[start:stop] for column in columns]
        values = struct.unpack(f"<{len(entries)}d", b"".join(entries))
    else:
        values = struct.unpack(f"<{len(columns)}d", b"".join(columns))
    for key, value in zip(table.values, values, strict=True):
        yield key, _latest(step, timestamp, value)


def _latest(step: int, timestamp: int, value: float) -> Latest:
    is_nan = math.isnan(value)
    return step, timestamp, 0.0 if is_nan else value, is_nan


def _last(table: Wide) -> tuple[int, int, Sequence[int]]:
    """(step, timestamp, indices) of the points with the greatest (step, timestamp)."""
    count = table.points
    if count > FEW_POINTS:
        return _last_of_many(table)
    layout = f"<{count}q"
    steps = struct.unpack(layout, raw_of(table.steps, count))
    timestamps = struct.unpack(layout, raw_of(table.timestamps, count))
    step, timestamp = max(zip(steps, timestamps, strict=True))
    if steps.count(step) == 1:
        return step, timestamp, [steps.index(step)]
    return (
        step,
        timestamp,
        [
            index
            for index in range(count)
            if steps[index] == step and timestamps[index] == timestamp
        ],
    )


def _last_of_many(table: Wide) -> tuple[int, int, Sequence[int]]:
    import numpy as np  # here, because importing it takes a third of the server's start

    steps = ints_of(table.steps, table.points)
    timestamps = ints_of(table.timestamps, table.points)
    candidates = np.flatnonzero(steps == steps.max())
    times = timestamps[candidates]
    candidates = candidates[times == times.max()]
    return int(steps[candidates[0]]), int(times.max()), candidates.tolist()


def _greatest(raw: bytes, candidates: Sequence[int]) -> float:
    # max keeps the first of equals.
    values = [struct.unpack_from("<d", raw, index * ENTRY_BYTES)[0] for index in candidates]
    found: float = max(values, key=lambda value: 0.0 if math.isnan(value) else value)
    return found
