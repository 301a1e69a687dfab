"""The model registry: registered models, their versions, tags, aliases and stages."""

from __future__ import annotations

from tests.mlflow.differential.steps import (
    INVALID,
    MISSING,
    TAKEN,
    Query,
    Step,
    delete,
    get,
    patch,
    post,
)

Error = str | int | None


def _model(
    promise: str, call: str, error: Error = None, exact: bool = False, **body: object
) -> Step:
    return post(promise, f"registered-models/{call}", body, error=error, exact_message=exact)


def _read(name: str, model: str = "m", error: Error = None, exact: bool = False) -> Step:
    query = {"name": model}
    return get(name, "registered-models/get", query, error=error, exact_message=exact)


def _update(promise: str, error: Error = None, **body: object) -> Step:
    return patch(promise, "registered-models/update", body, error=error)


def _version(
    promise: str, call: str, error: Error = None, exact: bool = False, **body: object
) -> Step:
    return post(promise, f"model-versions/{call}", body, error=error, exact_message=exact)


def _make(promise: str, error: Error = None, exact: bool = False, **body: object) -> Step:
    full = {"name": "m", "source": "s3://bucket/model", **body}
    return _version(promise, "create", error, exact, **full)


def _see(name: str, version: object, model: str = "m", error: Error = None) -> Step:
    return get(name, "model-versions/get", {"name": model, "version": version}, error=error)


def _tag(key: object, value: object) -> dict[str, object]:
    return {"key": key, "value": value}


_MODELS = [
    _model("a model is registered", "create", name="m"),
    _read("it is read back"),
    _model(
        "a model has a description and tags",
        "create",
        name="full",
        description="what it is for",
        tags=[_tag("team", "red"), _tag("size", "1"), _tag("size", "2")],
    ),
    _read("they are read back", "full"),
    _model("a name is taken once", "create", TAKEN, True, name="m"),
    _model("a name is required", "create", INVALID),
    _model("a name is not empty", "create", INVALID, name=""),
    _model("a name is not blank", "create", INVALID, name="  "),
    _model("a name is text", "create", INVALID, name=5),
    _model("a name has no slash", "create", INVALID, True, name="a/b"),
    _model("a name has no colon", "create", INVALID, True, name="a:b"),
    _model("a name is not a path", "create", INVALID, name=".."),
    _model("a name may be Unicode with blanks", "create", name="größe λ 1"),
    _model("a tag key is checked", "create", INVALID, name="x", tags=[_tag("a$", "x")]),
    _model("a tag needs a key", "create", INVALID, name="x", tags=[{"value": "x"}]),
    _model("a tag key has a limit", "create", INVALID, name="x", tags=[_tag("k" * 251, "x")]),
    _read("an unknown model is not found", "unknown", MISSING, exact=True),
    _read("nothing of the refused is there", "x", MISSING),
    get("a read needs a name", "registered-models/get", error=INVALID),
    _update("a description is changed", name="full", description="better"),
    _update("an absent description clears it", name="full"),
    _update("an unknown model is not described", MISSING, name="unknown", description="x"),
    _update("a description is text", INVALID, name="full", description=5),
    _model("a model is renamed", "rename", name="full", new_name="whole"),
    _read("it has the new name", "whole"),
    _read("it has not the old one", "full", MISSING),
    _model("a name that is taken is refused", "rename", TAKEN, name="whole", new_name="m"),
    _model("an unknown model is not renamed", "rename", MISSING, name="unknown", new_name="y"),
    _model("a new name is required", "rename", INVALID, name="whole"),
    _model("a new name is checked", "rename", INVALID, name="whole", new_name="a/b"),
    _model("the old name is free again", "create", name="full"),
    _model("a tag is set", "set-tag", name="m", key="team", value="red"),
    _model("a tag is set anew", "set-tag", name="m", key="team", value="blue"),
    _model("a tag's value may be empty", "set-tag", name="m", key="empty", value=""),
    _model("a tag's value may be absent", "set-tag", name="m", key="absent"),
    _model("a set tag's key is checked", "set-tag", INVALID, name="m", key="a$", value="x"),
    _model("a set tag needs a key", "set-tag", INVALID, name="m", value="x"),
    _model("a tag's value has a limit", "set-tag", INVALID, name="m", key="l", value="x" * 100_001),
    _model("a tag's value may be long", "set-tag", name="m", key="long", value="x" * 100_000),
    _model("an unknown model takes no tag", "set-tag", MISSING, name="unknown", key="a", value="x"),
    delete("a tag is deleted", "registered-models/delete-tag", {"name": "m", "key": "long"}),
    delete("a tag may be absent", "registered-models/delete-tag", {"name": "m", "key": "long"}),
    delete(
        "an unknown model loses no tag",
        "registered-models/delete-tag",
        {"name": "unknown", "key": "a"},
        error=MISSING,
    ),
    delete("a deleted tag has a key", "registered-models/delete-tag", {"name": "m"}, error=INVALID),
    _read("the tags are read back"),
]

