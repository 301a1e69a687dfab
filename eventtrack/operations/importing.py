"""Moving in: everything that a source has, brought into the log once.

Experiments come first, then each one's logged models and runs, then the model registry.  Several
runs are under way at a time, so that the source is read while the log is written, and runs share
commits.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from eventtrack.commands import import_points
from eventtrack.commands.import_registry import SourceRegisteredModel
from eventtrack.commands.importer import CHANGED, NEW, SAME, Importer
from eventtrack.commands.importing import Refused, SourceExperiment, SourceRun
from eventtrack.commands.registry_importer import RegistryImporter
from eventtrack.errors import DoesNotExist, InvalidParameter
from eventtrack.events.metrics import Series
from eventtrack.migration import SourceError
from eventtrack.migration.opening import Address, open_source
from eventtrack.migration.places import Places
from eventtrack.migration.reading import Reader
from eventtrack.operations import OperationFailed, Report, Site
from eventtrack.operations.copying import Copied, Copying

RUNS_UNDER_WAY = 8
PROGRESS_SECONDS = 0.2
ACTOR = "eventtrack@import"

REFUSALS = (Refused, InvalidParameter, DoesNotExist)
"""What is wrong with one thing of the source, not with the source or the moment."""


class Import(msgspec.Struct, frozen=True):
    """Bring in what the source has.

    rename_conflicts: give another id or name to what would mix; dry_run: append nothing;
    copy_artifacts: and the files, which a server's database does not say the place of:
    artifacts_from.
    """

    address: Address
    rename_conflicts: bool = False
    dry_run: bool = False
    copy_artifacts: bool = False
    artifacts_from: str = ""


class Counts(msgspec.Struct):
    """How many things were new, changed or unchanged, by what became of them."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0

    def add(self, what: str) -> None:
        """Count one."""
        setattr(self, what, getattr(self, what) + 1)

    @property
    def done(self) -> int:
        """All that were looked at."""
        return self.new + self.changed + self.unchanged + self.refused


class Tally(msgspec.Struct):
    """What an import did, or would do: the result of the operation.

    points: new ones; read: points that the source gave; not_carried: what the source has that is
    not brought over -> how many; artifacts: where files are -> how many runs and models say so;
    copied: what was copied, and why other files were not; refused: why things were left out.
    """

    source: str = ""
    dry_run: bool = False
    experiments: Counts = msgspec.field(default_factory=Counts)
    runs: Counts = msgspec.field(default_factory=Counts)
    models: Counts = msgspec.field(default_factory=Counts)
    registered_models: Counts = msgspec.field(default_factory=Counts)
    points: int = 0
    read: int = 0
    not_carried: dict[str, int] = {}
    artifacts: dict[str, int] = {}
    copied: Copied = msgspec.field(default_factory=Copied)
    refused: list[str] = []


async def bring_in(site: Site, arguments: Import) -> AsyncIterator[Report]:
    """Import, saying how far it is; ends with the tally."""
    if site.settings.read_only:
        raise OperationFailed("the running server is read-only: start it without --read-only")
    try:
        async with Reader(lambda: open_source(arguments.address)) as reader:
            moving = _Moving(site, reader, arguments)
            size = await reader.ask(reader.source.size)
            task = asyncio.create_task(moving.run())
            try:
                while not task.done():
                    await asyncio.wait([task], timeout=PROGRESS_SECONDS)
                    runs = moving.tally.runs.done
                    yield Report(stage="runs", done=runs, total=size.runs, unit="runs")
                    read = moving.tally.read
                    yield Report(stage="points", done=read, total=size.points, unit="points")
                    if moving.tally.copied.files:
                        files = moving.tally.copied.files
                        yield Report(stage="artifacts", done=files, unit="files")
                await task
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
    except SourceError as error:
        raise OperationFailed(str(error)) from error
    for line in _lines(moving.tally):
        yield Report(said=line)
    yield Report(result=msgspec.to_builtins(moving.tally))


