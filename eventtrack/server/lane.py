"""The fast lane: log-metric and log-batch of clients that send them over and over.

aiohttp spends two thirds of a small request's time on building a request, a task and a response.
A training loop sends the same head again and again, so its verdict is remembered; when a whole,
ordinary log call of a run at hand arrives on an idle connection it is decoded and appended here,
and the answer written when it is durable.  Everything else, and whatever must be refused, takes the
general way through aiohttp, which sees the very same bytes.
"""

import asyncio
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import Any

from aiohttp import web
from aiohttp.http import SERVER_SOFTWARE
from aiohttp.web_protocol import RequestHandler

from eventtrack.commands.handler import Handler
from eventtrack.errors import EventtrackError
from eventtrack.events import Position
from eventtrack.events.metrics import Series
from eventtrack.log import LogError
from eventtrack.server.calls import ANONYMOUS
from eventtrack.server.mlflow.metrics import read_plain_batch, read_plain_metric
from eventtrack.server.protection import Protection
from eventtrack.server.telemetry import Requests

HEADS_MAX = 2000
"""Heads whose verdict is remembered."""

BODY_BYTES_MAX = 1 << 20
"""A log call of the lane is held in memory until it is whole; larger ones are rare."""

_PREFIX = b"POST /api/2.0/mlflow/runs/log-"
_READERS: dict[bytes, Callable[[bytes | memoryview], tuple[str, list[Series]] | None]] = {
    b"POST /api/2.0/mlflow/runs/log-metric HTTP/1.1": read_plain_metric,
    b"POST /api/2.0/mlflow/runs/log-batch HTTP/1.1": read_plain_batch,
}
_ROUTES = {read: line.split()[1].decode() for line, read in _READERS.items()}
_PLAIN = frozenset((b"accept", b"accept-encoding", b"user-agent", b"connection"))
"""Headers that change nothing about a log call."""

Reader = Callable[[bytes | memoryview], tuple[str, list[Series]] | None]
Verdict = tuple[Reader | None, int]
"""How the body of a head's request is read, None for the general way; and the body's length."""

Judged = tuple[Reader, int, int]
"""How a request's body is read, where it begins, and the size of the whole request."""

_GENERAL: Verdict = (None, 0)


