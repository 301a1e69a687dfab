"""What can be brought in of another tracker's model registry: the rules, as in `importing.py`.

A registered model is known by its name and the moment of its creation, so that a server and its
database are the same, and two teams' models of one name are not.  A version's number is what
others refer to: it is kept, and one that was given to another version here is left out.
"""

import copy
from collections.abc import Iterator
from hashlib import sha256

import msgspec

from eventtrack.commands.importing import Changes, Taken, noted, prefixed
from eventtrack.commands.model_versions import NONE
from eventtrack.commands.state import RegisteredModelState
from eventtrack.events import Fact
from eventtrack.events.imports import ImportProgressed
from eventtrack.events.model_versions import (
    ModelVersionCreated,
    ModelVersionDeleted,
    ModelVersionDescribed,
    ModelVersionStaged,
    ModelVersionTagDeleted,
    ModelVersionTagSet,
)
from eventtrack.events.registered_models import (
    RegisteredModelAliasDeleted,
    RegisteredModelAliasSet,
    RegisteredModelCreated,
    RegisteredModelDescribed,
    RegisteredModelTagDeleted,
    RegisteredModelTagSet,
)

GONE = "deleted"
"""What the field of a deleted version's stage holds."""


class SourceVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a registered model as its source has it; times in milliseconds since 1970.

    deleted: only its number is known, which must not be given again.
    """

    version: int
    source: str = ""
    storage_location: str = ""
    run_id: str = ""
    model_id: str = ""
    description: str | None = None
    stage: str = NONE
    run_link: str = ""
    created_at_ms: int = 0
    updated_at_ms: int = 0
    tags: dict[str, str] = {}
    deleted: bool = False


class SourceRegisteredModel(msgspec.Struct, frozen=True, kw_only=True):
    """A registered model, or a prompt, as its source has it, with its versions by number."""

    name: str
    description: str = ""
    created_at_ms: int = 0
    updated_at_ms: int = 0
    tags: dict[str, str] = {}
    aliases: dict[str, int] = {}
    versions: list[SourceVersion] = []


def import_stream_of(model: SourceRegisteredModel) -> str:
    """The stream that says what of a registered model was brought in, and as which."""
    which = f"{model.created_at_ms}\n{model.name}"
    return f"import/registered-model/{sha256(which.encode()).hexdigest()}"


def _fields(model: SourceRegisteredModel) -> dict[str, str]:
    fields = {"description": model.description}
    fields |= prefixed("tag ", model.tags)
    fields |= prefixed("alias ", {alias: str(of) for alias, of in model.aliases.items()})
    for each in model.versions:
        field = f"version {each.version}"
        fields[field] = str(each.created_at_ms)
        fields[f"{field} stage"] = GONE if each.deleted else each.stage
        fields[f"{field} description"] = each.description or ""
        fields |= prefixed(f"{field} tag ", each.tags)
    return fields


def created(model: SourceRegisteredModel, registered_model_id: str, name: str) -> list[Fact]:
    """A model with all that the source says of it, under this name."""
    facts: list[Fact] = [
        RegisteredModelCreated(
            registered_model_id=registered_model_id,
            name=name,
            created_at_ms=model.created_at_ms,
            description=model.description,
            tags=model.tags,
            updated_at_ms=model.updated_at_ms,
        )
    ]
    for each in model.versions:
        facts += _version_created(registered_model_id, each, model.updated_at_ms)
    there = {each.version for each in model.versions if not each.deleted}
    facts += [
        RegisteredModelAliasSet(
            registered_model_id=registered_model_id, alias=alias, version=version
        )
        for alias, version in model.aliases.items()
        if version in there
    ]
    return facts


def _version_created(
    registered_model_id: str, version: SourceVersion, updated_at_ms: int
) -> Iterator[Fact]:
    yield ModelVersionCreated(
        registered_model_id=registered_model_id,
        version=version.version,
        source=version.source,
        storage_location=version.storage_location or version.source,
        created_at_ms=version.created_at_ms,
        run_id=version.run_id,
        run_link=version.run_link,
        model_id=version.model_id,
        description=version.description,
        tags=version.tags,
        stage=version.stage,
        updated_at_ms=version.updated_at_ms,
    )
    if version.deleted:
        yield ModelVersionDeleted(
            registered_model_id=registered_model_id,
            version=version.version,
            updated_at_ms=updated_at_ms,
        )


class Decided(msgspec.Struct, frozen=True):
    """What is to be appended, and which versions are left out: their numbers belong to others."""

    facts: list[Fact]
    refused: list[int]


def refusal(model: SourceRegisteredModel, number: int) -> str:
    """Why a version was left out."""
    return (
        f"version {number} of registered model {model.name!r} was left out, because another "
        "version has this number here"
    )


def changed(model: SourceRegisteredModel, here: RegisteredModelState, taken: Taken) -> Decided:
    """What changed at the source since the model was brought in; its name stays as it is here."""
    changes = Changes(taken, _fields(model))
    state = copy.deepcopy(here)
    facts: list[Fact] = []
    refused: list[int] = []

    def take(some: Iterator[Fact]) -> None:
        for fact in some:
            state.evolve(fact)
            facts.append(fact)

    take(_model_changed(model, state, taken, changes))
    for each in model.versions:
        field = f"version {each.version}"
        if each.version not in state.versions:
            take(_version_created(state.registered_model_id, each, model.updated_at_ms))
        elif field not in taken.fields:
            refused.append(each.version)
        elif not state.versions[each.version].deleted:
            take(_version_changed(model, each, state, taken, changes))
    take(_aliases_changed(model, state, taken, changes))
    return Decided(facts, refused)


def _model_changed(
    model: SourceRegisteredModel, state: RegisteredModelState, taken: Taken, changes: Changes
) -> Iterator[Fact]:
    ids = {"registered_model_id": state.registered_model_id}
    if "description" in changes.fields and model.description != state.description:
        yield RegisteredModelDescribed(
            **ids, description=model.description, updated_at_ms=model.updated_at_ms
        )
    for key, value in changes.among("tag ", model.tags).items():
        if state.tags.get(key) != value:
            yield RegisteredModelTagSet(**ids, key=key, value=value)
    for key in changes.removed("tag ", taken, dict(state.tags)):
        yield RegisteredModelTagDeleted(**ids, key=key)


def _version_changed(
    model: SourceRegisteredModel,
    version: SourceVersion,
    state: RegisteredModelState,
    taken: Taken,
    changes: Changes,
) -> Iterator[Fact]:
    number = version.version
    ids = {"registered_model_id": state.registered_model_id}
    field, here = f"version {number}", state.versions[number]
    if version.deleted:
        if f"{field} stage" in changes.fields:
            aliases = sorted(alias for alias, of in state.aliases.items() if of == number)
            yield ModelVersionDeleted(
                **ids, version=number, updated_at_ms=model.updated_at_ms, aliases=aliases
            )
        return
    if f"{field} stage" in changes.fields and version.stage != here.stage:
        yield ModelVersionStaged(
            **ids, version=number, stage=version.stage, updated_at_ms=version.updated_at_ms
        )
    if f"{field} description" in changes.fields and version.description != here.description:
        yield ModelVersionDescribed(
            **ids,
            version=number,
            description=version.description,
            updated_at_ms=version.updated_at_ms,
        )
    for key, value in changes.among(f"{field} tag ", version.tags).items():
        if here.tags.get(key) != value:
            yield ModelVersionTagSet(**ids, version=number, key=key, value=value)
    for key in changes.removed(f"{field} tag ", taken, dict(here.tags)):
        yield ModelVersionTagDeleted(**ids, version=number, key=key)


def _aliases_changed(
    model: SourceRegisteredModel, state: RegisteredModelState, taken: Taken, changes: Changes
) -> Iterator[Fact]:
    ids = {"registered_model_id": state.registered_model_id}
    for alias, version in model.aliases.items():
        found = state.versions.get(version)
        if found is None or found.deleted or state.aliases.get(alias) == version:
            continue
        if f"alias {alias}" in changes.fields:
            yield RegisteredModelAliasSet(**ids, alias=alias, version=version)
    here = {alias: str(of) for alias, of in state.aliases.items()}
    for alias in changes.removed("alias ", taken, here):
        yield RegisteredModelAliasDeleted(**ids, alias=alias)


def model_noted(
    model: SourceRegisteredModel, target: str, taken: Taken, source: str, refused: list[int]
) -> list[ImportProgressed]:
    """The fact that the model was brought in as far as it is; none when nothing is new."""
    changes = Changes(taken, _fields(model))
    prefixes = ["tag ", "alias ", *(f"version {each.version} tag " for each in model.versions)]
    fields = changes.noted(*prefixes)
    for number in refused:
        # What was left out was not brought in; the next import says so again.
        own = (f"version {number}", f"version {number} ")
        fields = {f: new for f, new in fields.items() if f != own[0] and not f.startswith(own[1])}
    return noted(source, f"registered-model/{model.name}", target, fields, taken)
