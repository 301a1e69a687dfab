"""What can be done to an experiment (rows X1 to X7 and I1 to I7 of the semantics reference)."""

import re
from hashlib import sha256

import msgspec

from eventtrack import limits
from eventtrack.commands.state import ACTIVE, DELETED, ExperimentState
from eventtrack.commands.validation import check_key, check_length
from eventtrack.errors import AlreadyExists, DoesNotExist, InvalidParameter
from eventtrack.events import Fact
from eventtrack.events.experiments import (
    ExperimentCreated,
    ExperimentDeleted,
    ExperimentNameClaimed,
    ExperimentNameReleased,
    ExperimentRenamed,
    ExperimentRestored,
    ExperimentTagDeleted,
    ExperimentTagSet,
)


class CreateExperiment(msgspec.Struct, frozen=True, kw_only=True):
    """Make an experiment; an empty `artifact_location` means the server's default root."""

    name: str
    artifact_location: str = ""
    tags: dict[str, str] = {}


class RenameExperiment(msgspec.Struct, frozen=True, kw_only=True):
    """Give an active experiment another name."""

    experiment_id: str
    name: str


class SetExperimentTag(msgspec.Struct, frozen=True, kw_only=True):
    """Set a tag of an active experiment."""

    experiment_id: str
    key: str
    value: str


class DeleteExperimentTag(msgspec.Struct, frozen=True, kw_only=True):
    """Remove a tag that an active experiment has."""

    experiment_id: str
    key: str


class DeleteExperiment(msgspec.Struct, frozen=True, kw_only=True):
    """Put an active experiment and all its runs into the deleted stage."""

    experiment_id: str


class RestoreExperiment(msgspec.Struct, frozen=True, kw_only=True):
    """Bring a deleted experiment and all its runs back."""

    experiment_id: str


def stream_of(experiment_id: str) -> str:
    """The stream of an experiment's events."""
    return f"experiment/{experiment_id}"


def name_stream_of(name: str) -> str:
    """The stream that guards a name; hashed, because a name may hold any character."""
    return f"experiment-name/{sha256(name.encode()).hexdigest()}"


def parse_id(experiment_id: str) -> int:
    """The id as a number; InvalidParameter when it is none (row I1)."""
    if re.fullmatch(r"[+-]?\d{1,18}", experiment_id.strip()) is None:
        raise InvalidParameter(
            f"Invalid experiment ID '{experiment_id[:100]}'. Experiment ID must be a valid integer."
        )
    return int(experiment_id)


def no_such_experiment(experiment_id: str) -> DoesNotExist:
    """The refusal when an experiment is not there or not in the stage that is needed."""
    return DoesNotExist(f"No Experiment with id={experiment_id} exists")


def check_name(name: str, field: str = "name") -> None:
    """An experiment's name: 1 to 500 characters, otherwise free."""
    if not name:
        raise InvalidParameter(
            f"Invalid value \"\" for parameter '{field}' supplied: the "
            "experiment name cannot be empty."
        )
    check_length(name, "Experiment name", limits.EXPERIMENT_NAME_CHARS_MAX)


def check_tag(key: str, value: str) -> None:
    """An experiment tag's key and value."""
    check_key(key, "key", "key")
    check_length(value, "value", limits.EXPERIMENT_TAG_VALUE_CHARS_MAX)


def check_active(experiment_id: str, state: ExperimentState) -> None:
    """Refuse what needs an active experiment (row X4)."""
    if state.lifecycle_stage != ACTIVE:
        raise InvalidParameter(
            f"The experiment {experiment_id} must be in the 'active' state. "
            f"Current state is {state.lifecycle_stage}."
        )


def create(
    command: CreateExperiment,
    *,
    experiment_id: str,
    artifact_root: str,
    taken: bool,
    now_ms: int,
) -> tuple[ExperimentCreated, ExperimentNameClaimed]:
    """Decide on a new experiment with this id; `taken`: the name belongs to another."""
    if taken:
        raise AlreadyExists(
            f"Experiment(name={command.name}) already exists; choose another name, or restore or "
            "rename the experiment that has it (it may be in the deleted stage)."
        )
    location = command.artifact_location or f"{artifact_root.rstrip('/')}/{experiment_id}"
    created = ExperimentCreated(
        experiment_id=experiment_id,
        name=command.name,
        artifact_location=location,
        created_at_ms=now_ms,
        tags=command.tags,
    )
    return created, ExperimentNameClaimed(experiment_id=experiment_id, name=command.name)


def rename(
    state: ExperimentState, command: RenameExperiment, *, taken: bool, now_ms: int
) -> list[Fact]:
    """Decide on a new name: the change, the old name's release and the new one's claim."""
    if state.lifecycle_stage != ACTIVE:
        # MLflow answers 500 here, which its clients retry for minutes (quirk Q3).
        raise InvalidParameter(
            f"Cannot rename the experiment {state.experiment_id}: it is in the "
            f"{state.lifecycle_stage} stage; restore it first."
        )
    check_name(command.name, "new_name")
    if command.name == state.name:
        return []
    if taken:
        raise AlreadyExists(f"Experiment(name={command.name}) already exists.")
    ids = {"experiment_id": state.experiment_id}
    return [
        ExperimentRenamed(**ids, name=command.name, previous_name=state.name, updated_at_ms=now_ms),
        ExperimentNameReleased(**ids, name=state.name),
        ExperimentNameClaimed(**ids, name=command.name),
    ]


def decide(state: ExperimentState, command: object, now_ms: int) -> list[Fact]:
    """Decide what touches only the experiment's own stream."""
    experiment_id = state.experiment_id
    match command:
        case SetExperimentTag(key=key, value=value):
            check_active(experiment_id, state)
            check_tag(key, value)
            if state.tags.get(key) == value:
                return []
            return [ExperimentTagSet(experiment_id=experiment_id, key=key, value=value)]
        case DeleteExperimentTag(key=key):
            check_active(experiment_id, state)
            if key not in state.tags:
                raise DoesNotExist(f"No tag with name: {key} in experiment {experiment_id}")
            return [ExperimentTagDeleted(experiment_id=experiment_id, key=key)]
        case DeleteExperiment():
            if state.lifecycle_stage != ACTIVE:
                raise no_such_experiment(experiment_id)
            return [ExperimentDeleted(experiment_id=experiment_id, updated_at_ms=now_ms)]
        case RestoreExperiment():
            if state.lifecycle_stage != DELETED:
                raise no_such_experiment(experiment_id)
            return [ExperimentRestored(experiment_id=experiment_id, updated_at_ms=now_ms)]
        case _:
            raise TypeError(f"not an experiment command: {command!r}")


ExperimentCommand = SetExperimentTag | DeleteExperimentTag | DeleteExperiment | RestoreExperiment
