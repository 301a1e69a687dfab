"""Runs: given what happened, when a command comes, then these events or this refusal."""

import pytest

from eventtrack import limits
from eventtrack.commands.runs import (
    STATUSES,
    CreateRun,
    DeleteRun,
    DeleteRunTag,
    LogParams,
    RestoreRun,
    RunCommand,
    SetRunTags,
    UpdateRun,
    create,
    decide,
    state_of,
)
from eventtrack.commands.validation import check_run_id
from eventtrack.errors import DoesNotExist, InvalidParameter
from eventtrack.events.runs import (
    ParamsLogged,
    RunCreated,
    RunDeleted,
    RunRenamed,
    RunRestored,
    RunTagDeleted,
    RunTagsSet,
    RunUpdated,
)
from tests.commands import given
from tests.support import refused

NAME_TAG = "mlflow.runName"
DELETED = RunDeleted(run_id="r")
FINISHED = RunUpdated(run_id="r", status="FINISHED", end_time_ms=50)
LR = ParamsLogged(run_id="r", params={"lr": "0.1"})


def created(command: CreateRun) -> RunCreated:
    return create(command, given.experiment(), run_id="r", random_name="calm-fox-1")


# Creating


def test_a_new_run_is_running_and_has_all_it_needs() -> None:
    command = CreateRun(
        experiment_id="1", user_id="ada", start_time_ms=10, tags=[("a", "1"), ("a", "2")]
    )
    assert created(command) == RunCreated(
        run_id="r",
        experiment_id="1",
        name="calm-fox-1",
        user_id="ada",
        status="RUNNING",
        start_time_ms=10,
        artifact_uri="mlflow-artifacts:/1/r/artifacts",
        tags={"a": "2", NAME_TAG: "calm-fox-1"},
    )


@pytest.mark.parametrize(
    ("field", "tag", "name"),
    [
        ("given", None, "given"),
        ("", "tagged", "tagged"),
        ("same", "same", "same"),
        ("given", "", "given"),
        ("", "", "calm-fox-1"),
        ("", None, "calm-fox-1"),
    ],
)
def test_the_name_is_the_field_else_the_tag_else_random(
    field: str, tag: str | None, name: str
) -> None:
    tags = [] if tag is None else [(NAME_TAG, tag)]
    event = created(CreateRun(experiment_id="1", run_name=field, tags=tags))
    assert event.name == name
    assert event.tags == {NAME_TAG: name}


def test_two_names_that_differ_are_refused() -> None:
    command = CreateRun(experiment_id="1", run_name="one", tags=[(NAME_TAG, "two")])
    with refused(InvalidParameter, "run_name='one'", "mlflow.runName='two'"):
        created(command)


def test_no_run_starts_in_a_deleted_experiment() -> None:
    experiment = given.experiment(given.EXPERIMENT_DELETED)
    with refused(InvalidParameter, "experiment 1 must be in the 'active' state", "deleted"):
        create(CreateRun(experiment_id="1"), experiment, run_id="r", random_name="x")


def test_the_state_of_a_new_run_is_what_its_event_says() -> None:
    event = created(CreateRun(experiment_id="1", tags=[("a", "1")]))
    state = state_of(event)
    assert (state.status, state.lifecycle_stage, state.end_time_ms) == ("RUNNING", "active", None)
    assert (state.params, state.tags, state.version) == ({}, event.tags, 1)
    state.tags["a"] = "2"
    assert event.tags["a"] == "1", "an event does not change with the state"


# Updating


@pytest.mark.parametrize("status", STATUSES)
def test_any_status_may_follow_any_other(status: str) -> None:
    for before in STATUSES:
        state = given.run(RunUpdated(run_id="r", status=before))
        expected = [] if status == before else [RunUpdated(run_id="r", status=status)]
        assert decide(state, UpdateRun(run_id="r", status=status)) == expected


def test_only_what_is_given_and_new_is_updated() -> None:
    state = given.run(FINISHED)
    command = UpdateRun(run_id="r", status="FINISHED", end_time_ms=60)
    assert decide(state, command) == [RunUpdated(run_id="r", end_time_ms=60)]
    assert decide(state, UpdateRun(run_id="r", status="FINISHED", end_time_ms=50)) == []
    assert decide(state, UpdateRun(run_id="r")) == []


def test_the_end_time_stays_when_a_run_goes_on() -> None:
    state = given.run(FINISHED, RunUpdated(run_id="r", status="RUNNING"))
    assert (state.status, state.end_time_ms) == ("RUNNING", 50)


