"""What the tests of the rooms share: a stack on one folder, numbered facts, views as bytes."""

import contextlib
import random
import sqlite3
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, settings

from eventtrack.commands.handler import Handler
from eventtrack.errors import EventtrackError
from eventtrack.events import START, Fact, Position, Recorded
from eventtrack.events.runs import RunTagsSet
from eventtrack.log import EventLog
from eventtrack.log.sqlite import SqliteLog
from eventtrack.projector import viewsfile
from eventtrack.projector.building import Order, build
from eventtrack.projector.feeds import Feed
from eventtrack.projector.folding import apply_batch
from eventtrack.projector.live import Live
from eventtrack.projector.projector import Projector
from eventtrack.server.states import ViewStates
from projections import documents, experiments, logged_models
from projections.builtin import BUILT_IN
from projections.metrics.history import encode_points, read_points
from projections.projection import Projection
from projections.views import Views

ACTOR = "tester@127.0.0.1"
ROOT = "mlflow-artifacts:/"
PACKED = tuple(table for projection in BUILT_IN for table in projection.packed)

COMMON = settings(
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
BRIEF = settings(COMMON, derandomize=True, phases=[Phase.explicit, Phase.generate, Phase.shrink])
"""The same examples on every run; the slow variants use COMMON and look elsewhere each time."""


@contextlib.contextmanager
def refused(kind: type[EventtrackError], *said: str) -> Iterator[None]:
    """The block is refused with exactly this kind of error, whose message holds what is said."""
    with pytest.raises(kind) as caught:
        yield
    assert type(caught.value) is kind
    for words in said:
        assert words in caught.value.message


def fact(number: int) -> RunTagsSet:
    """A fact that can be told from others by its number."""
    return RunTagsSet(run_id="r", tags={"number": str(number)})


def number_of(recorded: Recorded) -> int:
    """The number of a fact made by `fact`."""
    assert isinstance(recorded.event, RunTagsSet)
    return int(recorded.event.tags["number"])


async def read_all(log: EventLog) -> list[Recorded]:
    """Every event that the log still holds, in order, page by page."""
    events: list[Recorded] = []
    while page := await log.read(events[-1].position if events else START):
        events += page
    return events


class Stack(msgspec.Struct, frozen=True):
    """Log, views and rules on one folder, with a counting clock and counted ids."""

    log: SqliteLog
    live: Live
    handler: Handler

    @property
    def projector(self) -> Projector:
        """The pump of the live views."""
        return self.live.projector

    @property
    def views(self) -> Views:
        """The live views."""
        return self.live.views


def make_handler(log: EventLog, live: Live, new_id: Callable[[], str] | None = None) -> Handler:
    """A handler whose times, ids and random names are the same on every run."""
    now, ids = count(1_000), count(1)
    return Handler(
        log,
        ViewStates(live),
        artifact_root=ROOT,
        now_ms=lambda: next(now),
        new_id=new_id or (lambda: f"{next(ids):032x}"),
        source=random.Random(7),
    )


async def open_live(
    log: SqliteLog, folder: Path, projections: Sequence[Projection] = BUILT_IN
) -> Live:
    """The live views in this folder; rebuilds run in this process, not in a child."""

    async def build_here(order: Order) -> AsyncGenerator[tuple[Position, Position], None]:
        await build(log, log.log_id, projections, order)
        yield log.head(), log.head()

    return await Live.open(log, log.log_id, folder, projections, build_here)


@contextlib.asynccontextmanager
async def open_stack(
    folder: Path, *, follow: bool = False, clock_us: Callable[[], int] | None = None
) -> AsyncIterator[Stack]:
    """The rooms on this folder; without `follow` the views move only when somebody asks."""
    async with contextlib.AsyncExitStack() as cleanup:
        log = await SqliteLog.open(
            folder / "log.db", clock_us=clock_us or (lambda: time.time_ns() // 1000)
        )
        cleanup.push_async_callback(log.close)
        live = await open_live(log, folder / "views")
        cleanup.push_async_callback(live.close)
        if follow:
            live.start()
        yield Stack(log, live, make_handler(log, live))


@contextlib.asynccontextmanager
async def open_views(path: Path) -> AsyncIterator[Views]:
    """The reading end of a views file."""
    views = await Views.open(path, connections=1)
    try:
        yield views
    finally:
        await views.close()


def fold(
    path: Path,
    batches: Iterable[Sequence[Recorded]],
    projections: Sequence[Projection] = BUILT_IN,
    *,
    restart_every: int = 0,
) -> None:
    """Make a views file of these batches, as the projector does.

    restart_every: after so many batches everything that is kept in memory is lost.
    """
    connection = viewsfile.create(path, "log", projections)
    feeds = [Feed(projection, START) for projection in projections]
    try:
        for number, batch in enumerate(batches):
            if restart_every and number % restart_every == 0:
                for feed in feeds:
                    feed.kept = {}
            apply_batch(connection, feeds, batch)
            assert not any(feed.fault for feed in feeds), [feed.fault for feed in feeds]
    finally:
        connection.close()


async def answers(views: Views) -> dict[str, list[bytes]]:
    """What the views answer about everything they know, as bytes (a NaN is equal to itself)."""

    async def ids(sql: str) -> list[str]:
        return [row[0] for row in await views.fetchall(sql)]

    run_ids = await ids("SELECT run_id FROM runs ORDER BY run_id")
    model_ids = await ids("SELECT model_id FROM logged_models ORDER BY model_id")
    experiment_ids = [
        row[0] for row in await views.fetchall("SELECT experiment_id FROM experiments ORDER BY 1")
    ]
    series = await views.fetchall("SELECT run_id, key FROM latest_metrics ORDER BY 1, 2")
    return {
        "runs": _bytes(await documents.get_runs(views, run_ids)),
        "experiments": _bytes(await experiments.get_many(views, experiment_ids)),
        "logged models": _bytes(await logged_models.get_many(views, model_ids)),
        "histories": [
            encode_points(await read_points(views, run_id, key), key, run_id)
            for run_id, key in series
        ],
    }


def _bytes(answer: Sequence[object]) -> list[bytes]:
    return [msgspec.msgpack.encode(each) for each in answer]


async def answers_of(path: Path) -> dict[str, list[bytes]]:
    """The answers of a views file."""
    async with open_views(path) as views:
        return await answers(views)


def rows_of(path: Path) -> dict[str, list[str]]:
    """Every row of every table that must follow from the log alone, whatever the batches were.

    Left out is where the points of metrics lie, which depends on the batches; how many there are of
    each run does not.
    """
    connection = sqlite3.connect(path)
    try:
        tables = [
            name
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
            )
            if name not in (*PACKED, "view_file", "view_checkpoint")
            and not name.startswith("sqlite_")
        ]
        return {
            name: [repr(row) for row in connection.execute(f"SELECT * FROM {name}")]
            for name in tables
        }
    finally:
        connection.close()


def facts(events: Iterable[Recorded]) -> list[Fact]:
    """The facts alone."""
    return [recorded.event for recorded in events]
