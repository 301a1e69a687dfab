"""The moment a request asks about: the present, or a position or a time of the past.

`?as_of=` (native API and pages), the header `X-Eventtrack-As-Of`, or the prefix `/as-of/<moment>`
before any path: an MLflow client whose tracking URI ends so works in the past unchanged.
"""

from contextvars import ContextVar
from datetime import datetime
from urllib.parse import unquote

from aiohttp import web
from yarl import URL

from eventtrack.errors import InvalidParameter
from eventtrack.events import START, Position
from eventtrack.log import EventLog

AS_OF: ContextVar[Position | None] = ContextVar("as_of", default=None)
"""The position whose views answer the request that runs; None for the present."""

HEADER = "X-Eventtrack-As-Of"
PREFIX = "/as-of/"
PARAMETER = "as_of"

_MICROSECONDS = 1_000_000


def take(request: web.BaseRequest) -> tuple[str, web.BaseRequest]:
    """(the moment in the request's own words, "" for the present; the request without prefix)."""
    raw = request.raw_path
    if raw.startswith(PREFIX):
        words, slash, rest = raw[len(PREFIX) :].partition("/")
        return unquote(words), request.clone(rel_url=URL(slash + rest or "/", encoded=True))
    words = request.headers.get(HEADER, "")
    if not words and f"{PARAMETER}=" in raw:
        words = request.query.get(PARAMETER, "")
    return words, request


async def position_of(words: str, log: EventLog, name: str = PARAMETER) -> Position:
    """The position that a moment names: the last event at or before it.

    words: a position, or a time as RFC 3339 has it, with its offset from UTC; name: of the
    parameter, for the message.  Raises InvalidParameter.
    """
    position = _position(words, log, name)
    if position is not None:
        return position
    at_us = _microseconds(words, name)
    return await log.position_at(at_us) if at_us >= 0 else START


async def begin_of(words: str, log: EventLog, name: str) -> tuple[Position, Position]:
    """(the first position, the position that the first comes after) from a moment on.

    One of the two says it, the other is START.
    """
    position = _position(words, log, name)
    if position is not None:
        return position, START
    at_us = _microseconds(words, name)
    return START, await log.position_at(at_us - 1) if at_us > 0 else START


def _position(words: str, log: EventLog, name: str) -> Position | None:
    if not (words.isascii() and words.isdigit()):
        return None
    position = int(words[:30])
    if position > log.head():
        raise InvalidParameter(
            f"Invalid value {words[:100]!r} for '{name}': the log ends at position {log.head()}. "
            "Leave it out for the present."
        )
    return Position(position)


def _microseconds(words: str, name: str) -> int:
    # A plus that was not encoded in a query arrives as a space.
    text = words.strip().replace(" ", "+" if "T" in words.upper() else "T")
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None or "T" not in text.upper():
        raise InvalidParameter(
            f"Invalid value {words[:100]!r} for '{name}': give a position of the log, or a time "
            "with its offset such as 2026-11-23T18:00:00Z."
        )
    return round(time.timestamp() * _MICROSECONDS)
