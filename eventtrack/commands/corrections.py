"""Taking events back and putting right what was logged: where `undo.py` meets the log."""

import copy
from collections.abc import AsyncIterator

import msgspec

from eventtrack import limits
from eventtrack.commands import (
    experiments,
    logged_models,
    registered_models,
    runs,
    undo,
    undo_registry,
)
from eventtrack.commands.handler import DECISIONS_MAX, Handler, contended
from eventtrack.commands.state import (
    ACTIVE,
    ExperimentState,
    RegisteredModelState,
    StateReader,
)
from eventtrack.commands.undo import CannotUndo, State
from eventtrack.commands.validation import check_length, cut
from eventtrack.errors import DoesNotExist, InvalidParameter
from eventtrack.events import Fact, Position, Recorded, stored_name
from eventtrack.events.corrections import (
    ParamCorrected,
    PointsReinstated,
    PointsRetracted,
    Undone,
)
from eventtrack.events.experiments import (
    ExperimentCreated,
    ExperimentDeleted,
    ExperimentRenamed,
    ExperimentRestored,
)
from eventtrack.events.logged_models import LoggedModelCreated
from eventtrack.events.registered_models import (
    RegisteredModelCreated,
    RegisteredModelDeleted,
    RegisteredModelNameClaimed,
    RegisteredModelNameReleased,
    RegisteredModelRenamed,
    RegisteredModelRestored,
)
from eventtrack.events.runs import RunCreated, RunDeleted
from eventtrack.log import Entry, EventLog

REASON_CHARS_MAX = 1000
RUNS_MAX = 10_000
"""Runs that the undoing of an experiment's deletion leaves deleted, at most."""


class Taken(msgspec.Struct, frozen=True):
    """An event that was taken back.

    facts: the names of those that were appended for it.
    """

    position: int
    event: str
    stream: str
    facts: list[str]


class _Step(msgspec.Struct, frozen=True):
    """An event of a stream with the states around it."""

    recorded: Recorded
    before: State | None
    after: State


