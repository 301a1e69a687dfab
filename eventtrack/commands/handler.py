"""The only place where commands meet the log: load the state, decide, append, answer.

Checked commands of one stream are decided one after another, each appended with the version of the
stream it was decided on; when another writer was faster the state is loaded and decided again.
Metrics need only a run that is active, and take no lock.  What is sent natively, for many runs at
once, is in `receiver.py`.
"""

import asyncio
import random
import time
import uuid
from collections.abc import Awaitable, Callable, Iterable, Sequence

from eventtrack.commands import (
    datasets,
    experiments,
    leases,
    logged_models,
    metrics,
    names,
    runs,
    saved_views,
)
from eventtrack.commands.hot_states import HotStates, S, Stated
from eventtrack.commands.state import ACTIVE, RunState, SavedViewState, StateReader
from eventtrack.errors import BadRequest, Conflict, TooBusy, Unavailable
from eventtrack.events import Fact, Position
from eventtrack.events.console import ConsoleLogged
from eventtrack.events.experiments import ExperimentDeleted, ExperimentRestored
from eventtrack.events.metrics import MetricsLogged, Series, Table
from eventtrack.log import Check, Entry, EventLog, LogBusy, LogUnavailable, WrongVersion

DECISIONS_MAX = 8
"""Times a command is decided when other writers are faster, before it is refused."""

UNCHECKED = (MetricsLogged, ConsoleLogged)
"""Facts that need only an active run, and are true whatever else happens to it meanwhile."""

