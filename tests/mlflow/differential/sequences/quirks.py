"""Requests that MLflow half understands or stumbles over, on runs of their own.

MLflow answers many of these with 200 and stores something else than it was sent (row P8), or with
a 500 that clients retry for minutes (rows Q2 and Q3).  What eventtrack answers is in `intended`.
"""

from __future__ import annotations

from tests.mlflow.differential.steps import (
    BAD_REQUEST,
    INTERNAL,
    JSON_HEADERS,
    Step,
    get,
    patch,
    post,
    raw,
)

_CRASH = 500
_METRIC: dict[str, object] = {"run_id": "<run>", "key": "odd", "value": 0.5, "timestamp": 1000}


def _metric(name: str, error: str | int | None = None, **changes: object) -> Step:
    return post(name, "runs/log-metric", {**_METRIC, **changes}, error=error)


def _raw_metric(name: str, fields: str, error: str | int | None = None) -> Step:
    body = b'{"run_id":"<run>","key":"odd",' + fields.encode() + b"}"
    return raw(name, "POST", "runs/log-metric", body, headers=JSON_HEADERS, error=error)


def _batch(name: str, error: str | int | None = None, **lists: object) -> Step:
    return post(name, "runs/log-batch", {"run_id": "<run>", **lists}, error=error)


_SETUP = [
    post(
        "there is an experiment for oddities",
        "experiments/create",
        {"name": "quirks"},
        bind={"exp": "experiment_id"},
    ),
    post(
        "there is a run for oddities",
        "runs/create",
        {"experiment_id": "<exp>", "run_name": "odd", "start_time": 1},
        bind={"run": "run.info.run_id"},
    ),
]

_HALF_PARSED = [
    _metric("a timestamp has no fraction", timestamp=1.5),
    _metric("a step has no fraction", step=1.5),
    _metric("true is no step", step=True),
    _metric("a step fits into 64 bits", step=2**63),
    _metric("a timestamp fits into 64 bits", timestamp=2**63),
    _raw_metric("the number 1e400 is no double", '"value":1e400,"timestamp":1'),
    _raw_metric("a bare NaN is not JSON", '"value":NaN,"timestamp":1'),
    _raw_metric("a bare Infinity is not JSON", '"value":Infinity,"timestamp":1'),
    _metric("a list is no value", _CRASH, value=[1]),
    _metric("an object is no value", _CRASH, value={}),
    _batch("a word is no value in a batch", metrics=[{"key": "a", "value": "abc", "timestamp": 1}]),
    _batch(
        "a fraction is no step in a batch",
        metrics=[{"key": "a", "value": 1, "timestamp": 1, "step": 1.5}],
    ),
    _batch(
        "a number is no param in a batch",
        params=[{"key": "a", "value": 1}, {"key": "b", "value": "lost"}],
    ),
    _batch("a number is no tag in a batch", tags=[{"key": "a", "value": 1}]),
    _batch("a word is no metric in a batch", _CRASH, metrics=["loss"]),
    post(
        "tags are a list",
        "runs/create",
        {"experiment_id": "<exp>", "run_name": "a", "tags": "colour"},
    ),
    post(
        "a tag is an object",
        "runs/create",
        {"experiment_id": "<exp>", "run_name": "b", "tags": ["colour"]},
    ),
    post("experiment ids are texts", "runs/search", {"experiment_ids": [1]}),
    post("a body is an object", "runs/search", [1, 2]),
    raw(
        "a lone surrogate is no text",
        "POST",
        "runs/set-tag",
        b'{"run_id": "<run>", "key": "surrogate", "value": "\\ud800"}',
        headers=JSON_HEADERS,
    ),
    post(
        "a dataset needs a name",
        "runs/log-inputs",
        {
            "run_id": "<run>",
            "datasets": [{"dataset": {"digest": "1", "source_type": "x", "source": "s"}}],
        },
    ),
    post(
        "an input needs its dataset",
        "runs/log-inputs",
        {"run_id": "<run>", "datasets": [{"tags": []}]},
    ),
    get("of all this nothing is stored", "runs/get", {"run_id": "<run>"}),
]

_CRASHES = [
    post(
        "a null max_results is none",
        "runs/search",
        {"experiment_ids": ["<exp>"], "max_results": None},
        error=_CRASH,
    ),
    _batch("null metrics are none", _CRASH, metrics=None),
    _batch("null params are none", _CRASH, params=None),
    post("broken JSON in a search", "runs/search", '{"a"', error=_CRASH),
    raw("an empty body of a search", "POST", "runs/search", b"", headers=JSON_HEADERS),
    get(
        "a word is no max_results of a history",
        "metrics/get-history",
        {"run_id": "<run>", "metric_key": "a", "max_results": "many"},
    ),
    *(
        post(
            f"the filter {text!r} over models",
            "logged-models/search",
            {"experiment_ids": ["<exp>"], "filter": text},
            error=INTERNAL,
        )
        for text in ("metrics.acc = '0.5'", "attributes.nothing = 'x'")
    ),
    post(
        "rubbish is no token of models",
        "logged-models/search",
        {"experiment_ids": ["<exp>"], "page_token": "rubbish"},
        error=_CRASH,
    ),
    post(
        "max_results of models may not be negative",
        "logged-models/search",
        {"experiment_ids": ["<exp>"], "max_results": -1},
    ),
    post(
        "a digest of models needs its dataset",
        "logged-models/search",
        {
            "experiment_ids": ["<exp>"],
            "order_by": [{"field_name": "metrics.acc", "dataset_digest": "d"}],
        },
    ),
    post(
        "there is a ready model",
        "logged-models",
        {"experiment_id": "<exp>", "name": "ready"},
        bind={"model": "model.info.model_id"},
    ),
    patch(
        "the model is ready",
        "logged-models/<model>",
        {"model_id": "<model>", "status": "LOGGED_MODEL_READY"},
    ),
    _metric("a model has a point", model_id="<model>"),
    _metric("a model has another value at that point", BAD_REQUEST, value=7, model_id="<model>"),
    post(
        "a ready model is found by its status",
        "logged-models/search",
        {"experiment_ids": ["<exp>"], "filter": "status = 'READY'"},
    ),
    patch(
        "a model's unknown status",
        "logged-models/<model>",
        {"model_id": "<model>", "status": "ASLEEP"},
    ),
]

STEPS = [*_SETUP, *_HALF_PARSED, *_CRASHES]
