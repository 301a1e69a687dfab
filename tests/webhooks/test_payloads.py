"""The same calls to MLflow and to eventtrack tell their webhooks the same, in the same words."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
from mlflow.entities.webhook import VALID_ENTITY_ACTIONS
from mlflow.webhooks.types import EVENT_TO_PAYLOAD_CLASS

from eventtrack.commands.webhooks import ACTIONS
from eventtrack.server.webhooks.payloads import example_of
from tests.rest import Rest
from tests.servers import eventtrack_server, mlflow_server
from tests.webhooks.hooks import ALLOWED, EVERYTHING, make_webhook
from tests.webhooks.receiver import Received, Receiver

PROMPT = [{"key": "mlflow.prompt.is_prompt", "value": "true"}]
TEXT = {"key": "mlflow.prompt.text", "value": "Hello {{name}}!"}
KIND = {"key": "_mlflow_prompt_type", "value": "text"}
TEAM = {"key": "team", "value": "größe λ"}

Call = tuple[str, str, dict[str, Any]]

CALLS: list[Call] = [
    ("POST", "registered-models/create", {"name": "plain"}),
    (
        "POST",
        "registered-models/create",
        {"name": "full", "description": "what it is for", "tags": [TEAM, TEAM]},
    ),
    ("POST", "model-versions/create", {"name": "full", "source": "s3://bucket/model"}),
    (
        "POST",
        "model-versions/create",
        {
            "name": "full",
            "source": "s3://bucket/model",
            "run_id": "0" * 32,
            "run_link": "https://example.com",
            "description": "second",
            "tags": [TEAM],
        },
    ),
    ("POST", "model-versions/create", {"name": "plain", "source": "models:/full/2"}),
    ("POST", "model-versions/set-tag", {"name": "full", "version": "1", **TEAM}),
    ("DELETE", "model-versions/delete-tag", {"name": "full", "version": "1", "key": "team"}),
    ("POST", "registered-models/alias", {"name": "full", "alias": "best", "version": "2"}),
    ("DELETE", "registered-models/alias", {"name": "full", "alias": "best"}),
    (
        "POST",
        "registered-models/create",
        {"name": "greeting", "description": "hello", "tags": [*PROMPT, KIND, TEAM]},
    ),
    (
        "POST",
        "model-versions/create",
        {"name": "greeting", "source": "dummy-source", "tags": [*PROMPT, KIND, TEXT, TEAM]},
    ),
    ("POST", "registered-models/set-tag", {"name": "greeting", "key": "a", "value": "b"}),
    ("DELETE", "registered-models/delete-tag", {"name": "greeting", "key": "a"}),
    ("POST", "model-versions/set-tag", {"name": "greeting", "version": "1", **TEAM, "key": "b"}),
    ("DELETE", "model-versions/delete-tag", {"name": "greeting", "version": "1", "key": "b"}),
    ("POST", "registered-models/alias", {"name": "greeting", "alias": "best", "version": "1"}),
    ("DELETE", "registered-models/alias", {"name": "greeting", "alias": "best"}),
]
"""Each tells the webhooks one event."""

SILENT: list[Call] = [
    ("POST", "registered-models/set-tag", {"name": "full", "key": "a", "value": "b"}),
    ("DELETE", "registered-models/delete-tag", {"name": "full", "key": "a"}),
    ("PATCH", "registered-models/update", {"name": "full", "description": "new"}),
    (
        "POST",
        "model-versions/transition-stage",
        {"name": "full", "version": "1", "stage": "Production"},
    ),
    ("POST", "registered-models/rename", {"name": "plain", "new_name": "simple"}),
    ("DELETE", "model-versions/delete", {"name": "full", "version": "2"}),
    ("DELETE", "registered-models/delete", {"name": "simple"}),
    ("POST", "registered-models/create", {"name": "last"}),
]
"""Nothing of this is told, but for the last."""


def told_by(rest: Rest, receiver: Receiver) -> list[Received]:
    with contextlib.closing(rest):
        make_webhook(rest, receiver.url)
        for number, (method, path, body) in enumerate(CALLS, 1):
            rest.call(method, path, **body)
            # MLflow's deliveries overtake each other.
            receiver.wait_for(number)
        for method, path, body in SILENT:
            rest.call(method, path, **body)
        return receiver.wait_for(len(CALLS) + 1)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> list[list[Received]]:
    folder: Path = tmp_path_factory.mktemp("both")
    env = {"MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true", "MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http"}
    found = []
    with Receiver() as receiver, mlflow_server(folder / "mlflow", env=env) as server:
        found.append(told_by(Rest(server.port), receiver))
    with Receiver() as receiver, eventtrack_server(folder / "eventtrack", *ALLOWED) as server:
        found.append(told_by(Rest(server.port), receiver))
    return found


def test_both_tell_the_same(both: list[list[Received]]) -> None:
    theirs, ours = ([each.message for each in received] for received in both)
    for message in (*theirs, *ours):
        assert message.pop("timestamp").endswith("+00:00")
    assert ours == theirs
    assert {each.event for each in both[1]} == set(EVERYTHING), "every event was told once"


def test_both_write_the_same_bytes(both: list[list[Received]]) -> None:
    for theirs, ours in zip(*both, strict=True):
        then = theirs.message["timestamp"].encode()
        assert ours.body.replace(ours.message["timestamp"].encode(), then) == theirs.body


def test_both_send_the_same_headers(both: list[list[Received]]) -> None:
    theirs, ours = ({each.lower() for each in got[0].headers} for got in both)
    assert {each for each in theirs if each.startswith("x-mlflow")} == {
        each for each in ours if each.startswith("x-mlflow")
    }


def test_we_know_the_events_that_mlflow_knows() -> None:
    known = {
        entity.value: tuple(sorted(action.value for action in actions))
        for entity, actions in VALID_ENTITY_ACTIONS.items()
    }
    assert known == ACTIONS


@pytest.mark.parametrize("event", EVENT_TO_PAYLOAD_CLASS, ids=lambda event: ".".join(event))
def test_an_example_has_the_fields_of_the_event(event: tuple[Any, Any]) -> None:
    entity, action = (each.value for each in event)
    got = Received("/", {}, example_of(f"{entity}.{action}", 1_700_000_000_000_000))
    assert got.event == f"{entity}.{action}"
    assert got.message["timestamp"] == "2023-11-14T22:13:20+00:00"
    expected = EVENT_TO_PAYLOAD_CLASS[event].__annotations__
    assert set(got.data) == set(expected)
