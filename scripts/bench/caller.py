"""Single awaited requests over the load generator's own HTTP client: seeding, probes, transfers."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from scripts.bench.client import HttpConnection

HOST = "127.0.0.1"
CALL_SECONDS = 300.0

_T = TypeVar("_T")


class ConnectionEnded(Exception):
    """The connection was closed or reset while a response was awaited."""


def run_async(work: Coroutine[Any, Any, _T]) -> _T:
    """Run `work` to its end, on uvloop where it is installed."""
    factory: Callable[[], asyncio.AbstractEventLoop] | None = None
    if importlib.util.find_spec("uvloop") is not None:
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(work)


def encode_request(
    method: str, path: str, port: int, body: bytes = b"", *, length: int | None = None
) -> bytes:
    """The bytes of one request; with `length`, a head whose body will follow in pieces."""
    size = len(body) if length is None else length
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nUser-Agent: eventtrack-bench\r\n"
        f"Accept: */*\r\n"
    )
    if size or method in ("POST", "PUT", "PATCH"):
        kind = "application/json" if length is None else "application/octet-stream"
        head += f"Content-Type: {kind}\r\nContent-Length: {size}\r\n"
    return head.encode() + b"\r\n" + body


@dataclass(frozen=True)
class Response:
    """What came back: the status, the body (empty if it was only counted) and its size."""

    status: int
    body: bytes
    size: int


class Caller:
    """Awaits one request after another, connecting again whenever the server has closed."""

    def __init__(self, port: int, *, keep_body: bool = True) -> None:
        self._port = port
        self._keep_body = keep_body
        self._connection: HttpConnection | None = None
        self._answer: asyncio.Future[Response] | None = None

    async def call(self, method: str, path: str, body: bytes = b"") -> Response:
        """Send one request and return its response, whatever its status."""
        async with asyncio.timeout(CALL_SECONDS):
            connection, answer = await self._ready()
            connection.send(encode_request(method, path, self._port, body))
            return await answer

    async def upload(self, method: str, path: str, block: bytes, count: int) -> Response:
        """Send `count` times `block` as one body, no faster than the server takes it."""
        async with asyncio.timeout(CALL_SECONDS):
            connection, answer = await self._ready()
            length = len(block) * count
            connection.send(encode_request(method, path, self._port, length=length))
            for _ in range(count):
                if answer.done():
                    break
                await connection.send_paced(block)
            return await answer

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()

    async def _ready(self) -> tuple[HttpConnection, asyncio.Future[Response]]:
        if self._connection is None or self._connection.closing:
            self.close()
            self._connection = await self._connect()
        answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._answer = answer
        return self._connection, answer

    async def _connect(self) -> HttpConnection:
        loop = asyncio.get_running_loop()

        def responded(status: int, body: bytes) -> None:
            if self._answer is not None and not self._answer.done():
                self._answer.set_result(Response(status, body, connection.received))

        def lost(error: Exception | None) -> None:
            if self._connection is connection and self._answer is not None:
                with contextlib.suppress(asyncio.InvalidStateError):
                    self._answer.set_exception(error or ConnectionEnded("closed by the server"))

        connection = HttpConnection(responded, lost, keep_body=self._keep_body)
        await loop.create_connection(lambda: connection, HOST, self._port)
        return connection
