"""Should a check ever be passed wrongly, all folds of that log still agree: the first one wins."""

import sqlite3
from pathlib import Path

import pytest

from eventtrack.events import Fact, Position, Recorded
from eventtrack.events.datasets import (
    DatasetInput,
    ModelOutput,
    RunInputsLogged,
    RunOutputsLogged,
)
from eventtrack.events.experiments import ExperimentCreated, ExperimentRenamed
from eventtrack.events.logged_models import LoggedModelCreated, LoggedModelParamsLogged
from eventtrack.events.runs import ParamsLogged, RunCreated
from tests.support import ACTOR, fold


def experiment(number: str, name: str) -> ExperimentCreated:
    return ExperimentCreated(
        experiment_id=number, name=name, artifact_location=f"/{number}/{name}", created_at_ms=1
    )


def run(name: str) -> RunCreated:
    return RunCreated(
        run_id="r",
        experiment_id="0",
        name=name,
        user_id="",
        status="RUNNING",
        start_time_ms=1,
        artifact_uri="",
    )


def model(name: str) -> LoggedModelCreated:
    return LoggedModelCreated(
        model_id="m",
        experiment_id="0",
        name=name,
        artifact_location="",
        status="",
        created_at_ms=1,
        params={"p": name},
    )


def dataset(source: str) -> RunInputsLogged:
    described = DatasetInput(
        name="d", digest="1", source_type="local", source=source, tags={"said": source}
    )
    return RunInputsLogged(run_id="r", experiment_id="0", datasets=[described])


def rename(number: str, name: str) -> ExperimentRenamed:
    return ExperimentRenamed(experiment_id=number, name=name, previous_name="", updated_at_ms=2)


@pytest.mark.parametrize("batch_events", [1, 100])
@pytest.mark.parametrize(
    ("facts", "question", "answer"),
    [
        (
            [experiment("1", "x"), experiment("2", "x"), experiment("1", "y")],
            "SELECT experiment_id, name, artifact_location FROM experiments",
            [(1, "x", "/1/x")],
        ),
        (
            [experiment("1", "x"), experiment("2", "y"), rename("2", "x")],
            "SELECT experiment_id, name FROM experiments ORDER BY 1",
            [(1, "x"), (2, "y")],
        ),
        ([run("a"), run("b")], "SELECT name FROM runs", [("a",)]),
        (
            [
                ParamsLogged(run_id="r", params={"p": "1"}),
                ParamsLogged(run_id="r", params={"p": "2", "q": "2"}),
            ],
            "SELECT params FROM run_documents",
            [(b'[{"key":"p","value":"1"},{"key":"q","value":"2"}]',)],
        ),
        (
            [model("a"), model("b"), LoggedModelParamsLogged(model_id="m", params={"p": "c"})],
            "SELECT name, value FROM logged_models JOIN logged_model_params USING (model_id)",
            [("a", "a")],
        ),
        (
            [dataset("here"), dataset("there")],
            "SELECT source, tags FROM datasets JOIN run_datasets USING (name, digest)",
            [("here", '[{"key":"said","value":"here"}]')],
        ),
        (
            [
                RunOutputsLogged(run_id="r", models=[ModelOutput(model_id="m", step=1)]),
                RunOutputsLogged(run_id="r", models=[ModelOutput(model_id="m", step=2)]),
            ],
            "SELECT model_outputs FROM run_input_documents",
            [(b'[{"model_id":"m","step":1}]',)],
        ),
    ],
    ids=["experiment", "name", "run", "param", "model", "dataset", "output"],
)
def test_the_first_one_wins(
    tmp_path: Path,
    facts: list[Fact],
    question: str,
    answer: list[tuple[object, ...]],
    batch_events: int,
) -> None:
    events = [
        Recorded(Position(number), "s", None, number, ACTOR, fact, b"")
        for number, fact in enumerate(facts, 1)
    ]
    batches = [events[at : at + batch_events] for at in range(0, len(events), batch_events)]
    fold(tmp_path / "views.db", batches)
    connection = sqlite3.connect(tmp_path / "views.db")
    assert connection.execute(question).fetchall() == answer
    connection.close()
