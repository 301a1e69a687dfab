"""A run as the native protocol tells it: whether it is lost, and what it printed."""

import msgspec
from aiohttp import web

from eventtrack import limits
from eventtrack.commands.runs import no_such_run
from eventtrack.errors import InvalidParameter
from eventtrack.server.dispatch import PATH_PARAMETERS, Handle
from eventtrack.server.door import Door
from eventtrack.server.mlflow.experiments import SearchExperiments
from eventtrack.server.mlflow.wire import Int64
from eventtrack.wire.ingest import JSON_TYPE
from projections import console, leases, runs

EXPERIMENTS = 1000


class ListExperiments(SearchExperiments):
    """Request of experiments: as MLflow's search, but it need not say how many."""

    max_results: Int64 | None = Int64(EXPERIMENTS)


class RunStatus(msgspec.Struct):
    """A run without its metrics; lost: it runs, but was silent for longer than its lease.

    Times in milliseconds since 1970; lease_seconds is None without a lease.
    """

    run_id: str
    experiment_id: str
    name: str
    status: str
    lifecycle_stage: str
    start_time: int
    end_time: int | None
    artifact_uri: str
    lost: bool
    heard_at: int | None
    lease_seconds: int | None
    params: dict[str, str]
    tags: dict[str, str]


def run_status(door: Door) -> Handle:
    """GET runs/{run_id}."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        run_id = request[PATH_PARAMETERS]["run_id"]
        views = await door.current(run_id)
        run = await runs.get(views, run_id)
        if run is None:
            raise no_such_run(run_id)
        lease = await leases.lease_of(views, run_id)
        answer = RunStatus(
            run_id=run.run_id,
            experiment_id=str(run.experiment_id),
            name=run.name,
            status=run.status,
            lifecycle_stage=run.lifecycle_stage,
            start_time=run.start_time,
            end_time=run.end_time,
            artifact_uri=run.artifact_uri,
            lost=lease is not None and lease.lost_at is not None and run.status == "RUNNING",
            heard_at=lease.heard_at if lease else None,
            lease_seconds=lease.lease_seconds if lease else None,
            params=await runs.params_of(views, run_id),
            tags=await runs.tags_of(views, run_id),
        )
        return _json(answer)

    return handle


CONSOLE_LINES = 1000
CONSOLE_LINES_MAX = 20_000


def run_console(door: Door) -> Handle:
    """GET runs/{run_id}/console?rank=&before=&until=&limit="""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        run_id = request[PATH_PARAMETERS]["run_id"]
        views = await door.current(run_id)
        if await runs.get(views, run_id) is None:
            raise no_such_run(run_id)
        lines_max = integer_of(request, "limit")
        lines = await console.tail(
            views,
            run_id,
            lines_max=min(CONSOLE_LINES if lines_max is None else lines_max, CONSOLE_LINES_MAX),
            rank=integer_of(request, "rank"),
            before=integer_of(request, "before"),
            until_ms=integer_of(request, "until"),
        )
        return _json(lines)

    return handle


def integer_of(request: web.BaseRequest, name: str) -> int | None:
    """A number in the query, None when it is not there; InvalidParameter when it is none."""
    text = request.query.get(name, "")
    if not text:
        return None
    try:
        number = int(text)
    except ValueError:
        number = limits.INT64_MAX + 1
    if not limits.INT64_MIN <= number <= limits.INT64_MAX:
        raise InvalidParameter(f"Invalid value {text[:100]!r} for parameter '{name}': an integer.")
    return number


def _json(answer: msgspec.Struct) -> web.Response:
    return web.Response(body=msgspec.json.encode(answer), content_type=JSON_TYPE)
