"""What MLflow's web UI asks about and this server does not keep.

The UI asks on its tracking pages about traces, evaluation, the gateway and the assistant too.  The
answers are those of an MLflow in which there is none of it (section 19 of the REST reference), so
that its pages say "nothing yet" and not "failed".  Only the UI's prefix /ajax-api has them: clients
shall learn that there is no such endpoint, not that their traces are gone.
"""

import msgspec

from eventtrack.errors import NotSupported
from eventtrack.server.calls import Call
from eventtrack.server.door import Door
from eventtrack.server.mlflow.basics import Nothing
from eventtrack.server.mlflow.endpoint import Function
from eventtrack.server.mlflow.wire import Int64, missing


def _always(answer: bytes) -> Function:
    async def function(door: Door, call: Call, message: Nothing) -> bytes:
        return answer

    return function


class Aggregation(msgspec.Struct):
    """How the values of a metric of traces are put together."""

    aggregation_type: str


class TraceMetrics(msgspec.Struct):
    """Request of POST traces/metrics."""

    metric_name: str
    experiment_ids: list[str] | None = None
    aggregations: list[Aggregation] | None = None
    dimensions: list[str] | None = None
    time_interval_seconds: Int64 | None = None


class DataPoint(msgspec.Struct, frozen=True):
    """Aggregated values of one group of traces."""

    metric_name: str
    values: dict[str, float]


class TraceMetricsAnswer(msgspec.Struct, omit_defaults=True, frozen=True):
    """Response of POST traces/metrics."""

    data_points: list[DataPoint] | None = None


async def trace_metrics(door: Door, call: Call, message: TraceMetrics) -> TraceMetricsAnswer:
    """POST traces/metrics: of no traces the count is 0, and no group or average has a point."""
    if message.experiment_ids is None:
        raise missing("experiment_ids")
    counted = any(each.aggregation_type == "COUNT" for each in message.aggregations or ())
    if not counted or message.dimensions or message.time_interval_seconds:
        return TraceMetricsAnswer()
    return TraceMetricsAnswer([DataPoint(message.metric_name, {"COUNT": 0.0})])


async def no_review(door: Door, call: Call, message: Nothing) -> None:
    """POST review-queues/get-or-create-user."""
    raise NotSupported("This server keeps no traces, so there is nothing to review.")


_EMPTY = _always(b"{}")
_EMPTY_PAGE = _always(b'{"next_page_token":""}')
_NO_TELEMETRY = _always(
    b'{"disable_ui_telemetry":true,"disable_ui_events":[],"ui_rollout_percentage":0}'
)

ROUTES: tuple[tuple[str, str, type[msgspec.Struct], Function], ...] = (
    # What people do in the UI is nobody's business: it is told to send nothing anywhere.
    ("GET", "3.0/mlflow/ui-telemetry", Nothing, _NO_TELEMETRY),
    ("POST", "3.0/mlflow/ui-telemetry", Nothing, _always(b'{"status":"disabled"}')),
    ("GET", "2.0/mlflow/gateway-proxy", Nothing, _always(b'{"endpoints":[]}')),
    ("GET", "3.0/mlflow/gateway/endpoints/list", Nothing, _EMPTY),
    ("GET", "3.0/mlflow/gateway/endpoints/bindings/list", Nothing, _EMPTY),
    ("GET", "3.0/mlflow/gateway/model-definitions/list", Nothing, _EMPTY),
    ("GET", "3.0/mlflow/gateway/secrets/list", Nothing, _EMPTY),
    (
        "GET",
        "3.0/mlflow/gateway/secrets/config",
        Nothing,
        _always(b'{"secrets_available":false,"using_default_passphrase":false}'),
    ),
    ("GET", "3.0/mlflow/gateway/supported-providers", Nothing, _always(b'{"providers":[]}')),
    (
        "GET",
        "3.0/mlflow/assistant/config",
        Nothing,
        _always(b'{"providers":{},"projects":{},"remote_access_allowed":false}'),
    ),
    (
        "GET",
        "3.0/mlflow/assistant/providers",
        Nothing,
        _always(b'{"providers":[],"resolved":null,"gateway_vendor_options":{}}'),
    ),
    ("POST", "3.0/mlflow/traces/search", Nothing, _EMPTY),
    # As the UI of MLflow 3.4 and before asks.
    ("GET", "2.0/mlflow/traces", Nothing, _EMPTY),
    ("POST", "3.0/mlflow/traces/metrics", TraceMetrics, trace_metrics),
    ("POST", "3.0/mlflow/issues/search", Nothing, _EMPTY_PAGE),
    ("POST", "3.0/mlflow/datasets/search", Nothing, _EMPTY),
    ("GET", "3.0/mlflow/scorers/list", Nothing, _EMPTY),
    ("GET", "3.0/mlflow/scorers/online-configs", Nothing, _always(b'{"configs":[]}')),
    ("GET", "3.0/mlflow/label-schemas/list", Nothing, _EMPTY_PAGE),
    ("GET", "3.0/mlflow/review-queues/list", Nothing, _EMPTY_PAGE),
    ("POST", "3.0/mlflow/review-queues/get-or-create-user", Nothing, no_review),
    (
        "GET",
        "3.0/mlflow/mcp-servers",
        Nothing,
        _always(b'{"mcp_servers":[],"next_page_token":null}'),
    ),
)
"""(method, path below /ajax-api/, request message, function)."""
