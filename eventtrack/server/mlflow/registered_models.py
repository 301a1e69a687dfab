"""MLflow's registered models (section 8 of the REST reference)."""

from collections.abc import Sequence

import msgspec

from eventtrack.commands import registered_models as commands
from eventtrack.commands.model_versions import canonical_stage, parse_version
from eventtrack.errors import DoesNotExist, InvalidParameter
from eventtrack.server.calls import Call
from eventtrack.server.door import Door
from eventtrack.server.mlflow.model_versions import (
    ModelVersionAnswer,
    ModelVersionBody,
    version_body,
)
from eventtrack.server.mlflow.shared import KeyValue, KeyValueIn, key_values, pairs_of
from eventtrack.server.mlflow.wire import Int64
from projections import model_versions, registered_models
from projections.search.registry import find_registered_models
from projections.views import Views

SEARCH_DEFAULT = 100
SEARCH_MAX = 1000


class AliasBody(msgspec.Struct, frozen=True):
    """An alias of a registered model on the wire."""

    alias: str
    version: str


class RegisteredModelBody(msgspec.Struct, omit_defaults=True, frozen=True, kw_only=True):
    """A registered model on the wire; times in milliseconds since 1970."""

    name: str
    creation_timestamp: int
    last_updated_timestamp: int
    description: str = ""
    latest_versions: list[ModelVersionBody] | None = None
    tags: list[KeyValue] | None = None
    aliases: list[AliasBody] | None = None


class RegisteredModelAnswer(msgspec.Struct, frozen=True):
    """One registered model."""

    registered_model: RegisteredModelBody


async def bodies_of(
    views: Views, models: Sequence[registered_models.RegisteredModel]
) -> list[RegisteredModelBody]:
    """The wire's form of registered models; the latest versions tell no aliases (row V3)."""
    latest = await model_versions.latest(views, [each.registered_model_id for each in models])
    return [
        RegisteredModelBody(
            name=each.name,
            creation_timestamp=each.creation_timestamp,
            last_updated_timestamp=each.last_updated_timestamp,
            description=each.description,
            latest_versions=[
                version_body(version, aliases=False) for version in latest[each.registered_model_id]
            ]
            or None,
            tags=key_values(each.tags),
            aliases=[AliasBody(alias, str(version)) for alias, version in each.aliases.items()]
            or None,
        )
        for each in models
    ]


async def find(views: Views, name: str) -> registered_models.RegisteredModel:
    """The model of this name; DoesNotExist when there is none."""
    commands.check_name(name)
    found = await registered_models.get_by_name(views, name)
    if found is None:
        raise commands.no_such_registered_model(name)
    return found


async def _answer(door: Door, name: str) -> RegisteredModelAnswer:
    views = await door.current()
    (body,) = await bodies_of(views, [await find(views, name)])
    return RegisteredModelAnswer(body)


class CreateRegisteredModel(msgspec.Struct):
    """Request of registered-models/create."""

    name: str
    tags: list[KeyValueIn] | None = None
    description: str | None = None
    deployment_job_id: str | None = None


async def create(door: Door, call: Call, message: CreateRegisteredModel) -> RegisteredModelAnswer:
    """POST registered-models/create."""
    command = commands.CreateRegisteredModel(
        name=message.name,
        description=message.description or "",
        tags=pairs_of(message.tags, "tags"),
    )
    await door.registry.create_model(command, call.actor)
    return await _answer(door, message.name)


class RenameRegisteredModel(msgspec.Struct):
    """Request of registered-models/rename."""

    name: str
    new_name: str


async def rename(door: Door, call: Call, message: RenameRegisteredModel) -> RegisteredModelAnswer:
    """POST registered-models/rename."""
    await door.registry.rename_model(message.name, message.new_name, call.actor)
    return await _answer(door, message.new_name)


class UpdateRegisteredModel(msgspec.Struct):
    """Request of registered-models/update; an absent description clears it (row V9)."""

    name: str
    description: str | None = None
    deployment_job_id: str | None = None


async def update(door: Door, call: Call, message: UpdateRegisteredModel) -> RegisteredModelAnswer:
    """PATCH registered-models/update."""
    command = commands.DescribeRegisteredModel(description=message.description or "")
    await door.registry.change_model(message.name, command, call.actor)
    return await _answer(door, message.name)


class RegisteredModelName(msgspec.Struct):
    """Request of registered-models/get and delete."""

    name: str


async def delete(door: Door, call: Call, message: RegisteredModelName) -> None:
    """DELETE registered-models/delete."""
    await door.registry.delete_model(message.name, call.actor)


async def get(door: Door, call: Call, message: RegisteredModelName) -> RegisteredModelAnswer:
    """GET registered-models/get."""
    return await _answer(door, message.name)