def test_a_new_name_changes_the_tag_with_it() -> None:
    assert decide(given.run(), UpdateRun(run_id="r", run_name="good")) == [
        RunRenamed(run_id="r", name="good"),
        RunTagsSet(run_id="r", tags={NAME_TAG: "good"}),
    ]


@pytest.mark.parametrize("name", ["", "calm-fox-1", None])
def test_an_empty_or_equal_name_changes_nothing(name: str | None) -> None:
    assert decide(given.run(), UpdateRun(run_id="r", run_name=name)) == []


def test_a_name_given_again_puts_back_a_deleted_tag() -> None:
    state = given.run(RunTagDeleted(run_id="r", key=NAME_TAG))
    assert state.name == "calm-fox-1"
    assert decide(state, UpdateRun(run_id="r", run_name="calm-fox-1")) == [
        RunTagsSet(run_id="r", tags={NAME_TAG: "calm-fox-1"})
    ]


# Params


def test_params_are_logged_once() -> None:
    command = LogParams(run_id="r", params=[("lr", "0.1"), ("seed", "")])
    assert decide(given.run(), command) == [
        ParamsLogged(run_id="r", params={"lr": "0.1", "seed": ""})
    ]
    assert decide(given.run(LR), command) == [ParamsLogged(run_id="r", params={"seed": ""})]


def test_the_same_param_again_is_harmless() -> None:
    for batch in (False, True):
        command = LogParams(run_id="r", params=[("lr", "0.1")], batch=batch)
        assert decide(given.run(LR), command) == []


def test_another_value_of_a_param_is_refused_with_both_values() -> None:
    command = LogParams(run_id="r", params=[("lr", "0.2")])
    with refused(
        InvalidParameter,
        "Changing param values is not allowed",
        "Param with key='lr' was already logged with value='0.1' for run ID='r'",
        "new value '0.2'",
    ):
        decide(given.run(LR), command)


def test_a_batch_with_another_value_is_refused_whole() -> None:
    command = LogParams(run_id="r", params=[("new", "1"), ("lr", "0.2")], batch=True)
    with refused(
        InvalidParameter,
        "Params were already logged='[{'key': 'lr', 'old_value': '0.1', 'new_value': '0.2'}]'",
        "run ID='r'",
    ):
        decide(given.run(LR), command)


@pytest.mark.parametrize("again", ["1", "2"])
def test_a_param_repeated_in_one_batch_is_refused(again: str) -> None:
    command = LogParams(run_id="r", params=[("q", "1"), ("q", again)], batch=True)
    with refused(InvalidParameter, "Duplicate parameter keys", "['q']"):
        decide(given.run(), command)


def test_a_long_param_value_is_cut() -> None:
    command = LogParams(run_id="r", params=[("p", "x" * 6001)])
    (event,) = decide(given.run(), command)
    assert event == ParamsLogged(run_id="r", params={"p": "x" * 6000})
    assert decide(given.run(event), command) == [], "and is the same param when it comes again"


@pytest.mark.parametrize("setting", ["false", "False", "0"])
def test_a_long_value_is_refused_when_cutting_is_switched_off(
    monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRUNCATE_LONG_VALUES", setting)
    with refused(InvalidParameter, "'Param value'", "6000", "it has 6001"):
        decide(given.run(), LogParams(run_id="r", params=[("p", "x" * 6001)]))
    with refused(InvalidParameter, "'tag value'", "8000", "it has 8001"):
        decide(given.run(), SetRunTags(run_id="r", tags=[("t", "x" * 8001)]))


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("a$b", "Names may only contain"),
        ("a\n", "Names may only contain"),
        ("a//b", "must not resolve to other names"),
        ("/abs", "must not resolve to other names"),
        (".", "must not resolve to other names"),
        ("", "must not resolve to other names"),
        ("..a", "must not resolve to other names"),
        ("k" * 251, "exceeds the maximum length of 250 characters: it has 251"),
    ],
)
def test_a_bad_key_is_refused_and_named(key: str, said: str) -> None:
    with refused(InvalidParameter, said):
        decide(given.run(), LogParams(run_id="r", params=[(key, "1")]))
    with refused(InvalidParameter, said):
        decide(given.run(), SetRunTags(run_id="r", tags=[(key, "1")]))


