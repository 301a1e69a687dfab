"""Which runs match a filter, in which order (rows F1 to F20)."""

from collections.abc import Sequence

import msgspec

from projections.search.compile import (
    NULL_OPS,
    NUMBER_OPS,
    SET_OPS,
    TEXT_OPS,
    Condition,
    check_number,
    check_op,
    check_text,
    compare,
    having,
)
from projections.search.errors import InvalidFilter, InvalidOrder
from projections.search.grammar import Comparison, Order, parse_filter, parse_orders
from projections.search.paging import Key, Phase, find_page, fingerprint
from projections.search.reader import Page, Reader, View

MAX_RESULTS_LIMIT = 50_000

METRIC, PARAM, TAG, ATTRIBUTE, DATASET = "metric", "param", "tag", "attribute", "dataset"

ENTITIES = {
    "metric": METRIC,
    "metrics": METRIC,
    "param": PARAM,
    "params": PARAM,
    "parameter": PARAM,
    "parameters": PARAM,
    "tag": TAG,
    "tags": TAG,
    "attribute": ATTRIBUTE,
    "attributes": ATTRIBUTE,
    "attr": ATTRIBUTE,
    "run": ATTRIBUTE,
    "dataset": DATASET,
    "datasets": DATASET,
}

NAME_TAG = "mlflow.runName"
TEXT_ATTRIBUTES = ("run_id", "run_name", "status", "user_id", "artifact_uri")
NUMBER_ATTRIBUTES = ("start_time", "end_time")
ALIASES = {
    "run name": "run_name",
    "Run name": "run_name",
    "Run Name": "run_name",
    "created": "start_time",
    "Created": "start_time",
}
DATASET_FIELDS = ("name", "digest", "context")

_TABLES = {METRIC: "latest_metrics", PARAM: "run_params", TAG: "run_tags"}


async def find_runs(
    reader: Reader,
    *,
    experiment_ids: Sequence[int],
    filter: str,
    order_by: Sequence[str],
    view: View,
    max_results: int,
    page_token: str,
) -> Page:
    """A page of run ids; no experiments, no runs.  Raises InvalidFilter and its kin."""
    comparisons = [_condition(each) for each in parse_filter(filter)]
    orders = _orders(order_by)
    query = fingerprint("runs", sorted(set(experiment_ids)), filter, list(order_by), view)
    if not experiment_ids:
        return Page([], None)
    base = (*_scope(experiment_ids, view), *comparisons)
    if orders and orders[0].entity in _TABLES:
        driven = await _index_pays(reader, experiment_ids, max_results)
        phases = _phases_by_key(orders, base, driven=driven)
    else:
        phases = [Phase("runs r", (), base, _keys(orders))]
    return await find_page(
        reader, phases, max_results=max_results, page_token=page_token, query=query
    )


def _scope(experiment_ids: Sequence[int], view: View) -> tuple[Condition, ...]:
    if len(experiment_ids) == 1:
        scope = Condition("r.experiment_id = ?", [experiment_ids[0]])
    else:
        ids = msgspec.json.encode(experiment_ids).decode()
        scope = Condition("r.experiment_id IN (SELECT value FROM json_each(?))", [ids])
    if view == "all":
        return (scope,)
    return (scope, Condition("r.lifecycle_stage = ?", [view]))


# Filters


def _entity(name: str, position: int) -> str:
    found = ENTITIES.get(name)
    if found is None:
        raise InvalidFilter(
            f"Invalid entity type '{name}' at character {position + 1}. Valid ones: "
            f"{', '.join(ENTITIES)}."
        )
    return found


def _condition(comparison: Comparison) -> Condition:
    entity = _entity(comparison.entity, comparison.position)
    key = comparison.key
    what = f"{entity} {key!r}"
    if entity == METRIC:
        check_op(comparison, NUMBER_OPS, what)
        check_number(comparison, what)
        return _metric_condition(key, comparison)
    if entity in (PARAM, TAG):
        check_op(comparison, (*TEXT_OPS, *NULL_OPS), what)
        check_text(comparison, what)
        exists = comparison.op != "="
        return having(_TABLES[entity], "run_id", "r.run_id", key, comparison, exists=exists)
    if entity == DATASET:
        return _dataset_condition(key, comparison)
    return _attribute_condition(ALIASES.get(key, key), comparison)


def _metric_condition(key: str, comparison: Comparison) -> Condition:
    """The latest value compares so; NaN only differs (row F9)."""
    value = compare("t.value", comparison)
    if comparison.op == "!=":
        matches = f"(t.is_nan = 1 OR {value.sql})"
    else:
        matches = f"t.is_nan = 0 AND {value.sql}"
    if comparison.op == "=":
        sql = f"r.run_id IN (SELECT t.run_id FROM latest_metrics t WHERE t.key = ? AND {matches})"
    else:
        sql = (
            "EXISTS (SELECT 1 FROM latest_metrics t WHERE t.run_id = r.run_id AND t.key = ? "
            f"AND {matches})"
        )
    return Condition(sql, [key, *value.params])


def _dataset_condition(key: str, comparison: Comparison) -> Condition:
    if key not in DATASET_FIELDS:
        raise InvalidFilter(
            f"Invalid dataset attribute '{key}'. Valid ones: {', '.join(DATASET_FIELDS)}."
        )
    check_op(comparison, (*TEXT_OPS, *SET_OPS), f"dataset {key!r}")
    check_text(comparison, f"dataset {key!r}")
    value = compare(f"d.{key}", comparison)
    return Condition(
        f"EXISTS (SELECT 1 FROM run_datasets d WHERE d.run_id = r.run_id AND {value.sql})",
        value.params,
    )