DEFAULT_EXPERIMENT_ID = "0"
DEFAULT_EXPERIMENT_NAME = "Default"


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
        self.hot = HotStates(log, states)
        self._artifact_root = artifact_root
        self.now_ms = now_ms
        self.new_id = new_id
        self._random = source or random.Random()

    def random_name(self) -> str:
        """A name for a run or model that was given none."""
        return names.random_name(self._random)

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
        async with self.hot.lock("experiments"):
            for _ in range(DECISIONS_MAX):
                claims = await self._log.version(name_stream)
                taken = await self._states.experiment_id_of_name(command.name) is not None
                experiment_id = str(await self._states.greatest_experiment_id() + 1)
                created, claimed = experiments.create(
                    command,
                    experiment_id=experiment_id,
                    artifact_root=self._artifact_root,
                    taken=taken,
                    now_ms=self.now_ms(),
                )
                entries = [
                    Entry(experiments.stream_of(experiment_id), created, 1),
                    Entry(name_stream, claimed, claims + 1),
                ]
                if await self.append(entries, actor):
                    return experiment_id
        raise contended(f"experiment {command.name!r}")

    async def experiment_id_of_name(self, name: str) -> str | None:
        """The experiment, deleted or not, that has this name."""
        return await self._states.experiment_id_of_name(name)

    async def rename_experiment(self, command: experiments.RenameExperiment, actor: str) -> None:
        """Rename an experiment, releasing the old name and claiming the new one."""
        experiment_id = canonical(command.experiment_id)
        stream = experiments.stream_of(experiment_id)
        async with self.hot.lock("experiments"), self.hot.lock(stream):
            for _ in range(DECISIONS_MAX):
                new_stream = experiments.name_stream_of(command.name)
                new_claims = await self._log.version(new_stream)
                state = await self.hot.experiment(experiment_id)
                old_stream = experiments.name_stream_of(state.name)
                old_claims = await self._log.version(old_stream)
                taken = await self._states.experiment_id_of_name(command.name) is not None
                facts = experiments.rename(state, command, taken=taken, now_ms=self.now_ms())
                if not facts:
                    return
                renamed, released, claimed = facts
                entries = [
                    Entry(stream, renamed, state.version + 1),
                    Entry(old_stream, released, old_claims + 1),
                    Entry(new_stream, claimed, new_claims + 1),
                ]
                if await self.append(entries, actor):
                    evolve(state, [renamed])
                    return
                self.hot.forget(self.hot.experiments, experiment_id)
        raise contended(stream)

    async def change_experiment(self, command: experiments.ExperimentCommand, actor: str) -> None:
        """Tag, untag, delete or restore an experiment."""
        experiment_id = canonical(command.experiment_id)
        facts = await self._change(
            experiments.stream_of(experiment_id),
            lambda: self.hot.experiment(experiment_id),
            lambda: self.hot.forget(self.hot.experiments, experiment_id),
            lambda state: experiments.decide(state, command, self.now_ms()),
            actor,
        )
        if any(isinstance(fact, ExperimentDeleted | ExperimentRestored) for fact in facts):
            # Its runs changed their stage with it, without an event in their own streams.
            cached = self.hot.runs.items()
            stale = [run_id for run_id, run in cached if run.experiment_id == experiment_id]
            self.hot.forget(self.hot.runs, *stale)

    # Runs

    async def create_run(self, command: runs.CreateRun, actor: str) -> RunState:
        """Start a run and return its state."""
        if not command.experiment_id:
            raise BadRequest(
                "Missing value for required parameter 'experiment_id': name the experiment that "
                "the run belongs to."
            )
        experiment_id = canonical(command.experiment_id)
        for _ in range(DECISIONS_MAX):
            experiment = await self.hot.experiment(experiment_id)
            created = runs.create(
                command,
                experiment,
                run_id=self.new_id(),
                random_name=self.random_name(),
            )
            check = Check(experiments.stream_of(experiment_id), experiment.version)
            entry = Entry(runs.stream_of(created.run_id), created, 1)
            if await self.append([entry], actor, [check]):
                state = runs.state_of(created)
                self.hot.keep(self.hot.runs, created.run_id, state)
                return state
            self.hot.forget(self.hot.experiments, experiment_id)
        raise contended(f"experiment {experiment_id}")

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
            lambda: self.hot.run(run_id),
            lambda: self.hot.forget(self.hot.runs, run_id),
            decide,
            actor,
        )
        return await self.hot.run(run_id)

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
        await self.check_models(series)
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
            lambda: self.hot.run(run_id),
            lambda: self.hot.forget(self.hot.runs, run_id),
            decide,
            actor,
        )

    async def log_metrics(self, run_id: str, series: list[Series], actor: str) -> None:
        """Log metrics: the hot path.  No lock and no read when the run is in the cache."""
        state = self.hot.runs.get(run_id)
        if state is None:
            state = await self.hot.run(run_id)
        if state.lifecycle_stage != ACTIVE:
            runs.check_active(state)
        if not series:
            return
        for each in series:
            if each.model_id:
                await self.check_models(series)
                break
        event = metrics.logged(run_id, state.experiment_id, series)
        await self.append((Entry(f"run/{run_id}", event),), actor)

    def log_now(
        self, run_id: str, series: list[Series], actor: str
    ) -> "asyncio.Future[Position] | None":
        """As `log_metrics`, when nothing must be waited for but the log: its future.

        None: `log_metrics` has to look.  Raises what the log raises at once (LogError).
        """
        state = self.hot.runs.get(run_id)
        if state is None or state.lifecycle_stage != ACTIVE or not series:
            return None
        for each in series:
            if each.model_id:
                return None
        event = metrics.logged(run_id, state.experiment_id, series)
        return self._log.submit((Entry(f"run/{run_id}", event),), actor=actor)

    async def check_models(self, series: Iterable[Series | Table]) -> None:
        """Refuse points of logged models that are not there."""
        for model_id in {each.model_id for each in series if each.model_id}:
            if model_id not in self.hot.models and await self.hot.find_model(model_id) is None:
                raise BadRequest(
                    f"There is no logged model with ID '{model_id}' to log a metric for."
                )

    async def run_exists(self, run_id: str) -> bool:
        """Whether there is such a run, in whatever stage."""
        return run_id in self.hot.runs or await self._states.run(run_id) is not None

    async def silence_ms(self, run_id: str) -> int:
        """How long ago the run's stream got its last event, by whatever way it came."""
        return self.now_ms() - await self._log.last_recorded(runs.stream_of(run_id)) // 1000

    async def lose_run(self, run_id: str, heard_at_ms: int, actor: str) -> None:
        """Note that a running run was not heard from for its lease; last heard at, in ms."""
        await self._change(
            runs.stream_of(run_id),
            lambda: self.hot.run(run_id),
            lambda: self.hot.forget(self.hot.runs, run_id),
            lambda state: leases.lose(state, heard_at_ms),
            actor,
        )

    # Logged models

    async def create_logged_model(
        self, command: logged_models.CreateLoggedModel, actor: str
    ) -> str:
        """Announce a logged model and return its id."""
        experiment_id = canonical(command.experiment_id)
        for _ in range(DECISIONS_MAX):
            experiment = await self.hot.experiment(experiment_id)
            created = logged_models.create(
                command,
                experiment,
                model_id=f"m-{self.new_id()}",
                random_name=self.random_name(),
                now_ms=self.now_ms(),
            )
            check = Check(experiments.stream_of(experiment_id), experiment.version)
            entry = Entry(logged_models.stream_of(created.model_id), created, 1)
            if await self.append([entry], actor, [check]):
                self.hot.keep(self.hot.models, created.model_id, logged_models.state_of(created))
                return created.model_id
            self.hot.forget(self.hot.experiments, experiment_id)
        raise contended(f"experiment {experiment_id}")

    async def change_logged_model(
        self, command: logged_models.LoggedModelCommand, actor: str
    ) -> None:
        """Change a logged model; deleted ones still take tags, params and a status (row D4)."""
        model_id = command.model_id
        await self._change(
            logged_models.stream_of(model_id),
            lambda: self.hot.model(model_id),
            lambda: self.hot.forget(self.hot.models, model_id),
            lambda state: logged_models.decide(state, command, self.now_ms()),
            actor,
        )

    # Saved views

    async def create_saved_view(self, command: saved_views.CreateSavedView, actor: str) -> str:
        """Keep a view of the web UI and return its id."""
        for experiment_id in command.experiment_ids:
            await self.hot.experiment(canonical(experiment_id))
        created = saved_views.create(command, view_id=self.new_id(), now_ms=self.now_ms())
        stream = saved_views.stream_of(created.view_id)
        if not await self.append([Entry(stream, created, 1)], actor):
            raise contended(stream)
        return created.view_id

    async def change_saved_view(self, command: saved_views.SavedViewCommand, actor: str) -> None:
        """Change or remove a view of the web UI."""
        stream = saved_views.stream_of(command.view_id)

        async def load() -> SavedViewState:
            version = await self._log.version(stream)
            state = await self._states.saved_view(command.view_id)
            if state is None:
                raise saved_views.no_such_view(command.view_id)
            state.version = version
            return state

        await self._change(
            stream,
            load,
            lambda: None,
            lambda state: saved_views.decide(state, command, self.now_ms()),
            actor,
        )

    # Facts that need no decision

    async def note(self, stream: str, fact: Fact, actor: str) -> None:
        """Append a fact about something that has already happened (bytes stored or deleted)."""
        await self.append([Entry(stream, fact)], actor)

    # The one way in which checked commands reach the log

    async def _change(
        self,
        stream: str,
        load: Callable[[], Awaitable[S]],
        forget: Callable[[], object],
        decide: Callable[[S], list[Fact]],
        actor: str,
    ) -> list[Fact]:
        async with self.hot.lock(stream):
            for _ in range(DECISIONS_MAX):
                state = await load()
                facts = decide(state)
                if not facts:
                    return []
                if await self.append(entries_of(stream, facts, state.version), actor):
                    evolve(state, facts)
                    return facts
                forget()
        raise contended(stream)

    async def append(
        self, entries: Sequence[Entry], actor: str, checks: Sequence[Check] = ()
    ) -> Position | None:
        """Append and return the position of the last; None when another writer was faster.

        Raises TooBusy or Unavailable.
        """
        try:
            return await self._log.append(entries, actor=actor, checks=checks)
        except WrongVersion:
            return None
        except LogBusy as error:
            raise TooBusy(str(error)) from error
        except LogUnavailable as error:
            raise Unavailable(str(error)) from error


def entries_of(stream: str, facts: Sequence[Fact], version: int) -> list[Entry]:
    """Entries of one stream: checked, except what is never worth a conflict (UNCHECKED)."""
    entries = []
    for fact in facts:
        if isinstance(fact, UNCHECKED):
            entries.append(Entry(stream, fact))
        else:
            version += 1
            entries.append(Entry(stream, fact, version))
    return entries


def evolve(state: Stated, facts: Sequence[Fact]) -> None:
    """Let a state take in the facts that were decided on it."""
    for fact in facts:
        state.evolve(fact)
        state.version += not isinstance(fact, UNCHECKED)


def canonical(experiment_id: str) -> str:
    """The id as streams and caches know it: `01` and `1` are the same experiment."""
    return str(experiments.parse_id(experiment_id))


def contended(what: str) -> Conflict:
    """The refusal when other writers were faster DECISIONS_MAX times."""
    return Conflict(f"{what} is being changed by too many writers at once; try again")
