"""MLflow's versions of registered models (section 8 of the REST reference)."""

import msgspec

from eventtrack.commands import model_versions as commands
from eventtrack.commands import registered_models as model_commands
from eventtrack.server.calls import Call
from eventtrack.server.door import Door
from eventtrack.server.mlflow.shared import (
    KeyValue,
    KeyValueIn,
    key_values,
    page_size,
    pairs_of,
)
from eventtrack.server.mlflow.wire import Int64, Switch
from projections import model_versions, registered_models
from projections.search.registry import find_model_versions

SEARCH_DEFAULT = 200_000
SEARCH_MAX = 200_000


class ModelVersionBody(msgspec.Struct, omit_defaults=True, frozen=True, kw_only=True):
    """A model version on the wire; times in milliseconds since 1970."""

    name: str
    version: str
    creation_timestamp: int
    last_updated_timestamp: int
    current_stage: str
    source: str
    run_id: str
    status: str
    run_link: str
    description: str | None = None
    tags: list[KeyValue] | None = None
    aliases: list[str] | None = None


class ModelVersionAnswer(msgspec.Struct, frozen=True):
    """One model version."""

    model_version: ModelVersionBody


def version_body(version: model_versions.ModelVersion, *, aliases: bool = True) -> ModelVersionBody:
    """The wire's form of a version; aliases: some answers leave them out (row V3)."""
    return ModelVersionBody(
        name=version.name,
        version=str(version.version),
        creation_timestamp=version.creation_timestamp,
        last_updated_timestamp=version.last_updated_timestamp,
        current_stage=version.stage,
        source=version.source,
        run_id=version.run_id,
        status="READY",
        run_link=version.run_link,
        description=version.description,
        tags=key_values(version.tags),
        aliases=(version.aliases or None) if aliases else None,
    )


async def find(door: Door, name: str, number: int) -> model_versions.ModelVersion:
    """The version with this number; DoesNotExist when there is none."""
    model_commands.check_name(name)
    views = await door.current()
    registered_model_id = await registered_models.id_of_name(views, name)
    found = None
    if registered_model_id is not None:
        found = await model_versions.get(views, registered_model_id, number)
    if found is None:
        raise model_commands.no_such_version(name, number)
    return found


async def _answer(door: Door, name: str, number: int) -> ModelVersionAnswer:
    return ModelVersionAnswer(version_body(await find(door, name, number)))


class CreateModelVersion(msgspec.Struct):
    """Request of model-versions/create."""

    name: str
    source: str
    run_id: str | None = None
    tags: list[KeyValueIn] | None = None
    run_link: str | None = None
    description: str | None = None
    model_id: str | None = None


async def create(door: Door, call: Call, message: CreateModelVersion) -> ModelVersionAnswer:
    """POST model-versions/create."""
    command = commands.CreateModelVersion(
        name=message.name,
        source=message.source,
        run_id=message.run_id,
        model_id=message.model_id,
        run_link=message.run_link or "",
        description=message.description or "",
        tags=pairs_of(message.tags, "tags"),
    )
    return await _answer(
        door, message.name, await door.registry.create_version(command, call.actor)
    )


class UpdateModelVersion(msgspec.Struct):
    """Request of model-versions/update; an absent description clears it (row V9)."""

    name: str
    version: str
    description: str | None = None


async def update(door: Door, call: Call, message: UpdateModelVersion) -> ModelVersionAnswer:
    """PATCH model-versions/update."""
    number = commands.parse_version(message.version)
    command = commands.DescribeVersion(version=number, description=message.description)
    await door.registry.change_version(message.name, command, call.actor)
    return await _answer(door, message.name, number)


class TransitionStage(msgspec.Struct):
    """Request of model-versions/transition-stage."""

    name: str
    version: str
    stage: str
    archive_existing_versions: Switch | None = None


async def transition_stage(door: Door, call: Call, message: TransitionStage) -> ModelVersionAnswer:
    """POST model-versions/transition-stage."""
    number = commands.parse_version(message.version)
    command = commands.TransitionVersion(
        version=number,
        stage=message.stage,
        archive_existing=bool(message.archive_existing_versions),
    )
    await door.registry.change_version(message.name, command, call.actor)
    return await _answer(door, message.name, number)


class NameAndVersion(msgspec.Struct):
    """Request of model-versions/get, delete and get-download-uri."""

    name: str
    version: str


async def delete(door: Door, call: Call, message: NameAndVersion) -> None:
    """DELETE model-versions/delete."""
    command = commands.DeleteVersion(version=commands.parse_version(message.version))
    await door.registry.change_version(message.name, command, call.actor)


async def get(door: Door, call: Call, message: NameAndVersion) -> ModelVersionAnswer:
    """GET model-versions/get."""
    return await _answer(door, message.name, commands.parse_version(message.version))


class DownloadUri(msgspec.Struct):
    """Response of model-versions/get-download-uri."""

    artifact_uri: str


async def get_download_uri(door: Door, call: Call, message: NameAndVersion) -> DownloadUri:
    """GET model-versions/get-download-uri: where the files are."""
    found = await find(door, message.name, commands.parse_version(message.version))
    return DownloadUri(found.storage_location or found.source)


class SearchModelVersions(msgspec.Struct):
    """Request of model-versions/search."""

    filter: str | None = None
    max_results: Int64 | None = None
    order_by: list[str] | None = None
    page_token: str | None = None


class SearchModelVersionsAnswer(msgspec.Struct, omit_defaults=True):
    """Response of model-versions/search."""

    model_versions: list[ModelVersionBody] | None = None
    next_page_token: str | None = None


async def search(door: Door, call: Call, message: SearchModelVersions) -> SearchModelVersionsAnswer:
    """GET model-versions/search; aliases are not told (row V3)."""
    views = await door.current()
    ids, token = await find_model_versions(
        views,
        filter=message.filter or "",
        order_by=message.order_by or [],
        max_results=page_size(message.max_results, SEARCH_DEFAULT, SEARCH_MAX),
        page_token=message.page_token or "",
    )
    found = await model_versions.get_many(views, ids)
    return SearchModelVersionsAnswer(
        [version_body(each, aliases=False) for each in found] or None, token
    )


class SetTag(msgspec.Struct):
    """Request of model-versions/set-tag."""

    name: str
    version: str
    key: str
    value: str | None = None


async def set_tag(door: Door, call: Call, message: SetTag) -> None:
    """POST model-versions/set-tag."""
    command = commands.SetVersionTag(
        version=commands.parse_version(message.version),
        key=message.key,
        value=message.value or "",
    )
    await door.registry.change_version(message.name, command, call.actor)


class DeleteTag(msgspec.Struct):
    """Request of model-versions/delete-tag."""

    name: str
    version: str
    key: str


async def delete_tag(door: Door, call: Call, message: DeleteTag) -> None:
    """DELETE model-versions/delete-tag; of an absent one, too (row V11)."""
    command = commands.DeleteVersionTag(
        version=commands.parse_version(message.version), key=message.key
    )
    await door.registry.change_version(message.name, command, call.actor)
