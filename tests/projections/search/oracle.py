"""Rows F8 to F15 once more, in plain Python and the slow way, to compare with the SQL."""

import math
import re
from typing import Any

from tests.projections.search.views import Run

DOUBLE_MAX = 1.7976931348623157e308

Comparison = tuple[str, str, str, Any]
"""(entity, key, operator, value)."""

Order = tuple[str, str, bool]
"""(entity, key, descending)."""


def _like(pattern: str, value: str, *, fold: bool) -> bool:
    parts = {"%": ".*", "_": "."}
    expression = "".join(parts.get(each, re.escape(each)) for each in pattern)
    flags = re.DOTALL | (re.IGNORECASE | re.ASCII if fold else 0)
    return re.fullmatch(expression, value, flags) is not None


def _compare(value: Any, op: str, other: Any) -> bool:
    match op:
        case "=":
            return bool(value == other)
        case "!=":
            return bool(value != other)
        case "<":
            return bool(value < other)
        case "<=":
            return bool(value <= other)
        case ">":
            return bool(value > other)
        case ">=":
            return bool(value >= other)
        case "LIKE":
            return _like(other, value, fold=False)
        case "ILIKE":
            return _like(other, value, fold=True)
        case "IN":
            return value in other
        case "NOT IN":
            return value not in other
    raise AssertionError(op)


def _value_of(run: Run, entity: str, key: str) -> Any:
    if entity == "attribute" and key == "run_name":
        return run.tags.get("mlflow.runName")
    if entity == "attribute":
        return getattr(run, key)
    return getattr(run, f"{entity}s").get(key)


def _holds(run: Run, comparison: Comparison) -> bool:
    entity, key, op, other = comparison
    if entity == "dataset":
        field = ("name", "digest", "context").index(key)
        values = [dataset[field] for dataset in run.datasets]
        return any(each is not None and _compare(each, op, other) for each in values)
    value = _value_of(run, entity, key)
    if op in ("IS NULL", "IS NOT NULL"):
        return (value is None) == (op == "IS NULL")
    if value is None:
        return False
    if entity == "metric":
        if math.isnan(value):
            return op == "!="
        value = max(-DOUBLE_MAX, min(DOUBLE_MAX, value))
    return _compare(value, op, other)


def holds(run: Run, comparisons: list[Comparison]) -> bool:
    """Whether the run matches a filter."""
    return all(_holds(run, each) for each in comparisons)


def _place(run: Run, entity: str, key: str) -> tuple[int, Any]:
    value = run.name if (entity, key) == ("attribute", "run_name") else _value_of(run, entity, key)
    if value is None:
        return 2, 0
    if isinstance(value, float) and math.isnan(value):
        return 1, 0
    return 0, value


def ordered(runs: list[Run], orders: list[Order]) -> list[str]:
    """The run ids in order: Python's sort is stable, so the least important key goes first."""
    found = sorted(runs, key=lambda run: (-run.start_time, run.run_id))
    for entity, key, descending in reversed(orders):
        places = {run.run_id: _place(run, entity, key) for run in found}
        with_value = [run for run in found if places[run.run_id][0] == 0]
        values = {run.run_id: places[run.run_id][1] for run in with_value}
        found = [
            *_sorted(with_value, values, descending=descending),
            *(run for run in found if places[run.run_id][0] == 1),
            *(run for run in found if places[run.run_id][0] == 2),
        ]
    return [run.run_id for run in found]


def _sorted(runs: list[Run], values: dict[str, Any], *, descending: bool) -> list[Run]:
    # reverse=True keeps equal ones in their order, as SQL's DESC does with the keys that follow.
    return sorted(runs, key=lambda run: values[run.run_id], reverse=descending)
