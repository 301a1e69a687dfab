"""Many series on one grid are what plain Python counts, wherever their points lie."""

import asyncio
import math
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventtrack.events import Position, Recorded
from eventtrack.events.runs import RunCreated
from projections.metrics import against, charts, compaction, metrics
from projections.metrics.against import TooManyPoints, draw_against
from projections.metrics.canvas import Axis, Chart, Drawn
from projections.metrics.charts import draw
from projections.metrics.series import NO_RANK
from projections.metrics.zoom import BUCKETS_MAX
from projections.runs import runs
from projections.views import Snapshot
from tests.projections import made, model
from tests.projections.model import Point
from tests.projections.test_metrics_zoom import Logged, bits, calls, cuts, held, places, small_tiers
from tests.support import ACTOR, BRIEF, fold, open_views

pytestmark = pytest.mark.filterwarnings("error")

STARTED = {"r": 0, "s": 2}
Held = dict[str, dict[str, dict[int, list[Point]]]]
"""run -> key -> rank -> points."""


def x_of(point: Point, axis: Axis, origin: int) -> int:
    return point[0] if axis == "step" else point[1] - origin


def check_series(found: Drawn, points: Sequence[Point], chart: Chart, axis: Axis) -> None:
    origin = STARTED.get(found.run_id, 0) if axis == "relative" else 0
    of_bucket: defaultdict[int, list[Point]] = defaultdict(list)
    for point in points:
        bucket = (x_of(point, axis, origin) - int(chart.start)) // int(chart.width)
        if 0 <= bucket < chart.buckets:
            of_bucket[bucket].append(point)
    inside = [point for some in of_bucket.values() for point in some]
    assert found.points == len(inside)
    xs = [x_of(point, axis, origin) for point in inside]
    assert (found.first_x, found.last_x) == ((min(xs), max(xs)) if xs else (None, None))
    assert found.buckets.tolist() == sorted(of_bucket)
    rows = zip(*(each.tolist() for each in (found.counts, found.mins, found.maxs)), strict=True)
    values = [of_bucket[bucket] for bucket in sorted(of_bucket)]
    assert bits(list(rows)) == bits([(len(some), *model.extremes(some)) for some in values])
    last_axis = "step" if axis == "step" else "timestamp"
    lasts = [(model.last(some, last_axis),) for some in values]
    assert bits([(value,) for value in found.lasts.tolist()]) == bits(lasts)
    for some, mean in zip(values, found.means.tolist(), strict=True):
        finite = [value for _, _, value in some if math.isfinite(value)]
        if not finite:
            assert math.isnan(mean)
        elif max(map(abs, finite)) < 1e300:
            spread = max(map(abs, finite))
            assert mean == pytest.approx(math.fsum(finite) / len(finite), abs=spread * 1e-9)


def grid_of(first: int, last: int, buckets: int) -> tuple[int, int, int]:
    """(start, width, buckets) of the finest grid of powers of two."""
    width = 1
    while last // width - first // width >= buckets:
        width *= 2
    return first // width * width, width, last // width - first // width + 1


async def check_chart(
    path: Path,
    series: Held,
    window: tuple[int, Axis, int | None, int | None, int | None],
    *,
    finest: bool = True,
) -> Chart:
    buckets, axis, start, end, rank = window
    if start is not None and end is not None and end < start:
        start, end = end, start
    async with open_views(path) as views:
        chart = await draw(
            views,
            ["r", "s", "nobody"],
            ["a", "b"],
            buckets=buckets,
            axis=axis,
            start=start,
            end=end,
            rank=rank,
        )
    assert [(each.run_id, each.key) for each in chart.series] == [
        (run_id, key) for key in "ab" for run_id in ("r", "s", "nobody")
    ]
    assert chart.buckets <= buckets
    points = {
        (run_id, key): [
            point
            for each, some in series.get(run_id, {}).get(key, {}).items()
            for point in some
            if rank is None or each == rank
        ]
        for run_id in STARTED
        for key in "ab"
    }
    xs = [
        x_of(point, axis, STARTED[run_id] if axis == "relative" else 0)
        for (run_id, _), some in points.items()
        for point in some
    ]
    if not xs or (start is None and end is not None and end < min(xs)):
        assert chart.buckets == 0
        return chart
    if end is None and start is not None and max(xs) < start:
        assert chart.buckets == 0
        return chart
    first, last = min(xs) if start is None else start, max(xs) if end is None else end
    if finest:
        assert (chart.start, chart.width, chart.buckets) == grid_of(first, last, buckets)
    if chart.exact:
        for each in chart.series:
            check_series(each, points.get((each.run_id, each.key), []), chart, axis)
    else:
        total = sum(each.points for each in chart.series)
        if start is None and end is None:
            assert total == len(xs)
    return chart


