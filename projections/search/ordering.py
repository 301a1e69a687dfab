"""Order keys: the ORDER BY of a search, and the condition that a row comes after a given one.

A key has a value and, where values may be missing, a rank: 0 for values, then 1, 2, ... for what
follows them in both directions (NaN, absent).  The last key of a search is unique, so that every
row has its place and a page can start behind any row (row Q6): rows that come or go elsewhere do
not shift it.
"""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from projections.search.compile import Entries, Sql, any_of
from projections.search.grammar import Comparison

Place = list[Any]
"""A row's keys in order: [rank, value] of a ranked key, the value of another."""


class Key(msgspec.Struct, frozen=True):
    """One key of an order.

    name: identifies it in page tokens.  value, rank: SQL expressions, rank None where no value can
    be missing.  alias, join: the table that the expressions speak of, if not the main one.  walk:
    that table's rows of rank 0, where an index has them in the order of their values; rest: what
    tells the rows of rank 1, 2, ... then.
    """

    name: str
    value: str
    kind: Literal["text", "integer", "real"]
    descending: bool = False
    rank: str | None = None
    alias: str = ""
    join: Sql | None = None
    walk: Entries | None = None
    rest: tuple[Comparison, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """What to select so that a row's place is known."""
        return (self.value,) if self.rank is None else (self.rank, self.value)

    @property
    def terms(self) -> tuple[str, ...]:
        """The terms of ORDER BY."""
        value = f"{self.value} DESC" if self.descending else self.value
        return (value,) if self.rank is None else (self.rank, value)

    @property
    def beyond(self) -> str:
        """The comparison that holds for values that come later."""
        return "<" if self.descending else ">"


def columns(keys: Sequence[Key]) -> str:
    """The select list that gives a row's place."""
    return ", ".join(column for key in keys for column in key.columns)


def order_by(keys: Sequence[Key]) -> str:
    """The terms of ORDER BY."""
    return ", ".join(term for key in keys for term in key.terms)


def place_of(keys: Sequence[Key], row: Sequence[Any]) -> Place:
    """The place of a row selected with `columns`."""
    cells = iter(row)
    return [next(cells) if key.rank is None else [next(cells), next(cells)] for key in keys]


def after(keys: Sequence[Key], place: Place) -> Sql:
    """The rows that come after a place."""
    key, here = keys[0], place[0]
    if len(keys) == 1:
        return _strictly_after(key, here)
    behind = after(keys[1:], place[1:])
    same = _same(key, here)
    either = any_of(
        [
            _strictly_after(key, here),
            Sql(f"({same.text} AND {behind.text})", same.params + behind.params),
        ]
    )
    if key.rank is not None:
        return either
    # The first term lets an index seek to the place.
    return Sql(f"({key.value} {key.beyond}= ? AND {either.text})", (here, *either.params))


def _strictly_after(key: Key, here: Any) -> Sql:
    if key.rank is None:
        return Sql(f"{key.value} {key.beyond} ?", (here,))
    rank, value = here
    if rank:
        return Sql(f"{key.rank} > ?", (rank,))
    return Sql(
        f"({key.rank} > 0 OR ({key.rank} = 0 AND {key.value} {key.beyond} ?))",
        (value,),
    )


def _same(key: Key, here: Any) -> Sql:
    if key.rank is None:
        return Sql(f"{key.value} = ?", (here,))
    rank, value = here
    if rank:
        return Sql(f"{key.rank} = ?", (rank,))
    return Sql(f"({key.rank} = 0 AND {key.value} = ?)", (value,))
