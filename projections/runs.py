"""Runs: what is run X, which params and tags has it?

Handles  RunCreated, RunUpdated, RunReopened, RunRenamed, RunTagsSet, RunTagDeleted, ParamsLogged,
         ParamCorrected, RunDeleted, RunRestored, RunErased, ExperimentDeleted, ExperimentRestored
Tables   runs, runs_deleted_alone, run_params, run_tags, run_names, run_documents
"""

import math
import re
import sqlite3

import msgspec

from eventtrack.events import Recorded
from eventtrack.events.corrections import ParamCorrected, RunReopened
from eventtrack.events.erasures import RunErased
from eventtrack.events.experiments import ExperimentDeleted, ExperimentRestored
from eventtrack.events.runs import (
    ParamsLogged,
    RunCreated,
    RunDeleted,
    RunRenamed,
    RunRestored,
    RunTagDeleted,
    RunTagsSet,
    RunUpdated,
)
from projections.projection import Projection
from projections.rows import Rows
from projections.views import Views

runs = Projection(
    "runs",
    version=4,
    tables="""
    CREATE TABLE runs (
        run_id TEXT PRIMARY KEY,
        experiment_id INTEGER NOT NULL,
        name TEXT NOT NULL,
        user_id TEXT NOT NULL,
        status TEXT NOT NULL,                    -- RUNNING, SCHEDULED, FINISHED, FAILED, KILLED
        start_time INTEGER NOT NULL,             -- milliseconds since 1970
        end_time INTEGER,                        -- NULL while unset
        artifact_uri TEXT NOT NULL,
        lifecycle_stage TEXT NOT NULL            -- 'active' or 'deleted'
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX runs_newest ON runs (experiment_id, lifecycle_stage, start_time DESC, run_id);

    -- Runs deleted by themselves, which stay so when their experiment's deletion is undone.
    CREATE TABLE runs_deleted_alone (
        experiment_id INTEGER NOT NULL, run_id TEXT NOT NULL,
        PRIMARY KEY (experiment_id, run_id)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE run_params (
        run_id TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
        number REAL,                             -- what the value says, if it is a finite number
        PRIMARY KEY (run_id, key)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX run_params_by_value ON run_params (key, value, run_id, number);

    CREATE TABLE run_tags (
        run_id TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
        PRIMARY KEY (run_id, key)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX run_tags_by_value ON run_tags (key, value, run_id);

    -- In how many runs of an experiment, whatever their stage, is there such a param or tag?
    CREATE TABLE run_names (
        kind TEXT NOT NULL,                      -- 'params' or 'tags'
        key TEXT NOT NULL,
        experiment_id INTEGER NOT NULL,
        runs INTEGER NOT NULL,
        PRIMARY KEY (kind, key, experiment_id)
    ) STRICT, WITHOUT ROWID;

    -- The params and tags of a run, ready encoded as JSON lists of {"key", "value"}.
    CREATE TABLE run_documents (
        run_id TEXT PRIMARY KEY, params BLOB NOT NULL, tags BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    """,
)

_PUT_TAG = """
    INSERT INTO run_tags VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"""

_TABLES = {"params": "run_params", "tags": "run_tags"}

_COUNT_NAME = {
    kind: f"""
    INSERT INTO run_names SELECT '{kind}', ?2, experiment_id, 1 FROM runs WHERE run_id = ?1
        AND NOT EXISTS (SELECT 1 FROM {table} WHERE run_id = ?1 AND key = ?2)
    ON CONFLICT DO UPDATE SET runs = runs + 1"""
    for kind, table in _TABLES.items()
}

_UNCOUNT_NAME = {
    kind: f"""
    UPDATE run_names SET runs = runs - 1 WHERE kind = '{kind}' AND key = ?2
        AND experiment_id = (SELECT experiment_id FROM runs WHERE run_id = ?1)
        AND EXISTS (SELECT 1 FROM {table} WHERE run_id = ?1 AND key = ?2)"""
    for kind, table in _TABLES.items()
}

_FORGET_NAME = "DELETE FROM run_names WHERE kind = ? AND key = ? AND runs = 0"

_encoder = msgspec.json.Encoder()


_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_NUMBER_CHARS_MAX = 400


def number_of(text: str) -> float | None:
    """The number that a param's value says; None when it says none, or one that is not finite."""
    if len(text) > _NUMBER_CHARS_MAX or _NUMBER.fullmatch(text) is None:
        return None
    number = float(text)
    return number if math.isfinite(number) else None


