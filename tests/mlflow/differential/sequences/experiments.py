"""Experiments: names and ids, life and death, tags, and the search for them."""

from __future__ import annotations

from tests.mlflow.differential.steps import (
    BAD_REQUEST,
    INVALID,
    MISSING,
    TAKEN,
    Step,
    get,
    post,
)

_NAMES = [
    get(
        "the experiment Default exists from the start",
        "experiments/get",
        {"experiment_id": "0"},
    ),
    get(
        "Default is found by its name",
        "experiments/get-by-name",
        {"experiment_name": "Default"},
    ),
    get(
        "an unknown name is not found",
        "experiments/get-by-name",
        {"experiment_name": "experiments nobody"},
        error=MISSING,
    ),
    post(
        "an experiment is created",
        "experiments/create",
        {"name": "experiments one"},
        bind={"one": "experiment_id"},
    ),
    get("a new experiment is active", "experiments/get", {"experiment_id": "<one>"}),
    get(
        "a name is looked up exactly",
        "experiments/get-by-name",
        {"experiment_name": "experiments one"},
    ),
    get(
        "names are case-sensitive",
        "experiments/get-by-name",
        {"experiment_name": "Experiments One"},
        error=MISSING,
    ),
    post(
        "a taken name is refused",
        "experiments/create",
        {"name": "experiments one"},
        error=TAKEN,
    ),
    post("a name is required", "experiments/create", {}, error=INVALID),
    post("an empty name is refused", "experiments/create", {"name": ""}, error=INVALID),
    post("a null name is missing", "experiments/create", {"name": None}, error=INVALID),
    post(
        "a name of blanks is free",
        "experiments/create",
        {"name": "   "},
        bind={"blank": "experiment_id"},
    ),
    post("a number is no name", "experiments/create", {"name": 7}, error=INVALID),
    post("a list is no name", "experiments/create", {"name": ["a"]}, error=INVALID),
    post(
        "a name of 500 characters fits",
        "experiments/create",
        {"name": "n" * 500},
        bind={"long": "experiment_id"},
    ),
    post(
        "a name of 501 characters is too long",
        "experiments/create",
        {"name": "m" * 501},
        error=INVALID,
    ),
    post(
        "names may be any Unicode and hold slashes",
        "experiments/create",
        {"name": 'experiments Größe/λ 🙂 "quoted" \\ back'},
        bind={"unicode": "experiment_id"},
    ),
    get(
        "a Unicode name is found again",
        "experiments/get-by-name",
        {"experiment_name": 'experiments Größe/λ 🙂 "quoted" \\ back'},
    ),
    post(
        "tags and a location may come with the creation",
        "experiments/create",
        {
            "name": "experiments two",
            "artifact_location": "s3://bucket/two",
            "tags": [{"key": "team", "value": "red"}, {"key": "floor", "value": "2"}],
        },
        bind={"two": "experiment_id"},
    ),
    post(
        "a creation may not name a tag twice",
        "experiments/create",
        {
            "name": "experiments twice tagged",
            "tags": [{"key": "team", "value": "red"}, {"key": "team", "value": "blue"}],
        },
        error=TAKEN,
    ),
    get("the given location is kept", "experiments/get", {"experiment_id": "<two>"}),
    post(
        "a tag without a key refuses the creation",
        "experiments/create",
        {"name": "experiments never", "tags": [{"key": "", "value": "x"}]},
        error=INVALID,
    ),
    post(
        "a tag key with a dollar refuses the creation",
        "experiments/create",
        {"name": "experiments never", "tags": [{"key": "a$", "value": "x"}]},
        error=INVALID,
    ),
    get(
        "a refused creation leaves nothing",
        "experiments/get-by-name",
        {"experiment_name": "experiments never"},
        error=MISSING,
    ),
]

