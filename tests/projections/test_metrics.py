"""Latest values and histories follow MLflow's rules, whatever the batches and segments were."""

import asyncio
import math
import struct
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from eventtrack.events import START
from eventtrack.events.metrics import Series, tables_of
from eventtrack.projector import viewsfile
from eventtrack.projector.feeds import Feed
from eventtrack.projector.folding import apply_batch
from projections.metrics import history as histories
from projections.metrics import metrics, wide
from projections.metrics.fold import FEW_POINTS, extent_of
from projections.metrics.history import Histories, Points, encode, encode_points, read_points
from tests.projections import made, model
from tests.projections.model import Point
from tests.support import BRIEF, COMMON, fold, open_views

pytestmark = pytest.mark.filterwarnings("error")


def bits(points: Sequence[Point]) -> list[tuple[int, int, bytes]]:
    """Points that compare by every bit of their values; all NaN are one."""
    return [
        (step, timestamp, b"NaN" if math.isnan(value) else struct.pack("<d", value))
        for step, timestamp, value in points
    ]


def listed(points: Points) -> list[Point]:
    return list(
        zip(
            points.steps.tolist(),
            points.timestamps.tolist(),
            points.values.tolist(),
            strict=True,
        )
    )


# Latest values


def check_latest(points: list[Point]) -> None:
    for tables in (wide.gather(tables_of([made.series(points)])), packed([made.series(points)])):
        (table,) = tables
        ((key, (latest, first, *rest)),) = extent_of(table)
        assert key == made.KEY
        assert same(latest, model.latest(points))
        assert same(first, model.first(points))
        low, high = model.extremes(points)
        nothing = math.isnan(low)
        assert rest == [None if nothing else low, None if nothing else high, len(points)]


def same(found: tuple[int, int, float, bool], expected: Point) -> bool:
    step, timestamp, value, is_nan = found
    assert (step, timestamp) == expected[:2]
    assert is_nan == math.isnan(expected[2])
    return struct.pack("<d", value) == struct.pack("<d", model.counted(expected[2]))


def packed(series: list[Series]) -> list[wide.Wide]:
    """Tables that were joined of single points."""
    return wide.gather(
        [table for each in series for one in made.singles(each) for table in tables_of([one])],
        pack=True,
    )


@settings(BRIEF, max_examples=200)
@given(points=st.lists(made.points, min_size=1, max_size=20))
@example(points=[(1, 1, math.nan), (1, 1, 0.0)])
@example(points=[(1, 1, 0.0), (1, 1, math.nan)])
@example(points=[(1, 1, -1.0), (1, 1, math.nan)])
@example(points=[(1, 1, -0.0), (1, 1, 0.0)])
def test_the_latest_point_is_the_greatest_and_of_equal_ones_the_first(points: list[Point]) -> None:
    check_latest(points)


