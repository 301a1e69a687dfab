"""The composition root: settings -> lock, log, views, projector, cellar, handler, application.

The only module that chooses the log's engine.
"""

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import IO

import msgspec
from aiohttp import web

import eventtrack
import projections
from eventtrack.artifacts import ArtifactStore
from eventtrack.artifacts.factory import open_store
from eventtrack.commands.corrections import Corrections
from eventtrack.commands.handler import Handler
from eventtrack.commands.reach import Reach
from eventtrack.commands.receiver import Receiver
from eventtrack.commands.registry import Registry
from eventtrack.commands.webhooks import Webhooks
from eventtrack.log.sqlite import SqliteLog
from eventtrack.operations import Site
from eventtrack.projector.child import in_a_child
from eventtrack.projector.live import Live, live_path
from eventtrack.projector.past import Pasts
from eventtrack.projector.projector import Progress
from eventtrack.projector.still import About, Still
from eventtrack.server import control
from eventtrack.server.app import make_server
from eventtrack.server.door import Door, Writing
from eventtrack.server.liveness import Liveness
from eventtrack.server.mlflow.web_ui import NoWebUI, WebUI, find_build
from eventtrack.server.protection import Protection
from eventtrack.server.states import ViewStates
from eventtrack.server.telemetry import Telemetry
from eventtrack.server.webhooks.delivering import Deliveries
from eventtrack.server.webhooks.names import Names
from eventtrack.server.webhooks.outbox import Outbox
from eventtrack.server.webhooks.sending import Sender
from eventtrack.server.webhooks.service import WebhookService
from eventtrack.settings import Settings
from projections.builtin import BUILT_IN
from projections.views import Views

SYSTEM_ACTOR = "eventtrack@server"


class CannotStart(Exception):
    """The server cannot start; the message says why and what to do."""


class InUse(CannotStart):
    """Another eventtrack holds the data folder.  control: the socket it listens on, if any."""

    def __init__(self, message: str, control: Path | None) -> None:
        super().__init__(message)
        self.control = control


class Lock:
    """The held lock of a log; others find in its file who holds it."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._write(str(os.getpid()))

    def tell(self, control: Path) -> None:
        """Let others know where the control socket is."""
        self._write(f"{os.getpid()}\n{control}")

    def _write(self, text: str) -> None:
        self._file.seek(0)
        self._file.truncate()
        self._file.write(text)
        self._file.flush()


class Opened(msgspec.Struct, frozen=True):
    """A server ready to be bound.  stop: ends the requests that would go on for ever."""

    http: web.Server
    stop: Callable[[], None]


def check_packages() -> None:
    """Refuse to run with somebody else's `projections` in the place of ours."""
    ours = Path(eventtrack.__file__).resolve().parent.parent
    theirs = Path(projections.__file__ or "").resolve().parent.parent
    if ours != theirs:
        raise CannotStart(
            f"another package named 'projections', in {theirs}, hides eventtrack's own: remove or "
            "rename it, or run from another folder"
        )


@contextlib.contextmanager
def locked(log_path: Path) -> Iterator[Lock]:
    """Hold the lock of a log, so that one process alone writes it and its views.

    The kernel lets go of it when the process ends, however it ends.  Raises InUse.
    """
    log_path.parent.mkdir(parents=True, exist_ok=True)
    path = log_path.with_name(log_path.stem + ".lock")
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            holder, _, control = file.read().strip().partition("\n")
            raise InUse(
                f"{log_path.parent} is in use by another eventtrack (process "
                f"{holder or 'unknown'}): stop it first, or name another folder with --data",
                Path(control) if control else None,
            ) from error
        yield Lock(file)


@contextlib.asynccontextmanager
async def open_log(settings: Settings, *, read_only: bool = False) -> AsyncIterator[SqliteLog]:
    """The log alone, for tools; read_only: while a server writes it."""
    log = await SqliteLog.open(settings.log_path, read_only=read_only)
    try:
        yield log
    finally:
        await log.close()


@contextlib.asynccontextmanager
async def open_site(
    settings: Settings, progress: Progress | None = None, *, alone: bool = True
) -> AsyncIterator[Site]:
    """Everything below the door, the views caught up with the log; the caller holds the lock.

    alone: nothing is going to be served from it.
    """
    check_packages()
    async with contextlib.AsyncExitStack() as cleanup:
        log = await SqliteLog.open(settings.log_path)
        cleanup.push_async_callback(log.close)
        live = await Live.open(
            log,
            log.log_id,
            settings.views_folder,
            BUILT_IN,
            in_a_child(settings.log_path),
            progress,
        )
        cleanup.push_async_callback(live.close)
        pasts = Pasts(
            log,
            log.log_id,
            settings.views_folder / "past",
            BUILT_IN,
            in_a_child(settings.log_path),
            live,
        )
        cleanup.push_async_callback(pasts.close)
        artifacts: ArtifactStore | None = None
        if settings.serve_artifacts:
            artifacts = open_store(settings.artifacts_path)
        states = ViewStates(live)
        handler = Handler(log, states, artifact_root=settings.artifact_root)
        corrections = Corrections(log, handler, states)
        yield Site(settings, log, live, pasts, states, handler, corrections, artifacts, alone)


