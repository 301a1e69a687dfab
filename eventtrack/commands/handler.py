"""The only place where commands meet the log: load the state, decide, append, answer.

Checked commands of one stream are decided one after another, each appended with the version of the
stream it was decided on; when another writer was faster the state is loaded and decided again.
Metrics need only a run that is active, and take no lock (`MetricsPath`).
"""

import asyncio
import random
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar
from weakref import WeakValueDictionary

from eventtrack.commands import (
    datasets,
    experiments,
    logged_models,
    metrics,
    names,
    runs,
)
from eventtrack.commands.state import (
    ACTIVE,
    ExperimentState,
    LoggedModelState,
    RunState,
    StateReader,
)
from eventtrack.errors import BadRequest, Conflict, Unavailable
from eventtrack.events import Fact
from eventtrack.events.experiments import ExperimentDeleted, ExperimentRestored
from eventtrack.events.metrics import MetricsLogged, Series
from eventtrack.log import Check, Entry, EventLog, LogUnavailable, WrongVersion

DECISIONS_MAX = 8
"""Times a command is decided when other writers are faster, before it is refused."""

STATES_CACHED_MAX = 4096
DEFAULT_EXPERIMENT_ID = "0"
DEFAULT_EXPERIMENT_NAME = "Default"


class Stated(Protocol):
    """A state that events change."""

    version: int

    def evolve(self, event: Fact) -> None:
        """Take in an event."""
        ...