class _Moving:
    """One import under way."""

    def __init__(self, site: Site, reader: Reader, arguments: Import) -> None:
        self._site = site
        self._reader = reader
        self._source = reader.source
        self._arguments = arguments
        self._importer = Importer(
            site.log, site.states, site.handler, self._source.name, dry=arguments.dry_run
        )
        self._registry = RegistryImporter(
            site.log, site.states, site.handler, self._source.name, dry=arguments.dry_run
        )
        self._places = Places()
        self.tally = Tally(source=self._source.name, dry_run=arguments.dry_run)
        self._copying: Copying | None = None
        if arguments.copy_artifacts:
            base = Path(arguments.address.place).parent
            self._copying = Copying(site, reader, self._importer, arguments.artifacts_from, base)
            self.tally.copied = self._copying.copied

    async def run(self) -> None:
        """Bring everything in."""
        experiments = [each async for each in self._reader.each(self._source.experiments)]
        if not self.tally.dry_run and all(each.experiment_id != "0" for each in experiments):
            await self._site.handler.ensure_default_experiment(ACTOR)
        for experiment in experiments:
            await self._experiment(experiment)
        async for model in self._reader.each(self._source.registered_models):
            await self._registered_model(model)
        if self._copying is not None:
            await self._copying.run()
        self.tally.not_carried = await self._reader.ask(self._source.not_carried)
        self.tally.artifacts = self._places.counts()

    async def _experiment(self, experiment: SourceExperiment) -> None:
        tally, source = self.tally, self._source
        try:
            found = await self._importer.experiment(
                experiment,
                self._location(experiment.artifact_location, experiment.experiment_id),
                rename=self._arguments.rename_conflicts,
            )
        except REFUSALS as error:
            self._refuse(tally.experiments, error)
            return
        tally.experiments.add(found.what)
        async for model in self._reader.each(lambda: source.models(experiment)):
            try:
                below = f"{found.target}/models/{model.model_id}/artifacts"
                location = self._location(model.artifact_location, below)
                outcome = await self._importer.model(model, found.target, location)
            except REFUSALS as error:
                self._refuse(tally.models, error)
                continue
            if self._copying is not None and not tally.dry_run:
                await self._copying.plan_model(model.model_id, model.artifact_location)
            self._places.add(location)
            tally.models.add(outcome.what)
        under_way = asyncio.Semaphore(RUNS_UNDER_WAY)
        try:
            async with asyncio.TaskGroup() as group:
                async for runs in self._reader.each(lambda: source.runs(experiment)):
                    for run in runs:
                        await under_way.acquire()
                        task = group.create_task(self._run(run, found.target))
                        task.add_done_callback(lambda _: under_way.release())
        except* Exception as errors:
            # One that failed has stopped the others; all of them are resumed by the next import.
            raise _first(errors) from None

    async def _run(self, run: SourceRun, experiment_id: str) -> None:
        source = self._source

        async def history() -> AsyncIterator[list[Series]]:
            async with contextlib.aclosing(
                self._reader.each(lambda: source.history(run))
            ) as pieces:
                async for piece in pieces:
                    self.tally.read += sum(map(import_points.count, piece))
                    yield piece

        async def counts() -> dict[str, int] | None:
            return await self._reader.ask(lambda: source.point_counts(run))

        try:
            location = self._location(run.artifact_uri, f"{experiment_id}/{run.run_id}/artifacts")
            outcome = await self._importer.run(run, experiment_id, location, history, counts)
        except REFUSALS as error:
            self._refuse(self.tally.runs, error)
            return
        self.tally.runs.add(outcome.what)
        self.tally.points += outcome.points
        if self._copying is not None and not self.tally.dry_run:
            await self._copying.plan_run(run.run_id, run.artifact_uri)
        self._places.add(location)

    def _location(self, source: str, below: str) -> str:
        return source if self._copying is None else self._copying.location(source, below)

    async def _registered_model(self, model: SourceRegisteredModel) -> None:
        tally = self.tally
        if self._copying is not None:
            versions = [
                msgspec.structs.replace(
                    each, storage_location=self._copying.moved(each.storage_location or each.source)
                )
                for each in model.versions
            ]
            model = msgspec.structs.replace(model, versions=versions)
        try:
            outcome, refused = await self._registry.model(
                model, rename=self._arguments.rename_conflicts
            )
        except REFUSALS as error:
            self._refuse(tally.registered_models, error)
            return
        tally.registered_models.add(outcome.what)
        tally.refused += refused

    def _refuse(self, counts: Counts, error: Exception) -> None:
        counts.refused += 1
        self.tally.refused.append(str(error))


def _first(errors: BaseExceptionGroup[Exception]) -> Exception:
    found = errors.exceptions[0]
    return _first(found) if isinstance(found, BaseExceptionGroup) else found


def _lines(tally: Tally) -> list[str]:
    """The closing report."""
    did = "would bring in" if tally.dry_run else "brought in"
    lines = [f"{did} from {tally.source}:"]
    for what, counts in (
        ("experiments", tally.experiments),
        ("runs", tally.runs),
        ("logged models", tally.models),
        ("registered models", tally.registered_models),
    ):
        parts = [f"{getattr(counts, word):,} {word}" for word in (NEW, CHANGED, SAME)]
        if counts.refused:
            parts.append(f"{counts.refused:,} left out")
        lines.append(f"  {what}: {', '.join(parts)}")
    lines.append(f"  points of metrics: {tally.points:,} new")
    lines += [f"left out: {why}" for why in tally.refused]
    for place, count in tally.artifacts.items():
        lines.append(f"artifacts of {count:,} runs and models are at {place}")
    copied = tally.copied
    if copied.files:
        lines.append(f"artifacts copied: {copied.files:,} files, {copied.bytes / 1e6:,.1f} MB")
    for why, count in copied.left.items():
        lines.append(f"artifacts of {count:,} runs and models were not copied: {why}")
    for what, count in tally.not_carried.items():
        lines.append(f"not carried over: {what} ({count:,})")
    return lines
