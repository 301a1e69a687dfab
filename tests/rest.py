"""A small REST client for tests: one keep-alive connection, JSON in and out."""

import http.client
import json
from typing import Any
from urllib.parse import urlencode

API = "/api/2.0/mlflow/"


class Rest:
    """Sends requests to one server; `call` checks for 200, `ask` returns whatever comes."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, dict[str, str], bytes]:
        """Send a request; `body` is bytes as they are, or an object as JSON."""
        sent = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        kept = self._connection.sock is not None
        try:
            return self._ask(method, path, body, sent)
        except (http.client.RemoteDisconnected, ConnectionError):
            self._connection.close()
            if not kept:
                raise
            # A server closes a connection that was idle for long: that is no answer.
            return self._ask(method, path, body, sent)

    def _ask(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, dict[str, str], bytes]:
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()

    def call(self, method: str, name: str, /, **fields: Any) -> dict[str, Any]:
        """Call an MLflow endpoint and return its JSON; anything but 200 fails the test."""
        path = API + name
        body = None
        if method == "GET":
            path += "?" + urlencode(fields, doseq=True)
        else:
            body = fields
        status, _, answer = self.ask(method, path, body)
        assert status == 200, f"{method} {name} answered {status}: {answer.decode()}"
        decoded: dict[str, Any] = json.loads(answer)
        return decoded

    def post(self, name: str, /, **fields: Any) -> dict[str, Any]:
        """POST an MLflow endpoint."""
        return self.call("POST", name, **fields)

    def get(self, name: str, /, **fields: Any) -> dict[str, Any]:
        """GET an MLflow endpoint."""
        return self.call("GET", name, **fields)

    def create_run(self, experiment_id: str = "0", **fields: Any) -> str:
        """Create a run and return its id."""
        sent = {"experiment_id": experiment_id, "start_time": 1, **fields}
        answer = self.post("runs/create", **sent)
        run_id: str = answer["run"]["info"]["run_id"]
        return run_id

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