def fold_runs(
    path: Path, of_run: dict[str, list[list[Logged]]], places: list[int], restart_every: int = 0
) -> None:
    events: list[Recorded] = []
    for run_id, logged in of_run.items():
        created = RunCreated(
            run_id=run_id,
            experiment_id="0",
            name="n",
            user_id="",
            status="RUNNING",
            start_time_ms=STARTED[run_id],
            artifact_uri="",
        )
        events.append(Recorded(Position(1), f"run/{run_id}", 1, 1, ACTOR, created, b""))
        events += made.recorded_series(
            [[made.series(points, key, rank) for key, rank, points in call] for call in logged],
            run_id,
        )
    fold(path, made.cut(events, places), [runs, metrics], restart_every=restart_every)


windows = st.lists(
    st.tuples(
        st.integers(2, 9) | st.integers(2, BUCKETS_MAX),
        st.sampled_from(get_args(Axis)),
        places,
        places,
        st.sampled_from([None, NO_RANK, 0, 1]),
    ),
    min_size=1,
    max_size=6,
)


@settings(BRIEF, max_examples=150)
@given(one=calls, other=calls, cuts=cuts, windows=windows, few=st.booleans())
def test_charts_are_what_python_counts(
    one: list[list[Logged]],
    other: list[list[Logged]],
    cuts: list[int],
    windows: list[Any],
    few: bool,
) -> None:
    with tempfile.TemporaryDirectory() as folder, small_tiers(), pytest.MonkeyPatch.context() as at:
        at.setattr(compaction, "CELLS_MAX", 4)
        at.setattr(compaction, "COARSE_MAX", 2)
        if few:
            at.setattr(charts, "BLOCKS_MAX", dict.fromkeys(get_args(Axis), 1))
        path = Path(folder) / "views.db"
        fold_runs(path, {"r": one, "s": other}, cuts, restart_every=7)
        series = {"r": held(one), "s": held(other)}
        for window in windows:
            asyncio.run(check_chart(path, series, window, finest=not few))


LONG = 50_000


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("charts") / "views.db"
    points = [(step, step * 37 + step % 7, math.sin(step / 50)) for step in range(LONG)]
    points[31_234] = (31_234, 31_234 * 37, 99.0)
    calls = [[("a", NO_RANK, points[at : at + 1000])] for at in range(0, LONG, 1000)]
    fold_runs(path, {"r": calls, "s": calls[::-1]}, list(range(0, 100, 3)))
    return path


@pytest.mark.parametrize("axis", get_args(Axis))
@pytest.mark.parametrize("buckets", [2, 7, 50, 1000, 4096])
async def test_a_spike_is_in_its_bucket_whatever_the_chart(
    long: Path, axis: Axis, buckets: int
) -> None:
    async with open_views(long) as views:
        chart = await draw(views, ["r", "s"], ["a"], buckets=buckets, axis=axis)
    assert chart.exact
    for each in chart.series:
        assert each.points == LONG
        place = 31_234 if axis == "step" else 31_234 * 37
        place -= STARTED[each.run_id] if axis == "relative" else 0
        bucket = int(each.buckets[each.maxs.argmax()])
        assert bucket == (place - int(chart.start)) // int(chart.width)
        assert each.maxs.max() == 99.0