_VERSIONS = [
    _make("a version is made"),
    _see("the version is read back", "1"),
    _make(
        "a version has everything",
        run_id="0" * 32,
        run_link="https://example.com/run",
        description="the second",
        tags=[_tag("a", "1"), _tag("a", "2"), _tag("b", "")],
    ),
    _see("everything is read back", "2"),
    _see("a version may be a number", 2),
    _see("a version is a number", "two", error=INVALID),
    _see("an unknown version is not found", "9", error=MISSING),
    _see("a version below zero is not found", "-1", error=MISSING),
    _see("a version of no model is not found", "1", "unknown", MISSING),
    get("a version is required", "model-versions/get", {"name": "m"}, error=INVALID),
    _make("a version of no model is not made", MISSING, True, name="unknown"),
    _make("a version needs a source", INVALID, source=""),
    _make("a version's tag is checked", INVALID, tags=[_tag("a$", "x")]),
    _make("a version's description is text", INVALID, description=5),
    _read("the model knows its latest version"),
    patch(
        "a version is described",
        "model-versions/update",
        {"name": "m", "version": "1", "description": "the first"},
    ),
    patch("an absent description is none", "model-versions/update", {"name": "m", "version": "2"}),
    patch(
        "an unknown version is not described",
        "model-versions/update",
        {"name": "m", "version": "9", "description": "x"},
        error=MISSING,
    ),
    _version("a version's tag is set", "set-tag", name="m", version="1", key="k", value="v"),
    _version(
        "a version in a body is text", "set-tag", INVALID, name="m", version=1, key="k", value="v"
    ),
    _version(
        "an unknown version takes no tag",
        "set-tag",
        MISSING,
        name="m",
        version="9",
        key="k",
        value="v",
    ),
    _version(
        "a version's prompt text has a limit",
        "set-tag",
        INVALID,
        name="m",
        version="1",
        key="mlflow.prompt.text",
        value="x" * 100_001,
    ),
    delete(
        "a version's tag is deleted",
        "model-versions/delete-tag",
        {"name": "m", "version": "2", "key": "a"},
    ),
    delete(
        "a version's tag may be absent",
        "model-versions/delete-tag",
        {"name": "m", "version": "2", "key": "a"},
    ),
    _see("the version's tags are read back", "2"),
    get(
        "the files of a version are where it says",
        "model-versions/get-download-uri",
        {"name": "m", "version": "1"},
    ),
    get(
        "an unknown version has no files",
        "model-versions/get-download-uri",
        {"name": "m", "version": "9"},
        error=MISSING,
    ),
]


def _stage(
    name: str, version: str, stage: object, archive: object = None, error: Error = None
) -> Step:
    body: dict[str, object] = {"name": "m", "version": version, "stage": stage}
    if archive is not None:
        body["archive_existing_versions"] = archive
    return post(name, "model-versions/transition-stage", body, error=error)


def _latest(promise: str, error: Error = None, **query: object) -> Step:
    return get(promise, "registered-models/get-latest-versions", query, error=error)


_STAGES = [
    _make("there is a third version"),
    _stage("a version goes to Staging", "1", "Staging"),
    _stage("a stage may be in small letters", "2", "production"),
    _stage("a stage is one of four", "1", "Testing", error=INVALID),
    _stage("a stage is required", "1", "", error=INVALID),
    _stage("an unknown version has no stage", "9", "Staging", error=MISSING),
    _latest("the latest of all stages", name="m"),
    _latest("the latest of some", name="m", stages=["staging", "Production"]),
    _latest("the latest of no stage", name="m", stages=["Archived"]),
    _latest("the latest of an unknown stage", INVALID, name="m", stages=["x"]),
    _latest("the latest of an unknown model", MISSING, name="unknown"),
    _model("the latest may be asked by POST", "get-latest-versions", name="m", stages=["None"]),
    _read("the model knows them too"),
    _stage("the third replaces the first", "3", "Staging", True),
    _see("the first is archived", "1"),
    _stage("what is there already stays", "3", "Staging", True),
    _stage("the second joins the third", "2", "Staging", False),
    _stage("archiving is for active stages", "2", "Archived", True, "INTERNAL_ERROR"),
    _stage("a switch is no text", "2", "Staging", "TRUE", INVALID),
    _stage("a version may leave its stage", "2", "None"),
    _latest("the latest after all this", name="m"),
]


def _alias(
    name: str, alias: object, version: object, error: Error = None, model: str = "m"
) -> Step:
    body = {"name": model, "alias": alias, "version": version}
    return post(name, "registered-models/alias", body, error=error)


def _by_alias(name: str, alias: str, error: Error = None, model: str = "m") -> Step:
    query: Query = {"name": model, "alias": alias}
    return get(name, "registered-models/alias", query, error=error)


def _no_alias(name: str, alias: str, error: Error = None, model: str = "m") -> Step:
    return delete(name, "registered-models/alias", {"name": model, "alias": alias}, error=error)