class Corrections:
    """Executes corrections; like the handler's methods these are durable when they return."""

    def __init__(self, log: EventLog, handler: Handler, states: StateReader) -> None:
        self._log = log
        self._handler = handler
        self._states = states

    async def undo(self, position: int, reason: str, actor: str) -> Taken:
        """Take the event at a position back.  Raises CannotUndo, which says why."""
        check_length(reason, "reason", REASON_CHARS_MAX)
        found = await self._log.event_at(Position(position))
        if found is None:
            raise DoesNotExist(
                f"There is no event at position {position}, or it was erased; eventtrack log "
                "history shows the positions of what happened."
            )
        stream = found.stream
        hot = self._handler.hot
        guard = "registered models" if stream.startswith("registered-model/") else "experiments"
        async with hot.lock(guard), hot.lock(stream):
            for _ in range(DECISIONS_MAX):
                now = await self._now(stream)
                facts = await self._decide(found, now, reason)
                if not facts:
                    raise CannotUndo(
                        f"What event {position} changed is as it was before it: there is nothing "
                        "to undo."
                    )
                undone = Undone(position=position, count=len(facts), reason=reason)
                entries = await self._entries(stream, now, [undone, *facts])
                done = await self._handler.append(entries, actor)
                self._forget(stream, facts)
                if done:
                    names = [stored_name(type(fact)) for fact in facts]
                    return Taken(position, stored_name(type(found.event)), stream, names)
        raise contended(stream)

    async def correct_param(
        self, run_id: str, key: str, value: str, reason: str, actor: str
    ) -> None:
        """Give a param of an active run another value; the old one stays in its history."""
        check_length(reason, "reason", REASON_CHARS_MAX)
        value = cut(value, "Param value", limits.PARAM_VALUE_CHARS_MAX)
        stream = runs.stream_of(run_id)
        hot = self._handler.hot
        async with hot.lock(stream):
            for _ in range(DECISIONS_MAX):
                state = await hot.run(run_id)
                runs.check_active(state)
                if key not in state.params:
                    raise DoesNotExist(
                        f"No param with name: {key} in run with id {run_id}: log it, then it is "
                        "there."
                    )
                previous = state.params[key]
                if previous == value:
                    return
                fact = ParamCorrected(
                    run_id=run_id, key=key, value=value, previous=previous, reason=reason
                )
                done = await self._handler.append([Entry(stream, fact, state.version + 1)], actor)
                hot.forget(hot.runs, run_id)
                if done:
                    return
        raise contended(stream)

    async def retract(self, fact: PointsRetracted, actor: str) -> int:
        """Hide points of a metric of an active run; returns how many."""
        check_length(fact.reason, "reason", REASON_CHARS_MAX)
        if fact.last_step < fact.first_step:
            raise InvalidParameter(
                f"Invalid value {fact.last_step} for parameter 'last_step': it comes before "
                f"'first_step' ({fact.first_step})."
            )
        stream = runs.stream_of(fact.run_id)
        hot = self._handler.hot
        async with hot.lock(stream):
            for _ in range(DECISIONS_MAX):
                state = await hot.run(fact.run_id)
                runs.check_active(state)
                count = await self._states.count_points(
                    fact.run_id, fact.key, fact.first_step, fact.last_step, fact.rank
                )
                if not count:
                    raise DoesNotExist(
                        f"The metric {fact.key!r} of run {fact.run_id} has no points between the "
                        f"steps {fact.first_step} and {fact.last_step}: nothing was retracted."
                    )
                done = await self._handler.append([Entry(stream, fact, state.version + 1)], actor)
                hot.forget(hot.runs, fact.run_id)
                if done:
                    return count
        raise contended(stream)

    async def _decide(self, found: Recorded, now: State, reason: str) -> list[Fact]:
        steps = [step async for step in self._steps(found.stream)]
        (at,) = [n for n, step in enumerate(steps) if step.recorded.position == found.position]
        if not isinstance(found.event, Undone):
            return await self._take_back(steps, at, now, reason)
        # What took the other event back is taken back itself, the last first.
        version = found.version or 0
        taken = [
            n
            for n, step in enumerate(steps)
            if step.recorded.version is not None
            and version < step.recorded.version <= version + found.event.count
        ]
        now = copy.deepcopy(now)
        facts: list[Fact] = []
        for n in reversed(taken):
            some = await self._take_back(steps, n, now, reason)
            for fact in some:
                now.evolve(fact)
            facts += some
        return facts

    async def _take_back(self, steps: list[_Step], at: int, now: State, reason: str) -> list[Fact]:
        step = steps[at]
        event, position = step.recorded.event, step.recorded.position
        if isinstance(event, PointsRetracted):
            later = [each.recorded.event for each in steps[at + 1 :]]
            return undo.reinstate(event.run_id, position, later)
        if isinstance(event, PointsReinstated):
            for each in steps[:at]:
                if each.recorded.position == event.retraction:
                    assert isinstance(each.recorded.event, PointsRetracted)
                    return undo.retract_again(each.recorded.event, reason)
        before = step.before or step.after
        if isinstance(now, RegisteredModelState):
            assert isinstance(before, RegisteredModelState)
            assert isinstance(step.after, RegisteredModelState)
            return undo_registry.compensate(event, before, step.after, now, self._handler.now_ms())
        return undo.compensate(event, before, step.after, now, self._handler.now_ms())

    async def _steps(self, stream: str) -> AsyncIterator[_Step]:
        """The events of a stream with the states around them."""
        state: State | None = None
        async for recorded in self._log.read_stream(stream):
            before = copy.deepcopy(state)
            state = _begun(recorded.event) if state is None else state
            if before is not None:
                state.evolve(recorded.event)
            yield _Step(recorded, before, copy.deepcopy(state))

    async def _now(self, stream: str) -> State:
        hot = self._handler.hot
        noun, _, key = stream.partition("/")
        if noun == "run":
            return await hot.run(key)
        if noun == "experiment":
            return await hot.experiment(key)
        if noun == "logged-model":
            return await hot.model(key)
        if noun == "registered-model":
            state = await hot.registered_model(key)
            assert state is not None, "it has events"
            return state
        if noun == "webhook":
            raise CannotUndo(
                "What was done to a webhook cannot be undone: change it again, or make it anew."
            )
        raise CannotUndo(
            f"Events of the stream {stream!r} cannot be undone: they keep the books of the server, "
            "not what anybody did."
        )

    def _forget(self, stream: str, facts: list[Fact]) -> None:
        hot = self._handler.hot
        noun, _, key = stream.partition("/")
        if noun == "run":
            hot.forget(hot.runs, key)
        elif noun == "logged-model":
            hot.forget(hot.models, key)
        elif noun == "registered-model":
            hot.forget(hot.registered_models, key)
        else:
            hot.forget(hot.experiments, key)
            if any(isinstance(fact, ExperimentDeleted | ExperimentRestored) for fact in facts):
                cached = hot.runs.items()
                hot.forget(hot.runs, *[i for i, run in cached if run.experiment_id == key])

    async def _entries(self, stream: str, now: State, facts: list[Fact]) -> list[Entry]:
        entries = [
            Entry(stream, fact, now.version + number) for number, fact in enumerate(facts, 1)
        ]
        if isinstance(now, ExperimentState):
            for fact in facts:
                if isinstance(fact, ExperimentRenamed):
                    entries += await self._names(now, fact)
                elif isinstance(fact, ExperimentRestored):
                    entries += await self._still_deleted(now.experiment_id)
        elif isinstance(now, RegisteredModelState):
            for fact in facts:
                entries += await self._model_names(now, fact)
        return entries

    async def _model_names(self, now: RegisteredModelState, fact: Fact) -> list[Entry]:
        """The release of the name that a registered model leaves, the claim of the one it takes."""
        changes: list[Fact] = []
        model_id, at_ms = now.registered_model_id, self._handler.now_ms()
        match fact:
            case RegisteredModelRenamed(name=name):
                taken = await self._states.registered_model_id_of_name(name) is not None
                changes = registered_models.rename(now, name, taken=taken, now_ms=at_ms)[1:]
            case RegisteredModelDeleted():
                changes = registered_models.delete(now, at_ms)[1:]
            case RegisteredModelRestored():
                if await self._states.registered_model_id_of_name(now.name) is not None:
                    raise CannotUndo(
                        f"Another registered model has the name {now.name!r} by now: rename it "
                        "first."
                    )
                changes = [RegisteredModelNameClaimed(registered_model_id=model_id, name=now.name)]
        entries = []
        for change in changes:
            assert isinstance(change, RegisteredModelNameClaimed | RegisteredModelNameReleased)
            name_stream = registered_models.name_stream_of(change.name)
            entries.append(Entry(name_stream, change, await self._log.version(name_stream) + 1))
        return entries

    async def _names(self, now: ExperimentState, fact: ExperimentRenamed) -> list[Entry]:
        """The old name's release and the new one's claim."""
        taken = await self._states.experiment_id_of_name(fact.name) is not None
        command = experiments.RenameExperiment(experiment_id=now.experiment_id, name=fact.name)
        _, released, claimed = experiments.rename(
            now, command, taken=taken, now_ms=fact.updated_at_ms
        )
        entries = []
        for name, change in ((now.name, released), (fact.name, claimed)):
            name_stream = experiments.name_stream_of(name)
            entries.append(Entry(name_stream, change, await self._log.version(name_stream) + 1))
        return entries

    async def _still_deleted(self, experiment_id: str) -> list[Entry]:
        """Runs that were deleted before their experiment was stay so."""
        run_ids = await self._states.runs_deleted_alone(experiment_id)
        if len(run_ids) > RUNS_MAX:
            raise CannotUndo(
                f"{len(run_ids)} runs of the experiment were deleted before it was, more than the "
                f"{RUNS_MAX} that can be kept so: restore the experiment, which brings all back."
            )
        streams = [runs.stream_of(run_id) for run_id in run_ids]
        return [
            Entry(stream, RunDeleted(run_id=run_id), await self._log.version(stream) + 1)
            for run_id, stream in zip(run_ids, streams, strict=True)
        ]


def _begun(event: Fact) -> State:
    """The state after the first event of a stream."""
    match event:
        case RunCreated():
            return runs.state_of(event)
        case LoggedModelCreated():
            return logged_models.state_of(event)
        case RegisteredModelCreated():
            return registered_models.state_of(event)
        case ExperimentCreated():
            return ExperimentState(
                experiment_id=event.experiment_id,
                name=event.name,
                artifact_location=event.artifact_location,
                lifecycle_stage=ACTIVE,
                tags=dict(event.tags),
            )
    raise CannotUndo(f"The stream begins with {stored_name(type(event))}, not with a creation.")
