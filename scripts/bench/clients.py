"""The client processes: every load and every timed call runs in them, never in the orchestrator.

The orchestrator measures the servers meanwhile, and must not compete with the generator for the
interpreter.  A load is split over all processes, which begin at one agreed moment.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

from scripts.bench.load import ClosedLoad, LoadResult, OpenLoad, Source, closed_loop
from scripts.bench.schedule import open_loop

# Long enough for every process to connect; a load that begins late would be measured short.
_LEAD_SECONDS = 0.3

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Clients:
    """A pool of client processes; use it as a context manager."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._pool = ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"))

    def call(self, work: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Run `work` in one client process."""
        return self._pool.submit(work, *args, **kwargs).result()

    def closed(
        self,
        port: int,
        sources: Sequence[Source],
        seconds: float,
        *,
        least: int = 1,
        views: bool = False,
    ) -> LoadResult:
        """Run a closed loop over all client processes."""
        self._wake()
        start = time.monotonic() + _LEAD_SECONDS
        jobs = [
            self._pool.submit(closed_loop, ClosedLoad(port, part, start, seconds, least, views))
            for part in self._split(sources)
        ]
        return _merged(jobs)

    def open(
        self, port: int, sources: Sequence[Source], seconds: float, *, rate: float
    ) -> LoadResult:
        """Run an open loop over all client processes, the first requests spread over a period."""
        self._wake()
        start = time.monotonic() + _LEAD_SECONDS
        offsets = [number / (rate * len(sources)) for number in range(len(sources))]
        jobs = [
            self._pool.submit(open_loop, OpenLoad(port, part, start, seconds, rate, begins))
            for part, begins in zip(self._split(sources), self._split(offsets), strict=True)
        ]
        return _merged(jobs)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _split(self, items: Sequence[_T]) -> list[Sequence[_T]]:
        used = min(self.count, len(items))
        return [items[number::used] for number in range(used)]

    def _wake(self) -> None:
        """Have every process started and imported, so that the agreed moment is not missed."""
        for job in [self._pool.submit(time.sleep, 0.05) for _ in range(self.count)]:
            job.result()


def _merged(jobs: Sequence[Future[LoadResult]]) -> LoadResult:
    result = LoadResult()
    for job in jobs:
        result.merge(job.result())
    return result
