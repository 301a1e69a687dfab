"""Which columns are there, and which values has one?  For choosing and for completing."""

from collections.abc import Sequence

import msgspec

from projections.search.compile import Sql
from projections.search.errors import InvalidFilter
from projections.search.matching import ATTRIBUTES
from projections.search.reader import Reader
from projections.table.columns import Kind

NAMED: tuple[Kind, ...] = ("metrics", "params", "tags")
"""Kinds of columns that runs bring themselves."""

_GREATEST = "\U0010ffff"
"""No text that begins with a prefix comes after the prefix and this."""

_ENUMERATED = ("name", "status", "user", "lifecycle_stage", "experiment_id")


class Name(msgspec.Struct, frozen=True):
    """A column that some runs have a value in; runs: how many, deleted ones among them."""

    kind: Kind
    key: str
    runs: int


async def names_of(
    reader: Reader,
    experiment_ids: Sequence[int],
    *,
    kinds: Sequence[Kind] = NAMED,
    prefix: str = "",
    limit: int,
) -> list[Name]:
    """The names of each kind that begin with the prefix, in order, at most so many of each.

    experiment_ids: empty for all active experiments.
    """
    found: list[Name] = []
    for kind in kinds:
        scope = _among(experiment_ids, "n.experiment_id")
        table, where = "run_names", "n.kind = ? AND "
        params: tuple[object, ...] = (kind,)
        if kind == "metrics":
            table, where, params = "metric_names", "", ()
            # Of old events nobody knows the experiment.
            scope = Sql(f"({scope.text} OR n.experiment_id = -1)", scope.params)
        rows = await reader.fetchall(
            f"""SELECT n.key, sum(n.runs) FROM {table} n
                WHERE {where} n.key >= ? AND n.key < ? AND {scope.text}
                GROUP BY n.key ORDER BY n.key LIMIT ?""",
            (*params, prefix, prefix + _GREATEST, *scope.params, limit),
        )
        found += [Name(kind, key, runs) for key, runs in rows]
    return found


async def values_of_column(
    reader: Reader,
    experiment_ids: Sequence[int],
    *,
    kind: Kind,
    key: str,
    prefix: str = "",
    limit: int,
) -> list[str]:
    """Distinct values of a param, a tag or an attribute that begin with the prefix, in order.

    experiment_ids: empty for all active experiments.  Raises InvalidFilter for a column whose
    values cannot be listed.
    """
    scope = _among(experiment_ids, "r.experiment_id", "?5")
    bounds: tuple[object, ...] = (key, prefix, prefix + _GREATEST, limit)
    if kind in ("params", "tags"):
        # From value to greater value in the index, however many runs share one.
        sql = f"""
            WITH RECURSIVE v (value) AS (
                SELECT min(value) FROM run_{kind} WHERE key = ?1 AND value >= ?2 AND value < ?3
                UNION ALL
                SELECT (SELECT min(value) FROM run_{kind}
                        WHERE key = ?1 AND value > v.value AND value < ?3)
                FROM v WHERE v.value IS NOT NULL
            )
            SELECT v.value FROM v WHERE v.value IS NOT NULL AND EXISTS (
                SELECT 1 FROM run_{kind} c CROSS JOIN runs r ON r.run_id = c.run_id
                WHERE c.key = ?1 AND c.value = v.value AND {scope.text}
            ) LIMIT ?4"""
        return _texts(await reader.fetchall(sql, (*bounds, *scope.params)))
    if kind != "attributes" or key not in _ENUMERATED:
        raise InvalidFilter(
            f"The values of {kind}.{key[:100]} cannot be listed: only those of params, tags and "
            f"the attributes {', '.join(_ENUMERATED)} are texts"
        )
    expression = ATTRIBUTES[key]
    return _texts(
        await reader.fetchall(
            f"""SELECT DISTINCT {expression} FROM runs r
                WHERE {expression} >= ?2 AND {expression} < ?3 AND {scope.text}
                ORDER BY 1 LIMIT ?4""",
            (*bounds, *scope.params),
        )
    )


def _texts(rows: list[tuple[str, ...]]) -> list[str]:
    return [row[0] for row in rows]


def _among(experiment_ids: Sequence[int], column: str, mark: str = "?") -> Sql:
    if not experiment_ids:
        return Sql(
            f"{column} IN (SELECT experiment_id FROM experiments WHERE lifecycle_stage = 'active')"
        )
    listed = msgspec.json.encode(list(experiment_ids)).decode()
    return Sql(f"{column} IN (SELECT value FROM json_each({mark}))", (listed,))
