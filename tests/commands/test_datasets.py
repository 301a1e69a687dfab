"""Inputs and outputs: given a run, when it says what it read and made, then this is noted."""

from typing import Any

import msgspec
import pytest

from eventtrack.commands.datasets import LogInputs, LogOutputs, check_dataset, decide
from eventtrack.errors import InvalidParameter
from eventtrack.events.datasets import (
    DatasetInput,
    ModelOutput,
    RunInputsLogged,
    RunOutputsLogged,
)
from eventtrack.events.runs import RunDeleted
from tests.commands import given
from tests.support import refused

TRAIN = DatasetInput(name="train", digest="d1", source_type="local", source="{}")


def dataset(**changes: Any) -> DatasetInput:
    return msgspec.structs.replace(TRAIN, **changes)


def test_inputs_are_noted_with_their_experiment() -> None:
    command = LogInputs(run_id="r", datasets=[TRAIN], model_ids=["m-1"])
    assert decide(given.run(), command) == [
        RunInputsLogged(run_id="r", experiment_id="1", datasets=[TRAIN], model_ids=["m-1"])
    ]


def test_outputs_are_noted() -> None:
    models = [ModelOutput(model_id="m-1", step=3)]
    assert decide(given.run(), LogOutputs(run_id="r", models=models)) == [
        RunOutputsLogged(run_id="r", models=models)
    ]


def test_nothing_read_and_nothing_made_is_no_event() -> None:
    assert decide(given.run(), LogInputs(run_id="r")) == []
    assert decide(given.run(), LogOutputs(run_id="r", models=[])) == []


@pytest.mark.parametrize(
    "command",
    [
        LogInputs(run_id="r", datasets=[TRAIN]),
        LogInputs(run_id="r"),
        LogOutputs(run_id="r", models=[ModelOutput(model_id="m-1")]),
        LogOutputs(run_id="r", models=[]),
    ],
)
def test_a_deleted_run_reads_and_makes_nothing(command: LogInputs | LogOutputs) -> None:
    with refused(InvalidParameter, "The run r must be in the 'active' state"):
        decide(given.run(RunDeleted(run_id="r")), command)


@pytest.mark.parametrize(
    ("field", "chars_max"),
    [
        ("name", 500),
        ("digest", 36),
        ("source", 65_535),
        ("schema", 1_048_575),
        ("profile", 16_777_215),
    ],
)
def test_a_field_keeps_its_limit(field: str, chars_max: int) -> None:
    check_dataset(dataset(**{field: "x" * chars_max}))
    too_long = dataset(**{field: "x" * (chars_max + 1)})
    with refused(InvalidParameter, f"'{field}'", f"{chars_max} characters"):
        decide(given.run(), LogInputs(run_id="r", datasets=[TRAIN, too_long]))


def test_input_tags_keep_their_limits() -> None:
    check_dataset(dataset(tags={"k" * 255: "v" * 500}))
    with refused(InvalidParameter, "'key'", "255"):
        check_dataset(dataset(tags={"k" * 256: "v"}))
    with refused(InvalidParameter, "'value'", "500"):
        check_dataset(dataset(tags={"k": "v" * 501}))
