"""Versions of registered models: what is version V of model M, which is the latest of a stage?

Handles  ModelVersionCreated, ModelVersionDescribed, ModelVersionStaged, ModelVersionTagSet,
         ModelVersionTagDeleted, ModelVersionDeleted, ModelVersionRestored,
         RegisteredModelRenamed, RegisteredModelErased
Tables   model_versions, model_version_tags
"""

from collections.abc import Sequence

import msgspec

from eventtrack.events import Recorded
from eventtrack.events.erasures import RegisteredModelErased
from eventtrack.events.model_versions import (
    ModelVersionCreated,
    ModelVersionDeleted,
    ModelVersionDescribed,
    ModelVersionRestored,
    ModelVersionStaged,
    ModelVersionTagDeleted,
    ModelVersionTagSet,
)
from eventtrack.events.registered_models import RegisteredModelRenamed
from projections.projection import Projection
from projections.rows import Rows
from projections.views import Views

model_versions = Projection(
    "model_versions",
    version=1,
    tables="""
    CREATE TABLE model_versions (
        registered_model_id TEXT NOT NULL,
        version INTEGER NOT NULL,
        creation_timestamp INTEGER NOT NULL,     -- milliseconds since 1970
        last_updated_timestamp INTEGER NOT NULL,
        description TEXT,                        -- NULL while it has none
        stage TEXT NOT NULL,                     -- None, Staging, Production, Archived
        source TEXT NOT NULL,
        storage_location TEXT NOT NULL,
        run_id TEXT NOT NULL,                    -- '' when it comes from no run
        run_link TEXT NOT NULL,
        model_id TEXT NOT NULL,                  -- '' when it comes from no logged model
        lifecycle_stage TEXT NOT NULL,           -- 'active' or 'deleted'
        PRIMARY KEY (registered_model_id, version)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX model_versions_of_run ON model_versions (run_id);
    CREATE INDEX model_versions_of_model ON model_versions (model_id);

    CREATE TABLE model_version_tags (
        registered_model_id TEXT NOT NULL, version INTEGER NOT NULL, key TEXT NOT NULL,
        value TEXT NOT NULL,
        PRIMARY KEY (registered_model_id, version, key)
    ) STRICT, WITHOUT ROWID;
    """,
)

_PUT_TAG = """
    INSERT INTO model_version_tags VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET value = excluded.value"""


@model_versions.on(ModelVersionCreated)
def created(rows: Rows, event: ModelVersionCreated, at: Recorded) -> None:
    """A row for the new version; the first that has a number keeps it."""
    rows.write(
        """INSERT OR IGNORE INTO model_versions
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'active')""",
        (
            event.registered_model_id,
            event.version,
            event.created_at_ms,
            event.created_at_ms if event.updated_at_ms is None else event.updated_at_ms,
            event.description,
            event.stage,
            event.source,
            event.storage_location,
            event.run_id,
            event.run_link,
            event.model_id,
        ),
    )
    for key, value in event.tags.items():
        rows.write(_PUT_TAG, (event.registered_model_id, event.version, key, value))


@model_versions.on(ModelVersionDescribed)
def described(rows: Rows, event: ModelVersionDescribed, at: Recorded) -> None:
    """The description, and the time of the change."""
    rows.write(
        """UPDATE model_versions SET description = ?, last_updated_timestamp = ?
           WHERE registered_model_id = ? AND version = ?""",
        (event.description, event.updated_at_ms, event.registered_model_id, event.version),
    )


@model_versions.on(ModelVersionStaged)
def staged(rows: Rows, event: ModelVersionStaged, at: Recorded) -> None:
    """The stage, and the time of the change."""
    rows.write(
        """UPDATE model_versions SET stage = ?, last_updated_timestamp = ?
           WHERE registered_model_id = ? AND version = ?""",
        (event.stage, event.updated_at_ms, event.registered_model_id, event.version),
    )


@model_versions.on(ModelVersionTagSet)
def tag_set(rows: Rows, event: ModelVersionTagSet, at: Recorded) -> None:
    """The tag's value; the time of the last change stays (row V10)."""
    rows.write(_PUT_TAG, (event.registered_model_id, event.version, event.key, event.value))


@model_versions.on(ModelVersionTagDeleted)
def tag_deleted(rows: Rows, event: ModelVersionTagDeleted, at: Recorded) -> None:
    """The tag's row goes."""
    rows.write(
        """DELETE FROM model_version_tags
           WHERE registered_model_id = ? AND version = ? AND key = ?""",
        (event.registered_model_id, event.version, event.key),
    )


@model_versions.on(ModelVersionDeleted)
def deleted(rows: Rows, event: ModelVersionDeleted, at: Recorded) -> None:
    """The lifecycle stage; what it has stays, unseen, in case the deletion is taken back."""
    _stage(rows, event.registered_model_id, event.version, "deleted", event.updated_at_ms)


