"""Experiments: which are there, what is experiment X called, what tags has it?

Handles  ExperimentCreated, ExperimentRenamed, ExperimentTagSet, ExperimentTagDeleted,
         ExperimentDeleted, ExperimentRestored, ExperimentImported, ExperimentErased
Tables   experiments, experiment_tags, experiments_erased
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from eventtrack.events import Recorded
from eventtrack.events.erasures import ExperimentErased
from eventtrack.events.experiments import (
    ExperimentCreated,
    ExperimentDeleted,
    ExperimentRenamed,
    ExperimentRestored,
    ExperimentTagDeleted,
    ExperimentTagSet,
)
from eventtrack.events.imports import ExperimentImported
from projections.projection import Projection
from projections.rows import Rows
from projections.views import Views

experiments = Projection(
    "experiments",
    version=3,
    tables="""
    CREATE TABLE experiments (
        experiment_id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        artifact_location TEXT NOT NULL,
        lifecycle_stage TEXT NOT NULL,           -- 'active' or 'deleted'
        creation_time INTEGER NOT NULL,          -- milliseconds since 1970
        last_update_time INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE experiment_tags (
        experiment_id INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
        PRIMARY KEY (experiment_id, key)
    ) STRICT, WITHOUT ROWID;

    -- Ids that are not given out again.
    CREATE TABLE experiments_erased (experiment_id INTEGER PRIMARY KEY) STRICT;
    """,
)

_PUT_TAG = """
    INSERT INTO experiment_tags VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET value = excluded.value"""


@experiments.on(ExperimentCreated)
def created(rows: Rows, event: ExperimentCreated, at: Recorded) -> None:
    """A row for the new experiment; a second claim of an id or name changes nothing."""
    rows.write(
        "INSERT OR IGNORE INTO experiments VALUES (?, ?, ?, 'active', ?, ?)",
        (
            int(event.experiment_id),
            event.name,
            event.artifact_location,
            event.created_at_ms,
            event.created_at_ms,
        ),
    )
    for key, value in event.tags.items():
        rows.write(_PUT_TAG, (int(event.experiment_id), key, value))


@experiments.on(ExperimentRenamed)
def renamed(rows: Rows, event: ExperimentRenamed, at: Recorded) -> None:
    """The new name, and the time of the change."""
    rows.write(
        """UPDATE OR IGNORE experiments SET name = ?, last_update_time = ?
           WHERE experiment_id = ?""",
        (event.name, event.updated_at_ms, int(event.experiment_id)),
    )


@experiments.on(ExperimentImported)
def imported(rows: Rows, event: ExperimentImported, at: Recorded) -> None:
    """The time of the last change at the source."""
    rows.write(
        "UPDATE experiments SET last_update_time = ? WHERE experiment_id = ?",
        (event.updated_at_ms, int(event.experiment_id)),
    )


@experiments.on(ExperimentTagSet)
def tag_set(rows: Rows, event: ExperimentTagSet, at: Recorded) -> None:
    """The tag's value; last_update_time stays (MLflow's rule X6)."""
    rows.write(_PUT_TAG, (int(event.experiment_id), event.key, event.value))


@experiments.on(ExperimentTagDeleted)
def tag_deleted(rows: Rows, event: ExperimentTagDeleted, at: Recorded) -> None:
    """The tag's row goes."""
    rows.write(
        "DELETE FROM experiment_tags WHERE experiment_id = ? AND key = ?",
        (int(event.experiment_id), event.key),
    )


@experiments.on(ExperimentDeleted, ExperimentRestored)
def stage_changed(rows: Rows, event: ExperimentDeleted | ExperimentRestored, at: Recorded) -> None:
    """The lifecycle stage, and the time of the change."""
    stage = "deleted" if isinstance(event, ExperimentDeleted) else "active"
    rows.write(
        """UPDATE experiments SET lifecycle_stage = ?, last_update_time = ?
           WHERE experiment_id = ?""",
        (stage, event.updated_at_ms, int(event.experiment_id)),
    )


@experiments.on(ExperimentErased)
def erased(rows: Rows, event: ExperimentErased, at: Recorded) -> None:
    """Nothing is left but the id."""
    which = (int(event.experiment_id),)
    rows.write("DELETE FROM experiments WHERE experiment_id = ?", which)
    rows.write("DELETE FROM experiment_tags WHERE experiment_id = ?", which)
    rows.write("INSERT OR IGNORE INTO experiments_erased VALUES (?)", which)


class Experiment(msgspec.Struct, frozen=True):
    """An experiment as it stands; times in milliseconds."""

    experiment_id: int
    name: str
    artifact_location: str
    lifecycle_stage: str
    creation_time: int
    last_update_time: int
    tags: dict[str, str] = {}


_SELECT = """
    SELECT experiment_id, name, artifact_location, lifecycle_stage, creation_time,
           last_update_time,
           (SELECT json_group_object(key, value) FROM experiment_tags t
            WHERE t.experiment_id = e.experiment_id)
    FROM experiments e"""


async def get(views: Views, experiment_id: int) -> Experiment | None:
    """The experiment with this id, deleted ones too."""
    row = await views.fetchone(f"{_SELECT} WHERE experiment_id = ?", (experiment_id,))
    return _experiment(row) if row else None


async def get_by_name(views: Views, name: str) -> Experiment | None:
    """The experiment with exactly this name, deleted ones too."""
    row = await views.fetchone(f"{_SELECT} WHERE name = ?", (name,))
    return _experiment(row) if row else None


async def get_many(views: Views, experiment_ids: Sequence[int]) -> list[Experiment]:
    """The experiments with these ids, in this order; unknown ids are left out."""
    rows = await views.fetchall(
        f"{_SELECT} WHERE experiment_id IN (SELECT value FROM json_each(?))",
        (msgspec.json.encode(experiment_ids).decode(),),
    )
    found = {row[0]: _experiment(row) for row in rows}
    return [found[each] for each in experiment_ids if each in found]


async def greatest_id(views: Views) -> int:
    """The greatest experiment id given out so far, -1 when there is none."""
    row = await views.fetchone(
        """SELECT max(coalesce((SELECT max(experiment_id) FROM experiments), -1),
                      coalesce((SELECT max(experiment_id) FROM experiments_erased), -1))"""
    )
    assert row is not None
    return int(row[0])


def _experiment(row: tuple[Any, ...]) -> Experiment:
    *columns, tags = row
    return Experiment(*(*columns, msgspec.json.decode(tags, type=dict[str, str])))
