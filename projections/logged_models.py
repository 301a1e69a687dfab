"""Logged models: what is model M, which params, tags and metrics has it?

Handles  LoggedModelCreated, LoggedModelFinalized, LoggedModelParamsLogged, LoggedModelTagsSet,
         LoggedModelTagDeleted, LoggedModelDeleted, LoggedModelRestored, MetricsLogged,
         PointsRetracted, PointsReinstated, RunErased, LoggedModelErased
Tables   logged_models, logged_model_params, logged_model_tags, logged_model_metrics,
         logged_model_metrics_retracted
"""

import math
from collections.abc import Sequence

import msgspec

from eventtrack.events import Recorded
from eventtrack.events.corrections import (
    LoggedModelRestored,
    PointsReinstated,
    PointsRetracted,
)
from eventtrack.events.erasures import LoggedModelErased, RunErased
from eventtrack.events.logged_models import (
    LoggedModelCreated,
    LoggedModelDeleted,
    LoggedModelFinalized,
    LoggedModelParamsLogged,
    LoggedModelTagDeleted,
    LoggedModelTagsSet,
)
from eventtrack.events.metrics import MetricsLogged, Series
from projections.projection import Projection
from projections.rows import Rows
from projections.views import Views

logged_models = Projection(
    "logged_models",
    version=3,
    tables="""
    CREATE TABLE logged_models (
        model_id TEXT PRIMARY KEY,
        experiment_id INTEGER NOT NULL,
        name TEXT NOT NULL,
        artifact_location TEXT NOT NULL,
        creation_timestamp_ms INTEGER NOT NULL,
        last_updated_timestamp_ms INTEGER NOT NULL,
        status TEXT NOT NULL,                    -- LOGGED_MODEL_PENDING, LOGGED_MODEL_READY, ...
        lifecycle_stage TEXT NOT NULL,           -- 'active' or 'deleted'
        model_type TEXT NOT NULL,
        source_run_id TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX logged_models_newest ON logged_models (experiment_id, creation_timestamp_ms DESC);

    CREATE TABLE logged_model_params (
        model_id TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
        PRIMARY KEY (model_id, key)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE logged_model_tags (
        model_id TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
        PRIMARY KEY (model_id, key)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE logged_model_metrics (
        model_id TEXT NOT NULL,
        key TEXT NOT NULL,
        timestamp INTEGER NOT NULL,              -- milliseconds since 1970
        step INTEGER NOT NULL,
        run_id TEXT NOT NULL,
        value REAL NOT NULL,                     -- 0 when is_nan
        is_nan INTEGER NOT NULL,
        dataset_name TEXT,
        dataset_digest TEXT,
        PRIMARY KEY (model_id, key, timestamp, step, run_id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX logged_model_metrics_of_run ON logged_model_metrics (run_id, key);

    CREATE TABLE logged_model_metrics_retracted (
        retraction INTEGER NOT NULL,             -- position of the event
        model_id TEXT NOT NULL,
        key TEXT NOT NULL,
        timestamp INTEGER NOT NULL,
        step INTEGER NOT NULL,
        run_id TEXT NOT NULL,
        value REAL NOT NULL,
        is_nan INTEGER NOT NULL,
        dataset_name TEXT,
        dataset_digest TEXT,
        PRIMARY KEY (retraction, model_id, key, timestamp, step, run_id)
    ) STRICT, WITHOUT ROWID;
    """,
)


@logged_models.on(LoggedModelCreated)
def created(rows: Rows, event: LoggedModelCreated, at: Recorded) -> None:
    """A row for the new model, with the params and tags it starts with."""
    rows.write(
        "INSERT OR IGNORE INTO logged_models VALUES (?, ?, ?, ?, ?, ?, ?, 'active', ?, ?)",
        (
            event.model_id,
            int(event.experiment_id),
            event.name,
            event.artifact_location,
            event.created_at_ms,
            event.created_at_ms,
            event.status,
            event.model_type,
            event.source_run_id,
        ),
    )
    _put_params(rows, event.model_id, event.params)
    _put_tags(rows, event.model_id, event.tags)


@logged_models.on(LoggedModelFinalized)
def finalized(rows: Rows, event: LoggedModelFinalized, at: Recorded) -> None:
    """The status and the time of the change."""
    rows.write(
        """UPDATE logged_models SET status = ?, last_updated_timestamp_ms = ?
           WHERE model_id = ?""",
        (event.status, event.updated_at_ms, event.model_id),
    )


@logged_models.on(LoggedModelParamsLogged)
def params_logged(rows: Rows, event: LoggedModelParamsLogged, at: Recorded) -> None:
    """The params' values; the first value of a key wins."""
    _put_params(rows, event.model_id, event.params)


@logged_models.on(LoggedModelTagsSet)
def tags_set(rows: Rows, event: LoggedModelTagsSet, at: Recorded) -> None:
    """The tags' values."""
    _put_tags(rows, event.model_id, event.tags)


@logged_models.on(LoggedModelTagDeleted)
def tag_deleted(rows: Rows, event: LoggedModelTagDeleted, at: Recorded) -> None:
    """The tag's row goes."""
    rows.write(
        "DELETE FROM logged_model_tags WHERE model_id = ? AND key = ?", (event.model_id, event.key)
    )


@logged_models.on(LoggedModelDeleted)
def deleted(rows: Rows, event: LoggedModelDeleted, at: Recorded) -> None:
    """The lifecycle stage and the time of the change."""
    rows.write(
        """UPDATE logged_models SET lifecycle_stage = 'deleted', last_updated_timestamp_ms = ?
           WHERE model_id = ?""",
        (event.updated_at_ms, event.model_id),
    )


