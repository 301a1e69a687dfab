"""Runs that are alike in some columns, taken together, with what the others amount to."""

import asyncio
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from projections.search.reader import Reader
from projections.table.columns import Column, Value, values_of
from projections.table.listing import place_of
from projections.table.rows import Cell, cell_of

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]

RUN_IDS_MAX = 100
"""Runs of a group that are named."""

Statistic = Literal["mean", "std", "min", "max", "count"]


class Amount(msgspec.Struct, frozen=True):
    """What the finite numbers of a column amount to in a group; None where there are too few.

    std: of a sample, so it takes two; count: runs that have such a number.
    """

    mean: Cell
    std: Cell
    min: Cell
    max: Cell
    count: int


class Group(msgspec.Struct, frozen=True):
    """Runs that have the same values; keys: these, None for no value; run_ids: the first ones."""

    keys: list[Cell]
    runs: int
    run_ids: list[str]
    cells: list[Amount]


class GroupBy(msgspec.Struct, frozen=True):
    """What to order groups by: a column they are grouped by, a number of another, or their size."""

    column: Column | None = None
    statistic: Statistic = "mean"
    descending: bool = False


async def group_runs(
    reader: Reader,
    run_ids: Sequence[str],
    by: Sequence[Column],
    columns: Sequence[Column],
    order_by: Sequence[GroupBy],
) -> list[Group]:
    """The groups of these runs in order; the largest first where none is asked for.

    Groups without what they are ordered by come last.  A param counts as a number in `columns`
    where its text is one, and as its text in `by`.
    """
    keys = await values_of(reader, by, run_ids)
    numbers = await values_of(reader, columns, run_ids, numbers=True)
    return await asyncio.to_thread(
        _grouped,
        run_ids,
        [keys[column] for column in by],
        [numbers[column] for column in columns],
        (list(by), list(columns), order_by),
    )


_Order = tuple[list[Column], list[Column], Sequence[GroupBy]]


def _grouped(
    run_ids: Sequence[str],
    keys: Sequence[dict[str, Value]],
    numbers: Sequence[dict[str, Value]],
    order: _Order,
) -> list[Group]:
    import numpy as np

    of_key: dict[tuple[Value | None, ...], list[int]] = {}
    for index, key in enumerate(zip(*(map(each.get, run_ids) for each in keys), strict=True)):
        of_key.setdefault(key, []).append(index)
    members = list(of_key.values())
    owner = np.empty(len(run_ids), "<i8")
    for number, indices in enumerate(members):
        owner[indices] = number
    amounts = [_amounts(run_ids, each, owner, len(members)) for each in numbers]
    groups = [
        Group(
            keys=[cell_of(each) for each in key],
            runs=len(indices),
            run_ids=[run_ids[index] for index in indices[:RUN_IDS_MAX]],
            cells=[each[number] for each in amounts],
        )
        for number, (key, indices) in enumerate(of_key.items())
    ]
    return _ordered(groups, list(of_key), order)


def _amounts(
    run_ids: Sequence[str], values: dict[str, Value], owner: "Ints", groups: int
) -> list[Amount]:
    import numpy as np

    numbers = (
        math.nan if each is None or type(each) is str else each for each in map(values.get, run_ids)
    )
    column = np.fromiter(numbers, "<f8", len(run_ids))
    finite = np.isfinite(column)
    column, owner = column[finite], owner[finite]
    order = np.argsort(owner, kind="stable")
    column, owner = column[order], owner[order]
    counts = np.bincount(owner, minlength=groups)
    there = np.flatnonzero(counts)
    starts = (np.cumsum(counts) - counts)[there]
    if not len(there):
        return [Amount(None, None, None, None, 0)] * groups
    with np.errstate(all="ignore"):
        # What is beyond a float's range is infinite.
        means = np.add.reduceat(column, starts) / counts[there]
        apart = (column - np.repeat(means, counts[there])) ** 2
        deviations = np.sqrt(np.add.reduceat(apart, starts) / (counts[there] - 1))
    lows, highs = np.minimum.reduceat(column, starts), np.maximum.reduceat(column, starts)
    found = [Amount(None, None, None, None, 0)] * groups
    for place, number in enumerate(there.tolist()):
        count = int(counts[number])
        found[number] = Amount(
            cell_of(float(means[place])),
            cell_of(float(deviations[place])) if count > 1 else None,
            float(lows[place]),
            float(highs[place]),
            count,
        )
    return found


def _ordered(groups: list[Group], keys: list[Any], order: _Order) -> list[Group]:
    by, columns, order_by = order
    indices = list(range(len(groups)))
    for entry in reversed(order_by or [GroupBy(descending=True)]):
        places: list[tuple[int, Any]] = []
        for index in range(len(groups)):
            if entry.column is None:
                places.append((0, groups[index].runs))
            elif entry.column in by:
                places.append(place_of(entry.column, keys[index][by.index(entry.column)]))
            else:
                amount = groups[index].cells[columns.index(entry.column)]
                value = getattr(amount, entry.statistic)
                places.append(place_of(entry.column, value))
        of_rank: tuple[list[int], ...] = ([], [], [], [])
        for index in indices:
            of_rank[places[index][0]].append(index)
        for some in of_rank[:2]:
            some.sort(key=lambda index: places[index][1], reverse=entry.descending)
        indices = [index for some in of_rank for index in some]
    return [groups[index] for index in indices]
