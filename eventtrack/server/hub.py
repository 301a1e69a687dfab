"""One reader of the log's head for all who follow it live.

Events that were appended in a short while make a batch, which is read, indexed and encoded once
however many follow.  Nobody has a queue: who is not at the head reads the log himself.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import msgspec

from eventtrack import columns
from eventtrack.events import Fact, Position, Recorded, fields_of, stored_name
from eventtrack.events.console import ConsoleLogged
from eventtrack.events.experiments import (
    ExperimentCreated,
    ExperimentDeleted,
    ExperimentRenamed,
    ExperimentRestored,
    ExperimentTagDeleted,
    ExperimentTagSet,
)
from eventtrack.events.logged_models import LoggedModelCreated
from eventtrack.events.metrics import MetricsLogged
from eventtrack.events.runs import RunCreated
from eventtrack.log import EventLog

GATHER_SECONDS = 0.05
"""How long events gather before those who follow are told."""

BATCH_EVENTS_MAX = 1_000
BATCH_BYTES_MAX = 4 << 20

BEHIND_EVENTS_MAX = 250
BEHIND_BYTES_MAX = 256 << 10

EXPERIMENTS_KEPT_MAX = 100_000
"""Runs and models whose experiment is remembered."""

_OF_EXPERIMENT = (
    ExperimentCreated,
    ExperimentRenamed,
    ExperimentTagSet,
    ExperimentTagDeleted,
    ExperimentDeleted,
    ExperimentRestored,
    RunCreated,
    MetricsLogged,
    LoggedModelCreated,
)
"""Events that say which experiment they are of."""


class Shown(msgspec.Struct, frozen=True):
    """What a follower is told of an event.

    recorded_at: microseconds since 1970; run_id, experiment_id: None when it is of none.
    """

    position: Position
    stream: str
    recorded_at: int
    actor: str
    type: str
    run_id: str | None
    experiment_id: str | None
    payload: dict[str, Any]


class Batch:
    """Events after one position up to another, and how they are told."""

    def __init__(self, after: Position, events: Sequence[Recorded]) -> None:
        self.after = after
        self.events = events
        self.last = events[-1].position if events else after
        self._by_stream: dict[str, list[Recorded]] | None = None
        self._encoded: dict[Position, bytes] = {}

    def of_stream(self, stream: str) -> Sequence[Recorded]:
        """The events of one stream."""
        if self._by_stream is None:
            self._by_stream = {}
            for recorded in self.events:
                self._by_stream.setdefault(recorded.stream, []).append(recorded)
        return self._by_stream.get(stream, ())

    def encoded(self, recorded: Recorded, experiment_id: str | None) -> bytes:
        """One of the events as a server-sent event."""
        found = self._encoded.get(recorded.position)
        if found is None:
            found = self._encoded[recorded.position] = encode(recorded, experiment_id)
        return found


class Hub:
    """Hands out batches.  Its work begins with the first follower."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._coming: dict[Position, asyncio.Task[Batch]] = {}
        self._experiments: OrderedDict[str, str] = OrderedDict()
        self.closed = asyncio.Event()
        self.followers = 0

    async def next(self, after: Position) -> Batch:
        """The next events after a position; at the head it waits for some."""
        if after < self._log.head():
            # In small steps, because each who is behind has events of his own in memory.
            return await self._read(after, BEHIND_EVENTS_MAX, BEHIND_BYTES_MAX)
        task = self._coming.get(after)
        if task is None:
            task = asyncio.ensure_future(self._gather(after))
            self._coming[after] = task
            task.add_done_callback(lambda _: self._coming.pop(after, None))
        return await asyncio.shield(task)

    async def experiment_of(self, recorded: Recorded) -> str | None:
        """The experiment that an event belongs to; None when it is of none."""
        event = recorded.event
        if isinstance(event, _OF_EXPERIMENT) and event.experiment_id:
            return event.experiment_id
        stream = recorded.stream
        if not stream.startswith(("run/", "logged-model/")):
            return None
        known = self._experiments.get(stream)
        if known is None:
            first = await anext(self._log.read_stream(stream), None)
            if first is None or not isinstance(first.event, RunCreated | LoggedModelCreated):
                return None
            known = self._experiments[stream] = first.event.experiment_id
            if len(self._experiments) > EXPERIMENTS_KEPT_MAX:
                self._experiments.popitem(last=False)
        return known

    def close(self) -> None:
        """Tell all who follow to go."""
        self.closed.set()
        for task in self._coming.values():
            task.cancel()

    async def _gather(self, after: Position) -> Batch:
        await self._log.wait(after)
        await asyncio.sleep(GATHER_SECONDS)
        return await self._read(after, BATCH_EVENTS_MAX, BATCH_BYTES_MAX)

    async def _read(self, after: Position, events_max: int, bytes_max: int) -> Batch:
        events = await self._log.read(after, events_max=events_max, bytes_max=bytes_max)
        return Batch(after, events)


def run_of(recorded: Recorded) -> str | None:
    """The run that an event is of."""
    noun, _, key = recorded.stream.partition("/")
    return key if noun == "run" else None


def encode(recorded: Recorded, experiment_id: str | None) -> bytes:
    """An event as a server-sent event: id, name, data."""
    event = recorded.event
    shown = Shown(
        position=recorded.position,
        stream=recorded.stream,
        recorded_at=recorded.recorded_at,
        actor=recorded.actor,
        type=stored_name(type(event)),
        run_id=run_of(recorded),
        experiment_id=experiment_id,
        payload=payload_of(event),
    )
    name = type(event).__name__.encode()
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (
        recorded.position,
        name,
        msgspec.json.encode(shown),
    )


def payload_of(event: Fact) -> dict[str, Any]:
    """The event's fields; of metrics a summary per key, of the console the lines."""
    if isinstance(event, MetricsLogged):
        return {"metrics": _summaries(event)}
    if isinstance(event, ConsoleLogged):
        return {"source": event.source, "rank": event.rank, "lines": event.lines}
    return fields_of(event)


def _summaries(event: MetricsLogged) -> dict[str, dict[str, Any]]:
    """key -> number of points, and the last one logged; a NaN is null, infinities are texts."""
    found: dict[str, dict[str, Any]] = {}
    for table in event.tables:
        if not table.points:
            continue
        step = columns.unpack_ints(columns.raw_of(table.steps, table.points))[-1]
        timestamp = columns.unpack_ints(columns.raw_of(table.timestamps, table.points))[-1]
        for key, column in table.values.items():
            value = columns.unpack_floats(columns.raw_of(column, table.points))[-1]
            before = found.get(key, {"points": 0})
            found[key] = {
                "points": before["points"] + table.points,
                "step": step,
                "timestamp": timestamp,
                "value": _number(value),
            }
    return found


def _number(value: float) -> float | str | None:
    if value != value:
        return None
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return value
