"""The most the generator can do: log-metric requests against a server that does nothing.

A rate near this one says something about the generator and little about the server.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from multiprocessing.connection import Connection
from typing import cast

from scripts.bench.caller import HOST, run_async
from scripts.bench.clients import Clients
from scripts.bench.load import LoadResult
from scripts.bench.payloads import OneMetric

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
_LENGTH = b"Content-Length: "
_START_SECONDS = 30.0


class Echo(asyncio.Protocol):
    """Answers `{}` to every complete request and looks at nothing but its length."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        # uvloop's transports have the methods without being subclasses.
        self._transport = cast(asyncio.Transport, transport)
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        """Answer if the request is complete; there is never more than one."""
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        start = self._buffer.find(_LENGTH) + len(_LENGTH)
        if end < 0:
            return
        length = int(self._buffer[start : self._buffer.find(b"\r\n", start)])
        if len(self._buffer) >= end + 4 + length:
            self._buffer = b""
            self._transport.write(_ANSWER)


def ceiling(clients: Clients, connections: int, seconds: float) -> LoadResult:
    """The closed loop at `connections` against the server that does nothing."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there,), daemon=True)
    process.start()
    try:
        if not here.poll(_START_SECONDS):
            raise TimeoutError("the echo server did not start")
        port: int = here.recv()
        sources = [OneMetric(f"{number:032x}") for number in range(connections)]
        return clients.closed(port, sources, seconds)
    finally:
        process.terminate()
        process.join()


def _serve(tell: Connection) -> None:
    async def serve() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Echo, HOST, 0, backlog=1024)
        tell.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    run_async(serve())
