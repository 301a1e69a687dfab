"""Webhooks: which are there, and which deliveries does each change of the registry call for?

Handles  WebhookCreated, WebhookUpdated, WebhookDeleted, RegisteredModelCreated,
         RegisteredModelRenamed, RegisteredModelTagSet, RegisteredModelTagDeleted,
         RegisteredModelAliasSet, RegisteredModelAliasDeleted, ModelVersionCreated,
         ModelVersionTagSet, ModelVersionTagDeleted, RegisteredModelErased
Tables   webhooks, webhook_events, webhook_models, webhook_deliveries

A delivery follows from the log alone: the webhooks that were active and had asked when something
happened.  Which of them were made is not a view: `eventtrack/server/webhooks/outbox.py` knows.
The secrets stay in the log.
"""

from collections.abc import Sequence

import msgspec

from eventtrack.events import Position, Recorded
from eventtrack.events.erasures import RegisteredModelErased
from eventtrack.events.model_versions import (
    ModelVersionCreated,
    ModelVersionTagDeleted,
    ModelVersionTagSet,
)
from eventtrack.events.registered_models import (
    RegisteredModelAliasDeleted,
    RegisteredModelAliasSet,
    RegisteredModelCreated,
    RegisteredModelRenamed,
    RegisteredModelTagDeleted,
    RegisteredModelTagSet,
)
from eventtrack.events.webhooks import WebhookCreated, WebhookDeleted, WebhookUpdated
from projections.projection import Projection
from projections.rows import Rows
from projections.views import Views

webhooks = Projection(
    "webhooks",
    version=2,
    tables="""
    CREATE TABLE webhooks (
        webhook_id TEXT PRIMARY KEY,
        position INTEGER NOT NULL,               -- of its creation
        name TEXT NOT NULL,
        description TEXT NOT NULL,
        url TEXT NOT NULL,
        status TEXT NOT NULL,                    -- 'ACTIVE' or 'DISABLED'
        creation_timestamp INTEGER NOT NULL,     -- milliseconds since 1970
        last_updated_timestamp INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX webhooks_by_age ON webhooks (creation_timestamp, position);

    CREATE TABLE webhook_events (
        webhook_id TEXT NOT NULL,
        event TEXT NOT NULL,                     -- 'registered_model.created', ...
        PRIMARY KEY (webhook_id, event)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE webhook_models (
        registered_model_id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        is_prompt INTEGER NOT NULL               -- 1 when it is a prompt
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE webhook_deliveries (
        position INTEGER NOT NULL,               -- of what happened
        webhook_id TEXT NOT NULL,
        registered_model_id TEXT NOT NULL,
        name TEXT NOT NULL,                      -- the model's, then
        event TEXT NOT NULL,
        PRIMARY KEY (position, webhook_id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX webhook_deliveries_of ON webhook_deliveries (webhook_id);
    CREATE INDEX webhook_deliveries_about ON webhook_deliveries (registered_model_id);
    """,
)

IS_PROMPT_TAG = "mlflow.prompt.is_prompt"

IMPORTER = "import@"
"""How the actor begins of what `eventtrack import` appends."""


@webhooks.on(WebhookCreated)
def created(rows: Rows, event: WebhookCreated, at: Recorded) -> None:
    """A row for the webhook, and what it asks for."""
    rows.write(
        "INSERT OR IGNORE INTO webhooks VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            event.webhook_id,
            at.position,
            event.name,
            event.description,
            event.url,
            event.status,
            event.created_at_ms,
            event.created_at_ms,
        ),
    )
    _ask(rows, event.webhook_id, event.events)


@webhooks.on(WebhookUpdated)
def updated(rows: Rows, event: WebhookUpdated, at: Recorded) -> None:
    """What was given; of a webhook that is not active nothing is delivered any more."""
    rows.write(
        """UPDATE webhooks SET name = coalesce(?, name), url = coalesce(?, url),
               status = coalesce(?, status), description = coalesce(?, description),
               last_updated_timestamp = ?
           WHERE webhook_id = ?""",
        (
            event.name,
            event.url,
            event.status,
            event.description,
            event.updated_at_ms,
            event.webhook_id,
        ),
    )
    if event.events is not None:
        rows.write("DELETE FROM webhook_events WHERE webhook_id = ?", (event.webhook_id,))
        _ask(rows, event.webhook_id, event.events)
    if event.status is not None and event.status != "ACTIVE":
        rows.write("DELETE FROM webhook_deliveries WHERE webhook_id = ?", (event.webhook_id,))


