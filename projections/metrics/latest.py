"""Latest values: rows for search, and per run the document with all of them.

What is known of a run is kept from batch to batch, so that a batch reads nothing of runs that log
all the time.  It is exactly what the table holds, and is read from there when it is missing.
"""

import sqlite3
from collections.abc import Iterable

import msgspec

from projections.metrics.fold import Latest
from projections.metrics.numbers import clamped

SERIES_MAX = 100_000
"""Series whose latest points are kept in memory: about 300 bytes each."""

_PUT = """
    INSERT INTO latest_metrics (run_id, key, step, timestamp, value, is_nan)
    VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET value = excluded.value, is_nan = excluded.is_nan,
        step = excluded.step, timestamp = excluded.timestamp"""

_PUT_DOCUMENT = """
    INSERT INTO metric_documents (run_id, metrics, points) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET metrics = excluded.metrics, points = points + excluded.points"""

_INFINITIES = (float("inf"), float("-inf"))

_encoder = msgspec.json.Encoder()


class _Metric(msgspec.Struct):
    key: str
    value: float | str
    timestamp: int
    step: int


class _Run:
    """The latest points of one run, by key in the order of the document."""

    __slots__ = ("latest", "metrics")

    def __init__(self, connection: sqlite3.Connection, run_id: str) -> None:
        self.latest: dict[str, Latest] = {}
        self.metrics: dict[str, _Metric] = {}
        for key, step, timestamp, value, is_nan in connection.execute(
            "SELECT key, step, timestamp, value, is_nan FROM latest_metrics WHERE run_id = ?",
            (run_id,),
        ):
            self._put(key, (step, timestamp, value, bool(is_nan)))

    def take(self, arrived: Iterable[tuple[str, Latest]]) -> dict[str, Latest]:
        """Take in points in the order of the log; returns those that are now the latest."""
        changed = {}
        known = self.latest
        for key, point in arrived:
            before = known.get(key)
            if before is None or point[:3] > before[:3]:
                changed[key] = point
                self._put(key, point)
        return changed

    def _put(self, key: str, point: Latest) -> None:
        self.latest[key] = point
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
        batch: Iterable[tuple[str, Iterable[tuple[str, Latest]], int]],
    ) -> None:
        """Take in (run id, latest points in the order of the log, number of points logged)."""
        rows: list[tuple[str, str, int, int, float, bool]] = []
        documents: list[tuple[str, bytes, int]] = []
        for run_id, arrived, points in batch:
            run = self._runs.pop(run_id, None)
            if run is None:
                run = _Run(connection, run_id)
            else:
                self._series -= len(run.latest)
            changed = run.take(arrived)
            rows += [(run_id, key, *changed[key]) for key in sorted(changed)]
            documents.append((run_id, run.document(), points))
            # Last in line: who has been silent for longest goes first.
            self._runs[run_id] = run
            self._series += len(run.latest)
        connection.executemany(_PUT, rows)
        connection.executemany(_PUT_DOCUMENT, documents)
        while self._series > self._series_max:
            self.forget(next(iter(self._runs)))

    def forget(self, run_id: str) -> None:
        """Read what the table holds when the run is met again."""
        run = self._runs.pop(run_id, None)
        if run is not None:
            self._series -= len(run.latest)

    def replace(
        self, connection: sqlite3.Connection, run_id: str, key: str, point: Latest | None, more: int
    ) -> None:
        """Write what is the latest point of a metric after points went or came back.

        point: None when the metric has none any more; more: points of the run, negative when fewer.
        """
        self.forget(run_id)
        if point is None:
            connection.execute(
                "DELETE FROM latest_metrics WHERE run_id = ? AND key = ?", (run_id, key)
            )
        else:
            connection.execute(_PUT, (run_id, key, *point))
        document = _Run(connection, run_id).document()
        connection.execute(_PUT_DOCUMENT, (run_id, document, more))
