"""The fold of one batch: per series, the columns that arrived, not yet unpacked."""

import math
import struct

from eventtrack.events.metrics import Series

_ENTRY_BYTES = 8

FEW_POINTS = 256
"""Up to here plain tuples are faster than arrays."""


class Arrived:
    """What a batch brought for one series of one run, in the order of the log."""

    __slots__ = ("steps", "timestamps", "values")

    def __init__(self) -> None:
        self.steps: list[bytes] = []
        self.timestamps: list[bytes] = []
        self.values: list[bytes] = []

    def add(self, series: Series) -> None:
        """Take in a log call's points."""
        self.steps.append(series.steps)
        self.timestamps.append(series.timestamps)
        self.values.append(series.values)

    def joined(self) -> tuple[bytes, bytes, bytes]:
        """All points as three columns: steps, timestamps, values."""
        return b"".join(self.steps), b"".join(self.timestamps), b"".join(self.values)


Latest = tuple[int, int, float, bool]
"""(step, timestamp, value, is_nan): the value is 0 where it is NaN."""


def latest_of(steps: bytes, timestamps: bytes, values: bytes) -> Latest:
    """The point with the greatest (step, timestamp, value), NaN counting as 0 (MLflow's rule M1).

    Of equal ones the first logged stays, so that a later NaN does not displace a 0.
    """
    count = len(steps) // _ENTRY_BYTES
    if count > FEW_POINTS:
        return _latest_of_many(steps, timestamps, values)
    layout = f"<{count}q"
    step = struct.unpack(layout, steps)
    timestamp = struct.unpack(layout, timestamps)
    raw = struct.unpack(f"<{count}d", values)
    greatest = max(step)
    winner = step.index(greatest)
    if count > 1 and step.count(greatest) > 1:
        # max keeps the first of equals.
        tied = [index for index in range(winner, count) if step[index] == greatest]
        winner = max(tied, key=lambda index: (timestamp[index], _counted(raw[index])))
    value = raw[winner]
    is_nan = math.isnan(value)
    return greatest, timestamp[winner], 0.0 if is_nan else value, is_nan


def _counted(value: float) -> float:
    return 0.0 if math.isnan(value) else value


def _latest_of_many(steps: bytes, timestamps: bytes, values: bytes) -> Latest:
    import numpy as np  # here, because importing it takes a third of the server's start

    step = np.frombuffer(steps, "<i8")
    timestamp = np.frombuffer(timestamps, "<i8")
    raw = np.frombuffer(values, "<f8")
    candidates = np.flatnonzero(step == step.max())
    if len(candidates) > 1:
        times = timestamp[candidates]
        candidates = candidates[times == times.max()]
    if len(candidates) > 1:
        tied = raw[candidates]
        counted = np.where(np.isnan(tied), 0.0, tied)
        candidates = candidates[counted == counted.max()]
    winner = candidates[0]
    value = float(raw[winner])
    is_nan = math.isnan(value)
    return int(step[winner]), int(timestamp[winner]), 0.0 if is_nan else value, is_nan
