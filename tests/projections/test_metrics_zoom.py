"""Charts, lists of series and ranks are exact, whatever the batches, wide rows and blocks were."""

import asyncio
import math
import struct
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from eventtrack import limits
from eventtrack.events import Recorded
from projections.metrics import compaction, metrics, packing
from projections.metrics.history import read_points
from projections.metrics.series import NO_RANK, across_ranks, list_series, ranks_of
from projections.metrics.zoom import BUCKETS_MAX, Axis, Zoom, zoom
from projections.views import Views
from tests.projections import made, model
from tests.projections.model import Point
from tests.support import BRIEF, COMMON, fold, open_views

pytestmark = pytest.mark.filterwarnings("error")

Logged = tuple[str, int, list[Point]]
"""(key, rank, points) of a log call."""


@contextmanager
def small_tiers() -> Iterator[None]:
    """Few points already go all the way from wide rows to groups of blocks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compaction, "FAN_IN", 3)
        patch.setattr(compaction, "WIDE_POINTS_PER_SERIES", 6)
        patch.setattr(compaction, "BLOCK_POINTS", 9)
        patch.setattr(compaction, "GROUP_BLOCKS", 2)
        patch.setattr(packing, "PACKED_POINTS_MIN", 4)
        yield


def bits(rows: Sequence[tuple[float, ...]]) -> list[tuple[object, ...]]:
    """Rows that compare by every bit; all NaN are one."""

    def exact(number: float) -> object:
        if isinstance(number, int):
            return number
        return "NaN" if math.isnan(number) else struct.pack("<d", number)

    return [tuple(map(exact, row)) for row in rows]


def listed(found: Zoom) -> list[tuple[float, ...]]:
    columns = [
        found.starts,
        found.counts,
        found.nans,
        found.highs,
        found.lows,
        found.mins,
        found.maxs,
        found.lasts,
        found.first_x,
        found.last_x,
    ]
    return list(zip(*(column.tolist() for column in columns), strict=True))


def held(calls: Sequence[Sequence[Logged]]) -> dict[str, dict[int, list[Point]]]:
    """key -> rank -> points, in the order of the log."""
    found: dict[str, dict[int, list[Point]]] = {}
    for call in calls:
        for key, rank, points in call:
            if points:
                found.setdefault(key, {}).setdefault(rank, []).extend(points)
    return found


def events_of(calls: Sequence[Sequence[Logged]]) -> list[Recorded]:
    return made.recorded_series(
        [[made.series(points, key, rank) for key, rank, points in call] for call in calls]
    )


# Any patterns, any batches

calls = st.lists(
    st.lists(
        st.tuples(
            st.sampled_from(["a", "b"]),
            st.sampled_from([NO_RANK, 0, 1]),
            st.lists(made.points, min_size=1, max_size=8),
        ),
        max_size=3,
    ),
    max_size=25,
)
cuts = st.lists(st.integers(0, 100), max_size=25)
places = st.none() | st.integers(-3, 4) | st.integers(limits.INT64_MIN, limits.INT64_MAX)
windows = st.lists(
    st.tuples(
        st.integers(1, 9) | st.integers(1, BUCKETS_MAX),
        st.sampled_from(["step", "timestamp"]),
        places,
        places,
        st.sampled_from([None, NO_RANK, 0, 1]),
    ),
    min_size=1,
    max_size=8,
)
Window = tuple[int, Axis, int | None, int | None, int | None]


async def check_window(views: Views, of_rank: dict[int, list[Point]], window: Window) -> None:
    buckets, axis, start, end, rank = window
    if start is not None and end is not None and end < start:
        start, end = end, start
    points = [p for r in of_rank for p in of_rank[r] if rank is None or r == rank]
    found = await zoom(
        views, made.RUN, "a", buckets=buckets, axis=axis, start=start, end=end, rank=rank
    )
    assert bits(listed(found)) == bits(model.zoom(points, buckets, axis, start, end))


async def check_views(path: Path, calls: list[list[Logged]], windows: list[Window]) -> None:
    series = held(calls)
    async with open_views(path) as views:
        for window in windows:
            await check_window(views, series.get("a", {}), window)
        infos = await list_series(views, made.RUN)
        assert [info.key for info in infos] == sorted(series)
        for info in infos:
            of_rank = series[info.key]
            points = [point for rank in of_rank for point in of_rank[rank]]
            counts = {rank: len(of_rank[rank]) for rank in sorted(of_rank)}
            assert info.ranks == counts == await ranks_of(views, made.RUN, info.key)
            assert (info.points, info.nans, info.highs, info.lows) == (
                len(points),
                *model.odd(points),
            )
            steps, times, _ = zip(*points, strict=True)
            assert (info.first_step, info.last_step) == (min(steps), max(steps))
            assert (info.first_time, info.last_time) == (min(times), max(times))
            shown = (*model.extremes(points), model.last(points))
            assert bits([(info.min, info.max, info.last)]) == bits([shown])
            for rank in of_rank:
                kept = await read_points(views, made.RUN, info.key, rank)
                rows = list(
                    zip(
                        kept.steps.tolist(),
                        kept.timestamps.tolist(),
                        kept.values.tolist(),
                        strict=True,
                    )
                )
                assert bits(rows) == bits(model.history(of_rank[rank]))
            ranked = {rank: points for rank, points in of_rank.items() if rank != NO_RANK}
            folded = await across_ranks(views, made.RUN, info.key)
            columns = [folded.steps, folded.counts, folded.nans]
            floats = [folded.means, folded.mins, folded.maxs]
            table = zip(*(each.tolist() for each in columns + floats), strict=True)
            assert bits(list(table)) == bits(model.across(ranked))


def check(calls: list[list[Logged]], cuts: list[int], windows: list[Window]) -> None:
    with tempfile.TemporaryDirectory() as folder, small_tiers():
        path = Path(folder) / "views.db"
        fold(path, made.cut(events_of(calls), cuts), [metrics], restart_every=7)
        asyncio.run(check_views(path, calls, windows))


WHOLE: list[Window] = [(1, "step", None, None, None), (BUCKETS_MAX, "timestamp", None, None, None)]


@settings(BRIEF, max_examples=150)
@given(calls=calls, cuts=cuts, windows=windows)
@example(calls=[[("a", NO_RANK, [(1, 1, math.nan), (1, 1, 0.0)])]], cuts=[], windows=WHOLE)
@example(
    calls=[[("a", 0, [(limits.INT64_MIN, 0, -0.0)])], [("a", 1, [(limits.INT64_MAX, 0, 0.0)])]],
    cuts=[1],
    windows=WHOLE,
)
def test_charts_lists_and_ranks_are_exact(
    calls: list[list[Logged]], cuts: list[int], windows: list[Window]
) -> None:
    check(calls, cuts, windows)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@settings(COMMON, max_examples=5000)
@given(calls=calls, cuts=cuts, windows=windows)
def test_many_charts_lists_and_ranks_are_exact(
    calls: list[list[Logged]], cuts: list[int], windows: list[Window]
) -> None:
    check(calls, cuts, windows)


# Real sizes


def curve(count: int) -> list[Point]:
    """A curve with one spike."""
    points = [(step, 1000 + step * 3, math.sin(step / 100)) for step in range(count)]
    points[count // 3] = (count // 3, 1000 + count // 3 * 3, 1e9)
    return points


@pytest.mark.parametrize("per_call", [1_000, 100_000])
async def test_a_spike_is_seen_at_every_zoom(tmp_path: Path, per_call: int) -> None:
    points = curve(100_000)
    some = [points[start : start + per_call] for start in range(0, len(points), per_call)]
    fold(tmp_path / "views.db", ([event] for event in made.recorded(some)), [metrics])
    async with open_views(tmp_path / "views.db") as views:
        for buckets in (1, 7, 600, BUCKETS_MAX):
            found = await zoom(views, made.RUN, made.KEY, buckets=buckets)
            assert bits(listed(found)) == bits(model.zoom(points, buckets))
            assert found.maxs.max() == 1e9
        near = await zoom(views, made.RUN, made.KEY, buckets=600, start=33_000, end=34_000)
        assert bits(listed(near)) == bits(model.zoom(points, 600, "step", 33_000, 34_000))


async def test_a_chart_unpacks_what_its_borders_cut_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fold(tmp_path / "views.db", [made.recorded([curve(400_000)])], [metrics])
    unpacked = []
    monkeypatch.setattr(
        "projections.metrics.zoom.points_of",
        lambda stored: unpacked.append(1) or packing.points_of(stored),  # type: ignore[func-returns-value]
    )
    async with open_views(tmp_path / "views.db") as views:
        for buckets in (1, 2, 10):
            unpacked.clear()
            await zoom(views, made.RUN, made.KEY, buckets=buckets)
            assert len(unpacked) <= buckets - 1


async def test_what_cannot_be_drawn_is_refused_and_what_is_not_there_is_empty(
    tmp_path: Path,
) -> None:
    fold(tmp_path / "views.db", [], [metrics])
    async with open_views(tmp_path / "views.db") as views:
        for buckets in (0, BUCKETS_MAX + 1):
            with pytest.raises(ValueError, match="buckets"):
                await zoom(views, "r", "k", buckets=buckets)
        with pytest.raises(ValueError, match="ends where"):
            await zoom(views, "r", "k", buckets=1, start=2, end=1)
        assert len(await zoom(views, "r", "k", buckets=10)) == 0
        assert len(await across_ranks(views, "r", "k")) == 0
        assert await list_series(views, "r") == []
        assert await ranks_of(views, "r", "k") == {}
