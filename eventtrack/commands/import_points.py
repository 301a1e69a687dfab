"""Which points of a run's metrics are new since its last import; pure.

Of each series the import's stream holds how many points were brought in and their *fingerprint*, a
sum over the points, which depends neither on their order nor on how they were cut into chunks.
While the first points that a source gives have the known count and fingerprint, those after them
are new (`Prefix`).  When they have not, because a point came in between, what the log holds of the
import is subtracted instead (`Difference`).  A series that has fewer points at the source than were
brought in holds nothing new.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Protocol

import msgspec

from eventtrack import columns
from eventtrack.commands.importing import Label
from eventtrack.events.imports import SeriesTaken
from eventtrack.events.metrics import Series

EVENT_POINTS_MAX = 50_000
"""Points of one MetricsLogged: what a kill can cost, and what the views fold at a time."""

_MASK = (1 << 63) - 1
"""Fingerprints have 63 bits, so that they are plain integers everywhere."""


class OutOfOrder(Exception):
    """The source gives points between those that were brought in: subtract instead."""


def label(series: Series) -> Label:
    """Which series it is."""
    return series.key, series.model_id, series.dataset_name, series.dataset_digest


def count(series: Series) -> int:
    """How many points it has."""
    return len(series.steps) // columns.ENTRY_BYTES


def fingerprint(series: Series) -> int:
    """The sum of a hash of each point (the finaliser of splitmix64)."""
    import numpy as np  # here, because importing it takes a third of the server's start

    steps, timestamps, values = (
        np.frombuffer(column, "<u8") for column in (series.steps, series.timestamps, series.values)
    )
    mixed = steps * np.uint64(0x9E3779B97F4A7C15)
    mixed += timestamps * np.uint64(0xC2B2AE3D27D4EB4F)
    mixed += values * np.uint64(0x165667B19E3779F9)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(31)
    return int(mixed.sum()) & _MASK


def cut(series: Series, start: int, stop: int) -> Series:
    """The points from start up to stop."""
    entries = slice(start * columns.ENTRY_BYTES, stop * columns.ENTRY_BYTES)
    return msgspec.structs.replace(
        series,
        steps=series.steps[entries],
        timestamps=series.timestamps[entries],
        values=series.values[entries],
    )


class Filter(Protocol):
    """Leaves what is new of the pieces of a run's series, which come in their order."""

    def new(self, series: Series) -> Series | None:
        """The new points of a piece; None when there are none."""
        ...

    def end(self) -> None:
        """All pieces were given.  Raises OutOfOrder."""
        ...


class Prefix:
    """New is what comes after as many points as were brought in, if they are the same."""

    def __init__(self, taken: dict[Label, SeriesTaken]) -> None:
        self._taken = taken
        self._seen: dict[Label, tuple[int, int]] = {}

    def new(self, series: Series) -> Series | None:
        """See `Filter.new`."""
        which = label(series)
        known = self._taken.get(which)
        if known is None:
            return series
        seen, fingerprints = self._seen.get(which, (0, 0))
        if seen == known.points:
            return series
        points = min(count(series), known.points - seen)
        seen += points
        fingerprints = (fingerprints + fingerprint(cut(series, 0, points))) & _MASK
        self._seen[which] = (seen, fingerprints)
        if seen == known.points and fingerprints != known.fingerprint:
            raise OutOfOrder
        return cut(series, points, count(series)) if points < count(series) else None

    def end(self) -> None:
        """See `Filter.end`: fewer points than were brought in are none that are new."""


class Difference:
    """New is what the log does not hold of the import, however it is ordered."""

    def __init__(self, held: Iterable[Series]) -> None:
        self._held: dict[Label, Counter[tuple[int, int, bytes]]] = {}
        for series in held:
            self._held.setdefault(label(series), Counter()).update(_points(series))

    def new(self, series: Series) -> Series | None:
        """See `Filter.new`."""
        held = self._held.get(label(series))
        if held is None:
            return series
        new = []
        for point in _points(series):
            if held[point] > 0:
                held[point] -= 1
            else:
                new.append(point)
        if not new:
            return None
        return msgspec.structs.replace(
            series,
            steps=columns.pack_ints(step for step, _, _ in new),
            timestamps=columns.pack_ints(timestamp for _, timestamp, _ in new),
            values=b"".join(value for _, _, value in new),
        )

    def end(self) -> None:
        """See `Filter.end`."""


def _points(series: Series) -> Iterator[tuple[int, int, bytes]]:
    values = series.values
    starts = range(0, len(values), columns.ENTRY_BYTES)
    return zip(
        columns.unpack_ints(series.steps),
        columns.unpack_ints(series.timestamps),
        (values[start : start + columns.ENTRY_BYTES] for start in starts),
        strict=True,
    )


def events_of(pieces: list[Series]) -> Iterator[list[Series]]:
    """Cut new points into what one event holds each: metrics that go together stay together."""
    rows = max(1, EVENT_POINTS_MAX // max(1, len(pieces)))
    longest = max((count(piece) for piece in pieces), default=0)
    gathered: list[Series] = []
    points = 0
    for start in range(0, longest, rows):
        for piece in pieces:
            if start >= count(piece):
                continue
            some = cut(piece, start, start + rows)
            gathered.append(some)
            points += count(some)
            if points >= EVENT_POINTS_MAX:
                yield gathered
                gathered, points = [], 0
    if gathered:
        yield gathered


def advanced(taken: dict[Label, SeriesTaken], pieces: list[Series]) -> list[SeriesTaken]:
    """How far the series of these pieces are once they are brought in too."""
    reached: dict[Label, SeriesTaken] = {}
    for piece in pieces:
        which = label(piece)
        before = reached.get(which) or taken.get(which)
        key, model_id, dataset_name, dataset_digest = which
        reached[which] = SeriesTaken(
            key=key,
            model_id=model_id,
            dataset_name=dataset_name,
            dataset_digest=dataset_digest,
            points=count(piece) + (before.points if before else 0),
            fingerprint=(fingerprint(piece) + (before.fingerprint if before else 0)) & _MASK,
        )
    return list(reached.values())
