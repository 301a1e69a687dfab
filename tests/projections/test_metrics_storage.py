"""Points move from wide rows to tails to blocks: few rows, few rewrites, nothing lost, small."""

import asyncio
import math
import random
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from eventtrack.events import Recorded
from eventtrack.events.metrics import tables_of
from projections.metrics import compaction, metrics, wide
from projections.metrics.fold import extent_of
from projections.metrics.history import encode_points, read_points
from projections.metrics.latest import LatestPoints
from projections.metrics.packing import Points, points_of
from projections.metrics.series import SeriesInfo, list_series
from projections.metrics.summary import records_of
from tests.projections import made, model
from tests.projections.model import Point
from tests.support import PACKED, fold, open_views

pytestmark = pytest.mark.filterwarnings("error")


def rows_in(path: Path) -> dict[str, int]:
    connection = sqlite3.connect(path)
    try:
        return {
            table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in PACKED
        }
    finally:
        connection.close()


def bytes_in(path: Path) -> int:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path.stat().st_size


def fold_each(path: Path, events: Iterable[Recorded], restart_every: int = 0) -> None:
    """Every event is a batch of its own."""
    fold(path, ([event] for event in events), [metrics], restart_every=restart_every)


async def look(path: Path) -> tuple[bytes, list[SeriesInfo], list[bytes]]:
    """Document, list, histories."""
    async with open_views(path) as views:
        row = await views.fetchone("SELECT metrics FROM metric_documents")
        assert row is not None
        infos = await list_series(views, made.RUN)
        return (
            row[0],
            infos,
            [
                encode_points(await read_points(views, made.RUN, info.key), info.key)
                for info in infos
            ],
        )


@pytest.mark.parametrize(
    ("count", "points"),
    [(3000, 1), (600, 10), (400, 255), (400, 256), (400, 300), (200, 1000), (40, 70_000)],
)
def test_a_series_has_few_rows_however_it_was_written(
    tmp_path: Path, count: int, points: int
) -> None:
    calls = (
        made.shuffled_calls(count, points)
        if points < 1000
        else [[(call, call, 1.0)] * points for call in range(count)]
    )
    fold_each(tmp_path / "views.db", made.recorded(calls))
    rows, total = rows_in(tmp_path / "views.db"), count * points
    assert rows["metric_wide"] <= 3 * compaction.FAN_IN
    assert rows["metric_tails"] <= compaction.FAN_IN
    assert rows["metric_blocks"] <= total // compaction.BLOCK_POINTS
    assert rows["metric_groups"] <= rows["metric_blocks"] // compaction.GROUP_BLOCKS + 1
    (info,) = asyncio.run(look(tmp_path / "views.db"))[1]
    assert info.points == total, "compaction loses nothing"


def test_many_metrics_at_once_are_one_row(tmp_path: Path) -> None:
    keys = [f"layer {number}" for number in range(1000)]
    calls = [[made.series([(step, step, 0.5)], key) for key in keys] for step in range(15)]
    fold_each(tmp_path / "views.db", made.recorded_series(calls))
    assert rows_in(tmp_path / "views.db") == {
        "metric_wide": 15,
        "metric_tails": 0,
        "metric_groups": 0,
        "metric_blocks": 0,
    }
    assert len(asyncio.run(look(tmp_path / "views.db"))[1]) == 1000


def test_a_point_is_rewritten_a_few_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rewritten = [0]
    merge, put, tails = compaction._merge_wide, compaction._put_points, compaction._put_tails

    def merging(connection: sqlite3.Connection, run_id: str, wide_ids: Sequence[int]) -> None:
        merge(connection, run_id, wide_ids)
        row = connection.execute("SELECT points FROM metric_wide ORDER BY wide_id DESC").fetchone()
        rewritten[0] += row[0]

    def putting(
        connection: sqlite3.Connection, run_id: str, series: compaction.Series, points: Points
    ) -> None:
        put(connection, run_id, series, points)
        rewritten[0] += len(points)

    def tailing(
        connection: sqlite3.Connection, run_id: str, table: wide.Wide, columns: dict[str, bytes]
    ) -> None:
        tails(connection, run_id, table, columns)
        rewritten[0] += table.points * len(columns)

    monkeypatch.setattr(compaction, "_merge_wide", merging)
    monkeypatch.setattr(compaction, "_put_points", putting)
    monkeypatch.setattr(compaction, "_put_tails", tailing)
    fold_each(tmp_path / "views.db", made.recorded(made.shuffled_calls(9000, 1)))
    assert rewritten[0] <= 9000 * 3


