"""Recompute the whole digest chain: is the log what was acknowledged, event for event?"""

from collections.abc import AsyncIterator, Callable

import msgspec

from eventtrack.events import Fact, Position, UnknownEvent, decode
from eventtrack.events.erasures import ERASURES
from eventtrack.log import Stored, chain


class Erasure(msgspec.Struct, frozen=True):
    """What was erased, by whom, when (microseconds since 1970), as its event says."""

    position: Position
    stream: str
    actor: str
    recorded_at: int
    events: int
    bytes: int


class Verdict(msgspec.Struct, frozen=True):
    """What verification found: how many events, how many erased, and the first fault, if any."""

    events: int
    erased: int
    head: Position
    fault_position: Position | None = None
    fault: str | None = None
    erasures: list[Erasure] = []

    @property
    def intact(self) -> bool:
        """True when every digest is right and every payload can be read."""
        return self.fault is None


async def verify(
    stored: AsyncIterator[Stored], genesis: bytes, progress: Callable[[int], None] | None = None
) -> Verdict:
    """Read the stored events from the first and stop at the first fault.

    progress is called with the number of events seen, every few thousand.
    """
    previous, last = genesis, Position(0)
    seen = erased = 0
    erasures: list[Erasure] = []
    async for row in stored:
        event, fault = _look(row, previous, last)
        if fault is not None:
            return Verdict(seen, erased, last, row.position, fault, erasures)
        seen += 1
        erased += row.payload is None
        if isinstance(event, ERASURES):
            erasures.append(
                Erasure(
                    row.position, row.stream, row.actor, row.recorded_at, event.events, event.bytes
                )
            )
        previous, last = row.digest, row.position
        if progress is not None and seen % 4096 == 0:
            progress(seen)
    return Verdict(seen, erased, last, erasures=erasures)


def _look(row: Stored, previous: bytes, last: Position) -> tuple[Fact | None, str | None]:
    """The event, None when it is erased, and its fault."""
    fault = _fault(row, previous, last)
    if fault is not None or row.payload is None:
        return None, fault
    try:
        return decode(row.payload), None
    except UnknownEvent as error:
        return None, str(error)


def _fault(row: Stored, previous: bytes, last: Position) -> str | None:
    if row.position != last + 1:
        return f"position {last + 1} is missing: the log goes on with {row.position}"
    if row.payload is not None and chain.payload_digest(row.payload) != row.payload_digest:
        return "the payload does not match its digest"
    digest = chain.link(
        previous,
        row.position,
        row.stream,
        row.version,
        row.recorded_at,
        row.actor,
        row.payload_digest,
    )
    if digest != row.digest:
        return "the digest does not follow from the event and its forerunner"
    return None
