"""MLflow's experiments resource (section 1 of the REST reference)."""

import re
import urllib.parse
from pathlib import Path

import msgspec

from eventtrack import limits
from eventtrack.commands import experiments as commands
from eventtrack.errors import DoesNotExist, InvalidParameter
from eventtrack.server.calls import Call
from eventtrack.server.door import Door
from eventtrack.server.mlflow.shared import (
    KeyValue,
    KeyValueIn,
    ViewType,
    key_values,
    page_size,
    pairs_of,
)
from eventtrack.server.mlflow.wire import Int64
from projections import experiments as views
from projections.search.experiments import MAX_RESULTS_LIMIT, find_experiments


class ExperimentBody(msgspec.Struct, omit_defaults=True, frozen=True):
    """An experiment on the wire; times in milliseconds since 1970."""

    experiment_id: str
    name: str
    artifact_location: str
    lifecycle_stage: str
    last_update_time: int
    creation_time: int
    tags: list[KeyValue] | None = None
    workspace: str = msgspec.field(default_factory=lambda: "default")


class ExperimentAnswer(msgspec.Struct, frozen=True):
    """One experiment."""

    experiment: ExperimentBody


def body_of(experiment: views.Experiment) -> ExperimentBody:
    """The wire's form of an experiment."""
    return ExperimentBody(
        experiment_id=str(experiment.experiment_id),
        name=experiment.name,
        artifact_location=experiment.artifact_location,
        lifecycle_stage=experiment.lifecycle_stage,
        last_update_time=experiment.last_update_time,
        creation_time=experiment.creation_time,
        tags=key_values(experiment.tags),
    )


class CreateExperiment(msgspec.Struct):
    """Request of experiments/create."""

    name: str
    artifact_location: str | None = None
    tags: list[KeyValueIn] | None = None


class CreateExperimentAnswer(msgspec.Struct):
    """Response of experiments/create."""

    experiment_id: str


async def create(door: Door, call: Call, message: CreateExperiment) -> CreateExperimentAnswer:
    """POST experiments/create."""
    command = commands.CreateExperiment(
        name=message.name,
        artifact_location=checked_location(message.artifact_location or "", door),
        tags=dict(pairs_of(message.tags, "tags")),
    )
    return CreateExperimentAnswer(await door.handler.create_experiment(command, call.actor))


class GetExperiment(msgspec.Struct):
    """Request of experiments/get."""

    experiment_id: str


async def get(door: Door, call: Call, message: GetExperiment) -> ExperimentAnswer:
    """GET experiments/get; deleted ones too."""
    number = commands.parse_id(message.experiment_id)
    found = await views.get(await door.current(), number)
    if found is None:
        raise commands.no_such_experiment(message.experiment_id)
    return ExperimentAnswer(body_of(found))


class GetExperimentByName(msgspec.Struct):
    """Request of experiments/get-by-name."""

    experiment_name: str


async def get_by_name(door: Door, call: Call, message: GetExperimentByName) -> ExperimentAnswer:
    """GET experiments/get-by-name; deleted ones too."""
    found = await views.get_by_name(await door.current(), message.experiment_name)
    if found is None:
        raise DoesNotExist(f"Could not find experiment with name '{message.experiment_name}'")
    return ExperimentAnswer(body_of(found))


class SearchExperiments(msgspec.Struct):
    """Request of experiments/search; `max_results` is in practice required (row G3)."""

    max_results: Int64 | None = None
    page_token: str | None = None
    filter: str | None = None
    order_by: list[str] | None = None
    view_type: ViewType | None = None


class SearchExperimentsAnswer(msgspec.Struct, omit_defaults=True):
    """Response of experiments/search."""

    experiments: list[ExperimentBody] | None = None
    next_page_token: str | None = None


async def search(door: Door, call: Call, message: SearchExperiments) -> SearchExperimentsAnswer:
    """GET or POST experiments/search."""
    size = page_size(message.max_results, None, MAX_RESULTS_LIMIT)
    reader = await door.current()
    page = await find_experiments(
        reader,
        filter=message.filter or "",
        order_by=message.order_by or [],
        view=(message.view_type or ViewType.ACTIVE_ONLY).view,
        max_results=size,
        page_token=message.page_token or "",
    )
    found = await views.get_many(reader, [int(each) for each in page.ids])
    return SearchExperimentsAnswer([body_of(each) for each in found] or None, page.next_page_token)


