"""Syntax tree -> SQL conditions over the views' tables (rows F8-F12, G1 and G7).

A comparison becomes a condition on one row of the outer query: `r` of runs, `e` of experiments, `m`
of logged_models.  What hangs below it (metrics, params, tags, datasets) is asked with EXISTS, so
absent keys never match, and conditions can be joined with AND, OR and NOT alike.  Values are always
bound, never written into the SQL.
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from projections.search.dialects import LOGGED_MODEL_PREFIX
from projections.search.grammar import And, Comparison, Expression, Not, Value

DOUBLE_MAX = 1.7976931348623157e308
"""What the wire shows for an infinite metric, so a filter may name it."""

RUN_NAME_TAG = "mlflow.runName"


class Sql(msgspec.Struct, frozen=True):
    """A piece of SQL and the values of its question marks."""

    text: str
    params: tuple[object, ...] = ()


class Entries(msgspec.Struct, frozen=True):
    """Rows of a table, named with its alias; of one of key-value pairs, those of a key."""

    table: str
    where: Sql


ALWAYS = Sql("1")


def all_of(parts: Iterable[Sql]) -> Sql:
    """Every part holds."""
    return _joined(list(parts), " AND ") or ALWAYS


def any_of(parts: Iterable[Sql]) -> Sql:
    """At least one part holds."""
    joined = _joined(list(parts), " OR ")
    return Sql(f"({joined.text})", joined.params) if joined else Sql("0")


def _joined(parts: list[Sql], word: str) -> Sql | None:
    if not parts:
        return None
    return Sql(
        word.join(part.text for part in parts),
        tuple(param for part in parts for param in part.params),
    )


def condition(expression: Expression, leaf: Callable[[Comparison], Sql]) -> Sql:
    """The whole expression; leaf: how this search puts one comparison."""
    if isinstance(expression, Comparison):
        return leaf(expression)
    if isinstance(expression, Not):
        part = condition(expression.part, leaf)
        return Sql(f"NOT ({part.text})", part.params)
    parts = [condition(part, leaf) for part in expression.parts]
    return all_of(parts) if isinstance(expression, And) else any_of(parts)


def column_condition(column: str, op: str, value: Value) -> Sql:
    """A column compared: = != LIKE are case-sensitive, ILIKE ignores the case of ASCII letters."""
    match op:
        case "LIKE":
            assert isinstance(value, str)
            return Sql(f"{column} GLOB ?", (glob_of(value),))
        case "ILIKE":
            # SQLite's own LIKE ignores case.
            return Sql(f"{column} LIKE ?", (value,))
        case "IN" | "NOT IN":
            items = msgspec.json.encode(value).decode()
            return Sql(f"{column} {op} (SELECT value FROM json_each(?))", (items,))
        case _:
            return Sql(f"{column} {op} ?", (value,))


def glob_of(pattern: str) -> str:
    """A LIKE pattern as the pattern of GLOB, which is SQLite's case-sensitive matcher."""
    return pattern.translate(_GLOB)


_GLOB = str.maketrans({"%": "*", "_": "?", "*": "[*]", "?": "[?]", "[": "[[]"})


def metric_condition(alias: str, op: str, value: Value) -> Sql:
    """A metric compared: NaN matches != alone; infinities count as what the wire shows for them."""
    if op == "IS NAN":
        return Sql(f"{alias}.is_nan = 1")
    assert isinstance(value, float), "the dialects give metrics numbers alone"
    column = f"{alias}.value"
    params: tuple[object, ...] = (value,)
    if abs(value) >= DOUBLE_MAX:
        column = f"max(?, min(?, {alias}.value))"
        params = (-DOUBLE_MAX, DOUBLE_MAX, value)
    if op == "!=":
        return Sql(f"({alias}.is_nan = 1 OR {column} != ?)", params)
    return Sql(f"{alias}.is_nan = 0 AND {column} {op} ?", params)


RUN_TABLES = {"metric": "latest_metrics", "param": "run_params", "tag": "run_tags"}


