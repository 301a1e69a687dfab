"""Groups and orders of runs are what plain Python says, whatever runs there are."""

import math
import statistics
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from projections.runs import number_of
from projections.table.columns import Column
from projections.table.groups import Amount, group_runs
from projections.table.listing import By, Question, first_runs, list_runs
from tests.projections.search import strategies
from tests.projections.search.strategies import KEYS
from tests.projections.search.views import MemoryViews, Run, answer

ATTRIBUTES: dict[str, Callable[[Run], Any]] = {
    "name": lambda run: run.name,
    "status": lambda run: run.status,
    "start_time": lambda run: run.start_time,
    "end_time": lambda run: run.end_time or None,
    "experiment_id": lambda run: str(run.experiment_id),
}

columns = st.one_of(
    st.builds(Column, st.sampled_from(["params", "tags", "metrics"]), st.sampled_from(KEYS)),
    st.builds(Column, st.just("attributes"), st.sampled_from(sorted(ATTRIBUTES))),
)


def value_of(run: Run, column: Column) -> Any:
    """What a column holds; None for nothing."""
    if column.kind == "attributes":
        return ATTRIBUTES[column.key](run)
    return getattr(run, column.kind).get(column.key)


def number(run: Run, column: Column) -> float | None:
    """The finite number that a column holds."""
    value = value_of(run, column)
    if isinstance(value, str):
        value = number_of(value) if column.kind == "params" else None
    return value if value is not None and math.isfinite(value) else None


def place(run: Run, column: Column) -> tuple[int, Any]:
    """(rank, value): numbers, texts, NaN, nothing."""
    value = value_of(run, column)
    if value is None:
        return 3, 0
    if column.key == "experiment_id" and column.kind == "attributes":
        return 0, int(value)
    if isinstance(value, str):
        is_number = column.kind == "params" and number_of(value) is not None
        return (0, number_of(value)) if is_number else (1, value)
    return (2, 0) if math.isnan(value) else (0, value)


def views_of(world: list[Run]) -> MemoryViews:
    views = MemoryViews()
    for run in world:
        views.add_run(run)
    return views


@settings(max_examples=300, deadline=None)
@given(
    world=strategies.runs(12),
    order_by=st.lists(st.builds(By, columns, st.booleans()), max_size=3),
)
def test_the_order_is_what_python_says(world: list[Run], order_by: list[By]) -> None:
    found = answer(list_runs(views_of(world), Question((1, 2), "", "all", tuple(order_by))))
    expected = sorted(world, key=lambda run: (-run.start_time, run.run_id))
    for by in reversed(order_by):
        of_rank: defaultdict[int, list[Run]] = defaultdict(list)
        for run in expected:
            of_rank[place(run, by.column)[0]].append(run)
        for some in of_rank.values():
            some.sort(key=lambda run: place(run, by.column)[1], reverse=by.descending)
        expected = [run for rank in sorted(of_rank) for run in of_rank[rank]]
    assert found == [run.run_id for run in expected]


@settings(max_examples=200, deadline=None)
@given(
    world=strategies.runs(12),
    question=st.builds(
        Question,
        experiment_ids=st.sampled_from([(), (1,), (2, 1), (7,)]),
        view=st.sampled_from(["active", "deleted", "all"]),
    ),
    count=st.integers(0, 14),
)
def test_the_first_runs_are_the_beginning_of_the_list(
    world: list[Run], question: Question, count: int
) -> None:
    views = views_of(world)
    ids = answer(list_runs(views, question))
    assert answer(first_runs(views, question, count)) == (len(ids), ids[:count])


def check_amount(amount: Amount, numbers: list[float]) -> None:
    assert amount.count == len(numbers)
    if not numbers:
        assert (amount.mean, amount.std, amount.min, amount.max) == (None,) * 4
        return
    assert (amount.min, amount.max) == (min(numbers), max(numbers))
    if max(map(abs, numbers)) < 1e100:
        mean = statistics.fmean(numbers)
        assert isinstance(amount.mean, float)
        assert math.isclose(amount.mean, mean, rel_tol=1e-9, abs_tol=1e-9)
        if len(numbers) > 1:
            assert isinstance(amount.std, float)
            wanted = statistics.stdev(numbers)
            assert math.isclose(amount.std, wanted, rel_tol=1e-6, abs_tol=1e-6)
    assert (amount.std is None) == (len(numbers) < 2)


@settings(max_examples=300, deadline=None)
@given(
    world=strategies.runs(12),
    by=st.lists(columns, min_size=1, max_size=2, unique=True),
    told=st.lists(columns, max_size=2, unique=True),
)
def test_groups_are_what_python_says(
    world: list[Run], by: list[Column], told: list[Column]
) -> None:
    views = views_of(world)
    ids = answer(list_runs(views, Question((1, 2), "", "all")))
    groups = answer(group_runs(views, ids, by, told, []))
    known = {run.run_id: run for run in world}
    assert sorted(run_id for group in groups for run_id in group.run_ids) == sorted(ids)
    assert [group.runs for group in groups] == sorted(
        (len(group.run_ids) for group in groups), reverse=True
    )
    keys = [tuple(map(repr, group.keys)) for group in groups]
    assert len(set(keys)) == len(keys)
    for group in groups:
        some = [known[run_id] for run_id in group.run_ids]
        for column, key in zip(by, group.keys, strict=True):
            for run in some:
                value = value_of(run, column)
                if isinstance(value, float) and not math.isfinite(value):
                    value = {math.inf: "Infinity", -math.inf: "-Infinity"}.get(value, "NaN")
                assert value == key
        for column, amount in zip(told, group.cells, strict=True):
            numbers = [number(run, column) for run in some]
            check_amount(amount, [each for each in numbers if each is not None])
