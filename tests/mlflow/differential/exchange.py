"""Send steps to a server: fill in the symbols, take the answer, learn the values it made up."""

from __future__ import annotations

import http.client
import json
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from tests.mlflow.differential.steps import Step

_SYMBOL = re.compile(r"<([a-z][a-z0-9_]*)>")
_ANSWER_SECONDS = 60.0
# Shorter values (experiment ids) could stand anywhere by accident; see `Symbols.hide`.
_DISTINCTIVE_LENGTH = 6

_EXPERIMENT_ID_FIELDS = {"experiment_id", "experiment_ids"}
_LOCATION_FIELDS = {"artifact_uri", "artifact_location", "root_uri", "source"}
_CREATED_FIELDS = {"creation_time", "creation_timestamp_ms", "creation_timestamp"}
_UPDATED_FIELDS = {
    "last_update_time": "creation_time",
    "last_updated_timestamp_ms": "creation_timestamp_ms",
    "last_updated_timestamp": "creation_timestamp",
}
_CLOCK_TOLERANCE_MS = 24 * 60 * 60 * 1000


class NotJson(Exception):
    """The answer is not a JSON object or list."""


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_json(self) -> bool:
        """Whether the answer calls itself JSON, as clients go by."""
        return self.headers.get("content-type", "").startswith("application/json")

    def json(self) -> object:
        """The body as a JSON value; an empty body counts as `{}`, as it does for clients."""
        try:
            return json.loads(self.body) if self.body.strip() else {}
        except ValueError as error:
            raise NotJson(self.body[:200]) from error

    def error_code(self) -> str | int | None:
        """The error_code, the status of an error that has none, None for a success."""
        if self.status < 400:
            return None
        try:
            body = self.json()
        except NotJson:
            return self.status
        code = body.get("error_code") if isinstance(body, dict) else None
        return code if isinstance(code, str) else self.status


class Symbols:
    """The values one server made up, by the names the steps give them."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def fill(self, text: str) -> str:
        """`text` with every bound `<symbol>` replaced by its value."""
        return _SYMBOL.sub(lambda found: self.values.get(found[1], found[0]), text)

    def learn(self, step: Step, answer: Answer) -> None:
        """Bind the symbols that `step` asks for."""
        for name, place in step.bind.items():
            value: object = answer.json() if answer.status == 200 else None
            for key in place.split("."):
                if isinstance(value, list):
                    value = value[int(key)] if int(key) < len(value) else None
                else:
                    value = value.get(key) if isinstance(value, dict) else None
            if value is not None:
                self.values[name] = str(value)

    def learn_unnamed(self, answer: Answer, number: int) -> None:
        """Bind the id of a run or model made by step `number`, of which no step speaks later."""
        body = answer.json() if answer.is_json and answer.status == 200 else None
        for noun, field in (("run", "run_id"), ("model", "model_id")):
            made = body.get(noun) if isinstance(body, dict) else None
            info = made.get("info") if isinstance(made, dict) else None
            value = info.get(field) if isinstance(info, dict) else None
            if isinstance(value, str) and value not in self.values.values():
                self.values[f"unnamed_{number}"] = value

    def hide(self, value: object) -> object:
        """`value` with everything this server made up replaced by symbols."""
        return self._hide(value, None, self._distinctive())

    def hide_text(self, text: str) -> str:
        """`text` with the distinctive values replaced by symbols."""
        for name, value in self._distinctive():
            text = text.replace(value, f"<{name}>")
        return text

    def _distinctive(self) -> list[tuple[str, str]]:
        long = [(n, v) for n, v in self.values.items() if len(v) >= _DISTINCTIVE_LENGTH]
        return sorted(long, key=lambda item: -len(item[1]))

    def _hide(self, value: object, field: str | None, long: Iterable[tuple[str, str]]) -> object:
        if isinstance(value, dict):
            hidden = {key: self._hide(item, key, long) for key, item in value.items()}
            return _hide_times(value, hidden)
        if isinstance(value, list):
            return [self._hide(item, field, long) for item in value]
        if not isinstance(value, str):
            return value
        if field == "next_page_token":
            return "<token>"
        for name, known in long:
            value = value.replace(known, f"<{name}>")
        return self._hide_experiment(value, field)

    def _hide_experiment(self, text: str, field: str | None) -> str:
        for name, known in self.values.items():
            if len(known) >= _DISTINCTIVE_LENGTH:
                continue
            if field in _EXPERIMENT_ID_FIELDS and text == known:
                return f"<{name}>"
            if field in _LOCATION_FIELDS:
                text = re.sub(rf"(?<=:/){re.escape(known)}(?=/|$)", f"<{name}>", text)
        return text


def _hide_times(value: dict[str, object], hidden: dict[str, object]) -> dict[str, object]:
    now = time.time_ns() // 1_000_000
    for field in _CREATED_FIELDS & value.keys():
        if _is_now(value[field], now):
            hidden[field] = "<now>"
    for field in _UPDATED_FIELDS.keys() & value.keys():
        updated, created = value[field], value.get(_UPDATED_FIELDS[field])
        if isinstance(updated, int) and isinstance(created, int) and _is_now(updated, now):
            hidden[field] = "<now>" if updated == created else "<after creation>"
            if updated < created:
                hidden[field] = "<before creation>"
    return hidden


def _is_now(value: object, now: int) -> bool:
    return type(value) is int and abs(value - now) < _CLOCK_TOLERANCE_MS


class Speaker:
    """One side of a conversation: a connection to one server and the values it made up."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._address = (parts.hostname or "", parts.port or 80)
        self._connection: http.client.HTTPConnection | None = None
        self._said = 0
        self.symbols = Symbols()

    def close(self) -> None:
        """Drop the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def say(self, step: Step) -> Answer:
        """Send `step` and bind what it asks to bind."""
        self._said += 1
        target = self.symbols.fill(step.path)
        if step.query:
            target += "?" + urlencode([(key, self.symbols.fill(v)) for key, v in step.query])
        body = step.body
        if body is not None and b"<" in body:
            text = body.decode("latin-1")  # symbols and their values are ASCII; bytes stay bytes
            body = self.symbols.fill(text).encode("latin-1")
        answer = self._send(step.method, target, body, step.headers)
        self.symbols.learn(step, answer)
        if step.method == "POST":
            self.symbols.learn_unnamed(answer, self._said)
        return answer

    def _send(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Answer:
        fresh = self._connection is None
        if self._connection is None:
            self._connection = http.client.HTTPConnection(*self._address, timeout=_ANSWER_SECONDS)
        try:
            self._connection.request(method, target, body, dict(headers))
            response = self._connection.getresponse()
            content = response.read()
        except (http.client.RemoteDisconnected, ConnectionError):
            self.close()
            if fresh:
                raise
            # Servers close connections that were idle for some seconds; that is no answer.
            return self._send(method, target, body, headers)
        answered = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, answered, content)
