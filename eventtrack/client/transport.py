"""HTTP to the server over one keep-alive connection; the standard library is all it needs."""

import base64
import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

import msgspec

if TYPE_CHECKING:
    from http.client import HTTPConnection

# http.client and ssl are imported by the thread that sends: they take longer than all the rest.

TIMEOUT_SECONDS = 30.0


class Unreachable(Exception):
    """The server did not answer; what was sent may have been stored or not."""


class Refusal(Exception):
    """The server answered with an error; `status`, `error_code`, `message`, `expected`.

    retry_after_seconds: when it asks for patience.
    """

    def __init__(self, status: int, body: bytes, retry_after: str | None) -> None:
        self.status = status
        self.error_code = ""
        self.message = body[:500].decode(errors="replace")
        self.expected: int | None = None
        try:
            found = msgspec.json.decode(body, type=_Body)
        except msgspec.MsgspecError:
            found = _Body()
        self.error_code = found.error_code
        self.message = found.message or self.message
        self.expected = found.expected
        self.retry_after_seconds = (
            float(retry_after) if retry_after and retry_after.isdigit() else None
        )
        super().__init__(f"the server answered {status}: {self.message}")

    @property
    def passing(self) -> bool:
        """Whether the same request may be taken later, by this server or the one meant."""
        return self.status not in (400, 413, 415, 422)


class _Body(msgspec.Struct):
    error_code: str = ""
    message: str = ""
    expected: int | None = None


class Connection:
    """A connection to one server, opened when it is needed and again when it broke.

    Not for several threads at once.  Credentials come from the URL or from MLflow's variables
    (MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN).
    """

    def __init__(self, tracking_uri: str, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        parts = urlsplit(tracking_uri)
        self._tls = parts.scheme in ("https", "eventtrack+https")
        self._host = parts.hostname or "localhost"
        self._port = parts.port
        self._prefix = parts.path.rstrip("/")
        self._timeout = timeout_seconds
        self._headers = dict(_credentials(parts.username, parts.password))
        self._connection: HTTPConnection | None = None

    def request(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """Send a request and return the answer's body.  Raises Unreachable or Refusal."""
        return self._send(method, path, body, headers or {})

    def upload(self, path: str, file: Path) -> None:
        """PUT a file, streamed.  Raises Unreachable, Refusal, or OSError when it cannot be read."""
        size = file.stat().st_size
        with file.open("rb") as opened:
            self._send("PUT", path, opened, {"Content-Length": str(size)})

    def _send(self, method: str, path: str, body: object, headers: Mapping[str, str]) -> bytes:
        from http.client import HTTPException

        try:
            connection = self._open()
            connection.request(
                method,
                self._prefix + path,
                body,  # type: ignore[arg-type]  # a file is read in blocks
                {**self._headers, **headers},
            )
            response = connection.getresponse()
            content = response.read()
        except (OSError, HTTPException) as error:
            self.close()
            raise Unreachable(f"{self._host}: {error or type(error).__name__}") from error
        if response.status >= 300:
            raise Refusal(response.status, content, response.headers.get("Retry-After"))
        return content

    def _open(self) -> "HTTPConnection":
        import http.client
        import ssl

        if self._connection is None:
            if self._tls:
                insecure = os.environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower()
                context = ssl.create_default_context(
                    cafile=os.environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH") or None
                )
                if insecure in ("true", "1"):
                    context.check_hostname = False
                    context.verify_mode = ssl.CERT_NONE
                self._connection = http.client.HTTPSConnection(
                    self._host, self._port, timeout=self._timeout, context=context
                )
            else:
                self._connection = http.client.HTTPConnection(
                    self._host, self._port, timeout=self._timeout
                )
        return self._connection

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _credentials(username: str | None, password: str | None) -> Iterable[tuple[str, str]]:
    user = unquote(username) if username else os.environ.get("MLFLOW_TRACKING_USERNAME")
    word = unquote(password) if password else os.environ.get("MLFLOW_TRACKING_PASSWORD")
    token = os.environ.get("MLFLOW_TRACKING_TOKEN")
    if user:
        pair = base64.b64encode(f"{user}:{word or ''}".encode()).decode()
        yield "Authorization", f"Basic {pair}"
    elif token:
        yield "Authorization", f"Bearer {token}"


def artifact_path(artifact_uri: str, path: str) -> str | None:
    """Where the server takes a file of a run; None when its artifacts do not go through it."""
    scheme, _, rest = artifact_uri.partition(":")
    if scheme != "mlflow-artifacts":
        return None
    folder = urlsplit("x:" + rest).path.strip("/") if rest.startswith("//") else rest.strip("/")
    return "/api/2.0/mlflow-artifacts/artifacts/" + quote(f"{folder}/{path}")


class Backoff:
    """Pauses between attempts: doubled each time up to the longest, with jitter."""

    def __init__(self, first_seconds: float = 0.2, longest_seconds: float = 15.0) -> None:
        self._first = first_seconds
        self._longest = longest_seconds
        self._failures = 0

    def failed(self) -> float:
        """Note a failure; the seconds to wait."""
        self._failures += 1
        pause = min(self._longest, self._first * 2.0 ** min(self._failures - 1, 10))
        # The clock's last digits are random enough to keep a thousand trainers apart.
        return pause * (0.75 + time.perf_counter_ns() % 1000 / 2000)

    def succeeded(self) -> None:
        """Start over."""
        self._failures = 0
