"""What the tests of the native questions share: runs with values, made over the wire."""

import json
from typing import Any
from urllib.parse import urlencode

from eventtrack.columns import pack_floats, pack_ints
from eventtrack.wire import ingest as wire
from tests.native.test_ingest import send
from tests.rest import Rest

NATIVE = "/api/eventtrack/1/"


def start(
    rest: Rest,
    run_id: str,
    *,
    experiment: str = "Default",
    name: str = "",
    started: int = 1000,
    params: dict[str, str] | None = None,
    tags: dict[str, str] | None = None,
    metrics: dict[str, list[float]] | None = None,
) -> None:
    """A run with these values; metrics: key -> values at steps 0, 1, ..."""
    entries: list[wire.Entry] = [
        wire.RunStart(
            run_id=run_id,
            experiment=experiment,
            name=name or run_id,
            start_time=started,
            tags=tags or {},
        )
    ]
    if params:
        entries.append(wire.Params(run_id=run_id, params=params))
    for key, values in (metrics or {}).items():
        steps = range(len(values))
        entries.append(
            wire.Metrics(
                run_id=run_id,
                steps=pack_ints(steps),
                timestamps=pack_ints(started + step for step in steps),
                values={key: pack_floats(values)},
            )
        )
    send(rest, wire.Request(entries=entries))


def post(rest: Rest, path: str, status: int = 200, /, **fields: Any) -> dict[str, Any]:
    """POST a native question and return its JSON."""
    found, _, body = rest.ask("POST", NATIVE + path, fields)
    assert found == status, body
    answer: dict[str, Any] = json.loads(body)
    return answer


def column(kind: str, key: str, of: str = "last") -> dict[str, str]:
    """A column as the wire has it."""
    return {"kind": kind, "key": key} | ({"of": of} if of != "last" else {})


def by(kind: str, key: str, of: str = "last", *, descending: bool = False) -> dict[str, Any]:
    """A column to order by."""
    return {"column": column(kind, key, of), "descending": descending}


def get(rest: Rest, path: str, /, **query: Any) -> dict[str, Any]:
    """GET a native question and return its JSON."""
    found, _, body = rest.ask("GET", f"{NATIVE}{path}?{urlencode(query, doseq=True)}")
    assert found == 200, body
    answer: dict[str, Any] = json.loads(body)
    return answer
