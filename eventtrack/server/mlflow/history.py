"""MLflow's reading of metric histories: get-history and its two bulk forms (sections 3 and 19)."""

import base64
from collections.abc import AsyncIterator

import msgspec

from eventtrack import limits
from eventtrack.errors import InvalidParameter
from eventtrack.server.calls import Call
from eventtrack.server.door import Door
from eventtrack.server.mlflow.runs import run_id_of
from eventtrack.server.mlflow.shared import page_size
from eventtrack.server.mlflow.wire import Int32, missing
from projections.metrics.history import (
    LARGE_POINTS,
    Points,
    encode,
    encoded_slices,
    sampled,
)

PAGE_POINTS_MAX = 1_000_000
"""The most points of one page; a client that names no page size gets the whole history."""


class GetHistory(msgspec.Struct):
    """Request of metrics/get-history."""

    metric_key: str
    run_id: str | None = None
    run_uuid: str | None = None
    page_token: str | None = None
    max_results: Int32 | None = None


async def get_history(door: Door, call: Call, message: GetHistory) -> bytes | AsyncIterator[bytes]:
    """GET metrics/get-history: sorted by timestamp, step, value; an unknown run or key is empty."""
    run_id = run_id_of(message.run_id, message.run_uuid)
    start = _offset_of(message.page_token) if message.page_token else 0
    if message.max_results is not None:
        page_size(message.max_results, None, limits.INT32_MAX)
    points = await door.history(await door.current(run_id), run_id, message.metric_key)
    if message.max_results is None and len(points) > LARGE_POINTS:
        return _streamed(points.slice(start, len(points)), message.metric_key)
    stop = len(points) if message.max_results is None else start + message.max_results
    fields = []
    encoded = await encode(points.slice(start, stop), message.metric_key)
    if encoded:
        fields.append(b'"metrics":[' + encoded + b"]")
    if stop < len(points):
        fields.append(b'"next_page_token":"' + _token_of(stop) + b'"')
    return b"{" + b",".join(fields) + b"}"


async def _streamed(points: Points, key: str) -> AsyncIterator[bytes]:
    """A whole history, sent as it is encoded, so that memory does not grow with it."""
    yield b'{"metrics":['
    async for some in encoded_slices(points, key):
        yield some
    yield b"]}"


class GetHistoryBulkInterval(msgspec.Struct):
    """Request of metrics/get-history-bulk-interval."""

    metric_key: str
    run_ids: list[str] | None = None
    start_step: Int32 | None = None
    end_step: Int32 | None = None
    max_results: Int32 | None = None


async def get_history_bulk_interval(
    door: Door, call: Call, message: GetHistoryBulkInterval
) -> bytes:
    """GET metrics/get-history-bulk-interval: a sample of each run's points (rows M13, M14)."""
    run_ids = _checked_runs(message.run_ids, "run_ids")
    size = page_size(
        message.max_results,
        limits.HISTORY_INTERVAL_POINTS_MAX,
        limits.HISTORY_INTERVAL_POINTS_MAX,
    )
    first, last = message.start_step, message.end_step
    if (first is None) != (last is None):
        raise InvalidParameter(
            "If either start_step or end_step are specified, both must be specified."
        )
    if first is not None and last is not None and first > last:
        raise InvalidParameter(
            f"end_step must be greater than start_step. Found start_step={first} and "
            f"end_step={last}."
        )
    parts = []
    async for run_id, views in door.of_each(sorted(set(run_ids))):
        points = await door.history(views, run_id, message.metric_key)
        if first is not None and last is not None:
            points = _between(points, first, last)
        parts.append(await encode(sampled(points, size), message.metric_key, run_id))
    encoded = b",".join(part for part in parts if part)
    return b'{"metrics":[%s]}' % encoded if encoded else b"{}"


class GetHistoryBulk(msgspec.Struct):
    """Request of metrics/get-history-bulk, of MLflow's older UI."""

    metric_key: str | None = None
    run_id: list[str] | None = None
    max_results: Int32 | None = None


async def get_history_bulk(door: Door, call: Call, message: GetHistoryBulk) -> bytes:
    """GET metrics/get-history-bulk: the points of several runs, capped over all of them."""
    run_ids = _checked_runs(message.run_id, "run_id")
    if not message.metric_key:
        raise missing("metric_key")
    left = limits.HISTORY_BULK_POINTS_MAX
    if message.max_results is not None:
        left = min(left, page_size(message.max_results, None, limits.INT32_MAX))
    parts = []
    async for run_id, views in door.of_each(sorted(set(run_ids))):
        points = (await door.history(views, run_id, message.metric_key)).slice(0, left)
        left -= len(points)
        parts.append(await encode(points, message.metric_key, run_id))
    return b'{"metrics":[%s]}' % b",".join(part for part in parts if part)


def _checked_runs(run_ids: list[str] | None, field: str) -> list[str]:
    if not run_ids:
        raise InvalidParameter(
            f"Missing value for required parameter '{field}': it must hold at least one run ID."
        )
    if len(run_ids) > limits.HISTORY_BULK_RUNS_MAX:
        raise InvalidParameter(
            f"'{field}' can hold at most {limits.HISTORY_BULK_RUNS_MAX} run IDs in one request. "
            f"Received {len(run_ids)}: ask in several requests."
        )
    return run_ids


def _between(points: Points, first: int, last: int) -> Points:
    inside = (points.steps >= first) & (points.steps <= last)
    return points.take(inside.nonzero()[0])


def _token_of(start: int) -> bytes:
    return base64.urlsafe_b64encode(msgspec.json.encode({"offset": start}))


def _offset_of(token: str) -> int:
    try:
        start = msgspec.json.decode(base64.urlsafe_b64decode(token), type=dict[str, int])["offset"]
    except (ValueError, KeyError, msgspec.MsgspecError):
        start = 0
    if start < 1:
        raise InvalidParameter(
            "Invalid page token: pass on the next_page_token of the answer before, unchanged."
        )
    return start
