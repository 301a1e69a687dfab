"""What can be done to a webhook (rows V12 of the semantics reference), and who does it."""

import re
import uuid
from collections.abc import Sequence

import msgspec

from eventtrack import limits
from eventtrack.commands.handler import DECISIONS_MAX, Handler, contended
from eventtrack.commands.reach import Reach
from eventtrack.commands.state import StateReader
from eventtrack.commands.validation import check_length
from eventtrack.errors import DoesNotExist, InvalidParameter
from eventtrack.events import Fact
from eventtrack.events.secret import Secret
from eventtrack.events.webhooks import WebhookCreated, WebhookDeleted, WebhookUpdated
from eventtrack.log import Entry, EventLog

ACTIVE, DISABLED = "ACTIVE", "DISABLED"

ACTIONS: dict[str, tuple[str, ...]] = {
    "registered_model": ("created",),
    "model_version": ("created",),
    "model_version_tag": ("deleted", "set"),
    "model_version_alias": ("created", "deleted"),
    "prompt": ("created",),
    "prompt_version": ("created",),
    "prompt_tag": ("deleted", "set"),
    "prompt_version_tag": ("deleted", "set"),
    "prompt_alias": ("created", "deleted"),
    "budget_policy": ("exceeded",),
}
"""What can happen to what, as MLflow knows it; an event is named `entity.action`.

There are no budget policies here: who asks for their event waits for ever.
"""

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")


class CreateWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """Tell a URL of events; secret: "" when the deliveries are not to be signed."""

    name: str
    url: str
    events: Sequence[str]
    description: str = ""
    secret: str = ""
    status: str = ACTIVE


class UpdateWebhook(msgspec.Struct, frozen=True, kw_only=True):
    """Change what is not None; an empty secret ends the signing."""

    name: str | None = None
    url: str | None = None
    events: Sequence[str] | None = None
    description: str | None = None
    secret: str | None = None
    status: str | None = None


def stream_of(webhook_id: str) -> str:
    """The stream of a webhook's events."""
    return f"webhook/{webhook_id}"


def no_such_webhook(webhook_id: str) -> DoesNotExist:
    """The refusal when no webhook has this id."""
    return DoesNotExist(f"Webhook with ID {webhook_id} not found.")


def event_of(entity: str, action: str) -> str:
    """The name of an event; InvalidParameter when nothing of the kind happens to such a thing."""
    known = ACTIONS.get(entity, ())
    if action not in known:
        raise InvalidParameter(
            f"Invalid action '{action}' for entity '{entity}'. Valid actions are: {list(known)}"
        )
    return f"{entity}.{action}"


def check_name(name: str) -> None:
    """A webhook's name: 1 to 63 letters, digits, dots, underscores and hyphens."""
    if _NAME.fullmatch(name) is None:
        raise InvalidParameter(
            f"Invalid value {name[:100]!r} for parameter 'name': a webhook's name has at most "
            f"{limits.WEBHOOK_NAME_CHARS_MAX} letters, digits, dots, underscores and hyphens, and "
            "begins and ends with a letter or digit."
        )


def create(command: CreateWebhook, reach: Reach, *, webhook_id: str, now_ms: int) -> WebhookCreated:
    """Decide on a new webhook."""
    check_name(command.name)
    reach.check_url(command.url)
    _check_texts(command)
    return WebhookCreated(
        webhook_id=webhook_id,
        name=command.name,
        url=command.url,
        events=_distinct(command.events),
        created_at_ms=now_ms,
        status=command.status,
        description=command.description,
        secret=Secret(command.secret) if command.secret else None,
    )


def update(command: UpdateWebhook, reach: Reach, *, webhook_id: str, now_ms: int) -> WebhookUpdated:
    """Decide on a change; one that changes nothing is a change too, as MLflow's."""
    if command.name is not None:
        check_name(command.name)
    if command.url is not None:
        reach.check_url(command.url)
    _check_texts(command)
    return WebhookUpdated(
        webhook_id=webhook_id,
        updated_at_ms=now_ms,
        name=command.name,
        url=command.url,
        events=None if command.events is None else _distinct(command.events),
        status=command.status,
        description=command.description,
        secret=None if command.secret is None else Secret(command.secret),
    )


def _check_texts(command: CreateWebhook | UpdateWebhook) -> None:
    check_length(command.description or "", "description", limits.WEBHOOK_DESCRIPTION_CHARS_MAX)
    check_length(command.secret or "", "secret", limits.WEBHOOK_SECRET_CHARS_MAX)


def _distinct(events: Sequence[str]) -> list[str]:
    if not events:
        raise InvalidParameter(
            "Invalid value for parameter 'events': name at least one event, such as "
            '{"entity": "REGISTERED_MODEL", "action": "CREATED"}.'
        )
    return list(dict.fromkeys(events))


class Webhooks:
    """Executes the commands; like the handler's methods these are durable when they return.

    reach: which URLs the server may be told to talk to.
    """

    def __init__(self, log: EventLog, handler: Handler, states: StateReader, reach: Reach) -> None:
        self._log = log
        self._handler = handler
        self._states = states
        self._reach = reach

    async def create(self, command: CreateWebhook, actor: str) -> str:
        """Make a webhook and return its id."""
        webhook_id = str(uuid.UUID(self._handler.new_id()))
        now_ms = self._handler.now_ms()
        created = create(command, self._reach, webhook_id=webhook_id, now_ms=now_ms)
        if not await self._handler.append([Entry(stream_of(webhook_id), created, 1)], actor):
            raise contended(stream_of(webhook_id))
        return webhook_id

    async def update(self, webhook_id: str, command: UpdateWebhook, actor: str) -> None:
        """Change a webhook."""
        now_ms = self._handler.now_ms()
        updated = update(command, self._reach, webhook_id=webhook_id, now_ms=now_ms)
        await self._append(webhook_id, updated, actor)

    async def delete(self, webhook_id: str, actor: str) -> None:
        """Delete a webhook."""
        now_ms = self._handler.now_ms()
        deleted = WebhookDeleted(webhook_id=webhook_id, deleted_at_ms=now_ms)
        await self._append(webhook_id, deleted, actor)

    async def _append(self, webhook_id: str, fact: Fact, actor: str) -> None:
        stream = stream_of(webhook_id)
        async with self._handler.hot.lock(stream):
            for _ in range(DECISIONS_MAX):
                # The version first: what is read after it can only be newer.
                version = await self._log.version(stream)
                if not await self._states.webhook_exists(webhook_id):
                    raise no_such_webhook(webhook_id)
                if await self._handler.append([Entry(stream, fact, version + 1)], actor):
                    return
        raise contended(stream)
