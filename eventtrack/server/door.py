"""What every route works with, handed in ready-made by the assembly."""

from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Protocol

from eventtrack.artifacts import ArtifactStore
from eventtrack.commands.corrections import Corrections
from eventtrack.commands.handler import Handler
from eventtrack.commands.receiver import Receiver
from eventtrack.commands.registry import Registry
from eventtrack.errors import Forbidden, NotSupported, Unavailable
from eventtrack.events import Position
from eventtrack.log import EventLog
from eventtrack.projector.past import PastNotReady
from eventtrack.server.hub import Hub
from eventtrack.server.liveness import Liveness
from eventtrack.server.moment import AS_OF, position_of
from eventtrack.server.webhooks.service import WebhookService
from projections.metrics.history import Histories, Points, read_points
from projections.table.kept import Listings
from projections.views import Views


class Present(Protocol):
    """The views that answer when nobody asks about the past: `Live`, or `Still`."""

    @property
    def faults(self) -> dict[str, str]:
        """Projections that stopped, and why."""
        ...

    @property
    def fault(self) -> str | None:
        """Why some or all views do not answer, or None."""
        ...

    @property
    def is_answering(self) -> bool:
        """Do any of the views answer?"""
        ...

    async def current(self) -> Views:
        """The views."""
        ...


class Past(Protocol):
    """The views of earlier times: `Pasts`."""

    async def of_run(self, run_id: str, position: Position) -> Views:
        """One run as it was."""
        ...

    async def whole(self, position: Position) -> Views:
        """Everything as it was."""
        ...


class Writing:
    """What takes writes.  head: the position of the last durable event."""

    def __init__(
        self,
        handler: Handler,
        receiver: Receiver,
        registry: Registry,
        corrections: Corrections,
        liveness: Liveness,
        webhooks: WebhookService,
        head: Callable[[], Position],
    ) -> None:
        self.corrections = corrections
        self.handler = handler
        self.receiver = receiver
        self.registry = registry
        self.liveness = liveness
        self.webhooks = webhooks
        self.head = head


class Door:
    """The parts behind the door.

    log, past: None for a server that has the views of one moment only; writing: None for a server
    that is read-only;
    artifacts: None under --no-serve-artifacts; artifact_root: of new experiments.
    """

    def __init__(
        self,
        *,
        log: EventLog | None,
        writing: Writing | None,
        live: Present,
        past: Past | None,
        artifacts: ArtifactStore | None,
        artifact_root: str,
        data: Path,
    ) -> None:
        self._log = log
        self._hub: Hub | None = None
        self._writing = writing
        self._past = past
        self._histories = Histories()
        self.listings = Listings()
        self.live = live
        self.artifacts = artifacts
        self.artifact_root = artifact_root
        self.data = data

    async def current(self, run_id: str | None = None) -> Views:
        """The views of the moment that the request asks about.

        Those of the present hold everything that was acknowledged before this call.  run_id: when
        only this run is looked at, whose past is at hand sooner than everything's.
        """
        position = AS_OF.get()
        if position is None:
            return await self.live.current()
        assert self._past is not None
        if run_id is not None:
            return await self._past.of_run(run_id, position)
        try:
            return await self._past.whole(position)
        except PastNotReady as error:
            raise Unavailable(str(error)) from error

    async def of_each(self, run_ids: Sequence[str]) -> AsyncIterator[tuple[str, Views]]:
        """(run id, views to look at it) for several runs, one of which is looked at at a time."""
        present = await self.live.current() if AS_OF.get() is None else None
        for run_id in run_ids:
            yield run_id, present or await self.current(run_id)

    async def history(self, views: Views, run_id: str, key: str) -> Points:
        """All distinct points of a series in these views, sorted."""
        if AS_OF.get() is not None:
            return await read_points(views, run_id, key)
        return await self._histories.read(views, run_id, key)

    @property
    def log(self) -> EventLog:
        """The log, to read what happened; NotSupported where there is none."""
        if self._log is None:
            raise NotSupported(
                "This server has the views of one moment and no log: ask the server that they come "
                "from."
            )
        return self._log

    @property
    def hub(self) -> Hub:
        """Reads the log's head for all who follow it live; NotSupported where there is none."""
        if self._hub is None:
            self._hub = Hub(self.log)
        return self._hub

    def stop(self) -> None:
        """End what would go on for ever: the server is to stop."""
        if self._hub is not None:
            self._hub.close()

    async def position_of(self, words: str) -> Position:
        """What a moment in words is in the log; InvalidParameter, NotSupported."""
        return await position_of(words, self.log)

    @property
    def handler(self) -> Handler:
        """Executes commands; Forbidden where nothing may be written."""
        return self._written().handler

    @property
    def receiver(self) -> Receiver:
        """Takes what native clients send; Forbidden where nothing may be written."""
        return self._written().receiver

    @property
    def registry(self) -> Registry:
        """Executes the model registry's commands; Forbidden where nothing may be written."""
        return self._written().registry

    @property
    def corrections(self) -> Corrections:
        """Takes back and puts right; Forbidden where nothing may be written."""
        return self._written().corrections

    @property
    def liveness(self) -> Liveness:
        """Notes who was heard from; Forbidden where nothing may be written."""
        return self._written().liveness

    @property
    def webhooks(self) -> WebhookService:
        """Makes webhooks and tells them; Forbidden where nothing may be written."""
        return self._written().webhooks

    @property
    def head(self) -> Callable[[], Position]:
        """The position of the last durable event; Forbidden where nothing may be written."""
        return self._written().head

    def _written(self) -> Writing:
        position = AS_OF.get()
        if position is not None:
            raise Forbidden(
                f"The past cannot be changed: the request asks about position {position}. Leave "
                "the moment out to write to the present."
            )
        if self._writing is None:
            raise Forbidden(
                "This server is read-only. Write to the server that these views come from, or "
                "start this one without --read-only."
            )
        return self._writing

    @property
    def is_read_only(self) -> bool:
        """Does this server take no writes at all?"""
        return self._writing is None

    def check_writable(self) -> None:
        """Raise Forbidden where nothing may be written."""
        self._written()
