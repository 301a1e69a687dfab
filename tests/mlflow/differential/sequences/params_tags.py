"""Params are written once, tags as often as one likes."""

from __future__ import annotations

from tests.mlflow.differential.steps import INVALID, MISSING, Step, get, post


def _param(name: str, error: str | None = None, *, exact: bool = False, **body: object) -> Step:
    full = {"run_id": "<run>", "key": "rate", "value": "0.1", **body}
    return post(name, "runs/log-parameter", full, error=error, exact_message=exact)


def _tag(name: str, error: str | None = None, **body: object) -> Step:
    full = {"run_id": "<run>", "key": "colour", "value": "red", **body}
    return post(name, "runs/set-tag", full, error=error)


def _untag(name: str, error: str | None = None, **body: object) -> Step:
    return post(name, "runs/delete-tag", {"run_id": "<run>", **body}, error=error)


def _read(name: str) -> Step:
    return get(name, "runs/get", {"run_id": "<run>"})


_SETUP = [
    post(
        "there is an experiment for params and tags",
        "experiments/create",
        {"name": "params and tags"},
        bind={"exp": "experiment_id"},
    ),
    post(
        "there is a run for params and tags",
        "runs/create",
        {"experiment_id": "<exp>", "run_name": "params and tags", "start_time": 1},
        bind={"run": "run.info.run_id"},
    ),
]

_PARAMS = [
    _param("a param is logged"),
    _param("the same value again is no error"),
    _param("another value is refused in the client's own words", INVALID, exact=True, value="0.2"),
    _param("an empty value is another value", INVALID, exact=True, value=""),
    _param("a value may be empty", key="empty", value=""),
    _param("the empty value again is no error", key="empty", value=""),
    _param("a null value counts as empty", key="null", value=None),
    post(
        "an absent value counts as empty",
        "runs/log-parameter",
        {"run_id": "<run>", "key": "absent"},
    ),
    _param("a number is no value", INVALID, key="number", value=1),
    _param("a list is no value", INVALID, key="list", value=["a"]),
    _param("an object is no value", INVALID, key="object", value={"a": 1}),
    _param("true is no value", INVALID, key="true", value=True),
    _param("a value may be Unicode", key="unicode", value="größe λ 🙂 \n\t\u0000x"),
    _param("a value of 6000 characters fits", key="fits", value="v" * 6000),
    _param("a longer value is cut", key="long", value="v" * 6001),
    _param("the long value again is no error", key="long", value="v" * 6001),
    _param("a key is required", INVALID, key=""),
    _param("a null key is missing", INVALID, key=None),
    _param("a key may hold blanks, slashes and colons", key="a b/c:d-e.f_g"),
    _param("a key may be Unicode", key="größe"),
    _param("a key of 250 characters fits", key="k" * 250),
    _param("a key of 251 characters is too long", INVALID, key="k" * 251),
    *(
        _param(f"the key {key!r} is refused", INVALID, key=key)
        for key in (
            "a$",
            "a%",
            "a\nb",
            "..",
            "...",
            "../a",
            "/a",
            "a//b",
            "a/",
            "./a",
            "a/./b",
            "a,b",
            "🙂",
        )
    ),
    *(
        _param(f"the key {key!r} is accepted", key=key)
        for key in (".a", "a/.b", " a ", "-", ":", "_", "²", "٣")
    ),
    _param("a param's run must exist", MISSING, run_id="0" * 32),
    post("a param needs a run", "runs/log-parameter", {"key": "a", "value": "b"}, error=INVALID),
    post(
        "run_uuid names the run of a param",
        "runs/log-parameter",
        {"run_uuid": "<run>", "key": "uuid", "value": "b"},
    ),
    _read("the params are read back"),
]

_TAGS = [
    _tag("a tag is set"),
    _tag("a tag is overwritten", value="green"),
    _tag("a tag may be empty", key="empty", value=""),
    _tag("a null tag value counts as empty", key="null", value=None),
    post(
        "an absent tag value counts as empty", "runs/set-tag", {"run_id": "<run>", "key": "absent"}
    ),
    _tag("a number is no tag value", INVALID, value=1),
    _tag("a list is no tag value", INVALID, value=["a"]),
    _tag("a tag value may be Unicode", key="unicode", value="größe λ 🙂"),
    _tag("a tag value of 8000 characters fits", key="fits", value="v" * 8000),
    _tag("a longer tag value is cut", key="long", value="v" * 8001),
    _tag("a tag key is required", INVALID, key=""),
    _tag("a tag key of 250 characters fits", key="k" * 250),
    _tag("a tag key of 251 characters is too long", INVALID, key="k" * 251),
    *(_tag(f"the tag key {key!r} is refused", INVALID, key=key) for key in ("a$", "../a", "a//b")),
    _tag("a tag's run must exist", MISSING, run_id="0" * 32),
    post("a tag needs a run", "runs/set-tag", {"key": "a", "value": "b"}, error=INVALID),
    post(
        "run_uuid names the run of a tag",
        "runs/set-tag",
        {"run_uuid": "<run>", "key": "uuid", "value": "b"},
    ),
    _tag("the client's own tags are as free as others", key="mlflow.user", value="ann"),
    _tag("a note is a tag", key="mlflow.note.content", value="# Title"),
    _read("the tags are read back"),
    _untag("a tag is deleted", key="colour"),
    _untag("a tag is deleted once", MISSING, key="colour"),
    _untag("deleting needs a key", INVALID),
    _untag("deleting an empty key", INVALID, key=""),
    _untag("deleting the tag of an unknown run", MISSING, key="a", run_id="0" * 32),
    post("deleting needs a run", "runs/delete-tag", {"key": "a"}, error=INVALID),
    _tag("a deleted tag is set again", value="blue"),
    _read("the deleted tag is back"),
]

STEPS = [*_SETUP, *_PARAMS, *_TAGS]
