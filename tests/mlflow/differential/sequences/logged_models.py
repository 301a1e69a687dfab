"""Logged models: their life, their tags and params, their metrics and files."""

from __future__ import annotations

from tests.mlflow.differential.steps import (
    AJAX,
    BAD_REQUEST,
    INVALID,
    MISSING,
    Step,
    delete,
    get,
    patch,
    post,
    raw,
)

_MODELS = "logged-models"


def _create(
    promise: str,
    symbol: str | None = None,
    error: str | None = None,
    **body: object,
) -> Step:
    bind = {symbol: "model.info.model_id"} if symbol else {}
    full = {"experiment_id": "<exp>", **body}
    return post(promise, _MODELS, full, error=error, bind=bind)


def _read(name: str, symbol: str = "full", error: str | None = None) -> Step:
    return get(name, f"{_MODELS}/<{symbol}>", error=error)


def _finalize(
    name: str, status: object, error: str | int | None = None, id_: str = "<full>"
) -> Step:
    body = {"model_id": id_, "status": status}
    return patch(name, f"{_MODELS}/{id_}", body, error=error)


def _tags(name: str, tags: object, error: str | None = None, id_: str = "<full>") -> Step:
    return patch(name, f"{_MODELS}/{id_}/tags", {"model_id": id_, "tags": tags}, error=error)


def _params(name: str, params: object, error: str | None = None, id_: str = "<full>") -> Step:
    return post(name, f"{_MODELS}/{id_}/params", {"model_id": id_, "params": params}, error=error)


def _pair(key: object, value: object) -> dict[str, object]:
    return {"key": key, "value": value}


_CREATION = [
    post(
        "there is an experiment for models",
        "experiments/create",
        {"name": "logged models"},
        bind={"exp": "experiment_id"},
    ),
    post(
        "there is a run for models",
        "runs/create",
        {"experiment_id": "<exp>", "run_name": "models", "start_time": 1},
        bind={"run": "run.info.run_id"},
    ),
    _create(
        "a model is created with everything",
        "full",
        name="full",
        model_type="classifier",
        source_run_id="<run>",
        params=[_pair("depth", "3"), _pair("empty", "")],
        tags=[_pair("colour", "red"), _pair("size", "1")],
    ),
    _read("the model is read back"),
    post(
        "a model without a name is given one",
        _MODELS,
        {"experiment_id": "<exp>"},
        bind={"bare": "model.info.model_id", "random": "model.info.name"},
    ),
    _read("the bare model is read back", "bare"),
    _create("names need not be unique", "twin", name="full"),
    post("a model needs an experiment", _MODELS, {"name": "x"}, error=INVALID),
    post(
        "a model needs a known one", _MODELS, {"experiment_id": "99999", "name": "x"}, error=MISSING
    ),
    post(
        "an experiment's id is a number",
        _MODELS,
        {"experiment_id": "x", "name": "x"},
        error=INVALID,
    ),
    _create("a model's run need not exist", name="stray", source_run_id="0" * 32),
    _create("a model's name is text", error=INVALID, name=5),
    *(
        _create(f"the model name {name!r} is refused", error=INVALID, name=name)
        for name in ("a/b", "a:b", "a.b", "a%b", 'a"b', "a'b")
    ),
    _create("a model's name may be Unicode with blanks", name="größe λ 1"),
]

_LIFE = [
    _finalize("a model is ready", "LOGGED_MODEL_READY"),
    _read("a ready model is read back"),
    _finalize("a ready model's upload may fail", "LOGGED_MODEL_UPLOAD_FAILED"),
    _finalize("a failed model may be pending", "LOGGED_MODEL_PENDING"),
    _finalize("a status may be a number", 2),
    _finalize("a status is required", None, INVALID),
    patch("a status may not be absent", f"{_MODELS}/<full>", {"model_id": "<full>"}, error=INVALID),
    patch(
        "the id stands in the body too",
        f"{_MODELS}/<full>",
        {"status": "LOGGED_MODEL_READY"},
        error=INVALID,
    ),
    _finalize("an unknown model cannot be ready", "LOGGED_MODEL_READY", MISSING, "m-unknown"),
    get("an unknown model is not found", f"{_MODELS}/m-unknown", error=MISSING),
    _tags("tags are set", [_pair("colour", "green"), _pair("new", "x"), _pair("new", "y")]),
    _read("the last of two equal tags wins"),
    _tags("no tags are no error", []),
    patch("absent tags are no error", f"{_MODELS}/<full>/tags", {"model_id": "<full>"}),
    _tags("a model's tag keys are not checked", [_pair("a$", "x"), _pair("k" * 251, "x")]),
    _tags("an unknown model has no tags", [_pair("a", "x")], MISSING, "m-unknown"),
    delete("a tag is deleted", f"{_MODELS}/<full>/tags/colour"),
    delete("a tag is deleted once", f"{_MODELS}/<full>/tags/colour", error=MISSING),
    delete("an unknown model loses no tag", f"{_MODELS}/m-unknown/tags/a", error=MISSING),
    _params("params are added", [_pair("width", "5")]),
    _params("a param is written once, even if equal", [_pair("width", "5")], BAD_REQUEST),
    _params("a param is written once", [_pair("depth", "4")], BAD_REQUEST),
    _params("a model's param keys are not checked", [_pair("a$", "x")]),
    _params("no params are no error", []),
    _params("an unknown model has no params", [_pair("a", "x")], MISSING, "m-unknown"),
    _read("tags and params are read back"),
]


