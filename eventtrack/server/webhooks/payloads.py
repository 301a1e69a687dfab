"""What a delivery says, in MLflow's words."""

import datetime
import json
from typing import Any

from eventtrack.commands.registered_models import IS_PROMPT_TAG, PROMPT_TEXT_TAG
from eventtrack.events import Fact, Recorded
from eventtrack.events.model_versions import (
    ModelVersionCreated,
    ModelVersionTagDeleted,
    ModelVersionTagSet,
)
from eventtrack.events.registered_models import (
    RegisteredModelAliasDeleted,
    RegisteredModelAliasSet,
    RegisteredModelCreated,
    RegisteredModelTagDeleted,
    RegisteredModelTagSet,
)

PROMPT_TYPE_TAG = "_mlflow_prompt_type"
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


def payload_of(event: str, name: str, recorded: Recorded) -> bytes:
    """The body that tells an event of the log, as it is named to webhooks.

    name: of the model, when it happened.  Always the same bytes for the same event.
    """
    return _body(event, recorded.recorded_at, _data(event, name, recorded.event))


def example_of(event: str, now_us: int) -> bytes:
    """A body like one that tells the event, about nothing real; now_us: microseconds since 1970."""
    entity, _, action = event.partition(".")
    noun = "prompt" if entity.startswith("prompt") else "model"
    data: dict[str, Any] = {"name": f"example_{noun}"}
    tags = {"example_key": "example_value"}
    if entity == "budget_policy":
        data = _EXAMPLE_OF_A_BUDGET
    elif entity in ("registered_model", "prompt"):
        data |= {"tags": tags, "description": f"An example of a {noun}"}
    elif entity == "model_version":
        data |= {"version": "1", "source": "models:/123", "run_id": "abcd1234abcd5678"}
        data |= {"tags": tags, "description": "An example of a version"}
    elif entity == "prompt_version":
        data |= {"version": "1", "template": "Hello {{name}}!"}
        data |= {"tags": tags, "description": "An example of a version"}
    elif entity.endswith("_alias"):
        data |= {"alias": "example_alias"} | ({"version": "1"} if action == "created" else {})
    else:
        data |= {"version": "1"} if entity.endswith("_version_tag") else {}
        data |= {"key": "example_key"} | ({"value": "example_value"} if action == "set" else {})
    return _body(event, now_us, data)


_EXAMPLE_OF_A_BUDGET: dict[str, Any] = {
    "budget_policy_id": "bp-abc123",
    "budget_unit": "USD",
    "budget_amount": 100.0,
    "current_spend": 105.5,
    "duration_unit": "MONTHS",
    "duration_value": 1,
    "target_scope": "ENDPOINT",
    "workspace": "default",
    "target_value": "ep-abc123",
    "window_start": 1_704_067_200_000,
}


def _body(event: str, at_us: int, data: dict[str, Any]) -> bytes:
    entity, _, action = event.partition(".")
    happened = (_EPOCH + datetime.timedelta(microseconds=at_us)).isoformat()
    message = {"entity": entity, "action": action, "timestamp": happened, "data": data}
    return json.dumps(message).encode()


def _data(event: str, name: str, fact: Fact) -> dict[str, Any]:
    match fact:
        case RegisteredModelCreated(tags=tags, description=description):
            if event == "prompt.created":
                tags = _of_prompt(tags)
            return {"name": name, "tags": tags, "description": description}
        case ModelVersionCreated():
            return {"name": name, **_version(event, fact)}
        case RegisteredModelTagSet(key=key, value=value):
            return {"name": name, "key": key, "value": value}
        case RegisteredModelTagDeleted(key=key):
            return {"name": name, "key": key}
        case RegisteredModelAliasSet(alias=alias, version=version):
            return {"name": name, "alias": alias, "version": str(version)}
        case RegisteredModelAliasDeleted(alias=alias):
            return {"name": name, "alias": alias}
        case ModelVersionTagSet(version=version, key=key, value=value):
            return {"name": name, "version": str(version), "key": key, "value": value}
        case ModelVersionTagDeleted(version=version, key=key):
            return {"name": name, "version": str(version), "key": key}
    raise TypeError(f"webhooks are not told of {type(fact).__name__}")


def _version(event: str, fact: ModelVersionCreated) -> dict[str, Any]:
    described = {"description": fact.description or None}
    if event == "prompt_version.created":
        tags = _of_prompt(fact.tags)
        template = tags.pop(PROMPT_TEXT_TAG, None)
        return {"version": str(fact.version), "template": template, "tags": tags, **described}
    return {
        "version": str(fact.version),
        "source": fact.source,
        "run_id": fact.run_id or None,
        "tags": fact.tags,
        **described,
    }


def _of_prompt(tags: dict[str, str]) -> dict[str, str]:
    """Without the tags that make it a prompt."""
    return {
        key: value for key, value in tags.items() if key not in (IS_PROMPT_TAG, PROMPT_TYPE_TAG)
    }
