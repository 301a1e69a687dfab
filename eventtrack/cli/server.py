"""`eventtrack server`: serve until told to stop."""

import asyncio
import contextlib
import errno
import gc
import importlib
import logging
import signal
import sys
from typing import Any

import click
from aiohttp import web

from eventtrack.artifacts.errors import ArtifactError
from eventtrack.assembly import CannotStart, Opened, locked, open_past_server, open_server
from eventtrack.cli.options import settings_from, settings_options
from eventtrack.cli.structured import configure_logging
from eventtrack.events import Position
from eventtrack.log import LogError
from eventtrack.projector.still import NotPreserved, about
from eventtrack.settings import Settings

SHUTDOWN_SECONDS = 20.0
"""How long requests that run may take to finish after the signal to stop."""

BACKLOG = 1024
"""Connections the kernel may hold for us; hundreds of trainers start at once."""

GC_ALLOCATIONS = 50_000
"""Allocations between collections: a request leaves no cycles, so looking often is waste."""

NUMERIC = ("numpy", "pcodec")
"""What a server starts without, as it takes a third of the time, and its first chart needs."""

logger = logging.getLogger("eventtrack")


@click.command()
@settings_options()
def server(**values: Any) -> None:
    """Serve the tracking API and the web pages.

    Stop it with Ctrl-C or SIGTERM: requests in flight are finished first.
    """
    settings = settings_from(values)
    configure_logging()
    try:
        past = about(settings.data_path)
        if past is not None:
            if not settings.read_only:
                raise CannotStart(
                    f"{settings.data_path} holds the views of a past moment, and no log: serve it "
                    "with --read-only"
                )
            _run(serve(settings, open_past_server(settings, past)))
            return
        with locked(settings.log_path) as lock:
            _run(serve(settings, open_server(settings, lock, _report_catching_up)))
    except (CannotStart, NotPreserved, LogError, ArtifactError) as error:
        raise click.ClickException(str(error)) from error


def _run(main: "asyncio.coroutines.Coroutine[Any, Any, None]") -> None:  # type: ignore[name-defined]
    """Run on uvloop where it is installed."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(main)
        return
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main)


async def serve(
    settings: Settings, opening: contextlib.AbstractAsyncContextManager[Opened]
) -> None:
    """Open everything, serve until SIGINT or SIGTERM, close everything."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stop.set)
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_ALLOCATIONS, 20, 20)
    async with opening as opened:
        runner = web.ServerRunner(opened.http, shutdown_timeout=SHUTDOWN_SECONDS)
        await runner.setup()
        try:
            url = await _listen(runner, settings)
            _banner(settings, url)
            for name in NUMERIC:
                # While nobody waits for it.
                await asyncio.to_thread(importlib.import_module, name)
            await stop.wait()
            logger.info("stopping: requests in flight are finished first")
        finally:
            opened.stop()
            await runner.cleanup()


async def _listen(runner: web.ServerRunner, settings: Settings) -> str:
    site = web.TCPSite(runner, settings.host, settings.port, backlog=BACKLOG)
    try:
        await site.start()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            why = "the port is taken: stop the other server or choose another --port"
        else:
            why = error.strerror or str(error)
        raise CannotStart(f"cannot listen on {settings.host}:{settings.port}: {why}") from error
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::", "") else settings.host
    port = runner.addresses[0][1]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _report_catching_up(position: Position, head: Position) -> None:
    logger.info("views catch up with the log", extra={"fields": {"at": position, "of": head}})


def _banner(settings: Settings, url: str) -> None:
    if settings.read_only:
        click.echo(
            f"\n  eventtrack is ready at {url}, read-only\n  data: {settings.data_path}\n",
        )
        sys.stdout.flush()
        return
    click.echo(
        f"\n  eventtrack is ready at {url}\n"
        f"  data: {settings.log_path} (the log), {settings.artifacts_path} (artifacts)\n\n"
        "  In a training script:\n"
        f'      mlflow.set_tracking_uri("{url}")\n',
        err=False,
    )
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.flush()
