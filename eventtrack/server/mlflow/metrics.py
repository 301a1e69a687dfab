"""MLflow's writing of metrics: log-metric and log-batch, the hot path (section 3).

Bodies as the Python client sends them are decoded straight into typed structs; whatever else the
wire allows (other spellings, numbers as strings, "NaN", fields we do not know) takes the general
way through `wire.py`, which also words the refusals.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated

import msgspec
from aiohttp import web

from eventtrack import limits
from eventtrack.commands import metrics as commands
from eventtrack.commands.validation import check_run_id
from eventtrack.events.metrics import Series
from eventtrack.server.calls import actor_of
from eventtrack.server.door import Door
from eventtrack.server.mlflow.endpoint import JSON_TYPE, check_content_type, decode_object
from eventtrack.server.mlflow.runs import run_id_of
from eventtrack.server.mlflow.shared import KeyValueIn, pairs_of
from eventtrack.server.mlflow.wire import Int64, Message, missing

_I64 = Annotated[int, msgspec.Meta(ge=limits.INT64_MIN, le=limits.INT64_MAX)]


class _FastMetric(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    key: str
    value: float
    timestamp: _I64
    step: _I64 = 0
    model_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""
    run_id: str = ""


class _PlainMetric(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A metric without the labels that few have: a batch of these is turned into columns whole."""

    key: str
    value: float
    timestamp: _I64
    step: _I64 = 0


class _PlainBatch(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    run_id: str
    metrics: list[_PlainMetric] = []
    params: list[msgspec.Raw] = []
    tags: list[msgspec.Raw] = []


class _FastPair(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    key: str
    value: str


class _FastLogMetric(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    key: str
    value: float
    timestamp: _I64
    step: _I64 = 0
    run_id: str = ""
    run_uuid: str = ""


class _FastLogBatch(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    run_id: str
    metrics: list[_FastMetric] = []
    params: list[_FastPair] = []
    tags: list[_FastPair] = []


_decode_metric = msgspec.json.Decoder(_FastLogMetric).decode
_decode_plain_batch = msgspec.json.Decoder(_PlainBatch).decode
_decode_batch = msgspec.json.Decoder(_FastLogBatch).decode


class MetricIn(msgspec.Struct):
    """A metric inside log-batch, by the general way."""

    key: str | None = None
    value: float | None = None
    timestamp: Int64 | None = None
    step: Int64 | None = None
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None
    run_id: str | None = None


class LogMetric(msgspec.Struct):
    """Request of runs/log-metric, by the general way."""

    key: str
    value: float
    timestamp: Int64
    run_id: str | None = None
    run_uuid: str | None = None
    step: Int64 | None = None
    model_id: str | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None


class LogBatch(msgspec.Struct):
    """Request of runs/log-batch, by the general way."""

    run_id: str
    metrics: list[MetricIn] | None = None
    params: list[KeyValueIn] | None = None
    tags: list[KeyValueIn] | None = None


_log_metric = Message(LogMetric)
_log_batch = Message(LogBatch)

Handle = Callable[[web.BaseRequest], Awaitable[web.Response]]


def log_metric(door: Door) -> Handle:
    """POST runs/log-metric."""

    async def handle(request: web.BaseRequest) -> web.Response:
        body = await request.read()
        check_content_type(request)
        run_id, series = read_plain_metric(body) or _general_metric(body)
        await door.handler.log_metrics(run_id, series, actor_of(request))
        return web.Response(body=b"{}", content_type=JSON_TYPE)

    return handle


def read_plain_metric(body: bytes | memoryview) -> tuple[str, list[Series]] | None:
    """A log-metric body as clients send it: run and point; None for the general way.

    Raises InvalidParameter when the point breaks a rule.
    """
    try:
        fast = _decode_metric(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    run_id = fast.run_id or fast.run_uuid
    if not run_id or not fast.key:
        return None
    return run_id, [commands.one_series(fast.key, fast.value, fast.timestamp, fast.step)]


def read_plain_batch(body: bytes | memoryview) -> tuple[str, list[Series]] | None:
    """A log-batch body of metrics alone: run and points; None for the general way.

    Raises InvalidParameter when a point breaks a rule.
    """
    try:
        plain = _decode_plain_batch(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    points = plain.metrics
    if plain.params or plain.tags or not points or not plain.run_id:
        return None
    check_run_id(plain.run_id)
    commands.check_batch_sizes(len(points), 0, 0)
    return plain.run_id, commands.series_of(
        [point.key for point in points],
        [point.step for point in points],
        [point.timestamp for point in points],
        [point.value for point in points],
    )


def _general_metric(body: bytes) -> tuple[str, list[Series]]:
    message: LogMetric = _log_metric.convert(decode_object(body))
    run_id = run_id_of(message.run_id, message.run_uuid)
    point = _FastMetric(
        message.key,
        message.value,
        message.timestamp,
        message.step or 0,
        message.model_id or "",
        message.dataset_name or "",
        message.dataset_digest or "",
    )
    # Alone, a metric's fields have no index in their path.
    commands.one_series(point.key, point.value, point.timestamp, point.step)
    return run_id, commands.many_series([point])


def log_batch(door: Door) -> Handle:
    """POST runs/log-batch: all of it or nothing."""

    async def handle(request: web.BaseRequest) -> web.Response:
        body = await request.read()
        check_content_type(request)
        plain = read_plain_batch(body)
        if plain is not None:
            await door.handler.log_metrics(*plain, actor_of(request))
            return web.Response(body=b"{}", content_type=JSON_TYPE)
        try:
            fast = _decode_batch(body)
            run_id, points = fast.run_id, fast.metrics
            params = [(each.key, each.value) for each in fast.params]
            tags = [(each.key, each.value) for each in fast.tags]
            slow = not run_id
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            slow = True
        if slow:
            run_id, points, params, tags = _general_batch(body)
        check_run_id(run_id)
        commands.check_batch_sizes(len(points), len(params), len(tags))
        series = commands.many_series(points)
        await door.handler.log_batch(run_id, series, params, tags, actor_of(request))
        return web.Response(body=b"{}", content_type=JSON_TYPE)

    return handle


Pairs = list[tuple[str, str]]


def _general_batch(body: bytes) -> tuple[str, list[_FastMetric], Pairs, Pairs]:
    message: LogBatch = _log_batch.convert(decode_object(body))
    points = []
    for index, metric in enumerate(message.metrics or ()):
        if metric.key is None:
            raise missing(f"metrics[{index}].key")
        if metric.value is None:
            raise missing(f"metrics[{index}].value")
        if metric.timestamp is None:
            raise missing(f"metrics[{index}].timestamp")
        points.append(
            _FastMetric(
                metric.key,
                metric.value,
                metric.timestamp,
                metric.step or 0,
                metric.model_id or "",
                metric.dataset_name or "",
                metric.dataset_digest or "",
            )
        )
    return (
        message.run_id,
        points,
        pairs_of(message.params, "params"),
        pairs_of(message.tags, "tags"),
    )