@settings(BRIEF, max_examples=50)
@given(points=st.lists(made.points, min_size=1, max_size=20))
@example(points=[(1, 1, math.nan), (1, 1, 0.0), (0, 1, 0.0)])
@example(points=[(1, 1, 0.0), (1, 1, math.nan), (1, 0, 0.0)])
def test_many_points_have_the_same_latest_as_few(points: list[Point]) -> None:
    check_latest(points * (FEW_POINTS // len(points) + 1))


# Histories, in any batches


async def look(path: Path) -> tuple[bytes | None, Points]:
    async with open_views(path) as views:
        row = await views.fetchone("SELECT metrics FROM metric_documents")
        return row[0] if row else None, await read_points(views, made.RUN, made.KEY)


def check_folded(calls: list[list[Point]], cuts: list[int]) -> None:
    points = [point for call in calls for point in call]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "views.db"
        fold(path, made.cut(made.recorded(calls), cuts), [metrics])
        document, found = asyncio.run(look(path))
    assert bits(listed(found)) == bits(model.history(points))
    expected = model.encoded(listed(found), made.KEY)
    assert encode_points(found, made.KEY) == expected
    if points:
        assert document == model.document({made.KEY: points})
        for points_max in (1, 2, 3, len(points)):
            sampled = histories.sampled(found, points_max)
            assert bits(listed(sampled)) == bits(model.sample(points, points_max))


calls = st.lists(st.lists(made.points, min_size=1, max_size=6), max_size=12)
cuts = st.lists(st.integers(0, 100), max_size=6)


@settings(BRIEF, max_examples=80)
@given(calls=calls, cuts=cuts)
@example(calls=[[(1, 1, math.nan)], [(1, 1, 0.0)]], cuts=[1])
@example(calls=[[(1, 1, 0.0)], [(1, 1, math.nan)]], cuts=[1])
@example(calls=[[(1, 1, 2.0), (1, 1, 1.0)], [(1, 1, 2.0), (0, 9, 9.0)]], cuts=[1])
def test_a_history_holds_each_distinct_point_in_order(
    calls: list[list[Point]], cuts: list[int]
) -> None:
    check_folded(calls, cuts)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@settings(COMMON, max_examples=5000)
@given(calls=calls, cuts=cuts)
def test_many_a_history_holds_each_distinct_point_in_order(
    calls: list[list[Point]], cuts: list[int]
) -> None:
    check_folded(calls, cuts)


def test_the_order_of_segments_does_not_show_even_in_the_sign_of_zero() -> None:
    """Merging moves early points behind a large segment."""
    small = [[(1, 1, -0.0)], *([(step, step, 1.0)] for step in range(2, 17))]
    large = [[(1, 1, 0.0), *((step, step, 1.0) for step in range(100, 1000))]]
    calls = [*small[:5], *large, *small[5:]]
    check_folded(calls, [])
    check_folded(calls, list(range(len(calls) + 1)))


# Reading


async def test_large_histories_are_read_and_encoded_as_small_ones(tmp_path: Path) -> None:
    calls = made.shuffled_calls(5, 25_000)
    fold(tmp_path / "views.db", [made.recorded(calls)], [metrics])
    async with open_views(tmp_path / "views.db") as views:
        points = await read_points(views, made.RUN, made.KEY)
        assert len(points) == 125_000 >= histories.LARGE_POINTS
        assert points.steps.tolist() == list(range(125_000))
        assert await encode(points, made.KEY, made.RUN) == encode_points(points, made.KEY, made.RUN)


async def test_kept_histories_are_read_again_when_points_were_added(tmp_path: Path) -> None:
    calls = made.shuffled_calls(4, histories.LARGE_POINTS)
    events = made.recorded(calls)
    connection = viewsfile.create(tmp_path / "views.db", "log", [metrics])
    feed = Feed(metrics, START)
    apply_batch(connection, [feed], events[:1])
    async with open_views(tmp_path / "views.db") as views:
        kept = Histories()
        first = await kept.read(views, made.RUN, made.KEY)
        assert await kept.read(views, made.RUN, made.KEY) is first
        for event in events[1:]:
            apply_batch(connection, [feed], [event])
        assert len(await kept.read(views, made.RUN, made.KEY)) == 4 * histories.LARGE_POINTS
    connection.close()


async def test_no_more_is_kept_than_is_allowed(tmp_path: Path) -> None:
    calls = made.shuffled_calls(1, histories.LARGE_POINTS)
    events = [*made.recorded(calls, key="a"), *made.recorded(calls, key="b")]
    fold(tmp_path / "views.db", [events], [metrics])
    async with open_views(tmp_path / "views.db") as views:
        kept = Histories(points_max=histories.LARGE_POINTS + 1)
        first = await kept.read(views, made.RUN, "a")
        assert await kept.read(views, made.RUN, "a") is first
        await kept.read(views, made.RUN, "b")
        again = await kept.read(views, made.RUN, "a")
        assert again is not first
        assert listed(again) == listed(first)


async def test_a_series_that_is_not_there_is_empty(tmp_path: Path) -> None:
    fold(tmp_path / "views.db", [], [metrics])
    async with open_views(tmp_path / "views.db") as views:
        points = await read_points(views, "nobody", "nothing")
        assert len(points) == 0
        assert encode_points(points, "nothing") == await encode(points, "nothing") == b""


def test_the_documented_sample() -> None:
    """Ten points, four asked: steps 0, 3, 6, 9; one asked: the last."""
    import numpy as np

    columns = np.arange(10)
    points = Points(columns, columns, columns.astype("<f8"))
    assert histories.sampled(points, 4).steps.tolist() == [0, 3, 6, 9]
    assert histories.sampled(points, 1).steps.tolist() == [9]
    assert histories.sampled(points, 10).steps.tolist() == list(range(10))
