"""GET events: what happens, as server-sent events, from any position on.

A follower is sent what it can take; while it takes nothing, nothing is kept for it, because the log
has it.  When it has taken nothing for too long the stream ends with the event `resume`, and the
follower comes back with `Last-Event-ID`, as every EventSource does by itself.
"""

import asyncio
import contextlib
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import msgspec
from aiohttp import web

from eventtrack.errors import InvalidParameter, TooBusy
from eventtrack.events import Position, Recorded
from eventtrack.limits import INT64_MAX
from eventtrack.server.dispatch import Handle
from eventtrack.server.door import Door
from eventtrack.server.hub import Batch, Hub
from eventtrack.server.moment import AS_OF
from eventtrack.server.native.audit import checked_types

HEARTBEAT_SECONDS = 15.0
STALLED_SECONDS = 20.0
"""A follower that takes nothing for so long is sent away."""

PIECE_BYTES = 64 << 10

FOLLOWERS_MAX = 2_000
RETRY_MILLISECONDS = 1_000
"""When a follower is to come back."""


class Wanted(msgspec.Struct, frozen=True):
    """Which events a follower wants; what is empty is not asked for."""

    streams: Collection[str]
    experiment_ids: Collection[str]
    types: Collection[str]

    async def of(self, hub: Hub, batch: Batch) -> list[tuple[Position, bytes]]:
        """The wanted events of a batch, as they are sent, with their positions."""
        sent = []
        for recorded in self._candidates(batch):
            if self.types and not self._is_type(recorded):
                continue
            experiment_id = await hub.experiment_of(recorded)
            if (
                self.experiment_ids
                and experiment_id not in self.experiment_ids
                and recorded.stream not in self.streams
            ):
                continue
            sent.append((recorded.position, batch.encoded(recorded, experiment_id)))
        return sent

    def _candidates(self, batch: Batch) -> Sequence[Recorded]:
        if not self.streams or self.experiment_ids:
            return batch.events
        if len(self.streams) == 1:
            return batch.of_stream(next(iter(self.streams)))
        return [recorded for recorded in batch.events if recorded.stream in self.streams]

    def _is_type(self, recorded: Recorded) -> bool:
        name = type(recorded.event).__name__
        wanted = [each for each in self.types if not each.startswith("!")]
        return f"!{name}" not in self.types and (not wanted or name in wanted)


def events(door: Door) -> Handle:
    """GET events?after=&run=&experiment=&stream=&type="""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        hub = door.hub
        wanted, after = _wanted(request), _after(request, door)
        if hub.followers >= FOLLOWERS_MAX:
            raise TooBusy(f"{FOLLOWERS_MAX} streams are open already: close some, or try later.")
        response = web.StreamResponse()
        response.content_type = "text/event-stream"
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Accel-Buffering"] = "no"
        response.headers["X-Content-Type-Options"] = "nosniff"
        hub.followers += 1
        try:
            await response.prepare(request)
            if request.method != "HEAD":
                await _follow(request, response, hub, wanted, after)
        finally:
            hub.followers -= 1
        return response

    return handle


async def _follow(
    request: web.BaseRequest,
    response: web.StreamResponse,
    hub: Hub,
    wanted: Wanted,
    after: Position,
) -> None:
    closed = asyncio.ensure_future(hub.closed.wait())
    coming: asyncio.Future[Batch] | None = None
    try:
        await response.write(b"retry: %d\nid: %d\n\n" % (RETRY_MILLISECONDS, after))
        while not closed.done():
            if coming is None:
                coming = asyncio.ensure_future(hub.next(after))
            both: list[asyncio.Future[Any]] = [coming, closed]
            await asyncio.wait(both, timeout=HEARTBEAT_SECONDS, return_when="FIRST_COMPLETED")
            if coming.done():
                batch = coming.result()
                coming = None
                sent = await wanted.of(hub, batch)
                following = batch.last
            else:
                sent, following = [(after, b": all is well\n\n")], after
            for position, piece in _pieces(sent):
                if closed.done():
                    break
                async with asyncio.timeout(STALLED_SECONDS):
                    await response.write(piece)
                after = position
            else:
                after = following
        await _send_away(request, after)
    except TimeoutError:
        await _send_away(request, after)
    finally:
        closed.cancel()
        if coming is not None:
            coming.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await coming


def _pieces(sent: Sequence[tuple[Position, bytes]]) -> Iterator[tuple[Position, bytes]]:
    """Pieces to write at once: so much is kept for a follower who stalls."""
    parts: list[bytes] = []
    size = 0
    for position, data in sent:
        parts.append(data)
        size += len(data)
        if size >= PIECE_BYTES:
            yield position, b"".join(parts)
            parts, size = [], 0
    if parts:
        yield position, b"".join(parts)


async def _send_away(request: web.BaseRequest, after: Position) -> None:
    """Say from where to resume, without waiting for anybody to read it."""
    words = msgspec.json.encode({"after": after, "retry_milliseconds": RETRY_MILLISECONDS})
    await request.writer.write(b"event: resume\ndata: %s\n\n" % words, drain=False)  # type: ignore[call-arg]
    transport = request.transport
    if transport is not None and transport.get_write_buffer_size():
        # Somebody who never reads would hold the connection for ever.
        asyncio.get_running_loop().call_later(STALLED_SECONDS, transport.abort)


def _wanted(request: web.BaseRequest) -> Wanted:
    if AS_OF.get() is not None:
        raise InvalidParameter(
            "Invalid parameter 'as_of': a stream of events begins where 'after' says and goes on; "
            "the past itself does not change."
        )
    query = request.query
    streams = {name for name in query.getall("stream", []) if name}
    streams |= {f"run/{run_id}" for run_id in query.getall("run", []) if run_id}
    experiment_ids = {each for each in query.getall("experiment", []) if each}
    return Wanted(streams, experiment_ids, checked_types(query.getall("type", [])))


def _after(request: web.BaseRequest, door: Door) -> Position:
    """Where to begin: behind the last event that the follower has, or at the head."""
    head = door.log.head()
    text = request.headers.get("Last-Event-ID", "")
    name = "Last-Event-ID"
    if not text:
        name, text = "after", request.query.get("after", "")
    if not text:
        return head
    if not (text.isascii() and text.isdigit() and int(text[:20]) <= INT64_MAX):
        raise InvalidParameter(
            f"Invalid value {text[:100]!r} for '{name}': a position of the log, 0 for its begin."
        )
    position = int(text)
    if position > head:
        raise InvalidParameter(
            f"Invalid value {text[:100]!r} for '{name}': the log ends at position {head}. An older "
            "copy of it may have been put back: begin anew."
        )
    return Position(position)
