"""The native language's comparisons as SQL conditions on the row `r` of runs.

What hangs below a run is asked for as a set (`run_id IN (SELECT ...)`), which an index answers in
one go for all runs; a comparison is true or false, never NULL, so that NOT can turn it round.
"""

from projections.search.compile import (
    DOUBLE_MAX,
    RUN_NAME_TAG,
    Sql,
    all_of,
    any_of,
    column_condition,
    condition,
)
from projections.search.expressions import CONTAINS
from projections.search.grammar import Comparison, Expression, Value

LOST = """(r.status = 'RUNNING'
    AND r.run_id IN (SELECT l.run_id FROM run_leases l WHERE l.lost_at IS NOT NULL))"""

ATTRIBUTES: dict[str, str] = {
    "run_id": "r.run_id",
    "name": "r.name",
    "status": "r.status",
    "start_time": "r.start_time",
    # An end time of 0 is none (row R4).
    "end_time": "nullif(r.end_time, 0)",
    "duration": "nullif(r.end_time, 0) - r.start_time",
    "user": "r.user_id",
    "experiment_id": "CAST(r.experiment_id AS TEXT)",
    "lifecycle_stage": "r.lifecycle_stage",
    "changed": "(SELECT g.changed FROM run_changes g WHERE g.run_id = r.run_id)",
}
"""What every run has; NULL for what it has not yet."""

_MORE = {"user_id": "r.user_id", "artifact_uri": "r.artifact_uri"}

NUMBERS: dict[str, str] = {
    "last": "CASE c.is_nan WHEN 1 THEN NULL ELSE c.value END",
    "first": "c.first_value",
    "min": "c.lowest",
    "max": "c.highest",
    "count": "c.points",
}
"""The numbers of a metric as columns of the row `c` of latest_metrics; NULL where there is none."""

WITH_NAN = ("last", "first")
"""Of these NULL means NaN."""

_TABLES = {"param": "run_params", "tag": "run_tags", "metric": "latest_metrics"}


def matching(expression: Expression) -> Sql:
    """The condition that an expression of the native language is."""
    return condition(expression, _leaf)


def _leaf(comparison: Comparison) -> Sql:
    entity, key, op = comparison.entity, comparison.key, comparison.op
    if (entity, key) == ("attribute", "run_name"):
        # MLflow compares the name in its tag (row F11).
        entity, key = "tag", RUN_NAME_TAG
    if entity == "attribute":
        return _attribute(comparison)
    if entity == "dataset":
        where = _compared(f"c.{key}", comparison.op, comparison.value)
        return _in("run_datasets", _present(where, op, f"c.{key}"), negated=op == "IS NULL")
    of_key = Sql("c.key = ?", (key,))
    if entity == "metric":
        return _metric(comparison, of_key)
    if op in ("IS NULL", "IS NOT NULL"):
        return _in(_TABLES[entity], of_key, negated=op == "IS NULL")
    column = "c.number" if _is_number(comparison.value) else "c.value"
    where = all_of([of_key, Sql(f"{column} IS NOT NULL"), _compared(column, op, comparison.value)])
    return _in(_TABLES[entity], where)


def _present(where: Sql, op: str, column: str) -> Sql:
    return Sql(f"{column} IS NOT NULL") if op in ("IS NULL", "IS NOT NULL") else where


def _in(table: str, where: Sql, *, negated: bool = False) -> Sql:
    word = "NOT IN" if negated else "IN"
    return Sql(f"r.run_id {word} (SELECT c.run_id FROM {table} c WHERE {where.text})", where.params)


def _attribute(comparison: Comparison) -> Sql:
    if comparison.key == "lost":
        wanted = bool(comparison.value) == (comparison.op == "=")
        return Sql(LOST if wanted else f"NOT {LOST}")
    column = ATTRIBUTES.get(comparison.key) or _MORE[comparison.key]
    if comparison.op in ("IS NULL", "IS NOT NULL"):
        return Sql(f"({column}) {comparison.op}")
    where = _compared(f"({column})", comparison.op, comparison.value)
    return Sql(f"(({column}) IS NOT NULL AND {where.text})", where.params)


def _metric(comparison: Comparison, of_key: Sql) -> Sql:
    column, op = NUMBERS[comparison.of], comparison.op
    with_nan = comparison.of in WITH_NAN
    there = Sql("1") if with_nan else Sql(f"{column} IS NOT NULL")
    if op in ("IS NULL", "IS NOT NULL"):
        return _in("latest_metrics", all_of([of_key, there]), negated=op == "IS NULL")
    if comparison.of == "last":
        # So that the index has what is compared.
        column = "c.value"
        number = Sql("c.is_nan = 0")
    else:
        number = Sql(f"{column} IS NOT NULL")
    where = all_of([number, _compared(_clamped(column, comparison.value), op, comparison.value)])
    if with_nan and op in ("!=", "NOT IN", "NOT BETWEEN"):
        nan = "c.is_nan = 1" if comparison.of == "last" else f"{column} IS NULL"
        where = any_of([Sql(nan), where])
    return _in("latest_metrics", all_of([of_key, where]))


def _clamped(column: str, value: Value) -> str:
    """The column with infinities as the wire shows them, where that makes a difference."""
    numbers = value if isinstance(value, tuple) else (value,)
    if any(isinstance(each, int | float) and abs(each) >= DOUBLE_MAX for each in numbers):
        return f"max({-DOUBLE_MAX!r}, min({DOUBLE_MAX!r}, {column}))"
    return column


def _is_number(value: Value) -> bool:
    first = value[0] if isinstance(value, tuple) else value
    return isinstance(first, int | float)


def _compared(column: str, op: str, value: Value) -> Sql:
    match op:
        case "IN" | "NOT IN":
            assert isinstance(value, tuple)
            return Sql(f"{column} {op} ({', '.join('?' for _ in value)})", value)
        case "BETWEEN" | "NOT BETWEEN":
            assert isinstance(value, tuple)
            return Sql(f"({column} {op} ? AND ?)", value)
        case "NOT LIKE" | "NOT ILIKE":
            like = column_condition(column, op.removeprefix("NOT "), value)
            return Sql(f"NOT ({like.text})", like.params)
        case "IS NULL" | "IS NOT NULL":
            return Sql(f"{column} {op}")
        case _ if op == CONTAINS:
            assert isinstance(value, str)
            return Sql(f"{column} LIKE ? ESCAPE '\\'", (f"%{value.translate(_ESCAPED)}%",))
        case _:
            return column_condition(column, op, value)


_ESCAPED = str.maketrans({"%": "\\%", "_": "\\_", "\\": "\\\\"})