_LOCATIONS = [
    post(
        f"the artifact location {location[:40]!r} is refused",
        "experiments/create",
        {"name": "experiments nowhere", "artifact_location": location},
        error=INVALID,
    )
    for location in (
        "s3://bucket/a#fragment",
        "s3://bucket/a?x=../..",
        "runs:/abc/model",
        "http://elsewhere/a",
        "https://elsewhere/a",
        "ftp://elsewhere/a",
        "hdfs://elsewhere/a",
        "mlflow-artifacts://elsewhere:80/a",
        "s3://bucket/" + "a" * 2037,
    )
] + [
    post(
        f"the artifact location {location!r} is accepted",
        "experiments/create",
        {"name": f"experiments at {location}", "artifact_location": location},
        bind={"somewhere": "experiment_id"},
    )
    for location in (
        "gs://bucket/a",
        "s3://bucket/a;b",
        "mlflow-artifacts:/elsewhere",
        "wasbs://c@a.b.net/x",
    )
]

_IDS = [
    get("an id is required", "experiments/get", error=INVALID),
    get("an id is a number", "experiments/get", {"experiment_id": "x"}, error=INVALID),
    get("an unknown id is not found", "experiments/get", {"experiment_id": "99999"}, error=MISSING),
    get("a negative id is not found", "experiments/get", {"experiment_id": "-1"}, error=MISSING),
    get("a decimal id is refused", "experiments/get", {"experiment_id": "1.0"}, error=INVALID),
    post(
        "the id must be a string in JSON",
        "experiments/delete",
        {"experiment_id": 1},
        error=INVALID,
    ),
    post("deleting needs an id", "experiments/delete", {}, error=INVALID),
    post(
        "deleting what is unknown is not found",
        "experiments/delete",
        {"experiment_id": "99999"},
        error=MISSING,
    ),
]

_RENAME = [
    post(
        "an experiment is renamed",
        "experiments/update",
        {"experiment_id": "<one>", "new_name": "experiments uno"},
    ),
    get(
        "a renaming changes the update time",
        "experiments/get",
        {"experiment_id": "<one>"},
    ),
    get(
        "the old name is free",
        "experiments/get-by-name",
        {"experiment_name": "experiments one"},
        error=MISSING,
    ),
    post(
        "renaming to the own name is fine",
        "experiments/update",
        {"experiment_id": "<one>", "new_name": "experiments uno"},
    ),
    post(
        "renaming to a taken name is refused",
        "experiments/update",
        {"experiment_id": "<one>", "new_name": "experiments two"},
        error=BAD_REQUEST,
    ),
    post(
        "renaming needs the new name",
        "experiments/update",
        {"experiment_id": "<one>"},
        error=INVALID,
    ),
    post(
        "the new name is checked for its length",
        "experiments/update",
        {"experiment_id": "<one>", "new_name": "m" * 501},
        error=INVALID,
    ),
    post(
        "an unknown experiment cannot be renamed",
        "experiments/update",
        {"experiment_id": "99999", "new_name": "experiments x"},
        error=MISSING,
    ),
]


def _tag(
    name: str, key: object, value: object, error: str | None = None, id_: str = "<one>"
) -> Step:
    body = {"experiment_id": id_, "key": key, "value": value}
    return post(name, "experiments/set-experiment-tag", body, error=error)


