"""The planner takes the short way where there is one; it can only win or lose time."""

import pytest

from projections.search import plan
from projections.search.runs import find_runs
from tests.projections.search.views import MemoryViews, Run

RUNS = 3000


@pytest.fixture(scope="module")
def crowded() -> MemoryViews:
    views = MemoryViews()
    for number in range(RUNS):
        views.add_run(
            Run(
                f"{number:05}",
                experiment_id=1 if number % 3 else 2,
                start_time=number,
                metrics={"m": float(number)},
                params={"common": "x", "seed": str(number)},
            )
        )
    views.add_run(Run("lonely", experiment_id=3, metrics={"m": -1.0}))
    return views


async def way_to(views: MemoryViews, text: str, *order_by: str, experiment_id: int = 1) -> str:
    """The statement that read the page."""
    views.statements.clear()
    await find_runs(
        views,
        experiment_ids=[experiment_id],
        filter=text,
        order_by=order_by,
        view="active",
        max_results=10,
        page_token="",
    )
    reads = [each for each in views.statements if "LIMIT ?" in each and "count(*)" not in each]
    return reads[0]


async def test_without_filter_the_newest_are_walked_at_once(crowded: MemoryViews) -> None:
    assert "FROM runs r" in await way_to(crowded, "")
    assert len(crowded.statements) == 1


async def test_a_common_filter_walks_the_newest(crowded: MemoryViews) -> None:
    assert "FROM runs r" in await way_to(crowded, "params.common = 'x'")


async def test_a_rare_filter_starts_from_its_few_entries(crowded: MemoryViews) -> None:
    assert "FROM run_params c CROSS JOIN runs" in await way_to(crowded, "params.seed = '7'")
    assert "FROM latest_metrics c CROSS JOIN runs" in await way_to(crowded, "metrics.m < 10")
    both = "params.common = 'x' AND metrics.m < 10"
    assert "FROM latest_metrics c CROSS JOIN runs" in await way_to(crowded, both)


async def test_named_runs_are_looked_up_by_id(crowded: MemoryViews) -> None:
    assert "FROM json_each(?) c" in await way_to(crowded, "run_id IN ('00001', '00002')")


async def test_an_order_by_metric_walks_its_values(crowded: MemoryViews) -> None:
    assert "FROM latest_metrics s0 CROSS JOIN runs" in await way_to(crowded, "", "metrics.m DESC")


async def test_a_small_experiment_in_a_crowd_is_sorted_by_itself(
    crowded: MemoryViews, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "SAMPLE", 16)
    way = await way_to(crowded, "", "metrics.m DESC", experiment_id=3)
    assert "FROM runs r LEFT JOIN latest_metrics s0" in way


async def test_walks_use_the_indexes_without_sorting_all(crowded: MemoryViews) -> None:
    for order_by in ((), ("metrics.m DESC",), ("params.seed",)):
        statement = await way_to(crowded, "", *order_by)
        marks = statement.count("?")
        steps = crowded.connection.execute(f"EXPLAIN QUERY PLAN {statement}", ["x"] * marks)
        details = " / ".join(step[3] for step in steps)
        assert "USE TEMP B-TREE FOR ORDER BY" not in details
