"""A run's series for charts: what is there, any zoom of it, and how the ranks differ.

Columns are JSON lists.  A NaN is null, an infinity the text "Infinity" or "-Infinity".
"""

import math
from typing import Any, Literal

import msgspec
from aiohttp import web

from eventtrack.commands.runs import no_such_run
from eventtrack.errors import InvalidParameter
from eventtrack.server.dispatch import PATH_PARAMETERS, Handle
from eventtrack.server.door import Door
from eventtrack.server.native.queries import integer_of
from eventtrack.wire.ingest import JSON_TYPE
from projections import runs
from projections.metrics import series
from projections.metrics.zoom import BUCKETS_MAX, zoom
from projections.views import Views

BUCKETS = 1000


def run_series(door: Door) -> Handle:
    """GET runs/{run_id}/metrics: every metric of the run."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        views, run_id = await _run_of(door, request)
        found = await series.list_series(views, run_id)
        return _json(
            {
                "metrics": [
                    {
                        name: _number(value) if isinstance(value, float) else value
                        for name, value in msgspec.structs.asdict(each).items()
                    }
                    for each in found
                ]
            }
        )

    return handle


def run_history(door: Door) -> Handle:
    """GET runs/{run_id}/metrics/history?key=: every distinct point, in the order of time."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        key = _key(request)
        views, run_id = await _run_of(door, request)
        points = await door.history(views, run_id, key)
        columns = {
            "steps": points.steps.tolist(),
            "timestamps": points.timestamps.tolist(),
            "values": [_number(value) for value in points.values.tolist()],
        }
        return _json({"key": key, **columns})

    return handle


def run_zoom(door: Door) -> Handle:
    """GET runs/{run_id}/metrics/zoom?key=&axis=&start=&end=&buckets=&rank="""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        axis = _axis(request)
        start, end = integer_of(request, "start"), integer_of(request, "end")
        asked = integer_of(request, "buckets")
        buckets = BUCKETS if asked is None else asked
        if not 1 <= buckets <= BUCKETS_MAX:
            raise InvalidParameter(
                f"Invalid value {buckets} for parameter 'buckets': from 1 to {BUCKETS_MAX}."
            )
        if start is not None and end is not None and end < start:
            raise InvalidParameter(
                f"Invalid value {end} for parameter 'end': it comes before 'start' ({start})."
            )
        key, rank = _key(request), integer_of(request, "rank")
        views, run_id = await _run_of(door, request)
        found = await zoom(
            views, run_id, key, buckets=buckets, axis=axis, start=start, end=end, rank=rank
        )
        return _json({"key": key, "axis": axis, **_columns(found)})

    return handle


def run_ranks(door: Door) -> Handle:
    """GET runs/{run_id}/metrics/ranks?key=: the series folded over its ranks, step by step."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        key = _key(request)
        views, run_id = await _run_of(door, request)
        ranks = await series.ranks_of(views, run_id, key)
        found = await series.across_ranks(views, run_id, key)
        return _json({"key": key, "ranks": ranks, **_columns(found)})

    return handle


async def _run_of(door: Door, request: web.BaseRequest) -> tuple[Views, str]:
    run_id: str = request[PATH_PARAMETERS]["run_id"]
    views = await door.current(run_id)
    if await runs.get(views, run_id) is None:
        raise no_such_run(run_id)
    return views, run_id


def _key(request: web.BaseRequest) -> str:
    key = request.query.get("key", "")
    if not key:
        raise InvalidParameter("Missing value for required parameter 'key': name the metric.")
    return key


def _axis(request: web.BaseRequest) -> Literal["step", "timestamp"]:
    match request.query.get("axis", "step"):
        case "step":
            return "step"
        case "timestamp":
            return "timestamp"
        case other:
            raise InvalidParameter(
                f"Invalid value {other[:100]!r} for parameter 'axis': step or timestamp."
            )


def _columns(found: msgspec.Struct) -> dict[str, Any]:
    """A struct of arrays and numbers, as JSON takes it."""
    columns: dict[str, Any] = {}
    for name, value in msgspec.structs.asdict(found).items():
        listed = value.tolist() if hasattr(value, "tolist") else value
        if isinstance(listed, list) and listed and isinstance(listed[0], float):
            listed = [_number(each) for each in listed]
        columns[name] = listed
    return columns


def _number(value: float) -> float | str | None:
    if math.isfinite(value):
        return value
    if math.isnan(value):
        return None
    return "Infinity" if value > 0 else "-Infinity"


def _json(answer: dict[str, Any]) -> web.Response:
    return web.Response(body=msgspec.json.encode(answer), content_type=JSON_TYPE)
