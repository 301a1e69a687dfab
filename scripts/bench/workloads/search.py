"""runs/search over many runs: the newest, a filter, an order, and all of them by pages."""

from __future__ import annotations

import time
from collections.abc import Sequence

import msgspec

from scripts.bench.caller import run_async
from scripts.bench.figures import P50, P99, PEAK, Figure, Sample, mib
from scripts.bench.payloads import API, Fixed, Metric, post
from scripts.bench.servers import CannotMeasure
from scripts.bench.workloads.base import Options, Target, Workload
from scripts.bench.workloads.seeding import (
    LEARNING_RATES,
    calling,
    checked,
    create_experiment,
    searchable,
    seed_searchable,
)

_PAGE = 1000
_LEAST_REPEATS = 5
_LOSS, _RATE = 0.5, LEARNING_RATES[2]
_QUERIES: dict[str, dict[str, object]] = {
    "newest": {"order_by": ["attributes.start_time DESC"]},
    "filter": {"filter": f"metrics.loss < {_LOSS} and params.lr = '{_RATE}'"},
    "order by metric": {"order_by": ["metrics.loss ASC"]},
}


class _Data(msgspec.Struct):
    metrics: list[Metric] = []


class _Run(msgspec.Struct):
    data: _Data


class _Found(msgspec.Struct):
    runs: list[_Run] = []
    next_page_token: str = ""


class Search(Workload):
    """The runs have 5 params, 5 tags and 5 metrics each; every answer is checked."""

    name = "search"

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._experiments: dict[str, str] = {}
        self._seeded: dict[str, int] = {}

    def cases(self) -> Sequence[str]:
        """Every query over every size; sizes grow, so seeding adds to what is there."""
        queries = [*_QUERIES, f"pages of {_PAGE}"]
        return [f"{size} runs, {query}" for size in self.options.search_sizes for query in queries]

    def seed(self, target: Target, case: str) -> None:
        """Add the runs that are missing to the size of the case."""
        size = _size(case)
        if target.name not in self._experiments:
            self._experiments[target.name] = target.clients.call(
                create_experiment, target.port, self.name
            )
        seeded = self._seeded.get(target.name, 0)
        experiment = self._experiments[target.name]
        if seeded < size:
            target.clients.call(seed_searchable, target.port, experiment, seeded, size)
            self._seeded[target.name] = size

    def run(self, target: Target, case: str) -> Sample:
        """Repeat one query for the given time, or read all pages once."""
        query = case.split(", ")[1]
        experiment = self._experiments[target.name]
        if query not in _QUERIES:
            with target.measured() as usage:
                seconds = target.clients.call(read_all_pages, target.port, experiment, _size(case))
            return Sample({"total": seconds * 1e3, "peak RSS": mib(usage.rss_peak)})
        body = {"experiment_ids": [experiment], "max_results": 100, **_QUERIES[query]}
        target.clients.call(check_answer, target.port, body, query, _size(case))
        source = Fixed(f"{API}/runs/search", msgspec.json.encode(body))
        with target.measured() as usage:
            load = target.clients.closed(
                target.port, [source], self.options.seconds, least=_LEAST_REPEATS
            )
        sample = Sample.of_load(load)
        sample.values["peak RSS"] = mib(usage.rss_peak)
        return sample

    def report(self, case: str) -> Sequence[Figure]:
        """Latency of a query; total time of paging."""
        if case.split(", ")[1] in _QUERIES:
            return [P50, P99, PEAK]
        return [Figure("total", "ms", "lower"), PEAK]


def _size(case: str) -> int:
    return int(case.split()[0])


def check_answer(port: int, body: dict[str, object], query: str, size: int) -> None:
    """Ask once and compare with what the seeded runs must give; raises CannotMeasure."""

    async def ask() -> _Found:
        async with calling(port) as caller:
            answer = await checked(caller, *post("/runs/search", body))
        return msgspec.json.decode(answer, type=_Found)

    found = [_loss(run) for run in run_async(ask()).runs]
    losses = [(_metric(number), _rate(number)) for number in range(size)]
    if query == "newest":
        expected = [loss for loss, _ in reversed(losses)]
    elif query == "filter":
        # The default order is the newest first.
        kept = [loss for loss, rate in losses if loss < _LOSS and rate == _RATE]
        expected = kept[::-1]
    else:
        expected = sorted(loss for loss, _ in losses)
    if found != expected[:100]:
        raise CannotMeasure(
            f"wrong answer to {query!r}: {len(found)} runs, of which "
            f"{sum(a == b for a, b in zip(found, expected, strict=False))} in their place"
        )


def read_all_pages(port: int, experiment: str, size: int) -> float:
    """Follow the tokens to the end; the seconds it took.  Raises CannotMeasure if runs lack."""

    async def read() -> float:
        count, token, begun = 0, "", time.monotonic()
        async with calling(port) as caller:
            while True:
                body: dict[str, object] = {"experiment_ids": [experiment], "max_results": _PAGE}
                if token:
                    body["page_token"] = token
                answer = await checked(caller, *post("/runs/search", body))
                page = msgspec.json.decode(answer, type=_Found)
                count, token = count + len(page.runs), page.next_page_token
                if not token:
                    break
        taken = time.monotonic() - begun
        if count != size:
            raise CannotMeasure(f"the pages held {count} runs of {size}")
        return taken

    return run_async(read())


def _metric(number: int) -> float:
    value: float = searchable(number)["metrics"][0]["value"]
    return value


def _rate(number: int) -> str:
    return LEARNING_RATES[number % len(LEARNING_RATES)]


def _loss(run: _Run) -> float:
    return next(float(metric.value) for metric in run.data.metrics if metric.key == "loss")
