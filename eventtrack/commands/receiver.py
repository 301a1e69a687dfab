"""Takes in native requests: entries for many runs, stored together, once.

Everything that a request's good entries decide is one append, together with the fact that the
producer's request was received: all of it or nothing.  An entry that breaks a rule is refused by
itself, so that it cannot hold up what comes after it.
"""

import contextlib
from collections.abc import Sequence
from copy import copy

import msgspec

from eventtrack.commands import experiments, ingest, producers, runs
from eventtrack.commands.handler import DECISIONS_MAX, Handler, canonical, contended, entries_of
from eventtrack.commands.handler import evolve as evolve_state
from eventtrack.commands.state import ProducerState, RunState
from eventtrack.errors import (
    AlreadyExists,
    BadRequest,
    DoesNotExist,
    EventtrackError,
    InvalidParameter,
)
from eventtrack.events import Fact
from eventtrack.events.runs import RunCreated
from eventtrack.log import Check, Entry

REFUSALS = (InvalidParameter, BadRequest, DoesNotExist, AlreadyExists)
"""What is wrong with an entry, not with the server or the moment."""


class Refused(msgspec.Struct, frozen=True):
    """An entry that was not stored: its index in the request, and why."""

    entry: int
    error: EventtrackError


class Received(msgspec.Struct, frozen=True):
    """What became of a request; following: the number the producer's next one begins at."""

    following: int
    stored: int
    refused: list[Refused]
    repeated: bool = False


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """A native request, its entries checked one by one as far as that needs no state.

    producer: empty when the sender does not number its requests.
    """

    commands: list[tuple[int, ingest.Command]]
    refused: list[Refused] = []
    producer: str = ""
    sequence: int = 0
    following: int = 1


