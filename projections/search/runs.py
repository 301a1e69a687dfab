"""Which runs match a filter, in which order, page by page?"""

from collections.abc import Sequence

from projections.search.compile import RUN_TABLES, Entries, Sql
from projections.search.dialects import RUNS
from projections.search.errors import InvalidOrder
from projections.search.grammar import Comparison, Order, parse_filter, parse_order
from projections.search.ordering import Key, place_of
from projections.search.plan import Search, fetch
from projections.search.reader import Page, Reader, View
from projections.search.scope import scope_of
from projections.search.tokens import decode_token, encode_token

MAX_RESULTS_LIMIT = 50_000
MAX_RESULTS_DEFAULT = 1000

_SEARCH = "runs"

ORDER_ENTRIES_MAX = 32
"""SQLite joins 64 tables at most, and each metric, param or tag to order by is one."""


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
    """The ids of a page of runs; raises InvalidFilter for what the caller got wrong.

    Values come before NaN and NaN before absent, in both directions (row F15); ties, and everything
    where no order is given, go by start_time, newest first, then by run id.
    """
    expression = parse_filter(filter, RUNS)
    keys = run_keys([parse_order(entry, RUNS) for entry in order_by])
    place = decode_token(page_token, keys, _SEARCH) if page_token else None
    scope = scope_of("r", experiment_ids, view)
    if scope is None:
        return Page([], None)
    rows = await fetch(reader, Search(scope, expression, keys, place, max_results + 1))
    token = None
    if len(rows) > max_results:
        token = encode_token(keys, place_of(keys, rows[max_results - 1]), _SEARCH)
    return Page([row[-1] for row in rows[:max_results]], token)


def run_keys(orders: Sequence[Order]) -> tuple[Key, ...]:
    """The keys of an order; the last is the run id, which is unique."""
    if len(orders) > ORDER_ENTRIES_MAX:
        raise InvalidOrder(f"Invalid order_by: more than {ORDER_ENTRIES_MAX} entries")
    fields = [(order.entity, order.key) for order in orders]
    for index, (entity, key) in enumerate(fields):
        if (entity, key) in fields[:index]:
            raise InvalidOrder(f"Invalid order_by: the {entity} {key!r} stands in two entries")
    orders = [
        *orders,
        Order("attribute", "start_time", descending=True),
        Order("attribute", "run_id", descending=False),
    ]
    keys: dict[str, Key] = {}
    for index, order in enumerate(orders):
        made = _key(order, index)
        keys.setdefault(made.name, made)
        if order.key == "run_id" and order.entity == "attribute":
            break
    return tuple(keys.values())


def _key(order: Order, index: int) -> Key:
    name = f"{order.entity}.{order.key}"
    match order.entity, order.key:
        case "attribute", "start_time":
            return Key(name, "r.start_time", "integer", order.descending)
        case "attribute", "end_time":
            rank = "(r.end_time IS NULL)"
            return Key(name, "r.end_time", "integer", order.descending, rank)
        case "attribute", "run_name":
            return Key(name, "r.name", "text", order.descending)
        case "attribute", column:
            return Key(name, f"r.{column}", "text", order.descending)
        case entity, key:
            return _key_of_entries(name, entity, key, index, order.descending)


def _key_of_entries(name: str, entity: str, key: str, index: int, descending: bool) -> Key:
    """A key whose values are metrics, params or tags, which an index has in order."""
    table, alias = RUN_TABLES[entity], f"s{index}"
    values = Sql(f"{alias}.key = ?", (key,))
    rank = f"({alias}.run_id IS NULL)"
    absent = Comparison(entity, key, "IS NULL", None)
    rest: tuple[Comparison, ...] = (absent,)
    if entity == "metric":
        values = Sql(f"{alias}.key = ? AND {alias}.is_nan = 0", (key,))
        rank = f"CASE WHEN {alias}.run_id IS NULL THEN 2 ELSE {alias}.is_nan END"
        rest = (Comparison(entity, key, "IS NAN", None), absent)
    return Key(
        name,
        f"{alias}.value",
        "real" if entity == "metric" else "text",
        descending,
        rank,
        alias,
        Sql(f"LEFT JOIN {table} {alias} ON {alias}.run_id = r.run_id AND {alias}.key = ?", (key,)),
        Entries(f"{table} {alias}", values),
        rest,
    )
