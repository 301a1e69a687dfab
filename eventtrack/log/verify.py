"""Recompute the whole digest chain: is the log what was acknowledged, event for event?"""

from collections.abc import AsyncIterator, Callable

import msgspec

from eventtrack.events import Position, UnknownEvent, decode
from eventtrack.log import Stored, chain


class Verdict(msgspec.Struct, frozen=True):
    """What verification found: how many events, how many erased, and the first fault, if any."""

    events: int
    erased: int
    head: Position
    fault_position: Position | None = None
    fault: str | None = None

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
    async for row in stored:
        fault = _fault(row, previous, last)
        if fault is not None:
            return Verdict(seen, erased, last, row.position, fault)
        seen += 1
        erased += row.payload is None
        previous, last = row.digest, row.position
        if progress is not None and seen % 4096 == 0:
            progress(seen)
    return Verdict(seen, erased, last)


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
    if row.payload is not None:
        try:
            decode(row.payload)
        except UnknownEvent as error:
            return str(error)
    return None
