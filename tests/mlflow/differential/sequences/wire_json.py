"""JSON as the wire speaks it: content types, spellings, strings for numbers, absent and null."""

from __future__ import annotations

import json

from tests.mlflow.differential.steps import INVALID, JSON_HEADERS, Known, Step, get, post, raw

_SEARCH = "experiments/search"
_ONE = b'{"max_results": 1, "filter": "name = \'Default\'"}'


def _body(
    name: str,
    body: bytes | None,
    error: str | int | None = None,
    path: str = _SEARCH,
    content_type: str | None = "application/json",
) -> Step:
    headers = {} if content_type is None else {"Content-Type": content_type}
    facts: Known = {"headers": headers, "error": error}
    return raw(name, "POST", path, body, **facts)


_CONTENT_TYPES = [
    _body("JSON is JSON", _ONE),
    _body("a charset is welcome", _ONE, content_type="application/json; charset=utf-8"),
    _body("the content type may be shouted", _ONE, INVALID, content_type="APPLICATION/JSON"),
    _body("a POST says that it is JSON", _ONE, INVALID, content_type=None),
    _body("plain text is not JSON", _ONE, INVALID, content_type="text/plain"),
    _body(
        "a form is not JSON",
        b"max_results=1",
        INVALID,
        content_type="application/x-www-form-urlencoded",
    ),
    _body("broken JSON counts as no field", b'{"name": "x"', INVALID, "experiments/create"),
    _body("JSON in a string is JSON", json.dumps(_ONE.decode()).encode()),
    _body("an empty body counts as no field", b"", INVALID, "experiments/create"),
]

_SETUP = [
    post(
        "there is an experiment for JSON",
        "experiments/create",
        {"name": "wire JSON"},
        bind={"exp": "experiment_id"},
    ),
    post(
        "there is a run for JSON",
        "runs/create",
        {"experimentId": "<exp>", "runName": "wire JSON", "startTime": "1"},
        bind={"run": "run.info.run_id"},
    ),
]

_SPELLINGS = [
    post(
        "required fields are snake_case",
        "runs/delete-tag",
        {"runId": "<run>", "key": "a"},
        error=INVALID,
    ),
    post(
        "both spellings of one field are refused",
        "runs/log-metric",
        {"run_id": "<run>", "runId": "<run>", "key": "a", "value": 1, "timestamp": 1},
        error=INVALID,
    ),
    post(
        "both spellings are refused further inside",
        "runs/search",
        {"experiment_ids": ["<exp>"], "experimentIds": ["<exp>"]},
        error=INVALID,
    ),
    post(
        "optional fields may be camelCase",
        "runs/search",
        {"experimentIds": ["<exp>"], "maxResults": 1},
    ),
    get("a query is snake_case", "runs/get", {"runId": "<run>"}, error=INVALID),
    raw(
        "a GET without a query reads its body",
        "GET",
        "runs/get",
        b'{"run_id": "<run>"}',
        headers=JSON_HEADERS,
    ),
    raw(
        "a GET with a query ignores its body",
        "GET",
        "runs/get",
        b'{"run_id": "<run>"}',
        {"planet": "mars"},
        headers=JSON_HEADERS,
        error=INVALID,
    ),
    raw(
        "a repeated key in a query takes the last",
        "GET",
        "experiments/get",
        None,
        [("experiment_id", "0"), ("experiment_id", "<exp>")],
    ),
    get(
        "a plus in a query is a blank", "experiments/get-by-name", {"experiment_name": "wire JSON"}
    ),
]

_R_METRIC = {
    "run_id": "<run>",
    "run_uuid": "<run>",
    "key": "r",
    "value": "0.5",
    "timestamp": "1",
    "step": "2",
}

_CLIENTS = [
    post("the R client sends every number as text", "runs/log-metric", _R_METRIC),
    post(
        "the R client sends batches as text",
        "runs/log-batch",
        {
            "run_id": "<run>",
            "metrics": [{"key": "rb", "value": "NaN", "timestamp": "1", "step": "1"}],
            "params": [{"key": "rp", "value": "TRUE"}],
            "tags": [],
        },
    ),
    post(
        "the Java client sends long integers as text",
        "runs/update",
        {"run_id": "<run>", "status": "FINISHED", "end_time": "1600000000000"},
    ),
    post(
        "the Python client sends run_id and run_uuid",
        "runs/set-tag",
        {"run_id": "<run>", "run_uuid": "<run>", "key": "t", "value": "v"},
    ),
    post(
        "the R client waits for a server with a search",
        "experiments/search",
        {"max_results": "1", "filter": "name = 'Default'"},
    ),
    post(
        "null stands for absent",
        "runs/search",
        {
            "experiment_ids": ["<exp>"],
            "filter": None,
            "run_view_type": None,
            "order_by": None,
            "page_token": None,
        },
    ),
    post(
        "an enum may be a number in text",
        "runs/search",
        {"experiment_ids": ["<exp>"], "run_view_type": "3"},
    ),
    get("numbers come back as numbers", "runs/get", {"run_id": "<run>"}),
]

_TEXT = [
    post(
        f"the text {text!r} comes back as it went",
        "runs/set-tag",
        {"run_id": "<run>", "key": f"text {number}", "value": text},
    )
    for number, text in enumerate(
        (
            "\\",
            '"',
            "\n\r\t\b\f",
            "\u0000",
            "\u2028",
            "\ufeff",
            "é",
            "e\u0301",
            "\U0001d518🙂",
            "</script>",
            "'",
            "%00",
        )
    )
] + [
    _body(
        "raw UTF-8 is JSON",
        '{"run_id": "<run>", "key": "utf8", "value": "größe 🙂"}'.encode(),
        path="runs/set-tag",
    ),
    _body(
        "the last of two equal keys counts",
        b'{"run_id": "<run>", "key": "double", "value": "one", "value": "two"}',
        path="runs/set-tag",
    ),
    get("the texts are read back", "runs/get", {"run_id": "<run>"}),
]

STEPS = [*_CONTENT_TYPES, *_SETUP, *_SPELLINGS, *_CLIENTS, *_TEXT]
