"""Facts about experiments: streams `experiment/<id>` and `experiment-name/<digest of the name>`."""

from eventtrack.events.fact import Fact


class ExperimentCreated(Fact, frozen=True, kw_only=True, tag="ExperimentCreated/1"):
    """ExperimentCreated: an experiment exists from now on, active."""

    experiment_id: str
    name: str
    artifact_location: str
    created_at_ms: int
    tags: dict[str, str] = {}


class ExperimentNameClaimed(Fact, frozen=True, kw_only=True, tag="ExperimentNameClaimed/1"):
    """ExperimentNameClaimed: the name belongs to this experiment, even when it is deleted.

    Its stream is the name's own, so an expected version makes names unique on any log engine.
    """

    experiment_id: str
    name: str


class ExperimentNameReleased(Fact, frozen=True, kw_only=True, tag="ExperimentNameReleased/1"):
    """ExperimentNameReleased: the name is free again, because its experiment was renamed."""

    experiment_id: str
    name: str


class ExperimentRenamed(Fact, frozen=True, kw_only=True, tag="ExperimentRenamed/1"):
    """ExperimentRenamed: `previous_name` is kept so that the change can be told and taken back."""

    experiment_id: str
    name: str
    previous_name: str
    updated_at_ms: int


class ExperimentTagSet(Fact, frozen=True, kw_only=True, tag="ExperimentTagSet/1"):
    """ExperimentTagSet: the tag has this value from now on."""

    experiment_id: str
    key: str
    value: str


class ExperimentTagDeleted(Fact, frozen=True, kw_only=True, tag="ExperimentTagDeleted/1"):
    """ExperimentTagDeleted: the tag is gone."""

    experiment_id: str
    key: str


class ExperimentDeleted(Fact, frozen=True, kw_only=True, tag="ExperimentDeleted/1"):
    """ExperimentDeleted: the experiment and every run it has are in the deleted stage."""

    experiment_id: str
    updated_at_ms: int


class ExperimentRestored(Fact, frozen=True, kw_only=True, tag="ExperimentRestored/1"):
    """ExperimentRestored: the experiment and every run it has are active (MLflow's rule X3)."""

    experiment_id: str
    updated_at_ms: int
