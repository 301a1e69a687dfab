"""What MLflow's web UI asks about features without content: traces, evaluation, the gateway."""

from __future__ import annotations

import json

from tests.mlflow.differential.steps import INVALID, JSON_HEADERS, Step, post, raw

_AJAX = "/ajax-api/3.0/mlflow/"


def _get(name: str, path: str, query: dict[str, object] | None = None) -> Step:
    return raw(name, "GET", path if path.startswith("/") else _AJAX + path, query=query or {})


def _post(name: str, path: str, body: object, error: str | None = None) -> Step:
    encoded = json.dumps(body).encode()
    return raw(name, "POST", _AJAX + path, encoded, headers=JSON_HEADERS, error=error)


def _measured(name: str, error: str | None = None, **body: object) -> Step:
    full = {
        "experiment_ids": ["<exp>"],
        "view_type": "TRACES",
        "metric_name": "trace_count",
        "aggregations": [{"aggregation_type": "COUNT"}],
        **body,
    }
    return _post(name, "traces/metrics", full, error)


_LOCATION = {"type": "MLFLOW_EXPERIMENT", "mlflow_experiment": {"experiment_id": "<exp>"}}
_AVERAGE = [{"aggregation_type": "AVG"}]
_MEDIAN = [{"aggregation_type": "PERCENTILE", "percentile_value": 50}]

STEPS = [
    post(
        "there is an experiment without traces",
        "experiments/create",
        {"name": "without traces"},
        bind={"exp": "experiment_id"},
    ),
    _post("no traces are found", "traces/search", {"locations": [_LOCATION], "max_results": 25}),
    _get("nor by the older search", "/ajax-api/2.0/mlflow/traces", {"experiment_ids": ["<exp>"]}),
    _measured("no traces are counted"),
    _measured("nor are they by status", dimensions=["trace_status"]),
    _measured(
        "nor are they by day",
        time_interval_seconds=86400,
        start_time_ms=1790000000000,
        end_time_ms=1790086400000,
    ),
    _measured("no traces have no average", metric_name="latency", aggregations=_AVERAGE),
    _measured("no traces have no median", metric_name="total_tokens", aggregations=_MEDIAN),
    _measured("nor are they in no experiment", experiment_ids=[]),
    _measured("experiments must be named", error=INVALID, experiment_ids=None),
    _post("no datasets of traces", "datasets/search", {"experiment_ids": ["<exp>"]}),
    _post("no issues", "issues/search", {"experiment_id": "<exp>"}),
    _get("no scorers", "scorers/list", {"experiment_id": "<exp>"}),
    _get("no scorers at work", "scorers/online-configs", {"scorer_ids": ["none"]}),
    _get("no review queues", "review-queues/list", {"experiment_id": "<exp>"}),
    _get("no servers of tools", "mcp-servers", {"max_results": 25}),
    _get("no gateway of old", "/ajax-api/2.0/mlflow/gateway-proxy", {"gateway_path": "api/2.0"}),
    _get("no endpoints", "gateway/endpoints/list"),
    _get("no bindings of endpoints", "gateway/endpoints/bindings/list"),
    _get("no models of endpoints", "gateway/model-definitions/list"),
    _get("no secrets", "gateway/secrets/list"),
    _get("no telemetry is wanted", "ui-telemetry"),
    _post("no telemetry is taken", "ui-telemetry", {"records": []}),
    _get("nobody talks to the assistant", "assistant/config"),
]
