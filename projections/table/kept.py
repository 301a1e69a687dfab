"""Lists that were made, the last few: another page of one is a slice.

A list holds as long as nothing changed that it depends on; a reader who pages through one while
runs go on may ask for it by its position, and gets the very same rows.
"""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from projections.changes import LastChange, last_change
from projections.search.reader import Reader

KEPT_IDS_MAX = 600_000
"""Ids in all lists that are kept: 60 MB."""

VERSIONS_MAX = 2
"""Lists of the same question that are kept, the newest and the one somebody still pages through."""

T = TypeVar("T", bound=Sequence[object])


class Kept(msgspec.Struct, Generic[T]):
    """A list and the position it was made at; seen: the last one at which it still held."""

    position: int
    seen: int
    change: LastChange
    found: T


class Listings:
    """Makes lists and keeps the last few; whoever asks for one that is being made waits for it."""

    def __init__(self, ids_max: int = KEPT_IDS_MAX) -> None:
        self._ids_max = ids_max
        self._kept: dict[Hashable, list[Kept[Any]]] = {}
        self._locks: dict[Hashable, asyncio.Lock] = {}

    async def get(
        self,
        reader: Reader,
        question: Hashable,
        make: Callable[[], Any],
        *,
        flows: bool,
        moment: int | None,
        position: int | None,
    ) -> tuple[int, Any]:
        """(position, list) for a question.

        make: a coroutine that makes the list; flows: whether points change it; moment: of the past
        that the reader is about, None for the present; position: of an earlier answer whose list is
        wanted again, if it is still there.
        """
        key = (moment, question)
        lock = self._locks.setdefault(key, asyncio.Lock())
        try:
            async with lock:
                # The change is read first: what happens meanwhile only makes the list stale.
                change = await last_change(reader)
                held = self._held(key, change, flows, position)
                if held is not None:
                    return held
                now = max(change.flow, change.rest)
                made = Kept(now, now, change, await make())
                self._kept[key] = [made, *self._kept.get(key, [])][:VERSIONS_MAX]
                self._make_room()
                return now, made.found
        finally:
            if not lock.locked():
                self._locks.pop(key, None)

    async def held(
        self, reader: Reader, question: Hashable, *, flows: bool, moment: int | None
    ) -> tuple[int, Any]:
        """(position, list) as `get`, but None for a list that would have to be made."""
        change = await last_change(reader)
        held = self._held((moment, question), change, flows, None)
        return held or (max(change.flow, change.rest), None)

    def _held(
        self, key: Hashable, change: LastChange, flows: bool, position: int | None
    ) -> tuple[int, Any] | None:
        kept = self._kept.pop(key, [])
        if kept:
            # Last in line: what nobody asked for goes first.
            self._kept[key] = kept
        for each in kept:
            if position is not None and each.position <= position <= each.seen:
                return position, each.found
        for each in kept:
            if each.change.rest == change.rest and (not flows or each.change.flow == change.flow):
                now = max(change.flow, change.rest)
                each.seen = max(each.seen, now)
                return now, each.found
        return None

    def _make_room(self) -> None:
        while len(self._kept) > 1 and self._size() > self._ids_max:
            del self._kept[next(iter(self._kept))]

    def _size(self) -> int:
        return sum(len(each.found) for kept in self._kept.values() for each in kept)
