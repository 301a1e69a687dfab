"""The web UI's files as they were built: the page at /, and assets that browsers keep for ever.

An asset's name holds a digest of its content; the page, which names the assets, is asked for anew
each time.  Everything was compressed at build time; here the variant is chosen that is accepted.
"""

import hashlib
import mimetypes
from pathlib import Path

import msgspec
from aiohttp import hdrs, web

from eventtrack.errors import EndpointNotFound
from eventtrack.server.dispatch import PATH_PARAMETERS, Handle
from eventtrack.ui import DIST

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
    "connect-src 'self'; frame-src 'self'; form-action 'none'; base-uri 'none'; "
    "frame-ancestors 'self'"
)
"""Nothing inline, nothing evaluated, nothing from elsewhere: what is logged never runs here."""

FOR_EVER = "public, max-age=31536000, immutable"
ASK_FIRST = "no-cache"
ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
"""Content codings and the suffix of the files that hold them, the smallest first."""

NOT_BUILT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<title>eventtrack: the web UI is not built</title></head>
<body><h1>The web UI is not built</h1>
<p>The server runs, and its API answers. Its pages have to be built once in a checkout; in the
checkout's folder:</p>
<pre>scripts/build_ui.py</pre>
<p>Then load this page again; the server need not be restarted. It needs Node 20.19 or newer, or
else fetches one from PyPI. An installed wheel has the pages in it.</p></body></html>
"""


class File(msgspec.Struct, frozen=True):
    """A built file: its content type, its bodies by content coding ("" for none), its digest."""

    content_type: str
    bodies: dict[str, bytes]
    digest: str


class BuiltFiles:
    """The files of one build, by name; read again when there is another build."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._build = 0
        self._files: dict[str, File] = {}

    def find(self, name: str) -> File | None:
        """A file by its path below the folder; None when it was not built."""
        try:
            build = (self._folder / "index.html").stat().st_mtime_ns
        except OSError:
            return None
        if build != self._build:
            self._files, self._build = _read(self._folder), build
        return self._files.get(name)


def _read(folder: Path) -> dict[str, File]:
    found = {}
    suffixes = tuple(suffix for _, suffix in ENCODINGS)
    for path in folder.rglob("*"):
        if not path.is_file() or path.name.endswith(suffixes):
            continue
        body = path.read_bytes()
        bodies = {"": body}
        for coding, suffix in ENCODINGS:
            packed = path.with_name(path.name + suffix)
            if packed.is_file():
                bodies[coding] = packed.read_bytes()
        found[path.relative_to(folder).as_posix()] = File(
            mimetypes.guess_type(path.name)[0] or "application/octet-stream",
            bodies,
            hashlib.sha256(body).hexdigest()[:16],
        )
    return found


def coding_for(accepted: str, file: File) -> str:
    """The smallest body's coding that an Accept-Encoding header takes, "" for none."""
    qualities: dict[str, bool] = {}
    for each in accepted.lower().split(","):
        name, _, parameters = each.partition(";")
        quality = parameters.strip().removeprefix("q=")
        qualities[name.strip()] = quality.strip("0.") != "" or quality == ""
    wildcard = qualities.get("*", False)
    for coding, _ in ENCODINGS:
        if coding in file.bodies and qualities.get(coding, wildcard):
            return coding
    return ""


def index(files: BuiltFiles) -> Handle:
    """GET /: the one page, which shows everything by the address behind #."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        file = files.find("index.html")
        if file is None:
            return web.Response(
                status=503,
                text=NOT_BUILT,
                content_type="text/html",
                headers={hdrs.CACHE_CONTROL: "no-store", "Content-Security-Policy": POLICY},
            )
        return _answer(request, file, ASK_FIRST)

    return handle


def asset(files: BuiltFiles) -> Handle:
    """GET /assets/{name}."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        name = request[PATH_PARAMETERS]["name"]
        file = files.find(f"assets/{name}")
        if file is None:
            raise EndpointNotFound(
                f"There is no file {name[:100]!r} in the present build of the web UI: load the "
                "page again."
            )
        return _answer(request, file, FOR_EVER)

    return handle


def _answer(request: web.BaseRequest, file: File, keep: str) -> web.Response:
    coding = coding_for(request.headers.get(hdrs.ACCEPT_ENCODING, ""), file)
    tag = f"{file.digest}-{coding}" if coding else file.digest
    headers = {
        hdrs.ETAG: f'"{tag}"',
        hdrs.CACHE_CONTROL: keep,
        hdrs.VARY: hdrs.ACCEPT_ENCODING,
        "Content-Security-Policy": POLICY,
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    if any(each.value in (tag, "*") for each in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    if coding:
        headers[hdrs.CONTENT_ENCODING] = coding
    response = web.Response(body=file.bodies[coding], headers=headers)
    response.content_type = file.content_type
    if file.content_type.startswith("text/"):
        response.charset = "utf-8"
    return response


BESIDE = "/eventtrack"
"""Where the UI is when another has the place of honour; no slash follows, so that what its page
names relatively is where it always is."""


def routes(path: str) -> tuple[tuple[str, str, Handle], ...]:
    """(method, path, handler) of the UI's files; path: of the page."""
    files = BuiltFiles(DIST)
    return (("GET", path, index(files)), ("GET", "/assets/{name}", asset(files)))