def test_the_message_says_which_of_a_batch_is_bad() -> None:
    with refused(InvalidParameter, "'params[1].key'"):
        decide(given.run(), LogParams(run_id="r", params=[("a", "1"), ("$", "2")], batch=True))
    with refused(InvalidParameter, "'tags[1].key'"):
        decide(given.run(), SetRunTags(run_id="r", tags=[("a", "1"), ("$", "2")], batch=True))
    with refused(InvalidParameter, "'key'"):
        decide(given.run(), LogParams(run_id="r", params=[("$", "2")]))


@pytest.mark.parametrize("key", ["a", "a/b", "a b", "a.b-c_d:e", "größe", "k" * 250, "a..b"])
def test_a_good_key_is_taken(key: str) -> None:
    assert decide(given.run(), LogParams(run_id="r", params=[(key, "1")]))


# Tags


def test_tags_that_change_are_set_and_the_last_of_a_key_wins() -> None:
    state = given.run(RunTagsSet(run_id="r", tags={"same": "1", "other": "1"}))
    command = SetRunTags(
        run_id="r", tags=[("same", "1"), ("other", "2"), ("new", "a"), ("new", "b")]
    )
    assert decide(state, command) == [RunTagsSet(run_id="r", tags={"other": "2", "new": "b"})]


def test_the_name_tag_renames_the_run() -> None:
    command = SetRunTags(run_id="r", tags=[(NAME_TAG, "good"), ("a", "1")])
    assert decide(given.run(), command) == [
        RunRenamed(run_id="r", name="good"),
        RunTagsSet(run_id="r", tags={NAME_TAG: "good", "a": "1"}),
    ]


def test_an_empty_name_tag_changes_nothing() -> None:
    assert decide(given.run(), SetRunTags(run_id="r", tags=[(NAME_TAG, "")])) == []


def test_a_long_tag_value_is_cut() -> None:
    (event,) = decide(given.run(), SetRunTags(run_id="r", tags=[("t", "x" * 8001)]))
    assert event == RunTagsSet(run_id="r", tags={"t": "x" * limits.RUN_TAG_VALUE_CHARS_MAX})


def test_a_tag_is_deleted_and_the_name_stays_without_its_tag() -> None:
    command = DeleteRunTag(run_id="r", key=NAME_TAG)
    (event,) = decide(given.run(), command)
    assert event == RunTagDeleted(run_id="r", key=NAME_TAG)
    with refused(DoesNotExist, f"No tag with name: {NAME_TAG} in run with id r"):
        decide(given.run(event), command)


# Life and death


def test_deleting_and_restoring_twice_is_doing_it_once() -> None:
    assert decide(given.run(), DeleteRun(run_id="r")) == [DELETED]
    assert decide(given.run(DELETED), DeleteRun(run_id="r")) == []
    restored = RunRestored(run_id="r")
    assert decide(given.run(DELETED), RestoreRun(run_id="r")) == [restored]
    assert decide(given.run(), RestoreRun(run_id="r")) == []
    assert given.run(DELETED, restored) == given.run()


@pytest.mark.parametrize(
    "command",
    [
        UpdateRun(run_id="r", status="FINISHED"),
        UpdateRun(run_id="r"),
        LogParams(run_id="r", params=[("p", "1")]),
        LogParams(run_id="r", params=[]),
        SetRunTags(run_id="r", tags=[("t", "1")]),
        DeleteRunTag(run_id="r", key=NAME_TAG),
    ],
    ids=lambda command: type(command).__name__,
)
def test_a_deleted_run_takes_nothing(command: RunCommand) -> None:
    with refused(InvalidParameter, "The run r must be in the 'active' state", "deleted"):
        decide(given.run(DELETED), command)


@pytest.mark.parametrize("status", ["FINISHED", "FAILED", "KILLED"])
def test_an_ended_run_takes_everything(status: str) -> None:
    state = given.run(RunUpdated(run_id="r", status=status))
    assert decide(state, LogParams(run_id="r", params=[("p", "1")]))
    assert decide(state, SetRunTags(run_id="r", tags=[("t", "1")]))


# Ids


@pytest.mark.parametrize("run_id", ["a", "0" * 32, "A-b_9", "x" * 256])
def test_a_run_id_has_letters_digits_underscores_and_dashes(run_id: str) -> None:
    check_run_id(run_id)


@pytest.mark.parametrize("run_id", ["", "-a", "_a", "a/b", "a b", "a\n", "x" * 257])
def test_another_run_id_is_refused(run_id: str) -> None:
    with refused(InvalidParameter, "'run_id'", "256 characters"):
        check_run_id(run_id)