@contextlib.asynccontextmanager
async def open_views(settings: Settings) -> AsyncIterator[Views]:
    """The views alone, as a running server keeps them."""
    path = live_path(settings.views_folder)
    if path is None:
        raise CannotStart(f"there are no views in {settings.views_folder} yet")
    views = await Views.open(path, connections=1)
    try:
        yield views
    finally:
        await views.close()


@contextlib.asynccontextmanager
async def open_server(
    settings: Settings, lock: Lock, progress: Progress | None = None
) -> AsyncIterator[Opened]:
    """The HTTP server, ready to be bound; the caller holds the lock."""
    web_ui = _web_ui(settings)
    async with contextlib.AsyncExitStack() as cleanup:
        site = await cleanup.enter_async_context(open_site(settings, progress, alone=False))
        live, log = site.live, site.log
        assert isinstance(log, SqliteLog)
        writing = None
        if not settings.read_only:
            writing = await _open_writing(site, cleanup)
        live.start()
        lock.tell(await cleanup.enter_async_context(control.listen(site)))
        door = Door(
            log=log,
            writing=writing,
            live=live,
            past=site.pasts,
            artifacts=site.artifacts,
            artifact_root=settings.artifact_root,
            data=settings.data_path,
        )
        http = make_server(
            door,
            _protection(settings),
            Telemetry(
                log,
                live,
                eventtrack.__version__,
                writing.webhooks.deliveries if writing is not None else None,
            ),
            web_ui=web_ui,
            body_bytes_max=settings.request_mebibytes_max << 20,
            access_log=settings.access_log,
        )
        yield Opened(http, door.stop)


async def _open_writing(site: Site, cleanup: contextlib.AsyncExitStack) -> Writing:
    handler = site.handler
    await handler.ensure_default_experiment(SYSTEM_ACTOR)
    liveness = Liveness(handler, site.live, SYSTEM_ACTOR)
    liveness.start()
    cleanup.push_async_callback(liveness.close)
    receiver, registry = Receiver(handler), Registry(site.log, handler, site.states)
    webhooks = await _open_webhooks(site, cleanup)
    return Writing(handler, receiver, registry, site.corrections, liveness, webhooks, site.log.head)


async def _open_webhooks(site: Site, cleanup: contextlib.AsyncExitStack) -> WebhookService:
    log, handler = site.log, site.handler
    assert isinstance(log, SqliteLog)
    try:
        reach = Reach(site.settings.webhook_hosts)
    except ValueError as error:
        raise CannotStart(str(error)) from error
    log_path = site.settings.log_path
    path = log_path.with_name(log_path.stem + "-webhooks.db")
    try:
        outbox = await Outbox.open(path, log.log_id, log.head())
    except sqlite3.Error as error:
        raise CannotStart(
            f"{path}, which holds what waits to be told to webhooks, cannot be used ({error}): "
            "put it right, or delete it, and what waits is not told"
        ) from error
    names = Names()
    cleanup.push_async_callback(names.close)
    sender = Sender(reach, names)
    deliveries = Deliveries(log, log.log_id, site.live, outbox, sender, handler.now_ms)
    cleanup.push_async_callback(deliveries.close)
    deliveries.start()
    webhooks = Webhooks(log, handler, site.states, reach)
    return WebhookService(webhooks, reach, names, deliveries, handler.now_ms)


@contextlib.asynccontextmanager
async def open_past_server(settings: Settings, about: About) -> AsyncIterator[Opened]:
    """The HTTP server of a folder that `eventtrack replay` has made."""
    check_packages()
    web_ui = _web_ui(settings)
    still = await Still.open(settings.data_path, about.log_id)
    try:
        artifacts = settings.artifacts_destination or about.artifacts
        door = Door(
            log=None,
            writing=None,
            live=still,
            past=None,
            artifacts=open_store(artifacts) if settings.serve_artifacts else None,
            artifact_root=about.artifact_root,
            data=settings.data_path,
        )
        http = make_server(
            door,
            _protection(settings),
            Telemetry(None, None, eventtrack.__version__),
            web_ui=web_ui,
            body_bytes_max=settings.request_mebibytes_max << 20,
            access_log=settings.access_log,
        )
        yield Opened(http, door.stop)
    finally:
        await still.close()


def _web_ui(settings: Settings) -> WebUI | None:
    if settings.ui != "mlflow":
        return None
    try:
        return WebUI(find_build())
    except NoWebUI as error:
        raise CannotStart(str(error)) from error


def _protection(settings: Settings) -> Protection:
    return Protection(settings.allowed_hosts, settings.cors_allowed_origins)
