"""A small HTTP/1.1 client, so that a load test measures the server and not its own client.

`HttpConnection` is the asyncio protocol: bytes out, (status, body) back through a callback, one
request at a time.  It reads what a response needs and nothing more: the status, the length or the
chunks of the body, and whether the server wants to close.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import cast

MAX_HEAD_BYTES = 64 * 1024

_HEAD_END = b"\r\n\r\n"


class BadResponse(Exception):
    """The server's bytes are not an HTTP/1.1 response to the one request that was sent."""


class ChunkedBody:
    """Takes a chunked body apart as it arrives, in whatever pieces the network makes of it."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._left = 0  # bytes of the current chunk, its closing CRLF included
        self._trailer = False

    def feed(self, data: bytes, take: Callable[[bytes], None]) -> bool:
        """Hand the payload in `data` to `take`; True once the last chunk has ended."""
        self._buffer += data
        while not self._trailer:
            if self._left:
                if not self._take_payload(take):
                    return False
                continue
            line_end = self._buffer.find(b"\r\n")
            if line_end < 0:
                return False
            size = _chunk_size(bytes(self._buffer[:line_end]))
            if size == 0:
                # The line's own CRLF stays: with no trailer it is half of the blank line.
                del self._buffer[:line_end]
                self._trailer = True
            else:
                del self._buffer[: line_end + 2]
                self._left = size + 2
        end = self._buffer.find(_HEAD_END)
        if end < 0:
            return False
        if len(self._buffer) > end + 4:
            raise BadResponse("bytes after the last chunk")
        return True

    def _take_payload(self, take: Callable[[bytes], None]) -> bool:
        """Pass on what has arrived of the current chunk; True when the chunk is complete."""
        piece = bytes(self._buffer[: self._left])
        payload = max(0, min(len(piece), self._left - 2))
        if len(piece) < self._left:
            take(piece[:payload])
            del self._buffer[:payload]
            self._left -= payload
            return False
        if piece[payload:] != b"\r\n":
            raise BadResponse("a chunk is longer than it says")
        take(piece[:payload])
        del self._buffer[: self._left]
        self._left = 0
        return True


def _chunk_size(line: bytes) -> int:
    digits = line.split(b";", 1)[0].strip()
    try:
        return int(digits, 16)
    except ValueError as error:
        raise BadResponse(f"not a chunk size: {digits[:40]!r}") from error


class HttpConnection(asyncio.Protocol):
    """One keep-alive connection with at most one request under way.

    `on_response(status, body)` is called once for each request; with `keep_body=False` the body
    is counted in `received` and dropped.  `on_lost(error)` is called when the connection ends,
    with None if the server closed it in an orderly way.
    """

    def __init__(
        self,
        on_response: Callable[[int, bytes], None],
        on_lost: Callable[[Exception | None], None],
        *,
        keep_body: bool = True,
    ) -> None:
        self._on_response = on_response
        self._on_lost = on_lost
        self._keep_body = keep_body
        self._transport: asyncio.Transport | None = None
        self._failure: Exception | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self.closing = False
        self.received = 0
        self._reset()

    def _reset(self) -> None:
        self._buffer = b""
        self._in_body = False
        self._status = 0
        self._left: int | None = None  # None: until the server closes
        self._chunked: ChunkedBody | None = None
        self._pieces: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; small requests must not wait for Nagle's algorithm."""
        # uvloop's transports have the methods without being subclasses.
        self._transport = cast(asyncio.Transport, transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, request: bytes) -> None:
        """Write the bytes of one request."""
        assert self._transport is not None
        self._transport.write(request)

    async def send_paced(self, piece: bytes) -> None:
        """Write a piece of a large request once the socket has room, or has gone."""
        await self._writable.wait()
        self.send(piece)

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.close()

    def pause_writing(self) -> None:
        """The socket is full."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """The socket has room again."""
        self._writable.set()

    def connection_lost(self, error: Exception | None) -> None:
        """Finish a body that only the end of the connection ends, and tell the owner."""
        self.closing = True
        self._writable.set()
        ending = error or self._failure
        if self._in_body and self._left is None and self._chunked is None and ending is None:
            self._answer()
        self._on_lost(ending)

    def data_received(self, data: bytes) -> None:
        """Take in what the network delivered; a malformed response ends the connection."""
        try:
            if self._in_body:
                self._feed_body(data)
            else:
                self._feed_head(self._buffer + data if self._buffer else data)
        except BadResponse as error:
            self._failure = error
            self.close()

    def _feed_head(self, data: bytes) -> None:
        end = data.find(_HEAD_END)
        if end < 0:
            if len(data) > MAX_HEAD_BYTES:
                raise BadResponse("the response head has no end")
            self._buffer = data
            return
        if data[:7] != b"HTTP/1." or not data[9:12].isdigit():
            raise BadResponse(f"not an HTTP/1.1 response: {data[:40]!r}")
        self._buffer = b""
        self._status = int(data[9:12])
        head = data[: end + 2].lower()
        body = data[end + 4 :]
        if self._status < 200:
            if body:
                self._feed_head(body)
            return
        self.received = 0
        if b"\r\nconnection: close\r\n" in head:
            self.closing = True
        self._in_body = True
        self._left = None
        length = _header(head, b"\r\ncontent-length:")
        if length is not None:
            self._left = _content_length(length)
        elif b"chunked" in (_header(head, b"\r\ntransfer-encoding:") or b""):
            self._chunked = ChunkedBody()
        elif self._status in (204, 304):
            self._left = 0
        else:
            self.closing = True
        self._feed_body(body)

    def _feed_body(self, data: bytes) -> None:
        if self._chunked is not None:
            if self._chunked.feed(data, self._take):
                self._answer()
            return
        if data:
            self._take(data)
        if self._left is None:
            return
        self._left -= len(data)
        if self._left < 0:
            raise BadResponse("more bytes than the response announced")
        if self._left == 0:
            self._answer()

    def _take(self, piece: bytes) -> None:
        self.received += len(piece)
        if self._keep_body:
            self._pieces.append(piece)

    def _answer(self) -> None:
        status, pieces = self._status, self._pieces
        self._reset()
        self._on_response(status, pieces[0] if len(pieces) == 1 else b"".join(pieces))


def _header(head: bytes, name: bytes) -> bytes | None:
    start = head.find(name)
    if start < 0:
        return None
    start += len(name)
    return head[start : head.find(b"\r\n", start)].strip()


def _content_length(value: bytes) -> int:
    if not value.isdigit():
        raise BadResponse(f"not a Content-Length: {value[:40]!r}")
    return int(value)
