"""The small states that deciding needs, how events change them, and where they come from."""

from typing import Protocol

import msgspec

from eventtrack.events import Fact
from eventtrack.events.corrections import LoggedModelRestored, ParamCorrected, RunReopened
from eventtrack.events.experiments import (
    ExperimentDeleted,
    ExperimentRenamed,
    ExperimentRestored,
    ExperimentTagDeleted,
    ExperimentTagSet,
)
from eventtrack.events.logged_models import (
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
from eventtrack.events.producers import EntriesReceived
from eventtrack.events.registered_models import (
    RegisteredModelAliasDeleted,
    RegisteredModelAliasSet,
    RegisteredModelDeleted,
    RegisteredModelDescribed,
    RegisteredModelRenamed,
    RegisteredModelRestored,
    RegisteredModelTagDeleted,
    RegisteredModelTagSet,
)
from eventtrack.events.runs import (
    ParamsLogged,
    RunDeleted,
    RunRenamed,
    RunRestored,
    RunTagDeleted,
    RunTagsSet,
    RunUpdated,
)
from eventtrack.events.saved_views import SavedViewUpdated

ACTIVE = "active"
DELETED = "deleted"


class ExperimentState(msgspec.Struct, kw_only=True):
    """What the rules need to know of an experiment; `version` is its stream's."""

    experiment_id: str
    name: str
    artifact_location: str
    lifecycle_stage: str
    tags: dict[str, str]
    version: int = 0

    def evolve(self, event: Fact) -> None:
        """Take in an event of the experiment's stream."""
        match event:
            case ExperimentRenamed(name=name):
                self.name = name
            case ExperimentTagSet(key=key, value=value):
                self.tags[key] = value
            case ExperimentTagDeleted(key=key):
                self.tags.pop(key, None)
            case ExperimentDeleted():
                self.lifecycle_stage = DELETED
            case ExperimentRestored():
                self.lifecycle_stage = ACTIVE
            case _:
                return


class RunState(msgspec.Struct, kw_only=True):
    """What the rules need to know of a run; `version` is its stream's."""

    run_id: str
    experiment_id: str
    name: str
    user_id: str
    status: str
    start_time_ms: int
    end_time_ms: int | None
    artifact_uri: str
    lifecycle_stage: str
    params: dict[str, str]
    tags: dict[str, str]
    version: int = 0

    def evolve(self, event: Fact) -> None:
        """Take in an event of the run's stream."""
        match event:
            case RunUpdated(status=status, end_time_ms=end_time_ms):
                self.status = self.status if status is None else status
                self.end_time_ms = self.end_time_ms if end_time_ms is None else end_time_ms
            case RunRenamed(name=name):
                self.name = name
            case RunTagsSet(tags=tags):
                self.tags.update(tags)
            case RunTagDeleted(key=key):
                self.tags.pop(key, None)
            case ParamsLogged(params=params):
                self.params.update(params)
            case ParamCorrected(key=key, value=None):
                self.params.pop(key, None)
            case ParamCorrected(key=key, value=str(value)):
                self.params[key] = value
            case RunReopened(status=status, end_time_ms=end_time_ms):
                self.status, self.end_time_ms = status, end_time_ms
            case RunDeleted():
                self.lifecycle_stage = DELETED
            case RunRestored():
                self.lifecycle_stage = ACTIVE
            case _:
                return


class LoggedModelState(msgspec.Struct, kw_only=True):
    """What the rules need to know of a logged model; `version` is its stream's."""

    model_id: str
    experiment_id: str
    lifecycle_stage: str
    artifact_location: str
    status: str
    params: dict[str, str]
    tags: dict[str, str]
    source_run_id: str = ""
    version: int = 0

    def evolve(self, event: Fact) -> None:
        """Take in an event of the model's stream."""
        match event:
            case LoggedModelFinalized(status=status):
                self.status = status
            case LoggedModelParamsLogged(params=params):
                self.params.update(params)
            case LoggedModelTagsSet(tags=tags):
                self.tags.update(tags)
            case LoggedModelTagDeleted(key=key):
                self.tags.pop(key, None)
            case LoggedModelDeleted():
                self.lifecycle_stage = DELETED
            case LoggedModelRestored():
                self.lifecycle_stage = ACTIVE
            case _:
                return


class VersionState(msgspec.Struct, kw_only=True):
    """What the rules need to know of a version of a registered model."""

    source: str
    storage_location: str
    run_id: str
    model_id: str
    stage: str
    description: str | None
    tags: dict[str, str]
    deleted: bool = False


class RegisteredModelState(msgspec.Struct, kw_only=True):
    """What the rules need to know of a registered model; `version` is its stream's.

    versions: by number, deleted ones too, whose numbers are never given out again.
    """

    registered_model_id: str
    name: str
    lifecycle_stage: str
    description: str
    tags: dict[str, str]
    aliases: dict[str, int]
    versions: dict[int, VersionState]
    version: int = 0

    def evolve(self, event: Fact) -> None:
        """Take in an event of the model's stream."""
        match event:
            case RegisteredModelRenamed(name=name):
                self.name = name
            case RegisteredModelDescribed(description=description):
                self.description = description
            case RegisteredModelTagSet(key=key, value=value):
                self.tags[key] = value
            case RegisteredModelTagDeleted(key=key):
                self.tags.pop(key, None)
            case RegisteredModelAliasSet(alias=alias, version=number):
                self.aliases[alias] = number
            case RegisteredModelAliasDeleted(alias=alias):
                self.aliases.pop(alias, None)
            case RegisteredModelDeleted():
                self.lifecycle_stage = DELETED
            case RegisteredModelRestored():
                self.lifecycle_stage = ACTIVE
            case _:
                self._evolve_version(event)

    def _evolve_version(self, event: Fact) -> None:
        match event:
            case ModelVersionCreated():
                self.versions[event.version] = VersionState(
                    source=event.source,
                    storage_location=event.storage_location,
                    run_id=event.run_id,
                    model_id=event.model_id,
                    stage=event.stage,
                    description=event.description,
                    tags=dict(event.tags),
                )
            case ModelVersionDescribed(version=number, description=description):
                self.versions[number].description = description
            case ModelVersionStaged(version=number, stage=stage):
                self.versions[number].stage = stage
            case ModelVersionTagSet(version=number, key=key, value=value):
                self.versions[number].tags[key] = value
            case ModelVersionTagDeleted(version=number, key=key):
                self.versions[number].tags.pop(key, None)
            case ModelVersionDeleted(version=number):
                self.versions[number].deleted = True
                self.aliases = {a: v for a, v in self.aliases.items() if v != number}
            case ModelVersionRestored(version=number):
                self.versions[number].deleted = False
            case _:
                return


class SavedViewState(msgspec.Struct, kw_only=True):
    """What the rules need to know of a saved view; `version` is its stream's."""

    view_id: str
    name: str
    state: str
    version: int = 0

    def evolve(self, event: Fact) -> None:
        """Take in an event of the view's stream."""
        if isinstance(event, SavedViewUpdated):
            self.name = self.name if event.name is None else event.name
            self.state = self.state if event.state is None else event.state


class ProducerState(msgspec.Struct, kw_only=True):
    """Where a native producer stands; `version` is its stream's.

    following: the number that its next request begins at.
    """

    producer: str
    following: int
    version: int = 0

    def evolve(self, event: Fact) -> None:
        """Take in an event of the producer's stream."""
        if isinstance(event, EntriesReceived):
            self.following = max(self.following, event.following)


class StateReader(Protocol):
    """Where states are loaded from; the views implement it (`eventtrack/server/states.py`).

    Each answer holds at least everything acknowledged before the call.  None: there is no such
    thing.
    """

    async def experiment(self, experiment_id: str) -> ExperimentState | None:
        """The experiment with this id, deleted ones too."""
        ...

    async def experiment_id_of_name(self, name: str) -> str | None:
        """The experiment, deleted or not, that has this name."""
        ...

    async def greatest_experiment_id(self) -> int:
        """The greatest id given out, -1 when there is none."""
        ...

    async def run(self, run_id: str) -> RunState | None:
        """The run with this id, deleted ones too."""
        ...

    async def runs_deleted_alone(self, experiment_id: str) -> list[str]:
        """The runs of an experiment that were deleted by themselves, not with it."""
        ...

    async def count_points(
        self, run_id: str, key: str, first_step: int, last_step: int, rank: int | None
    ) -> int:
        """How many points of a metric lie between two steps, both included."""
        ...

    async def logged_model(self, model_id: str) -> LoggedModelState | None:
        """The logged model with this id, deleted ones too."""
        ...

    async def registered_model_id_of_name(self, name: str) -> str | None:
        """The registered model, not deleted, that has this name."""
        ...

    async def registered_model(self, registered_model_id: str) -> RegisteredModelState | None:
        """The registered model with this id, deleted ones too."""
        ...

    async def saved_view(self, view_id: str) -> SavedViewState | None:
        """The saved view with this id."""
        ...

    async def webhook_exists(self, webhook_id: str) -> bool:
        """Is there a webhook with this id that was not deleted?"""
        ...

    async def producer(self, producer: str) -> ProducerState | None:
        """The native producer of this name."""
        ...
