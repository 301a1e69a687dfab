"""MLflow's inputs and outputs of runs, and the datasets of experiments (section 4)."""

import msgspec

from eventtrack import limits
from eventtrack.commands import datasets as commands
from eventtrack.commands import experiments as experiment_commands
from eventtrack.commands.validation import check_run_id
from eventtrack.errors import InvalidParameter
from eventtrack.events.datasets import DatasetInput, ModelOutput
from eventtrack.server.calls import Call
from eventtrack.server.door import Door
from eventtrack.server.mlflow.shared import KeyValueIn
from eventtrack.server.mlflow.wire import Int64, missing
from projections.search.datasets import find_datasets


class DatasetIn(msgspec.Struct):
    """A dataset in a request."""

    name: str | None = None
    digest: str | None = None
    source_type: str | None = None
    source: str | None = None
    schema: str | None = None
    profile: str | None = None


class DatasetInputIn(msgspec.Struct):
    """A dataset and the tags of its use."""

    dataset: DatasetIn | None = None
    tags: list[KeyValueIn] | None = None


class ModelInputIn(msgspec.Struct):
    """A logged model that a run reads."""

    model_id: str | None = None


class LogInputs(msgspec.Struct):
    """Request of runs/log-inputs."""

    run_id: str
    datasets: list[DatasetInputIn] | None = None
    models: list[ModelInputIn] | None = None


async def log_inputs(door: Door, call: Call, message: LogInputs) -> None:
    """POST runs/log-inputs."""
    check_run_id(message.run_id)
    datasets = [
        _dataset_of(each, f"datasets[{index}]") for index, each in enumerate(message.datasets or ())
    ]
    model_ids = []
    for index, model in enumerate(message.models or ()):
        if not model.model_id:
            raise missing(f"models[{index}].model_id")
        model_ids.append(model.model_id)
    command = commands.LogInputs(run_id=message.run_id, datasets=datasets, model_ids=model_ids)
    await door.handler.change_run(command, call.actor)


def _dataset_of(message: DatasetInputIn, path: str) -> DatasetInput:
    dataset = message.dataset
    if dataset is None:
        raise missing(f"{path}.dataset")
    if not dataset.name:
        raise missing(f"{path}.dataset.name")
    tags = {}
    for index, tag in enumerate(message.tags or ()):
        if tag.key is None:
            raise missing(f"{path}.tags[{index}].key")
        tags[tag.key] = tag.value or ""
    return DatasetInput(
        name=dataset.name,
        digest=dataset.digest or "",
        source_type=dataset.source_type or "",
        source=dataset.source or "",
        schema=dataset.schema,
        profile=dataset.profile,
        tags=tags,
    )


class ModelOutputIn(msgspec.Struct):
    """A logged model that a run made, at a step."""

    model_id: str | None = None
    step: Int64 | None = None


class LogOutputs(msgspec.Struct):
    """Request of runs/outputs."""

    run_id: str
    models: list[ModelOutputIn]


async def log_outputs(door: Door, call: Call, message: LogOutputs) -> None:
    """POST runs/outputs; a repeated edge is harmless (the quirk in row D8 is not copied)."""
    models = []
    for index, model in enumerate(message.models):
        if not model.model_id:
            raise missing(f"models[{index}].model_id")
        models.append(ModelOutput(model_id=model.model_id, step=model.step or 0))
    command = commands.LogOutputs(run_id=message.run_id, models=models)
    await door.handler.change_run(command, call.actor)


class SearchDatasets(msgspec.Struct):
    """Request of experiments/search-datasets."""

    experiment_ids: list[str] | None = None


class DatasetSummary(msgspec.Struct, omit_defaults=True):
    """A dataset as used in an experiment."""

    experiment_id: str
    name: str
    digest: str
    context: str | None = None


class SearchDatasetsAnswer(msgspec.Struct, omit_defaults=True):
    """Response of experiments/search-datasets."""

    dataset_summaries: list[DatasetSummary] | None = None


async def search(door: Door, call: Call, message: SearchDatasets) -> SearchDatasetsAnswer:
    """POST experiments/search-datasets."""
    asked = message.experiment_ids or []
    if not asked:
        raise missing("experiment_ids")
    if len(asked) > limits.SEARCH_DATASETS_EXPERIMENTS_MAX:
        raise InvalidParameter(
            "SearchDatasets request must specify at least one and at most "
            f"{limits.SEARCH_DATASETS_EXPERIMENTS_MAX} experiment_ids. Received {len(asked)}."
        )
    numbers = [experiment_commands.parse_id(each) for each in asked]
    found = await find_datasets(await door.current(), numbers)
    return SearchDatasetsAnswer(
        [
            DatasetSummary(str(number), name, digest, context)
            for number, name, digest, context in found
        ]
        or None
    )
