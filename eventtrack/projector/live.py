"""The live views: one complete views file, its projector and its reading end, exchanged in flight.

Views files lie in one folder and are numbered.  The live one is the complete file with the greatest
number; a greater, incomplete one is being built beside it.  The switch is the transaction that
marks the new file complete, so whatever happens one whole file is there.
"""

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import AsyncGenerator, Callable, Sequence
from pathlib import Path

from eventtrack.events import Position
from eventtrack.log import EventLog
from eventtrack.projector import viewsfile
from eventtrack.projector.building import Order, anew_of
from eventtrack.projector.projector import Progress, Projector, ProjectorClosed
from eventtrack.projector.retirement import Retirement
from eventtrack.projector.threads import in_thread
from projections.projection import Projection
from projections.views import Views

logger = logging.getLogger("eventtrack.views")

Build = Callable[[Order], AsyncGenerator[tuple[Position, Position], None]]
"""Builds a views file somewhere else, saying (position, head) from time to time."""


class RebuildUnderWay(Exception):
    """The views are being rebuilt already."""


class Live:
    """Hands out the views that answer at the moment.  Make one with `await Live.open(...)`."""

    def __init__(
        self,
        log: EventLog,
        log_id: str,
        folder: Path,
        projections: Sequence[Projection],
        build: Build,
        projector: Projector,
        views: Views,
    ) -> None:
        self.folder = folder
        self.projector = projector
        self.views = views
        self._log = log
        self._log_id = log_id
        self._projections = projections
        self._build = build
        self._building = False
        self._following = False
        self._renewing: asyncio.Task[None] | None = None
        self._retirement = Retirement()

    @classmethod
    async def open(
        cls,
        log: EventLog,
        log_id: str,
        folder: Path,
        projections: Sequence[Projection],
        build: Build,
        progress: Progress | None = None,
    ) -> "Live":
        """Open the newest complete views, or make new ones, and catch up with the log."""
        path = await asyncio.to_thread(_choose, folder, log_id)
        projector = await Projector.open(log, log_id, path, projections)
        try:
            await projector.catch_up(progress)
            views = await Views.open(path, stopped=projector.stopped)
        except BaseException:
            await projector.close()
            raise
        return cls(log, log_id, folder, projections, build, projector, views)

    @property
    def faults(self) -> dict[str, str]:
        """Projections that stopped, and why."""
        return self.projector.faults

    @property
    def fault(self) -> str | None:
        """Why some or all views do not follow the log, or None."""
        return self.projector.fault

    @property
    def is_answering(self) -> bool:
        """Does any of the views follow the log?"""
        projector = self.projector
        return projector.fault is None or 0 < len(projector.faults) < len(projector.feeds)

    def start(self) -> None:
        """Follow the log from now on, and finish in the background what must be rebuilt."""
        self._following = True
        self.projector.start()
        self._renewing = asyncio.get_running_loop().create_task(self._renew(), name="renew views")

    async def current(self) -> Views:
        """The views, once they hold everything that was acknowledged before this call."""
        while True:
            projector, views = self.projector, self.views
            try:
                await projector.arrive()
            except ProjectorClosed:
                if projector is self.projector:
                    raise
                continue
            return views

    async def rebuild(
        self, names: Sequence[str]
    ) -> AsyncGenerator[tuple[Position, Position], None]:
        """Fold the log anew for these projections, for all when none is named, and switch.

        Yields (position, head) while the new views are built; queries are answered meanwhile.
        Raises RebuildUnderWay.
        """
        if self._building:
            raise RebuildUnderWay(
                "the views are being rebuilt already; look: eventtrack views status"
            )
        self._building = True
        try:
            live = self.projector.path
            path = _path_of(self.folder, _number_of(live) + 1)
            order = Order(str(path), str(live) if names else "", tuple(names))
            async with contextlib.aclosing(self._build(order)) as building:
                async for progress in building:
                    yield progress
            await self._switch(path)
        except GeneratorExit:
            # Whoever asked for it does not want it any more.
            await asyncio.to_thread(viewsfile.delete, path)
            raise
        finally:
            self._building = False

    async def close(self) -> None:
        """Stop following; a rebuild that runs stays as it stands, and goes on at the next start."""
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.gather(self._renewing, return_exceptions=True)
        await self._retirement.close()
        await self.views.close()
        await self.projector.close()

    async def _switch(self, path: Path) -> None:
        """Let the views in this file answer from now on."""
        projector = await Projector.open(self._log, self._log_id, path, self._projections)
        try:
            await projector.catch_up()
            views = await Views.open(path, stopped=projector.stopped)
            try:
                await in_thread(viewsfile.complete, projector.connection)
            except BaseException:
                await views.close()
                raise
        except BaseException:
            await projector.close()
            raise
        if self._following:
            projector.start()
        before = self.projector
        self._retirement.retire(self.views)
        # Whoever came before has an answer from the old views, whoever comes now gets the new.
        self.projector, self.views = projector, views
        await before.close(fold_rest=False)
        await asyncio.to_thread(viewsfile.delete, before.path)
        logger.info("the views in %s answer from now on", path.name)

    async def _renew(self) -> None:
        """Rebuild what another version folded, or what a rebuild left unfinished."""
        unfinished = await asyncio.to_thread(_unfinished, self.folder, self._log_id)
        outdated = [projection.name for projection in self.projector.outdated]
        if unfinished is None and not outdated:
            return
        if outdated:
            logger.info("another version folded %s: rebuilding", ", ".join(outdated))
        else:
            logger.info("a rebuild was interrupted: it goes on")
        try:
            async for position, head in self.rebuild(outdated or unfinished or ()):
                logger.info("rebuilding", extra={"fields": {"at": position, "of": head}})
        except Exception:
            logger.exception("the views could not be rebuilt; the old ones go on")


