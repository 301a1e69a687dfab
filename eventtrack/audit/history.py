"""The history of one thing: its stream, read once, told by pages.

A run's history holds what happened to it with its experiment as well.  Memory holds one page.
"""

from collections import deque
from collections.abc import AsyncIterator, Collection

import msgspec

from eventtrack.audit.changes import Change, Known
from eventtrack.audit.words import words_of
from eventtrack.commands.registered_models import name_stream_of, stream_of
from eventtrack.commands.undo import why_never
from eventtrack.events import START, Position, Recorded, stored_name
from eventtrack.events.experiments import ExperimentDeleted, ExperimentRestored
from eventtrack.events.registered_models import (
    RegisteredModelNameClaimed,
    RegisteredModelNameReleased,
)
from eventtrack.events.runs import RunCreated
from eventtrack.log import EventLog

LIMIT_MAX = 1000


async def stream_of_model_name(log: EventLog, name: str) -> str | None:
    """The stream of the registered model that has, or had last, this name."""
    last: Recorded | None = None
    async for recorded in log.read_stream(name_stream_of(name)):
        last = recorded
    if last is None:
        return None
    assert isinstance(last.event, RegisteredModelNameClaimed | RegisteredModelNameReleased)
    return stream_of(last.event.registered_model_id)


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which events are told.

    actor: `user@address`, or the user alone; types: names without version, with `!` before one that
    is left out; since, until: positions, both included; after, before: positions, both excluded;
    None: up to the end of the log.
    """

    actor: str = ""
    types: Collection[str] = ()
    since: Position = START
    after: Position = START
    until: Position | None = None
    before: Position | None = None

    def has(self, recorded: Recorded) -> bool:
        """Is this event told?"""
        if recorded.position <= self.after or recorded.position < self.since:
            return False
        if self.actor and self.actor not in (recorded.actor, recorded.actor.partition("@")[0]):
            return False
        if self.before is not None and recorded.position >= self.before:
            return False
        name = type(recorded.event).__name__
        wanted = [each for each in self.types if not each.startswith("!")]
        return f"!{name}" not in self.types and (not wanted or name in wanted)


class Told(msgspec.Struct, frozen=True):
    """An event of the history.

    recorded_at: microseconds since 1970; user and address: who asked, and from where; digest: of
    the chain up to the event, in hex; lasting: why such an event is never undone, "" when it may
    be.
    """

    position: Position
    stream: str
    recorded_at: int
    actor: str
    user: str
    address: str
    type: str
    words: str
    changes: list[Change]
    digest: str
    lasting: str


class Page(msgspec.Struct, frozen=True):
    """Events, and where the next page begins: None at the end."""

    events: list[Told]
    next: Position | None


async def history(
    log: EventLog, stream: str, wanted: Filter, *, limit: int, newest_first: bool
) -> Page:
    """The first or the last events of a stream that pass the filter.

    The next page of the oldest first is that after `next`, of the newest first that before `next`.
    """
    known: dict[str, Known] = {}
    found: deque[tuple[Recorded, list[Change]]] = deque()
    more = False
    async for recorded in _events(log, stream):
        if wanted.until is not None and recorded.position > wanted.until:
            break
        changes = known.setdefault(recorded.stream, Known()).take(recorded.event)
        if not wanted.has(recorded):
            continue
        if len(found) == limit:
            more = True
            if not newest_first:
                break
            found.popleft()
        found.append((recorded, changes))
    told = [_told(recorded, changes) for recorded, changes in found]
    if newest_first:
        told.reverse()
    return Page(told, told[-1].position if more else None)


async def _events(log: EventLog, stream: str) -> AsyncIterator[Recorded]:
    """The stream, and for a run the deletions of its experiment, in the log's order."""
    own = log.read_stream(stream)
    first = await anext(own, None)
    if first is None:
        return
    yield first
    others: list[Recorded] = []
    if isinstance(first.event, RunCreated):
        async for other in log.read_stream(
            f"experiment/{first.event.experiment_id}", first.position
        ):
            if isinstance(other.event, ExperimentDeleted | ExperimentRestored):
                others.append(other)
    waiting = deque(others)
    async for recorded in own:
        while waiting and waiting[0].position < recorded.position:
            yield waiting.popleft()
        yield recorded
    for other in waiting:
        yield other


def _told(recorded: Recorded, changes: list[Change]) -> Told:
    user, _, address = recorded.actor.rpartition("@")
    return Told(
        position=recorded.position,
        stream=recorded.stream,
        recorded_at=recorded.recorded_at,
        actor=recorded.actor,
        user=user,
        address=address,
        type=stored_name(type(recorded.event)),
        words=words_of(recorded.event, changes),
        changes=changes,
        digest=recorded.digest.hex(),
        lasting=why_never(type(recorded.event)),
    )