class Lane:
    """What all connections of a server share.  clock: seconds since 1970, for the Date header."""

    def __init__(
        self,
        handler: Handler,
        protection: Protection,
        next_id: Callable[[], str],
        requests: Requests,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._handler = handler
        self._protection = protection
        self._next_id = next_id
        self._requests = requests
        self._clock = clock
        self._verdicts: dict[bytes, Verdict] = {}
        self._second = 0
        self._date = b""

    def judge(self, data: bytes) -> "Judged | None":
        """Whether a request that begins with these bytes may take the lane."""
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return None
        head = data[:end]
        verdict = self._verdicts.get(head)
        if verdict is None:
            verdict = self._judge(head)
            if len(self._verdicts) >= HEADS_MAX:
                self._verdicts.clear()
            self._verdicts[head] = verdict
        read, length = verdict
        return None if read is None else (read, end + 4, end + 4 + length)

    def take(self, read: Reader, body: memoryview, actor: str) -> "asyncio.Future[Position] | None":
        """Append a request's points; None when it must take the general way."""
        try:
            found = read(body)
            return None if found is None else self._handler.log_now(found[0], found[1], actor)
        except (EventtrackError, LogError):
            # The general way comes to the same refusal, and words it.
            return None

    def _judge(self, head: bytes) -> Verdict:
        """Whether a request with this head is an ordinary log call."""
        first, *lines = head.split(b"\r\n")
        read = _READERS.get(first)
        headers: dict[bytes, bytes] = {}
        for line in lines:
            name, colon, value = line.partition(b":")
            name = name.lower()
            if not colon or name in headers:
                return _GENERAL
            headers[name] = value.strip()
        length = headers.pop(b"content-length", b"")
        kind = headers.pop(b"content-type", b"")
        host = headers.pop(b"host", b"")
        if (
            read is None
            or not length.isdigit()
            or len(length) > 9
            or int(length) > BODY_BYTES_MAX
            or kind != b"application/json"
            or headers.get(b"connection", b"keep-alive").lower() != b"keep-alive"
            or not headers.keys() <= _PLAIN
            or not host.isascii()
            or not self._protection.host_allowed(host.decode())
        ):
            return _GENERAL
        return read, int(length)

    def count(self, read: Reader, seconds: float) -> None:
        """Note a log call that was answered."""
        self._requests.count(_ROUTES[read], "POST", 200, seconds)

    def answer(self) -> bytes:
        """The bytes of a 200 with an empty object, marked like every answer."""
        now = int(self._clock())
        if now != self._second:
            self._second = now
            self._date = formatdate(now, usegmt=True).encode()
        return _ANSWER % (self._next_id().encode(), self._date)


_ANSWER = (
    b"HTTP/1.1 200 OK\r\nX-Request-ID: %s\r\nX-Content-Type-Options: nosniff\r\n"
    b"X-Frame-Options: SAMEORIGIN\r\nContent-Length: 2\r\nContent-Type: application/json\r\n"
    b"Date: %s\r\nServer: " + SERVER_SOFTWARE.encode() + b"\r\n\r\n{}"
)


class LaneProtocol(RequestHandler):
    """aiohttp's protocol, with the fast lane before its parser."""

    __slots__ = (
        "_actor",
        "_closing",
        "_held",
        "_judged",
        "_lane",
        "_missing",
        "_partial",
        "_parts",
        "_started",
        "_under_way",
    )

    def __init__(self, lane: Lane, manager: web.Server, **options: Any) -> None:
        super().__init__(manager, **options)
        self._lane = lane
        self._under_way: asyncio.Future[Position] | None = None
        self._held = b""
        self._partial = False
        self._closing = False
        self._actor = ""
        self._started = 0.0
        self._judged: Judged | None = None
        self._parts: list[bytes] = []
        self._missing = 0

    def data_received(self, data: bytes) -> None:
        """Take an ordinary log call, or hand the bytes to aiohttp."""
        if self._under_way is not None:
            # A client that does not wait for its answer: what it sends next comes after.
            self._held += data
            self._reading(False)
            return
        if self._missing:
            self._gather(data)
            return
        if data.startswith(_PREFIX) and self._is_idle():
            judged = self._lane.judge(data)
            if judged is not None:
                self._started = time.perf_counter()
                self._judged = judged
                size = judged[2]
                if len(data) < size:
                    # Most clients send the body by itself.
                    self._parts, self._missing = [data], size - len(data)
                    self._stay()
                else:
                    self._enter(data[:size], data[size:])
                return
        self._general(data)

    def _gather(self, data: bytes) -> None:
        """Wait until the request that was begun is whole."""
        self._missing -= len(data)
        self._parts.append(data)
        if self._missing <= 0:
            assert self._judged is not None
            whole, size = b"".join(self._parts), self._judged[2]
            self._parts, self._missing = [], 0
            self._enter(whole[:size], whole[size:])

    def _enter(self, request: bytes, rest: bytes) -> None:
        """Append what a whole request logs; the rest belongs to the next one."""
        assert self._judged is not None
        read, begin, _ = self._judged
        body = memoryview(request)[begin:]
        future = self._lane.take(read, body, self._actor or self._find_actor())
        if future is None:
            self._general(request + rest)
            return
        self._under_way = future
        self._held = rest
        future.add_done_callback(lambda _: self._settle(request))

    def _general(self, data: bytes) -> None:
        """Hand bytes to aiohttp."""
        before = self._request_count
        super().data_received(data)
        # aiohttp's parser may hold the beginning of a request, whose rest belongs to it.
        if self._request_count != before:
            self._partial = False
        elif self._is_idle():
            self._partial = True

    def _is_idle(self) -> bool:
        """Whether nothing of an earlier request is left on this connection."""
        waiter = self._waiter
        return (
            waiter is not None
            and not waiter.done()
            and not self._messages
            and not self._partial
            and not self._force_close
            and not self._close
        )

    def _find_actor(self) -> str:
        peer = self.peername
        self._actor = f"{ANONYMOUS}@{peer[0] if isinstance(peer, tuple) else peer or 'unknown'}"
        return self._actor

    def _settle(self, request: bytes) -> None:
        """The points are durable, or could not be stored."""
        future, self._under_way = self._under_way, None
        assert future is not None
        transport = self.transport
        if transport is None:
            # The client went away; a future's error that nobody reads would be logged.
            _ = future.cancelled() or future.exception()
            return
        if future.cancelled() or future.exception() is not None:
            # Nothing was stored: the general way tries again, and words the refusal.
            self._general(request)
        else:
            lane = self._lane
            transport.write(lane.answer())
            assert self._judged is not None
            lane.count(self._judged[0], time.perf_counter() - self._started)
            self._stay()
        held, self._held = self._held, b""
        if held:
            self._reading(True)
            self.data_received(held)
        if self._closing and self._under_way is None:
            super().close()

    def _stay(self) -> None:
        """Not idle: put off the moment at which aiohttp would close the connection."""
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout

    def _reading(self, on: bool) -> None:
        transport = self.transport
        if transport is not None:
            if on:
                transport.resume_reading()
            else:
                transport.pause_reading()

    def close(self) -> None:
        """Close when what is under way is answered."""
        self._closing = True
        if self._under_way is None:
            super().close()

    async def shutdown(self, timeout: float | None = 15.0) -> None:
        """Answer what is under way, then shut down."""
        if self._under_way is not None:
            await asyncio.wait([self._under_way], timeout=timeout)
        await super().shutdown(timeout)


class LaneServer(web.Server):
    """aiohttp's server whose connections have the fast lane."""

    def __init__(self, lane: Lane, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.lane = lane

    def __call__(self) -> RequestHandler:
        """The protocol of a new connection."""
        return LaneProtocol(self.lane, self, loop=self._loop, **self._kwargs)
