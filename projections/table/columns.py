"""Columns: an attribute, a param, a tag or a number of a metric, and the values that runs have.

A value is a text or a number; a run that has none has no entry.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec

from projections.search.errors import InvalidFilter
from projections.search.matching import ATTRIBUTES, NUMBERS, WITH_NAN
from projections.search.reader import Reader

Kind = Literal["attributes", "params", "tags", "metrics"]
Of = Literal["last", "min", "max", "first", "count"]

Value = str | int | float

FEW_RUNS = 2_000
"""Of up to so many runs values are looked up one by one; beyond, those of all runs are read."""

_ENTRIES = {"params": "run_params", "tags": "run_tags"}


class Column(msgspec.Struct, frozen=True):
    """A column; of: which number of a metric, nothing else has several."""

    kind: Kind
    key: str
    of: Of = "last"


class InvalidColumn(InvalidFilter):
    """There is no such column; the message says which there are."""


def checked(column: Column) -> Column:
    """The column, if it can be asked for; raises InvalidColumn."""
    if column.kind == "attributes" and column.key not in ATTRIBUTES:
        raise InvalidColumn(
            f"Invalid column: {column.key[:100]!r} is not one of the attributes "
            f"{', '.join(ATTRIBUTES)}"
        )
    if column.kind != "metrics" and column.of != "last":
        raise InvalidColumn(
            f"Invalid column: {column.kind}.{column.key[:100]} has one value, not 'of' "
            f"{column.of!r}; only metrics have several"
        )
    return column


async def values_of(
    reader: Reader,
    columns: Iterable[Column],
    run_ids: Sequence[str],
    *,
    numbers: bool = False,
) -> dict[Column, dict[str, Value]]:
    """column -> run id -> value, where the run has one; a NaN is the text NaN.

    numbers: params whose text is a number as that number.  Runs that were not asked for may be
    among them.
    """
    of_params = "coalesce(c.number, c.value)" if numbers else "c.value"
    wanted = list(dict.fromkeys(columns))
    found: dict[Column, dict[str, Value]] = {column: {} for column in wanted}
    for kind in ("params", "tags", "metrics"):
        some = [column for column in wanted if column.kind == kind]
        if some:
            await _read_entries(reader, kind, some, run_ids, found, of_params)
    some = [column for column in wanted if column.kind == "attributes"]
    if some:
        await _read_attributes(reader, some, run_ids, found)
    return found


async def _read_attributes(
    reader: Reader,
    columns: Sequence[Column],
    run_ids: Sequence[str],
    found: dict[Column, dict[str, Value]],
) -> None:
    selected = ", ".join(ATTRIBUTES[column.key] for column in columns)
    if len(run_ids) <= FEW_RUNS:
        rows = await reader.fetchall(
            f"""SELECT r.run_id, {selected} FROM json_each(?) i
                CROSS JOIN runs r ON r.run_id = i.value""",
            (_json(run_ids),),
        )
    else:
        rows = await reader.fetchall(f"SELECT r.run_id, {selected} FROM runs r", ())
    for place, column in enumerate(columns, 1):
        found[column] = {row[0]: row[place] for row in rows if row[place] is not None}


async def _read_entries(
    reader: Reader,
    kind: Kind,
    columns: Sequence[Column],
    run_ids: Sequence[str],
    found: dict[Column, dict[str, Value]],
    of_params: str,
) -> None:
    table = _ENTRIES.get(kind, "latest_metrics")
    expressions = [of_params if kind == "params" else "c.value"]
    if kind == "metrics":
        expressions = list(dict.fromkeys(_number(column.of) for column in columns))
    selected = ", ".join(expressions)
    of_key: dict[str, list[tuple[int, Column]]] = {}
    for column in columns:
        place = expressions.index(_number(column.of)) if kind == "metrics" else 0
        of_key.setdefault(column.key, []).append((place, column))
    if len(run_ids) <= FEW_RUNS:
        rows = await reader.fetchall(
            f"""SELECT k.value, c.run_id, {selected} FROM json_each(?) i CROSS JOIN json_each(?) k
                CROSS JOIN {table} c ON c.run_id = i.value AND c.key = k.value""",
            (_json(run_ids), _json(list(of_key))),
        )
        for key, run_id, *values in rows:
            for place, column in of_key[key]:
                if values[place] is not None:
                    found[column][run_id] = values[place]
        return
    for key, asked in of_key.items():
        if len(expressions) == 1:
            (expression,) = expressions
            rows = await reader.fetchall(
                f"""SELECT c.run_id, {expression} FROM {table} c
                    WHERE c.key = ? AND {expression} IS NOT NULL""",
                (key,),
            )
            found.update({column: dict(rows) for _, column in asked})
            continue
        rows = await reader.fetchall(
            f"SELECT c.run_id, {selected} FROM {table} c WHERE c.key = ?", (key,)
        )
        for place, column in asked:
            found[column] = {row[0]: row[place + 1] for row in rows if row[place + 1] is not None}


NAN = "NaN"


def _number(of: Of) -> str:
    """A number of a metric; SQLite has no word for NaN."""
    return f"coalesce({NUMBERS[of]}, '{NAN}')" if of in WITH_NAN else NUMBERS[of]


def _json(texts: Sequence[Any]) -> str:
    return msgspec.json.encode(texts).decode()
