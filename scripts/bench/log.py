"""`python scripts/bench --log`: what the log gives beyond any peer: rebuild, and runs of the past.

It makes a log of many points and a log of many small events, folds both into views, and asks for
runs as they were at random positions.  No peer can do either, so there is no other column.
"""

import asyncio
import random
import resource
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import click

from eventtrack import columns
from eventtrack.commands.metrics import logged
from eventtrack.events import Position
from eventtrack.events.experiments import ExperimentCreated
from eventtrack.events.metrics import Series
from eventtrack.events.runs import RunCreated, RunTagsSet
from eventtrack.log import Entry
from eventtrack.log.sqlite import SqliteLog
from eventtrack.projector.building import Order
from eventtrack.projector.child import in_a_child
from eventtrack.projector.live import Live
from eventtrack.projector.past import Pasts
from projections.builtin import BUILT_IN
from projections.metrics.history import read_points

ACTOR = "bench@localhost"
KEYS = 10
STEPS_IN_EVENT = 100
RUNS = 1_000
APPENDS_AT_ONCE = 500


@click.command()
@click.option("--log", is_flag=True, hidden=True)
@click.option("--points", default=10_000_000, show_default=True, help="Of metrics.")
@click.option("--events", default=300_000, show_default=True, help="Small ones.")
def main(points: int, events: int, **_: object) -> None:
    """Measure how fast views are rebuilt, and how soon a run of the past is there."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_measure(Path(folder), points, events))


async def _measure(folder: Path, points: int, events: int) -> None:
    log = await SqliteLog.open(folder / "points.db")
    await _fill_points(log, points)
    await log.close()
    seconds, cpu, count = await _rebuild(folder / "points.db", folder / "a.db")
    print(
        f"rebuild, {points:,} points in {count:,} events: {points / seconds:,.0f} points/s, "
        f"{cpu / points * 1e6:.2f} CPU-seconds per million"
    )
    await _ask_past(folder / "points.db", folder)
    log = await SqliteLog.open(folder / "small.db")
    await _fill_small(log, events)
    await log.close()
    seconds, cpu, count = await _rebuild(folder / "small.db", folder / "b.db")
    print(
        f"rebuild, {count:,} small events: {count / seconds:,.0f} events/s, "
        f"{cpu / count * 1e6:.1f} CPU-seconds per million"
    )


async def _begin(log: SqliteLog, runs: int) -> list[str]:
    created = ExperimentCreated(
        experiment_id="0", name="bench", artifact_location="x", created_at_ms=1
    )
    await log.append([Entry("experiment/0", created, 1)], actor=ACTOR)
    run_ids = [f"{number:032x}" for number in range(runs)]
    waiting: list[Any] = []
    for run_id in run_ids:
        fact = RunCreated(
            run_id=run_id,
            experiment_id="0",
            name=run_id[-6:],
            user_id="",
            status="RUNNING",
            start_time_ms=1,
            artifact_uri="x",
        )
        waiting.append(log.append([Entry(f"run/{run_id}", fact, 1)], actor=ACTOR))
    await asyncio.gather(*waiting)
    return run_ids


async def _fill_points(log: SqliteLog, points: int) -> None:
    chance = random.Random(7)
    run_ids = await _begin(log, RUNS)
    rounds = max(1, points // (RUNS * KEYS * STEPS_IN_EVENT))
    for part in range(rounds):
        waiting: list[Any] = []
        for run_id in run_ids:
            first = part * STEPS_IN_EVENT
            steps = range(first, first + STEPS_IN_EVENT)
            column = columns.pack_ints(steps)
            times = columns.pack_ints(1_700_000_000_000 + 100 * step for step in steps)
            series = [
                Series(
                    key=f"metric_{key}",
                    steps=column,
                    timestamps=times,
                    values=columns.pack_floats(chance.random() for _ in steps),
                )
                for key in range(KEYS)
            ]
            event = logged(run_id, "0", series)
            waiting.append(log.append([Entry(f"run/{run_id}", event)], actor=ACTOR))
            if len(waiting) >= APPENDS_AT_ONCE:
                await asyncio.gather(*waiting)
                waiting.clear()
        await asyncio.gather(*waiting)


async def _fill_small(log: SqliteLog, events: int) -> None:
    run_ids = await _begin(log, RUNS)
    waiting: list[Any] = []
    for number in range(events):
        run_id = run_ids[number % RUNS]
        if number % 10:
            point = Series(
                key="loss",
                steps=columns.pack_ints([number]),
                timestamps=columns.pack_ints([number]),
                values=columns.pack_floats([0.5]),
            )
            entry = Entry(f"run/{run_id}", logged(run_id, "0", [point]))
        else:
            fact = RunTagsSet(run_id=run_id, tags={f"tag {number % 70}": str(number)})
            entry = Entry(f"run/{run_id}", fact)
        waiting.append(log.append([entry], actor=ACTOR))
        if len(waiting) >= 4 * APPENDS_AT_ONCE:
            await asyncio.gather(*waiting)
            waiting.clear()
    await asyncio.gather(*waiting)


async def _rebuild(log_path: Path, views_path: Path) -> tuple[float, float, int]:
    """(seconds, CPU-seconds, events) of folding a log into new views, as `views rebuild` does.

    In a process of its own, whose start counts.
    """
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    reached = [each async for each in in_a_child(log_path)(Order(str(views_path)))]
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, cpu, int(reached[-1][1])


async def _ask_past(log_path: Path, folder: Path) -> None:
    """Ask for random runs at random positions, with the history of one metric."""
    chance = random.Random(11)
    log = await SqliteLog.open(log_path)

    build = in_a_child(log_path)
    live = await Live.open(log, log.log_id, folder / "live", BUILT_IN, build)
    pasts = Pasts(log, log.log_id, folder / "past", BUILT_IN, build, live)
    times = []
    for _ in range(60):
        run_id = f"{chance.randrange(RUNS):032x}"
        position = Position(chance.randrange(RUNS + 2, int(log.head())))
        began = time.perf_counter()
        views = await pasts.of_run(run_id, position)
        await read_points(views, run_id, "metric_3")
        times.append((time.perf_counter() - began) * 1000)
    times = sorted(times[10:])
    print(
        f"as_of of one run (of {RUNS:,}) and one history: median "
        f"{statistics.median(times):.1f} ms, "
        f"p95 {times[int(len(times) * 0.95)]:.1f} ms"
    )
    await pasts.close()
    await live.close()
    await log.close()
