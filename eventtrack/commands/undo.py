"""What takes an event back: pure rules from the states before it, after it and now.

An event can be taken back while what it changed is still as it left it.  What is later, and would
be lost, has to be taken back first, or put right by a new command.
"""

from eventtrack.commands.experiments import check_active as check_experiment_active
from eventtrack.commands.runs import RUN_NAME_TAG
from eventtrack.commands.state import (
    ACTIVE,
    DELETED,
    ExperimentState,
    LoggedModelState,
    RegisteredModelState,
    RunState,
)
from eventtrack.errors import InvalidParameter
from eventtrack.events import Fact, stored_name
from eventtrack.events.artifacts import ArtifactsDeleted, ArtifactStored
from eventtrack.events.console import ConsoleLogged
from eventtrack.events.corrections import (
    LoggedModelRestored,
    ParamCorrected,
    PointsReinstated,
    PointsRetracted,
    RunReopened,
)
from eventtrack.events.datasets import RunInputsLogged, RunOutputsLogged
from eventtrack.events.experiments import (
    ExperimentCreated,
    ExperimentDeleted,
    ExperimentRenamed,
    ExperimentRestored,
    ExperimentTagDeleted,
    ExperimentTagSet,
)
from eventtrack.events.imports import ExperimentImported, ImportProgressed
from eventtrack.events.leases import RunLeased, RunLost
from eventtrack.events.logged_models import (
    LoggedModelCreated,
    LoggedModelDeleted,
    LoggedModelFinalized,
    LoggedModelParamsLogged,
    LoggedModelTagDeleted,
    LoggedModelTagsSet,
)
from eventtrack.events.metrics import MetricsLogged
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

State = RunState | ExperimentState | LoggedModelState | RegisteredModelState


class CannotUndo(InvalidParameter):
    """The event cannot be taken back; the message says why and what to do instead."""


_NEVER: dict[type[Fact], str] = {
    ImportProgressed: "it says what was imported, which another import goes by",
    ExperimentImported: "it says where the experiment came from; delete the experiment instead",
    MetricsLogged: "hide points with: eventtrack runs retract RUN METRIC --first-step N "
    "--last-step M",
    ConsoleLogged: "what a process printed is a record of what happened",
    RunLeased: "a lease changes nothing that is shown",
    RunLost: "a lost run is shown as running again when it is heard from",
    ArtifactStored: "the bytes it replaced are gone; store the file again, or delete it",
    ArtifactsDeleted: "the bytes are gone; store the files again",
    RunInputsLogged: "MLflow keeps what a run read for good; delete the run instead",
    RunOutputsLogged: "MLflow keeps what a run made for good; delete the run or the model instead",
    LoggedModelParamsLogged: "params of a logged model are written once; delete the model instead",
}


def why_never(event_type: type[Fact]) -> str:
    """Why events of this type are never taken back, and what to do instead; "" when they may be."""
    return _NEVER.get(event_type, "")


def compensate(event: Fact, before: State, after: State, now: State, now_ms: int) -> list[Fact]:
    """The facts that take an event back; the first two states are its stream's around it.

    Raises CannotUndo.
    """
    why = _NEVER.get(type(event))
    if why is not None:
        raise CannotUndo(f"{stored_name(type(event))} cannot be undone: {why}.")
    match before, after, now:
        case RunState(), RunState(), RunState():
            return _of_run(event, before, after, now)
        case ExperimentState(), ExperimentState(), ExperimentState():
            return _of_experiment(event, before, after, now, now_ms)
        case LoggedModelState(), LoggedModelState(), LoggedModelState():
            return _of_model(event, before, after, now, now_ms)
    raise CannotUndo(f"{stored_name(type(event))} cannot be undone.")


def _of_run(event: Fact, before: RunState, after: RunState, now: RunState) -> list[Fact]:
    run_id = now.run_id
    match event:
        case RunCreated():
            expect("the run's stage", ACTIVE, now.lifecycle_stage)
            return [RunDeleted(run_id=run_id)]
        case RunDeleted():
            expect("the run's stage", DELETED, now.lifecycle_stage)
            return [RunRestored(run_id=run_id)]
        case RunRestored():
            expect("the run's stage", ACTIVE, now.lifecycle_stage)
            return [RunDeleted(run_id=run_id)]
    if now.lifecycle_stage != ACTIVE:
        raise CannotUndo(f"The run {run_id} is deleted: restore it first.")
    match event:
        case RunTagsSet(tags=tags):
            return _tags_back(run_id, list(tags), before, after, now)
        case RunTagDeleted(key=key):
            return _tags_back(run_id, [key], before, after, now)
        case RunRenamed():
            if now.name != before.name:
                # Else its tag, which mirrors it, was taken back first.
                expect("the run's name", after.name, now.name)
            return _named(run_id, before.name, before.tags.get(RUN_NAME_TAG, before.name), now)
        case RunUpdated() | RunReopened():
            expect("the run's status", after.status, now.status)
            expect("the run's end time", after.end_time_ms, now.end_time_ms)
            return [
                RunReopened(run_id=run_id, status=before.status, end_time_ms=before.end_time_ms)
            ]
        case ParamsLogged(params=params):
            return _params_back(run_id, list(params), before, after, now)
        case ParamCorrected(key=key):
            return _params_back(run_id, [key], before, after, now)
    raise CannotUndo(f"{stored_name(type(event))} cannot be undone.")


