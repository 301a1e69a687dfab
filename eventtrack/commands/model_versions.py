"""What can be done to a version of a registered model (rows V2, V4 and V7 to V11)."""

import msgspec

from eventtrack import limits
from eventtrack.commands.registered_models import check_description, check_tag, check_version
from eventtrack.commands.state import RegisteredModelState
from eventtrack.commands.validation import check_key, check_length
from eventtrack.errors import InvalidParameter
from eventtrack.events import Fact
from eventtrack.events.model_versions import (
    ModelVersionCreated,
    ModelVersionDeleted,
    ModelVersionDescribed,
    ModelVersionStaged,
    ModelVersionTagDeleted,
    ModelVersionTagSet,
)

NONE, STAGING, PRODUCTION, ARCHIVED = "None", "Staging", "Production", "Archived"
STAGES = (NONE, STAGING, PRODUCTION, ARCHIVED)
_CANONICAL = {stage.lower(): stage for stage in STAGES}


class CreateModelVersion(msgspec.Struct, frozen=True, kw_only=True):
    """Give a model its next version.

    run_id, model_id: None when the client did not say; the last value of a repeated tag counts.
    """

    name: str
    source: str
    run_id: str | None = None
    model_id: str | None = None
    run_link: str = ""
    description: str = ""
    tags: list[tuple[str, str]] = []


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where a version's files come from, checked: see `model_sources.py`."""

    source: str
    storage_location: str
    run_id: str = ""
    model_id: str = ""


class DescribeVersion(msgspec.Struct, frozen=True, kw_only=True):
    """Give a version another description, or none."""

    version: int
    description: str | None


class TransitionVersion(msgspec.Struct, frozen=True, kw_only=True):
    """Put a version in a stage; archive_existing: and archive the others that are in it."""

    version: int
    stage: str
    archive_existing: bool = False


class SetVersionTag(msgspec.Struct, frozen=True, kw_only=True):
    """Set a tag of a version."""

    version: int
    key: str
    value: str


class DeleteVersionTag(msgspec.Struct, frozen=True, kw_only=True):
    """Remove a tag of a version, if it is there."""

    version: int
    key: str


class DeleteVersion(msgspec.Struct, frozen=True, kw_only=True):
    """Hide a version and remove the aliases that name it."""

    version: int


VersionCommand = (
    DescribeVersion | TransitionVersion | SetVersionTag | DeleteVersionTag | DeleteVersion
)


def parse_version(version: str) -> int:
    """A version's number; InvalidParameter when it is none."""
    try:
        number = int(version)
    except ValueError:
        raise InvalidParameter(
            f"Invalid value {version[:100]!r} for parameter 'version' supplied: it must be an "
            "integer."
        ) from None
    return min(max(number, -1), limits.MODEL_VERSION_MAX + 1)


def canonical_stage(stage: str) -> str:
    """A stage as it is stored (row V2)."""
    found = _CANONICAL.get(stage.lower())
    if found is None:
        raise InvalidParameter(
            f"Invalid Model Version stage: {stage[:100]}. Value must be one of {', '.join(STAGES)}."
        )
    return found


def create(
    state: RegisteredModelState, command: CreateModelVersion, origin: Origin, now_ms: int
) -> ModelVersionCreated:
    """Decide on the next version: one more than ever was."""
    for key, value in command.tags:
        check_tag(key, value)
    check_description(command.description)
    check_length(origin.source, "source", limits.MODEL_VERSION_SOURCE_CHARS_MAX)
    check_length(command.run_link, "run_link", limits.MODEL_VERSION_SOURCE_CHARS_MAX)
    return ModelVersionCreated(
        registered_model_id=state.registered_model_id,
        version=max(state.versions, default=0) + 1,
        source=origin.source,
        storage_location=origin.storage_location,
        created_at_ms=now_ms,
        run_id=origin.run_id,
        run_link=command.run_link,
        model_id=origin.model_id,
        description=command.description,
        tags=dict(command.tags),
    )


def check(command: VersionCommand) -> None:
    """Refuse what no version could do, whether or not there is the one that is meant."""
    match command:
        case DescribeVersion(description=description):
            check_description(description or "")
        case TransitionVersion(stage=said, archive_existing=archive):
            stage = canonical_stage(said)
            if archive and stage not in (STAGING, PRODUCTION):
                # MLflow answers 500 here, which its clients retry for minutes (quirk Q3).
                raise InvalidParameter(
                    "Model version transition cannot archive existing model versions because "
                    f"'{said}' is not an Active stage. Valid stages are {[STAGING, PRODUCTION]}"
                )
        case SetVersionTag(key=key, value=value):
            check_tag(key, value)
        case DeleteVersionTag(key=key):
            check_key(key, "key", "key")
        case DeleteVersion():
            pass


def decide(state: RegisteredModelState, command: VersionCommand, now_ms: int) -> list[Fact]:
    """Decide on a change to one version; the command is checked."""
    number = command.version
    check_version(state, number)
    ids = {"registered_model_id": state.registered_model_id}
    match command:
        case DescribeVersion(description=description):
            return [
                ModelVersionDescribed(
                    **ids, version=number, description=description, updated_at_ms=now_ms
                )
            ]
        case TransitionVersion():
            return _transition(state, command, now_ms)
        case SetVersionTag(key=key, value=value):
            if state.versions[number].tags.get(key) == value:
                return []
            return [ModelVersionTagSet(**ids, version=number, key=key, value=value)]
        case DeleteVersionTag(key=key):
            if key not in state.versions[number].tags:
                return []
            return [ModelVersionTagDeleted(**ids, version=number, key=key)]
        case DeleteVersion():
            return [delete(state, number, now_ms)]


def delete(state: RegisteredModelState, number: int, now_ms: int) -> ModelVersionDeleted:
    """The deletion of a version that is there."""
    return ModelVersionDeleted(
        registered_model_id=state.registered_model_id,
        version=number,
        updated_at_ms=now_ms,
        aliases=sorted(alias for alias, version in state.aliases.items() if version == number),
    )


def _transition(state: RegisteredModelState, command: TransitionVersion, now_ms: int) -> list[Fact]:
    stage = canonical_stage(command.stage)
    staged = {command.version: stage}
    if command.archive_existing:
        for number, version in state.versions.items():
            if version.stage == stage and not version.deleted and number != command.version:
                staged[number] = ARCHIVED
    return [
        ModelVersionStaged(
            registered_model_id=state.registered_model_id,
            version=number,
            stage=to,
            updated_at_ms=now_ms,
        )
        for number, to in staged.items()
    ]
