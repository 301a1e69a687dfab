"""Experiments: given what happened, when a command comes, then these events or this refusal."""

import pytest

from eventtrack import limits
from eventtrack.commands.experiments import (
    CreateExperiment,
    DeleteExperiment,
    DeleteExperimentTag,
    ExperimentCommand,
    RenameExperiment,
    RestoreExperiment,
    SetExperimentTag,
    check_name,
    check_tag,
    create,
    decide,
    name_stream_of,
    parse_id,
    rename,
)
from eventtrack.errors import AlreadyExists, DoesNotExist, InvalidParameter
from eventtrack.events.experiments import (
    ExperimentCreated,
    ExperimentDeleted,
    ExperimentNameClaimed,
    ExperimentNameReleased,
    ExperimentRenamed,
    ExperimentRestored,
    ExperimentTagDeleted,
    ExperimentTagSet,
)
from tests.commands import given
from tests.support import refused

NOW = 99
TAGGED = ExperimentTagSet(experiment_id="1", key="team", value="vision")


# Creating


def test_a_new_experiment_claims_its_name_and_gets_a_place_for_artifacts() -> None:
    events = create(
        CreateExperiment(name="a b", tags={"k": "v"}),
        experiment_id="4",
        artifact_root="mlflow-artifacts:/",
        taken=False,
        now_ms=NOW,
    )
    assert events == (
        ExperimentCreated(
            experiment_id="4",
            name="a b",
            artifact_location="mlflow-artifacts:/4",
            created_at_ms=NOW,
            tags={"k": "v"},
        ),
        ExperimentNameClaimed(experiment_id="4", name="a b"),
    )


@pytest.mark.parametrize("root", ["s3://bucket/x", "s3://bucket/x/", "s3://bucket/x//"])
def test_the_artifact_root_may_end_with_a_slash(root: str) -> None:
    created, _ = create(
        CreateExperiment(name="x"), experiment_id="2", artifact_root=root, taken=False, now_ms=NOW
    )
    assert created.artifact_location == "s3://bucket/x/2"


def test_a_named_artifact_location_is_kept() -> None:
    created, _ = create(
        CreateExperiment(name="x", artifact_location="s3://mine"),
        experiment_id="2",
        artifact_root="mlflow-artifacts:/",
        taken=False,
        now_ms=NOW,
    )
    assert created.artifact_location == "s3://mine"


def test_a_taken_name_is_refused_with_what_to_do() -> None:
    with refused(AlreadyExists, "Experiment(name=vision) already exists", "restore or rename"):
        create(
            CreateExperiment(name="vision"),
            experiment_id="2",
            artifact_root="/",
            taken=True,
            now_ms=NOW,
        )


@pytest.mark.parametrize("name", ["x", " ", "Zürich/⚗ $", "n" * 500])
def test_a_name_is_free_up_to_500_characters(name: str) -> None:
    check_name(name)


def test_an_empty_name_is_refused() -> None:
    with refused(InvalidParameter, "'name'", "cannot be empty"):
        check_name("")


def test_a_longer_name_is_refused_with_the_limit() -> None:
    with refused(InvalidParameter, "Experiment name", "500", "it has 501"):
        check_name("n" * (limits.EXPERIMENT_NAME_CHARS_MAX + 1))


@pytest.mark.parametrize(("given_id", "number"), [("0", 0), ("17", 17), (" 8 ", 8), ("-1", -1)])
def test_an_experiment_id_is_a_number(given_id: str, number: int) -> None:
    assert parse_id(given_id) == number


@pytest.mark.parametrize("given_id", ["", "x", "1.5", "1e3", "0x1", "9" * 19, "1 2", "-"])
def test_any_other_experiment_id_is_refused(given_id: str) -> None:
    with refused(InvalidParameter, "Invalid experiment ID", "must be a valid integer"):
        parse_id(given_id)


def test_an_endless_id_is_not_repeated_whole_in_the_message() -> None:
    with pytest.raises(InvalidParameter) as caught:
        parse_id("x" * 100_000)
    assert len(caught.value.message) < 300


def test_names_that_differ_have_streams_that_differ() -> None:
    names = ["a", "A", "a ", "a/b", "a*", "", "ä", "a\u0308", "experiment/1"]
    assert len({name_stream_of(name) for name in names}) == len(names)


# Renaming


def test_renaming_releases_the_old_name_and_claims_the_new_one() -> None:
    state = given.experiment()
    command = RenameExperiment(experiment_id="1", name="sight")
    assert rename(state, command, taken=False, now_ms=NOW) == [
        ExperimentRenamed(
            experiment_id="1", name="sight", previous_name="vision", updated_at_ms=NOW
        ),
        ExperimentNameReleased(experiment_id="1", name="vision"),
        ExperimentNameClaimed(experiment_id="1", name="sight"),
    ]


def test_renaming_to_the_same_name_changes_nothing() -> None:
    command = RenameExperiment(experiment_id="1", name="vision")
    assert rename(given.experiment(), command, taken=True, now_ms=NOW) == []


