"""POST charts: many series on one grid of buckets, in columns that a browser reads as they are."""

from typing import Literal

import msgspec
from aiohttp import web

from eventtrack.errors import InvalidParameter
from eventtrack.limits import INT64_MAX, INT64_MIN
from eventtrack.server.dispatch import Handle
from eventtrack.server.door import Door
from eventtrack.server.moment import AS_OF
from eventtrack.server.native.requests import body_of, bounded
from projections.changes import last_change
from projections.metrics.against import POINTS_MAX, TooManyPoints, draw_against
from projections.metrics.canvas import Chart, Drawn
from projections.metrics.charts import draw
from projections.metrics.zoom import BUCKETS_MAX
from projections.views import Views

BUCKETS = 1000
BUCKETS_MIN = 2
RUNS_MAX = 500
SERIES_MAX = 2000
BINARY_TYPE = "application/octet-stream"
COLUMN_BYTES = 4
ALIGNED_BYTES = 8

Axis = Literal["step", "timestamp", "relative", "metric"]


class Charts(msgspec.Struct, forbid_unknown_fields=True):
    """Request of charts; key: one metric, keys: several; x_key: the metric along the x axis.

    start, end: the range, both included, None for all of it; rank: of this process only; quick:
    soon, with wider buckets where the best answer takes long.
    """

    run_ids: list[str]
    key: str | None = None
    keys: list[str] | None = None
    axis: Axis = "step"
    x_key: str | None = None
    start: int | float | None = None
    end: int | float | None = None
    buckets: int = BUCKETS
    rank: int | None = None
    quick: bool = False


class SeriesHeader(msgspec.Struct):
    """One series; offset: of its columns from where the data begins; length: of each column.

    points: in the range; first_x, last_x: of them.
    """

    run_id: str
    key: str
    points: int
    first_x: float | None
    last_x: float | None
    length: int
    offset: int


class Header(msgspec.Struct):
    """What precedes the columns; bucket i begins at start + i * width.

    exact: every point is counted in its bucket; else some may be in the one beside it; final: it is
    not the quick answer to a question that has a better one.
    """

    position: str
    axis: Axis
    start: float
    width: float
    buckets: int
    exact: bool
    final: bool
    series: list[SeriesHeader]


def charts(door: Door) -> Handle:
    """POST charts."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        asked = await body_of(request, Charts)
        run_ids, keys = _checked(asked)
        # One run's past is at hand sooner than everything's.
        views = await door.current(run_ids[0] if len(run_ids) == 1 else None)
        change = await last_change(views)
        position = AS_OF.get() or max(change.flow, change.rest)
        chart = await _drawn(views, run_ids, keys, asked)
        body = encoded(chart, asked.axis, str(position))
        return web.Response(body=body, content_type=BINARY_TYPE)

    return handle


def _checked(asked: Charts) -> tuple[list[str], list[str]]:
    """(run ids, metrics), each once; InvalidParameter."""
    run_ids = list(dict.fromkeys(asked.run_ids))
    keys = list(dict.fromkeys(asked.keys or ([asked.key] if asked.key else [])))
    if not keys or (asked.key and asked.keys):
        raise InvalidParameter("Name the metric in 'key', or several in 'keys'.")
    if not 1 <= len(run_ids) <= RUNS_MAX:
        raise InvalidParameter(
            f"Invalid value for parameter 'run_ids': it has {len(run_ids)}, from 1 to {RUNS_MAX} "
            "are allowed."
        )
    if len(run_ids) * len(keys) > SERIES_MAX:
        raise InvalidParameter(
            f"Invalid value for parameter 'keys': {len(run_ids)} runs with {len(keys)} metrics "
            f"are more than {SERIES_MAX} series. Ask for them in several requests."
        )
    bounded("buckets", asked.buckets, BUCKETS_MIN, BUCKETS_MAX)
    if asked.start is not None and asked.end is not None and asked.end < asked.start:
        raise InvalidParameter(
            f"Invalid value {asked.end} for parameter 'end': it comes before 'start' "
            f"({asked.start})."
        )
    if (asked.axis == "metric") != bool(asked.x_key):
        raise InvalidParameter(
            "The axis 'metric' goes with 'x_key', the metric along it; no other axis takes one."
        )
    return run_ids, keys


async def _drawn(views: Views, run_ids: list[str], keys: list[str], asked: Charts) -> Chart:
    if asked.axis == "metric":
        assert asked.x_key is not None
        try:
            return await draw_against(
                views,
                run_ids,
                keys,
                asked.x_key,
                buckets=asked.buckets,
                start=asked.start,
                end=asked.end,
                rank=asked.rank,
            )
        except TooManyPoints as error:
            raise InvalidParameter(
                f"The series hold {error}, and a chart over a metric may have {POINTS_MAX:,}: ask "
                "for fewer runs."
            ) from error
    return await draw(
        views,
        run_ids,
        keys,
        buckets=asked.buckets,
        axis=asked.axis,
        start=_whole("start", asked.start),
        end=_whole("end", asked.end),
        rank=asked.rank,
        quick=asked.quick,
    )


def _whole(name: str, value: int | float | None) -> int | None:
    """A place on an axis of whole numbers; InvalidParameter."""
    if value is None:
        return None
    if not INT64_MIN <= value < INT64_MAX:
        raise InvalidParameter(f"Invalid value {value} for parameter '{name}': beyond 64 bits.")
    return int(value // 1)


def encoded(chart: Chart, axis: Axis, position: str) -> bytes:
    """The length of the header as u32, the header padded with spaces, and the columns."""
    offset = 0
    headers: list[SeriesHeader] = []
    columns: list[bytes] = []
    for each in chart.series:
        length = len(each.buckets)
        headers.append(
            SeriesHeader(
                each.run_id,
                each.key,
                each.points,
                each.first_x,
                each.last_x,
                length,
                offset,
            )
        )
        its = _columns(each)
        columns += its
        offset += sum(map(len, its))
    header = msgspec.json.encode(
        Header(
            position,
            axis,
            chart.start,
            chart.width,
            chart.buckets,
            chart.exact,
            chart.final,
            headers,
        )
    )
    header += b" " * (-(len(header) + COLUMN_BYTES) % ALIGNED_BYTES)
    return b"".join([len(header).to_bytes(COLUMN_BYTES, "little"), header, *columns])


def _columns(series: Drawn) -> list[bytes]:
    """bucket and count as u32; min, max, last and mean as f32; all little-endian."""
    import numpy as np

    floats = (series.mins, series.maxs, series.lasts, series.means)
    with np.errstate(over="ignore"):
        # What is beyond the range of 32 bits is infinite.
        return [
            *(each.astype("<u4").tobytes() for each in (series.buckets, series.counts)),
            *(each.astype("<f4").tobytes() for each in floats),
        ]
