"""The open loop: requests leave by the clock and are timed from when they should have left."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque

from scripts.bench.caller import run_async
from scripts.bench.load import GRACE_SECONDS, LoadResult, OpenLoad, Source, Station


class OpenStation(Station):
    """Queues what falls due while a request is under way, as a trainer's logging would."""

    def __init__(self, load: OpenLoad, source: Source, result: LoadResult) -> None:
        super().__init__(load.port, source, result)
        self._queue: deque[float] = deque()
        self.stopped = False

    def due(self, scheduled: float) -> None:
        """A request falls due now."""
        self._result.lateness.append(time.monotonic() - scheduled)
        if self.idle:
            self.send(scheduled)
        else:
            self._queue.append(scheduled)

    def proceed(self) -> None:
        """Send what has waited longest."""
        if self._queue and not self.stopped:
            self.send(self._queue.popleft())

    @property
    def behind(self) -> bool:
        """Requests still wait to be sent or answered."""
        return bool(self._queue) or not self.idle

    def give_up(self) -> None:
        """Count what was never sent, with the time it had waited as its least latency."""
        now = time.monotonic()
        self.stopped = True
        for scheduled in self._queue:
            self._result.add_error("not sent")
            self._result.latencies.append(now - scheduled)
        self._queue.clear()


class Pacer(threading.Thread):
    """Wakes the event loop at each scheduled time.

    Event loops count in whole milliseconds; a sleeping thread is some ten times more exact.
    """

    def __init__(
        self, load: OpenLoad, stations: list[OpenStation], loop: asyncio.AbstractEventLoop
    ) -> None:
        super().__init__(daemon=True)
        self._loop = loop
        self._stations = stations
        each = round(load.seconds * load.rate)
        self._calendar = sorted(
            (load.start_at + offset + turn / load.rate, number)
            for number, offset in enumerate(load.offsets)
            for turn in range(each)
        )
        self.finished = asyncio.Event()

    def run(self) -> None:
        """Announce every request of the schedule, then finish."""
        for due, number in self._calendar:
            wait = due - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            self._loop.call_soon_threadsafe(self._stations[number].due, due)
        self._loop.call_soon_threadsafe(self.finished.set)


def open_loop(load: OpenLoad) -> LoadResult:
    """Run an open loop in this process."""
    return run_async(run_open(load))


async def run_open(load: OpenLoad) -> LoadResult:
    """The open loop itself, for an event loop that runs already."""
    result = LoadResult(started=load.start_at, ended=load.start_at)
    stations = [OpenStation(load, source, result) for source in load.sources]
    await asyncio.gather(*(station.connect() for station in stations))
    pacer = Pacer(load, stations, asyncio.get_running_loop())
    cpu, begun = time.process_time(), time.monotonic()
    pacer.start()
    await pacer.finished.wait()
    await _drain(stations, load.grace)
    for station in stations:
        station.give_up()
    await _drain(stations, GRACE_SECONDS)
    result.busy = (time.process_time() - cpu) / max(time.monotonic() - begun, 1e-9)
    for station in stations:
        station.close()
    return result


async def _drain(stations: list[OpenStation], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and any(station.behind for station in stations):
        await asyncio.sleep(0.01)
