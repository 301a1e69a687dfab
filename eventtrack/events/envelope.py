"""What surrounds an event in the log: where it stands, when it was stored, by whom."""

from typing import NewType

import msgspec

from eventtrack.events.fact import Fact

Position = NewType("Position", int)
"""Where an event stands in the log.  Opaque outside `eventtrack.log`: compare, print, hand back.

One SQLite log has one counter; nobody else does arithmetic on it.
"""

START = Position(0)
"""Before the first event."""


class Recorded(msgspec.Struct, frozen=True):
    """An event as the log holds it.

    stream: `run/<id>`, `experiment/<id>`, ...; version: the event's place among the checked events
    of its stream, from 1, None when it was appended unchecked; recorded_at: microseconds since
    1970, UTC; actor: who asked for it, `user@address`; digest: the chain up to this event.
    """

    position: Position
    stream: str
    version: int | None
    recorded_at: int
    actor: str
    event: Fact
    digest: bytes
