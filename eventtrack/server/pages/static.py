"""The pages' own style and script, from the package, cached by their content."""

import hashlib
from collections.abc import Callable
from importlib import resources

from aiohttp import hdrs, web

from eventtrack.server.dispatch import Handle
from eventtrack.server.door import Door

FILES = {"style.css": "text/css", "pages.js": "text/javascript", "icon.svg": "image/svg+xml"}
CACHE_SECONDS = 3600


def static(name: str) -> Callable[[Door], Handle]:
    """Make the route's maker for one file."""

    def make(door: Door) -> Handle:
        body = resources.files("eventtrack.server.pages").joinpath("static", name).read_bytes()
        etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        headers = {hdrs.ETAG: etag, hdrs.CACHE_CONTROL: f"public, max-age={CACHE_SECONDS}"}

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            if request.headers.get(hdrs.IF_NONE_MATCH) == etag:
                return web.Response(status=304, headers=headers)
            return web.Response(body=body, content_type=FILES[name], headers=headers)

        return handle

    return make
