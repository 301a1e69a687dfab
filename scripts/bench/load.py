"""The two kinds of load, as one client process runs them.

A closed loop keeps every connection busy: the next request leaves when the last one is answered.
An open loop sends by the clock and measures each request from its scheduled time, so that a server
which stalls is charged for all the requests that had to wait, not only for the one it was at.

Both run on a list of sources.  A source belongs to one connection and makes its requests; after
the load it can name one more request whose answer shows whether the views hold what was
acknowledged (`Verifiable`).
"""

from __future__ import annotations

import asyncio
import gc
import time
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from scripts.bench.caller import HOST, run_async
from scripts.bench.client import HttpConnection

GRACE_SECONDS = 120.0
VIEWS_SECONDS = 60.0
_RECONNECT_SECONDS = 0.05


class Source(Protocol):
    """Makes the requests of one connection."""

    def next(self, port: int) -> bytes:
        """The bytes of the next request."""
        ...

    def acknowledged(self) -> None:
        """The last request was answered with 200."""
        ...


@runtime_checkable
class Verifiable(Protocol):
    """A source that can tell whether its last acknowledged write is visible."""

    def final_request(self, port: int) -> bytes:
        """The request whose answer shows it."""
        ...

    def is_final(self, body: bytes) -> bool:
        """Whether that answer holds the last acknowledged values."""
        ...


@dataclass
class LoadResult:
    """What one client process, or all of them together, saw.

    `latencies` are seconds of the requests answered with 200; `views` are seconds from a
    connection's last acknowledgement until a read answered with the final values; `lateness` is
    by how many seconds the generator itself missed the schedule of an open loop.
    """

    latencies: array[float] = field(default_factory=lambda: array("d"))
    errors: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    views: list[float] = field(default_factory=list)
    lateness: array[float] = field(default_factory=lambda: array("d"))
    started: float = 0.0
    ended: float = 0.0
    busy: float = 0.0  # the largest share of one core that a client process used

    @property
    def ok(self) -> int:
        """How many requests were answered with 200."""
        return len(self.latencies) - self.errors["not sent"]

    @property
    def seconds(self) -> float:
        """From the common start to the last answer."""
        return max(self.ended - self.started, 1e-9)

    def add_error(self, label: str, example: str = "") -> None:
        """Count one error, and keep the first example of its kind."""
        self.errors[label] += 1
        self.examples.setdefault(label, example[:300])

    def merge(self, other: LoadResult) -> None:
        """Add what another client process saw."""
        self.latencies.extend(other.latencies)
        self.errors.update(other.errors)
        self.examples = other.examples | self.examples
        self.views.extend(other.views)
        self.lateness.extend(other.lateness)
        self.started = other.started if not self.started else min(self.started, other.started)
        self.ended = max(self.ended, other.ended)
        self.busy = max(self.busy, other.busy)


@dataclass(frozen=True)
class ClosedLoad:
    """Each source on its own connection, for `seconds` and at least `least` answers each."""

    port: int
    sources: Sequence[Source]
    start_at: float
    seconds: float
    least: int = 1
    views: bool = False


@dataclass(frozen=True)
class OpenLoad:
    """Each source sends `rate` requests a second for `seconds`, evenly spread over the sources."""

    port: int
    sources: Sequence[Source]
    start_at: float
    seconds: float
    rate: float
    offsets: Sequence[float]  # of each source's first request, in seconds
    grace: float = 5.0