def _attribute_condition(key: str, comparison: Comparison) -> Condition:
    what = f"attribute {key!r}"
    if key in NUMBER_ATTRIBUTES:
        check_op(comparison, NUMBER_OPS, what)
        check_number(comparison, what)
        return compare(f"r.{key}", comparison)
    if key not in TEXT_ATTRIBUTES:
        raise InvalidFilter(
            f"Invalid attribute key '{key}'. Valid ones: "
            f"{', '.join((*TEXT_ATTRIBUTES, *NUMBER_ATTRIBUTES))}."
        )
    ops = (*TEXT_OPS, *SET_OPS) if key == "run_id" else TEXT_OPS
    check_op(comparison, ops, what)
    check_text(comparison, what)
    if key == "run_name":
        # MLflow looks at the tag that mirrors the name (row F11).
        exists = comparison.op != "="
        return having("run_tags", "run_id", "r.run_id", NAME_TAG, comparison, exists=exists)
    return compare(f"r.{key}", comparison)


# Orders


def _orders(items: Sequence[str]) -> list[Order]:
    orders: list[Order] = []
    for order in parse_orders(items):
        entity = ENTITIES.get(order.entity)
        if entity is None or entity == DATASET:
            raise InvalidOrder(
                f"Invalid order_by clause: cannot order by '{order.entity}'; order by metrics, "
                "params, tags or attributes."
            )
        key = order.key
        if entity == ATTRIBUTE:
            key = {"created": "start_time", "Created": "start_time"}.get(key, key)
            if key not in (*TEXT_ATTRIBUTES, *NUMBER_ATTRIBUTES):
                raise InvalidOrder(
                    f"Invalid order_by key '{order.key}'. Valid attributes: "
                    f"{', '.join((*TEXT_ATTRIBUTES, *NUMBER_ATTRIBUTES))}."
                )
        if any(each.entity == entity and each.key == key for each in orders):
            raise InvalidOrder(f"`order_by` contains duplicate fields: {entity} '{key}'.")
        orders.append(Order(entity, key, order.ascending))
    return orders


def _keys(orders: Sequence[Order]) -> tuple[Key, ...]:
    """Sort keys for any orders: values, then NaN, then absent ones, in both directions (F15)."""
    keys: list[Key] = []
    for order in orders:
        key, ascending = (order.key,), order.ascending
        if order.entity == ATTRIBUTE:
            keys += _attribute_keys(order)
        elif order.entity == METRIC:
            of = "FROM latest_metrics o WHERE o.run_id = r.run_id AND o.key = ?"
            keys.append(Key(f"coalesce((SELECT o.is_nan {of}), 2)", True, key))
            keys.append(Key(f"coalesce((SELECT o.value {of}), 0.0)", ascending, key))
        else:
            of = f"FROM {_TABLES[order.entity]} o WHERE o.run_id = r.run_id AND o.key = ?"
            keys.append(Key(f"(NOT EXISTS (SELECT 1 {of}))", True, key))
            keys.append(Key(f"coalesce((SELECT o.value {of}), '')", ascending, key))
    if not any(order.entity == ATTRIBUTE and order.key == "start_time" for order in orders):
        keys.append(Key("r.start_time", ascending=False))
    if keys and not any(order.entity == ATTRIBUTE and order.key == "run_id" for order in orders):
        keys.append(Key("r.run_id"))
    elif keys[-1].sql != "r.run_id":
        # The id must be the last column of the answer, where the page reads it.
        keys.append(Key("r.run_id"))
    return tuple(keys)


def _attribute_keys(order: Order) -> list[Key]:
    if order.key == "end_time":
        return [
            Key("(r.end_time IS NULL)"),
            Key("coalesce(r.end_time, 0)", order.ascending),
        ]
    column = "name" if order.key == "run_name" else order.key
    return [Key(f"r.{column}", order.ascending)]


async def _index_pays(reader: Reader, experiment_ids: Sequence[int], max_results: int) -> bool:
    """Whether to walk the index by value, over all experiments, until the page is full.

    Walking looks at about `page * all / asked` rows, sorting at `asked`.
    """
    ids = msgspec.json.encode(experiment_ids).decode()
    (asked, every), *_ = await reader.fetchall(
        """SELECT (SELECT count(*) FROM runs
                   WHERE experiment_id IN (SELECT value FROM json_each(?))),
                  (SELECT count(*) FROM runs)""",
        (ids,),
    )
    return bool(max_results * every < asked * asked)


def _phases_by_key(
    orders: Sequence[Order], base: tuple[Condition, ...], *, driven: bool
) -> list[Phase]:
    """Phases for a first order by metric, param or tag: values, then NaN, then without the key."""
    if not driven:
        return [Phase("runs r", (), base, _keys(orders))]
    first, *rest = orders
    table = _TABLES[first.entity]
    source = f"{table} m CROSS JOIN runs r ON r.run_id = m.run_id"
    of_key = Condition("m.key = ?", [first.key])
    further = _keys(rest)
    value = Key("m.value", first.ascending)
    absent = Condition(
        f"NOT EXISTS (SELECT 1 FROM {table} m WHERE m.run_id = r.run_id AND m.key = ?)",
        [first.key],
    )
    if first.entity == METRIC:
        number, nan = Condition("m.is_nan = 0", []), Condition("m.is_nan = 1", [])
        with_key = [
            Phase(source, (), (of_key, number, *base), (value, *further)),
            Phase(source, (), (of_key, nan, *base), further),
        ]
    else:
        with_key = [Phase(source, (), (of_key, *base), (value, *further))]
    return [*with_key, Phase("runs r", (), (absent, *base), further)]