def _path_of(folder: Path, number: int) -> Path:
    return folder / f"{number}.db"


def _number_of(path: Path) -> int:
    return int(path.stem)


def _numbered(folder: Path) -> list[Path]:
    return sorted((path for path in folder.glob("*.db") if path.stem.isdecimal()), key=_number_of)


def live_path(folder: Path) -> Path | None:
    """The file that holds the live views, for those who only read; None when there is none."""
    for path in reversed(_numbered(folder)):
        found = _look(path)
        if found is not None and found[1]:
            return path
    return None


def building_path(folder: Path) -> Path | None:
    """The file that is being built beside the live views, or None."""
    newest = _numbered(folder)[-1:]
    found = _look(newest[0]) if newest else None
    return newest[0] if found is not None and not found[1] else None


def _choose(folder: Path, log_id: str) -> Path:
    """The file to open: the newest that is complete, or one to be made; older ones are deleted."""
    folder.mkdir(parents=True, exist_ok=True)
    chosen = None
    for path in reversed(_numbered(folder)):
        if chosen is not None:
            viewsfile.delete(path)
        elif (found := _look(path)) is not None and found[1] and found[2] == log_id:
            chosen = path
    return chosen or _path_of(folder, 1)


def _unfinished(folder: Path, log_id: str) -> tuple[str, ...] | None:
    """What the newest file, when it is an unfinished build, was to fold anew; () for all."""
    for path in reversed(_numbered(folder)):
        found = _look(path)
        if found is None or found[2] != log_id or found[1]:
            return None
        return anew_of(found[0])
    return None


def _look(path: Path) -> tuple[str, bool, str] | None:
    """(plan, complete, log id) of a views file; None when it is none."""
    try:
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
        try:
            ((plan, complete, log_id),) = connection.execute(
                "SELECT plan, complete, log_id FROM view_file"
            ).fetchall()
        finally:
            connection.close()
    except (sqlite3.DatabaseError, ValueError):
        return None
    return plan, bool(complete), log_id
