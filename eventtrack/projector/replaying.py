"""Fold the log anew: into a folder that can be served, or to check the live views."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

from eventtrack.events import START, Position
from eventtrack.log import EventLog
from eventtrack.projector import still, viewsfile
from eventtrack.projector.building import Order, build
from eventtrack.projector.comparing import Compared, compare_points, compare_rows
from eventtrack.projector.live import live_path
from eventtrack.projector.projector import Progress
from projections.builtin import BUILT_IN
from projections.views import Views


class CannotReplay(Exception):
    """There is nothing to compare, or the folder is not empty; the message says what to do."""


async def replay(
    log: EventLog, about: still.About, folder: Path, progress: Progress | None = None
) -> None:
    """Build the views as they were at `about.position` in a new folder, ready to be served.

    Interrupted, it goes on when it is asked for the same again.  Raises CannotReplay.
    """
    if not await asyncio.to_thread(_prepare, about, folder):
        order = Order(str(folder / still.VIEWS), until=about.position)
        await build(log, about.log_id, BUILT_IN, order, progress)


def _prepare(about: still.About, folder: Path) -> bool:
    """Make the folder; are the views in it already?"""
    known = still.about(folder)
    if known is None and folder.exists() and any(folder.iterdir()):
        raise CannotReplay(f"{folder} is not empty: name a new folder with --to")
    if known is not None and (known.log_id, known.position) != (about.log_id, about.position):
        raise CannotReplay(f"{folder} holds another past: name a new folder with --to")
    folder.mkdir(parents=True, exist_ok=True)
    about.write(folder)
    return viewsfile.state_of(folder / still.VIEWS, about.log_id, BUILT_IN) == "complete"


async def check(
    log: EventLog, log_id: str, views_folder: Path, progress: Progress | None = None
) -> AsyncIterator[Compared]:
    """Fold the whole log and compare with the live views, table by table.  Raises CannotReplay."""
    source = live_path(views_folder)
    if source is None:
        raise CannotReplay(f"there are no views in {views_folder} yet: start the server once")
    folder = views_folder / "check"
    await asyncio.to_thread(_empty, folder)
    try:
        live, replayed = folder / "live.db", folder / "replayed.db"
        # A copy, because a server may go on with the views meanwhile.
        found = await asyncio.to_thread(_copy, source, live, log_id)
        following = []
        for each in BUILT_IN:
            checkpoint = found.get(each.name)
            if checkpoint is None or not checkpoint.fits(each):
                words = "folded by another version: the next start rebuilds it"
            elif checkpoint.fault is not None:
                words = f"stopped: {checkpoint.fault}"
            else:
                following.append(each)
                continue
            yield Compared(each.name, "all", 0, words)
        until = max((found[each.name].position for each in following), default=START)
        order = Order(str(replayed), until=Position(until))
        await build(log, log_id, BUILT_IN, order, progress)
        for compared in compare_rows(live, replayed, following):
            yield compared
        for each in following:
            if each.packed:
                here, there = await Views.open(live), await Views.open(replayed)
                try:
                    yield await compare_points(here, there, each.name)
                finally:
                    await here.close()
                    await there.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _empty(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _copy(source: Path, target: Path, log_id: str) -> dict[str, viewsfile.Checkpoint]:
    reading = sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)
    copy = sqlite3.connect(target)
    try:
        reading.backup(copy)
        found = viewsfile.checkpoints(copy, log_id)
    finally:
        reading.close()
        copy.close()
    if found is None:
        raise CannotReplay(f"{source} is of another log: eventtrack views rebuild makes it anew")
    return found
