"""Which fields an event changes, from which value to which.

Events hold new values only; the old ones are known from the events of the same stream before.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from eventtrack.events import Fact
from eventtrack.events.corrections import (
    LoggedModelRestored,
    ParamCorrected,
    RunReopened,
)
from eventtrack.events.experiments import (
    ExperimentCreated,
    ExperimentDeleted,
    ExperimentRenamed,
    ExperimentRestored,
    ExperimentTagDeleted,
    ExperimentTagSet,
)
from eventtrack.events.leases import RunLeased
from eventtrack.events.logged_models import (
    LoggedModelCreated,
    LoggedModelDeleted,
    LoggedModelFinalized,
    LoggedModelParamsLogged,
    LoggedModelTagDeleted,
    LoggedModelTagsSet,
)
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
from eventtrack.events.runs import (
    ParamsLogged,
    RunCreated,
    RunDeleted,
    RunRenamed,
    RunRestored,
    RunTagDeleted,
    RunTagsSet,
    RunUpdated,
)
from eventtrack.events.webhooks import WebhookCreated, WebhookUpdated

Value = str | int | None

NewValues = dict[str, Value]
"""field -> its value from now on, None when it is gone."""

F = TypeVar("F", bound=Callable[[Any], NewValues])


class Change(msgspec.Struct, frozen=True):
    """A field, for example `tag stage`, with its value before and after; None: not there."""

    field: str
    old: Value
    new: Value


class Known:
    """The values of one thing's fields, as far as the events seen so far tell."""

    def __init__(self) -> None:
        self._values: NewValues = {}

    def take(self, event: Fact) -> list[Change]:
        """The changes that an event of the thing's stream makes."""
        find = _NEW_VALUES.get(type(event))
        if find is None:
            return []
        changes = []
        for field, new in find(event).items():
            old = self._values.get(field)
            if old != new:
                changes.append(Change(field, old, new))
                self._values[field] = new
        return changes


_NEW_VALUES: dict[type[Fact], Callable[[Any], NewValues]] = {}


def _of(*event_types: type[Fact]) -> Callable[[F], F]:
    def register(find: F) -> F:
        for event_type in event_types:
            _NEW_VALUES[event_type] = find
        return find

    return register


def _tags(tags: dict[str, str]) -> NewValues:
    return {f"tag {key}": value for key, value in tags.items()}


def _params(params: dict[str, str]) -> NewValues:
    return {f"param {key}": value for key, value in params.items()}


@_of(ExperimentCreated)
def _experiment_created(event: ExperimentCreated) -> NewValues:
    created: NewValues = {
        "name": event.name,
        "stage": "active",
        "artifact location": event.artifact_location,
    }
    return created | _tags(event.tags)


@_of(RunCreated)
def _run_created(event: RunCreated) -> NewValues:
    created: NewValues = {
        "name": event.name,
        "stage": "active",
        "status": event.status,
        "user": event.user_id,
        "start time": event.start_time_ms,
        "artifact location": event.artifact_uri,
    }
    return created | _tags(event.tags)


@_of(LoggedModelCreated)
def _model_created(event: LoggedModelCreated) -> NewValues:
    created: NewValues = {
        "name": event.name,
        "stage": "active",
        "status": event.status,
        "source run": event.source_run_id or None,
        "artifact location": event.artifact_location,
    }
    return created | _params(event.params) | _tags(event.tags)


@_of(RegisteredModelCreated)
def _registered(event: RegisteredModelCreated) -> NewValues:
    created: NewValues = {
        "name": event.name,
        "stage": "active",
        "description": event.description or None,
    }
    return created | _tags(event.tags)


@_of(RegisteredModelDescribed)
def _described(event: RegisteredModelDescribed) -> NewValues:
    return {"description": event.description or None}


@_of(RegisteredModelAliasSet)
def _alias_set(event: RegisteredModelAliasSet) -> NewValues:
    return {f"alias {event.alias}": event.version}


@_of(RegisteredModelAliasDeleted)
def _alias_deleted(event: RegisteredModelAliasDeleted) -> NewValues:
    return {f"alias {event.alias}": None}


