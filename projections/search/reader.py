"""What a search needs of the views."""

from collections.abc import Sequence
from typing import Any, Literal, Protocol

import msgspec

View = Literal["active", "deleted", "all"]
"""Which lifecycle stages a search shows."""


class Reader(Protocol):
    """Runs one query on one snapshot of the views."""

    async def fetchall(self, sql: str, params: Sequence[object] = ...) -> list[tuple[Any, ...]]:
        """All rows."""
        ...


class Page(msgspec.Struct, frozen=True):
    """Ids in order, and the token of the next page when there is one."""

    ids: list[str]
    next_page_token: str | None
