"""The audit trail: GET runs/{run_id}/events, and its like for experiments, logged models and saved
views."""

import msgspec
from aiohttp import web

from eventtrack.audit.history import LIMIT_MAX, Filter, history, stream_of_model_name
from eventtrack.commands import (
    experiments,
    logged_models,
    registered_models,
    runs,
    saved_views,
    webhooks,
)
from eventtrack.errors import DoesNotExist, InvalidParameter
from eventtrack.events import CURRENT, START, Position
from eventtrack.server.dispatch import PATH_PARAMETERS, Handle
from eventtrack.server.door import Door
from eventtrack.server.moment import AS_OF, begin_of, position_of
from eventtrack.server.native.queries import integer_of
from eventtrack.wire.ingest import JSON_TYPE

LIMIT = 100
_NAMES = frozenset(event_type.__name__ for event_type in CURRENT)


def run_events(door: Door) -> Handle:
    """GET runs/{run_id}/events?actor=&type=&since=&until=&after=&before=&limit=&order="""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        run_id = request[PATH_PARAMETERS]["run_id"]
        return await _answer(door, request, runs.stream_of(run_id), runs.no_such_run(run_id))

    return handle


def experiment_events(door: Door) -> Handle:
    """GET experiments/{experiment_id}/events, as for runs."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        experiment_id = str(experiments.parse_id(request[PATH_PARAMETERS]["experiment_id"]))
        absent = experiments.no_such_experiment(experiment_id)
        return await _answer(door, request, experiments.stream_of(experiment_id), absent)

    return handle


def model_events(door: Door) -> Handle:
    """GET logged-models/{model_id}/events, as for runs."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        model_id = request[PATH_PARAMETERS]["model_id"]
        absent = logged_models.no_such_model(model_id)
        return await _answer(door, request, logged_models.stream_of(model_id), absent)

    return handle


def registered_model_events(door: Door) -> Handle:
    """GET registered-models/{name}/events, as for runs; of one renamed or deleted since, too."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        name = request[PATH_PARAMETERS]["name"]
        absent = registered_models.no_such_registered_model(name)
        stream = await stream_of_model_name(door.log, name)
        if stream is None:
            raise absent
        return await _answer(door, request, stream, absent)

    return handle


def saved_view_events(door: Door) -> Handle:
    """GET saved-views/{view_id}/events, as for runs."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        view_id = request[PATH_PARAMETERS]["view_id"]
        absent = saved_views.no_such_view(view_id)
        return await _answer(door, request, saved_views.stream_of(view_id), absent)

    return handle


def webhook_events(door: Door) -> Handle:
    """GET webhooks/{webhook_id}/events, as for runs; of a deleted one, too."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        webhook_id = request[PATH_PARAMETERS]["webhook_id"]
        absent = webhooks.no_such_webhook(webhook_id)
        return await _answer(door, request, webhooks.stream_of(webhook_id), absent)

    return handle


async def _answer(
    door: Door, request: web.BaseRequest, stream: str, absent: DoesNotExist
) -> web.Response:
    query = request.query
    limit = integer_of(request, "limit")
    limit = LIMIT if limit is None else limit
    if not 1 <= limit <= LIMIT_MAX:
        raise InvalidParameter(
            f"Invalid value {limit} for parameter 'limit': from 1 to {LIMIT_MAX}."
        )
    order = query.get("order", "newest")
    if order not in ("newest", "oldest"):
        raise InvalidParameter(
            f"Invalid value {order[:100]!r} for parameter 'order': newest or oldest."
        )
    log = door.log
    since, after, until = START, START, AS_OF.get()
    if words := query.get("since", ""):
        since, after = await begin_of(words, log, "since")
    if words := query.get("until", ""):
        given = await position_of(words, log, "until")
        until = given if until is None else min(given, until)
    before = integer_of(request, "before")
    wanted = Filter(
        actor=query.get("actor", ""),
        types=checked_types(query.getall("type", [])),
        since=since,
        after=max(after, Position(integer_of(request, "after") or 0)),
        until=until,
        before=None if before is None else Position(before),
    )
    if not await log.version(stream):
        raise absent
    page = await history(log, stream, wanted, limit=limit, newest_first=order == "newest")
    return web.Response(body=msgspec.json.encode(page), content_type=JSON_TYPE)


def checked_types(given: list[str]) -> list[str]:
    """Names of events, several in one parameter with commas between; InvalidParameter."""
    names = [name for each in given for name in each.split(",") if name]
    for name in names:
        if name.removeprefix("!") not in _NAMES:
            raise InvalidParameter(
                f"Invalid value {name[:100]!r} for parameter 'type': no event has this name; "
                f"there are {', '.join(sorted(_NAMES))}."
            )
    return names
