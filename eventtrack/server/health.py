"""Liveness: `GET /health` answers `OK`, as MLflow has it, and waits for nothing."""

from aiohttp import web


async def health(request: web.BaseRequest) -> web.Response:
    """GET /health."""
    return web.Response(text="OK")
