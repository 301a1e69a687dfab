"""The model registry's commands, where its rules meet the log.

A command names a model by its name; what it does is appended to the stream of the model's id, with
the version of the stream that it was decided on.  So two servers never give the same number to two
versions, and a model that is renamed meanwhile is noticed.
"""

import asyncio
import contextlib
import json
import random
from collections.abc import Awaitable, Callable

from eventtrack.commands import (
    logged_models,
    model_sources,
    model_versions,
    registered_models,
)
from eventtrack.commands.handler import DECISIONS_MAX, Handler, contended, evolve
from eventtrack.commands.model_versions import (
    CreateModelVersion,
    Origin,
    VersionCommand,
    canonical_stage,
)
from eventtrack.commands.registered_models import (
    CreateRegisteredModel,
    RegisteredModelCommand,
    name_stream_of,
    no_such_registered_model,
    stream_of,
)
from eventtrack.commands.state import (
    ACTIVE,
    LoggedModelState,
    RegisteredModelState,
    RunState,
    StateReader,
)
from eventtrack.errors import DoesNotExist, InvalidParameter
from eventtrack.events import Fact
from eventtrack.events.logged_models import LoggedModelTagsSet
from eventtrack.events.model_versions import ModelVersionCreated
from eventtrack.log import Entry, EventLog

BACK_OFF_SECONDS = 0.002

VERSIONS_TAG = "mlflow.modelVersions"
"""Tag of a logged model: the versions that were made of it, as MLflow's UI reads them."""


