"""Metrics one at a time: values and their spellings, the latest one, duplicates, the history."""

from __future__ import annotations

from tests.mlflow.differential.steps import AJAX, INVALID, MISSING, Query, Step, get, post

_METRIC: dict[str, object] = {"run_id": "<run>", "key": "loss", "value": 0.5, "timestamp": 1000}


def _log(name: str, error: str | None = None, **changes: object) -> Step:
    return post(name, "runs/log-metric", {**_METRIC, **changes}, error=error)


def _without(field: str) -> Step:
    body = {key: value for key, value in _METRIC.items() if key != field}
    return post(f"a metric needs its {field}", "runs/log-metric", body, error=INVALID)


def _history(name: str, key: str, error: str | None = None, **more: object) -> Step:
    query = {"run_id": "<run>", "metric_key": key, **more}
    return get(name, "metrics/get-history", query, error=error)


_SETUP = [
    post(
        "there is an experiment for metrics",
        "experiments/create",
        {"name": "metrics"},
        bind={"exp": "experiment_id"},
    ),
    post(
        "there is a run for metrics",
        "runs/create",
        {"experiment_id": "<exp>", "run_name": "metrics", "start_time": 1},
        bind={"run": "run.info.run_id"},
    ),
    post(
        "there is a second run for metrics",
        "runs/create",
        {"experiment_id": "<exp>", "run_name": "metrics too", "start_time": 2},
        bind={"other": "run.info.run_id"},
    ),
]

_REFUSALS = [
    _log("a metric is logged"),
    *(_without(field) for field in ("run_id", "key", "value", "timestamp")),
    post(
        "run_uuid names the run",
        "runs/log-metric",
        {"run_uuid": "<run>", "key": "uuid", "value": 1, "timestamp": 1},
    ),
    _log("an unknown run takes no metric", MISSING, run_id="0" * 32),
    _log("a null value is missing", INVALID, value=None),
    _log("a word is no value", INVALID, value="high"),
    _log("an empty value is missing", INVALID, value=""),
    _log("a timestamp may not be negative", INVALID, timestamp=-1),
    _log("a timestamp is no word", INVALID, timestamp="now"),
    _log("a step is no word", INVALID, step="first"),
    _log("a key is no number", INVALID, key=1),
    _log("a key may not be empty", INVALID, key=""),
    _log("a key may not hold a dollar", INVALID, key="a$"),
    _log("a key may not begin with a slash", INVALID, key="/a"),
    _log("a key may not climb", INVALID, key="a/../../b"),
    _log("a key may not be a dot", INVALID, key="."),
    _log("a key may not hold double slashes", INVALID, key="a//b"),
    _log("a key may not end in a slash", INVALID, key="a/"),
    _log("a key of 251 characters is too long", INVALID, key="k" * 251),
]

_VALUES = [
    _log(f"the value {value!r} is accepted", key=f"value {number}", value=value)
    for number, value in enumerate(
        (
            0,
            -0.0,
            7,
            1e308,
            -1e-308,
            5e-324,
            0.1,
            123456789012345678,
            2**70,
            "NaN",
            "Infinity",
            "-Infinity",
            "Inf",
            "-Inf",
            "1.5",
            "1e3",
            " 2 ",
            True,
            False,
        )
    )
] + [
    get("every value is read back", "runs/get", {"run_id": "<run>"}),
    _log("a key may be Unicode with blanks and slashes", key="größe/λ _x-y.z: 1"),
    _log("a key of 250 characters fits", key="k" * 250),
    _log("a timestamp of 0 is fine", key="zero", timestamp=0),
    _log("a timestamp may be text that holds a number", key="text", timestamp="17", step="3"),
    _log("a timestamp may be an integral float", key="float", timestamp=1.7e12, step=4.0),
    _log("a step may be negative", key="negative", step=-3),
    _log("a step may be the largest", key="largest", step=2**63 - 1),
    _log("a null step is an absent one", key="null", step=None),
    get("the odd keys and steps are read back", "runs/get", {"run_id": "<run>"}),
]

# Each line is (step, timestamp, value); after it the latest value is read.
_RACE: tuple[tuple[int, int, object], ...] = (
    (1, 100, 1.0),
    (0, 200, 2.0),
    (1, 90, 3.0),
    (1, 100, 0.5),
    (1, 100, 1.5),
    (1, 101, -1.0),
    (2, 1, "NaN"),
    (2, 1, -1.0),
    (2, 1, 4.0),
    (3, 1, "-Infinity"),
    (3, 1, "NaN"),
    (3, 1, "Infinity"),
    (-1, 999, 9.0),
)