class Entry(msgspec.Struct, frozen=True):
    """A param or a tag, as the wire writes it."""

    key: str
    value: str


@runs.on(RunCreated)
def created(rows: Rows, event: RunCreated, at: Recorded) -> None:
    """A row for the new run, with the tags it starts with."""
    rows.write(
        "INSERT OR IGNORE INTO runs VALUES (?, ?, ?, ?, ?, ?, NULL, ?, 'active')",
        (
            event.run_id,
            int(event.experiment_id),
            event.name,
            event.user_id,
            event.status,
            event.start_time_ms,
            event.artifact_uri,
        ),
    )
    _put_tags(rows, event.run_id, event.tags)


@runs.on(RunUpdated)
def updated(rows: Rows, event: RunUpdated, at: Recorded) -> None:
    """Status and end time, as far as the event holds them."""
    rows.write(
        """UPDATE runs SET status = coalesce(?, status), end_time = coalesce(?, end_time)
           WHERE run_id = ?""",
        (event.status, event.end_time_ms, event.run_id),
    )


@runs.on(RunReopened)
def reopened(rows: Rows, event: RunReopened, at: Recorded) -> None:
    """Status and end time as they were."""
    rows.write(
        "UPDATE runs SET status = ?, end_time = ? WHERE run_id = ?",
        (event.status, event.end_time_ms, event.run_id),
    )


@runs.on(RunRenamed)
def renamed(rows: Rows, event: RunRenamed, at: Recorded) -> None:
    """The run's name; its tag has an event of its own."""
    rows.write(
        "UPDATE runs SET name = ? WHERE run_id = ?",
        (event.name, event.run_id),
    )


@runs.on(RunTagsSet)
def tags_set(rows: Rows, event: RunTagsSet, at: Recorded) -> None:
    """The tags' values."""
    _put_tags(rows, event.run_id, event.tags)


@runs.on(RunTagDeleted)
def tag_deleted(rows: Rows, event: RunTagDeleted, at: Recorded) -> None:
    """The tag's row goes."""
    rows.write(_UNCOUNT_NAME["tags"], (event.run_id, event.key))
    rows.write(_FORGET_NAME, ("tags", event.key))
    rows.write("DELETE FROM run_tags WHERE run_id = ? AND key = ?", (event.run_id, event.key))
    rows.touch("run", event.run_id)


@runs.on(ParamsLogged)
def params_logged(rows: Rows, event: ParamsLogged, at: Recorded) -> None:
    """The params' values; the first value of a key wins, whatever a log may hold."""
    for key in event.params:
        rows.write(_COUNT_NAME["params"], (event.run_id, key))
    for key, value in event.params.items():
        rows.write(
            "INSERT OR IGNORE INTO run_params VALUES (?, ?, ?, ?)",
            (event.run_id, key, value, number_of(value)),
        )
    rows.touch("run", event.run_id)


@runs.on(ParamCorrected)
def param_corrected(rows: Rows, event: ParamCorrected, at: Recorded) -> None:
    """The param's new value, or no row."""
    if event.value is None:
        rows.write(_UNCOUNT_NAME["params"], (event.run_id, event.key))
        rows.write(_FORGET_NAME, ("params", event.key))
    else:
        rows.write(_COUNT_NAME["params"], (event.run_id, event.key))
    rows.write(
        "DELETE FROM run_params WHERE run_id = ? AND key = ?",
        (event.run_id, event.key),
    )
    if event.value is not None:
        rows.write(
            "INSERT INTO run_params VALUES (?, ?, ?, ?)",
            (event.run_id, event.key, event.value, number_of(event.value)),
        )
    rows.touch("run", event.run_id)


@runs.on(RunDeleted, RunRestored)
def stage_changed(rows: Rows, event: RunDeleted | RunRestored, at: Recorded) -> None:
    """The lifecycle stage of one run."""
    stage = "deleted" if isinstance(event, RunDeleted) else "active"
    rows.write(
        "UPDATE runs SET lifecycle_stage = ? WHERE run_id = ?",
        (stage, event.run_id),
    )
    if isinstance(event, RunDeleted):
        rows.write(
            """INSERT OR IGNORE INTO runs_deleted_alone
               SELECT experiment_id, run_id FROM runs WHERE run_id = ?""",
            (event.run_id,),
        )
    else:
        rows.write(
            """DELETE FROM runs_deleted_alone WHERE run_id = ?1
               AND experiment_id = (SELECT experiment_id FROM runs WHERE run_id = ?1)""",
            (event.run_id,),
        )


