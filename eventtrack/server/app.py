"""The HTTP server, made of ready-made parts: aiohttp's low-level server around one entrance."""

import asyncio
from typing import Any

from aiohttp import web

from eventtrack.server.dispatch import Dispatch
from eventtrack.server.door import Door
from eventtrack.server.entrance import Entrance
from eventtrack.server.lane import Lane, LaneServer
from eventtrack.server.mlflow.web_ui import WebUI
from eventtrack.server.protection import Protection
from eventtrack.server.routes import add_routes
from eventtrack.server.telemetry import Telemetry


def make_server(
    door: Door,
    protection: Protection,
    telemetry: Telemetry,
    *,
    web_ui: WebUI | None,
    body_bytes_max: int,
    access_log: bool,
) -> web.Server:
    """The server behind the door.

    web_ui: MLflow's pages, in the place of ours; body_bytes_max: of requests that are not
    artifacts.
    """
    dispatch = Dispatch()
    add_routes(dispatch, door, web_ui)
    dispatch.add("GET", "/metrics", telemetry.handler())
    entrance = Entrance(
        dispatch, protection, telemetry.requests, door.position_of, access_log=access_log
    )
    loop = asyncio.get_running_loop()

    def make_request(
        message: Any, payload: Any, protocol: Any, writer: Any, task: Any
    ) -> web.BaseRequest:
        return web.BaseRequest(
            message, payload, protocol, writer, task, loop, client_max_size=body_bytes_max
        )

    options: dict[str, Any] = {
        "request_factory": make_request,
        "access_log": None,
        "keepalive_timeout": KEEPALIVE_SECONDS,
        "lingering_time": LINGERING_SECONDS,
    }
    if access_log or door.is_read_only:
        # Every request must pass the entrance, which writes that log and refuses writes.
        return web.Server(entrance.handle, **options)
    lane = Lane(door.handler, protection, entrance.next_id, telemetry.requests)
    return LaneServer(lane, entrance.handle, **options)


KEEPALIVE_SECONDS = 75.0
LINGERING_SECONDS = 10.0
"""How long a refused upload may go on before its connection is closed."""
