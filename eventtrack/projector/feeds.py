"""A feed: one projection of one views file, how far it has folded the log, and whether it stopped.

Projections are apart: an event that one of them cannot apply stops that one before the event, with
the reason beside its checkpoint, and the others go on.
"""

import sqlite3
from typing import Any

from eventtrack.events import Position, Recorded, stored_name
from projections.projection import Projection


class Feed:
    """What the projector knows of one projection.

    fault: why it stopped, None while it follows; kept: the hints it carries from batch to batch.
    """

    __slots__ = ("fault", "kept", "position", "projection")

    def __init__(self, projection: Projection, position: Position) -> None:
        self.projection = projection
        self.position = position
        self.fault: str | None = None
        self.kept: dict[str, Any] = {}

    def stop(self, fault: str) -> None:
        """It takes in nothing more, until the server starts again or it is rebuilt."""
        self.fault = fault
        self.kept.clear()


def describe(recorded: Recorded, error: Exception) -> str:
    """The fault of a projection that could not apply an event."""
    return (
        f"it could not apply event {recorded.position} ({stored_name(type(recorded.event))} of "
        f"{recorded.stream}): {type(error).__name__}: {error}"
    )


_SURROUNDINGS = frozenset(
    (
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_READONLY,
    )
)


def is_of_surroundings(error: BaseException) -> bool:
    """Is the disk or the memory to blame, not the event?  Then trying again may help."""
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
        return (code & 0xFF) in _SURROUNDINGS
    return isinstance(error, MemoryError | OSError) or not isinstance(error, Exception)
