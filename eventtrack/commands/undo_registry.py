"""What takes an event of the model registry back: as `undo.py`, for registered models."""

from eventtrack.commands import model_versions
from eventtrack.commands.registered_models import check_version
from eventtrack.commands.state import ACTIVE, DELETED, RegisteredModelState
from eventtrack.commands.undo import CannotUndo, expect
from eventtrack.events import Fact, stored_name
from eventtrack.events.model_versions import (
    ModelVersionCreated,
    ModelVersionDeleted,
    ModelVersionDescribed,
    ModelVersionRestored,
    ModelVersionStaged,
    ModelVersionTagDeleted,
    ModelVersionTagSet,
)
from eventtrack.events.registered_models import (
    RegisteredModelAliasDeleted,
    RegisteredModelAliasSet,
    RegisteredModelCreated,
    RegisteredModelDeleted,
    RegisteredModelDescribed,
    RegisteredModelRenamed,
    RegisteredModelRestored,
    RegisteredModelTagDeleted,
    RegisteredModelTagSet,
)

State = RegisteredModelState
VersionEvent = (
    ModelVersionDescribed | ModelVersionStaged | ModelVersionTagSet | ModelVersionTagDeleted
)


def compensate(event: Fact, before: State, after: State, now: State, now_ms: int) -> list[Fact]:
    """The facts that take an event back; the first two states are its stream's around it.

    Raises CannotUndo, and DoesNotExist when the version it is about was deleted since.
    """
    ids = {"registered_model_id": now.registered_model_id}
    match event:
        case RegisteredModelCreated() | RegisteredModelRestored():
            expect("the model's stage", ACTIVE, now.lifecycle_stage)
            return [RegisteredModelDeleted(**ids, updated_at_ms=now_ms)]
        case RegisteredModelDeleted():
            expect("the model's stage", DELETED, now.lifecycle_stage)
            return [RegisteredModelRestored(**ids, updated_at_ms=now_ms)]
    if now.lifecycle_stage != ACTIVE:
        raise CannotUndo(f"The registered model {now.name!r} is deleted: restore it first.")
    match event:
        case RegisteredModelRenamed():
            expect("the model's name", after.name, now.name)
            return [
                RegisteredModelRenamed(
                    **ids, name=before.name, previous_name=now.name, updated_at_ms=now_ms
                )
            ]
        case RegisteredModelDescribed():
            expect("the description", after.description, now.description)
            return [
                RegisteredModelDescribed(
                    **ids, description=before.description, updated_at_ms=now_ms
                )
            ]
        case RegisteredModelTagSet(key=key) | RegisteredModelTagDeleted(key=key):
            expect(f"tag {key!r}", after.tags.get(key), now.tags.get(key))
            if key in before.tags:
                return [RegisteredModelTagSet(**ids, key=key, value=before.tags[key])]
            return [RegisteredModelTagDeleted(**ids, key=key)]
        case RegisteredModelAliasSet(alias=alias) | RegisteredModelAliasDeleted(alias=alias):
            return _alias_back(alias, before, after, now)
        case ModelVersionCreated(version=number) | ModelVersionRestored(version=number):
            check_version(now, number)
            return [model_versions.delete(now, number, now_ms)]
        case ModelVersionDeleted(version=number):
            return _version_back(event, now, now_ms)
        case (
            ModelVersionDescribed()
            | ModelVersionStaged()
            | ModelVersionTagSet()
            | ModelVersionTagDeleted()
        ):
            return _of_version(event, before, after, now, now_ms)
    raise CannotUndo(f"{stored_name(type(event))} cannot be undone.")


def _alias_back(alias: str, before: State, after: State, now: State) -> list[Fact]:
    expect(f"alias {alias!r}", after.aliases.get(alias), now.aliases.get(alias))
    version = before.aliases.get(alias)
    if version is None:
        return [
            RegisteredModelAliasDeleted(registered_model_id=now.registered_model_id, alias=alias)
        ]
    check_version(now, version)
    return [
        RegisteredModelAliasSet(
            registered_model_id=now.registered_model_id, alias=alias, version=version
        )
    ]


def _version_back(event: ModelVersionDeleted, now: State, now_ms: int) -> list[Fact]:
    """The version, and those of its aliases that name no other version since."""
    if not now.versions[event.version].deleted:
        raise CannotUndo(f"Version {event.version} is there: its deletion was taken back already.")
    ids = {"registered_model_id": now.registered_model_id}
    return [
        ModelVersionRestored(**ids, version=event.version, updated_at_ms=now_ms),
        *(
            RegisteredModelAliasSet(**ids, alias=alias, version=event.version)
            for alias in event.aliases
            if alias not in now.aliases
        ),
    ]


def _of_version(
    event: VersionEvent, before: State, after: State, now: State, now_ms: int
) -> list[Fact]:
    number = event.version
    check_version(now, number)
    was, left, found = before.versions[number], after.versions[number], now.versions[number]
    what = f"version {number}'s"
    ids = {"registered_model_id": now.registered_model_id}
    match event:
        case ModelVersionDescribed():
            expect(f"{what} description", left.description, found.description)
            return [
                ModelVersionDescribed(
                    **ids, version=number, description=was.description, updated_at_ms=now_ms
                )
            ]
        case ModelVersionStaged():
            expect(f"{what} stage", left.stage, found.stage)
            return [
                ModelVersionStaged(**ids, version=number, stage=was.stage, updated_at_ms=now_ms)
            ]
        case ModelVersionTagSet(key=key) | ModelVersionTagDeleted(key=key):
            expect(f"{what} tag {key!r}", left.tags.get(key), found.tags.get(key))
            if key in was.tags:
                return [ModelVersionTagSet(**ids, version=number, key=key, value=was.tags[key])]
            return [ModelVersionTagDeleted(**ids, version=number, key=key)]
