"""Logged models: given what happened, when a command comes, then these events or this refusal."""

import pytest

from eventtrack.commands.logged_models import (
    STATUSES,
    CreateLoggedModel,
    DeleteLoggedModel,
    DeleteLoggedModelTag,
    FinalizeLoggedModel,
    LoggedModelCommand,
    LogLoggedModelParams,
    SetLoggedModelTags,
    create,
    decide,
    state_of,
)
from eventtrack.errors import BadRequest, DoesNotExist, InvalidParameter
from eventtrack.events.logged_models import (
    LoggedModelCreated,
    LoggedModelDeleted,
    LoggedModelFinalized,
    LoggedModelParamsLogged,
    LoggedModelTagDeleted,
    LoggedModelTagsSet,
)
from tests.commands import given
from tests.support import refused

NOW = 99
DELETED = LoggedModelDeleted(model_id="m-1", updated_at_ms=20)


def created(command: CreateLoggedModel) -> LoggedModelCreated:
    return create(command, given.experiment(), model_id="m-1", random_name="calm-fox-1", now_ms=NOW)


def test_a_new_model_is_pending_and_has_a_place_for_its_files() -> None:
    command = CreateLoggedModel(
        experiment_id="1",
        name="net",
        model_type="Agent",
        source_run_id="r",
        params=[("layers", "3")],
        tags=[("a", "1"), ("a", "2")],
    )
    assert created(command) == LoggedModelCreated(
        model_id="m-1",
        experiment_id="1",
        name="net",
        artifact_location="mlflow-artifacts:/1/models/m-1/artifacts",
        status="LOGGED_MODEL_PENDING",
        created_at_ms=NOW,
        model_type="Agent",
        source_run_id="r",
        params={"layers": "3"},
        tags={"a": "2"},
    )


def test_a_model_without_a_name_gets_one() -> None:
    assert created(CreateLoggedModel(experiment_id="1")).name == "calm-fox-1"


@pytest.mark.parametrize("name", ["a/b", "a:b", "a.b", "a%b", 'a"b', "a'b"])
def test_a_name_with_a_forbidden_character_is_refused(name: str) -> None:
    with refused(InvalidParameter, "Invalid model name", "cannot contain", repr(name)):
        created(CreateLoggedModel(experiment_id="1", name=name))


def test_no_model_is_made_in_a_deleted_experiment() -> None:
    experiment = given.experiment(given.EXPERIMENT_DELETED)
    with refused(InvalidParameter, "experiment 1 must be in the 'active' state"):
        create(
            CreateLoggedModel(experiment_id="1"),
            experiment,
            model_id="m-1",
            random_name="x",
            now_ms=NOW,
        )


def test_the_state_of_a_new_model_is_what_its_event_says() -> None:
    event = created(CreateLoggedModel(experiment_id="1", params=[("p", "1")], tags=[("t", "1")]))
    state = state_of(event)
    assert (state.params, state.tags, state.version) == ({"p": "1"}, {"t": "1"}, 1)
    state.tags["t"] = "2"
    assert event.tags["t"] == "1", "an event does not change with the state"


@pytest.mark.parametrize("status", STATUSES)
def test_an_upload_ends_with_any_status(status: str) -> None:
    assert decide(given.model(), FinalizeLoggedModel(model_id="m-1", status=status), NOW) == [
        LoggedModelFinalized(model_id="m-1", status=status, updated_at_ms=NOW)
    ]


def test_params_are_written_once_even_with_the_same_value() -> None:
    new = LogLoggedModelParams(model_id="m-1", params=[("width", "8")])
    (event,) = decide(given.model(), new, NOW)
    assert event == LoggedModelParamsLogged(model_id="m-1", params={"width": "8"})
    with refused(BadRequest, "already logged: ['width']"):
        decide(given.model(event), new, NOW)
    again = LogLoggedModelParams(model_id="m-1", params=[("layers", "3"), ("new", "1")])
    with refused(BadRequest, "already logged: ['layers']"):
        decide(given.model(), again, NOW)
    assert decide(given.model(), LogLoggedModelParams(model_id="m-1", params=[]), NOW) == []


def test_tags_that_change_are_set() -> None:
    command = SetLoggedModelTags(model_id="m-1", tags=[("stage", "draft"), ("a", "1"), ("a", "2")])
    (event,) = decide(given.model(), command, NOW)
    assert event == LoggedModelTagsSet(model_id="m-1", tags={"a": "2"})
    assert decide(given.model(event), SetLoggedModelTags(model_id="m-1", tags=[]), NOW) == []


def test_the_last_value_of_a_repeated_tag_wins_even_over_the_present_one() -> None:
    command = SetLoggedModelTags(model_id="m-1", tags=[("stage", "good"), ("stage", "draft")])
    state = given.model()
    for event in decide(state, command, NOW):
        state.evolve(event)
    assert state.tags["stage"] == "draft"


def test_a_tag_is_deleted_once() -> None:
    command = DeleteLoggedModelTag(model_id="m-1", key="stage")
    (event,) = decide(given.model(), command, NOW)
    assert event == LoggedModelTagDeleted(model_id="m-1", key="stage")
    with refused(DoesNotExist, "No tag with key 'stage' found for model 'm-1'"):
        decide(given.model(event), command, NOW)


def test_deleting_twice_is_deleting_once() -> None:
    command = DeleteLoggedModel(model_id="m-1")
    assert decide(given.model(), command, NOW) == [
        LoggedModelDeleted(model_id="m-1", updated_at_ms=NOW)
    ]
    assert decide(given.model(DELETED), command, NOW) == []


@pytest.mark.parametrize(
    "command",
    [
        FinalizeLoggedModel(model_id="m-1", status="LOGGED_MODEL_READY"),
        LogLoggedModelParams(model_id="m-1", params=[("p", "1")]),
        SetLoggedModelTags(model_id="m-1", tags=[("t", "1")]),
        DeleteLoggedModelTag(model_id="m-1", key="stage"),
    ],
    ids=lambda command: type(command).__name__,
)
def test_a_deleted_model_still_takes_everything(command: LoggedModelCommand) -> None:
    assert decide(given.model(DELETED), command, NOW)