class Registry:
    """Executes the registry's commands; like the handler's methods these are durable at return."""

    def __init__(self, log: EventLog, handler: Handler, states: StateReader) -> None:
        self._log = log
        self._handler = handler
        self._states = states
        self._hot = handler.hot

    async def create_model(self, command: CreateRegisteredModel, actor: str) -> None:
        """Make a registered model."""
        registered_models.check_name(command.name)
        name_stream = name_stream_of(command.name)
        async with self._hot.lock("registered models"):
            for turn in range(DECISIONS_MAX):
                await _give_way(turn)
                claims = await self._log.version(name_stream)
                created, claimed = registered_models.create(
                    command,
                    registered_model_id=self._handler.new_id(),
                    taken_by=await self._find(command.name),
                    now_ms=self._handler.now_ms(),
                )
                entries = [
                    Entry(stream_of(created.registered_model_id), created, 1),
                    Entry(name_stream, claimed, claims + 1),
                ]
                if await self._handler.append(entries, actor):
                    state = registered_models.state_of(created)
                    self._hot.keep(self._hot.registered_models, created.registered_model_id, state)
                    return
        raise contended(f"registered model {command.name!r}")

    async def rename_model(self, name: str, new_name: str, actor: str) -> None:
        """Give a model another name, releasing the old one and claiming the new one."""
        registered_models.check_name(new_name, "new_name")

        async def names(state: RegisteredModelState) -> list[Fact]:
            if new_name == name:
                return []
            taken_by = await self._states.registered_model_id_of_name(new_name)
            if taken_by == state.registered_model_id:
                # Another server was faster, and what is known here is old.
                raise no_such_registered_model(name)
            return registered_models.rename(
                state, new_name, taken=taken_by is not None, now_ms=self._handler.now_ms()
            )

        await self._change_names(name, [name, new_name], names, actor)

    async def delete_model(self, name: str, actor: str) -> None:
        """Hide a model with all that it has, and release its name."""

        async def names(state: RegisteredModelState) -> list[Fact]:
            return registered_models.delete(state, self._handler.now_ms())

        await self._change_names(name, [name], names, actor)

    async def change_model(self, name: str, command: RegisteredModelCommand, actor: str) -> None:
        """Describe a model, set or remove its tags and aliases."""
        registered_models.check_name(name)
        registered_models.check(command)
        await self._change(
            name,
            lambda state: registered_models.decide(state, command, self._handler.now_ms()),
            actor,
        )

    async def change_version(self, name: str, command: VersionCommand, actor: str) -> None:
        """Describe, stage, tag or delete a version."""
        registered_models.check_name(name)
        model_versions.check(command)
        await self._change(
            name,
            lambda state: model_versions.decide(state, command, self._handler.now_ms()),
            actor,
        )

    async def create_version(self, command: CreateModelVersion, actor: str) -> int:
        """Give a model its next version and return the number."""
        registered_models.check_name(command.name)
        origin = await self._origin(command)
        registered_model_id = await self._id_of(command.name)
        stream = stream_of(registered_model_id)
        logged_stream = logged_models.stream_of(origin.model_id)
        async with contextlib.AsyncExitStack() as locks:
            await locks.enter_async_context(self._hot.lock(stream))
            if origin.model_id:
                await locks.enter_async_context(self._hot.lock(logged_stream))
            for turn in range(DECISIONS_MAX):
                await _give_way(turn)
                state = await self._state(registered_model_id, command.name)
                created = model_versions.create(state, command, origin, self._handler.now_ms())
                entries = [Entry(stream, created, state.version + 1)]
                logged = None
                if origin.model_id and not registered_models.is_prompt(created.tags):
                    logged = await self._hot.model(origin.model_id)
                    if (linked := _linked(logged, command.name, created)) is not None:
                        entries.append(Entry(logged_stream, linked, logged.version + 1))
                if await self._handler.append(entries, actor):
                    evolve(state, [created])
                    if logged is not None:
                        self._hot.forget(self._hot.models, origin.model_id)
                    return created.version
                self._hot.forget(self._hot.registered_models, registered_model_id)
                self._hot.forget(self._hot.models, origin.model_id)
        raise contended(stream)

    # How a command reaches the log

    async def _change(
        self, name: str, decide: Callable[[RegisteredModelState], list[Fact]], actor: str
    ) -> None:
        registered_model_id = await self._id_of(name)
        stream = stream_of(registered_model_id)
        async with self._hot.lock(stream):
            for turn in range(DECISIONS_MAX):
                await _give_way(turn)
                state = await self._state(registered_model_id, name)
                facts = decide(state)
                entries = [
                    Entry(stream, fact, state.version + number)
                    for number, fact in enumerate(facts, 1)
                ]
                if not entries:
                    return
                if await self._handler.append(entries, actor):
                    evolve(state, facts)
                    return
                self._hot.forget(self._hot.registered_models, registered_model_id)
        raise contended(stream)

    async def _change_names(
        self,
        name: str,
        names: list[str],
        decide: Callable[[RegisteredModelState], Awaitable[list[Fact]]],
        actor: str,
    ) -> None:
        """Decide on a fact of the model and on those of these names, in this order."""
        registered_models.check_name(name)
        registered_model_id = await self._id_of(name)
        stream = stream_of(registered_model_id)
        name_streams = [name_stream_of(each) for each in names]
        async with self._hot.lock("registered models"), self._hot.lock(stream):
            for turn in range(DECISIONS_MAX):
                await _give_way(turn)
                claims = [await self._log.version(each) for each in name_streams]
                state = await self._state(registered_model_id, name)
                facts = await decide(state)
                if not facts:
                    return
                entries = [Entry(stream, facts[0], state.version + 1)]
                for each, fact, version in zip(name_streams, facts[1:], claims, strict=True):
                    entries.append(Entry(each, fact, version + 1))
                if await self._handler.append(entries, actor):
                    evolve(state, facts[:1])
                    return
                self._hot.forget(self._hot.registered_models, registered_model_id)
        raise contended(stream)

    # What is there

    async def _id_of(self, name: str) -> str:
        found = await self._states.registered_model_id_of_name(name)
        if found is None:
            raise no_such_registered_model(name)
        return found

    async def _find(self, name: str) -> RegisteredModelState | None:
        found = await self._states.registered_model_id_of_name(name)
        return None if found is None else await self._hot.registered_model(found)

    async def _state(self, registered_model_id: str, name: str) -> RegisteredModelState:
        state = await self._hot.registered_model(registered_model_id)
        if state is None:
            raise no_such_registered_model(name)
        registered_models.check_there(state, name)
        return state

    # Where a version comes from (row V6)

    async def _origin(self, command: CreateModelVersion) -> Origin:
        source = command.source
        model_sources.check_pattern(source)
        if registered_models.is_prompt(dict(command.tags)):
            model_sources.check_prompt_source(source)
            return Origin(
                source=source,
                storage_location=source,
                run_id=command.run_id or "",
                model_id=command.model_id or "",
            )
        model_sources.check_host(source)
        if model_sources.scheme_of(source) == "models":
            uri = model_sources.parse_model_uri(source)
            if not uri.model_id:
                return await self._copied(command, uri)
        if command.model_id:
            return await self._of_logged_model(command, command.model_id)
        return await self._of_run(command)

    async def _copied(self, command: CreateModelVersion, uri: model_sources.ModelUri) -> Origin:
        """A version of another registered model: its lineage is kept."""
        state = await self._find(uri.name)
        if state is None:
            raise no_such_registered_model(uri.name)
        if registered_models.is_prompt(state.tags):
            raise InvalidParameter(
                f"Invalid model version source: '{command.source}'. Prompt versions cannot be used "
                "as model version sources."
            )
        number = _version_of(state, uri)
        registered_models.check_version(state, number)
        version = state.versions[number]
        for given, known in (
            (command.run_id, version.run_id),
            (command.model_id, version.model_id),
        ):
            if given is not None and given != known:
                raise InvalidParameter(
                    f"Invalid model version source: '{command.source}'. The run_id and model_id "
                    "request parameters must match the referenced model version."
                )
        return Origin(
            source=f"models:/{uri.name}/{number}",
            storage_location=version.storage_location or version.source,
            run_id=version.run_id,
            model_id=version.model_id,
        )

    async def _of_logged_model(self, command: CreateModelVersion, model_id: str) -> Origin:
        source = command.source
        scheme = model_sources.scheme_of(source)
        if model_sources.is_local(source):
            model = await self._source_model(model_id, source)
            model_sources.check_local(source, model.artifact_location, "model_id")
        else:
            model_sources.check_normal(source)
            if scheme == "runs":
                model_sources.refuse(source, "model_id")
            if scheme == "models" and model_sources.parse_model_uri(source).model_id != model_id:
                model_sources.refuse(source, "model_id")
            model = await self._source_model(model_id, source)
            if model_sources.is_proxied(source) and not model_sources.is_within(
                source, model.artifact_location
            ):
                model_sources.refuse(source, "model_id")
        return Origin(
            source=source,
            storage_location=model.artifact_location if scheme == "models" else source,
            run_id=command.run_id or model.source_run_id,
            model_id=model_id,
        )

    async def _of_run(self, command: CreateModelVersion) -> Origin:
        source, run_id = command.source, command.run_id or ""
        if model_sources.is_local(source):
            run = await self._source_run(run_id, source) if run_id else None
            model_sources.check_local(source, run.artifact_uri if run else None, "run_id")
        else:
            model_sources.check_normal(source)
            scheme = model_sources.scheme_of(source)
            if scheme == "runs" and (not run_id or model_sources.run_of(source) != run_id):
                model_sources.refuse(source, "run_id")
            if scheme == "models":
                model_sources.refuse(source, "model_id")
            if model_sources.is_proxied(source):
                if not run_id:
                    model_sources.refuse(source, "run_id")
                run = await self._source_run(run_id, source)
                if not model_sources.is_within(source, run.artifact_uri):
                    model_sources.refuse(source, "run_id")
        return Origin(source=source, storage_location=source, run_id=run_id)

    async def _source_run(self, run_id: str, source: str) -> RunState:
        run = await self._hot.find_run(run_id)
        if run is None:
            model_sources.refuse(source, "run_id")
        return run

    async def _source_model(self, model_id: str, source: str) -> LoggedModelState:
        model = await self._hot.find_model(model_id)
        if model is None or model.lifecycle_stage != ACTIVE:
            model_sources.refuse(source, "model_id")
        return model


