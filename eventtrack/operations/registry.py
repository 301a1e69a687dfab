"""Operations on the model registry: who runs the server promotes a model by a command."""

from collections.abc import AsyncIterator

import msgspec

from eventtrack.commands.model_versions import TransitionVersion
from eventtrack.commands.registered_models import DeleteAlias, SetAlias
from eventtrack.commands.registry import Registry
from eventtrack.operations import OperationFailed, Report, Site


class SetModelAlias(msgspec.Struct, frozen=True):
    """Let an alias of a registered model name a version; None: no version any more."""

    name: str
    alias: str
    version: int | None
    actor: str


async def set_alias(site: Site, arguments: SetModelAlias) -> AsyncIterator[Report]:
    """Append the change."""
    registry = _registry(site)
    name, alias, version = arguments.name, arguments.alias, arguments.version
    if version is None:
        await registry.change_model(name, DeleteAlias(alias=alias), arguments.actor)
        said = f"models:/{name}@{alias} names no version now"
    else:
        command = SetAlias(alias=alias, version=version)
        await registry.change_model(name, command, arguments.actor)
        said = f"models:/{name}@{alias} is version {version} now"
    yield Report(said=said, result={"name": name, "alias": alias, "version": version})


class StageModelVersion(msgspec.Struct, frozen=True):
    """Put a version in a stage; archive_existing: and archive the others that are in it."""

    name: str
    version: int
    stage: str
    archive_existing: bool
    actor: str


async def stage_version(site: Site, arguments: StageModelVersion) -> AsyncIterator[Report]:
    """Append the change."""
    name, version, stage = arguments.name, arguments.version, arguments.stage
    command = TransitionVersion(
        version=version, stage=stage, archive_existing=arguments.archive_existing
    )
    await _registry(site).change_version(name, command, arguments.actor)
    yield Report(
        said=f"version {version} of {name} is in {stage} now",
        result={"name": name, "version": version, "stage": stage},
    )


def _registry(site: Site) -> Registry:
    if site.settings.read_only:
        raise OperationFailed("the running server is read-only: start it without --read-only")
    return Registry(site.log, site.handler, site.states)
