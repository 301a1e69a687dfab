"""Comparisons -> SQL conditions with parameters; values never become part of the text."""

from collections.abc import Sequence
from typing import Any

import msgspec

from projections.search.errors import InvalidFilter
from projections.search.grammar import Comparison

NUMBER_OPS = ("=", "!=", ">", ">=", "<", "<=")
TEXT_OPS = ("=", "!=", "LIKE", "ILIKE")
SET_OPS = ("IN", "NOT IN")
NULL_OPS = ("IS NULL", "IS NOT NULL")

SQLITE_INT_MAX = 2**63 - 1


class Condition(msgspec.Struct):
    """A piece of SQL and its parameters."""

    sql: str
    params: list[Any]


def joined(conditions: Sequence[Condition]) -> Condition:
    """All of the conditions at once."""
    params: list[Any] = []
    for condition in conditions:
        params += condition.params
    return Condition(" AND ".join(condition.sql for condition in conditions) or "1", params)


def compare(column: str, comparison: Comparison) -> Condition:
    """`column op value`."""
    op, value = comparison.op, comparison.value
    if op == "LIKE":
        return Condition(f"{column} GLOB ?", [glob_of(str(value))])
    if op == "ILIKE":
        return Condition(f"{column} LIKE ?", [value])
    if op in SET_OPS:
        assert isinstance(value, tuple)
        marks = ", ".join("?" * len(value))
        return Condition(f"{column} {op} ({marks})", list(value))
    if op in NULL_OPS:
        return Condition(f"{column} {op}", [])
    return Condition(f"{column} {op} ?", [_bounded(value)])


def _bounded(value: Any) -> Any:
    """SQLite's integers have 64 bits; a greater number compares the same as a float."""
    if isinstance(value, int) and not -SQLITE_INT_MAX - 1 <= value <= SQLITE_INT_MAX:
        return float(value) if abs(value) < 10**308 else float("inf") * (1 if value > 0 else -1)
    return value


def glob_of(pattern: str) -> str:
    """A LIKE pattern (% and _, no escape) as GLOB, which in SQLite respects case."""
    translated = {"%": "*", "_": "?", "*": "[*]", "?": "[?]", "[": "[[]"}
    return "".join(translated.get(character, character) for character in pattern)


def check_op(comparison: Comparison, ops: Sequence[str], what: str) -> None:
    """Refuse an operator that this field does not have."""
    if comparison.op not in ops:
        raise InvalidFilter(
            f"Invalid comparison operator '{comparison.op}' for {what}: allowed are "
            f"{', '.join(ops)}."
        )


def check_number(comparison: Comparison, what: str) -> None:
    """Refuse a value that is not a number."""
    if not isinstance(comparison.value, int | float):
        raise InvalidFilter(
            f"Expected a number, without quotes, as the value of {what}, not {comparison.value!r}."
        )


def check_text(comparison: Comparison, what: str) -> None:
    """Refuse values that are not quoted strings."""
    value = comparison.value
    if comparison.op in NULL_OPS:
        return
    values = value if isinstance(value, tuple) else (value,)
    if not all(isinstance(each, str) for each in values):
        raise InvalidFilter(
            f"Expected a quoted string as the value of {what}, for example '...', not {value!r}."
        )


def having(
    table: str, owner: str, row_id: str, key: str, comparison: Comparison, *, exists: bool
) -> Condition:
    """The owner's row has, in a table of (owner, key, value), a value that compares so.

    exists: ask row by row, which is best when many match; otherwise gather the matching owners
    from the index by value, best when few do.
    """
    if comparison.op == "IS NULL":
        return Condition(
            f"NOT EXISTS (SELECT 1 FROM {table} t WHERE t.{owner} = {row_id} AND t.key = ?)", [key]
        )
    if comparison.op == "IS NOT NULL":
        return Condition(
            f"EXISTS (SELECT 1 FROM {table} t WHERE t.{owner} = {row_id} AND t.key = ?)", [key]
        )
    value = compare("t.value", comparison)
    if exists:
        return Condition(
            f"EXISTS (SELECT 1 FROM {table} t WHERE t.{owner} = {row_id} AND t.key = ? "
            f"AND {value.sql})",
            [key, *value.params],
        )
    return Condition(
        f"{row_id} IN (SELECT t.{owner} FROM {table} t WHERE t.key = ? AND {value.sql})",
        [key, *value.params],
    )
