"""The composition root: settings -> lock, log, views, projector, cellar, handler, application.

The only module that chooses the log's engine.
"""

import contextlib
import fcntl
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec
from aiohttp import web

import eventtrack
import projections
from eventtrack.artifacts import ArtifactStore
from eventtrack.artifacts.factory import open_store
from eventtrack.commands.handler import Handler
from eventtrack.commands.receiver import Receiver
from eventtrack.log.sqlite import SqliteLog
from eventtrack.projector.projector import Progress, Projector
from eventtrack.server.app import make_server
from eventtrack.server.door import Door
from eventtrack.server.liveness import Liveness
from eventtrack.server.protection import Protection
from eventtrack.server.states import ViewStates
from eventtrack.server.telemetry import Telemetry
from eventtrack.settings import Settings
from projections.builtin import BUILT_IN
from projections.metrics.history import Histories
from projections.views import Views

SYSTEM_ACTOR = "eventtrack@server"


class CannotStart(Exception):
    """The server cannot start; the message says why and what to do."""


class Stack(msgspec.Struct, frozen=True):
    """The parts below the door: open, the views caught up with the log."""

    log: SqliteLog
    projector: Projector
    views: Views


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
def locked(log_path: Path) -> Iterator[None]:
    """Hold the lock of a log, so that one process alone writes it and its views.

    The kernel lets go of it when the process ends, however it ends.
    """
    log_path.parent.mkdir(parents=True, exist_ok=True)
    path = log_path.with_name(log_path.stem + ".lock")
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise CannotStart(
                f"{log_path.parent} is in use by another eventtrack (process {holder}): stop it "
                "first, or name another folder with --data"
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


@contextlib.asynccontextmanager
async def open_log(settings: Settings, *, read_only: bool = False) -> AsyncIterator[SqliteLog]:
    """The log alone, for tools; read_only: while a server writes it."""
    log = await SqliteLog.open(settings.log_path, read_only=read_only)
    try:
        yield log
    finally:
        await log.close()


@contextlib.asynccontextmanager
async def open_stack(settings: Settings, progress: Progress | None = None) -> AsyncIterator[Stack]:
    """Log, projector and views; the caller holds the lock."""
    async with contextlib.AsyncExitStack() as cleanup:
        log = await SqliteLog.open(settings.log_path)
        cleanup.push_async_callback(log.close)
        projector = await Projector.open(log, log.log_id, settings.views_path, BUILT_IN, progress)
        cleanup.push_async_callback(projector.close)
        views = await Views.open(settings.views_path)
        cleanup.push_async_callback(views.close)
        yield Stack(log, projector, views)


@contextlib.asynccontextmanager
async def open_views(settings: Settings) -> AsyncIterator[Views]:
    """The views alone, as a running server keeps them."""
    views = await Views.open(settings.views_path, connections=1)
    try:
        yield views
    finally:
        await views.close()


@contextlib.asynccontextmanager
async def open_server(
    settings: Settings, progress: Progress | None = None
) -> AsyncIterator[web.Server]:
    """The HTTP server, ready to be bound; the caller holds the lock."""
    check_packages()
    async with contextlib.AsyncExitStack() as cleanup:
        stack = await cleanup.enter_async_context(open_stack(settings, progress))
        states = ViewStates(stack.views, stack.projector)
        handler = Handler(stack.log, states, artifact_root=settings.artifact_root)
        await handler.ensure_default_experiment(SYSTEM_ACTOR)
        stack.projector.start()
        liveness = Liveness(handler, stack.views, stack.projector, SYSTEM_ACTOR)
        liveness.start()
        cleanup.push_async_callback(liveness.close)
        artifacts: ArtifactStore | None = None
        if settings.serve_artifacts:
            artifacts = open_store(settings.artifacts_path)
        door = Door(
            handler=handler,
            receiver=Receiver(handler),
            liveness=liveness,
            head=stack.log.head,
            views=stack.views,
            histories=Histories(stack.views),
            projector=stack.projector,
            artifacts=artifacts,
            artifact_root=settings.artifact_root,
            data=settings.data_path,
        )
        protection = Protection(settings.allowed_hosts, settings.cors_allowed_origins)
        yield make_server(
            door,
            protection,
            Telemetry(stack.log, stack.projector, eventtrack.__version__),
            body_bytes_max=settings.request_mebibytes_max << 20,
            access_log=settings.access_log,
        )
