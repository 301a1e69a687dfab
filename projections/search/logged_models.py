"""Which logged models match a filter, in which order, page by page?"""

from collections.abc import Sequence

import msgspec

from projections.search.compile import (
    Sql,
    all_of,
    condition,
    logged_model_condition,
    measured_at_all,
)
from projections.search.dialects import LOGGED_MODEL_STATUSES, LOGGED_MODELS
from projections.search.errors import InvalidFilter, InvalidOrder
from projections.search.grammar import And, Comparison, parse_filter, require_unicode
from projections.search.lexer import shortened
from projections.search.ordering import Key
from projections.search.pages import find_page
from projections.search.reader import Page, Reader
from projections.search.scope import scope_of
from projections.search.tokens import decode_token

MAX_RESULTS_DEFAULT = 50

ORDER_ENTRIES_MAX = 32
"""SQLite joins 64 tables at most, and each metric to order by is one."""


class LoggedModelOrder(msgspec.Struct, frozen=True):
    """One entry of `order_by`: an attribute, or `metrics.<key>`, perhaps on one dataset only."""

    field_name: str
    ascending: bool = True
    dataset_name: str | None = None
    dataset_digest: str | None = None


async def find_logged_models(
    reader: Reader,
    *,
    experiment_ids: Sequence[int],
    filter: str,
    datasets: Sequence[tuple[str, str | None]],
    order_by: Sequence[LoggedModelOrder],
    max_results: int,
    page_token: str,
) -> Page:
    """The ids of a page of logged models; raises InvalidFilter for what the caller got wrong.

    datasets: (name, digest or None for any): metric filters look at values measured on these; where
    there is no metric filter, a model must have some metric on one of them.  A page token is good
    for the very same search only (row G9).
    """
    expression = parse_filter(filter, LOGGED_MODELS)
    for name, digest in datasets:
        require_unicode(name)
        require_unicode(digest or "")
    keys = _keys(order_by)
    bound = msgspec.json.encode(["logged models", list(experiment_ids), filter, list(datasets)])
    place = decode_token(page_token, keys, bound.decode()) if page_token else None
    scope = scope_of("m", experiment_ids, "active")
    if scope is None:
        return Page([], None)
    conditions = [scope, condition(expression, logged_model_condition(datasets))]
    if datasets and not _mentions_metrics(expression):
        conditions.append(measured_at_all(datasets))
    return await find_page(
        reader, "logged_models m", conditions, keys, place, max_results, bound.decode()
    )


def _mentions_metrics(expression: And) -> bool:
    return any(
        isinstance(part, Comparison) and part.entity == "metric" for part in expression.parts
    )


_TIES = (LoggedModelOrder("creation_timestamp", ascending=False), LoggedModelOrder("model_id"))


def _keys(orders: Sequence[LoggedModelOrder]) -> list[Key]:
    if len(orders) > ORDER_ENTRIES_MAX:
        raise InvalidOrder(f"Invalid order_by: more than {ORDER_ENTRIES_MAX} entries")
    keys: dict[str, Key] = {}
    for index, order in enumerate((*orders, *_TIES)):
        key = _key(order, index)
        keys.setdefault(key.name, key)
        if key.name == "m.model_id":
            break
    return list(keys.values())


def _key(order: LoggedModelOrder, index: int) -> Key:
    try:
        for text in (order.field_name, order.dataset_name or "", order.dataset_digest or ""):
            require_unicode(text)
    except InvalidFilter as error:
        raise InvalidOrder(f"Invalid order_by: {error}") from None
    prefix, dot, key = order.field_name.partition(".")
    if dot and prefix == "metrics" and key:
        return _metric_key(order, key.strip("`"), index)
    columns = LOGGED_MODELS.order["attribute"] or {}
    column = columns.get(order.field_name)
    if column is None:
        raise InvalidOrder(
            f"Invalid order_by: {shortened(order.field_name)!r} is neither metrics.<key> nor one "
            f"of {', '.join(columns)}"
        )
    if column == "status":
        return Key("m.status", _STATUS_NUMBER, "integer", not order.ascending)
    number = column == "experiment_id" or column.endswith("_ms")
    return Key(f"m.{column}", f"m.{column}", "integer" if number else "text", not order.ascending)


_STATUS_NUMBER = (
    "CASE m.status "
    + " ".join(
        f"WHEN '{status}' THEN {number}"
        for number, status in enumerate(dict.fromkeys(LOGGED_MODEL_STATUSES.values()))
    )
    + " ELSE -1 END"
)
"""MLflow orders statuses by their numbers on the wire."""


def _metric_key(order: LoggedModelOrder, key: str, index: int) -> Key:
    """The newest value of a metric, by timestamp, then step (row G8)."""
    alias = f"s{index}"
    datasets = []
    if order.dataset_name:
        datasets.append(Sql("c.dataset_name = ?", (order.dataset_name,)))
    if order.dataset_digest:
        datasets.append(Sql("c.dataset_digest = ?", (order.dataset_digest,)))
    where = all_of([Sql("c.key = ?", (key,)), *datasets])
    newest = (
        "(SELECT c.timestamp, c.step, c.run_id FROM logged_model_metrics c "
        f"WHERE c.model_id = m.model_id AND {where.text} "
        "ORDER BY c.timestamp DESC, c.step DESC, c.run_id LIMIT 1)"
    )
    join = (
        f"LEFT JOIN logged_model_metrics {alias} ON {alias}.model_id = m.model_id "
        f"AND {alias}.key = ? AND ({alias}.timestamp, {alias}.step, {alias}.run_id) = {newest}"
    )
    name = msgspec.json.encode(["metric", key, order.dataset_name, order.dataset_digest]).decode()
    return Key(
        name,
        f"{alias}.value",
        "real",
        not order.ascending,
        f"CASE WHEN {alias}.run_id IS NULL THEN 2 ELSE {alias}.is_nan END",
        alias,
        Sql(join, (key, *where.params)),
    )
