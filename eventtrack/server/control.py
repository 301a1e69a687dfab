"""The control socket: operations on a running server, for its own user on its own machine alone.

It is a Unix socket that only the server's user may open; the lock file of the log says where.
`POST /NAME` with the arguments as JSON is answered by a line of JSON for each report.
"""

import contextlib
import logging
import shutil
import socket
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

import msgspec
from aiohttp import web

from eventtrack.errors import EventtrackError
from eventtrack.log import LogError
from eventtrack.operations import OperationFailed, Report, Site
from eventtrack.operations.table import run

logger = logging.getLogger("eventtrack.control")

SHUTDOWN_SECONDS = 1.0

_encoder = msgspec.json.Encoder()


class Line(msgspec.Struct, omit_defaults=True):
    """A line of an answer: a report, the failure that ended it, or its end."""

    report: Report | None = None
    failed: str = ""
    done: bool = False


@contextlib.asynccontextmanager
async def listen(site: Site) -> AsyncIterator[Path]:
    """Serve operations on a new socket; gives its path."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        return await _handle(site, request)

    runner = web.ServerRunner(
        web.Server(handle, access_log=None), shutdown_timeout=SHUTDOWN_SECONDS
    )
    log_path = site.settings.log_path
    with contextlib.ExitStack() as cleanup:
        try:
            sock, path = _bind(log_path.with_name(log_path.stem + ".control"))
        except OSError:
            # The path is longer than a socket's may be, or the file system has no sockets.
            folder = Path(tempfile.mkdtemp(prefix="eventtrack-"))
            cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
            sock, path = _bind(folder / "control")
        cleanup.callback(path.unlink, missing_ok=True)
        await runner.setup()
        try:
            await web.SockSite(runner, sock).start()
            yield path
        finally:
            await runner.cleanup()


def _bind(path: Path) -> tuple[socket.socket, Path]:
    """A socket at the path, nobody else's before it listens."""
    path.unlink(missing_ok=True)
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.bind(str(path))
        path.chmod(0o600)
    except BaseException:
        sock.close()
        raise
    return sock, path


async def _handle(site: Site, request: web.BaseRequest) -> web.StreamResponse:
    name = request.path.strip("/")
    response = web.StreamResponse()
    response.content_type = "application/x-ndjson"
    body = await request.read()
    await response.prepare(request)
    logger.info("operation %s", name)
    try:
        async with contextlib.aclosing(_lines(site, name, body)) as lines:
            async for line in lines:
                await response.write(_encoder.encode(line) + b"\n")
    except ConnectionError:
        logger.info("operation %s: whoever asked for it went away, so it was stopped", name)
        return response
    await response.write_eof()
    return response


async def _lines(site: Site, name: str, body: bytes) -> AsyncGenerator[Line, None]:
    try:
        reports = run(site, name, body)
        assert isinstance(reports, AsyncGenerator)
        # Closed at once when whoever asked goes away, so that it stops at once.
        async with contextlib.aclosing(reports):
            async for report in reports:
                yield Line(report=report)
    except (OperationFailed, EventtrackError, LogError) as error:
        yield Line(failed=str(error))
    except Exception as error:
        logger.exception("operation %s failed", name)
        yield Line(failed=f"{type(error).__name__}: {error} (the server's log has more)")
    else:
        yield Line(done=True)
