"""Given: the state that some events lead to."""

from eventtrack.commands import logged_models, runs
from eventtrack.commands.state import ExperimentState, LoggedModelState, RunState
from eventtrack.events import Fact
from eventtrack.events.experiments import ExperimentDeleted
from eventtrack.events.logged_models import LoggedModelCreated
from eventtrack.events.runs import RunCreated

EXPERIMENT_DELETED = ExperimentDeleted(experiment_id="1", updated_at_ms=5)

RUN_CREATED = RunCreated(
    run_id="r",
    experiment_id="1",
    name="calm-fox-1",
    user_id="ada",
    status="RUNNING",
    start_time_ms=10,
    artifact_uri="mlflow-artifacts:/1/r/artifacts",
    tags={"mlflow.runName": "calm-fox-1"},
)

MODEL_CREATED = LoggedModelCreated(
    model_id="m-1",
    experiment_id="1",
    name="net",
    artifact_location="mlflow-artifacts:/1/models/m-1/artifacts",
    status="LOGGED_MODEL_PENDING",
    created_at_ms=10,
    params={"layers": "3"},
    tags={"stage": "draft"},
)


def experiment(*events: Fact) -> ExperimentState:
    """Experiment 1, and what happened to it."""
    state = ExperimentState(
        experiment_id="1",
        name="vision",
        artifact_location="mlflow-artifacts:/1",
        lifecycle_stage="active",
        tags={},
    )
    for event in events:
        state.evolve(event)
    return state


def run(*events: Fact) -> RunState:
    """Run r, and what happened to it."""
    state = runs.state_of(RUN_CREATED)
    for event in events:
        state.evolve(event)
    return state


def model(*events: Fact) -> LoggedModelState:
    """Logged model m-1, and what happened to it."""
    state = logged_models.state_of(MODEL_CREATED)
    for event in events:
        state.evolve(event)
    return state