def run_entries(comparison: Comparison) -> Entries | None:
    """The metrics, params or tags of runs that the comparison is about; None if about others.

    The name of a run is compared where MLflow does, in its tag (row F11).
    """
    entity, key = comparison.entity, comparison.key
    if (entity, key) == ("attribute", "run_name"):
        entity, key = "tag", RUN_NAME_TAG
    table = RUN_TABLES.get(entity)
    return Entries(f"{table} c", _entry(entity, key, comparison)) if table else None


def _entry(entity: str, key: str, comparison: Comparison) -> Sql:
    parts = [Sql("c.key = ?", (key,))]
    if comparison.op in ("IS NULL", "IS NOT NULL"):
        pass
    elif entity == "metric":
        parts.append(metric_condition("c", comparison.op, comparison.value))
    else:
        parts.append(column_condition("c.value", comparison.op, comparison.value))
    return all_of(parts)


def exists(entries: Entries, link: str, *, negated: bool = False) -> Sql:
    """There is such a row that the link ties to the row of the outer query."""
    text = f"EXISTS (SELECT 1 FROM {entries.table} WHERE {link} AND {entries.where.text})"
    return Sql(f"NOT {text}" if negated else text, entries.where.params)


def run_condition(comparison: Comparison) -> Sql:
    """A comparison as a condition on the row `r` of runs."""
    entries = run_entries(comparison)
    if comparison.entity == "dataset":
        compare = column_condition(f"c.{comparison.key}", comparison.op, comparison.value)
        entries = Entries("run_datasets c", compare)
    if entries is not None:
        return exists(entries, "c.run_id = r.run_id", negated=comparison.op == "IS NULL")
    return column_condition(f"r.{comparison.key}", comparison.op, comparison.value)


def experiment_condition(comparison: Comparison) -> Sql:
    """A comparison as a condition on the row `e` of experiments."""
    if comparison.entity == "tag":
        entries = Entries("experiment_tags c", _entry("tag", comparison.key, comparison))
        link = "c.experiment_id = e.experiment_id"
        return exists(entries, link, negated=comparison.op == "IS NULL")
    if comparison.key == "experiment_id":
        return column_condition("CAST(e.experiment_id AS TEXT)", comparison.op, comparison.value)
    return column_condition(f"e.{comparison.key}", comparison.op, comparison.value)


def logged_model_condition(
    datasets: Sequence[tuple[str, str | None]],
) -> Callable[[Comparison], Sql]:
    """How a comparison becomes a condition on the row `m` of logged_models.

    datasets: only metrics measured on one of these count, where any are given.
    """
    measured = measured_on(datasets)

    def leaf(comparison: Comparison) -> Sql:
        if comparison.entity in ("metric", "param", "tag"):
            where = _entry(comparison.entity, comparison.key, comparison)
            if comparison.entity == "metric":
                where = all_of([where, measured])
            entries = Entries(f"logged_model_{comparison.entity}s c", where)
            return exists(entries, "c.model_id = m.model_id")
        if comparison.key == "status" and comparison.op in ("LIKE", "ILIKE"):
            return _status_like(comparison)
        if comparison.key == "experiment_id":
            return column_condition(
                "CAST(m.experiment_id AS TEXT)", comparison.op, comparison.value
            )
        return column_condition(f"m.{comparison.key}", comparison.op, comparison.value)

    return leaf


def measured_on(datasets: Sequence[tuple[str, str | None]]) -> Sql:
    """The metric `c` was measured on one of these datasets; on any or none if there are none."""
    if not datasets:
        return ALWAYS
    return any_of(
        Sql("c.dataset_name = ?", (name,))
        if digest is None
        else Sql("(c.dataset_name = ? AND c.dataset_digest = ?)", (name, digest))
        for name, digest in datasets
    )


def measured_at_all(datasets: Sequence[tuple[str, str | None]]) -> Sql:
    """The logged model `m` has a metric, whatever its key, on one of these datasets."""
    return exists(
        Entries("logged_model_metrics c", measured_on(datasets)), "c.model_id = m.model_id"
    )


def _status_like(comparison: Comparison) -> Sql:
    """A pattern for a status may be meant for the full name or for the part that differs."""
    return any_of(
        column_condition(column, comparison.op, comparison.value)
        for column in ("m.status", f"substr(m.status, {len(LOGGED_MODEL_PREFIX) + 1})")
    )
