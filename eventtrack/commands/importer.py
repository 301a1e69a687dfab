"""Brings in what a source has: where the rules of `importing.py` meet the log.

Everything that is decided about a thing is one append together with the fact that says how far the
import has got, both checked.  Another writer that was faster means deciding again.  Points are
appended in events of at most EVENT_POINTS_MAX, each with its own progress.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import msgspec

from eventtrack.commands import experiments, import_points, importing, logged_models, runs
from eventtrack.commands.handler import DECISIONS_MAX, Handler, contended, entries_of
from eventtrack.commands.import_points import Difference, Filter, OutOfOrder, Prefix
from eventtrack.commands.importing import SourceExperiment, SourceModel, SourceRun, Taken
from eventtrack.commands.state import StateReader
from eventtrack.events import Fact
from eventtrack.events.artifacts import ArtifactStored
from eventtrack.events.experiments import ExperimentNameClaimed
from eventtrack.events.imports import ImportProgressed
from eventtrack.events.metrics import MetricsLogged, Series, tables_of
from eventtrack.log import Entry, EventLog

ACTOR_PREFIX = "import@"

FILE = "file "
"""Begins the field of a copied file."""

NEW, CHANGED, SAME = "new", "changed", "unchanged"

History = Callable[[], AsyncIterator[list[Series]]]
"""Begins to read the metrics of a run: pieces of series, those of one series in their order."""


class Outcome(msgspec.Struct, frozen=True):
    """What became of a thing: its id here; NEW, CHANGED or SAME; how many points were new."""

    target: str
    what: str
    points: int = 0


class Importer:
    """Executes imports from one source beside the handler, on the same states and locks.

    source: its name, which is part of every fact; dry: decide, and append nothing.
    """

    def __init__(
        self, log: EventLog, states: StateReader, handler: Handler, source: str, *, dry: bool
    ) -> None:
        self._log = log
        self._states = states
        self._handler = handler
        self._hot = handler.hot
        self._source = source
        self._actor = f"{ACTOR_PREFIX}{source}"
        self._dry = dry
        self._planned: dict[str, str] = {}

    async def _append(self, entries: list[Entry]) -> bool:
        return self._dry or await self._handler.append(entries, self._actor) is not None

    # Experiments

    async def experiment(
        self, experiment: SourceExperiment, artifact_location: str, *, rename: bool
    ) -> Outcome:
        """Bring in an experiment, without its runs.  Raises importing.Refused."""
        stream = importing.stream_of_experiment(self._source, experiment)
        async with self._hot.lock("experiments"):
            for _ in range(DECISIONS_MAX):
                taken = await taken_of(self._log, stream)
                if taken.target:
                    return await self._experiment_again(experiment, taken.target, taken, stream)
                at = await self._place(experiment, rename)
                if at.new and await self._log.version(experiments.stream_of(at.experiment_id)):
                    raise importing.Refused(
                        f"experiment {at.experiment_id} {at.name!r} was left out, because an "
                        "experiment with this id was erased here"
                    )
                if not at.new:
                    return await self._experiment_again(experiment, at.experiment_id, taken, stream)
                name_stream = experiments.name_stream_of(at.name)
                facts = importing.experiment_created(
                    experiment, at, self._source, artifact_location
                )
                entries = [
                    *entries_of(experiments.stream_of(at.experiment_id), facts, 0),
                    Entry(
                        name_stream,
                        ExperimentNameClaimed(experiment_id=at.experiment_id, name=at.name),
                        await self._log.version(name_stream) + 1,
                    ),
                    *entries_of(
                        stream,
                        importing.experiment_noted(
                            experiment, at.experiment_id, taken, self._source
                        ),
                        taken.version,
                    ),
                ]
                if await self._append(entries):
                    self._planned[at.experiment_id] = at.name
                    return Outcome(at.experiment_id, NEW)
        raise contended(f"experiment {experiment.name!r}")

    async def _place(self, experiment: SourceExperiment, rename: bool) -> importing.Place:
        greatest = await self._states.greatest_experiment_id()
        # In a dry run what was planned is not there to be found.
        planned = max((int(each) for each in self._planned), default=-1)
        wanted = experiment.experiment_id
        return importing.place(
            experiment,
            named=await self._id_of(experiment.name),
            numbered=await self._name_of(wanted) if wanted else None,
            free_id=str(max(greatest, planned) + 1),
            free_name=await self._free_name(experiment.name) if rename else "",
            rename=rename,
        )

    async def _id_of(self, name: str) -> str | None:
        planned = [each for each, known in self._planned.items() if known == name]
        return planned[0] if planned else await self._states.experiment_id_of_name(name)

    async def _name_of(self, experiment_id: str) -> str | None:
        experiment_id = str(experiments.parse_id(experiment_id))
        if experiment_id in self._planned:
            return self._planned[experiment_id]
        state = await self._states.experiment(experiment_id)
        return state.name if state is not None else None

    async def _free_name(self, name: str) -> str:
        number, free = 1, f"{name} (imported)"
        while await self._id_of(free) is not None:
            number += 1
            free = f"{name} (imported {number})"
        return free

    async def _experiment_again(
        self, experiment: SourceExperiment, target: str, taken: Taken, stream: str
    ) -> Outcome:
        own_stream = experiments.stream_of(target)
        async with self._hot.lock(own_stream):
            for _ in range(DECISIONS_MAX):
                state = await self._hot.experiment(target)
                facts = importing.experiment_changed(experiment, state, taken)
                noted = importing.experiment_noted(experiment, target, taken, self._source)
                if not noted:
                    return Outcome(target, SAME)
                entries = entries_of(own_stream, facts, state.version)
                entries += entries_of(stream, noted, taken.version)
                appended = await self._append(entries)
                self._hot.forget(self._hot.experiments, target)
                if appended:
                    return Outcome(target, CHANGED if facts else SAME)
                taken = await taken_of(self._log, stream)
        raise contended(own_stream)

    # Runs

    async def run(
        self,
        run: SourceRun,
        experiment_id: str,
        artifact_uri: str,
        history: History,
        counts: Callable[[], Awaitable[dict[str, int] | None]],
    ) -> Outcome:
        """Bring in a run with its metrics.  Raises importing.Refused.

        counts: how many points the source has of each metric, when that is known without reading
        them.
        """
        stream = importing.stream_of_run(run.run_id)
        async with self._hot.lock(runs.stream_of(run.run_id)):
            before = await taken_of(self._log, stream)
            what = await self._describe(run, experiment_id, artifact_uri, stream, before)
            if before.version and _counted(before) == await counts():
                return Outcome(run.run_id, what)
            try:
                points = await self._points(run, experiment_id, history, Prefix(before.series))
            except OutOfOrder:
                held = Difference(await self._held(run.run_id))
                points = await self._points(run, experiment_id, history, held)
        if points and what == SAME:
            what = CHANGED
        return Outcome(run.run_id, what, points)

    async def _describe(
        self,
        run: SourceRun,
        experiment_id: str,
        artifact_uri: str,
        stream: str,
        taken: Taken,
    ) -> str:
        """Bring in what the source says of a run beside its metrics."""
        own_stream = runs.stream_of(run.run_id)
        for _ in range(DECISIONS_MAX):
            version = await self._log.version(own_stream)
            if version == 0:
                facts = importing.run_created(run, experiment_id, artifact_uri)
            else:
                state = await self._hot.run(run.run_id)
                version = state.version
                facts = importing.run_changed(run, state, taken)
            noted = importing.run_noted(run, taken, self._source)
            if not noted:
                return SAME
            entries = entries_of(own_stream, facts, version)
            entries += entries_of(stream, noted, taken.version)
            appended = await self._append(entries)
            self._hot.forget(self._hot.runs, run.run_id)
            if appended:
                return NEW if version == 0 else CHANGED
            taken = await taken_of(self._log, stream)
        raise contended(own_stream)

    async def _points(
        self, run: SourceRun, experiment_id: str, history: History, new: Filter
    ) -> int:
        """Append the points that are new; returns how many."""
        stream = importing.stream_of_run(run.run_id)
        taken = await taken_of(self._log, stream)
        points = 0
        async for pieces in history():
            fresh = [each for each in map(new.new, pieces) if each is not None]
            for some in import_points.events_of(fresh):
                points += sum(map(import_points.count, some))
                await self._log_points(run, experiment_id, some, taken)
        new.end()
        return points

    async def _log_points(
        self, run: SourceRun, experiment_id: str, some: list[Series], taken: Taken
    ) -> None:
        tables = [] if self._dry else await asyncio.to_thread(tables_of, some)
        progressed = ImportProgressed(
            source=self._source,
            subject=f"run/{run.run_id}",
            target=run.run_id,
            series=import_points.advanced(taken.series, some),
        )
        entries = [
            Entry(
                runs.stream_of(run.run_id),
                MetricsLogged(run_id=run.run_id, experiment_id=experiment_id, tables=tables),
            ),
            Entry(importing.stream_of_run(run.run_id), progressed, taken.version + 1),
        ]
        if not await self._append(entries):
            raise contended(f"the import of run {run.run_id}")
        taken.evolve(progressed)

    async def _held(self, run_id: str) -> list[Series]:
        """The points of a run that imports have brought in, whatever is shown of them."""
        held: list[Series] = []
        async for recorded in self._log.read_stream(runs.stream_of(run_id)):
            event = recorded.event
            if isinstance(event, MetricsLogged) and recorded.actor.startswith(ACTOR_PREFIX):
                held += event.series()
        return held

    # Logged models

    async def model(
        self, model: SourceModel, experiment_id: str, artifact_location: str
    ) -> Outcome:
        """Bring in a logged model; its metrics come with the runs.  Raises importing.Refused."""
        stream = importing.stream_of_model(model.model_id)
        own_stream = logged_models.stream_of(model.model_id)
        async with self._hot.lock(own_stream):
            for _ in range(DECISIONS_MAX):
                taken = await taken_of(self._log, stream)
                version = await self._log.version(own_stream)
                if version == 0:
                    facts = importing.model_created(model, experiment_id, artifact_location)
                else:
                    state = await self._hot.model(model.model_id)
                    version = state.version
                    facts = importing.model_changed(model, state, taken)
                noted = importing.model_noted(model, taken, self._source)
                if not noted:
                    return Outcome(model.model_id, SAME)
                entries = entries_of(own_stream, facts, version)
                entries += entries_of(stream, noted, taken.version)
                appended = await self._append(entries)
                self._hot.forget(self._hot.models, model.model_id)
                if appended:
                    return Outcome(model.model_id, NEW if version == 0 else CHANGED)
        raise contended(own_stream)

    # Artifacts

    async def files_taken(self, stream: str) -> dict[str, bytes]:
        """The files that were copied: path in our store -> digest of the stamp at the source."""
        taken = await taken_of(self._log, stream)
        return {
            field.removeprefix(FILE): digest
            for field, digest in taken.fields.items()
            if field.startswith(FILE)
        }

    async def file_stored(
        self, stream: str, owner: str, target: str, stored: Sequence[tuple[ArtifactStored, str]]
    ) -> None:
        """Record files that are durable in the cellar, each with its stamp at the source.

        owner: the stream that says what the server keeps, `run/<id>` or `artifacts`.
        """
        for _ in range(DECISIONS_MAX):
            taken = await taken_of(self._log, stream)
            facts: list[Fact] = [fact for fact, _ in stored]
            progressed = ImportProgressed(
                source=self._source,
                subject=target,
                target=target.partition("/")[2],
                fields={FILE + fact.path: importing.digest_of(stamp) for fact, stamp in stored},
            )
            entries = [Entry(owner, fact) for fact in facts]
            entries.append(Entry(stream, progressed, taken.version + 1))
            if await self._append(entries):
                return
        raise contended(stream)


async def taken_of(log: EventLog, stream: str) -> Taken:
    """What was brought in of a thing, as its import stream says."""
    taken = Taken()
    if await log.version(stream):
        async for recorded in log.read_stream(stream):
            taken.evolve(recorded.event)
    return taken


def _counted(taken: Taken) -> dict[str, int]:
    """How many points of each metric were brought in, whatever their labels."""
    counted: dict[str, int] = {}
    for each in taken.series.values():
        counted[each.key] = counted.get(each.key, 0) + each.points
    return counted