class SearchRegisteredModels(msgspec.Struct):
    """Request of registered-models/search."""

    filter: str | None = None
    max_results: Int64 | None = None
    order_by: list[str] | None = None
    page_token: str | None = None


class SearchRegisteredModelsAnswer(msgspec.Struct, omit_defaults=True):
    """Response of registered-models/search."""

    registered_models: list[RegisteredModelBody] | None = None
    next_page_token: str | None = None


async def search(
    door: Door, call: Call, message: SearchRegisteredModels
) -> SearchRegisteredModelsAnswer:
    """GET registered-models/search; a page of 0 is empty, as MLflow's."""
    asked = SEARCH_DEFAULT if message.max_results is None else message.max_results
    if not 0 <= asked <= SEARCH_MAX:
        raise InvalidParameter(
            f"Invalid value {asked} for parameter 'max_results' supplied: it must be at most "
            f"{SEARCH_MAX}."
        )
    views = await door.current()
    page = await find_registered_models(
        views,
        filter=message.filter or "",
        order_by=message.order_by or [],
        max_results=max(asked, 1),
        page_token=message.page_token or "",
    )
    if not asked:
        return SearchRegisteredModelsAnswer()
    found = await registered_models.get_many(views, page.ids)
    return SearchRegisteredModelsAnswer(await bodies_of(views, found) or None, page.next_page_token)


class GetLatestVersions(msgspec.Struct):
    """Request of registered-models/get-latest-versions; no stages are all."""

    name: str
    stages: list[str] | None = None


class ModelVersionsAnswer(msgspec.Struct, omit_defaults=True):
    """Versions of a model."""

    model_versions: list[ModelVersionBody] | None = None


async def get_latest_versions(
    door: Door, call: Call, message: GetLatestVersions
) -> ModelVersionsAnswer:
    """GET or POST registered-models/get-latest-versions."""
    views = await door.current()
    model = await find(views, message.name)
    wanted = {canonical_stage(each) for each in message.stages or ()}
    latest = (await model_versions.latest(views, [model.registered_model_id]))[
        model.registered_model_id
    ]
    found = [version_body(each) for each in latest if not wanted or each.stage in wanted]
    return ModelVersionsAnswer(found or None)


class SetTag(msgspec.Struct):
    """Request of registered-models/set-tag."""

    name: str
    key: str
    value: str | None = None


async def set_tag(door: Door, call: Call, message: SetTag) -> None:
    """POST registered-models/set-tag."""
    command = commands.SetRegisteredModelTag(key=message.key, value=message.value or "")
    await door.registry.change_model(message.name, command, call.actor)


class DeleteTag(msgspec.Struct):
    """Request of registered-models/delete-tag."""

    name: str
    key: str


async def delete_tag(door: Door, call: Call, message: DeleteTag) -> None:
    """DELETE registered-models/delete-tag; of an absent one, too (row V11)."""
    command = commands.DeleteRegisteredModelTag(key=message.key)
    await door.registry.change_model(message.name, command, call.actor)


class SetAlias(msgspec.Struct):
    """Request of POST registered-models/alias."""

    name: str
    alias: str
    version: str


async def set_alias(door: Door, call: Call, message: SetAlias) -> None:
    """POST registered-models/alias."""
    command = commands.SetAlias(alias=message.alias, version=parse_version(message.version))
    await door.registry.change_model(message.name, command, call.actor)


class AliasName(msgspec.Struct):
    """Request of GET and DELETE registered-models/alias."""

    name: str
    alias: str


async def delete_alias(door: Door, call: Call, message: AliasName) -> None:
    """DELETE registered-models/alias; of an unknown one, too (row V4)."""
    command = commands.DeleteAlias(alias=message.alias)
    await door.registry.change_model(message.name, command, call.actor)


async def get_by_alias(door: Door, call: Call, message: AliasName) -> ModelVersionAnswer:
    """GET registered-models/alias."""
    commands.check_name(message.name)
    commands.check_alias(message.alias)
    views = await door.current()
    model = await find(views, message.name)
    number = model.aliases.get(message.alias)
    if message.alias.lower() == commands.LATEST:
        latest = await model_versions.latest(views, [model.registered_model_id])
        numbers = [each.version for each in latest[model.registered_model_id]]
        if not numbers:
            raise DoesNotExist(f"Latest version not found for model {message.name}.")
        number = max(numbers)
    if number is None:
        raise InvalidParameter(f"Registered model alias {message.alias} not found.")
    version = await model_versions.get(views, model.registered_model_id, number)
    if version is None:
        raise commands.no_such_version(message.name, number)
    return ModelVersionAnswer(version_body(version))