@pytest.mark.parametrize("restart_every", [0, 25])
def test_compaction_keeps_every_answer(tmp_path: Path, restart_every: int) -> None:
    """The counts that say when to look are lost at a restart; answers do not depend on them."""
    events = made.recorded(made.shuffled_calls(1500, 3))
    whole, single = tmp_path / "whole.db", tmp_path / "single.db"
    fold(whole, [events], [metrics])
    fold_each(single, events, restart_every)
    assert rows_in(whole)["metric_blocks"] == 1
    assert rows_in(whole)["metric_wide"] == 0
    assert rows_in(single)["metric_wide"] + rows_in(single)["metric_tails"] < 100
    assert asyncio.run(look(whole)) == asyncio.run(look(single))


def test_blocks_are_sorted_and_their_summaries_are_true(tmp_path: Path) -> None:
    calls = made.shuffled_calls(40, 20_000)
    fold_each(tmp_path / "views.db", made.recorded(calls))
    connection = sqlite3.connect(tmp_path / "views.db")
    groups = connection.execute("SELECT blocks, summaries FROM metric_groups").fetchall()
    assert [blocks for blocks, _ in groups] == [64, 64, 32]
    seen = 0
    for _, summaries in groups:
        for record in records_of(summaries):
            ((columns,),) = connection.execute(
                "SELECT columns FROM metric_blocks WHERE block_id = ?", (int(record["block"]),)
            )
            points = points_of(columns)
            assert compaction.BLOCK_POINTS <= len(points) < 2 * compaction.BLOCK_POINTS
            assert (points.steps[1:] > points.steps[:-1]).all()
            assert record["points"] == len(points)
            assert record["min_step"] == points.steps[0]
            assert record["max_step"] == points.steps[-1]
            assert record["min"] == points.values.min()
            assert record["last"] == points.values[-1]
            seen += len(points)
    connection.close()
    assert seen == 800_000


def noise(count: int) -> list[Point]:
    """An ordinary training curve, logged about every 137 ms."""
    source = random.Random(3)
    return [
        (step, 1_700_000_000_000 + step * 137 + source.randrange(30), source.gauss(0, 1))
        for step in range(count)
    ]


@pytest.mark.parametrize("per_call", [10, 1000, 20_000])
def test_an_ordinary_curve_takes_nine_bytes_a_point(tmp_path: Path, per_call: int) -> None:
    points = noise(20_000)
    keys = [f"metric {number}" for number in range(10)]
    calls = [
        [made.series(points[start : start + per_call], key) for key in keys]
        for start in range(0, len(points), per_call)
    ]
    fold_each(tmp_path / "views.db", made.recorded_series(calls))
    assert bytes_in(tmp_path / "views.db") <= 200_000 * 9.5


def test_latest_points_are_read_again_when_they_are_not_kept(tmp_path: Path) -> None:
    """Runs take turns in a memory for one series."""
    connection = sqlite3.connect(":memory:")
    connection.executescript(metrics.tables)
    latest = LatestPoints(series_max=1)
    logged: dict[str, list[Point]] = {"r": [], "s": []}
    for number in range(20):
        run_id = "rs"[number % 2]
        value = math.nan if number == 5 else float(-number)
        point = (number // 3 % 4, 7, value)
        logged[run_id].append(point)
        ((key, extent),) = extent_of(wide.gather(tables_of([made.series([point], "k")]))[0])
        latest.write(connection, [(run_id, 0, [(key, extent)], 1)])
    found = connection.execute("SELECT run_id, metrics, points FROM metric_documents").fetchall()
    assert found == [
        (run_id, model.document({"k": points}), len(points)) for run_id, points in logged.items()
    ]
    amounts = connection.execute("SELECT first_step, lowest, highest, points FROM latest_metrics")
    assert amounts.fetchall() == [
        (min(points)[0], *model.extremes(points), len(points)) for points in logged.values()
    ]
    connection.close()
