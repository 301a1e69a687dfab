"""The data that the pages are measured with, in the shape of fasttrackml's epic 860, as events.

Many runs of a few points for the table; a few runs of very many points for the charts.
"""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from eventtrack.commands.metrics import logged
from eventtrack.events.experiments import ExperimentCreated, ExperimentNameClaimed
from eventtrack.events.metrics import Series
from eventtrack.events.runs import ParamsLogged, RunCreated, RunTagsSet, RunUpdated
from eventtrack.log import Entry
from eventtrack.log.sqlite import SqliteLog

ACTOR = "bench@localhost"
STARTED_MS = 1_790_000_000_000
POINTS_IN_EVENT = 50_000
AT_ONCE = 2_000


async def fill_many_runs(
    path: Path, *, experiments: int, runs: int, metrics: int, steps: int
) -> None:
    """Experiments of so many runs each, every run with params, tags and short metrics."""
    log = await SqliteLog.open(path)
    chance = np.random.default_rng(7)
    column = np.arange(steps, dtype="<i8")
    waiting: list[Any] = []
    for experiment in range(experiments):
        await _experiment(log, experiment)
        for number in range(runs):
            run_id = f"{experiment:04x}{number:028x}"
            started = STARTED_MS + (experiment * runs + number) * 1000
            times = (started + column * 100).tobytes()
            values = chance.random((metrics, steps)).astype("<f8")
            series = [
                Series(
                    key=f"group{key % 10}/metric_{key}",
                    steps=column.tobytes(),
                    timestamps=times,
                    values=values[key].tobytes(),
                )
                for key in range(metrics)
            ]
            entries = _run(run_id, experiment, number, started)
            entries.append(Entry(f"run/{run_id}", logged(run_id, str(experiment), series)))
            waiting.append(log.append(entries, actor=ACTOR))
            if len(waiting) >= AT_ONCE:
                await asyncio.gather(*waiting)
                waiting.clear()
    await asyncio.gather(*waiting)
    await log.close()


async def fill_long_runs(path: Path, *, runs: int, points: int) -> Sequence[str]:
    """One experiment, `0`, of runs with one metric of so many points; returns the run ids."""
    log = await SqliteLog.open(path)
    chance = np.random.default_rng(7)
    await _experiment(log, 0)
    run_ids = []
    for number in range(runs):
        run_id = f"{number:032x}"
        run_ids.append(run_id)
        await log.append(_run(run_id, 0, number, STARTED_MS + number * 1000), actor=ACTOR)
        for first in range(0, points, POINTS_IN_EVENT):
            steps = np.arange(first, min(first + POINTS_IN_EVENT, points), dtype="<i8")
            values = np.exp(-steps / points * 3) + 0.1 * chance.random(len(steps)) + number / 100
            one = Series(
                key="loss",
                steps=steps.tobytes(),
                timestamps=(STARTED_MS + steps * 10).tobytes(),
                values=values.astype("<f8").tobytes(),
            )
            await log.append([Entry(f"run/{run_id}", logged(run_id, "0", [one]))], actor=ACTOR)
    await log.close()
    return run_ids


async def _experiment(log: SqliteLog, number: int) -> None:
    name = "Default" if number == 0 else f"experiment {number}"
    created = ExperimentCreated(
        experiment_id=str(number), name=name, artifact_location="x", created_at_ms=STARTED_MS
    )
    claimed = ExperimentNameClaimed(experiment_id=str(number), name=name)
    await log.append(
        [Entry(f"experiment/{number}", created, 1), Entry(f"experiment-name/{number}", claimed, 1)],
        actor=ACTOR,
    )


def _run(run_id: str, experiment: int, number: int, started: int) -> list[Entry]:
    created = RunCreated(
        run_id=run_id,
        experiment_id=str(experiment),
        name=f"run {number:04}",
        user_id="bench",
        status="RUNNING",
        start_time_ms=started,
        artifact_uri="x",
    )
    params = {f"param_{key}": str((number * (key + 3)) % 101) for key in range(10)}
    tags = {f"tag_{key}": f"value {number % (key + 2)}" for key in range(5)}
    ended = RunUpdated(run_id=run_id, status="FINISHED", end_time_ms=started + 90_000)
    facts = (
        created,
        ParamsLogged(run_id=run_id, params=params),
        RunTagsSet(run_id=run_id, tags=tags),
        ended,
    )
    return [Entry(f"run/{run_id}", fact, version) for version, fact in enumerate(facts, 1)]
