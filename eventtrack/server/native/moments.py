"""GET moment: what the log says of a moment, for whoever steps through the past."""

import msgspec
from aiohttp import web

from eventtrack.audit.changes import Known
from eventtrack.audit.words import words_of
from eventtrack.events import Position, stored_name
from eventtrack.server.dispatch import Handle
from eventtrack.server.door import Door
from eventtrack.server.moment import AS_OF
from eventtrack.server.native.requests import json_of


class Moment(msgspec.Struct, frozen=True):
    """The last event at or before a moment, and the log's end.

    recorded_at: microseconds since 1970; it and what follows are None where the log begins or the
    event was erased.  words: without old values, which the history of its stream tells.
    """

    position: Position
    head: Position
    recorded_at: int | None = None
    stream: str | None = None
    actor: str | None = None
    type: str | None = None
    words: str | None = None


def moment_told(door: Door) -> Handle:
    """GET moment, with as_of as everywhere; without it the log's last event."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        log = door.log
        head = log.head()
        asked = AS_OF.get()
        position = head if asked is None else asked
        recorded = await log.event_at(position)
        if recorded is None:
            return json_of(Moment(position, head))
        return json_of(
            Moment(
                position,
                head,
                recorded_at=recorded.recorded_at,
                stream=recorded.stream,
                actor=recorded.actor,
                type=stored_name(type(recorded.event)),
                words=words_of(recorded.event, Known().take(recorded.event)),
            )
        )

    return handle
