"""Views rebuilt from the log answer byte for byte what the live ones answered.

Sequences of commands go through the rules; in between, at random, the views are made to follow.
Then the log is folded again: in one go, and in batches cut at random places.  Metrics are also
compared with the plain model of MLflow's rules.
"""

import asyncio
import math
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventtrack.events import Recorded
from eventtrack.log.verify import verify
from eventtrack.projector.projector import Projector
from projections.builtin import BUILT_IN
from projections.metrics.history import encode_points, read_points, sampled
from projections.views import Views
from tests.projections import made, model
from tests.projections.sequences import sequences
from tests.projections.world import Step, World
from tests.support import (
    BRIEF,
    COMMON,
    Stack,
    answers,
    answers_of,
    fold,
    open_stack,
    read_all,
    rows_of,
)


async def live(stack: Stack, sequence: list[Step]) -> None:
    """Let the sequence happen."""
    world = World(stack.log, stack.live)
    await world.begin()
    for step in sequence:
        await step.happen(world)
    await stack.projector.arrive()


async def check_metrics(views: Views, events: list[Recorded]) -> None:
    """Documents and histories against the model."""
    of_run: dict[str, dict[str, list[model.Point]]] = {}
    for (run_id, key), points in model.series_of(events).items():
        of_run.setdefault(run_id, {})
        if points:
            of_run[run_id][key] = points
        found = await read_points(views, run_id, key)
        assert encode_points(found, key) == model.encoded(model.history(points), key)
        sample = model.encoded(model.sample(points, 3), key)
        assert encode_points(sampled(found, 3), key) == sample
    documents = dict(await views.fetchall("SELECT run_id, metrics FROM metric_documents"))
    assert documents == {run_id: model.document(series) for run_id, series in of_run.items()}


async def check_amounts(views: Views, events: list[Recorded]) -> None:
    """First, least and greatest values and numbers of points against the model."""
    expected = {}
    for (run_id, key), points in model.series_of(events).items():
        if points:
            step, timestamp, value = model.first(points)
            low, high = model.extremes(points)
            extremes = (None, None) if math.isnan(low) else (low, high)
            first = None if math.isnan(value) else value
            expected[run_id, key] = (step, timestamp, first, *extremes, len(points))
    rows = await views.fetchall(
        """SELECT run_id, key, first_step, first_timestamp, first_value, lowest, highest, points
           FROM latest_metrics"""
    )
    assert {tuple(row[:2]): tuple(row[2:]) for row in rows} == expected


async def check_names(views: Views) -> None:
    """In how many runs there is a name, counted again."""
    for names, entries in (
        ("metric_names", "latest_metrics"),
        ("run_names WHERE kind = 'params'", "run_params"),
        ("run_names WHERE kind = 'tags'", "run_tags"),
    ):
        counted = await views.fetchall(
            f"""SELECT c.key, r.experiment_id, count(*) FROM {entries} c JOIN runs r USING (run_id)
                GROUP BY c.key, r.experiment_id ORDER BY 1, 2"""
        )
        known = await views.fetchall(f"SELECT key, experiment_id, runs FROM {names} ORDER BY 1, 2")
        assert known == counted


async def check(folder: Path, sequence: list[Step], cuts: list[int]) -> None:
    async with open_stack(folder) as stack:
        await live(stack, sequence)
        expected, rows = await answers(stack.views), rows_of(stack.projector.path)
        events = await read_all(stack.log)
        await check_metrics(stack.views, events)
        await check_amounts(stack.views, events)
        await check_names(stack.views)
        assert (await verify(stack.log.read_stored(), stack.log.genesis)).intact

        again = folder / "again.db"
        projector = await Projector.open(stack.log, stack.log.log_id, again, BUILT_IN)
        await projector.catch_up()
        await projector.close()
        assert await answers_of(again) == expected
        assert rows_of(again) == rows

    # From the file this time: what was decoded, not what was kept in memory.
    async with open_stack(folder) as stack:
        assert await read_all(stack.log) == events
        assert await answers(stack.views) == expected
        piecewise = folder / "piecewise.db"
        fold(piecewise, made.cut(await read_all(stack.log), cuts), restart_every=3)
        assert await answers_of(piecewise) == expected
        assert rows_of(piecewise) == rows


def run(sequence: list[Step], cuts: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(check(Path(folder), sequence, cuts))


cuts = st.lists(st.integers(0, 500), max_size=20)


@settings(BRIEF, max_examples=30)
@given(sequence=sequences, cuts=cuts)
def test_replay_equals_live(sequence: list[Step], cuts: list[int]) -> None:
    run(sequence, cuts)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@settings(COMMON, max_examples=2000)
@given(sequence=sequences, cuts=cuts)
def test_replay_equals_live_for_many_sequences(sequence: list[Step], cuts: list[int]) -> None:
    run(sequence, cuts)
