"""What a run can say it read and made (rows D1, D2, D8 of the semantics reference)."""

import msgspec

from eventtrack import limits
from eventtrack.commands.runs import check_active
from eventtrack.commands.state import RunState
from eventtrack.commands.validation import check_length
from eventtrack.events import Fact
from eventtrack.events.datasets import (
    DatasetInput,
    ModelOutput,
    RunInputsLogged,
    RunOutputsLogged,
)


class LogInputs(msgspec.Struct, frozen=True, kw_only=True):
    """The run reads these datasets and logged models."""

    run_id: str
    datasets: list[DatasetInput] = []
    model_ids: list[str] = []


class LogOutputs(msgspec.Struct, frozen=True, kw_only=True):
    """The run made these logged models."""

    run_id: str
    models: list[ModelOutput]


def check_dataset(dataset: DatasetInput) -> None:
    """The lengths of a dataset's fields and tags."""
    check_length(dataset.name, "name", limits.DATASET_NAME_CHARS_MAX)
    check_length(dataset.digest, "digest", limits.DATASET_DIGEST_CHARS_MAX)
    check_length(dataset.source, "source", limits.DATASET_SOURCE_CHARS_MAX)
    check_length(dataset.schema or "", "schema", limits.DATASET_SCHEMA_CHARS_MAX)
    check_length(dataset.profile or "", "profile", limits.DATASET_PROFILE_CHARS_MAX)
    for key, value in dataset.tags.items():
        check_length(key, "key", limits.INPUT_TAG_KEY_CHARS_MAX)
        check_length(value, "value", limits.INPUT_TAG_VALUE_CHARS_MAX)


def decide(state: RunState, command: LogInputs | LogOutputs) -> list[Fact]:
    """Decide on a run's inputs or outputs; repeated edges are dropped when folding."""
    if isinstance(command, LogOutputs):
        check_active(state)
        if not command.models:
            return []
        return [RunOutputsLogged(run_id=state.run_id, models=command.models)]
    for dataset in command.datasets:
        check_dataset(dataset)
    check_active(state)
    if not command.datasets and not command.model_ids:
        return []
    return [
        RunInputsLogged(
            run_id=state.run_id,
            experiment_id=state.experiment_id,
            datasets=command.datasets,
            model_ids=command.model_ids,
        )
    ]
