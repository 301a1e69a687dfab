"""Summaries: what a chart needs to know of many points, exact and without the points.

A summary is one record.  Summaries of parts add up to the summary of the whole, in any order and
however the parts were cut: every field is a sum, a minimum, a maximum, or the value at the greatest
of a total order.  (The sum of values is rounded, and so depends on the order in its last digits.)
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from projections.metrics.packing import ENTRY_BYTES, Points

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]
    Records = npt.NDArray[np.void]
    Columns = dict[str, npt.NDArray[Any]]

FIELDS = [
    ("block", "<i8"),  # id of the block it is about; 0 for none
    ("points", "<i8"),  # as often as they were logged
    ("nans", "<i8"),
    ("highs", "<i8"),  # points that are plus infinity
    ("lows", "<i8"),  # points that are minus infinity
    ("sum", "<f8"),  # of the finite values
    ("min", "<f8"),  # of the finite values; NaN when there are none
    ("max", "<f8"),
    ("min_step", "<i8"),
    ("max_step", "<i8"),
    ("min_time", "<i8"),  # milliseconds since 1970
    ("max_time", "<i8"),
    ("last", "<f8"),  # the value at the greatest (step, timestamp)
    ("last_time", "<i8"),
    ("latest", "<f8"),  # the value at the greatest (timestamp, step)
    ("latest_step", "<i8"),
]
"""Of values at the same step and time the greatest is the last, NaN counting as 0 and a number
before it (rule M1, made independent of the order of logging).  There is no minus zero."""

BYTES = ENTRY_BYTES * len(FIELDS)
"""Of a stored summary."""

AMOUNTS = ("nans", "highs", "lows", "sum", "min", "max")

_SUMS = ("points", "nans", "highs", "lows", "sum")
_LEAST = ("min_step", "min_time")
_GREATEST = ("max_step", "max_time")


def records_of(stored: bytes) -> "Records":
    """Stored summaries -> an array of records."""
    import numpy as np

    return np.frombuffer(stored, FIELDS)


def columns_of(stored: "Sequence[bytes]") -> "Columns":
    """Stored summaries, many from many pieces -> their fields, each in a column of its own.

    What looks at a few fields of very many summaries is quicker with these than with records.
    """
    import numpy as np

    total = sum(map(len, stored)) // BYTES
    found = np.empty((len(FIELDS), total), "<i8")
    at = 0
    for piece in stored:
        # A piece at a time, which stays in the processor's cache meanwhile.
        entries = np.frombuffer(piece, "<i8").reshape(-1, len(FIELDS))
        found[:, at : at + len(entries)] = entries.T
        at += len(entries)
    return {name: found[place].view(kind) for place, (name, kind) in enumerate(FIELDS)}


def none() -> "Records":
    """No summary at all."""
    return records_of(b"")


def summary_of(points: Points) -> "Records":
    """The summary of one or more points: an array of one record."""
    import numpy as np

    return summaries(points, np.zeros(len(points), "<i8"))[1]


def summaries(points: Points, groups: "Ints") -> "tuple[Ints, Records]":
    """Summarise points by the group they belong to: the groups that have any, in order."""
    import numpy as np

    if not len(points):
        return np.empty(0, "<i8"), none()
    if (groups[1:] < groups[:-1]).any():
        order = np.argsort(groups, kind="stable")
        points, groups = points.take(order), groups[order]
    starts = _starts(groups)
    counts = np.diff(starts, append=len(groups))
    values = points.values + 0.0
    made = np.zeros(len(starts), FIELDS)
    made["points"] = counts
    for field, column in zip(AMOUNTS, amounts(values, starts), strict=True):
        made[field] = column
    steps, times = points.steps, points.timestamps
    made["min_step"] = np.minimum.reduceat(steps, starts)
    made["max_step"] = np.maximum.reduceat(steps, starts)
    made["min_time"] = np.minimum.reduceat(times, starts)
    made["max_time"] = np.maximum.reduceat(times, starts)
    last = winners(steps, times, values, starts, counts, made["max_step"])
    made["last"], made["last_time"] = values[last], times[last]
    latest = winners(times, steps, values, starts, counts, made["max_time"])
    made["latest"], made["latest_step"] = values[latest], steps[latest]
    _tidy(made)
    return groups[starts], made


def amounts(values: "Floats", starts: "Ints") -> "list[Any]":
    """What the values of each group amount to, given where each begins: the columns AMOUNTS.

    There is no minus zero among them: who calls has added 0.0.
    """
    import numpy as np

    finite = np.isfinite(values)
    if finite.all():
        none = np.zeros(len(starts), "<i8")
        least, greatest = np.minimum.reduceat(values, starts), np.maximum.reduceat(values, starts)
        return [none, none, none, _summed(values, starts), least, greatest]
    numbers = np.where(finite, values, np.nan)
    return [
        np.add.reduceat(np.isnan(values), starts, dtype="<i8"),
        np.add.reduceat(values == np.inf, starts, dtype="<i8"),
        np.add.reduceat(values == -np.inf, starts, dtype="<i8"),
        _summed(np.where(finite, values, 0.0), starts),
        np.fmin.reduceat(numbers, starts),
        np.fmax.reduceat(numbers, starts),
    ]


def combine(records: "Records", groups: "Ints") -> "tuple[Ints, Records]":
    """Add up summaries by the group they belong to: the groups that have any, in order."""
    import numpy as np

    if not len(records):
        return np.empty(0, "<i8"), none()
    if (groups[1:] < groups[:-1]).any():
        order = np.argsort(groups, kind="stable")
        records, groups = records[order], groups[order]
    starts = _starts(groups)
    counts = np.diff(starts, append=len(groups))
    made = np.zeros(len(starts), FIELDS)
    for field in _SUMS:
        made[field] = _summed(records[field], starts)
    for field in _LEAST:
        made[field] = np.minimum.reduceat(records[field], starts)
    for field in _GREATEST:
        made[field] = np.maximum.reduceat(records[field], starts)
    made["min"] = np.fmin.reduceat(records["min"], starts)
    made["max"] = np.fmax.reduceat(records["max"], starts)
    for most, second, value in (
        ("max_step", "last_time", "last"),
        ("max_time", "latest_step", "latest"),
    ):
        last = winners(records[most], records[second], records[value], starts, counts, made[most])
        made[value], made[second] = records[value][last], records[second][last]
    _tidy(made)
    return groups[starts], made


def whole(records: "Records") -> "Records":
    """The sum of one or more summaries: an array of one record."""
    import numpy as np

    return combine(records, np.zeros(len(records), "<i8"))[1]


def _summed(values: "Any", starts: "Ints") -> "Any":
    import numpy as np

    with np.errstate(all="ignore"):
        # Sums beyond the range of a float are infinite.
        return np.add.reduceat(values, starts)


def _starts(groups: "Ints") -> "Ints":
    import numpy as np

    return np.concatenate(([0], np.flatnonzero(groups[1:] != groups[:-1]) + 1))


def winners(
    first: "Ints",
    second: "Ints",
    values: "Floats",
    starts: "Ints",
    counts: "Ints",
    greatest: "Ints",
) -> "Ints":
    """Per group the index of the greatest (first, second, value)."""
    import numpy as np

    ends = starts + counts - 1
    if (first[ends] == greatest).all():
        found = np.add.reduceat(first == np.repeat(greatest, counts), starts, dtype="<i8")
        if (found == 1).all():
            return ends
    group = np.repeat(np.arange(len(starts)), counts)
    candidates = np.flatnonzero(first == greatest[group])
    owner, tied = group[candidates], values[candidates]
    nan = np.isnan(tied)
    counted = np.where(nan, 0.0, tied)
    order = np.lexsort((~nan, counted, second[candidates], owner))
    owner = owner[order]
    picked = np.append(owner[1:] != owner[:-1], True)
    found_at: Ints = candidates[order[picked]]
    return found_at


def _tidy(made: "Any") -> None:
    """One NaN for all, so that equal summaries are equal bytes."""
    import numpy as np

    for field in ("min", "max", "last", "latest"):
        column = made[field]
        column[np.isnan(column)] = np.nan
