"""The truth: the `EventLog` protocol, which every engine keeps, and its errors.

What any engine promises (held by `tests/log/contract.py`):
an append is all or nothing and durable when it returns; events of one stream are read in the order
in which they were acknowledged; a wrong expected version stores nothing; positions only grow, may
have holes, and are opaque to callers.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Protocol

import msgspec

from eventtrack.events import Fact, Position, Recorded


class LogError(Exception):
    """Base of the log's errors."""


class WrongVersion(LogError):
    """A checked stream is not at the version the append was decided on; nothing was stored."""

    def __init__(self, stream: str, expected: int, actual: int) -> None:
        super().__init__(
            f"stream {stream!r} is at version {actual}, the append expected {expected}"
        )
        self.stream = stream
        self.expected = expected
        self.actual = actual


class LogUnavailable(LogError):
    """The engine could not store or read (disk full, I/O error, closed); nothing was stored."""


class LogBusy(LogError):
    """More waits for the engine than memory should hold; nothing was stored: try again."""


class LogNotDurable(LogError):
    """The engine would lose acknowledged events in a power cut; it is refused at start."""


class LogNotOurs(LogError):
    """The file or engine holds something else than an event log this release can read."""


class Entry(msgspec.Struct, frozen=True):
    """An event to append.

    version: the place it takes among its stream's checked events (the expected version plus one);
    None appends it unchecked, wherever the stream stands.
    """

    stream: str
    event: Fact
    version: int | None = None


class Check(msgspec.Struct, frozen=True):
    """A stream that the append's decision read: it must still be at this version."""

    stream: str
    version: int


class Stored(msgspec.Struct, frozen=True):
    """An event as bytes, for verification and tools: `payload` is None when it was erased."""

    position: Position
    stream: str
    version: int | None
    recorded_at: int
    actor: str
    payload: bytes | None
    payload_digest: bytes
    digest: bytes


class EventLog(Protocol):
    """The one interface the rest of eventtrack has to the log."""

    async def append(
        self, entries: Sequence[Entry], *, actor: str, checks: Sequence[Check] = ()
    ) -> Position:
        """Store the entries together and return the position of the last, once it is durable.

        Raises WrongVersion, LogBusy or LogUnavailable; then nothing was stored.
        """
        ...

    def submit(self, entries: Sequence[Entry], *, actor: str) -> "asyncio.Future[Position]":
        """As `append` without checks: the future is done when the entries are durable."""
        ...

    async def read(
        self, after: Position, *, events_max: int = 4096, bytes_max: int = 1 << 24
    ) -> list[Recorded]:
        """Events after a position, in order; empty at the head.  At least one if there is one.

        Raises UnknownEvent when the first is of a newer release.
        """
        ...

    def read_stream(self, stream: str, after: Position = ...) -> AsyncIterator[Recorded]:
        """All events of one stream in order."""
        ...

    def read_stored(self, after: Position = ...) -> AsyncIterator[Stored]:
        """All events as bytes, erased ones included, in order."""
        ...

    async def version(self, stream: str) -> int:
        """How many checked events the stream has."""
        ...

    async def last_recorded(self, stream: str) -> int:
        """When the stream's last event was stored, in microseconds since 1970; 0 without one."""
        ...

    async def event_at(self, position: Position) -> Recorded | None:
        """The event at a position; None when there is none, or it was erased."""
        ...

    async def measure(self, stream: str) -> tuple[int, int]:
        """(events, bytes of payloads) of a stream that are not erased."""
        ...

    async def erase(self, stream: str, before: Position) -> int:
        """Erase for good the payloads of a stream's events before a position; returns how many.

        Their digests stay, so the chain still verifies.  Interrupted, it can be done again.
        """
        ...

    def compact(self, *, alone: bool) -> AsyncIterator[tuple[int, int]]:
        """Give free space back, in steps: (bytes given back so far, bytes still free).

        alone: nobody else uses the log, so that writes may wait for long.  Raises LogUnavailable.
        """
        ...

    async def position_at(self, at_us: int) -> Position:
        """The position of the last event stored at or before a time, in microseconds since 1970.

        START when there is none.
        """
        ...

    def head(self) -> Position:
        """The position of the last durable event."""
        ...

    def count_after(self, after: Position) -> int:
        """How many events lie between a position and the head, at most."""
        ...

    async def wait(self, after: Position) -> None:
        """Return when the head is beyond this position."""
        ...

    async def close(self) -> None:
        """Finish what was begun and let go of the engine; waiting appends are answered first."""
        ...


__all__ = [
    "Check",
    "Entry",
    "EventLog",
    "LogBusy",
    "LogError",
    "LogNotDurable",
    "LogNotOurs",
    "LogUnavailable",
    "Stored",
    "WrongVersion",
]
