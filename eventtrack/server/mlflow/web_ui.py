"""MLflow's own web UI, from the installed mlflow package (`--ui mlflow`).

The files are found without importing mlflow, which takes seconds and is no dependency of the
server.  Their addresses are relative, so the same pages also open below `/as-of/<moment>/` and show
the past.
"""

import asyncio
import hashlib
import importlib.util
import re
import zlib
from collections.abc import Callable
from pathlib import Path

import msgspec
from aiohttp import hdrs, web

from eventtrack.errors import EndpointNotFound
from eventtrack.server.dispatch import PATH_PARAMETERS, Handle
from eventtrack.server.door import Door

INDEX = "index.html"
FOR_EVER = "public, max-age=31536000, immutable"
ASK_FIRST = "no-cache"

TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".cjs": "text/javascript",
    ".css": "text/css",
    ".json": "application/json",
    ".txt": "text/plain",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/vnd.microsoft.icon",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".ttf": "font/ttf",
    ".eot": "application/vnd.ms-fontobject",
}
"""Ours, because the system's table differs from one machine to the next."""

_PACKED = frozenset((".html", ".js", ".mjs", ".cjs", ".css", ".json", ".txt", ".svg", ".ttf"))
"""What gzip makes smaller: the UI's scripts are 22 MB, packed 6 MB."""

GZIP = 31
"""What zlib calls a window of 32 KiB within gzip's frame."""

_HASHED = re.compile(r"\.[0-9a-f]{8,32}\.")
"""The build puts a digest of the content into a file's name; other names are used again."""


class NoWebUI(Exception):
    """There is no MLflow web UI to serve; the message says what to install."""


def find_build() -> Path:
    """The folder of the installed mlflow's built web UI.  Raises NoWebUI."""
    spec = importlib.util.find_spec("mlflow")
    if spec is None or not spec.submodule_search_locations:
        raise NoWebUI(
            "--ui mlflow needs the mlflow package, which is not installed beside eventtrack: pip "
            "install 'eventtrack[mlflow]', or start without --ui"
        )
    package = Path(next(iter(spec.submodule_search_locations)))
    build = package / "server" / "js" / "build"
    if not (build / INDEX).is_file():
        raise NoWebUI(
            f"--ui mlflow: the mlflow package in {package} comes without the web UI, as "
            "mlflow-skinny and source checkouts do: pip install mlflow, or start without --ui"
        )
    return build


class _File(msgspec.Struct, frozen=True):
    """A file of the build: its bytes, kept packed if that pays, and a digest of its content."""

    kept: bytes
    is_packed: bool
    content_type: str
    digest: str


class WebUI:
    """The build's files; only names that were there at the start are ever opened."""

    def __init__(self, build: Path) -> None:
        self._paths = {
            path.relative_to(build).as_posix(): path for path in build.rglob("*") if path.is_file()
        }
        self._files: dict[str, _File] = {}

    def index(self, door: Door) -> Handle:
        """GET /: the page that loads the rest; its routes are behind the `#`."""

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            return await self._send(request, INDEX)

        return handle

    def file(self, door: Door) -> Handle:
        """GET /static-files/{path...}."""

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            return await self._send(request, request[PATH_PARAMETERS]["path"])

        return handle

    def routes(self) -> tuple[tuple[str, str, Callable[[Door], Handle]], ...]:
        """(method, path, maker of the handler)."""
        return (("GET", "/", self.index), ("GET", "/static-files/{path...}", self.file))

    async def _send(self, request: web.BaseRequest, name: str) -> web.Response:
        file = await self._file(name)
        headers = {
            hdrs.CACHE_CONTROL: FOR_EVER if _HASHED.search(name) else ASK_FIRST,
            hdrs.ETAG: f'"{file.digest}"',
            hdrs.VARY: hdrs.ACCEPT_ENCODING,
        }
        if any(each.value in (file.digest, "*") for each in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        body = file.kept
        if file.is_packed and "gzip" in request.headers.get(hdrs.ACCEPT_ENCODING, ""):
            headers[hdrs.CONTENT_ENCODING] = "gzip"
        elif file.is_packed:
            body = await asyncio.to_thread(zlib.decompress, body, GZIP)
        return web.Response(body=body, content_type=file.content_type, headers=headers)

    async def _file(self, name: str) -> _File:
        file = self._files.get(name)
        if file is None:
            path = self._paths.get(name)
            if path is None:
                raise EndpointNotFound(f"MLflow's web UI has no file {name[:200]!r}.")
            # Off the loop: to pack a script of 4 MB takes a fifth of a second.
            file = self._files[name] = await asyncio.to_thread(_read, path)
        return file


def _read(path: Path) -> _File:
    try:
        body = path.read_bytes()
    except FileNotFoundError as error:
        raise EndpointNotFound(
            f"{path.name} is gone: mlflow was upgraded or removed since this server started; "
            "restart it."
        ) from error
    is_packed = path.suffix in _PACKED
    kept = zlib.compress(body, wbits=GZIP) if is_packed else body
    content_type = TYPES.get(path.suffix, "application/octet-stream")
    return _File(kept, is_packed, content_type, hashlib.sha256(body).hexdigest()[:16])