class ExperimentId(msgspec.Struct):
    """Request of experiments/delete and experiments/restore."""

    experiment_id: str


async def delete(door: Door, call: Call, message: ExperimentId) -> None:
    """POST experiments/delete."""
    commands.parse_id(message.experiment_id)
    command = commands.DeleteExperiment(experiment_id=message.experiment_id)
    await door.handler.change_experiment(command, call.actor)


async def restore(door: Door, call: Call, message: ExperimentId) -> None:
    """POST experiments/restore."""
    commands.parse_id(message.experiment_id)
    command = commands.RestoreExperiment(experiment_id=message.experiment_id)
    await door.handler.change_experiment(command, call.actor)


class UpdateExperiment(msgspec.Struct):
    """Request of experiments/update."""

    experiment_id: str
    new_name: str


async def update(door: Door, call: Call, message: UpdateExperiment) -> None:
    """POST experiments/update: rename."""
    commands.parse_id(message.experiment_id)
    command = commands.RenameExperiment(experiment_id=message.experiment_id, name=message.new_name)
    await door.handler.rename_experiment(command, call.actor)


class SetExperimentTag(msgspec.Struct):
    """Request of experiments/set-experiment-tag."""

    experiment_id: str
    key: str
    value: str | None = None


async def set_tag(door: Door, call: Call, message: SetExperimentTag) -> None:
    """POST experiments/set-experiment-tag."""
    commands.parse_id(message.experiment_id)
    commands.check_tag(message.key, message.value or "")
    command = commands.SetExperimentTag(
        experiment_id=message.experiment_id, key=message.key, value=message.value or ""
    )
    await door.handler.change_experiment(command, call.actor)


class DeleteExperimentTag(msgspec.Struct):
    """Request of experiments/delete-experiment-tag."""

    experiment_id: str
    key: str


async def delete_tag(door: Door, call: Call, message: DeleteExperimentTag) -> None:
    """POST experiments/delete-experiment-tag."""
    commands.parse_id(message.experiment_id)
    command = commands.DeleteExperimentTag(experiment_id=message.experiment_id, key=message.key)
    await door.handler.change_experiment(command, call.actor)


_HOST_SCHEMES = frozenset(["ftp", "sftp", "hdfs", "viewfs", "http", "https", "r2", "b2", "abfss"])


def checked_location(location: str, door: Door) -> str:
    """Check an artifact location as row I7 says, and make a local path absolute."""
    if not location:
        return ""
    if len(location) > limits.ARTIFACT_LOCATION_CHARS_MAX:
        raise InvalidParameter(
            f"'artifact_location' exceeds the maximum length of "
            f"{limits.ARTIFACT_LOCATION_CHARS_MAX} characters: it has {len(location)}."
        )
    parts = urllib.parse.urlparse(location)
    scheme = parts.scheme.lower()
    if parts.fragment or parts.params:
        raise _bad_location(location, "it must not have a fragment or parameters")
    if any(".." in each.split("/") for each in _decodings(parts.query)) or ".." in parts.query:
        raise _bad_location(location, "its query must not hold '..'")
    if scheme == "runs":
        raise _bad_location(location, "'runs:' URIs name artifacts of a run, not a place")
    names_host = scheme in _HOST_SCHEMES or (scheme == "mlflow-artifacts" and parts.netloc)
    own = urllib.parse.urlparse(door.artifact_root)
    if names_host and (own.scheme, own.netloc) != (scheme, parts.netloc):
        raise _bad_location(location, f"the scheme '{scheme}' names a host")
    if not scheme or re.fullmatch("[a-zA-Z]", scheme):
        return str(Path(location).absolute())
    return location


def _decodings(text: str) -> list[str]:
    found = [text]
    for _ in range(10):
        decoded = urllib.parse.unquote(found[-1])
        if decoded == found[-1]:
            break
        found.append(decoded)
    return found


def _bad_location(location: str, why: str) -> InvalidParameter:
    return InvalidParameter(f"Invalid artifact_location {location[:200]!r}: {why}.")