async def test_wide_buckets_need_no_block(long: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    fetchall = Snapshot.fetchall

    async def watched(
        snapshot: Snapshot, sql: str, params: Sequence[object] = ()
    ) -> list[tuple[Any, ...]]:
        asked.append(sql)
        return await fetchall(snapshot, sql, params)

    monkeypatch.setattr(Snapshot, "fetchall", watched)
    async with open_views(long) as views:
        chart = await draw(views, ["r", "s"], ["a"], buckets=100)
        assert chart.width == 512
        assert not any("metric_blocks" in sql for sql in asked)
        await draw(views, ["r"], ["a"], buckets=100, start=20_000, end=20_099)
        assert any("metric_blocks" in sql for sql in asked)


async def test_wider_buckets_need_coarse_cells_only(
    long: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[object, ...]] = []
    fetchall = Snapshot.fetchall

    async def watched(
        snapshot: Snapshot, sql: str, params: Sequence[object] = ()
    ) -> list[tuple[Any, ...]]:
        rows = await fetchall(snapshot, sql, params)
        if "g.coarse" in sql:
            asked.append((*params, max(len(cells) for _, cells in rows)))
        return rows

    monkeypatch.setattr(Snapshot, "fetchall", watched)
    async with open_views(long) as views:
        coarse = await draw(views, ["r"], ["a"], buckets=26)
        fine = await draw(views, ["r"], ["a"], buckets=52)
    assert (coarse.width, fine.width) == (2048, 1024)
    (without, groups, less), (others, with_none, more) = asked
    assert without == with_none == "[]"
    assert groups == others != "[]"
    assert isinstance(less, int)
    assert isinstance(more, int)
    assert less * 2 < more
    # Two of the finer buckets are one of the others.
    (drawn,), (finer,) = coarse.series, fine.series
    assert drawn.points == finer.points == LONG
    assert drawn.maxs.tolist() == [
        max(pair) for pair in zip_longest(finer.maxs[::2], finer.maxs[1::2], fillvalue=-math.inf)
    ]


async def test_a_chart_that_would_unpack_too_much_is_coarser_or_says_so(
    long: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charts, "BLOCKS_MAX", dict.fromkeys(get_args(Axis), 3))
    async with open_views(long) as views:
        coarse = await draw(views, ["r", "s"], ["a"], buckets=4096)
        assert (coarse.exact, coarse.width) == (True, 512)
        assert sum(each.points for each in coarse.series) == 2 * LONG
        timed = await draw(views, ["r", "s"], ["a"], buckets=4096, axis="timestamp")
        assert not timed.exact
        assert sum(each.points for each in timed.series) == 2 * LONG
        assert max(each.maxs.max() for each in timed.series) == 99.0


async def test_a_quick_chart_gives_up_what_takes_long_and_says_so(
    long: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(charts, "BLOCKS_QUICK", 3)
    async with open_views(long) as views:
        quick = await draw(views, ["r", "s"], ["a"], buckets=4096, quick=True)
        assert (quick.final, quick.exact, quick.width) == (False, True, 512)
        assert sum(each.points for each in quick.series) == 2 * LONG
        best = await draw(views, ["r", "s"], ["a"], buckets=4096)
        assert (best.final, best.width) == (True, 16)
        timed = await draw(views, ["r", "s"], ["a"], buckets=4096, axis="timestamp", quick=True)
        assert (timed.final, timed.exact) == (False, False)
        few = await draw(views, ["r"], ["a"], buckets=4096, start=20_000, end=20_099, quick=True)
        assert (few.final, few.width) == (True, 1)


# Over another metric


def lasts_of(points: Sequence[Point]) -> dict[int, float]:
    """step -> the value that counts there."""
    of_step: defaultdict[int, list[Point]] = defaultdict(list)
    for point in points:
        of_step[point[0]].append(point)
    return {step: model.last(some) for step, some in of_step.items()}


plain_values = st.sampled_from([math.nan, math.inf, 0.0, 1.0, -2.5, 7.0]) | st.floats(-100, 100)
plain_points = st.lists(
    st.tuples(st.integers(0, 12), st.integers(0, 3), plain_values), min_size=1, max_size=30
)
ranges = st.sampled_from([(None, None), (0.0, None), (None, 1.0), (-1.0, 5.0)])


async def check_against(
    path: Path,
    y: dict[int, float],
    x: dict[int, float],
    buckets: int,
    window: tuple[float | None, float | None],
) -> None:
    start, end = window
    async with open_views(path) as views:
        chart = await draw_against(views, ["r"], ["a"], "b", buckets=buckets, start=start, end=end)
    (found,) = chart.series
    joined = [
        (x[step], step, y[step]) for step in sorted(x) if step in y and math.isfinite(x[step])
    ]
    inside = [
        each
        for each in joined
        if (start is None or each[0] >= start) and (end is None or each[0] <= end)
    ]
    assert found.points == len(inside)
    if not inside:
        assert len(found.buckets) == 0
        return
    assert (found.first_x, found.last_x) == (min(inside)[0], max(inside)[0])
    assert sum(found.counts.tolist()) == len(inside)
    of_bucket: defaultdict[int, list[tuple[float, int, float]]] = defaultdict(list)
    for each in inside:
        place = math.floor(each[0] / chart.width - chart.start / chart.width)
        of_bucket[min(max(place, 0), chart.buckets - 1)].append(each)
    assert found.buckets.tolist() == sorted(of_bucket)
    some = [of_bucket[bucket] for bucket in sorted(of_bucket)]
    assert found.counts.tolist() == [len(each) for each in some]
    assert bits([(value,) for value in found.lasts.tolist()]) == bits(
        [(max(each, key=lambda one: one[:2])[2],) for each in some]
    )
    extremes = list(zip(found.mins.tolist(), found.maxs.tolist(), strict=True))
    assert bits(extremes) == bits(
        [model.extremes([(step, 0, value) for _, step, value in each]) for each in some]
    )


@settings(BRIEF, max_examples=150)
@given(
    y=plain_points,
    x=plain_points,
    buckets=st.integers(2, 9),
    window=ranges,
    cuts=st.lists(st.integers(0, 60), max_size=5),
)
def test_a_metric_over_another_is_joined_at_their_steps(
    y: list[Point],
    x: list[Point],
    buckets: int,
    window: tuple[float | None, float | None],
    cuts: list[int],
) -> None:
    calls: list[list[Logged]] = [[("a", NO_RANK, [point])] for point in y]
    calls += [[("b", NO_RANK, [point])] for point in x]
    with tempfile.TemporaryDirectory() as folder, small_tiers():
        path = Path(folder) / "views.db"
        fold_runs(path, {"r": calls}, cuts)
        asyncio.run(check_against(path, lasts_of(y), lasts_of(x), buckets, window))


async def test_a_chart_over_a_metric_may_not_unpack_without_bounds(
    long: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(against, "POINTS_MAX", LONG - 1)
    async with open_views(long) as views:
        with pytest.raises(TooManyPoints):
            await draw_against(views, ["r"], ["a"], "a", buckets=10)
