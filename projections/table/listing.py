"""The ids of all runs that a question is about, in its order, so that any row is at hand.

They are found in a few scans of covering indexes and put in order in memory, which for a hundred
thousand runs takes a tenth of a second.  The first page of all, which everybody looks at first and
many at nothing else, is found without the rest of the list.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from projections.search.compile import Sql
from projections.search.errors import InvalidOrder
from projections.search.expressions import parse_expression
from projections.search.grammar import Comparison, Expression, Not
from projections.search.matching import matching
from projections.search.reader import STAGES, Reader, View
from projections.search.scope import among
from projections.table.columns import Column, Value, checked, values_of

ORDER_MAX = 8
"""Columns to order by."""


class By(msgspec.Struct, frozen=True):
    """A column to order by."""

    column: Column
    descending: bool = False


NEWEST = By(Column("attributes", "start_time"), descending=True)


class Question(msgspec.Struct, frozen=True):
    """Which runs, in which order; experiment_ids: empty for those of all active experiments."""

    experiment_ids: tuple[int, ...] = ()
    filter: str = ""
    view: View = "active"
    order_by: tuple[By, ...] = ()


async def list_runs(reader: Reader, question: Question) -> list[str]:
    """The ids of all runs in order; raises InvalidFilter for what the caller got wrong.

    Numbers come before texts (of params), these before NaN, and runs without a value last, whether
    the order goes up or down; ties go by start_time, newest first, then by run id.
    """
    if len(question.order_by) > ORDER_MAX:
        raise InvalidOrder(f"Invalid order_by: more than {ORDER_MAX} columns")
    where = matching(parse_expression(question.filter))
    scope = _scope_of(question)
    if scope is None:
        return []
    # In one row: for every row of an answer SQLite's thread waits for the interpreter's lock, which
    # beside a busy thread takes milliseconds each.  SQLite keeps a subquery's order for it.
    ((listed,),) = await reader.fetchall(
        f"""SELECT json_group_array(run_id) FROM (
                SELECT r.run_id FROM runs r WHERE {scope.text} AND {where.text}
                ORDER BY r.start_time DESC, r.run_id)""",
        (*scope.params, *where.params),
    )
    ids = msgspec.json.decode(listed, type=list[str])
    if len(ids) > 1 and question.order_by:
        columns = [checked(by.column) for by in question.order_by]
        values = await values_of(reader, columns, ids, numbers=True)
        return await asyncio.to_thread(ordered, ids, question.order_by, values)
    return ids


def plain(order_by: Sequence[By]) -> tuple[By, ...]:
    """The order without what every list ends with by itself."""
    return tuple(order_by[:-1] if order_by and order_by[-1] == NEWEST else order_by)


def leads(question: Question) -> bool:
    """Are the first runs found without the rest, by `first_runs`?"""
    return not question.filter and not question.order_by


async def first_runs(reader: Reader, question: Question, count: int) -> tuple[int, list[str]]:
    """(length of the list, the ids that it begins with) for a question that `leads`.

    It takes a tenth of the time that the list does, where the runs are many.
    """
    scope = _scope_of(question)
    if scope is None:
        return 0, []
    ((total, listed),) = await reader.fetchall(
        f"""SELECT (SELECT COUNT(*) FROM runs r WHERE {scope.text}),
                   (SELECT json_group_array(run_id) FROM (
                       SELECT r.run_id FROM runs r WHERE {scope.text}
                       ORDER BY r.start_time DESC, r.run_id LIMIT ?))""",
        (*scope.params, *scope.params, count),
    )
    return total, msgspec.json.decode(listed, type=list[str])


def ordered(
    ids: Sequence[str], order_by: Sequence[By], values: Mapping[Column, Mapping[str, Value]]
) -> list[str]:
    """The ids in this order, those that are alike as they came."""
    found = list(ids)
    # Sorting keeps what is alike in its order, so the last column goes first.
    for by in reversed(order_by):
        # Looked up once, for of a hundred thousand that is what takes the time.
        looked_up: list[Any] = list(map(values[by.column].get, found))
        if by.column == _EXPERIMENT_ID:
            looked_up = list(map(int, looked_up))
        numbers, texts, absent = [], [], []
        for place, value in enumerate(looked_up):
            if value is None:
                absent.append(place)
            elif type(value) is str:
                texts.append(place)
            else:
                numbers.append(place)
        if by.column.kind != "metrics":
            # Of a metric they are NaN, and none is before another.
            texts.sort(key=looked_up.__getitem__, reverse=by.descending)
        places = _sorted(numbers, looked_up, descending=by.descending) + texts + absent
        found = [found[place] for place in places]
    return found


def _sorted(places: list[int], values: list[Any], *, descending: bool) -> list[int]:
    """Places in the order of the numbers there, equal ones in their order."""
    if not places:
        return []
    import numpy as np

    column = np.array([values[place] for place in places])
    order = np.argsort(column[::-1] if descending else column, kind="stable")
    if descending:
        order = len(order) - 1 - order[::-1]
    found: list[int] = np.array(places)[order].tolist()
    return found


_EXPERIMENT_ID = Column("attributes", "experiment_id")


def place_of(column: Column, value: Value | None) -> tuple[int, Any]:
    """(rank, what to compare within it): numbers, texts, NaN, nothing."""
    if value is None:
        return 3, None
    if isinstance(value, str):
        if column.kind == "metrics":
            return 2, None
        if column == _EXPERIMENT_ID:
            return 0, int(value)
        return 1, value
    return 0, value


def _scope_of(question: Question) -> Sql | None:
    stages = STAGES[question.view]
    stage = f"r.lifecycle_stage IN ({', '.join('?' for _ in stages)})"
    if len(stages) == 1:
        stage = "r.lifecycle_stage = ?"
    if not question.experiment_ids:
        active = "SELECT experiment_id FROM experiments WHERE lifecycle_stage = 'active'"
        return Sql(f"r.experiment_id IN ({active}) AND {stage}", stages)
    experiments = among("r.experiment_id", question.experiment_ids)
    if experiments is None:
        return None
    return Sql(f"{experiments.text} AND {stage}", (*experiments.params, *stages))


def flows(question: Question) -> bool:
    """Does the answer change while runs log points?"""
    if any(flowing(by.column) for by in question.order_by):
        return True
    return _flows(parse_expression(question.filter))


def flowing(column: Column) -> bool:
    """Do the values of a column change while runs log points?"""
    return column.kind == "metrics" or column == Column("attributes", "changed")


def _flows(expression: Expression) -> bool:
    if isinstance(expression, Comparison):
        return expression.entity == "metric" or expression.key in ("changed", "lost")
    if isinstance(expression, Not):
        return _flows(expression.part)
    return any(_flows(part) for part in expression.parts)
