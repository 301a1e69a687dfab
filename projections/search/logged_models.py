"""Which logged models match a filter, in which order (rows G7 to G9)."""

from collections.abc import Sequence

import msgspec

from projections.search.compile import (
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
from projections.search.grammar import Comparison, parse_filter, parse_orders
from projections.search.paging import Key, Phase, find_page, fingerprint
from projections.search.reader import Page, Reader

TEXT_ATTRIBUTES = {
    "name": "name",
    "model_id": "model_id",
    "model_type": "model_type",
    "status": "status",
    "source_run_id": "source_run_id",
    "experiment_id": "CAST(l.experiment_id AS TEXT)",
    "artifact_location": "artifact_location",
}
NUMBER_ATTRIBUTES = {
    "creation_timestamp": "creation_timestamp_ms",
    "creation_time": "creation_timestamp_ms",
    "last_updated_timestamp": "last_updated_timestamp_ms",
}
STATUSES = ("PENDING", "READY", "UPLOAD_FAILED")
STATUS_PREFIX = "LOGGED_MODEL_"

Datasets = Sequence[tuple[str, str | None]]


class LoggedModelOrder(msgspec.Struct, frozen=True):
    """An order by an attribute or `metrics.<key>`, the metric perhaps on one dataset only."""

    field_name: str
    ascending: bool = True
    dataset_name: str | None = None
    dataset_digest: str | None = None


async def find_logged_models(
    reader: Reader,
    *,
    experiment_ids: Sequence[int],
    filter: str,
    datasets: Datasets,
    order_by: Sequence[LoggedModelOrder],
    max_results: int,
    page_token: str,
) -> Page:
    """A page of model ids, deleted ones hidden.  Raises InvalidFilter and its kin.

    datasets: (name, digest or None): metric filters look at values on these alone, and without a
    metric filter a model needs any metric on one of them.
    """
    ids = msgspec.json.encode(sorted(set(experiment_ids))).decode()
    conditions = [
        Condition("l.experiment_id IN (SELECT value FROM json_each(?))", [ids]),
        Condition("l.lifecycle_stage = 'active'", []),
    ]
    comparisons = parse_filter(filter)
    conditions += [_condition(each, datasets) for each in comparisons]
    if datasets and not any(each.entity == "metrics" for each in comparisons):
        on = _on_datasets("t", datasets)
        conditions.append(
            Condition(
                "EXISTS (SELECT 1 FROM logged_model_metrics t "
                f"WHERE t.model_id = l.model_id AND {on.sql})",
                on.params,
            )
        )
    phase = Phase("logged_models l", (), tuple(conditions), _keys(order_by))
    query = fingerprint("logged models", ids, filter, list(datasets), list(order_by))
    return await find_page(
        reader, [phase], max_results=max_results, page_token=page_token, query=query
    )


def _on_datasets(alias: str, datasets: Datasets) -> Condition:
    alternatives = []
    params: list[object] = []
    for name, digest in datasets:
        if digest is None:
            alternatives.append(f"{alias}.dataset_name = ?")
            params.append(name)
        else:
            alternatives.append(f"({alias}.dataset_name = ? AND {alias}.dataset_digest = ?)")
            params += [name, digest]
    return Condition(f"({' OR '.join(alternatives)})", params)


def _condition(comparison: Comparison, datasets: Datasets) -> Condition:
    key = comparison.key
    match comparison.entity:
        case "metrics":
            return _metric_condition(comparison, datasets)
        case "params" | "tags":
            what = f"{comparison.entity[:-1]} {key!r}"
            check_op(comparison, (*TEXT_OPS, *SET_OPS), what)
            check_text(comparison, what)
            table = f"logged_model_{comparison.entity}"
            return having(table, "model_id", "l.model_id", key, comparison, exists=True)
        case "attribute" | "attributes":
            return _attribute_condition(comparison)
    raise InvalidFilter(
        f"Invalid entity type '{comparison.entity}'. Valid ones: attributes, metrics, params, tags."
    )


def _metric_condition(comparison: Comparison, datasets: Datasets) -> Condition:
    what = f"metric {comparison.key!r}"
    check_op(comparison, NUMBER_OPS, what)
    check_number(comparison, what)
    value = compare("t.value", comparison)
    # NaN differs from every number, and is nothing else (as in a run's metrics, row F9).
    if comparison.op == "!=":
        matches = f"(t.is_nan = 1 OR {value.sql})"
    else:
        matches = f"t.is_nan = 0 AND {value.sql}"
    sql = (
        "EXISTS (SELECT 1 FROM logged_model_metrics t WHERE t.model_id = l.model_id "
        f"AND t.key = ? AND {matches}"
    )
    params = [comparison.key, *value.params]
    if datasets:
        on = _on_datasets("t", datasets)
        sql += f" AND {on.sql}"
        params += on.params
    return Condition(sql + ")", params)


def _attribute_condition(comparison: Comparison) -> Condition:
    key = comparison.key
    what = f"attribute {key!r}"
    if key in NUMBER_ATTRIBUTES:
        check_op(comparison, NUMBER_OPS, what)
        check_number(comparison, what)
        return compare(f"l.{NUMBER_ATTRIBUTES[key]}", comparison)
    column = TEXT_ATTRIBUTES.get(key)
    if column is None:
        raise InvalidFilter(
            f"Invalid attribute key '{key}'. Valid ones: "
            f"{', '.join((*TEXT_ATTRIBUTES, *NUMBER_ATTRIBUTES))}."
        )
    check_op(comparison, (*TEXT_OPS, *SET_OPS), what)
    check_text(comparison, what)
    if key == "status":
        comparison = msgspec.structs.replace(comparison, value=_status(comparison.value))
    return compare(column if "(" in column else f"l.{column}", comparison)


def _status(value: object) -> object:
    """READY and LOGGED_MODEL_READY mean the same."""
    if isinstance(value, tuple):
        return tuple(_status(each) for each in value)
    return f"{STATUS_PREFIX}{value}" if value in STATUSES else value


def _keys(order_by: Sequence[LoggedModelOrder]) -> tuple[Key, ...]:
    keys: list[Key] = []
    for order in order_by:
        keys += _keys_of(order)
    keys.append(Key("l.creation_timestamp_ms", ascending=False))
    keys.append(Key("l.model_id"))
    return tuple(keys)


def _keys_of(order: LoggedModelOrder) -> list[Key]:
    (parsed,) = parse_orders([order.field_name])
    if parsed.entity == "metrics":
        of = (
            "FROM logged_model_metrics o WHERE o.model_id = l.model_id AND o.key = ? "
            "AND (? IS NULL OR o.dataset_name = ?) AND (? IS NULL OR o.dataset_digest = ?) "
            "ORDER BY o.timestamp DESC, o.step DESC LIMIT 1"
        )
        name, digest = order.dataset_name, order.dataset_digest
        params = (parsed.key, name, name, digest, digest)
        return [
            Key(f"coalesce((SELECT o.is_nan {of}), 2)", True, params),
            Key(f"coalesce((SELECT o.value {of}), 0.0)", order.ascending, params),
        ]
    if parsed.entity not in ("attribute", "attributes"):
        raise InvalidOrder(
            f"Invalid order_by field name '{order.field_name}': order by an attribute or by "
            "metrics.<key>."
        )
    if order.dataset_name is not None or order.dataset_digest is not None:
        raise InvalidOrder("Only metrics can be ordered on a dataset.")
    column = NUMBER_ATTRIBUTES.get(parsed.key) or TEXT_ATTRIBUTES.get(parsed.key)
    if column is None:
        raise InvalidOrder(
            f"Invalid order_by field name '{order.field_name}'. Valid attributes: "
            f"{', '.join((*TEXT_ATTRIBUTES, *NUMBER_ATTRIBUTES))}."
        )
    return [Key(column if "(" in column else f"l.{column}", order.ascending)]
