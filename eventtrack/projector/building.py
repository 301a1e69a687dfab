"""Building a views file beside the live ones: all projections or some, up to the head or the past.

A build that was interrupted goes on where it stood, when it is asked for the same again.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import msgspec

from eventtrack.events import Position, Recorded
from eventtrack.log import EventLog
from eventtrack.projector import viewsfile
from eventtrack.projector.projector import Progress, Projector
from projections.projection import Projection


class Order(msgspec.Struct, frozen=True, omit_defaults=True):
    """What to build.

    path: of the new file; base: a complete views file to copy first, "" for none; anew: the
    projections that fold the log from its start although there is a base; until: the last position
    to fold, None for all there is.
    """

    path: str
    base: str = ""
    anew: tuple[str, ...] = ()
    until: Position | None = None

    @property
    def plan(self) -> str:
        """What tells this build from others, noted in the file."""
        return msgspec.json.encode((bool(self.base), sorted(self.anew), self.until)).decode()


def anew_of(plan: str) -> tuple[str, ...] | None:
    """The projections that an unfinished build was to fold anew, none named when all; None when
    this release does not understand the plan."""
    try:
        _, anew, until = msgspec.json.decode(plan, type=tuple[bool, tuple[str, ...], int | None])
    except msgspec.MsgspecError:
        return None
    return anew if until is None else None


class Until:
    """A log as it was at a position: what came later is not there."""

    def __init__(self, log: EventLog, position: Position) -> None:
        self._log = log
        self._position = position

    def head(self) -> Position:
        """See `EventLog.head`."""
        return min(self._position, self._log.head())

    def count_after(self, after: Position) -> int:
        """See `EventLog.count_after`."""
        return max(0, self._log.count_after(after) - self._log.count_after(self.head()))

    async def read(
        self, after: Position, *, events_max: int = 4096, bytes_max: int = 1 << 24
    ) -> list[Recorded]:
        """See `EventLog.read`."""
        batch = await self._log.read(after, events_max=events_max, bytes_max=bytes_max)
        return [recorded for recorded in batch if recorded.position <= self._position]


def prepare(order: Order, log_id: str, projections: Sequence[Projection]) -> None:
    """Make the file, or leave it as it is when it is an unfinished build of the same."""
    path = Path(order.path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and _is_unfinished(path, order.plan, log_id, projections):
        return
    if not order.base:
        viewsfile.create(path, log_id, projections, plan=order.plan, complete=False).close()
        return
    viewsfile.delete(path)
    source = sqlite3.connect(f"{Path(order.base).as_uri()}?mode=ro", uri=True)
    connection = viewsfile.connect(path)
    try:
        source.backup(connection)
        found = viewsfile.checkpoints(connection, log_id) or {}
        if order.until is not None and any(e.position > order.until for e in found.values()):
            # The base moved on while it was copied.
            connection.close()
            viewsfile.create(path, log_id, projections, plan=order.plan, complete=False).close()
            return
        connection.execute("UPDATE view_file SET plan = ?, complete = 0", (order.plan,))
        viewsfile.restart(
            connection,
            [
                each
                for each in projections
                if each.name in order.anew
                or each.name not in found
                or not found[each.name].fits(each)
            ],
        )
    finally:
        source.close()
        connection.close()


def _is_unfinished(path: Path, plan: str, log_id: str, projections: Sequence[Projection]) -> bool:
    try:
        connection = viewsfile.connect(path)
    except sqlite3.DatabaseError:
        return False
    try:
        found = viewsfile.checkpoints(connection, log_id)
        return (
            found is not None
            and viewsfile.plan_of(connection) == (plan, False)
            and all(each.name in found and found[each.name].fits(each) for each in projections)
        )
    except sqlite3.DatabaseError:
        return False
    finally:
        connection.close()


async def build(
    log: EventLog,
    log_id: str,
    projections: Sequence[Projection],
    order: Order,
    progress: Progress | None = None,
    is_near: Callable[[], Awaitable[bool]] | None = None,
) -> None:
    """Fold the log into the ordered file; a build up to a position is complete after it.

    is_near: asked at the head: is it the head still, or should folding go on?
    """
    await asyncio.to_thread(prepare, order, log_id, projections)
    source = log if order.until is None else Until(log, order.until)
    projector = await Projector.open(source, log_id, Path(order.path), projections)  # type: ignore[arg-type]
    try:
        await projector.catch_up(progress)
        while is_near is not None and not await is_near():
            await projector.catch_up(progress)
        if order.until is not None:
            viewsfile.seal(projector.connection)
    finally:
        await projector.close()
