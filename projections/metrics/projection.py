"""The metrics projection: tables, fold, flush.

The questions are in `history.py`, `zoom.py` and `series.py`; `compaction.py` says how points move.
"""

import sqlite3

from eventtrack.events import Recorded
from eventtrack.events.corrections import PointsReinstated, PointsRetracted
from eventtrack.events.erasures import RunErased
from eventtrack.events.metrics import MetricsLogged, Table
from projections.metrics.compaction import Compactor
from projections.metrics.fold import extent_of
from projections.metrics.latest import NO_EXPERIMENT, LatestPoints
from projections.metrics.retraction import erase, reinstate, retract
from projections.metrics.wide import gather
from projections.projection import Projection
from projections.rows import Rows

metrics = Projection(
    "metrics",
    version=8,
    packed=("metric_wide", "metric_tails", "metric_groups", "metric_blocks"),
    tables="""
    -- Per metric, the point with the greatest (step, timestamp, value), and what all amount to.
    CREATE TABLE latest_metrics (
        run_id TEXT NOT NULL,
        key TEXT NOT NULL,
        value REAL NOT NULL,                     -- 0 when is_nan; infinities as they are
        is_nan INTEGER NOT NULL,
        step INTEGER NOT NULL,
        timestamp INTEGER NOT NULL,              -- milliseconds since 1970
        first_step INTEGER NOT NULL,             -- of the least (step, timestamp, value)
        first_timestamp INTEGER NOT NULL,
        first_value REAL,                        -- NULL when it is NaN
        lowest REAL,                             -- of the finite values; NULL when there are none
        highest REAL,
        points INTEGER NOT NULL,                 -- as often as they were logged
        PRIMARY KEY (run_id, key)
    ) STRICT, WITHOUT ROWID;
    -- It has all that tables order and filter by, so that these read nothing else.
    CREATE INDEX latest_metrics_by_value ON latest_metrics
        (key, is_nan, value, run_id, lowest, highest, first_value, points);

    -- The latest metrics of a run, ready encoded as the wire's JSON list.
    CREATE TABLE metric_documents (
        run_id TEXT PRIMARY KEY,
        metrics BLOB NOT NULL,
        points INTEGER NOT NULL,                 -- of all metrics, as often as they were logged
        experiment_id INTEGER NOT NULL           -- -1 when the events do not say
    ) STRICT, WITHOUT ROWID;

    -- In how many runs of an experiment, whatever their stage, is there such a metric?
    CREATE TABLE metric_names (
        key TEXT NOT NULL,
        experiment_id INTEGER NOT NULL,
        runs INTEGER NOT NULL,
        PRIMARY KEY (key, experiment_id)
    ) STRICT, WITHOUT ROWID;

    -- Points that arrived lately, all metrics of a run together (`wide.py`).
    CREATE TABLE metric_wide (
        wide_id INTEGER PRIMARY KEY,
        run_id TEXT NOT NULL,
        points INTEGER NOT NULL,                 -- of all metrics
        series INTEGER NOT NULL,                 -- how many metrics
        columns BLOB NOT NULL
    ) STRICT;
    CREATE INDEX metric_wide_of_run ON metric_wide (run_id);

    -- Points of one series that are too few for a block yet (`packing.py`, `summary.py`).
    CREATE TABLE metric_tails (
        tail_id INTEGER PRIMARY KEY,
        run_id TEXT NOT NULL,
        key TEXT NOT NULL,
        rank INTEGER NOT NULL,                   -- -1 when not known
        points INTEGER NOT NULL,
        summary BLOB NOT NULL,
        columns BLOB NOT NULL
    ) STRICT;
    CREATE INDEX metric_tails_of_series ON metric_tails (run_id, key, rank, points);

    -- Neighbouring blocks of a series with their summaries.  Only a run's last groups grow.
    CREATE TABLE metric_groups (
        group_id INTEGER PRIMARY KEY,
        run_id TEXT NOT NULL,
        key TEXT NOT NULL,
        rank INTEGER NOT NULL,
        blocks INTEGER NOT NULL,                 -- how many; their ids count up from group_id * 64
        points INTEGER NOT NULL,
        summary BLOB NOT NULL,                   -- of all blocks together
        -- Before the cells, which are many: a row is read no further than to what is asked for.
        coarse_bits INTEGER NOT NULL,            -- no coarse cell is wider than 2 to this
        coarse BLOB NOT NULL,                    -- of larger parts of each block
        summaries BLOB NOT NULL,                 -- of each block
        cells BLOB NOT NULL                      -- of parts of each block (`compaction.py`)
    ) STRICT;
    CREATE INDEX metric_groups_of_series ON metric_groups (run_id, key, rank, blocks);

    -- Points that stay where they are: 4,096 to 8,191 of one series, sorted by step.
    CREATE TABLE metric_blocks (
        block_id INTEGER PRIMARY KEY, columns BLOB NOT NULL
    ) STRICT;

    -- Points that were retracted, in the layout of wide rows; none when they are back.
    CREATE TABLE metric_retractions (
        position INTEGER PRIMARY KEY,            -- of the event
        run_id TEXT NOT NULL,
        key TEXT NOT NULL,
        changed_at INTEGER NOT NULL,             -- position of the last event about it
        columns BLOB NOT NULL
    ) STRICT;
    CREATE INDEX metric_retractions_of_run ON metric_retractions (run_id, changed_at);
    """,
)