_TAGS = [
    _tag("a tag is set", "colour", "red"),
    _tag("a tag is overwritten", "colour", "green"),
    _tag("a tag's value may be empty", "empty", ""),
    _tag("a tag's key may hold slashes, blanks and colons", "a/b c:d-e.f_g", "x"),
    _tag("a tag's key is required", "", "x", INVALID),
    _tag("a tag's key may not hold a dollar", "a$b", "x", INVALID),
    _tag("a tag's key may not look like a path up", "../a", "x", INVALID),
    _tag("a tag's key of 250 characters fits", "k" * 250, "x"),
    _tag("a tag's key of 251 characters is too long", "k" * 251, "x", INVALID),
    _tag("a tag's value of 20000 characters fits", "long", "v" * 20000),
    _tag("a tag's value of 20001 characters is too long", "long", "v" * 20001, INVALID),
    _tag("a tag's value must be a string", "colour", 3, INVALID),
    _tag("an unknown experiment has no tags", "colour", "red", MISSING, "99999"),
    post(
        "an absent tag value counts as empty",
        "experiments/set-experiment-tag",
        {"experiment_id": "<one>", "key": "absent"},
    ),
    get("tags do not change the update time", "experiments/get", {"experiment_id": "<one>"}),
    post(
        "a tag is deleted",
        "experiments/delete-experiment-tag",
        {"experiment_id": "<one>", "key": "colour"},
    ),
    post(
        "a tag can be deleted once",
        "experiments/delete-experiment-tag",
        {"experiment_id": "<one>", "key": "colour"},
        error=MISSING,
    ),
    post(
        "deleting a tag needs its key",
        "experiments/delete-experiment-tag",
        {"experiment_id": "<one>"},
        error=INVALID,
    ),
    get("a deleted tag is gone", "experiments/get", {"experiment_id": "<one>"}),
]

_DEATH = [
    post(
        "a run lives in the experiment",
        "runs/create",
        {"experiment_id": "<one>", "run_name": "first", "start_time": 1},
        bind={"first": "run.info.run_id"},
    ),
    post(
        "another run lives there",
        "runs/create",
        {"experiment_id": "<one>", "run_name": "second", "start_time": 2},
        bind={"second": "run.info.run_id"},
    ),
    post("one run is deleted by hand", "runs/delete", {"run_id": "<first>"}),
    post("an experiment is deleted", "experiments/delete", {"experiment_id": "<one>"}),
    get("a deleted experiment is still read", "experiments/get", {"experiment_id": "<one>"}),
    get(
        "a deleted experiment is still found by name",
        "experiments/get-by-name",
        {"experiment_name": "experiments uno"},
    ),
    get("its runs are deleted with it", "runs/get", {"run_id": "<second>"}),
    post(
        "an experiment can be deleted once",
        "experiments/delete",
        {"experiment_id": "<one>"},
        error=MISSING,
    ),
    post(
        "the name of a deleted experiment stays taken",
        "experiments/create",
        {"name": "experiments uno"},
        error=TAKEN,
    ),
    post(
        "a deleted experiment takes no run",
        "runs/create",
        {"experiment_id": "<one>"},
        error=INVALID,
    ),
    _tag("a deleted experiment takes no tag", "colour", "red", INVALID),
    post(
        "a deleted experiment's tags cannot be deleted",
        "experiments/delete-experiment-tag",
        {"experiment_id": "<one>", "key": "empty"},
        error=INVALID,
    ),
    post(
        "a deleted experiment cannot be renamed",
        "experiments/update",
        {"experiment_id": "<one>", "new_name": "experiments eins"},
        error="INVALID_STATE",
    ),
    post("a run of a deleted experiment can be restored", "runs/restore", {"run_id": "<second>"}),
    get("the restored run is active", "runs/get", {"run_id": "<second>"}),
    post("an experiment is restored", "experiments/restore", {"experiment_id": "<one>"}),
    get("a restored experiment is active", "experiments/get", {"experiment_id": "<one>"}),
    get("restoring restores every run", "runs/get", {"run_id": "<first>"}),
    post(
        "an active experiment cannot be restored",
        "experiments/restore",
        {"experiment_id": "<one>"},
        error=MISSING,
    ),
    post(
        "an unknown experiment cannot be restored",
        "experiments/restore",
        {"experiment_id": "99999"},
        error=MISSING,
    ),
    post("restoring needs an id", "experiments/restore", {}, error=INVALID),
]

STEPS = [*_NAMES, *_LOCATIONS, *_IDS, *_RENAME, *_TAGS, *_DEATH]
