"""What a conversation with a tracking server is made of: steps, written as data.

A step is one HTTP request, a sentence that says what it shows, and the error we know MLflow
answers with, if any.  Values that a server makes up (ids, tokens, names) are bound to symbols and
used by later steps as `<symbol>`, so that the same steps can be sent to any server.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypedDict, Unpack

# The value of a JSON body; the recursive type is not worth its casts in a table of literals.
Body = object
Query = Mapping[str, object] | Sequence[tuple[str, object]]

TRACKING = "/api/2.0/mlflow/"
PROXY = "/api/2.0/mlflow-artifacts/"
AJAX = "/ajax-api/2.0/mlflow/"

INVALID = "INVALID_PARAMETER_VALUE"
MISSING = "RESOURCE_DOES_NOT_EXIST"
TAKEN = "RESOURCE_ALREADY_EXISTS"
BAD_REQUEST = "BAD_REQUEST"
INTERNAL = "INTERNAL_ERROR"

JSON_HEADERS = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Step:
    """One request and what is known of MLflow's answer."""

    name: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    # The error_code MLflow answers, or the status where its answer is not its own JSON.
    error: str | int | None = None
    # symbol -> where in the answer's JSON its value stands, as in "run.info.run_id"
    bind: Mapping[str, str] = field(default_factory=dict)
    # Clients match on the text of this error, so it must agree to the letter.
    exact_message: bool = False
    # Answer headers that must agree to the letter.
    same_headers: tuple[str, ...] = ()
    # Answer headers that both must give, each with a value of its own.
    given_headers: tuple[str, ...] = ()

    def __repr__(self) -> str:
        query = f" ?{dict(self.query)}" if self.query else ""
        body = f" {self.body[:600]!r}" if self.body is not None else ""
        return f"<{self.method} {self.path}{query}{body}>"


class Known(TypedDict, total=False):
    """What a step may say beyond its request; see `Step`."""

    headers: Mapping[str, str]
    error: str | int | None
    bind: Mapping[str, str]
    exact_message: bool
    same_headers: tuple[str, ...]
    given_headers: tuple[str, ...]


def get(name: str, path: str, query: Query = (), **known: Unpack[Known]) -> Step:
    """A GET whose lists in `query` become repeated keys."""
    return Step(name, "GET", _full(path), _pairs(query), **known)


def post(name: str, path: str, body: Body, **known: Unpack[Known]) -> Step:
    """A POST of a JSON body."""
    return _with_json(name, "POST", path, body, known)


def patch(name: str, path: str, body: Body, **known: Unpack[Known]) -> Step:
    """A PATCH of a JSON body."""
    return _with_json(name, "PATCH", path, body, known)


def delete(name: str, path: str, body: Body = None, **known: Unpack[Known]) -> Step:
    """A DELETE with its arguments in a JSON body, or without any."""
    if body is None:
        return Step(name, "DELETE", _full(path), **known)
    return _with_json(name, "DELETE", path, body, known)


def raw(
    name: str,
    method: str,
    path: str,
    body: bytes | None = None,
    query: Query = (),
    **known: Unpack[Known],
) -> Step:
    """Any request, its body sent as it is and no header added."""
    return Step(name, method, _full(path), _pairs(query), body, **known)


def _with_json(name: str, method: str, path: str, body: Body, known: Known) -> Step:
    known["headers"] = {**JSON_HEADERS, **known.get("headers", {})}
    # json.dumps writes NaN and infinities as the bare literals that a careless client sends.
    return Step(name, method, _full(path), (), json.dumps(body).encode(), **known)


def _full(path: str) -> str:
    return path if path.startswith("/") else TRACKING + path


def _pairs(query: Query) -> tuple[tuple[str, str], ...]:
    items = query.items() if isinstance(query, Mapping) else query
    return tuple(
        (key, str(one))
        for key, value in items
        for one in (value if isinstance(value, list | tuple) else [value])
    )
