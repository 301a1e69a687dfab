"""Latest values: rows for search, and per run the document with all of them.

What is known of a run is kept from batch to batch, so that a batch reads nothing of runs that log
all the time.  It is exactly what the table holds, and is read from there when it is missing.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterable
from typing import Any

import msgspec

from projections.metrics.fold import Extent, Point, joined
from projections.metrics.numbers import clamped

SERIES_MAX = 100_000
"""Series whose latest points are kept in memory: about 300 bytes each."""

_COLUMNS = """key, step, timestamp, value, is_nan, first_step, first_timestamp, first_value,
    lowest, highest, points"""

_PUT = f"""
    INSERT INTO latest_metrics (run_id, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET value = excluded.value, is_nan = excluded.is_nan,
        step = excluded.step, timestamp = excluded.timestamp, first_step = excluded.first_step,
        first_timestamp = excluded.first_timestamp, first_value = excluded.first_value,
        lowest = excluded.lowest, highest = excluded.highest, points = excluded.points"""

NO_EXPERIMENT = -1
"""Of runs whose events do not say which they belong to, as early ones did not."""

_PUT_DOCUMENT = """
    INSERT INTO metric_documents (run_id, metrics, points, experiment_id) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET metrics = excluded.metrics, points = points + excluded.points"""

_COUNT_NAME = """
    INSERT INTO metric_names VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET runs = runs + excluded.runs"""

_INFINITIES = (float("inf"), float("-inf"))

_encoder = msgspec.json.Encoder()


class _Metric(msgspec.Struct):
    key: str
    value: float | str
    timestamp: int
    step: int


class _Run:
    """What is known of one run's metrics, by key in the order of the document."""

    __slots__ = ("experiment_id", "extents", "metrics")

    def __init__(
        self, connection: sqlite3.Connection, run_id: str, experiment_id: int = NO_EXPERIMENT
    ) -> None:
        ((self.experiment_id,),) = connection.execute(
            """SELECT coalesce((SELECT experiment_id FROM metric_documents WHERE run_id = ?), ?)""",
            (run_id, experiment_id),
        )
        self.extents: dict[str, Extent] = {}
        self.metrics: dict[str, _Metric] = {}
        for key, *row in connection.execute(
            f"SELECT {_COLUMNS} FROM latest_metrics WHERE run_id = ?", (run_id,)
        ):
            step, timestamp, value, is_nan, first_step, first_timestamp, first_value = row[:7]
            latest = (step, timestamp, value, bool(is_nan))
            none = first_value is None
            first = (first_step, first_timestamp, 0.0 if none else first_value, none)
            self.extents[key] = (latest, first, *row[7:])
            self._show(key, latest)

    def take(self, arrived: Iterable[tuple[str, Extent]]) -> tuple[set[str], list[str]]:
        """Take in points in the order of the log; returns (whose they are, which are new)."""
        changed: set[str] = set()
        new: list[str] = []
        known = self.extents
        for key, extent in arrived:
            before = known.get(key)
            changed.add(key)
            if before is None:
                known[key] = extent
                new.append(key)
                self._show(key, extent[0])
                continue
            known[key] = together = joined(before, extent)
            if together[0] is not before[0]:
                self._show(key, together[0])
        return changed, new

    def row(self, run_id: str, key: str) -> tuple[Any, ...]:
        """What the table holds of a metric."""
        latest, first, lowest, highest, points = self.extents[key]
        first_value = None if first[3] else first[2]
        return (run_id, key, *latest, first[0], first[1], first_value, lowest, highest, points)

    def _show(self, key: str, point: Point) -> None:
        step, timestamp, value, is_nan = point
        # The rows are the truth, and SQLite's numbers have no minus zero.
        shown: float | str = "NaN" if is_nan else value + 0.0
        if shown in _INFINITIES:
            shown = clamped(value)
        metric = self.metrics.get(key)
        if metric is None:
            self.metrics[key] = _Metric(key, shown, timestamp, step)
        else:
            metric.value, metric.timestamp, metric.step = shown, timestamp, step

    def document(self) -> bytes:
        """The latest metrics as the wire's JSON list, sorted by key."""
        return _encoder.encode([self.metrics[key] for key in sorted(self.metrics)])


class LatestPoints:
    """Writes latest points and documents of the runs of a batch."""

    def __init__(self, series_max: int = SERIES_MAX) -> None:
        self._series_max = series_max
        self._runs: dict[str, _Run] = {}
        self._series = 0

    def write(
        self,
        connection: sqlite3.Connection,
        batch: Iterable[tuple[str, int, Iterable[tuple[str, Extent]], int]],
    ) -> None:
        """Take in (run id, experiment id, extents in the log's order, number of points logged)."""
        rows: list[tuple[Any, ...]] = []
        documents: list[tuple[str, bytes, int, int]] = []
        names: Counter[tuple[str, int]] = Counter()
        for run_id, experiment_id, arrived, points in batch:
            run = self._runs.pop(run_id, None)
            if run is None:
                run = _Run(connection, run_id, experiment_id)
            else:
                self._series -= len(run.extents)
            changed, new = run.take(arrived)
            names.update((key, run.experiment_id) for key in new)
            rows += [run.row(run_id, key) for key in sorted(changed)]
            documents.append((run_id, run.document(), points, run.experiment_id))
            # Last in line: who has been silent for longest goes first.
            self._runs[run_id] = run
            self._series += len(run.extents)
        connection.executemany(_PUT, rows)
        connection.executemany(_PUT_DOCUMENT, documents)
        connection.executemany(_COUNT_NAME, [(*name, runs) for name, runs in names.items()])
        while self._series > self._series_max:
            self.forget(next(iter(self._runs)))

    def forget(self, run_id: str) -> None:
        """Read what the table holds when the run is met again."""
        run = self._runs.pop(run_id, None)
        if run is not None:
            self._series -= len(run.extents)

    def replace(
        self,
        connection: sqlite3.Connection,
        run_id: str,
        key: str,
        extent: Extent | None,
        more: int,
    ) -> None:
        """Write what a metric amounts to after points went or came back.

        extent: None when it has none any more; more: points of the run, negative when fewer.
        """
        self.forget(run_id)
        run = _Run(connection, run_id)
        was_there = run.extents.pop(key, None) is not None
        run.metrics.pop(key, None)
        if extent is not None:
            run.take([(key, extent)])
            connection.execute(_PUT, run.row(run_id, key))
        elif was_there:
            connection.execute(
                "DELETE FROM latest_metrics WHERE run_id = ? AND key = ?", (run_id, key)
            )
        _count(connection, key, run.experiment_id, (extent is not None) - was_there)
        document = (run_id, run.document(), more, run.experiment_id)
        connection.execute(_PUT_DOCUMENT, document)

    def erase(self, connection: sqlite3.Connection, run_id: str) -> None:
        """Remove what is known of a run."""
        self.forget(run_id)
        run = _Run(connection, run_id)
        for key in run.extents:
            _count(connection, key, run.experiment_id, -1)
        for table in ("latest_metrics", "metric_documents"):
            connection.execute(f"DELETE FROM {table} WHERE run_id = ?", (run_id,))


def _count(connection: sqlite3.Connection, key: str, experiment_id: int, more: int) -> None:
    """So many more runs of the experiment have the metric."""
    if more:
        connection.execute(_COUNT_NAME, (key, experiment_id, more))
        connection.execute(
            "DELETE FROM metric_names WHERE key = ? AND experiment_id = ? AND runs = 0",
            (key, experiment_id),
        )
