"""MLflow's webhooks (section 9 of the REST reference); the secret is written and never read."""

import enum

import msgspec

from eventtrack.commands import webhooks as commands
from eventtrack.server.calls import Call
from eventtrack.server.door import Door
from eventtrack.server.mlflow.shared import page_size
from eventtrack.server.mlflow.wire import Int32, missing
from projections import webhooks
from projections.search.webhooks import find_webhooks

LIST_DEFAULT = 100
LIST_MAX = 1000


class Entity(enum.IntEnum):
    """What an event is about."""

    REGISTERED_MODEL = 1
    MODEL_VERSION = 2
    MODEL_VERSION_TAG = 3
    MODEL_VERSION_ALIAS = 4
    PROMPT = 5
    PROMPT_VERSION = 6
    PROMPT_TAG = 7
    PROMPT_VERSION_TAG = 8
    PROMPT_ALIAS = 9
    BUDGET_POLICY = 10


class Action(enum.IntEnum):
    """What happened to it."""

    CREATED = 1
    UPDATED = 2
    DELETED = 3
    SET = 4
    EXCEEDED = 5


class Status(enum.IntEnum):
    """Is the webhook told anything?"""

    ACTIVE = 1
    DISABLED = 2


class EventIn(msgspec.Struct):
    """An event in a request."""

    entity: Entity | None = None
    action: Action | None = None


class EventBody(msgspec.Struct, frozen=True):
    """An event in an answer."""

    entity: str
    action: str


class WebhookBody(msgspec.Struct, omit_defaults=True, frozen=True, kw_only=True):
    """A webhook on the wire; times in milliseconds since 1970."""

    webhook_id: str
    name: str
    url: str
    events: list[EventBody]
    status: str
    creation_timestamp: int
    last_updated_timestamp: int
    description: str = ""


class WebhookAnswer(msgspec.Struct, frozen=True):
    """One webhook."""

    webhook: WebhookBody


def body_of(webhook: webhooks.Webhook) -> WebhookBody:
    """The wire's form of a webhook."""
    return WebhookBody(
        webhook_id=webhook.webhook_id,
        name=webhook.name,
        url=webhook.url,
        events=[EventBody(*each.upper().split(".")) for each in webhook.events],
        status=webhook.status,
        creation_timestamp=webhook.creation_timestamp,
        last_updated_timestamp=webhook.last_updated_timestamp,
        description=webhook.description,
    )


async def find(door: Door, webhook_id: str) -> webhooks.Webhook:
    """The webhook with this id; DoesNotExist when there is none."""
    found = await webhooks.get(await door.current(), webhook_id)
    if found is None:
        raise commands.no_such_webhook(webhook_id)
    return found


def _names(events: list[EventIn] | None) -> list[str]:
    return [_name(each, f"events[{index}]") for index, each in enumerate(events or ())]


def _name(event: EventIn, path: str) -> str:
    if event.entity is None:
        raise missing(f"{path}.entity")
    if event.action is None:
        raise missing(f"{path}.action")
    return commands.event_of(event.entity.name.lower(), event.action.name.lower())


class CreateWebhook(msgspec.Struct):
    """Request of POST webhooks."""

    name: str
    url: str
    events: list[EventIn]
    description: str | None = None
    secret: str | None = None
    status: Status | None = None


async def create(door: Door, call: Call, message: CreateWebhook) -> WebhookAnswer:
    """POST webhooks."""
    command = commands.CreateWebhook(
        name=message.name,
        url=message.url,
        events=_names(message.events),
        description=message.description or "",
        secret=message.secret or "",
        status=(message.status or Status.ACTIVE).name,
    )
    webhook_id = await door.webhooks.create(command, call.actor)
    return WebhookAnswer(body_of(await find(door, webhook_id)))


class ListWebhooks(msgspec.Struct):
    """Request of GET webhooks."""

    max_results: Int32 | None = None
    page_token: str | None = None


class ListWebhooksAnswer(msgspec.Struct, omit_defaults=True):
    """Response of GET webhooks."""

    webhooks: list[WebhookBody] | None = None
    next_page_token: str | None = None


async def list_webhooks(door: Door, call: Call, message: ListWebhooks) -> ListWebhooksAnswer:
    """GET webhooks, the newest first; 0 asks for the usual page, as MLflow's."""
    views = await door.current()
    page = await find_webhooks(
        views,
        max_results=page_size(message.max_results or LIST_DEFAULT, None, LIST_MAX),
        page_token=message.page_token or "",
    )
    found = [body_of(each) for each in await webhooks.get_many(views, page.ids)]
    return ListWebhooksAnswer(found or None, page.next_page_token)


class WebhookId(msgspec.Struct):
    """Request of GET and DELETE webhooks/{webhook_id}."""

    webhook_id: str


async def get(door: Door, call: Call, message: WebhookId) -> WebhookAnswer:
    """GET webhooks/{webhook_id}."""
    return WebhookAnswer(body_of(await find(door, message.webhook_id)))


class UpdateWebhook(msgspec.Struct):
    """Request of PATCH webhooks/{webhook_id}; what is absent stays.

    So does what is empty, but for a description or secret, which it clears.
    """

    webhook_id: str
    name: str | None = None
    description: str | None = None
    url: str | None = None
    events: list[EventIn] | None = None
    secret: str | None = None
    status: Status | None = None


async def update(door: Door, call: Call, message: UpdateWebhook) -> WebhookAnswer:
    """PATCH webhooks/{webhook_id}."""
    command = commands.UpdateWebhook(
        name=message.name or None,
        url=message.url or None,
        events=_names(message.events) or None,
        description=message.description,
        secret=message.secret,
        status=None if message.status is None else message.status.name,
    )
    await door.webhooks.update(message.webhook_id, command, call.actor)
    return WebhookAnswer(body_of(await find(door, message.webhook_id)))


async def delete(door: Door, call: Call, message: WebhookId) -> None:
    """DELETE webhooks/{webhook_id}."""
    await door.webhooks.delete(message.webhook_id, call.actor)


class TestWebhook(msgspec.Struct):
    """Request of POST webhooks/{webhook_id}/test; without an event it is the webhook's first."""

    webhook_id: str
    event: EventIn | None = None


class TestResult(msgspec.Struct, omit_defaults=True):
    """What the receiver answered, or why nothing came."""

    success: bool | None = None
    response_status: int | None = None
    response_body: str | None = None
    error_message: str | None = None


class TestWebhookAnswer(msgspec.Struct):
    """Response of POST webhooks/{webhook_id}/test."""

    result: TestResult


async def test(door: Door, call: Call, message: TestWebhook) -> TestWebhookAnswer:
    """POST webhooks/{webhook_id}/test: send an example; that it fails is an answer too."""
    asked = None if message.event is None else _name(message.event, "event")
    webhook = await find(door, message.webhook_id)
    answered = await door.webhooks.send_example(webhook, asked or webhook.events[0])
    return TestWebhookAnswer(
        TestResult(
            success=answered.is_success,
            response_status=answered.status,
            response_body=answered.body,
            error_message=answered.error,
        )
    )
