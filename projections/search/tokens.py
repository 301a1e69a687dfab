"""Page tokens: the place of the last row given, and which order it is a place in.

Opaque for clients: base64 of JSON.  A token is only good with the order (or, where `bound` says so,
the whole search) it came from, and everything else is refused: MLflow's own offset tokens, cut
ones, ones written by hand.
"""

import base64
import binascii
import hashlib
import json
import math
from collections.abc import Sequence
from typing import Any

from projections.search.errors import InvalidPageToken
from projections.search.ordering import Key, Place

_INT64 = 2**63


def encode_token(keys: Sequence[Key], place: Place, bound: str = "") -> str:
    """The token of the page behind a place."""
    body = {"order": _fingerprint(keys, bound), "after": place}
    text = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode()


def decode_token(token: str, keys: Sequence[Key], bound: str = "") -> Place:
    """The place a token holds; InvalidPageToken unless it was made for these keys."""
    try:
        body = json.loads(base64.b64decode(token.encode(), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        raise _invalid("it is not one that this server gives out") from None
    if not isinstance(body, dict) or set(body) != {"order", "after"}:
        raise _invalid("it is not one that this server gives out")
    if body["order"] != _fingerprint(keys, bound):
        raise _invalid("it belongs to another search; send the search it came with")
    place = body["after"]
    if not isinstance(place, list) or len(place) != len(keys):
        raise _invalid("it is damaged")
    return [_checked(key, here) for key, here in zip(keys, place, strict=True)]


def _checked(key: Key, here: Any) -> Any:
    if key.rank is None:
        return _checked_value(key, here)
    if not isinstance(here, list) or len(here) != 2 or type(here[0]) is not int:
        raise _invalid("it is damaged")
    rank, value = here
    if not 0 <= rank < _INT64:
        raise _invalid("it is damaged")
    return [rank, _checked_value(key, value) if rank == 0 else None]


def _checked_value(key: Key, value: Any) -> Any:
    if key.kind == "text" and isinstance(value, str) and _is_unicode(value):
        return value
    if key.kind == "integer" and type(value) is int and -_INT64 <= value < _INT64:
        return value
    if key.kind == "real" and isinstance(value, float) and not math.isnan(value):
        return value
    raise _invalid("it is damaged")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _fingerprint(keys: Sequence[Key], bound: str) -> str:
    order = json.dumps([bound, *(f"{key.name} {key.descending}" for key in keys)])
    return hashlib.sha256(order.encode()).hexdigest()[:12]


def _invalid(why: str) -> InvalidPageToken:
    return InvalidPageToken(
        f"Invalid page_token: {why}. Leave it out to start with the first page."
    )
