"""The metrics projection: tables, fold, flush.  The questions are in `history.py`."""

import sqlite3

import msgspec

from eventtrack.events import Recorded
from eventtrack.events.metrics import MetricsLogged
from projections.metrics.compaction import Compactor
from projections.metrics.fold import Arrived, latest_of
from projections.metrics.numbers import clamped
from projections.projection import Projection
from projections.rows import Rows

metrics = Projection(
    "metrics",
    version=2,
    tables="""
    -- Per metric, the point with the greatest (step, timestamp, value).
    CREATE TABLE latest_metrics (
        run_id TEXT NOT NULL,
        key TEXT NOT NULL,
        value REAL NOT NULL,                     -- 0 when is_nan; infinities as they are
        is_nan INTEGER NOT NULL,
        step INTEGER NOT NULL,
        timestamp INTEGER NOT NULL,              -- milliseconds since 1970
        PRIMARY KEY (run_id, key)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX latest_metrics_by_value ON latest_metrics (key, is_nan, value, run_id);

    -- The latest metrics of a run, ready encoded as the wire's JSON list.
    CREATE TABLE metric_documents (
        run_id TEXT PRIMARY KEY, metrics BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;

    -- Points in the order they were logged: packed steps, timestamps and values, one after another.
    CREATE TABLE metric_segments (
        segment_id INTEGER PRIMARY KEY,
        run_id TEXT NOT NULL,
        key TEXT NOT NULL,
        points INTEGER NOT NULL,
        columns BLOB NOT NULL                    -- points * 24 bytes
    ) STRICT;
    CREATE INDEX metric_segments_of_series ON metric_segments (run_id, key, segment_id, points);
    """,
)

_PUT_LATEST = """
    INSERT INTO latest_metrics (run_id, key, step, timestamp, value, is_nan)
    VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET value = excluded.value, is_nan = excluded.is_nan,
        step = excluded.step, timestamp = excluded.timestamp
    WHERE (excluded.step, excluded.timestamp, excluded.value)
        > (latest_metrics.step, latest_metrics.timestamp, latest_metrics.value)"""

_PUT_SEGMENT = "INSERT INTO metric_segments (run_id, key, points, columns) VALUES (?, ?, ?, ?)"

_FOLD = "metrics"

_encoder = msgspec.json.Encoder()

Folded = dict[str, dict[str, Arrived]]
"""run id -> metric key -> what arrived."""


class _Metric(msgspec.Struct):
    key: str
    value: float | str
    timestamp: int
    step: int


@metrics.on(MetricsLogged)
def logged(rows: Rows, event: MetricsLogged, at: Recorded) -> None:
    """Remember the columns; the batch's end writes them."""
    folded: Folded = rows.fold(_FOLD, dict)
    of_run = folded.get(event.run_id)
    if of_run is None:
        of_run = folded[event.run_id] = {}
    for series in event.series():
        arrived = of_run.get(series.key)
        if arrived is None:
            arrived = of_run[series.key] = Arrived()
        arrived.add(series)


@metrics.finish
def write_batch(rows: Rows, connection: sqlite3.Connection) -> None:
    """One segment and one upsert of the latest value for each series of the batch."""
    folded: Folded = rows.fold(_FOLD, dict)
    if not folded:
        return
    segments: list[tuple[str, str, int, bytes]] = []
    latest: list[tuple[str, str, int, int, float, bool]] = []
    for run_id, of_run in folded.items():
        for key, arrived in of_run.items():
            steps, timestamps, values = arrived.joined()
            segments.append((run_id, key, len(steps) // 8, steps + timestamps + values))
            latest.append((run_id, key, *latest_of(steps, timestamps, values)))
    connection.executemany(_PUT_SEGMENT, segments)
    connection.executemany(_PUT_LATEST, latest)
    rows.keep("metrics compactor", Compactor).compact(
        connection, [(run_id, key) for run_id, key, *_ in segments]
    )
    _refresh_documents(connection, list(folded))


def _refresh_documents(connection: sqlite3.Connection, run_ids: list[str]) -> None:
    documents = []
    for run_id in run_ids:
        latest = [
            _Metric(key, "NaN" if is_nan else clamped(value), timestamp, step)
            for key, value, is_nan, timestamp, step in connection.execute(
                """SELECT key, value, is_nan, timestamp, step FROM latest_metrics
                   WHERE run_id = ? ORDER BY key""",
                (run_id,),
            )
        ]
        documents.append((run_id, _encoder.encode(latest)))
    connection.executemany(
        """INSERT INTO metric_documents VALUES (?, ?)
           ON CONFLICT DO UPDATE SET metrics = excluded.metrics""",
        documents,
    )