def _tags_back(
    run_id: str, keys: list[str], before: RunState, after: RunState, now: RunState
) -> list[Fact]:
    facts: list[Fact] = []
    back: dict[str, str] = {}
    for key in keys:
        expect(f"tag {key!r}", after.tags.get(key), now.tags.get(key))
        if key == RUN_NAME_TAG:
            name = before.tags.get(key, before.name)
            facts += _named(run_id, name, name, now)
        elif key in before.tags:
            back[key] = before.tags[key]
        else:
            facts.append(RunTagDeleted(run_id=run_id, key=key))
    if back:
        facts.append(RunTagsSet(run_id=run_id, tags=back))
    return facts


def _named(run_id: str, name: str, tag: str, now: RunState) -> list[Fact]:
    """The name and the tag that mirrors it."""
    facts: list[Fact] = []
    if now.name != name:
        facts.append(RunRenamed(run_id=run_id, name=name))
    if now.tags.get(RUN_NAME_TAG) != tag:
        facts.append(RunTagsSet(run_id=run_id, tags={RUN_NAME_TAG: tag}))
    return facts


def _params_back(
    run_id: str, keys: list[str], before: RunState, after: RunState, now: RunState
) -> list[Fact]:
    facts: list[Fact] = []
    for key in keys:
        expect(f"param {key!r}", after.params.get(key), now.params.get(key))
        value, previous = before.params.get(key), now.params.get(key)
        facts.append(ParamCorrected(run_id=run_id, key=key, value=value, previous=previous))
    return facts


def _of_experiment(
    event: Fact,
    before: ExperimentState,
    after: ExperimentState,
    now: ExperimentState,
    now_ms: int,
) -> list[Fact]:
    ids = {"experiment_id": now.experiment_id}
    match event:
        case ExperimentCreated() | ExperimentRestored():
            expect("the experiment's stage", ACTIVE, now.lifecycle_stage)
            return [ExperimentDeleted(**ids, updated_at_ms=now_ms)]
        case ExperimentDeleted():
            expect("the experiment's stage", DELETED, now.lifecycle_stage)
            return [ExperimentRestored(**ids, updated_at_ms=now_ms)]
    check_experiment_active(now.experiment_id, now)
    match event:
        case ExperimentRenamed():
            expect("the experiment's name", after.name, now.name)
            return [
                ExperimentRenamed(
                    **ids, name=before.name, previous_name=now.name, updated_at_ms=now_ms
                )
            ]
        case ExperimentTagSet(key=key) | ExperimentTagDeleted(key=key):
            expect(f"tag {key!r}", after.tags.get(key), now.tags.get(key))
            if key in before.tags:
                return [ExperimentTagSet(**ids, key=key, value=before.tags[key])]
            return [ExperimentTagDeleted(**ids, key=key)]
    raise CannotUndo(f"{stored_name(type(event))} cannot be undone.")


def _of_model(
    event: Fact,
    before: LoggedModelState,
    after: LoggedModelState,
    now: LoggedModelState,
    now_ms: int,
) -> list[Fact]:
    model_id = now.model_id
    match event:
        case LoggedModelCreated() | LoggedModelRestored():
            expect("the model's stage", ACTIVE, now.lifecycle_stage)
            return [LoggedModelDeleted(model_id=model_id, updated_at_ms=now_ms)]
        case LoggedModelDeleted():
            expect("the model's stage", DELETED, now.lifecycle_stage)
            return [LoggedModelRestored(model_id=model_id, updated_at_ms=now_ms)]
        case LoggedModelFinalized():
            expect("the model's status", after.status, now.status)
            return [
                LoggedModelFinalized(model_id=model_id, status=before.status, updated_at_ms=now_ms)
            ]
        case LoggedModelTagsSet(tags=tags):
            keys = list(tags)
        case LoggedModelTagDeleted(key=key):
            keys = [key]
        case _:
            raise CannotUndo(f"{stored_name(type(event))} cannot be undone.")
    facts: list[Fact] = []
    back: dict[str, str] = {}
    for key in keys:
        expect(f"tag {key!r}", after.tags.get(key), now.tags.get(key))
        if key in before.tags:
            back[key] = before.tags[key]
        else:
            facts.append(LoggedModelTagDeleted(model_id=model_id, key=key))
    if back:
        facts.append(LoggedModelTagsSet(model_id=model_id, tags=back))
    return facts


def reinstate(run_id: str, position: int, later: list[Fact]) -> list[Fact]:
    """What takes a retraction back; `later`: the events of the stream after it."""
    if _reinstated(position, later):
        raise CannotUndo(f"The points that event {position} hid are back already.")
    return [PointsReinstated(run_id=run_id, retraction=position)]


def retract_again(retraction: PointsRetracted, reason: str) -> list[Fact]:
    """What takes the return of points back."""
    return [
        PointsRetracted(
            run_id=retraction.run_id,
            key=retraction.key,
            first_step=retraction.first_step,
            last_step=retraction.last_step,
            rank=retraction.rank,
            reason=reason,
        )
    ]


def _reinstated(position: int, later: list[Fact]) -> bool:
    return any(isinstance(fact, PointsReinstated) and fact.retraction == position for fact in later)


def expect(what: str, left: object, found: object) -> None:
    """Refuse when what the event left is not what there is now."""
    if left != found:
        raise CannotUndo(
            f"{what[:1].upper()}{what[1:]} was changed since: the event left it "
            f"{_shown(left)}, now it is {_shown(found)}. Undo the later event first."
        )


def _shown(value: object) -> str:
    return "unset" if value is None else repr(value)[:100]