@webhooks.on(WebhookDeleted)
def deleted(rows: Rows, event: WebhookDeleted, at: Recorded) -> None:
    """All its rows go."""
    for table in ("webhooks", "webhook_events", "webhook_deliveries"):
        rows.write(f"DELETE FROM {table} WHERE webhook_id = ?", (event.webhook_id,))


def _ask(rows: Rows, webhook_id: str, events: Sequence[str]) -> None:
    for event in events:
        rows.write(
            """INSERT OR IGNORE INTO webhook_events
               SELECT webhook_id, ? FROM webhooks WHERE webhook_id = ?""",
            (event, webhook_id),
        )


@webhooks.on(RegisteredModelCreated)
def model_created(rows: Rows, event: RegisteredModelCreated, at: Recorded) -> None:
    """A new model or prompt."""
    rows.write(
        "INSERT OR IGNORE INTO webhook_models VALUES (?, ?, ?)",
        (event.registered_model_id, event.name, _says_prompt(event.tags.get(IS_PROMPT_TAG))),
    )
    _deliver(rows, at, event.registered_model_id, "registered_model.created", "prompt.created")


@webhooks.on(RegisteredModelRenamed)
def model_renamed(rows: Rows, event: RegisteredModelRenamed, at: Recorded) -> None:
    """The name that later deliveries tell."""
    rows.write(
        "UPDATE webhook_models SET name = ? WHERE registered_model_id = ?",
        (event.name, event.registered_model_id),
    )


@webhooks.on(RegisteredModelTagSet)
def model_tag_set(rows: Rows, event: RegisteredModelTagSet, at: Recorded) -> None:
    """Prompts tell of their tags, models do not (as MLflow's)."""
    if event.key == IS_PROMPT_TAG:
        _set_prompt(rows, event.registered_model_id, event.value)
    _deliver(rows, at, event.registered_model_id, "", "prompt_tag.set")


@webhooks.on(RegisteredModelTagDeleted)
def model_tag_deleted(rows: Rows, event: RegisteredModelTagDeleted, at: Recorded) -> None:
    """As for a tag that is set."""
    if event.key == IS_PROMPT_TAG:
        _set_prompt(rows, event.registered_model_id, None)
    _deliver(rows, at, event.registered_model_id, "", "prompt_tag.deleted")


@webhooks.on(RegisteredModelAliasSet)
def alias_set(rows: Rows, event: RegisteredModelAliasSet, at: Recorded) -> None:
    """An alias that names another version is created, in MLflow's words."""
    _deliver(
        rows, at, event.registered_model_id, "model_version_alias.created", "prompt_alias.created"
    )


@webhooks.on(RegisteredModelAliasDeleted)
def alias_deleted(rows: Rows, event: RegisteredModelAliasDeleted, at: Recorded) -> None:
    """An alias is gone."""
    _deliver(
        rows, at, event.registered_model_id, "model_version_alias.deleted", "prompt_alias.deleted"
    )


@webhooks.on(ModelVersionCreated)
def version_created(rows: Rows, event: ModelVersionCreated, at: Recorded) -> None:
    """A new version; its own tags say whether it is a prompt's."""
    prompt = _says_prompt(event.tags.get(IS_PROMPT_TAG))
    name = "prompt_version.created" if prompt else "model_version.created"
    _deliver(rows, at, event.registered_model_id, name, name)


@webhooks.on(ModelVersionTagSet)
def version_tag_set(rows: Rows, event: ModelVersionTagSet, at: Recorded) -> None:
    """A version's tag."""
    _deliver(rows, at, event.registered_model_id, "model_version_tag.set", "prompt_version_tag.set")


@webhooks.on(ModelVersionTagDeleted)
def version_tag_deleted(rows: Rows, event: ModelVersionTagDeleted, at: Recorded) -> None:
    """A version's tag is gone."""
    _deliver(
        rows,
        at,
        event.registered_model_id,
        "model_version_tag.deleted",
        "prompt_version_tag.deleted",
    )