_ALIASES = [
    _alias("an alias names a version", "champion", "1"),
    _by_alias("the version is found by it", "champion"),
    _alias("the alias moves", "champion", "2"),
    _by_alias("it is found by it there", "champion"),
    _alias("a version has two names", "best-one_2", "2"),
    _see("the version tells its aliases", "2"),
    _read("the model tells all aliases"),
    _latest("the latest tell their aliases", name="m"),
    _alias("latest is reserved", "latest", "1", INVALID),
    _alias("Latest is reserved too", "LATEST", "1", INVALID),
    _alias("v1 is reserved", "v1", "1", INVALID),
    _alias("an alias has no blank", "a b", "1", INVALID),
    _alias("an alias is not empty", "", "1", INVALID),
    _alias("an alias has a limit", "x" * 256, "1", INVALID),
    _alias("an alias may be long", "x" * 255, "1"),
    _alias("an alias names a version that is there", "x", "9", MISSING),
    _alias("an alias names a number", "x", "one", INVALID),
    _alias("an alias of no model", "x", "1", MISSING, "unknown"),
    _by_alias("an unknown alias is an invalid value", "unknown", INVALID),
    _by_alias("no model, no alias", "champion", MISSING, "unknown"),
    _by_alias("latest is the greatest version", "latest"),
    _by_alias("latest of no version", "latest", MISSING, "whole"),
    _no_alias("an alias is deleted", "x" * 255),
    _no_alias("it may be absent", "x" * 255),
    _no_alias("an alias of an unknown model", "x", MISSING, "unknown"),
    _by_alias("a deleted alias is unknown", "x" * 255, INVALID),
]

_ENDS = [
    delete("a version is deleted", "model-versions/delete", {"name": "m", "version": "2"}),
    _see("it is not found", "2", error=MISSING),
    delete("once", "model-versions/delete", {"name": "m", "version": "2"}, error=MISSING),
    _by_alias("its aliases are gone", "champion", INVALID),
    _read("the model does not know them"),
    _alias("a deleted version takes no alias", "x", "2", MISSING),
    delete("the last version is deleted", "model-versions/delete", {"name": "m", "version": "3"}),
    _make("its number is not given again"),
    _model("a model with versions is renamed", "rename", name="m", new_name="moved"),
    _see("its versions went with it", "4", "moved"),
    _see("none stayed", "4", error=MISSING),
    delete("a model is deleted", "registered-models/delete", {"name": "moved"}),
    _read("the deleted model is not found", "moved", MISSING),
    _see("its versions are not found", "4", "moved", MISSING),
    delete("a model is deleted once", "registered-models/delete", {"name": "moved"}, error=MISSING),
    _model("its name is free", "create", name="moved"),
    _make("its numbers begin anew", name="moved"),
    _read("the new one has what is its own", "moved"),
]

_SELF = [
    _model("a model is there to be renamed to its own name", "create", name="self"),
    _make("it has a version", name="self"),
    _model("a model is renamed to its own name", "rename", name="self", new_name="self"),
]

_MISTAKEN = [
    # What is wrong with a request by itself is told before what is not there.
    _model("a bad key of an unknown model", "set-tag", INVALID, name="nobody", key="a$", value=""),
    delete(
        "a bad key that an unknown model loses",
        "registered-models/delete-tag",
        {"name": "nobody", "key": "a$"},
        error=INVALID,
    ),
    _alias("a bad alias of an unknown model", "a b", "1", INVALID, "nobody"),
    _no_alias("a bad alias that an unknown model loses", "a b", INVALID, "nobody"),
    _version(
        "a bad key of an unknown version",
        "set-tag",
        INVALID,
        name="nobody",
        version="1",
        key="a$",
        value="",
    ),
]

_PROMPT_TAG = _tag("mlflow.prompt.is_prompt", "true")


def _prompt(promise: str, error: Error = None, exact: bool = False, **body: object) -> Step:
    full = {
        "name": "greeting",
        "source": "prompt-template",
        "tags": [_PROMPT_TAG, _tag("mlflow.prompt.text", "Hello {{name}}")],
        **body,
    }
    return _version(promise, "create", error, exact, **full)


_PROMPTS = [
    _model("a prompt is registered", "create", name="greeting", tags=[_PROMPT_TAG]),
    _model("a prompt's name is taken", "create", TAKEN, True, name="greeting", tags=[_PROMPT_TAG]),
    _model("by a prompt", "create", TAKEN, True, name="greeting"),
    _model(
        "a prompt takes no model's name", "create", TAKEN, True, name="full", tags=[_PROMPT_TAG]
    ),
    _prompt("a prompt has a version"),
    _prompt("a prompt's source may be a dummy", source="dummy-source"),
    _prompt("a prompt has no files", INVALID, source="s3://bucket/model"),
    _see("a prompt's version is read", "1", "greeting"),
    _read("a prompt is read", "greeting"),
    _make("a prompt is no source of a model", INVALID, name="full", source="models:/greeting/1"),
    _alias("a prompt has aliases", "prod", "1", model="greeting"),
    _by_alias("it is found by them", "prod", model="greeting"),
]

STEPS = [*_MODELS, *_VERSIONS, *_STAGES, *_ALIASES, *_ENDS, *_SELF, *_MISTAKEN, *_PROMPTS]
