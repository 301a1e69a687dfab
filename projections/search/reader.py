"""What a search needs of the views, and what it gives back."""

from collections.abc import Sequence
from typing import Any, Literal, Protocol

import msgspec

View = Literal["active", "deleted", "all"]
"""Which lifecycle stages are wanted."""

STAGES: dict[View, tuple[str, ...]] = {
    "active": ("active",),
    "deleted": ("deleted",),
    "all": ("active", "deleted"),
}


class Reader(Protocol):
    """Answers SQL over the views' tables."""

    async def fetchall(self, sql: str, params: Sequence[object]) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        ...


class Page(msgspec.Struct, frozen=True):
    """Ids in the order asked for, and the token of the next page where another row exists."""

    ids: list[str]
    next_page_token: str | None
