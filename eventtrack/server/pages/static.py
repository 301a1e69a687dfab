"""The pages' own style and script, from the package.

A page names each file with a digest of its content, so that a browser may keep it for ever and
still never mixes an old style with a new page.
"""

import functools
import hashlib
from collections.abc import Callable
from importlib import resources

import msgspec
from aiohttp import hdrs, web

from eventtrack.server.dispatch import Handle
from eventtrack.server.door import Door

FILES = {"style.css": "text/css", "pages.js": "text/javascript", "icon.svg": "image/svg+xml"}
FOR_EVER = "public, max-age=31536000, immutable"
ASK_FIRST = "no-cache"


class Asset(msgspec.Struct, frozen=True):
    """A file and the digest of its content."""

    body: bytes
    digest: str


@functools.cache
def asset(name: str) -> Asset:
    """Read a file once."""
    body = resources.files("eventtrack.server.pages").joinpath("static", name).read_bytes()
    return Asset(body, hashlib.sha256(body).hexdigest()[:16])


def url_of(name: str) -> str:
    """The address under which a page asks for a file."""
    return f"/static-files/{name}?v={asset(name).digest}"


def static(name: str) -> Callable[[Door], Handle]:
    """Make the route's maker for one file."""

    def make(door: Door) -> Handle:
        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            file = asset(name)
            current = request.query.get("v") == file.digest
            headers = {
                hdrs.ETAG: f'"{file.digest}"',
                hdrs.CACHE_CONTROL: FOR_EVER if current else ASK_FIRST,
            }
            if any(each.value in (file.digest, "*") for each in request.if_none_match or ()):
                return web.Response(status=304, headers=headers)
            return web.Response(body=file.body, content_type=FILES[name], headers=headers)

        return handle

    return make
