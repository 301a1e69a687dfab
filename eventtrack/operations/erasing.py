"""`gc` erases what was deleted long enough ago for good; `compact` gives free space back."""

import time
import urllib.parse
from collections.abc import AsyncIterator, Collection

import msgspec

from eventtrack.artifacts.errors import ArtifactError, ArtifactNotFound
from eventtrack.commands import experiments, logged_models, registered_models, runs
from eventtrack.commands.erasing import Erasing
from eventtrack.errors import EventtrackError
from eventtrack.events import Position
from eventtrack.operations import OperationFailed, Report, Site
from projections.erasures import all_erasures
from projections.views import Views

ARTIFACTS_SCHEME = "mlflow-artifacts"


class Collect(msgspec.Struct, frozen=True):
    """Erase what is deleted, of these ids only when some are given.

    older_than_seconds: of what was deleted, and left alone, for at least so long.
    """

    actor: str
    older_than_seconds: int = 0
    run_ids: list[str] = []
    experiment_ids: list[str] = []
    model_ids: list[str] = []
    reason: str = ""
    dry_run: bool = False


class Found(msgspec.Struct, frozen=True):
    """Something to erase: its id, its artifacts' place, and the streams that tell its age."""

    noun: str
    key: str
    location: str
    streams: tuple[str, ...]


async def collect(site: Site, arguments: Collect) -> AsyncIterator[Report]:
    """Erase payloads and artifacts of deleted runs, models and experiments."""
    if site.settings.read_only:
        raise OperationFailed("the running server is read-only: start it without --read-only")
    erasing = Erasing(site.log, site.handler)
    views = await site.live.current()
    finished = 0
    for stream, position in await all_erasures(views):
        # Finish what was interrupted.
        finished += bool(await erasing.finish(stream, Position(position)))
    found = [
        each for each in await _candidates(views, arguments) if await _is_old(site, each, arguments)
    ]
    left: list[str] = []
    size = 0
    for done, each in enumerate(found):
        yield Report(stage="erasing", done=done, total=len(found), unit="things")
        if not arguments.dry_run:
            # The artifacts first: only as long as the thing is there is their place known.
            left += await _erase_artifacts(site, each)
            size += await _erase(erasing, each, arguments)
    if (found and not arguments.dry_run) or finished:
        await site.live.current()
        await site.pasts.forget()
    yield Report(stage="erasing", done=len(found), total=len(found), unit="things")
    words = "would be erased" if arguments.dry_run else "are erased for good"
    for each in found:
        yield Report(said=f"{each.noun} {each.key}")
    for location in left:
        yield Report(said=f"left alone, because this server does not keep it: {location}")
    counts = {
        noun: sum(each.noun == noun for each in found)
        for noun in ("run", "logged model", "experiment", "registered model")
    }
    yield Report(
        said=f"{', '.join(f'{count} {noun}s' for noun, count in counts.items())} {words}"
        + (f"; {finished} interrupted erasures are finished" if finished else ""),
        result={
            "erased": [{"noun": each.noun, "id": each.key} for each in found],
            "bytes": size,
            "left_alone": left,
            "finished": finished,
            "dry_run": arguments.dry_run,
        },
    )


async def _erase(erasing: Erasing, found: Found, arguments: Collect) -> int:
    erase = {
        "run": erasing.erase_run,
        "logged model": erasing.erase_model,
        "experiment": erasing.erase_experiment,
        "registered model": erasing.erase_registered_model,
    }[found.noun]
    try:
        return await erase(found.key, arguments.reason, arguments.actor)
    except EventtrackError as error:
        raise OperationFailed(f"{found.noun} {found.key}: {error.message}") from error


async def _erase_artifacts(site: Site, found: Found) -> list[str]:
    """Delete the artifacts; returns their place when it is not ours."""
    parts = urllib.parse.urlsplit(found.location)
    if not found.location:
        return []
    if parts.scheme != ARTIFACTS_SCHEME or site.artifacts is None:
        return [found.location]
    path = parts.path.strip("/")
    if not path:
        return [found.location]
    try:
        await site.artifacts.delete(path)
    except ArtifactNotFound:
        return []
    except ArtifactError as error:
        return [f"{found.location} ({error})"]
    return []


async def _is_old(site: Site, found: Found, arguments: Collect) -> bool:
    if not arguments.older_than_seconds:
        return True
    newest = max([await site.log.last_recorded(stream) for stream in found.streams])
    return newest <= time.time_ns() // 1000 - arguments.older_than_seconds * 1_000_000


async def _candidates(views: Views, arguments: Collect) -> list[Found]:
    """What is deleted and asked for: runs and models first, then their experiments."""
    given = bool(arguments.run_ids or arguments.experiment_ids or arguments.model_ids)
    deleted = await views.fetchall(
        """SELECT experiment_id, artifact_location FROM experiments
           WHERE lifecycle_stage = 'deleted' ORDER BY experiment_id"""
    )
    chosen = {
        str(experiment_id): location
        for experiment_id, location in deleted
        if not given or str(experiment_id) in arguments.experiment_ids
    }
    _check_all("experiment", arguments.experiment_ids, chosen)
    found_runs: dict[str, Found] = {}
    found_models: dict[str, Found] = {}
    for run_id, experiment_id, location, stage in await views.fetchall(
        "SELECT run_id, experiment_id, artifact_uri, lifecycle_stage FROM runs"
    ):
        if stage != "deleted":
            if str(experiment_id) in chosen:
                # Restored after its experiment was deleted: both stay.
                del chosen[str(experiment_id)]
        elif not given or run_id in arguments.run_ids or str(experiment_id) in chosen:
            both = (runs.stream_of(run_id), experiments.stream_of(str(experiment_id)))
            found_runs[run_id] = Found("run", run_id, location, both)
    _check_all("run", arguments.run_ids, found_runs)
    for model_id, experiment_id, location, stage in await views.fetchall(
        "SELECT model_id, experiment_id, artifact_location, lifecycle_stage FROM logged_models"
    ):
        deleted_alone = stage == "deleted" and (not given or model_id in arguments.model_ids)
        if deleted_alone or str(experiment_id) in chosen:
            own = (logged_models.stream_of(model_id), experiments.stream_of(str(experiment_id)))
            found_models[model_id] = Found("logged model", model_id, location, own)
    _check_all("logged model", arguments.model_ids, found_models)
    deleted_models: list[Found] = []
    if not given:
        # The files of a version belong to the run or logged model that it comes from.
        deleted_models = [
            Found("registered model", key, "", (registered_models.stream_of(key),))
            for (key,) in await views.fetchall(
                "SELECT registered_model_id FROM registered_models "
                "WHERE lifecycle_stage = 'deleted' ORDER BY 1"
            )
        ]
    return [
        *deleted_models,
        *found_runs.values(),
        *found_models.values(),
        *[
            Found("experiment", key, location, (experiments.stream_of(key),))
            for key, location in chosen.items()
        ],
    ]


def _check_all(noun: str, given: list[str], found: Collection[str]) -> None:
    for key in given:
        if key not in found:
            raise OperationFailed(
                f"there is no {noun} {key} in the deleted stage: delete it first; nothing was "
                "erased"
            )


class Compact(msgspec.Struct, frozen=True):
    """Give free space back."""


async def compact(site: Site, arguments: Compact) -> AsyncIterator[Report]:
    """Give the log's free space back to the file system."""
    given = 0
    async for given, left in site.log.compact(alone=site.alone):
        yield Report(stage="giving back", done=given, total=given + left, unit="bytes")
    yield Report(said=f"{given / 1e6:.1f} MB given back", result={"bytes": given})
