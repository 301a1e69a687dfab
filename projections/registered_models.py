"""Registered models: which are there, what is model N, which version does an alias name?

Handles  RegisteredModelCreated, RegisteredModelRenamed, RegisteredModelDescribed,
         RegisteredModelTagSet, RegisteredModelTagDeleted, RegisteredModelAliasSet,
         RegisteredModelAliasDeleted, RegisteredModelDeleted, RegisteredModelRestored,
         ModelVersionCreated, ModelVersionStaged, ModelVersionDeleted, ModelVersionRestored,
         RegisteredModelErased
Tables   registered_models, registered_model_tags, registered_model_aliases
"""

from collections.abc import Sequence

import msgspec

from eventtrack.events import Recorded
from eventtrack.events.erasures import RegisteredModelErased
from eventtrack.events.model_versions import (
    ModelVersionCreated,
    ModelVersionDeleted,
    ModelVersionRestored,
    ModelVersionStaged,
)
from eventtrack.events.registered_models import (
    RegisteredModelAliasDeleted,
    RegisteredModelAliasSet,
    RegisteredModelCreated,
    RegisteredModelDeleted,
    RegisteredModelDescribed,
    RegisteredModelRenamed,
    RegisteredModelRestored,
    RegisteredModelTagDeleted,
    RegisteredModelTagSet,
)
from projections.projection import Projection
from projections.rows import Rows
from projections.views import Views

registered_models = Projection(
    "registered_models",
    version=1,
    tables="""
    CREATE TABLE registered_models (
        registered_model_id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        creation_timestamp INTEGER NOT NULL,     -- milliseconds since 1970
        last_updated_timestamp INTEGER NOT NULL,
        description TEXT NOT NULL,
        lifecycle_stage TEXT NOT NULL            -- 'active' or 'deleted'
    ) STRICT, WITHOUT ROWID;
    CREATE UNIQUE INDEX registered_models_by_name ON registered_models (name)
        WHERE lifecycle_stage = 'active';

    CREATE TABLE registered_model_tags (
        registered_model_id TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,
        PRIMARY KEY (registered_model_id, key)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE registered_model_aliases (
        registered_model_id TEXT NOT NULL, alias TEXT NOT NULL, version INTEGER NOT NULL,
        PRIMARY KEY (registered_model_id, alias)
    ) STRICT, WITHOUT ROWID;
    """,
)

_PUT_TAG = """
    INSERT INTO registered_model_tags VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET value = excluded.value"""


@registered_models.on(RegisteredModelCreated)
def created(rows: Rows, event: RegisteredModelCreated, at: Recorded) -> None:
    """A row for the new model; a second claim of a name changes nothing."""
    rows.write(
        "INSERT OR IGNORE INTO registered_models VALUES (?, ?, ?, ?, ?, 'active')",
        (
            event.registered_model_id,
            event.name,
            event.created_at_ms,
            event.created_at_ms if event.updated_at_ms is None else event.updated_at_ms,
            event.description,
        ),
    )
    for key, value in event.tags.items():
        rows.write(_PUT_TAG, (event.registered_model_id, key, value))


@registered_models.on(RegisteredModelRenamed)
def renamed(rows: Rows, event: RegisteredModelRenamed, at: Recorded) -> None:
    """The new name, and the time of the change."""
    rows.write(
        """UPDATE OR IGNORE registered_models SET name = ?, last_updated_timestamp = ?
           WHERE registered_model_id = ?""",
        (event.name, event.updated_at_ms, event.registered_model_id),
    )


@registered_models.on(RegisteredModelDescribed)
def described(rows: Rows, event: RegisteredModelDescribed, at: Recorded) -> None:
    """The description, and the time of the change."""
    rows.write(
        """UPDATE registered_models
           SET description = ?, last_updated_timestamp = max(last_updated_timestamp, ?)
           WHERE registered_model_id = ?""",
        (event.description, event.updated_at_ms, event.registered_model_id),
    )


@registered_models.on(RegisteredModelTagSet)
def tag_set(rows: Rows, event: RegisteredModelTagSet, at: Recorded) -> None:
    """The tag's value; the time of the last change stays (row V10)."""
    rows.write(_PUT_TAG, (event.registered_model_id, event.key, event.value))


@registered_models.on(RegisteredModelTagDeleted)
def tag_deleted(rows: Rows, event: RegisteredModelTagDeleted, at: Recorded) -> None:
    """The tag's row goes."""
    rows.write(
        "DELETE FROM registered_model_tags WHERE registered_model_id = ? AND key = ?",
        (event.registered_model_id, event.key),
    )


@registered_models.on(RegisteredModelAliasSet)
def alias_set(rows: Rows, event: RegisteredModelAliasSet, at: Recorded) -> None:
    """The alias names this version."""
    rows.write(
        """INSERT INTO registered_model_aliases VALUES (?, ?, ?)
           ON CONFLICT DO UPDATE SET version = excluded.version""",
        (event.registered_model_id, event.alias, event.version),
    )