def _metric(name: str, key: str, value: object, error: str | None = None, **more: object) -> Step:
    body = {"run_id": "<run>", "key": key, "value": value, "timestamp": 10, **more}
    return post(name, "runs/log-metric", body, error=error)


_METRICS = [
    _metric("a metric belongs to a model", "acc", 0.5, model_id="<full>", step=1),
    _metric(
        "a model's metric names its dataset",
        "acc",
        0.75,
        model_id="<full>",
        step=2,
        dataset_name="iris",
        dataset_digest="d1",
    ),
    _metric("the same point of a model again", "acc", 0.5, model_id="<full>", step=1),
    _metric("a model's metric may be NaN", "nan", "NaN", model_id="<full>"),
    _metric("a metric may belong to another model", "acc", 0.25, model_id="<bare>", step=1),
    _metric("an unknown model takes no metric", "acc", 1, BAD_REQUEST, model_id="m-unknown"),
    post(
        "a batch holds metrics of models",
        "runs/log-batch",
        {
            "run_id": "<run>",
            "metrics": [
                {"key": "f1", "value": 1, "timestamp": 3, "step": 1, "model_id": "<full>"},
                {"key": "f1", "value": 2, "timestamp": 4, "step": 2, "model_id": "<full>"},
                {"key": "solo", "value": 3, "timestamp": 4, "step": 2},
            ],
        },
    ),
    _read("a model's metrics are read back"),
    _read("the other model has its own", "bare"),
    get("the run has them too", "runs/get", {"run_id": "<run>"}),
]


def _search(name: str, error: str | int | None = None, **body: object) -> Step:
    return post(name, f"{_MODELS}/search", {"experiment_ids": ["<exp>"], **body}, error=error)


_DEATH = [
    delete("a model is deleted", f"{_MODELS}/<twin>"),
    _read("a deleted model is not found", "twin", MISSING),
    get("a deleted model is read on request", f"{_MODELS}/<twin>", {"allow_deleted": "true"}),
    get("True is true in a query", f"{_MODELS}/<twin>", {"allow_deleted": "True"}),
    get("false hides again", f"{_MODELS}/<twin>", {"allow_deleted": "false"}, error=MISSING),
    get("maybe is neither", f"{_MODELS}/<twin>", {"allow_deleted": "maybe"}, error=MISSING),
    _search("a deleted model is not searched"),
    delete("deleting a model again is no error", f"{_MODELS}/<twin>"),
    delete("an unknown model is not deleted", f"{_MODELS}/m-unknown", error=MISSING),
    _tags("a deleted model still takes tags", [_pair("late", "x")], id_="<twin>"),
    _finalize("a deleted model still becomes ready", "LOGGED_MODEL_READY", id_="<twin>"),
    get("the late changes are read", f"{_MODELS}/<twin>", {"allow_deleted": "true"}),
]

_FILES = [
    raw(
        "a model's file is uploaded",
        "PUT",
        "/api/2.0/mlflow-artifacts/artifacts/<exp>/models/<full>/artifacts/MLmodel",
        b"flavors: {}\n",
    ),
    raw(
        "a model's directory is filled",
        "PUT",
        "/api/2.0/mlflow-artifacts/artifacts/<exp>/models/<full>/artifacts/data/model.pkl",
        b"pickle",
    ),
    get("a model's files are listed", f"{_MODELS}/<full>/artifacts/directories"),
    get(
        "a model's directory is listed",
        f"{_MODELS}/<full>/artifacts/directories",
        {"artifact_directory_path": "data"},
    ),
    get(
        "a model's files are listed inside only",
        f"{_MODELS}/<full>/artifacts/directories",
        {"artifact_directory_path": "../x"},
        error=INVALID,
    ),
    get(
        "an unknown model lists nothing",
        f"{_MODELS}/m-unknown/artifacts/directories",
        error=MISSING,
    ),
    raw(
        "a model's file is read by the page",
        "GET",
        AJAX + "logged-models/<full>/artifacts/files",
        None,
        {"artifact_file_path": "data/model.pkl"},
    ),
    raw(
        "the page needs the file's path",
        "GET",
        AJAX + "logged-models/<full>/artifacts/files",
        error=BAD_REQUEST,
    ),
    raw(
        "the page reads inside the model only",
        "GET",
        AJAX + "logged-models/<full>/artifacts/files",
        None,
        {"artifact_file_path": "../x"},
        error=INVALID,
    ),
]

STEPS = [*_CREATION, *_LIFE, *_METRICS, *_FILES, *_DEATH]
