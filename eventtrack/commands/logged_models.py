"""What can be done to a logged model (rows D4 to D6, section 7 of the REST reference)."""

import msgspec

from eventtrack.commands.experiments import check_active as check_experiment_active
from eventtrack.commands.state import DELETED, ExperimentState, LoggedModelState
from eventtrack.errors import BadRequest, DoesNotExist, InvalidParameter
from eventtrack.events import Fact
from eventtrack.events.logged_models import (
    LoggedModelCreated,
    LoggedModelDeleted,
    LoggedModelFinalized,
    LoggedModelParamsLogged,
    LoggedModelTagDeleted,
    LoggedModelTagsSet,
)

PENDING = "LOGGED_MODEL_PENDING"
STATUSES = (
    "LOGGED_MODEL_STATUS_UNSPECIFIED",
    PENDING,
    "LOGGED_MODEL_READY",
    "LOGGED_MODEL_UPLOAD_FAILED",
)

_NAME_FORBIDDEN = "/:.%\"'"


class CreateLoggedModel(msgspec.Struct, frozen=True, kw_only=True):
    """Announce a model whose files will follow."""

    experiment_id: str
    name: str = ""
    model_type: str = ""
    source_run_id: str = ""
    params: list[tuple[str, str]] = []
    tags: list[tuple[str, str]] = []


class FinalizeLoggedModel(msgspec.Struct, frozen=True, kw_only=True):
    """Say how the upload ended."""

    model_id: str
    status: str


class LogLoggedModelParams(msgspec.Struct, frozen=True, kw_only=True):
    """Write params that the model does not have."""

    model_id: str
    params: list[tuple[str, str]]


class SetLoggedModelTags(msgspec.Struct, frozen=True, kw_only=True):
    """Set tags; the last value of a repeated key wins."""

    model_id: str
    tags: list[tuple[str, str]]


class DeleteLoggedModelTag(msgspec.Struct, frozen=True, kw_only=True):
    """Remove a tag that the model has."""

    model_id: str
    key: str


class DeleteLoggedModel(msgspec.Struct, frozen=True, kw_only=True):
    """Hide the model from get and search."""

    model_id: str


LoggedModelCommand = (
    FinalizeLoggedModel
    | LogLoggedModelParams
    | SetLoggedModelTags
    | DeleteLoggedModelTag
    | DeleteLoggedModel
)


def stream_of(model_id: str) -> str:
    """The stream of a logged model's events."""
    return f"logged-model/{model_id}"


def no_such_model(model_id: str) -> DoesNotExist:
    """The refusal when a model is not there or deleted."""
    return DoesNotExist(f"Logged model with ID '{model_id}' not found.")


def create(
    command: CreateLoggedModel,
    experiment: ExperimentState,
    *,
    model_id: str,
    random_name: str,
    now_ms: int,
) -> LoggedModelCreated:
    """Decide on a new model."""
    forbidden = sorted(set(command.name) & set(_NAME_FORBIDDEN))
    if forbidden:
        raise InvalidParameter(
            f"Invalid model name ({command.name!r}) provided. Model name must be a non-empty "
            f"string and cannot contain the following characters: {list(_NAME_FORBIDDEN)}"
        )
    check_experiment_active(experiment.experiment_id, experiment)
    location = experiment.artifact_location.rstrip("/")
    return LoggedModelCreated(
        model_id=model_id,
        experiment_id=experiment.experiment_id,
        name=command.name or random_name,
        artifact_location=f"{location}/models/{model_id}/artifacts",
        status=PENDING,
        created_at_ms=now_ms,
        model_type=command.model_type,
        source_run_id=command.source_run_id,
        params=dict(command.params),
        tags=dict(command.tags),
    )


def state_of(event: LoggedModelCreated) -> LoggedModelState:
    """The state of a model that was just created."""
    return LoggedModelState(
        model_id=event.model_id,
        experiment_id=event.experiment_id,
        lifecycle_stage="active",
        artifact_location=event.artifact_location,
        status=event.status,
        params=dict(event.params),
        tags=dict(event.tags),
        source_run_id=event.source_run_id,
        version=1,
    )


def decide(state: LoggedModelState, command: LoggedModelCommand, now_ms: int) -> list[Fact]:
    """Decide on a change to one model."""
    model_id = state.model_id
    match command:
        case FinalizeLoggedModel(status=status):
            return [LoggedModelFinalized(model_id=model_id, status=status, updated_at_ms=now_ms)]
        case LogLoggedModelParams(params=params):
            known = [key for key, _ in params if key in state.params]
            if known:
                raise BadRequest(
                    f"Params of a logged model are written once; already logged: {known}"
                )
            new = dict(params)
            return [LoggedModelParamsLogged(model_id=model_id, params=new)] if new else []
        case SetLoggedModelTags(tags=tags):
            wanted = dict(tags).items()
            changed = {key: value for key, value in wanted if state.tags.get(key) != value}
            return [LoggedModelTagsSet(model_id=model_id, tags=changed)] if changed else []
        case DeleteLoggedModelTag(key=key):
            if key not in state.tags:
                raise DoesNotExist(f"No tag with key '{key}' found for model '{model_id}'.")
            return [LoggedModelTagDeleted(model_id=model_id, key=key)]
        case DeleteLoggedModel():
            if state.lifecycle_stage == DELETED:
                return []
            return [LoggedModelDeleted(model_id=model_id, updated_at_ms=now_ms)]
