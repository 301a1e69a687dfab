"""log-batch: metrics, params and tags in one request, all of them or none."""

from __future__ import annotations

from tests.mlflow.differential.steps import INVALID, MISSING, Step, get, post


def _batch(
    name: str,
    error: str | None = None,
    *,
    exact: bool = False,
    run: str = "<run>",
    **lists: object,
) -> Step:
    body = {"run_id": run, **lists}
    return post(name, "runs/log-batch", body, error=error, exact_message=exact)


def _metric(key: object, value: object, timestamp: object = 1, **more: object) -> dict[str, object]:
    return {"key": key, "value": value, "timestamp": timestamp, **more}


def _pair(key: object, value: object) -> dict[str, object]:
    return {"key": key, "value": value}


def _read(name: str) -> Step:
    return get(name, "runs/get", {"run_id": "<run>"})


def _many(count: int, prefix: str) -> list[dict[str, object]]:
    return [_pair(f"{prefix}{number}", "v") for number in range(count)]


def _points(count: int) -> list[dict[str, object]]:
    return [_metric("many", number, number, step=number) for number in range(count)]


_SETUP = [
    post(
        "there is an experiment for batches",
        "experiments/create",
        {"name": "batch"},
        bind={"exp": "experiment_id"},
    ),
    *(
        post(
            f"there is the run {symbol} for batches",
            "runs/create",
            {"experiment_id": "<exp>", "run_name": symbol, "start_time": 1},
            bind={symbol: "run.info.run_id"},
        )
        for symbol in ("run", "big")
    ),
]

_FULL = [
    _batch(
        "a batch may carry everything",
        metrics=[
            _metric("loss", 0.5, 10, step=1),
            _metric("loss", 0.4, 20, step=2, run_id="<run>"),
            _metric("nan", "NaN"),
            _metric("inf", "Infinity"),
            _metric("text", "1.25", "30", step="3"),
        ],
        params=[_pair("rate", "0.1"), _pair("empty", ""), {"key": "absent"}],
        tags=[_pair("colour", "red"), _pair("colour", "green"), _pair("size", "1")],
    ),
    _read("the batch is read back"),
    _batch(
        "the same batch again is no error",
        metrics=[_metric("loss", 0.5, 10, step=1), _metric("loss", 0.5, 10, step=1)],
        params=[_pair("rate", "0.1")],
        tags=[_pair("colour", "blue")],
    ),
    get(
        "a repeated point is kept once",
        "metrics/get-history",
        {"run_id": "<run>", "metric_key": "loss"},
    ),
    _batch("an empty batch is no error"),
    _batch("empty lists are no error", metrics=[], params=[], tags=[]),
    _batch("an unknown list is ignored", planets=[1]),
    _batch(
        "the latest of a batch is not the last one sent",
        metrics=[
            _metric("order", 3, 5, step=9),
            _metric("order", 2, 6, step=8),
            _metric("order", 4, 4, step=9),
            _metric("order", 1, 5, step=9),
        ],
    ),
    _read("the latest of a batch is the greatest"),
]

_REFUSALS = [
    post("a batch needs a run", "runs/log-batch", {"tags": []}, error=INVALID),
    post("a batch does not know run_uuid", "runs/log-batch", {"run_uuid": "<run>"}, error=INVALID),
    _batch("a batch for an unknown run", MISSING, run="0" * 32, tags=[_pair("a", "b")]),
    _batch("an empty batch for an unknown run", MISSING, run="0" * 32),
    _batch("a run id of odd form is refused", INVALID, run="a/b"),
    _batch("metrics are a list", INVALID, metrics="loss"),
    _batch("params are a list", INVALID, params="rate"),
    _batch("tags are a list", INVALID, tags="colour"),
    *(
        _batch(
            f"the second metric needs its {field}",
            INVALID,
            metrics=[
                _metric("a", 1),
                {key: value for key, value in _metric("b", 1).items() if key != field},
            ],
        )
        for field in ("key", "value", "timestamp")
    ),
    _batch("a param needs its key", INVALID, params=[{"value": "x"}]),
    _batch("a tag needs its key", INVALID, tags=[{"value": "x"}]),
    _batch("a metric's key is checked", INVALID, metrics=[_metric("a", 1), _metric("b$", 1)]),
    _batch("a metric's key may not be long", INVALID, metrics=[_metric("k" * 251, 1)]),
    _batch("a metric's time is checked", INVALID, metrics=[_metric("a", 1, -1)]),
    _batch("a metric's value may not be null", INVALID, metrics=[_metric("a", None)]),
    _batch("a param's key is checked", INVALID, params=[_pair("a$", "x")]),
    _batch("a param's key may not be long", INVALID, params=[_pair("k" * 251, "x")]),
    _batch("a tag's key is checked", INVALID, tags=[_pair("../a", "x")]),
    _batch(
        "one bad tag refuses the whole batch",
        INVALID,
        metrics=[_metric("never", 1)],
        params=[_pair("never", "x")],
        tags=[_pair("never$", "x")],
    ),
    _batch(
        "a changed param refuses the whole batch",
        INVALID,
        exact=True,
        metrics=[_metric("never", 1)],
        params=[_pair("fresh", "x"), _pair("rate", "0.2")],
        tags=[_pair("never", "x")],
    ),
    _batch(
        "a param may stand in a batch once",
        INVALID,
        params=[_pair("twice", "x"), _pair("twice", "x")],
    ),
    _read("refused batches leave nothing"),
    _batch(
        "long values are cut", params=[_pair("long", "v" * 6001)], tags=[_pair("long", "v" * 8001)]
    ),
    _read("the cut values are read back"),
]

_LIMITS = [
    _batch("100 params fit", run="<big>", params=_many(100, "p")),
    _batch("101 params do not fit", INVALID, run="<big>", params=_many(101, "q")),
    _batch("100 tags fit", run="<big>", tags=_many(100, "t")),
    _batch("101 tags do not fit", INVALID, run="<big>", tags=_many(101, "u")),
    _batch("1000 metrics fit", run="<big>", metrics=_points(1000)),
    _batch("1001 metrics do not fit", INVALID, run="<big>", metrics=_points(1001)),
    _batch(
        "1000 things fit in total",
        run="<big>",
        metrics=_points(900),
        params=_many(50, "p"),
        tags=_many(50, "t"),
    ),
    _batch(
        "1001 things do not fit in total",
        INVALID,
        run="<big>",
        metrics=_points(901),
        params=_many(50, "p"),
        tags=_many(50, "t"),
    ),
    get("the full batches are read back", "runs/get", {"run_id": "<big>"}),
    get(
        "the full history is read back",
        "metrics/get-history",
        {"run_id": "<big>", "metric_key": "many"},
    ),
]

STEPS = [*_SETUP, *_FULL, *_REFUSALS, *_LIMITS]