S = TypeVar("S", bound=Stated)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class Handler:
    """Executes commands.  Every method is durable when it returns, and raises the typed errors.

    artifact_root: where new experiments put their artifacts, for example `mlflow-artifacts:/`.
    actor, in every method: who asks, for the envelope.
    """

    def __init__(
        self,
        log: EventLog,
        states: StateReader,
        *,
        artifact_root: str,
        now_ms: Callable[[], int] = _now_ms,
        new_id: Callable[[], str] = lambda: uuid.uuid4().hex,
        source: random.Random | None = None,
    ) -> None:
        self._log = log
        self._states = states
        self._artifact_root = artifact_root
        self._now_ms = now_ms
        self._new_id = new_id
        self._random = source or random.Random()
        self._runs: dict[str, RunState] = {}
        self._experiments: dict[str, ExperimentState] = {}
        self._models: dict[str, LoggedModelState] = {}
        self._forgotten = 0
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    # Experiments

    async def ensure_default_experiment(self, actor: str) -> None:
        """Create experiment 0, `Default`, in a log that has no experiment yet (row I2)."""
        if await self._states.greatest_experiment_id() < 0:
            command = experiments.CreateExperiment(name=DEFAULT_EXPERIMENT_NAME)
            await self.create_experiment(command, actor)

    async def create_experiment(self, command: experiments.CreateExperiment, actor: str) -> str:
        """Make an experiment and return its id: the next number, from 0."""
        experiments.check_name(command.name)
        for key, value in command.tags.items():
            experiments.check_tag(key, value)
        name_stream = experiments.name_stream_of(command.name)
        async with self._lock("experiments"):
            for _ in range(DECISIONS_MAX):
                claims = await self._log.version(name_stream)
                taken = await self._states.experiment_id_of_name(command.name) is not None
                experiment_id = str(await self._states.greatest_experiment_id() + 1)
                created, claimed = experiments.create(
                    command,
                    experiment_id=experiment_id,
                    artifact_root=self._artifact_root,
                    taken=taken,
                    now_ms=self._now_ms(),
                )
                entries = [
                    Entry(experiments.stream_of(experiment_id), created, 1),
                    Entry(name_stream, claimed, claims + 1),
                ]
                if await self._append(entries, actor):
                    return experiment_id
        raise _contended(f"experiment {command.name!r}")

    async def rename_experiment(self, command: experiments.RenameExperiment, actor: str) -> None:
        """Rename an experiment, releasing the old name and claiming the new one."""
        experiment_id = _canonical(command.experiment_id)
        stream = experiments.stream_of(experiment_id)
        async with self._lock("experiments"), self._lock(stream):
            for _ in range(DECISIONS_MAX):
                new_stream = experiments.name_stream_of(command.name)
                new_claims = await self._log.version(new_stream)
                state = await self._experiment(experiment_id)
                old_stream = experiments.name_stream_of(state.name)
                old_claims = await self._log.version(old_stream)
                taken = await self._states.experiment_id_of_name(command.name) is not None
                facts = experiments.rename(state, command, taken=taken, now_ms=self._now_ms())
                if not facts:
                    return
                renamed, released, claimed = facts
                entries = [
                    Entry(stream, renamed, state.version + 1),
                    Entry(old_stream, released, old_claims + 1),
                    Entry(new_stream, claimed, new_claims + 1),
                ]
                if await self._append(entries, actor):
                    _evolve(state, [renamed])
                    return
                self._forget(self._experiments, experiment_id)
        raise _contended(stream)

    async def change_experiment(self, command: experiments.ExperimentCommand, actor: str) -> None:
        """Tag, untag, delete or restore an experiment."""
        experiment_id = _canonical(command.experiment_id)
        facts = await self._change(
            experiments.stream_of(experiment_id),
            lambda: self._experiment(experiment_id),
            lambda: self._forget(self._experiments, experiment_id),
            lambda state: experiments.decide(state, command, self._now_ms()),
            actor,
        )
        if any(isinstance(fact, ExperimentDeleted | ExperimentRestored) for fact in facts):
            # Its runs changed their stage with it, without an event in their own streams.
            cached = self._runs.items()
            stale = [run_id for run_id, run in cached if run.experiment_id == experiment_id]
            self._forget(self._runs, *stale)

    # Runs

    async def create_run(self, command: runs.CreateRun, actor: str) -> RunState:
        """Start a run and return its state."""
        if not command.experiment_id:
            raise BadRequest(
                "Missing value for required parameter 'experiment_id': name the experiment that "
                "the run belongs to."
            )
        experiment_id = _canonical(command.experiment_id)
        for _ in range(DECISIONS_MAX):
            experiment = await self._experiment(experiment_id)
            created = runs.create(
                command,
                experiment,
                run_id=self._new_id(),
                random_name=names.random_name(self._random),
            )
            check = Check(experiments.stream_of(experiment_id), experiment.version)
            entry = Entry(runs.stream_of(created.run_id), created, 1)
            if await self._append([entry], actor, [check]):
                state = runs.state_of(created)
                self._keep(self._runs, created.run_id, state)
                return state
            self._forget(self._experiments, experiment_id)
        raise _contended(f"experiment {experiment_id}")

    async def change_run(
        self, command: runs.RunCommand | datasets.LogInputs | datasets.LogOutputs, actor: str
    ) -> RunState:
        """Change a run and return its new state."""
        run_id = command.run_id

        def decide(state: RunState) -> list[Fact]:
            if isinstance(command, datasets.LogInputs | datasets.LogOutputs):
                return datasets.decide(state, command)
            return runs.decide(state, command)

        await self._change(
            runs.stream_of(run_id),
            lambda: self._run(run_id),
            lambda: self._forget(self._runs, run_id),
            decide,
            actor,
        )
        return await self._run(run_id)

    async def log_batch(
        self,
        run_id: str,
        series: list[Series],
        params: list[tuple[str, str]],
        tags: list[tuple[str, str]],
        actor: str,
    ) -> None:
        """Log metrics, params and tags together: all of them or none."""
        if not params and not tags:
            await self.log_metrics(run_id, series, actor)
            return
        await self._check_models(series)
        of_params = runs.LogParams(run_id=run_id, params=params, batch=True)
        of_tags = runs.SetRunTags(run_id=run_id, tags=tags, batch=True)

        def decide(state: RunState) -> list[Fact]:
            runs.checked_tags(tags, batch=True)
            facts = runs.decide(state, of_params)
            if series:
                facts.append(metrics.logged(run_id, state.experiment_id, series))
            return facts + runs.decide(state, of_tags)

        await self._change(
            runs.stream_of(run_id),
            lambda: self._run(run_id),
            lambda: self._forget(self._runs, run_id),
            decide,
            actor,
        )

    async def log_metrics(self, run_id: str, series: list[Series], actor: str) -> None:
        """Log metrics: the hot path.  No lock and no read when the run is in the cache."""
        state = self._runs.get(run_id)
        if state is None:
            state = await self._run(run_id)
        if state.lifecycle_stage != ACTIVE:
            runs.check_active(state)
        if not series:
            return
        for each in series:
            if each.model_id:
                await self._check_models(series)
                break
        event = metrics.logged(run_id, state.experiment_id, series)
        try:
            await self._log.append((Entry(f"run/{run_id}", event),), actor=actor)
        except LogUnavailable as error:
            raise Unavailable(str(error)) from error

    async def _check_models(self, series: Sequence[Series]) -> None:
        for model_id in {each.model_id for each in series if each.model_id}:
            if model_id not in self._models and await self._find_model(model_id) is None:
                raise BadRequest(
                    f"There is no logged model with ID '{model_id}' to log a metric for."
                )

    async def run_exists(self, run_id: str) -> bool:
        """Whether there is such a run, in whatever stage."""
        return run_id in self._runs or await self._states.run(run_id) is not None

    # Logged models

    async def create_logged_model(
        self, command: logged_models.CreateLoggedModel, actor: str
    ) -> str:
        """Announce a logged model and return its id."""
        experiment_id = _canonical(command.experiment_id)
        for _ in range(DECISIONS_MAX):
            experiment = await self._experiment(experiment_id)
            created = logged_models.create(
                command,
                experiment,
                model_id=f"m-{self._new_id()}",
                random_name=names.random_name(self._random),
                now_ms=self._now_ms(),
            )
            check = Check(experiments.stream_of(experiment_id), experiment.version)
            entry = Entry(logged_models.stream_of(created.model_id), created, 1)
            if await self._append([entry], actor, [check]):
                self._keep(self._models, created.model_id, logged_models.state_of(created))
                return created.model_id
            self._forget(self._experiments, experiment_id)
        raise _contended(f"experiment {experiment_id}")

    async def change_logged_model(
        self, command: logged_models.LoggedModelCommand, actor: str
    ) -> None:
        """Change a logged model; deleted ones still take tags, params and a status (row D4)."""
        model_id = command.model_id
        await self._change(
            logged_models.stream_of(model_id),
            lambda: self._model(model_id),
            lambda: self._forget(self._models, model_id),
            lambda state: logged_models.decide(state, command, self._now_ms()),
            actor,
        )

    # Facts that need no decision

    async def note(self, stream: str, fact: Fact, actor: str) -> None:
        """Append a fact about something that has already happened (bytes stored or deleted)."""
        await self._append([Entry(stream, fact)], actor)

    # The one way in which checked commands reach the log

    async def _change(
        self,
        stream: str,
        load: Callable[[], Awaitable[S]],
        forget: Callable[[], object],
        decide: Callable[[S], list[Fact]],
        actor: str,
    ) -> list[Fact]:
        async with self._lock(stream):
            for _ in range(DECISIONS_MAX):
                state = await load()
                facts = decide(state)
                if not facts:
                    return []
                if await self._append(_entries(stream, facts, state.version), actor):
                    _evolve(state, facts)
                    return facts
                forget()
        raise _contended(stream)

    async def _append(
        self, entries: Sequence[Entry], actor: str, checks: Sequence[Check] = ()
    ) -> bool:
        """Append; False when another writer was faster."""
        try:
            await self._log.append(entries, actor=actor, checks=checks)
        except WrongVersion:
            return False
        except LogUnavailable as error:
            raise Unavailable(str(error)) from error
        return True

    # States: from the cache, else from the views.  The version is read before the state, so that a
    # state can only be newer than its version, which the append would notice, never older.

    async def _experiment(self, experiment_id: str) -> ExperimentState:
        found = await self._load(
            self._experiments,
            experiment_id,
            experiments.stream_of(experiment_id),
            self._states.experiment,
        )
        if found is None:
            raise experiments.no_such_experiment(experiment_id)
        return found

    async def _run(self, run_id: str) -> RunState:
        found = await self._load(self._runs, run_id, runs.stream_of(run_id), self._states.run)
        if found is None:
            raise runs.no_such_run(run_id)
        return found

    async def _find_model(self, model_id: str) -> LoggedModelState | None:
        stream = logged_models.stream_of(model_id)
        return await self._load(self._models, model_id, stream, self._states.logged_model)

    async def _model(self, model_id: str) -> LoggedModelState:
        found = await self._find_model(model_id)
        if found is None:
            raise logged_models.no_such_model(model_id)
        return found

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
                    self._keep(states, key, found)
        return found

    def _keep(self, states: dict[str, S], key: str, state: S) -> None:
        if len(states) >= STATES_CACHED_MAX:
            # The oldest go first: a run that still trains is loaded again at its next command.
            self._forget(states, *list(states)[: STATES_CACHED_MAX // 4])
        states[key] = state

    def _forget(self, states: dict[str, S], *keys: str) -> None:
        self._forgotten += 1
        for key in keys:
            states.pop(key, None)

    def _lock(self, stream: str) -> asyncio.Lock:
        lock = self._locks.get(stream)
        if lock is None:
            lock = self._locks[stream] = asyncio.Lock()
        return lock


def _entries(stream: str, facts: Sequence[Fact], version: int) -> list[Entry]:
    """Entries of one stream: checked, except metrics, which are never worth a conflict."""
    entries = []
    for fact in facts:
        if isinstance(fact, MetricsLogged):
            entries.append(Entry(stream, fact))
        else:
            version += 1
            entries.append(Entry(stream, fact, version))
    return entries


def _evolve(state: Stated, facts: Sequence[Fact]) -> None:
    for fact in facts:
        state.evolve(fact)
        state.version += not isinstance(fact, MetricsLogged)


def _canonical(experiment_id: str) -> str:
    """The id as streams and caches know it: `01` and `1` are the same experiment."""
    return str(experiments.parse_id(experiment_id))


def _contended(what: str) -> Conflict:
    return Conflict(f"{what} is being changed by too many writers at once; try again")
