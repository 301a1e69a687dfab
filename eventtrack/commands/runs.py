"""What can be done to a run, its params and tags (rows R1 to R10, M5 to M8, M11, M15)."""

import msgspec

from eventtrack import limits
from eventtrack.commands.state import ACTIVE, DELETED, ExperimentState, RunState
from eventtrack.commands.validation import check_key, cut
from eventtrack.errors import DoesNotExist, InvalidParameter
from eventtrack.events import Fact
from eventtrack.events.runs import (
    ParamsLogged,
    RunCreated,
    RunDeleted,
    RunRenamed,
    RunRestored,
    RunTagDeleted,
    RunTagsSet,
    RunUpdated,
)

RUN_NAME_TAG = "mlflow.runName"

STATUSES = ("RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED")


class CreateRun(msgspec.Struct, frozen=True, kw_only=True):
    """Start a run in an active experiment; times in milliseconds since 1970."""

    experiment_id: str
    user_id: str = ""
    run_name: str = ""
    start_time_ms: int = 0
    tags: list[tuple[str, str]] = []


class UpdateRun(msgspec.Struct, frozen=True, kw_only=True):
    """Change status, end time (milliseconds) or name; None leaves a field as it is."""

    run_id: str
    status: str | None = None
    end_time_ms: int | None = None
    run_name: str | None = None


class LogParams(msgspec.Struct, frozen=True, kw_only=True):
    """Write params, each once; `batch` says which of MLflow's two messages a clash gets."""

    run_id: str
    params: list[tuple[str, str]]
    batch: bool = False


class SetRunTags(msgspec.Struct, frozen=True, kw_only=True):
    """Set tags; the last value of a repeated key wins."""

    run_id: str
    tags: list[tuple[str, str]]
    batch: bool = False


class DeleteRunTag(msgspec.Struct, frozen=True, kw_only=True):
    """Remove a tag that the run has."""

    run_id: str
    key: str


class DeleteRun(msgspec.Struct, frozen=True, kw_only=True):
    """Put the run into the deleted stage; done twice it is done once."""

    run_id: str


class RestoreRun(msgspec.Struct, frozen=True, kw_only=True):
    """Bring the run back; done twice it is done once."""

    run_id: str


RunCommand = UpdateRun | LogParams | SetRunTags | DeleteRunTag | DeleteRun | RestoreRun


def stream_of(run_id: str) -> str:
    """The stream of a run's events."""
    return f"run/{run_id}"


def no_such_run(run_id: str) -> DoesNotExist:
    """The refusal when a run is not there."""
    return DoesNotExist(f"Run with id={run_id} not found")


def check_active(state: RunState) -> None:
    """Refuse what needs an active run (row R5)."""
    if state.lifecycle_stage != ACTIVE:
        raise InvalidParameter(
            f"The run {state.run_id} must be in the 'active' state. "
            f"Current state is {state.lifecycle_stage}."
        )


def create(
    command: CreateRun, experiment: ExperimentState, *, run_id: str, random_name: str
) -> RunCreated:
    """Decide on a new run: its name is the field, else the tag, else random (row R2)."""
    if experiment.lifecycle_stage != ACTIVE:
        raise InvalidParameter(
            f"The experiment {experiment.experiment_id} must be in the 'active' state. "
            f"Current state is {experiment.lifecycle_stage}."
        )
    # MLflow checks neither keys nor lengths of tags here, and its users' scripts rely on it.
    tags = dict(command.tags)
    tagged = tags.get(RUN_NAME_TAG, "")
    if command.run_name and tagged and command.run_name != tagged:
        raise InvalidParameter(
            "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different "
            f"values (run_name='{command.run_name}', mlflow.runName='{tagged}')."
        )
    name = command.run_name or tagged or random_name
    return RunCreated(
        run_id=run_id,
        experiment_id=experiment.experiment_id,
        name=name,
        user_id=command.user_id,
        status="RUNNING",
        start_time_ms=command.start_time_ms,
        artifact_uri=f"{experiment.artifact_location.rstrip('/')}/{run_id}/artifacts",
        tags={**tags, RUN_NAME_TAG: name},
    )


def state_of(event: RunCreated) -> RunState:
    """The state of a run that was just created."""
    return RunState(
        run_id=event.run_id,
        experiment_id=event.experiment_id,
        name=event.name,
        user_id=event.user_id,
        status=event.status,
        start_time_ms=event.start_time_ms,
        end_time_ms=None,
        artifact_uri=event.artifact_uri,
        lifecycle_stage=ACTIVE,
        params={},
        tags=dict(event.tags),
        version=1,
    )


