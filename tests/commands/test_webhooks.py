"""Webhooks: when somebody asks to tell a URL of events, then this is noted, or refused."""

from typing import Any

import msgspec
import pytest

from eventtrack.commands.reach import Reach
from eventtrack.commands.webhooks import (
    ACTIONS,
    CreateWebhook,
    UpdateWebhook,
    create,
    event_of,
    update,
)
from eventtrack.errors import InvalidParameter
from eventtrack.events import HIDDEN, decode, encode, fields_of
from eventtrack.events.secret import Secret
from eventtrack.events.webhooks import WebhookCreated, WebhookUpdated
from tests.support import refused

URL = "https://ci.example.com/hooks"
REACH = Reach()


def asked(**changes: Any) -> CreateWebhook:
    return CreateWebhook(**{"name": "w", "url": URL, "events": ["prompt.created"], **changes})


def created(**changes: Any) -> WebhookCreated:
    return create(asked(**changes), REACH, webhook_id="id", now_ms=7)


def updated(**changes: Any) -> WebhookUpdated:
    return update(UpdateWebhook(**changes), REACH, webhook_id="id", now_ms=8)


def test_a_webhook_is_noted_with_its_secret() -> None:
    assert created(secret="s", description="d", status="DISABLED") == WebhookCreated(
        webhook_id="id",
        name="w",
        url=URL,
        events=["prompt.created"],
        created_at_ms=7,
        status="DISABLED",
        description="d",
        secret=Secret("s"),
    )
    assert created().secret is None


def test_an_event_asked_for_twice_is_asked_for_once() -> None:
    events = ["prompt.created", "prompt_tag.set", "prompt.created"]
    assert created(events=events).events == ["prompt.created", "prompt_tag.set"]


def test_what_is_not_given_is_not_changed() -> None:
    assert updated() == WebhookUpdated(webhook_id="id", updated_at_ms=8)
    assert updated(description="").description == ""
    assert updated(secret="").secret == Secret("")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": "-w"}, "'name'"),
        ({"name": "n" * 64}, "at most 63"),
        ({"url": "http://ci.example.com/"}, "Allowed schemes are: https"),
        ({"url": "https://10.0.0.1/"}, "non-public"),
        ({"events": []}, "'events'"),
        ({"description": "x" * 5001}, "maximum length of 5000 characters: it has 5001"),
        ({"secret": "x" * 1001}, "maximum length of 1000 characters: it has 1001"),
    ],
)
def test_what_is_refused_is_refused_in_both(changes: dict[str, Any], said: str) -> None:
    with refused(InvalidParameter, said):
        created(**changes)
    with refused(InvalidParameter, said):
        updated(**changes)


def test_a_refusal_does_not_tell_the_secret() -> None:
    with pytest.raises(InvalidParameter) as caught:
        created(secret="sesame" * 500)
    assert "sesame" not in caught.value.message


@pytest.mark.parametrize("entity", ACTIONS)
def test_every_event_has_a_name_and_no_other(entity: str) -> None:
    actions = {"created", "updated", "deleted", "set", "exceeded"}
    for action in ACTIONS[entity]:
        assert event_of(entity, action) == f"{entity}.{action}"
    for action in actions - set(ACTIONS[entity]):
        with refused(InvalidParameter, f"Invalid action '{action}' for entity '{entity}'"):
            event_of(entity, action)


def test_a_secret_goes_into_the_log_and_nowhere_else() -> None:
    event = created(secret="sesame")
    payload = encode(event)
    assert b"sesame" in payload
    assert decode(payload) == event
    assert fields_of(event)["secret"] == HIDDEN
    assert "sesame" not in repr(event) + str(event.secret) + f"{event.secret!r}"
    assert event.secret is not None
    assert event.secret.reveal() == "sesame"


def test_who_shows_an_event_without_hiding_its_secret_fails() -> None:
    event = created(secret="sesame")
    for show in (msgspec.to_builtins, msgspec.json.encode, msgspec.msgpack.encode):
        with pytest.raises(TypeError):
            show(event)
