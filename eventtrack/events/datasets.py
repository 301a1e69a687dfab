"""Facts about what a run read and made: stream `run/<run_id>`."""

import msgspec

from eventtrack.events.fact import Fact


class DatasetInput(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A dataset used as an input; `tags` holds for example mlflow.data.context."""

    name: str
    digest: str
    source_type: str
    source: str
    schema: str | None = None
    profile: str | None = None
    tags: dict[str, str] = {}


class RunInputsLogged(Fact, frozen=True, kw_only=True, tag="RunInputsLogged/1"):
    """RunInputsLogged: datasets and logged models (by id) that the run reads."""

    run_id: str
    experiment_id: str
    datasets: list[DatasetInput] = []
    model_ids: list[str] = []


class ModelOutput(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A logged model that a run made at a step."""

    model_id: str
    step: int = 0


class RunOutputsLogged(Fact, frozen=True, kw_only=True, tag="RunOutputsLogged/1"):
    """RunOutputsLogged: logged models that the run made."""

    run_id: str
    models: list[ModelOutput]