def decide(state: RunState, command: RunCommand) -> list[Fact]:
    """Decide on a change to one run."""
    match command:
        case UpdateRun():
            return _update(state, command)
        case LogParams():
            return _log_params(state, command)
        case SetRunTags():
            return _set_tags(state, command)
        case DeleteRunTag(run_id=run_id, key=key):
            check_active(state)
            if key not in state.tags:
                raise DoesNotExist(f"No tag with name: {key} in run with id {run_id}")
            return [RunTagDeleted(run_id=run_id, key=key)]
        case DeleteRun(run_id=run_id):
            return [] if state.lifecycle_stage == DELETED else [RunDeleted(run_id=run_id)]
        case RestoreRun(run_id=run_id):
            return [] if state.lifecycle_stage == ACTIVE else [RunRestored(run_id=run_id)]


def _update(state: RunState, command: UpdateRun) -> list[Fact]:
    check_active(state)
    facts: list[Fact] = []
    status = command.status if command.status != state.status else None
    end_time_ms = command.end_time_ms if command.end_time_ms != state.end_time_ms else None
    if status is not None or end_time_ms is not None:
        facts.append(RunUpdated(run_id=state.run_id, status=status, end_time_ms=end_time_ms))
    if command.run_name:
        facts += _rename(state, command.run_name)
        if state.tags.get(RUN_NAME_TAG) != command.run_name:
            facts.append(RunTagsSet(run_id=state.run_id, tags={RUN_NAME_TAG: command.run_name}))
    return facts


def _rename(state: RunState, name: str) -> list[Fact]:
    return [] if name == state.name else [RunRenamed(run_id=state.run_id, name=name)]


def checked_params(params: list[tuple[str, str]], *, batch: bool) -> dict[str, str]:
    """The params with values cut to length; a repeated key is refused (row M11)."""
    checked: dict[str, str] = {}
    repeated: list[str] = []
    for index, (key, value) in enumerate(params):
        check_key(key, f"params[{index}].key" if batch else "key", "Param key")
        if key in checked:
            repeated.append(key)
        checked[key] = cut(value, "Param value", limits.PARAM_VALUE_CHARS_MAX)
    if repeated:
        raise InvalidParameter(
            f"Duplicate parameter keys have been submitted: {repeated}. Please ensure the request "
            "contains only one param value per param key."
        )
    return checked


def checked_tags(tags: list[tuple[str, str]], *, batch: bool) -> dict[str, str]:
    """The tags with values cut to length."""
    checked: dict[str, str] = {}
    for index, (key, value) in enumerate(tags):
        check_key(key, f"tags[{index}].key" if batch else "key", "key")
        checked[key] = cut(value, "tag value", limits.RUN_TAG_VALUE_CHARS_MAX)
    return checked


def _log_params(state: RunState, command: LogParams) -> list[Fact]:
    params = checked_params(command.params, batch=command.batch)
    check_active(state)
    changed = [
        {"key": key, "old_value": state.params[key], "new_value": value}
        for key, value in params.items()
        if state.params.get(key, value) != value
    ]
    if changed and command.batch:
        raise InvalidParameter(
            "Changing param values is not allowed. Params were already "
            f"logged='{changed}' for run ID='{state.run_id}'."
        )
    if changed:
        raise InvalidParameter(
            f"Changing param values is not allowed. Param with key='{changed[0]['key']}' was "
            f"already logged with value='{changed[0]['old_value']}' for run ID='{state.run_id}'. "
            f"Attempted logging new value '{changed[0]['new_value']}'."
        )
    new = {key: value for key, value in params.items() if key not in state.params}
    return [ParamsLogged(run_id=state.run_id, params=new)] if new else []


def _set_tags(state: RunState, command: SetRunTags) -> list[Fact]:
    """Set the tags that change; the tag mlflow.runName renames the run, unless empty (row R3)."""
    tags = checked_tags(command.tags, batch=command.batch)
    check_active(state)
    facts: list[Fact] = []
    if RUN_NAME_TAG in tags:
        if tags[RUN_NAME_TAG]:
            facts += _rename(state, tags[RUN_NAME_TAG])
        else:
            del tags[RUN_NAME_TAG]
    new = {key: value for key, value in tags.items() if state.tags.get(key) != value}
    if new:
        facts.append(RunTagsSet(run_id=state.run_id, tags=new))
    return facts
