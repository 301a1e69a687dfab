"""Compaction: many small segments of a series become one, so that reads stay fast.

Segments are in tiers by their number of points.  When a series has FAN_IN segments in a tier they
are merged into one, which lands in a higher tier: each point is rewritten at most once per tier,
and a series has few segments in each, whatever the write pattern.
"""

import sqlite3
from collections.abc import Iterable
from itertools import pairwise

FAN_IN = 16
TIERS = (1, 16, 256, 4096, 65_536)
"""A tier goes from one of these numbers of points up to the next; a segment with as many points as
the last, or more, is never merged again.  Each is FAN_IN times the one before, so that a merged
segment is beyond its tier."""

assert all(lower * FAN_IN == upper for lower, upper in pairwise(TIERS))


class Compactor:
    """Counts the segments written per series and merges them when it pays.

    The counts are only a hint of when to look: they start empty, and looking reads the truth.
    """

    def __init__(self, series_max: int = 200_000) -> None:
        self._written: dict[tuple[str, str], int] = {}
        self._series_max = series_max

    def compact(self, connection: sqlite3.Connection, series: Iterable[tuple[str, str]]) -> None:
        """Note one new segment of each series; merge those that have had FAN_IN since."""
        written = self._written
        due = []
        for each in series:
            count = written.get(each, 0) + 1
            if count >= FAN_IN:
                due.append(each)
                count = 0
            written[each] = count
        for run_id, key in due:
            _merge_series(connection, run_id, key)
        if len(written) > self._series_max:
            written.clear()


def _merge_series(connection: sqlite3.Connection, run_id: str, key: str) -> None:
    segments = connection.execute(
        """SELECT segment_id, points FROM metric_segments INDEXED BY metric_segments_of_series
           WHERE run_id = ? AND key = ? AND points < ? ORDER BY segment_id""",
        (run_id, key, TIERS[-1]),
    ).fetchall()
    for lower, upper in pairwise(TIERS):
        tier = [segment_id for segment_id, points in segments if lower <= points < upper]
        if len(tier) >= FAN_IN:
            segments.append(_merge(connection, run_id, key, tier))


def _merge(
    connection: sqlite3.Connection, run_id: str, key: str, segments: list[int]
) -> tuple[int, int]:
    """Put one segment in the place of these; returns its id and its number of points."""
    steps, timestamps, values = [], [], []
    for segment_id in segments:
        ((points, columns),) = connection.execute(
            "SELECT points, columns FROM metric_segments WHERE segment_id = ?", (segment_id,)
        )
        cut = points * 8
        steps.append(columns[:cut])
        timestamps.append(columns[cut : 2 * cut])
        values.append(columns[2 * cut :])
    merged = b"".join((*steps, *timestamps, *values))
    connection.executemany(
        "DELETE FROM metric_segments WHERE segment_id = ?", [(each,) for each in segments]
    )
    cursor = connection.execute(
        "INSERT INTO metric_segments (run_id, key, points, columns) VALUES (?, ?, ?, ?)",
        (run_id, key, len(merged) // 24, merged),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid, len(merged) // 24
