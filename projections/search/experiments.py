"""Which experiments match a filter, in which order (rows G1, G2)."""

from collections.abc import Sequence

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
from projections.search.grammar import Comparison, parse_filter, parse_orders
from projections.search.paging import Key, Phase, find_page, fingerprint
from projections.search.reader import Page, Reader, View

MAX_RESULTS_LIMIT = 50_000

ATTRIBUTE_ENTITIES = ("attribute", "attributes", "attr")
TAG_ENTITIES = ("tag", "tags")
NUMBER_ATTRIBUTES = ("creation_time", "last_update_time")
ORDERED = ("name", "experiment_id", *NUMBER_ATTRIBUTES)


async def find_experiments(
    reader: Reader,
    *,
    filter: str,
    order_by: Sequence[str],
    view: View,
    max_results: int,
    page_token: str,
) -> Page:
    """A page of experiment ids.  Raises InvalidFilter and its kin."""
    conditions = [_condition(each) for each in parse_filter(filter)]
    if view != "all":
        conditions.append(Condition("e.lifecycle_stage = ?", [view]))
    phase = Phase("experiments e", (), tuple(conditions), _keys(order_by))
    query = fingerprint("experiments", filter, list(order_by), view)
    return await find_page(
        reader, [phase], max_results=max_results, page_token=page_token, query=query
    )


def _condition(comparison: Comparison) -> Condition:
    key = comparison.key
    if comparison.entity in TAG_ENTITIES:
        check_op(comparison, (*TEXT_OPS, *NULL_OPS), f"tag {key!r}")
        check_text(comparison, f"tag {key!r}")
        return having(
            "experiment_tags", "experiment_id", "e.experiment_id", key, comparison, exists=True
        )
    if comparison.entity not in ATTRIBUTE_ENTITIES[:1]:
        raise InvalidFilter(
            f"Invalid entity type '{comparison.entity}'. Valid ones: attribute, tag, tags."
        )
    what = f"attribute {key!r}"
    if key == "name":
        check_op(comparison, TEXT_OPS, what)
        check_text(comparison, what)
        return compare("e.name", comparison)
    if key == "experiment_id":
        check_op(comparison, ("=", "!=", *SET_OPS), what)
        check_text(comparison, what)
        return compare("CAST(e.experiment_id AS TEXT)", comparison)
    if key in NUMBER_ATTRIBUTES:
        check_op(comparison, NUMBER_OPS, what)
        check_number(comparison, what)
        if not isinstance(comparison.value, int):
            raise InvalidFilter(f"Expected an integer as the value of {what}.")
        return compare(f"e.{key}", comparison)
    raise InvalidFilter(f"Invalid attribute key '{key}'. Valid ones: {', '.join(ORDERED)}.")


def _keys(order_by: Sequence[str]) -> tuple[Key, ...]:
    keys: list[Key] = []
    for order in parse_orders(order_by):
        if order.entity != "attribute" or order.key not in ORDERED:
            raise InvalidOrder(
                f"Invalid order_by key '{order.key}'. Valid ones: {', '.join(ORDERED)}."
            )
        keys.append(Key(f"e.{order.key}", order.ascending))
    if not keys:
        return (Key("e.creation_time", ascending=False), Key("e.experiment_id"))
    if keys[-1].sql != "e.experiment_id":
        keys.append(Key("e.experiment_id", ascending=False))
    return tuple(keys)