class Station:
    """One connection with its source: sends, times, counts, and connects again after a loss."""

    def __init__(self, port: int, source: Source, result: LoadResult) -> None:
        self._port = port
        self._source = source
        self._result = result
        self._connection: HttpConnection | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._since = 0.0
        self._waiting = False
        self._verifying: asyncio.Future[bytes] | None = None
        self.last_answer = 0.0

    async def connect(self) -> None:
        """Open the connection; a refusal is the caller's to see."""
        connection = HttpConnection(self._responded, lambda error: self._lost(connection, error))
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: connection, HOST, self._port)
        self._connection = connection

    @property
    def idle(self) -> bool:
        """Nothing is under way."""
        return not self._waiting

    def close(self) -> None:
        """End the connection, and count a request that never got its answer."""
        if self._waiting:
            self._waiting = False
            self._result.add_error("no answer in time")
        if self._connecting is not None:
            self._connecting.cancel()
        if self._connection is not None:
            self._connection.close()

    def send(self, since: float) -> None:
        """Send the next request, timed from `since`."""
        self._waiting = True
        self._since = since
        connection = self._connection
        if connection is None or connection.closing:
            self._connecting = asyncio.get_running_loop().create_task(self._send_anew())
        else:
            connection.send(self._source.next(self._port))

    def proceed(self) -> None:
        """Called when a request has ended; the two loops decide what comes next."""
        raise NotImplementedError

    async def final_values(self) -> None:
        """Ask until the answer holds the last acknowledged values, and record how long it took."""
        source = self._source
        if not isinstance(source, Verifiable) or not self.last_answer:
            return
        try:
            async with asyncio.timeout(VIEWS_SECONDS):
                while True:
                    body = await self._ask(source.final_request(self._port))
                    if source.is_final(body):
                        break
        except TimeoutError:
            self._result.add_error("final values not visible")
            return
        except OSError as error:
            self._result.add_error(type(error).__name__, str(error))
            return
        self._result.views.append(time.monotonic() - self.last_answer)

    async def _ask(self, request: bytes) -> bytes:
        if self._connection is None or self._connection.closing:
            await self.connect()
        assert self._connection is not None
        self._verifying = asyncio.get_running_loop().create_future()
        self._connection.send(request)
        return await self._verifying

    async def _send_anew(self) -> None:
        try:
            await self.connect()
        except OSError as error:
            self._result.add_error(type(error).__name__, str(error))
            await asyncio.sleep(_RECONNECT_SECONDS)
            self._waiting = False
            self.proceed()
            return
        assert self._connection is not None
        self._connection.send(self._source.next(self._port))

    def _responded(self, status: int, body: bytes) -> None:
        now = time.monotonic()
        if self._verifying is not None:
            if not self._verifying.done():
                self._verifying.set_result(body if status == 200 else b"")
            return
        self._waiting = False
        if status == 200:
            self._result.latencies.append(now - self._since)
            self.last_answer = now
            self._source.acknowledged()
        else:
            self._result.add_error(f"HTTP {status}", body.decode(errors="replace"))
        self._result.ended = now
        self.proceed()

    def _lost(self, connection: HttpConnection, error: Exception | None) -> None:
        if connection is not self._connection:
            return
        if self._verifying is not None and not self._verifying.done():
            self._verifying.set_result(b"")
        if self._waiting:
            self._waiting = False
            self._result.add_error(type(error).__name__ if error else "closed early", str(error))
            self._result.ended = time.monotonic()
            self.proceed()


class ClosedStation(Station):
    """Sends the next request as soon as the last one has ended."""

    def __init__(self, load: ClosedLoad, source: Source, result: LoadResult) -> None:
        super().__init__(load.port, source, result)
        self._end = load.start_at + load.seconds
        self._least = load.least
        self.done = asyncio.Event()

    def proceed(self) -> None:
        """Go on until the time is over and enough requests have ended."""
        self._least -= 1
        now = time.monotonic()
        if now < self._end or self._least > 0:
            self.send(now)
        else:
            self.done.set()


def closed_loop(load: ClosedLoad) -> LoadResult:
    """Run a closed loop in this process."""
    return run_async(run_closed(load))


async def run_closed(load: ClosedLoad) -> LoadResult:
    """The closed loop itself, for an event loop that runs already."""
    result = LoadResult(started=load.start_at, ended=load.start_at)
    stations = [ClosedStation(load, source, result) for source in load.sources]
    await asyncio.gather(*(station.connect() for station in stations))
    await asyncio.sleep(load.start_at - time.monotonic())
    gc.collect()
    gc.disable()
    cpu, begun = time.process_time(), time.monotonic()
    result.started = begun
    for station in stations:
        station.send(time.monotonic())
    try:
        async with asyncio.timeout(load.seconds + GRACE_SECONDS):
            for station in stations:
                await station.done.wait()
    except TimeoutError:
        # Those that still wait are counted as errors when they are closed below.
        result.ended = time.monotonic()
    result.busy = (time.process_time() - cpu) / max(time.monotonic() - begun, 1e-9)
    gc.enable()
    if load.views:
        await asyncio.gather(*(station.final_values() for station in stations))
    for station in stations:
        station.close()
    return result
