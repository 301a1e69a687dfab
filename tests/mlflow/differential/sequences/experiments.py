"""Experiments: their ids, renaming, tags, deletion and restoration; `experiment_names` is first."""

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

STEPS = [*_IDS, *_RENAME, *_TAGS, *_DEATH]