@runs.on(ExperimentDeleted, ExperimentRestored)
def experiment_stage_changed(
    rows: Rows, event: ExperimentDeleted | ExperimentRestored, at: Recorded
) -> None:
    """All runs follow their experiment, ones deleted before included (MLflow's rule X3)."""
    stage = "deleted" if isinstance(event, ExperimentDeleted) else "active"
    rows.write(
        "UPDATE runs SET lifecycle_stage = ? WHERE experiment_id = ?",
        (stage, int(event.experiment_id)),
    )
    if isinstance(event, ExperimentRestored):
        rows.write(
            "DELETE FROM runs_deleted_alone WHERE experiment_id = ?", (int(event.experiment_id),)
        )


@runs.on(RunErased)
def erased(rows: Rows, event: RunErased, at: Recorded) -> None:
    """Nothing of the run is left."""
    rows.write(
        """DELETE FROM runs_deleted_alone WHERE run_id = ?1
           AND experiment_id = (SELECT experiment_id FROM runs WHERE run_id = ?1)""",
        (event.run_id,),
    )
    for kind, entries in _TABLES.items():
        names = f"kind = '{kind}' AND key IN (SELECT key FROM {entries} WHERE run_id = ?1)"
        rows.write(
            f"""UPDATE run_names SET runs = runs - 1 WHERE {names}
                AND experiment_id = (SELECT experiment_id FROM runs WHERE run_id = ?1)""",
            (event.run_id,),
        )
        rows.write(f"DELETE FROM run_names WHERE {names} AND runs = 0", (event.run_id,))
    for table in ("runs", "run_params", "run_tags", "run_documents"):
        rows.write(f"DELETE FROM {table} WHERE run_id = ?", (event.run_id,))
    rows.touched["run"].pop(event.run_id, None)


def _put_tags(rows: Rows, run_id: str, tags: dict[str, str]) -> None:
    for key in tags:
        rows.write(_COUNT_NAME["tags"], (run_id, key))
    for key, value in tags.items():
        rows.write(_PUT_TAG, (run_id, key, value))
    rows.touch("run", run_id)


@runs.finish
def refresh_documents(rows: Rows, connection: sqlite3.Connection) -> None:
    """Encode the params and tags of every run that the batch touched."""
    documents = []
    for run_id in rows.touched["run"]:
        params, tags = (
            _encoder.encode(
                [
                    Entry(key, value)
                    for key, value in connection.execute(
                        f"SELECT key, value FROM {table} WHERE run_id = ? ORDER BY key", (run_id,)
                    )
                ]
            )
            for table in ("run_params", "run_tags")
        )
        documents.append((run_id, params, tags))
    connection.executemany(
        """INSERT INTO run_documents VALUES (?, ?, ?)
           ON CONFLICT DO UPDATE SET params = excluded.params, tags = excluded.tags""",
        documents,
    )


class Run(msgspec.Struct, frozen=True):
    """A run as its row has it; times in milliseconds."""

    run_id: str
    experiment_id: int
    name: str
    user_id: str
    status: str
    start_time: int
    end_time: int | None
    artifact_uri: str
    lifecycle_stage: str


async def get(views: Views, run_id: str) -> Run | None:
    """The run with this id, deleted ones too."""
    row = await views.fetchone("SELECT * FROM runs WHERE run_id = ?", (run_id,))
    return Run(*row) if row else None


async def deleted_alone(views: Views, experiment_id: int) -> list[str]:
    """The runs of an experiment that were deleted by themselves, not with it."""
    rows = await views.fetchall(
        "SELECT run_id FROM runs_deleted_alone WHERE experiment_id = ?", (experiment_id,)
    )
    return [run_id for (run_id,) in rows]


async def params_of(views: Views, run_id: str) -> dict[str, str]:
    """The run's params."""
    rows = await views.fetchall("SELECT key, value FROM run_params WHERE run_id = ?", (run_id,))
    return dict(rows)


async def tags_of(views: Views, run_id: str) -> dict[str, str]:
    """The run's tags."""
    rows = await views.fetchall("SELECT key, value FROM run_tags WHERE run_id = ?", (run_id,))
    return dict(rows)