def test_renaming_to_a_taken_name_is_refused() -> None:
    command = RenameExperiment(experiment_id="1", name="sight")
    with refused(AlreadyExists, "Experiment(name=sight) already exists"):
        rename(given.experiment(), command, taken=True, now_ms=NOW)


def test_a_deleted_experiment_is_not_renamed() -> None:
    command = RenameExperiment(experiment_id="1", name="sight")
    with refused(InvalidParameter, "Cannot rename the experiment 1", "deleted", "restore it"):
        rename(given.experiment(given.EXPERIMENT_DELETED), command, taken=False, now_ms=NOW)


@pytest.mark.parametrize(("name", "said"), [("", "new_name"), ("n" * 501, "500")])
def test_a_new_name_keeps_the_rules_of_names(name: str, said: str) -> None:
    command = RenameExperiment(experiment_id="1", name=name)
    with refused(InvalidParameter, said):
        rename(given.experiment(), command, taken=False, now_ms=NOW)


def test_the_new_name_is_the_one_that_is_released_next() -> None:
    renamed = ExperimentRenamed(
        experiment_id="1", name="sight", previous_name="vision", updated_at_ms=5
    )
    command = RenameExperiment(experiment_id="1", name="view")
    events = rename(given.experiment(renamed), command, taken=False, now_ms=NOW)
    assert events[1] == ExperimentNameReleased(experiment_id="1", name="sight")


# Tags


def test_a_tag_is_set_and_set_again() -> None:
    command = SetExperimentTag(experiment_id="1", key="team", value="sound")
    for state in (given.experiment(), given.experiment(TAGGED)):
        assert decide(state, command, NOW) == [
            ExperimentTagSet(experiment_id="1", key="team", value="sound")
        ]


def test_setting_a_tag_to_what_it_is_changes_nothing() -> None:
    command = SetExperimentTag(experiment_id="1", key="team", value="vision")
    assert decide(given.experiment(TAGGED), command, NOW) == []


def test_a_tag_is_deleted_once() -> None:
    command = DeleteExperimentTag(experiment_id="1", key="team")
    deleted = ExperimentTagDeleted(experiment_id="1", key="team")
    assert decide(given.experiment(TAGGED), command, NOW) == [deleted]
    with refused(DoesNotExist, "No tag with name: team in experiment 1"):
        decide(given.experiment(TAGGED, deleted), command, NOW)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("a$", "v", ["'key'", "Names may only contain"]),
        ("../up", "v", ["'key'", "must not resolve to other names"]),
        ("k" * 251, "v", ["'key'", "250", "it has 251"]),
        ("k", "v" * 20_001, ["'value'", "20000", "it has 20001"]),
    ],
    ids=["characters", "path", "long key", "long value"],
)
def test_a_tag_keeps_its_limits(key: str, value: str, said: list[str]) -> None:
    with refused(InvalidParameter, *said):
        check_tag(key, value)
    with refused(InvalidParameter, *said):
        decide(given.experiment(), SetExperimentTag(experiment_id="1", key=key, value=value), NOW)


def test_a_tag_may_be_as_long_as_its_limits() -> None:
    check_tag("k" * 250, "v" * 20_000)


# Life and death


def test_an_experiment_is_deleted_and_restored() -> None:
    deleted = ExperimentDeleted(experiment_id="1", updated_at_ms=NOW)
    restored = ExperimentRestored(experiment_id="1", updated_at_ms=NOW)
    assert decide(given.experiment(), DeleteExperiment(experiment_id="1"), NOW) == [deleted]
    state = given.experiment(deleted)
    assert decide(state, RestoreExperiment(experiment_id="1"), NOW) == [restored]
    assert given.experiment(deleted, restored) == given.experiment()


def test_what_is_deleted_is_not_deleted_again() -> None:
    with refused(DoesNotExist, "No Experiment with id=1 exists"):
        decide(given.experiment(given.EXPERIMENT_DELETED), DeleteExperiment(experiment_id="1"), NOW)


def test_what_is_active_is_not_restored() -> None:
    with refused(DoesNotExist, "No Experiment with id=1 exists"):
        decide(given.experiment(), RestoreExperiment(experiment_id="1"), NOW)


@pytest.mark.parametrize(
    "command",
    [
        SetExperimentTag(experiment_id="1", key="k", value="v"),
        DeleteExperimentTag(experiment_id="1", key="team"),
    ],
    ids=lambda command: type(command).__name__,
)
def test_the_tags_of_a_deleted_experiment_stay(command: ExperimentCommand) -> None:
    state = given.experiment(TAGGED, given.EXPERIMENT_DELETED)
    with refused(InvalidParameter, "experiment 1 must be in the 'active' state", "deleted"):
        decide(state, command, NOW)


def test_a_command_of_another_noun_is_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError, match="not an experiment command"):
        decide(given.experiment(), object(), NOW)
