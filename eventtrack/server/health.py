"""`GET /health` answers `OK`, as MLflow has it, and waits for nothing.

When some projections stopped the rest is well, so the status stays 200 and the text names them;
when no view follows the log there is nothing to serve, and the status is 503.
"""

from aiohttp import web

from eventtrack.server.dispatch import Handle
from eventtrack.server.door import Door


def health(door: Door) -> Handle:
    """GET /health."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        live = door.live
        if live.fault is None:
            return web.Response(text="OK")
        lines = [f"projection {name} stopped: {fault}" for name, fault in live.faults.items()]
        if live.is_answering:
            return web.Response(text="\n".join(["OK, but", *lines]))
        return web.Response(status=503, text="\n".join(["DOWN", *(lines or [live.fault])]))

    return handle
