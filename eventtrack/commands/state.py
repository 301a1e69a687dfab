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
from eventtrack.events.producers import EntriesReceived
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

    async def saved_view(self, view_id: str) -> SavedViewState | None:
        """The saved view with this id."""
        ...

    async def producer(self, producer: str) -> ProducerState | None:
        """The native producer of this name."""
        ...
