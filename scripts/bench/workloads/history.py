"""One series of a million points, read back by pages and at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import msgspec

from scripts.bench.caller import Caller, run_async
from scripts.bench.figures import PEAK, RSS_GROWTH, Figure, Sample, mib
from scripts.bench.payloads import API, post
from scripts.bench.servers import CannotMeasure
from scripts.bench.workloads.base import Options, Target, Workload
from scripts.bench.workloads.seeding import (
    SEED_SECONDS,
    calling,
    checked,
    create_experiment,
    create_runs,
)

_BATCH = 1000
_PAGE = 25_000
_CONNECTIONS = 4
_START_TIME = 1_700_000_000_000
_BY_PAGES, _AT_ONCE = f"pages of {_PAGE}", "one request"


class _Nothing(msgspec.Struct):
    """A point whose contents are not looked at: counting must not slow the reader down."""


class _History(msgspec.Struct):
    metrics: list[_Nothing] = []
    next_page_token: str = ""


class History(Workload):
    """metrics/get-history of a long run; the answer is complete or the server has failed."""

    name = "history"

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._runs: dict[str, str] = {}

    def cases(self) -> Sequence[str]:
        """The two ways to read."""
        points = f"{self.options.history_points} points"
        return [f"{points}, {_BY_PAGES}", f"{points}, {_AT_ONCE}"]

    def seed(self, target: Target, case: str) -> None:
        """One run with one key, written through log-batch; both cases read it."""
        if target.name not in self._runs:
            experiment = target.clients.call(create_experiment, target.port, self.name)
            run = target.clients.call(create_runs, target.port, experiment, 1)[0]
            target.clients.call(seed_series, target.port, run.run_id, self.options.history_points)
            self._runs[target.name] = run.run_id

    def run(self, target: Target, case: str) -> Sample:
        """Read the whole series once."""
        page = _PAGE if case.endswith(_BY_PAGES) else None
        run_id = self._runs[target.name]
        with target.measured() as usage:
            seconds = target.clients.call(
                read_series, target.port, run_id, self.options.history_points, page
            )
        memory = {
            "peak RSS": mib(usage.rss_peak),
            "RSS growth": mib(usage.rss_peak - usage.rss_before),
        }
        return Sample({"total": seconds, "CPU": usage.cpu, **memory})

    def report(self, case: str) -> Sequence[Figure]:
        """Time, and what the server needed for it."""
        return [
            Figure("total", "s", "lower"),
            Figure("CPU", "s", "lower"),
            PEAK,
            RSS_GROWTH,
        ]


def seed_series(port: int, run_id: str, points: int) -> None:
    """Write `points` steps of the metric loss."""

    async def write() -> None:
        starts = iter(range(0, points, _BATCH))

        async def worker(caller: Caller) -> None:
            for first in starts:
                metrics = [
                    {
                        "key": "loss",
                        "value": 1.0 / (step + 1),
                        "timestamp": _START_TIME + step,
                        "step": step,
                    }
                    for step in range(first, min(first + _BATCH, points))
                ]
                body = {"run_id": run_id, "metrics": metrics, "params": [], "tags": []}
                await checked(caller, *post("/runs/log-batch", body))

        callers = [Caller(port) for _ in range(_CONNECTIONS)]
        async with asyncio.timeout(SEED_SECONDS), asyncio.TaskGroup() as group:
            for caller in callers:
                group.create_task(worker(caller))
        for caller in callers:
            caller.close()

    run_async(write())


def read_series(port: int, run_id: str, points: int, page: int | None) -> float:
    """Read all points, by pages or at once; the seconds it took.  Raises CannotMeasure."""

    async def read() -> float:
        path = f"{API}/metrics/get-history?run_id={run_id}&metric_key=loss"
        if page is not None:
            path += f"&max_results={page}"
        taken, count, token = 0.0, 0, ""
        async with calling(port) as caller:
            while True:
                begun = time.monotonic()
                body = await checked(
                    caller, "GET", path + (f"&page_token={token}" if token else "")
                )
                taken += time.monotonic() - begun
                # Decoding is the reader's work and not in the server's time.
                answer = msgspec.json.decode(body, type=_History)
                count, token = count + len(answer.metrics), answer.next_page_token
                if not token or count > points:
                    break
        if count != points:
            raise CannotMeasure(f"the history held {count} points of {points}")
        return taken

    return run_async(read())