_LATEST = [
    step
    for number, (at, when, value) in enumerate(_RACE)
    for step in (
        _log(
            f"race {number}: step {at}, time {when}, {value}",
            key="race",
            step=at,
            timestamp=when,
            value=value,
        ),
        get(
            f"race {number}: the greatest of step, time and value is the latest",
            "runs/get",
            {"run_id": "<run>"},
        ),
    )
] + [
    _log("the same point again is no error", key="race", step=1, timestamp=100, value=1.0),
    _history("the same point is kept once, in order of time, step and value", "race"),
    _log("a NaN is logged", key="nan", value="NaN", timestamp=5),
    _log("the same NaN again is no error", key="nan", value="NaN", timestamp=5),
    _log("a zero at the place of a NaN is another point", key="nan", value=0, timestamp=5),
    _history("NaN sorts as zero", "nan"),
]

_HISTORY = [
    *(
        _log(f"point {n} of a series", key="series", value=n * 0.5, timestamp=10 + n, step=n)
        for n in range(7)
    ),
    _history("a history is complete without max_results", "series"),
    get(
        "a page of a history holds max_results points",
        "metrics/get-history",
        {"run_id": "<run>", "metric_key": "series", "max_results": 3},
        bind={"history_page": "next_page_token"},
    ),
    _history("the next page goes on", "series", max_results=3, page_token="<history_page>"),
    _history("exactly one page has no token", "series", max_results=7),
    _history("an unknown key has no points", "nothing"),
    _history("max_results may not be 0", "series", INVALID, max_results=0),
    _history("max_results may not be negative", "series", INVALID, max_results=-1),
    _history("rubbish is no page token", "series", INVALID, page_token="rubbish", max_results=3),
    _history("run_uuid is known beside run_id", "series", run_uuid="<run>"),
    get("a history needs a key", "metrics/get-history", {"run_id": "<run>"}, error=INVALID),
    get("a history needs a run", "metrics/get-history", {"metric_key": "a"}, error=INVALID),
    get(
        "an unknown run has no points",
        "metrics/get-history",
        {"run_id": "0" * 32, "metric_key": "a"},
    ),
    get(
        "run_uuid alone names the run of a history",
        "metrics/get-history",
        {"run_uuid": "<run>", "metric_key": "series"},
    ),
]


def _bulk(name: str, query: Query, error: str | int | None = None) -> Step:
    return get(name, AJAX + "metrics/get-history-bulk", query, error=error)


def _interval(name: str, query: Query, error: str | int | None = None) -> Step:
    return get(name, "metrics/get-history-bulk-interval", query, error=error)


_TWO = ["<run>"]
_SERIES = {"run_ids": _TWO, "metric_key": "series"}

_BULK = [
    _log("another run has the series too", run_id="<other>", key="series", value=9, step=2),
    _bulk("the bulk history reads a series", {"run_id": "<run>", "metric_key": "series"}),
    _bulk(
        "the bulk history obeys max_results",
        {"run_id": "<run>", "metric_key": "series", "max_results": 2},
    ),
    _bulk("the bulk history needs runs", {"metric_key": "series"}, INVALID),
    _bulk("the bulk history needs a key", {"run_id": "<run>"}, INVALID),
    _bulk(
        "the bulk history takes 100 runs", {"run_id": ["<run>"] * 101, "metric_key": "a"}, INVALID
    ),
    _bulk("the bulk history of a key with NaN", {"run_id": "<run>", "metric_key": "nan"}),
    _bulk("the bulk history of an unknown run", {"run_id": "0" * 32, "metric_key": "a"}),
    *(
        _interval(f"a sample of {count} points keeps the last", {**_SERIES, "max_results": count})
        for count in (1, 2, 3, 4, 6, 7, 100, 2500)
    ),
    _interval("a sample is complete by default", _SERIES),
    _interval("a sample between steps", {**_SERIES, "start_step": 2, "end_step": 5}),
    _interval(
        "a sample of few between steps",
        {**_SERIES, "start_step": 1, "end_step": 6, "max_results": 2},
    ),
    _interval("a sample of one step", {**_SERIES, "start_step": 2, "end_step": 2}),
    _interval("a sample where nothing is", {**_SERIES, "start_step": 70, "end_step": 80}),
    _interval("start without end is refused", {**_SERIES, "start_step": 2}, INVALID),
    _interval("end without start is refused", {**_SERIES, "end_step": 2}, INVALID),
    _interval("start after end is refused", {**_SERIES, "start_step": 3, "end_step": 2}, INVALID),
    _interval("a sample of 0 points is refused", {**_SERIES, "max_results": 0}, INVALID),
    _interval("a sample of 2501 points is refused", {**_SERIES, "max_results": 2501}, INVALID),
    _interval("a sample needs runs", {"metric_key": "series"}, INVALID),
    _interval("a sample needs a key", {"run_ids": _TWO}, INVALID),
    _interval("a sample takes 100 runs", {"run_ids": ["<run>"] * 101, "metric_key": "a"}, INVALID),
    _interval("a sample of the race", {"run_ids": _TWO, "metric_key": "race", "max_results": 4}),
    _interval("a sample of a key with NaN", {"run_ids": _TWO, "metric_key": "nan"}),
]

STEPS = [*_SETUP, *_REFUSALS, *_VALUES, *_LATEST, *_HISTORY, *_BULK]
