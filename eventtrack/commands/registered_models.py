"""What can be done to a registered model (rows V1 to V11 of the semantics reference).

Prompts are registered models with a tag; they share the names.
"""

import posixpath
import re
from hashlib import sha256

import msgspec

from eventtrack import limits
from eventtrack.commands.state import DELETED, RegisteredModelState
from eventtrack.commands.validation import check_key, check_length
from eventtrack.errors import AlreadyExists, DoesNotExist, InvalidParameter
from eventtrack.events import Fact
from eventtrack.events.registered_models import (
    RegisteredModelAliasDeleted,
    RegisteredModelAliasSet,
    RegisteredModelCreated,
    RegisteredModelDeleted,
    RegisteredModelDescribed,
    RegisteredModelNameClaimed,
    RegisteredModelNameReleased,
    RegisteredModelRenamed,
    RegisteredModelTagDeleted,
    RegisteredModelTagSet,
)

IS_PROMPT_TAG = "mlflow.prompt.is_prompt"
PROMPT_TEXT_TAG = "mlflow.prompt.text"

LATEST = "latest"
"""The alias that always names the greatest version."""


class CreateRegisteredModel(msgspec.Struct, frozen=True, kw_only=True):
    """Make a registered model; the last value of a repeated tag counts."""

    name: str
    description: str = ""
    tags: list[tuple[str, str]] = []


class DescribeRegisteredModel(msgspec.Struct, frozen=True, kw_only=True):
    """Give it another description."""

    description: str


class SetRegisteredModelTag(msgspec.Struct, frozen=True, kw_only=True):
    """Set a tag."""

    key: str
    value: str


class DeleteRegisteredModelTag(msgspec.Struct, frozen=True, kw_only=True):
    """Remove a tag, if it is there."""

    key: str


class SetAlias(msgspec.Struct, frozen=True, kw_only=True):
    """Let an alias name a version, and no other."""

    alias: str
    version: int


class DeleteAlias(msgspec.Struct, frozen=True, kw_only=True):
    """Let an alias name nothing any more, if it does."""

    alias: str


RegisteredModelCommand = (
    DescribeRegisteredModel
    | SetRegisteredModelTag
    | DeleteRegisteredModelTag
    | SetAlias
    | DeleteAlias
)


def stream_of(registered_model_id: str) -> str:
    """The stream of a registered model's events."""
    return f"registered-model/{registered_model_id}"


def name_stream_of(name: str) -> str:
    """The stream that guards a name; hashed, because a name may hold almost any character."""
    return f"registered-model-name/{sha256(name.encode()).hexdigest()}"


def no_such_registered_model(name: str) -> DoesNotExist:
    """The refusal when no registered model has this name."""
    return DoesNotExist(f"Registered Model with name={name} not found")


def no_such_version(name: str, version: int) -> DoesNotExist:
    """The refusal when a model has no such version, or it is deleted."""
    return DoesNotExist(f"Model Version (name={name}, version={version}) not found")


def is_prompt(tags: dict[str, str]) -> bool:
    """Do these tags make a registered model, or a version, a prompt (row V13)?"""
    return tags.get(IS_PROMPT_TAG, "false").lower() == "true"


def check_name(name: str, field: str = "name") -> None:
    """A model's name: not blank, without "/" and ":", not like a path (row V1)."""
    if not name.strip():
        raise InvalidParameter(f"Missing value for required parameter '{field}'.")
    if "/" in name or ":" in name:
        raise InvalidParameter(f"Invalid model name '{name}'. Names cannot contain '/' or ':'.")
    if name != posixpath.normpath(name) or name in (".", ".."):
        raise InvalidParameter(
            f"Invalid value \"{name}\" for parameter '{field}' supplied: Names may be treated as "
            "files in certain cases, and must not resolve to other names when treated as such. "
            f"This name would resolve to {posixpath.normpath(name)!r}."
        )
    check_length(name, "Registered model name", limits.REGISTERED_MODEL_NAME_CHARS_MAX)


def check_tag(key: str, value: str) -> None:
    """The key and value of a tag of a model or a version."""
    check_key(key, "key", "key")
    if key == PROMPT_TEXT_TAG and len(value) > limits.REGISTRY_TAG_VALUE_CHARS_MAX:
        raise InvalidParameter(
            f"Prompt text exceeds max length of {limits.REGISTRY_TAG_VALUE_CHARS_MAX} characters: "
            f"it has {len(value)}."
        )
    check_length(value, "value", limits.REGISTRY_TAG_VALUE_CHARS_MAX)


def check_description(description: str) -> None:
    """A description of a model or a version."""
    check_length(description, "description", limits.REGISTRY_DESCRIPTION_CHARS_MAX)


def check_alias(alias: str) -> None:
    """An alias's characters and length (row V4)."""
    if not alias:
        raise InvalidParameter("Registered model alias name cannot be empty.")
    if re.fullmatch(r"[\w\-]*", alias) is None:
        raise InvalidParameter(
            f"Invalid alias name: '{alias[:300]}'. Names may only contain alphanumerics, "
            "underscores (_), and dashes (-)."
        )
    check_length(alias, "Registered model alias name", limits.MODEL_ALIAS_CHARS_MAX)