@_of(ModelVersionCreated)
def _version_created(event: ModelVersionCreated) -> NewValues:
    of = f" of version {event.version}"
    created: NewValues = {
        f"stage{of}": event.stage,
        f"source{of}": event.source,
        f"run{of}": event.run_id or None,
        f"logged model{of}": event.model_id or None,
        f"description{of}": event.description or None,
    }
    return created | {f"tag {key}{of}": value for key, value in event.tags.items()}


@_of(ModelVersionDescribed)
def _version_described(event: ModelVersionDescribed) -> NewValues:
    return {f"description of version {event.version}": event.description or None}


@_of(ModelVersionStaged)
def _version_staged(event: ModelVersionStaged) -> NewValues:
    return {f"stage of version {event.version}": event.stage}


@_of(ModelVersionTagSet)
def _version_tag_set(event: ModelVersionTagSet) -> NewValues:
    return {f"tag {event.key} of version {event.version}": event.value}


@_of(ModelVersionTagDeleted)
def _version_tag_deleted(event: ModelVersionTagDeleted) -> NewValues:
    return {f"tag {event.key} of version {event.version}": None}


@_of(ModelVersionDeleted)
def _version_deleted(event: ModelVersionDeleted) -> NewValues:
    gone: NewValues = {f"alias {alias}": None for alias in event.aliases}
    return {f"version {event.version}": "deleted"} | gone


@_of(ModelVersionRestored)
def _version_restored(event: ModelVersionRestored) -> NewValues:
    return {f"version {event.version}": None}


@_of(WebhookCreated, WebhookUpdated)
def _webhook_set(event: WebhookCreated | WebhookUpdated) -> NewValues:
    given: NewValues = {
        "name": event.name,
        "URL": event.url,
        "events": None if event.events is None else ", ".join(event.events),
        "status": event.status,
    }
    changed: NewValues = {field: value for field, value in given.items() if value is not None}
    if event.description is not None:
        changed["description"] = event.description or None
    return changed


@_of(RunRenamed, ExperimentRenamed, RegisteredModelRenamed)
def _renamed(event: RunRenamed | ExperimentRenamed | RegisteredModelRenamed) -> NewValues:
    return {"name": event.name}


@_of(RunTagsSet, LoggedModelTagsSet)
def _tags_set(event: RunTagsSet | LoggedModelTagsSet) -> NewValues:
    return _tags(event.tags)


@_of(ExperimentTagSet, RegisteredModelTagSet)
def _tag_set(event: ExperimentTagSet | RegisteredModelTagSet) -> NewValues:
    return {f"tag {event.key}": event.value}


TagDeleted = (
    RunTagDeleted | ExperimentTagDeleted | LoggedModelTagDeleted | RegisteredModelTagDeleted
)


@_of(RunTagDeleted, ExperimentTagDeleted, LoggedModelTagDeleted, RegisteredModelTagDeleted)
def _tag_deleted(event: TagDeleted) -> NewValues:
    return {f"tag {event.key}": None}


@_of(ParamsLogged, LoggedModelParamsLogged)
def _params_logged(event: ParamsLogged | LoggedModelParamsLogged) -> NewValues:
    return _params(event.params)


@_of(ParamCorrected)
def _param_corrected(event: ParamCorrected) -> NewValues:
    return {f"param {event.key}": event.value}


@_of(RunUpdated)
def _run_updated(event: RunUpdated) -> NewValues:
    given = {"status": event.status, "end time": event.end_time_ms}
    return {field: value for field, value in given.items() if value is not None}


@_of(RunReopened)
def _run_reopened(event: RunReopened) -> NewValues:
    return {"status": event.status, "end time": event.end_time_ms}


@_of(RunLeased)
def _run_leased(event: RunLeased) -> NewValues:
    return {"lease seconds": event.lease_seconds}


@_of(LoggedModelFinalized)
def _model_finalized(event: LoggedModelFinalized) -> NewValues:
    return {"status": event.status}


@_of(RunDeleted, ExperimentDeleted, LoggedModelDeleted, RegisteredModelDeleted)
def _deleted(event: Fact) -> NewValues:
    return {"stage": "deleted"}


@_of(RunRestored, ExperimentRestored, LoggedModelRestored, RegisteredModelRestored)
def _restored(event: Fact) -> NewValues:
    return {"stage": "active"}