class _Plan:
    """What a request would append, decided on copies of the states."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.checks: dict[str, Check] = {}
        self.runs: dict[str, RunState] = {}
        self.refused: list[Refused] = []
        self.stored = 0


class Receiver:
    """Executes native requests beside the handler, on the same states and locks."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._hot = handler.hot

    async def experiment_id(self, name: str, actor: str) -> str:
        """The experiment of this name, made when there is none."""
        found = await self._handler.experiment_id_of_name(name)
        if found is not None:
            return found
        try:
            command = experiments.CreateExperiment(name=name)
            return await self._handler.create_experiment(command, actor)
        except AlreadyExists:
            # Another process of the same job was faster.
            found = await self._handler.experiment_id_of_name(name)
            if found is None:
                raise
            return found

    async def receive(self, request: Request, actor: str) -> Received:
        """Store a request; durable when it returns.

        Raises OutOfSequence, TooBusy, Unavailable, Conflict; then nothing was stored.
        """
        if not request.producer:
            return await self._receive(request, actor)
        producers.check(request.producer, request.sequence, request.following)
        async with self._hot.lock(producers.stream_of(request.producer)):
            return await self._receive(request, actor)

    async def _receive(self, request: Request, actor: str) -> Received:
        commands = request.commands
        locked = sorted({c.run_id for _, c in commands if not isinstance(c, ingest.Unchecked)})
        async with contextlib.AsyncExitStack() as locks:
            # In one order, so that two requests cannot wait for each other.
            for run_id in locked:
                await locks.enter_async_context(self._hot.lock(runs.stream_of(run_id)))
            for _ in range(DECISIONS_MAX):
                # Judged and stored by one and the same state: read twice, it could be another.
                state = await self._producer(request)
                if state and producers.is_repeat(state, request.sequence, request.following):
                    return Received(state.following, 0, [], repeated=True)
                version = state.version if state is not None else 0
                plan = await self._decide(commands)
                entries = plan.entries + _receipt(request, version)
                checks = list(plan.checks.values())
                if not entries or await self._handler.append(entries, actor, checks):
                    self._take_over(request, plan, version + 1)
                    return Received(request.following, plan.stored, request.refused + plan.refused)
                self._forget(request, plan)
        raise contended("what the request changes")

    async def _producer(self, request: Request) -> ProducerState | None:
        return await self._hot.find_producer(request.producer) if request.producer else None

    async def _decide(self, commands: Sequence[tuple[int, ingest.Command]]) -> _Plan:
        plan = _Plan()
        tables: dict[str, list[tuple[int, ingest.Unchecked]]] = {}
        for index, command in commands:
            try:
                if isinstance(command, ingest.Unchecked):
                    if isinstance(command, ingest.LogTable) and command.table.model_id:
                        await self._handler.check_models([command.table])
                    tables.setdefault(command.run_id, []).append((index, command))
                else:
                    # What was logged before the run ends belongs before its end in the log.
                    await self._log_tables(plan, command.run_id, tables)
                    await self._change(plan, command)
                    plan.stored += 1
            except REFUSALS as error:
                plan.refused.append(Refused(index, error))
        for run_id in list(tables):
            await self._log_tables(plan, run_id, tables)
        return plan

    async def _log_tables(
        self, plan: _Plan, run_id: str, tables: dict[str, list[tuple[int, ingest.Unchecked]]]
    ) -> None:
        waiting = tables.pop(run_id, None)
        if not waiting:
            return
        try:
            state = plan.runs.get(run_id) or await self._hot.run(run_id)
            facts = ingest.logged(state, [command for _, command in waiting])
        except REFUSALS as error:
            plan.refused += [Refused(index, error) for index, _ in waiting]
            return
        plan.entries += [Entry(runs.stream_of(run_id), fact) for fact in facts]
        plan.stored += len(waiting)

    async def _change(self, plan: _Plan, command: ingest.Checked) -> None:
        run_id = command.run_id
        state = plan.runs.get(run_id)
        if state is None:
            found = await self._hot.find_run(run_id)
            state = _copy(found) if found is not None else None
        if isinstance(command, ingest.StartRun):
            facts = await self._start(plan, state, command)
        elif state is None:
            raise runs.no_such_run(run_id)
        else:
            facts = ingest.decide(state, command)
        if state is None:
            created, *rest = facts
            assert isinstance(created, RunCreated)
            plan.entries.append(Entry(runs.stream_of(run_id), created, 1))
            state = runs.state_of(created)
            facts = rest
        plan.runs[run_id] = state
        plan.entries += entries_of(runs.stream_of(run_id), facts, state.version)
        evolve_state(state, facts)

    async def _start(
        self, plan: _Plan, state: RunState | None, command: ingest.StartRun
    ) -> list[Fact]:
        experiment = await self._hot.experiment(canonical(command.experiment_id))
        facts = ingest.start(state, command, experiment, self._handler.random_name())
        if state is None:
            stream = experiments.stream_of(experiment.experiment_id)
            plan.checks[stream] = Check(stream, experiment.version)
        return facts

    def _take_over(self, request: Request, plan: _Plan, version: int) -> None:
        """What was decided is durable: the copies are the states from now on."""
        for run_id, state in plan.runs.items():
            self._hot.keep(self._hot.runs, run_id, state)
        if request.producer:
            stands = ProducerState(
                producer=request.producer, following=request.following, version=version
            )
            self._hot.keep(self._hot.producers, request.producer, stands)

    def _forget(self, request: Request, plan: _Plan) -> None:
        """Another writer was faster: what was decided on may be out of date."""
        self._hot.forget(self._hot.runs, *plan.runs)
        prefix = len(experiments.stream_of(""))
        self._hot.forget(self._hot.experiments, *(stream[prefix:] for stream in plan.checks))
        self._hot.forget(self._hot.producers, request.producer)


def _copy(state: RunState) -> RunState:
    copied = copy(state)
    copied.params = dict(state.params)
    copied.tags = dict(state.tags)
    return copied


def _receipt(request: Request, version: int) -> list[Entry]:
    """The fact that the producer's request was received, to be stored with the rest."""
    if not request.producer:
        return []
    fact = producers.received(request.producer, request.sequence, request.following)
    return [Entry(producers.stream_of(request.producer), fact, version + 1)]