def check_alias_free(alias: str) -> None:
    """Refuse aliases that mean something already."""
    if alias.lower() == LATEST:
        raise InvalidParameter("'latest' alias name (case insensitive) is reserved.")
    if re.fullmatch(r"[vV]\d+", alias):
        raise InvalidParameter(f"Version alias name '{alias}' is reserved.")


def create(
    command: CreateRegisteredModel,
    *,
    registered_model_id: str,
    taken_by: RegisteredModelState | None,
    now_ms: int,
) -> tuple[RegisteredModelCreated, RegisteredModelNameClaimed]:
    """Decide on a new model; taken_by: the one that has the name."""
    check_name(command.name)
    for key, value in command.tags:
        check_tag(key, value)
    check_description(command.description)
    tags = dict(command.tags)
    if taken_by is not None:
        old = "Prompt" if is_prompt(taken_by.tags) else "Registered Model"
        new = "Prompt" if is_prompt(tags) else "Registered Model"
        if old != new:
            raise AlreadyExists(
                f"Tried to create a {new.lower()} with name {command.name!r}, but the name is "
                f"already taken by a {old.lower()}. MLflow does not allow creating a model and a "
                "prompt with the same name."
            )
        raise AlreadyExists(f"{new} (name={command.name}) already exists.")
    created = RegisteredModelCreated(
        registered_model_id=registered_model_id,
        name=command.name,
        created_at_ms=now_ms,
        description=command.description,
        tags=tags,
    )
    claimed = RegisteredModelNameClaimed(registered_model_id=registered_model_id, name=command.name)
    return created, claimed


def state_of(event: RegisteredModelCreated) -> RegisteredModelState:
    """The state of a model that was just created."""
    return RegisteredModelState(
        registered_model_id=event.registered_model_id,
        name=event.name,
        lifecycle_stage="active",
        description=event.description,
        tags=dict(event.tags),
        aliases={},
        versions={},
        version=1,
    )


def rename(state: RegisteredModelState, name: str, *, taken: bool, now_ms: int) -> list[Fact]:
    """Decide on a new name: the change, the old name's release and the new one's claim."""
    if taken:
        raise AlreadyExists(f"Registered Model (name={name}) already exists.")
    ids = {"registered_model_id": state.registered_model_id}
    return [
        RegisteredModelRenamed(**ids, name=name, previous_name=state.name, updated_at_ms=now_ms),
        RegisteredModelNameReleased(**ids, name=state.name),
        RegisteredModelNameClaimed(**ids, name=name),
    ]


def delete(state: RegisteredModelState, now_ms: int) -> list[Fact]:
    """Decide on the deletion, and the release of the name."""
    ids = {"registered_model_id": state.registered_model_id}
    return [
        RegisteredModelDeleted(**ids, updated_at_ms=now_ms),
        RegisteredModelNameReleased(**ids, name=state.name),
    ]


def check_there(state: RegisteredModelState, name: str) -> None:
    """Refuse when the model was renamed or deleted since its name was looked up."""
    if state.lifecycle_stage == DELETED or state.name != name:
        raise no_such_registered_model(name)


def check_version(state: RegisteredModelState, version: int) -> None:
    """Refuse a version that is not there."""
    found = state.versions.get(version)
    if found is None or found.deleted:
        raise no_such_version(state.name, version)


def check(command: RegisteredModelCommand) -> None:
    """Refuse what no model could do, whether or not there is the one that is meant."""
    match command:
        case DescribeRegisteredModel(description=description):
            check_description(description)
        case SetRegisteredModelTag(key=key, value=value):
            check_tag(key, value)
        case DeleteRegisteredModelTag(key=key):
            check_key(key, "key", "key")
        case SetAlias(alias=alias):
            check_alias(alias)
            check_alias_free(alias)
        case DeleteAlias(alias=alias):
            check_alias(alias)


def decide(state: RegisteredModelState, command: RegisteredModelCommand, now_ms: int) -> list[Fact]:
    """Decide on a change to one model; the command is checked."""
    ids = {"registered_model_id": state.registered_model_id}
    match command:
        case DescribeRegisteredModel(description=description):
            return [RegisteredModelDescribed(**ids, description=description, updated_at_ms=now_ms)]
        case SetRegisteredModelTag(key=key, value=value):
            if state.tags.get(key) == value:
                return []
            return [RegisteredModelTagSet(**ids, key=key, value=value)]
        case DeleteRegisteredModelTag(key=key):
            return [RegisteredModelTagDeleted(**ids, key=key)] if key in state.tags else []
        case SetAlias(alias=alias, version=version):
            check_version(state, version)
            if state.aliases.get(alias) == version:
                return []
            return [RegisteredModelAliasSet(**ids, alias=alias, version=version)]
        case DeleteAlias(alias=alias):
            if alias not in state.aliases:
                return []
            return [RegisteredModelAliasDeleted(**ids, alias=alias)]
