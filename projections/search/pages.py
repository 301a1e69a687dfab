"""A page of a search that one statement answers: experiments, logged models."""

from collections.abc import Sequence

from projections.search.compile import Sql, all_of
from projections.search.ordering import Key, Place, after, columns, order_by, place_of
from projections.search.reader import Page, Reader
from projections.search.tokens import encode_token


async def find_page(
    reader: Reader,
    table: str,
    conditions: Sequence[Sql],
    keys: Sequence[Key],
    place: Place | None,
    max_results: int,
    bound: str,
) -> Page:
    """The ids, which are the last key, of the rows for which the conditions hold."""
    where = all_of([*conditions, *([] if place is None else [after(keys, place)])])
    joins = [key.join for key in keys if key.join is not None]
    joined = tuple(param for join in joins for param in join.params)
    rows = await reader.fetchall(
        f"SELECT {columns(keys)} FROM {table} {' '.join(join.text for join in joins)} "
        f"WHERE {where.text} ORDER BY {order_by(keys)} LIMIT ?",
        (*joined, *where.params, max_results + 1),
    )
    token = None
    if len(rows) > max_results:
        token = encode_token(keys, place_of(keys, rows[max_results - 1]), bound)
    return Page([str(row[-1]) for row in rows[:max_results]], token)