@logged_models.on(LoggedModelRestored)
def restored(rows: Rows, event: LoggedModelRestored, at: Recorded) -> None:
    """The lifecycle stage and the time of the change."""
    rows.write(
        """UPDATE logged_models SET lifecycle_stage = 'active', last_updated_timestamp_ms = ?
           WHERE model_id = ?""",
        (event.updated_at_ms, event.model_id),
    )


@logged_models.on(PointsRetracted)
def points_retracted(rows: Rows, event: PointsRetracted, at: Recorded) -> None:
    """The points go from the models that they measured; of what one rank logged none is kept."""
    if event.rank is not None:
        return
    where = "run_id = ? AND key = ? AND step BETWEEN ? AND ?"
    which = (event.run_id, event.key, event.first_step, event.last_step)
    rows.write(
        f"""INSERT INTO logged_model_metrics_retracted
            SELECT ?, * FROM logged_model_metrics WHERE {where}""",
        (at.position, *which),
    )
    rows.write(f"DELETE FROM logged_model_metrics WHERE {where}", which)


@logged_models.on(PointsReinstated)
def points_reinstated(rows: Rows, event: PointsReinstated, at: Recorded) -> None:
    """The points come back."""
    rows.write(
        """INSERT OR IGNORE INTO logged_model_metrics
           SELECT model_id, key, timestamp, step, run_id, value, is_nan, dataset_name,
                  dataset_digest
           FROM logged_model_metrics_retracted WHERE retraction = ?""",
        (event.retraction,),
    )
    rows.write(
        "DELETE FROM logged_model_metrics_retracted WHERE retraction = ?", (event.retraction,)
    )


@logged_models.on(RunErased)
def run_erased(rows: Rows, event: RunErased, at: Recorded) -> None:
    """What the run measured goes with it."""
    for table in ("logged_model_metrics", "logged_model_metrics_retracted"):
        rows.write(f"DELETE FROM {table} WHERE run_id = ?", (event.run_id,))


@logged_models.on(LoggedModelErased)
def erased(rows: Rows, event: LoggedModelErased, at: Recorded) -> None:
    """The model goes; what runs measured of it stays theirs, and unseen."""
    for table in ("logged_models", "logged_model_params", "logged_model_tags"):
        rows.write(f"DELETE FROM {table} WHERE model_id = ?", (event.model_id,))


@logged_models.on(MetricsLogged)
def metrics_logged(rows: Rows, event: MetricsLogged, at: Recorded) -> None:
    """Points that say which model they measure are kept with the model as well (rule M16)."""
    for table in event.tables:
        if table.model_id:
            for series in table.series():
                _put_metrics(rows, event.run_id, series)


def _put_metrics(rows: Rows, run_id: str, series: Series) -> None:
    for step, timestamp, value in series.points():
        is_nan = math.isnan(value)
        rows.write(
            "INSERT OR IGNORE INTO logged_model_metrics VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                series.model_id,
                series.key,
                timestamp,
                step,
                run_id,
                0.0 if is_nan else value,
                is_nan,
                series.dataset_name or None,
                series.dataset_digest or None,
            ),
        )


def _put_params(rows: Rows, model_id: str, params: dict[str, str]) -> None:
    for key, value in params.items():
        rows.write(
            "INSERT OR IGNORE INTO logged_model_params VALUES (?, ?, ?)", (model_id, key, value)
        )


def _put_tags(rows: Rows, model_id: str, tags: dict[str, str]) -> None:
    for key, value in tags.items():
        rows.write(
            """INSERT INTO logged_model_tags VALUES (?, ?, ?)
               ON CONFLICT DO UPDATE SET value = excluded.value""",
            (model_id, key, value),
        )


class LoggedModelMetric(msgspec.Struct, frozen=True):
    """A point of a logged model's metric; `value` is NaN where it was logged so."""

    key: str
    value: float
    timestamp: int
    step: int
    run_id: str
    dataset_name: str | None
    dataset_digest: str | None


class LoggedModel(msgspec.Struct, frozen=True):
    """A logged model as it stands; times in milliseconds."""

    model_id: str
    experiment_id: int
    name: str
    artifact_location: str
    creation_timestamp_ms: int
    last_updated_timestamp_ms: int
    status: str
    lifecycle_stage: str
    model_type: str
    source_run_id: str
    params: dict[str, str] = {}
    tags: dict[str, str] = {}
    metrics: list[LoggedModelMetric] = []


async def get_many(views: Views, model_ids: Sequence[str]) -> list[LoggedModel]:
    """The models with these ids, in this order, deleted ones too; unknown ids are left out."""
    ids = (msgspec.json.encode(model_ids).decode(),)
    among = "model_id IN (SELECT value FROM json_each(?))"
    rows = await views.fetchall(f"SELECT * FROM logged_models WHERE {among}", ids)
    found = {row[0]: LoggedModel(*row) for row in rows}
    for table in ("params", "tags"):
        for model_id, key, value in await views.fetchall(
            f"SELECT model_id, key, value FROM logged_model_{table} WHERE {among}", ids
        ):
            if model_id in found:
                getattr(found[model_id], table)[key] = value
    for model_id, key, value, is_nan, *rest in await views.fetchall(
        f"""SELECT model_id, key, value, is_nan, timestamp, step, run_id, dataset_name,
                   dataset_digest
            FROM logged_model_metrics WHERE {among}""",
        ids,
    ):
        if model_id in found:
            metric = LoggedModelMetric(key, math.nan if is_nan else value, *rest)
            found[model_id].metrics.append(metric)
    return [found[each] for each in model_ids if each in found]


async def get(views: Views, model_id: str) -> LoggedModel | None:
    """The model with this id, deleted ones too."""
    models = await get_many(views, [model_id])
    return models[0] if models else None
