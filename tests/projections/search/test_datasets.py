"""The datasets that the runs of experiments read (row D3)."""

from projections.search.datasets import SUMMARIES_MAX, find_datasets
from tests.projections.search.views import MemoryViews, Run


async def test_each_dataset_and_context_is_named_once() -> None:
    views = MemoryViews()
    views.add_run(Run("a", datasets=[("d", "1", "train"), ("d", "2", None)]))
    views.add_run(Run("b", datasets=[("d", "1", "train"), ("e", "1", None)]))
    views.add_run(Run("c", experiment_id=2, datasets=[("d", "1", "eval")]))
    views.add_run(Run("d", experiment_id=3, datasets=[("f", "1", "eval")]))
    assert await find_datasets(views, [2, 1, 2**70]) == [
        (1, "d", "1", "train"),
        (1, "d", "2", None),
        (1, "e", "1", None),
        (2, "d", "1", "eval"),
    ]
    assert await find_datasets(views, []) == []


async def test_there_are_at_most_a_thousand() -> None:
    views = MemoryViews()
    views.add_run(Run("a", datasets=[("d", str(number), None) for number in range(1001)]))
    assert len(await find_datasets(views, [1])) == SUMMARIES_MAX == 1000