@registered_models.on(RegisteredModelAliasDeleted)
def alias_deleted(rows: Rows, event: RegisteredModelAliasDeleted, at: Recorded) -> None:
    """The alias's row goes."""
    rows.write(
        "DELETE FROM registered_model_aliases WHERE registered_model_id = ? AND alias = ?",
        (event.registered_model_id, event.alias),
    )


@registered_models.on(RegisteredModelDeleted)
def deleted(rows: Rows, event: RegisteredModelDeleted, at: Recorded) -> None:
    """The lifecycle stage; what it has stays, unseen, in case the deletion is taken back."""
    rows.write(
        """UPDATE registered_models SET lifecycle_stage = 'deleted', last_updated_timestamp = ?
           WHERE registered_model_id = ?""",
        (event.updated_at_ms, event.registered_model_id),
    )


@registered_models.on(RegisteredModelRestored)
def restored(rows: Rows, event: RegisteredModelRestored, at: Recorded) -> None:
    """The lifecycle stage; a model that has the name meanwhile keeps it."""
    rows.write(
        """UPDATE OR IGNORE registered_models
           SET lifecycle_stage = 'active', last_updated_timestamp = ?
           WHERE registered_model_id = ?""",
        (event.updated_at_ms, event.registered_model_id),
    )


@registered_models.on(ModelVersionCreated)
def version_created(rows: Rows, event: ModelVersionCreated, at: Recorded) -> None:
    """A new version is a change of its model (row V10), unless it was imported with its times."""
    if event.updated_at_ms is None:
        _touch(rows, event.registered_model_id, event.created_at_ms)


@registered_models.on(ModelVersionStaged, ModelVersionRestored)
def version_changed(
    rows: Rows, event: ModelVersionStaged | ModelVersionRestored, at: Recorded
) -> None:
    """The time of the change."""
    _touch(rows, event.registered_model_id, event.updated_at_ms)


@registered_models.on(ModelVersionDeleted)
def version_deleted(rows: Rows, event: ModelVersionDeleted, at: Recorded) -> None:
    """The aliases that name it go."""
    rows.write(
        "DELETE FROM registered_model_aliases WHERE registered_model_id = ? AND version = ?",
        (event.registered_model_id, event.version),
    )
    _touch(rows, event.registered_model_id, event.updated_at_ms)


@registered_models.on(RegisteredModelErased)
def erased(rows: Rows, event: RegisteredModelErased, at: Recorded) -> None:
    """All of it goes."""
    for table in ("registered_models", "registered_model_tags", "registered_model_aliases"):
        rows.write(
            f"DELETE FROM {table} WHERE registered_model_id = ?", (event.registered_model_id,)
        )


def _touch(rows: Rows, registered_model_id: str, at_ms: int) -> None:
    rows.write(
        """UPDATE registered_models SET last_updated_timestamp = max(last_updated_timestamp, ?)
           WHERE registered_model_id = ?""",
        (at_ms, registered_model_id),
    )


class RegisteredModel(msgspec.Struct, frozen=True):
    """A registered model as it stands; times in milliseconds; aliases by name."""

    registered_model_id: str
    name: str
    creation_timestamp: int
    last_updated_timestamp: int
    description: str
    lifecycle_stage: str
    tags: dict[str, str] = {}
    aliases: dict[str, int] = {}


async def get_many(views: Views, ids: Sequence[str]) -> list[RegisteredModel]:
    """The models with these ids, in this order, deleted ones too; unknown ids are left out."""
    given = (msgspec.json.encode(ids).decode(),)
    among = "registered_model_id IN (SELECT value FROM json_each(?))"
    rows = await views.fetchall(f"SELECT * FROM registered_models WHERE {among}", given)
    found = {row[0]: RegisteredModel(*row) for row in rows}
    for model_id, key, value in await views.fetchall(
        f"""SELECT registered_model_id, key, value FROM registered_model_tags WHERE {among}
            ORDER BY registered_model_id, key""",
        given,
    ):
        if model_id in found:
            found[model_id].tags[key] = value
    for model_id, alias, version in await views.fetchall(
        f"""SELECT registered_model_id, alias, version FROM registered_model_aliases WHERE {among}
            ORDER BY registered_model_id, alias""",
        given,
    ):
        if model_id in found:
            found[model_id].aliases[alias] = version
    return [found[each] for each in ids if each in found]


async def get(views: Views, registered_model_id: str) -> RegisteredModel | None:
    """The model with this id, deleted ones too."""
    models = await get_many(views, [registered_model_id])
    return models[0] if models else None


async def id_of_name(views: Views, name: str) -> str | None:
    """The id of the model, not deleted, that has this name."""
    rows = await views.fetchall(
        """SELECT registered_model_id FROM registered_models
           WHERE name = ? AND lifecycle_stage = 'active'""",
        (name,),
    )
    return rows[0][0] if rows else None


async def get_by_name(views: Views, name: str) -> RegisteredModel | None:
    """The model, not deleted, that has this name."""
    found = await id_of_name(views, name)
    return None if found is None else await get(views, found)