@webhooks.on(RegisteredModelErased)
def model_erased(rows: Rows, event: RegisteredModelErased, at: Recorded) -> None:
    """Its names go, and what nobody was told of it yet."""
    for table in ("webhook_models", "webhook_deliveries"):
        rows.write(
            f"DELETE FROM {table} WHERE registered_model_id = ?", (event.registered_model_id,)
        )


def _says_prompt(value: str | None) -> bool:
    return value is not None and value.lower() == "true"


def _set_prompt(rows: Rows, registered_model_id: str, value: str | None) -> None:
    rows.write(
        "UPDATE webhook_models SET is_prompt = ? WHERE registered_model_id = ?",
        (_says_prompt(value), registered_model_id),
    )


def _deliver(
    rows: Rows, at: Recorded, registered_model_id: str, of_model: str, of_prompt: str
) -> None:
    """A delivery for each active webhook that asks for the event, named for models and prompts."""
    if at.actor.startswith(IMPORTER):
        # It happened elsewhere, long ago.
        return
    rows.write(
        """INSERT OR IGNORE INTO webhook_deliveries
           SELECT ?, w.webhook_id, m.registered_model_id, m.name, e.event
           FROM webhook_models m
           JOIN webhook_events e ON e.event = CASE m.is_prompt WHEN 1 THEN ? ELSE ? END
           JOIN webhooks w ON w.webhook_id = e.webhook_id AND w.status = 'ACTIVE'
           WHERE m.registered_model_id = ?""",
        (at.position, of_prompt, of_model, registered_model_id),
    )


class Webhook(msgspec.Struct, frozen=True):
    """A webhook as it stands; times in milliseconds; events as `registered_model.created`."""

    webhook_id: str
    name: str
    description: str
    url: str
    status: str
    creation_timestamp: int
    last_updated_timestamp: int
    events: list[str] = []


class Delivery(msgspec.Struct, frozen=True):
    """What a webhook is to be told: of the event at a position, under the model's name then."""

    position: Position
    webhook_id: str
    registered_model_id: str
    name: str
    event: str


async def get_many(views: Views, ids: Sequence[str]) -> list[Webhook]:
    """The webhooks with these ids, in this order; unknown ids are left out."""
    given = (msgspec.json.encode(ids).decode(),)
    among = "webhook_id IN (SELECT value FROM json_each(?))"
    rows = await views.fetchall(
        f"""SELECT webhook_id, name, description, url, status, creation_timestamp,
                   last_updated_timestamp
            FROM webhooks WHERE {among}""",
        given,
    )
    found = {row[0]: Webhook(*row) for row in rows}
    for webhook_id, event in await views.fetchall(
        f"SELECT webhook_id, event FROM webhook_events WHERE {among} ORDER BY 1, 2", given
    ):
        if webhook_id in found:
            found[webhook_id].events.append(event)
    return [found[each] for each in ids if each in found]


async def get(views: Views, webhook_id: str) -> Webhook | None:
    """The webhook with this id, or None."""
    found = await get_many(views, [webhook_id])
    return found[0] if found else None


async def deliveries_after(views: Views, after: Position, limit: int) -> list[Delivery]:
    """The deliveries called for by what happened after a position, in the log's order.

    At least `limit` when there are so many: all those of one position come together.
    """
    rows = await views.fetchall(
        """SELECT position, webhook_id, registered_model_id, name, event
           FROM webhook_deliveries
           WHERE position > ?1 AND position <= coalesce(
               (SELECT position FROM webhook_deliveries WHERE position > ?1
                ORDER BY position LIMIT 1 OFFSET ?2 - 1), 9223372036854775807)
           ORDER BY position, webhook_id""",
        (after, limit),
    )
    return [Delivery(*row) for row in rows]


async def delivery_at(views: Views, position: Position, webhook_id: str) -> Delivery | None:
    """The delivery to a webhook of the event at a position; None when it is not to be told."""
    row = await views.fetchone(
        """SELECT position, webhook_id, registered_model_id, name, event
           FROM webhook_deliveries WHERE position = ? AND webhook_id = ?""",
        (position, webhook_id),
    )
    return None if row is None else Delivery(*row)