_FOLD = "metrics"
_RETRACTED = "retracted"
_LATEST = "latest metrics"
_COMPACTOR = "metrics compactor"

_Retracted = list[tuple[PointsRetracted | PointsReinstated | RunErased, int]]
"""Event and position."""

Folded = dict[str, tuple[str, list[Table]]]
"""run id -> (experiment id, what arrived, in the order of the log)."""


@metrics.on(MetricsLogged)
def logged(rows: Rows, event: MetricsLogged, at: Recorded) -> None:
    """Remember the columns; the batch's end writes them."""
    folded: Folded = rows.fold(_FOLD, dict)
    of_run = folded.get(event.run_id)
    if of_run is None:
        of_run = folded[event.run_id] = (event.experiment_id, [])
    of_run[1].extend([table for table in event.tables if table.points and table.values])


@metrics.on_alone(PointsRetracted)
def retracted(rows: Rows, event: PointsRetracted, at: Recorded) -> None:
    """The points go, at the end of this event's own batch."""
    rows.fold(_RETRACTED, _Retracted).append((event, at.position))


@metrics.on_alone(PointsReinstated)
def reinstated(rows: Rows, event: PointsReinstated, at: Recorded) -> None:
    """The points come back, at the end of this event's own batch."""
    rows.fold(_RETRACTED, _Retracted).append((event, at.position))


@metrics.on_alone(RunErased)
def erased(rows: Rows, event: RunErased, at: Recorded) -> None:
    """Everything goes, at the end of this event's own batch."""
    rows.fold(_RETRACTED, _Retracted).append((event, at.position))


@metrics.finish
def take_back(rows: Rows, connection: sqlite3.Connection) -> None:
    """Retract, reinstate or erase points."""
    for event, position in rows.fold(_RETRACTED, _Retracted):
        compactor = rows.keep(_COMPACTOR, Compactor)
        latest = rows.keep(_LATEST, LatestPoints)
        if isinstance(event, RunErased):
            erase(connection, latest, event.run_id)
            continue
        if isinstance(event, PointsReinstated):
            reinstate(connection, compactor, latest, position=position, retraction=event.retraction)
            continue
        retract(
            connection,
            compactor,
            latest,
            position=position,
            run_id=event.run_id,
            key=event.key,
            first_step=event.first_step,
            last_step=event.last_step,
            rank=event.rank,
        )


@metrics.finish
def write_batch(rows: Rows, connection: sqlite3.Connection) -> None:
    """Per run: its latest points, its document, one wide row."""
    folded: Folded = rows.fold(_FOLD, dict)
    batch = {run_id: gather(tables) for run_id, (_, tables) in folded.items() if tables}
    if not batch:
        return
    rows.keep(_LATEST, LatestPoints).write(
        connection,
        (
            (
                run_id,
                int(folded[run_id][0] or NO_EXPERIMENT),
                (extent for table in tables for extent in extent_of(table)),
                sum(table.points * len(table.values) for table in tables),
            )
            for run_id, tables in batch.items()
        ),
    )
    rows.keep(_COMPACTOR, Compactor).write(connection, batch)
