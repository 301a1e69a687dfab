"""Which experiments match a filter, in which order, page by page?"""

from collections.abc import Sequence

from projections.search.compile import Sql, condition, experiment_condition
from projections.search.dialects import EXPERIMENTS
from projections.search.grammar import Order, parse_filter, parse_order
from projections.search.ordering import Key
from projections.search.pages import find_page
from projections.search.reader import STAGES, Page, Reader, View
from projections.search.tokens import decode_token

MAX_RESULTS_LIMIT = 50_000

_SEARCH = "experiments"


async def find_experiments(
    reader: Reader,
    *,
    filter: str,
    order_by: Sequence[str],
    view: View,
    max_results: int,
    page_token: str,
) -> Page:
    """The ids of a page of experiments; raises InvalidFilter for what the caller got wrong.

    Ties go by experiment id, greatest first; without an order, the newest come first (row G2).
    """
    expression = parse_filter(filter, EXPERIMENTS)
    keys = _keys([parse_order(entry, EXPERIMENTS) for entry in order_by])
    place = decode_token(page_token, keys, _SEARCH) if page_token else None
    stages = STAGES[view]
    scope = Sql(f"e.lifecycle_stage IN ({', '.join('?' for _ in stages)})", stages)
    conditions = [scope, condition(expression, experiment_condition)]
    return await find_page(reader, "experiments e", conditions, keys, place, max_results, _SEARCH)


_NEWEST = (Order("attribute", "creation_time", True), Order("attribute", "experiment_id", False))
_TIES = Order("attribute", "experiment_id", True)


def _keys(orders: Sequence[Order]) -> list[Key]:
    keys: dict[str, Key] = {}
    for order in (*(orders or _NEWEST), _TIES):
        if order.key not in keys:
            keys[order.key] = Key(
                order.key,
                f"e.{order.key}",
                "text" if order.key == "name" else "integer",
                order.descending,
            )
        if order.key == "experiment_id":
            break
    return list(keys.values())
