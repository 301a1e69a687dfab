"""Objects that several resources share on the wire, and the page rules of the searches."""

import enum
from typing import Literal

import msgspec

from eventtrack.errors import InvalidParameter
from eventtrack.server.mlflow.wire import missing

View = Literal["active", "deleted", "all"]


class ViewType(enum.IntEnum):
    """Which lifecycle stages a search shows."""

    ACTIVE_ONLY = 1
    DELETED_ONLY = 2
    ALL = 3

    @property
    def view(self) -> View:
        """The word that the views use."""
        if self is ViewType.ACTIVE_ONLY:
            return "active"
        return "deleted" if self is ViewType.DELETED_ONLY else "all"


class KeyValue(msgspec.Struct, frozen=True):
    """A tag or a param in an answer."""

    key: str
    value: str


class KeyValueIn(msgspec.Struct, frozen=True):
    """A tag or a param in a request; whoever uses it checks that the key is there."""

    key: str | None = None
    value: str | None = None


def key_values(pairs: dict[str, str]) -> list[KeyValue] | None:
    """A mapping as the wire's list; None (left out of the JSON) when it is empty."""
    return [KeyValue(key, value) for key, value in pairs.items()] or None


def pairs_of(entries: list[KeyValueIn] | None, path: str) -> list[tuple[str, str]]:
    """The wire's list as pairs; an absent value is the empty string, an absent key is refused."""
    pairs = []
    for index, entry in enumerate(entries or ()):
        if entry.key is None:
            raise missing(f"{path}[{index}].key")
        pairs.append((entry.key, entry.value or ""))
    return pairs


def page_size(asked: int | None, default: int | None, most: int) -> int:
    """The number of results of a page: 1 to `most`."""
    if asked is None:
        asked = 0 if default is None else default
    if asked < 1 or asked > most:
        raise InvalidParameter(
            f"Invalid value {asked} for parameter 'max_results' supplied: it must be at least 1 "
            f"and at most {most}."
        )
    return asked


def joined(parts: list[bytes]) -> bytes:
    """Encoded JSON values as a JSON list."""
    return b"[" + b",".join(parts) + b"]"
