"""Pages by key: a token holds where the last row stood, so writes between pages neither repeat nor
skip a row (quirk Q6 is not copied).
"""

import base64
import binascii
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import msgspec

from projections.search.compile import Condition, joined
from projections.search.errors import InvalidPageToken
from projections.search.reader import Page, Reader

_encode = msgspec.msgpack.Encoder().encode
_GARBAGE = "Invalid page token: pass on the next_page_token of the answer before, unchanged."


class Key(msgspec.Struct, frozen=True):
    """A sort key: an SQL expression that is never NULL, and its direction."""

    sql: str
    ascending: bool = True
    params: tuple[Any, ...] = ()


class Phase(msgspec.Struct, frozen=True):
    """A part of the answer: phases follow one another, each sorted by its keys.

    source: what stands after FROM, with its parameters; the id column is the last key.
    """

    source: str
    source_params: tuple[Any, ...]
    conditions: tuple[Condition, ...]
    keys: tuple[Key, ...]


class _Token(msgspec.Struct, array_like=True, frozen=True):
    query: bytes
    phase: int
    values: list[float | int | str]


_decode = msgspec.msgpack.Decoder(_Token).decode


def fingerprint(*parts: object) -> bytes:
    """Binds a token to the query it was given for."""
    return sha256(repr(parts).encode()).digest()[:8]


async def find_page(
    reader: Reader,
    phases: Sequence[Phase],
    *,
    max_results: int,
    page_token: str,
    query: bytes,
) -> Page:
    """The next ids after the token's place, through as many phases as it takes."""
    start, after = _read_token(page_token, phases, query) if page_token else (0, None)
    rows: list[tuple[int, tuple[Any, ...]]] = []
    for number in range(start, len(phases)):
        left = max_results + 1 - len(rows)
        found = await _fetch(reader, phases[number], after if number == start else None, left)
        rows += [(number, row) for row in found]
        if len(rows) > max_results:
            break
    token = None
    if len(rows) > max_results:
        rows = rows[:max_results]
        number, values = rows[-1]
        encoded = _encode(_Token(query, number, list(values)))
        token = base64.urlsafe_b64encode(encoded).decode()
    return Page([str(row[-1]) for _, row in rows], token)


async def _fetch(
    reader: Reader, phase: Phase, after: list[Any] | None, limit: int
) -> list[tuple[Any, ...]]:
    conditions = list(phase.conditions)
    if after is not None:
        conditions.append(_beyond(phase.keys, after))
    where = joined(conditions)
    selected: list[Any] = []
    for key in phase.keys:
        selected += key.params
    columns = ", ".join(key.sql for key in phase.keys)
    # By number, so that expressions with parameters need not be repeated.
    order = ", ".join(
        f"{number} {'ASC' if key.ascending else 'DESC'}" for number, key in enumerate(phase.keys, 1)
    )
    return await reader.fetchall(
        f"SELECT {columns} FROM {phase.source} WHERE {where.sql} ORDER BY {order} LIMIT ?",
        (*selected, *phase.source_params, *where.params, limit),
    )


def _beyond(keys: Sequence[Key], values: Sequence[Any]) -> Condition:
    """Rows after the one with these key values.

    The first key's bound stands alone too, so that an index on it can be entered there.
    """
    alternatives = []
    params: list[Any] = []
    for depth, key in enumerate(keys):
        equal = [f"{each.sql} = ?" for each in keys[:depth]]
        for each, value in zip(keys[:depth], values, strict=False):
            params += [*each.params, value]
        alternatives.append(" AND ".join([*equal, f"{key.sql} {'>' if key.ascending else '<'} ?"]))
        params += [*key.params, values[depth]]
    first = keys[0]
    bound = f"{first.sql} {'>=' if first.ascending else '<='} ?"
    sql = f"{bound} AND (({') OR ('.join(alternatives)}))"
    return Condition(sql, [*first.params, values[0], *params])


def _read_token(token: str, phases: Sequence[Phase], query: bytes) -> tuple[int, list[Any]]:
    try:
        found = _decode(base64.b64decode(token, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise InvalidPageToken(_GARBAGE) from error
    if found.query != query:
        raise InvalidPageToken(
            "Invalid page token: it belongs to another search; ask for the next page with the same "
            "filter and order, or begin again without a token."
        )
    if not 0 <= found.phase < len(phases) or len(found.values) != len(phases[found.phase].keys):
        raise InvalidPageToken(_GARBAGE)
    return found.phase, found.values