@model_versions.on(ModelVersionRestored)
def restored(rows: Rows, event: ModelVersionRestored, at: Recorded) -> None:
    """The lifecycle stage, and the time of the change."""
    _stage(rows, event.registered_model_id, event.version, "active", event.updated_at_ms)


@model_versions.on(RegisteredModelRenamed)
def renamed(rows: Rows, event: RegisteredModelRenamed, at: Recorded) -> None:
    """A renamed model's versions count as changed (rename, section 8)."""
    rows.write(
        "UPDATE model_versions SET last_updated_timestamp = ? WHERE registered_model_id = ?",
        (event.updated_at_ms, event.registered_model_id),
    )


@model_versions.on(RegisteredModelErased)
def erased(rows: Rows, event: RegisteredModelErased, at: Recorded) -> None:
    """The versions go with their model."""
    for table in ("model_versions", "model_version_tags"):
        rows.write(
            f"DELETE FROM {table} WHERE registered_model_id = ?", (event.registered_model_id,)
        )


def _stage(rows: Rows, model_id: str, version: int, stage: str, at_ms: int) -> None:
    rows.write(
        """UPDATE model_versions SET lifecycle_stage = ?, last_updated_timestamp = ?
           WHERE registered_model_id = ? AND version = ?""",
        (stage, at_ms, model_id, version),
    )


class ModelVersion(msgspec.Struct, frozen=True):
    """A version as it stands; times in milliseconds; name: of its model."""

    registered_model_id: str
    version: int
    creation_timestamp: int
    last_updated_timestamp: int
    description: str | None
    stage: str
    source: str
    storage_location: str
    run_id: str
    run_link: str
    model_id: str
    lifecycle_stage: str
    name: str
    tags: dict[str, str] = {}
    aliases: list[str] = []


Id = tuple[str, int]
"""(registered model id, version)"""

_WITH_NAME = """
    SELECT v.*, m.name FROM model_versions v JOIN registered_models m USING (registered_model_id)"""


async def get_many(views: Views, ids: Sequence[Id]) -> list[ModelVersion]:
    """These versions, in this order, deleted ones too; unknown ones are left out."""
    given = (msgspec.json.encode(ids).decode(),)
    among = """(registered_model_id, version) IN
        (SELECT value ->> 0, value ->> 1 FROM json_each(?))"""
    rows = await views.fetchall(f"{_WITH_NAME} WHERE {among}", given)
    found = {(row[0], row[1]): ModelVersion(*row) for row in rows}
    for model_id, version, key, value in await views.fetchall(
        f"SELECT * FROM model_version_tags WHERE {among} ORDER BY key", given
    ):
        if (model_id, version) in found:
            found[model_id, version].tags[key] = value
    for model_id, version, alias in await views.fetchall(
        f"""SELECT registered_model_id, version, alias FROM registered_model_aliases
            WHERE {among} ORDER BY alias""",
        given,
    ):
        if (model_id, version) in found:
            found[model_id, version].aliases.append(alias)
    return [found[each] for each in ids if each in found]


async def get(views: Views, registered_model_id: str, version: int) -> ModelVersion | None:
    """The version, when it is there and not deleted."""
    versions = await get_many(views, [(registered_model_id, version)])
    return versions[0] if versions and versions[0].lifecycle_stage == "active" else None


async def all_of(views: Views, registered_model_id: str) -> list[ModelVersion]:
    """Every version of a model, deleted ones too, by number."""
    rows = await views.fetchall(
        "SELECT version FROM model_versions WHERE registered_model_id = ? ORDER BY version",
        (registered_model_id,),
    )
    return await get_many(views, [(registered_model_id, row[0]) for row in rows])


async def of_run(views: Views, run_id: str) -> list[ModelVersion]:
    """The versions, not deleted, of models not deleted, that were made of a run."""
    rows = await views.fetchall(
        """SELECT v.registered_model_id, v.version
           FROM model_versions v JOIN registered_models m USING (registered_model_id)
           WHERE v.run_id = ? AND v.lifecycle_stage = 'active' AND m.lifecycle_stage = 'active'
           ORDER BY m.name, v.version""",
        (run_id,),
    )
    return await get_many(views, [(row[0], row[1]) for row in rows])


async def latest(
    views: Views, registered_model_ids: Sequence[str]
) -> dict[str, list[ModelVersion]]:
    """The greatest version of each stage of each model, in the order in which stages first came."""
    rows = await views.fetchall(
        """SELECT registered_model_id, max(version) FROM model_versions
           WHERE registered_model_id IN (SELECT value FROM json_each(?))
             AND lifecycle_stage = 'active'
           GROUP BY registered_model_id, stage ORDER BY registered_model_id, min(version)""",
        (msgspec.json.encode(registered_model_ids).decode(),),
    )
    found: dict[str, list[ModelVersion]] = {each: [] for each in registered_model_ids}
    for version in await get_many(views, [(row[0], row[1]) for row in rows]):
        found[version.registered_model_id].append(version)
    return found