async def _give_way(turn: int) -> None:
    """Before another try: let the server that was faster do what it is at."""
    if turn:
        await asyncio.sleep(random.uniform(0, BACK_OFF_SECONDS * 2**turn))


def _version_of(state: RegisteredModelState, uri: model_sources.ModelUri) -> int:
    """The number of the version that a `models:/` URI names."""
    if uri.version is not None:
        return uri.version
    if uri.alias and uri.alias.lower() != registered_models.LATEST:
        if uri.alias not in state.aliases:
            raise InvalidParameter(f"Registered model alias {uri.alias} not found.")
        return state.aliases[uri.alias]
    stage = canonical_stage(uri.stage) if uri.stage else None
    numbers = [
        number
        for number, version in state.versions.items()
        if not version.deleted and stage in (None, version.stage)
    ]
    if not numbers:
        where = f" and stage '{stage}'" if stage else ""
        raise DoesNotExist(f"No versions of model with name '{uri.name}'{where} found")
    return max(numbers)


def _linked(
    logged: LoggedModelState, name: str, created: ModelVersionCreated
) -> LoggedModelTagsSet | None:
    """The logged model's tag with the new version in it."""
    versions = []
    if known := logged.tags.get(VERSIONS_TAG):
        try:
            versions = json.loads(known)
        except ValueError:
            # Somebody wrote something else there: it is theirs.
            return None
        if not isinstance(versions, list):
            return None
    versions.append({"name": name, "version": created.version})
    return LoggedModelTagsSet(model_id=logged.model_id, tags={VERSIONS_TAG: json.dumps(versions)})
