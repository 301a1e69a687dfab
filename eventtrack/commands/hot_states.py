"""The states that commands were decided on lately, so that a busy run is not read again."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar
from weakref import WeakValueDictionary

from eventtrack.commands import experiments, logged_models, producers, registered_models, runs
from eventtrack.commands.state import (
    ExperimentState,
    LoggedModelState,
    ProducerState,
    RegisteredModelState,
    RunState,
    StateReader,
)
from eventtrack.events import Fact
from eventtrack.log import EventLog

STATES_CACHED_MAX = 4096


class Stated(Protocol):
    """A state that events change."""

    version: int

    def evolve(self, event: Fact) -> None:
        """Take in an event."""
        ...


S = TypeVar("S", bound=Stated)


class HotStates:
    """Gives states from memory, else from the views.

    A version is read before its state, so that a state can only be newer than its version, which
    the append would notice, never older.
    """

    def __init__(self, log: EventLog, reader: StateReader) -> None:
        self._log = log
        self._reader = reader
        self.runs: dict[str, RunState] = {}
        self.experiments: dict[str, ExperimentState] = {}
        self.models: dict[str, LoggedModelState] = {}
        self.registered_models: dict[str, RegisteredModelState] = {}
        self.producers: dict[str, ProducerState] = {}
        self._forgotten = 0
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def experiment(self, experiment_id: str) -> ExperimentState:
        """The experiment with this canonical id; DoesNotExist when there is none."""
        stream = experiments.stream_of(experiment_id)
        found = await self._load(self.experiments, experiment_id, stream, self._reader.experiment)
        if found is None:
            raise experiments.no_such_experiment(experiment_id)
        return found

    async def find_run(self, run_id: str) -> RunState | None:
        """The run with this id, or None."""
        return await self._load(self.runs, run_id, runs.stream_of(run_id), self._reader.run)

    async def run(self, run_id: str) -> RunState:
        """The run with this id; DoesNotExist when there is none."""
        found = await self.find_run(run_id)
        if found is None:
            raise runs.no_such_run(run_id)
        return found

    async def find_model(self, model_id: str) -> LoggedModelState | None:
        """The logged model with this id, or None."""
        stream = logged_models.stream_of(model_id)
        return await self._load(self.models, model_id, stream, self._reader.logged_model)

    async def model(self, model_id: str) -> LoggedModelState:
        """The logged model with this id; DoesNotExist when there is none."""
        found = await self.find_model(model_id)
        if found is None:
            raise logged_models.no_such_model(model_id)
        return found

    async def registered_model(self, registered_model_id: str) -> RegisteredModelState | None:
        """The registered model with this id, deleted ones too, or None."""
        return await self._load(
            self.registered_models,
            registered_model_id,
            registered_models.stream_of(registered_model_id),
            self._reader.registered_model,
        )

    async def find_producer(self, producer: str) -> ProducerState | None:
        """What is known of a producer, or None when it never sent anything."""
        stream = producers.stream_of(producer)
        return await self._load(self.producers, producer, stream, self._reader.producer)

    async def _load(
        self,
        states: dict[str, S],
        key: str,
        stream: str,
        read: Callable[[str], Awaitable[S | None]],
    ) -> S | None:
        found = states.get(key)
        if found is None:
            forgotten = self._forgotten
            version = await self._log.version(stream)
            found = await read(key)
            if key in states:
                # Another command was faster, and may have changed the state since.
                return states[key]
            if found is not None:
                found.version = version
                if forgotten == self._forgotten:
                    # Else it may have been read before what made the others be forgotten.
                    self.keep(states, key, found)
        return found

    def keep(self, states: dict[str, S], key: str, state: S) -> None:
        """Remember a state, in the place of the oldest when there are too many."""
        if len(states) >= STATES_CACHED_MAX and key not in states:
            # The oldest go first: a run that still trains is loaded again at its next command.
            self.forget(states, *list(states)[: STATES_CACHED_MAX // 4])
        states[key] = state

    def forget(self, states: dict[str, S], *keys: str) -> None:
        """Forget states that may be out of date."""
        self._forgotten += 1
        for key in keys:
            states.pop(key, None)

    def lock(self, stream: str) -> asyncio.Lock:
        """The lock under which the commands of a stream are decided one after another."""
        lock = self._locks.get(stream)
        if lock is None:
            lock = self._locks[stream] = asyncio.Lock()
        return lock
