"""A server's REST API over one kept connection, for a source that is a running server."""

import base64
import http.client
import json
import time
import urllib.parse
from collections.abc import Iterator
from typing import Any

from eventtrack.migration import SourceError

TIMEOUT_SECONDS = 120.0
ATTEMPTS_MAX = 5
PAUSE_SECONDS = 0.5
"""Before the second attempt; it doubles from one to the next."""

PASSING = frozenset([429, 500, 502, 503, 504])
"""Statuses that may be another at the next attempt."""


class NotThere(Exception):
    """The server answered 404: it has no such thing, or is of a release without the endpoint."""


class Api:
    """Asks a server, again when it is busy.  All methods may raise SourceError."""

    def __init__(self, url: str, user: str, password: str, token: str) -> None:
        split = urllib.parse.urlsplit(url)
        if not split.hostname:
            raise SourceError(f"{split.scheme}:// needs a host: give http://host:5000")
        secure = split.scheme == "https"
        port = split.port or (443 if secure else 80)
        self.prefix = split.path.rstrip("/")
        self.name = f"{split.scheme}://{split.hostname}:{port}{self.prefix}"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        self._connection = kind(split.hostname, port, timeout=TIMEOUT_SECONDS)
        self._headers = {"Content-Type": "application/json"}
        user = urllib.parse.unquote(split.username or "") or user
        password = urllib.parse.unquote(split.password or "") or password
        if user:
            credentials = base64.b64encode(f"{user}:{password}".encode()).decode()
            self._headers["Authorization"] = f"Basic {credentials}"
        elif token:
            self._headers["Authorization"] = f"Bearer {token}"

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()

    def get(self, path: str, /, **fields: Any) -> dict[str, Any]:
        """GET with the fields as a query."""
        query = urllib.parse.urlencode(fields, doseq=True)
        return self._decoded("GET", f"{path}?{query}" if query else path, None)

    def post(self, path: str, /, **fields: Any) -> dict[str, Any]:
        """POST the fields as JSON."""
        return self._decoded("POST", path, json.dumps(fields).encode())

    def pages(self, method: str, path: str, **fields: Any) -> Iterator[dict[str, Any]]:
        """The answers of an endpoint that gives pages."""
        ask = self.get if method == "GET" else self.post
        while True:
            answer = ask(path, **fields)
            yield answer
            token = answer.get("next_page_token")
            if not token or token == fields.get("page_token"):
                return
            fields["page_token"] = token

    def stream(self, path: str, size: int) -> Iterator[bytes]:
        """The bytes that a path answers, so many at a time."""
        response = self._ask("GET", path, None)
        try:
            while chunk := response.read(size):
                yield chunk
        except (OSError, http.client.HTTPException) as error:
            raise SourceError(f"{self.name} broke off: {error}") from error
        finally:
            if not response.isclosed():
                # What is left of the answer would be taken for the next one.
                self._connection.close()

    def _decoded(self, method: str, path: str, body: bytes | None) -> dict[str, Any]:
        response = self._ask(method, path, body)
        try:
            decoded = json.loads(response.read())
        except (OSError, http.client.HTTPException) as error:
            raise SourceError(f"{self.name} broke off: {error}") from error
        except ValueError as error:
            raise SourceError(f"{self.name}{path} does not answer JSON: {error}") from error
        if not isinstance(decoded, dict):
            raise SourceError(f"{self.name}{path} answers no object: is it an MLflow server?")
        return decoded

    def _ask(self, method: str, path: str, body: bytes | None) -> http.client.HTTPResponse:
        said = ""
        for attempt in range(ATTEMPTS_MAX):
            if attempt:
                time.sleep(PAUSE_SECONDS * 2 ** (attempt - 1))
            try:
                self._connection.request(method, self.prefix + path, body, self._headers)
                response = self._connection.getresponse()
            except (OSError, http.client.HTTPException) as error:
                self._connection.close()
                said = str(error) or type(error).__name__
                continue
            if response.status == 200:
                return response
            said = f"{response.status} {response.read(500).decode(errors='replace')}"
            if response.status == 404:
                raise NotThere(said)
            if response.status in (401, 403):
                raise SourceError(
                    f"{self.name} does not let us in ({said}): set MLFLOW_TRACKING_USERNAME and "
                    "MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN"
                )
            if response.status not in PASSING:
                break
        raise SourceError(f"{self.name} cannot be read: {method} {path} answered {said}")
