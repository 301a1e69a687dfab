"""Creates the experiments and runs that a workload stands on, through the REST API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from scripts.bench.caller import Caller, run_async
from scripts.bench.payloads import post
from scripts.bench.servers import CannotMeasure

SEED_SECONDS = 1800.0
_CONNECTIONS = 8
_START_TIME = 1_700_000_000_000

# The requests that fill one run after it was created: path and body without the run's id.
Requests = list[tuple[str, dict[str, Any]]]


class RunInfo(msgspec.Struct):
    """The part of a run that the workloads use."""

    run_id: str
    artifact_uri: str = ""


class _Run(msgspec.Struct):
    info: RunInfo


class _Created(msgspec.Struct):
    run: _Run


class _Experiment(msgspec.Struct):
    experiment_id: str


async def checked(caller: Caller, method: str, path: str, body: bytes = b"") -> bytes:
    """One request that must be answered with 200; raises CannotMeasure."""
    response = await caller.call(method, path, body)
    if response.status != 200:
        shown = response.body[:300].decode(errors="replace")
        raise CannotMeasure(f"{method} {path.split('?')[0]} gave HTTP {response.status}: {shown}")
    return response.body


@asynccontextmanager
async def calling(port: int, *, keep_body: bool = True) -> AsyncIterator[Caller]:
    """A caller that is closed afterwards."""
    caller = Caller(port, keep_body=keep_body)
    try:
        yield caller
    finally:
        caller.close()


def create_experiment(port: int, name: str) -> str:
    """Create an experiment and return its id."""

    async def create() -> str:
        async with calling(port) as caller:
            body = await checked(caller, *post("/experiments/create", {"name": name}))
        return msgspec.json.decode(body, type=_Experiment).experiment_id

    return run_async(create())


def create_runs(port: int, experiment_id: str, count: int) -> list[RunInfo]:
    """Create `count` empty runs."""
    contents: list[Requests] = [[] for _ in range(count)]
    return _seed(port, experiment_id, contents)


def seed_searchable(port: int, experiment_id: str, first: int, end: int) -> None:
    """Create the runs `first` to `end` with 5 params, 5 tags and 5 metrics each."""
    contents: list[Requests] = [
        [("/runs/log-batch", searchable(number))] for number in range(first, end)
    ]
    _seed(port, experiment_id, contents, first)


def searchable(number: int) -> dict[str, Any]:
    """Params, tags and metrics of run `number`; loss is different in each of 10 007 runs."""
    loss = number * 7919 % 10_007 / 10_007
    now = _START_TIME + number * 1000
    return {
        "metrics": [
            {"key": "loss", "value": loss, "timestamp": now, "step": 1},
            {"key": "accuracy", "value": 1 - loss / 2, "timestamp": now, "step": 1},
            *(
                {"key": f"extra_{i}", "value": number / (i + 3), "timestamp": now, "step": 1}
                for i in range(3)
            ),
        ],
        "params": [
            {"key": "lr", "value": LEARNING_RATES[number % len(LEARNING_RATES)]},
            {"key": "depth", "value": str(number % 7)},
            *({"key": f"param_{i}", "value": f"value {number * i}"} for i in range(3)),
        ],
        "tags": [{"key": f"tag_{i}", "value": f"{number % (i + 2)}"} for i in range(5)],
    }


LEARNING_RATES = ("0.1", "0.03", "0.01", "0.003", "0.001")


def _seed(
    port: int, experiment_id: str, contents: Sequence[Requests], first: int = 0
) -> list[RunInfo]:
    """Create one run for each item, with the requests the item lists."""
    found: dict[int, RunInfo] = {}

    async def create(caller: Caller, number: int, requests: Requests) -> None:
        start = _START_TIME + (first + number) * 1000
        run = {"experiment_id": experiment_id, "start_time": start, "run_name": f"run {number}"}
        body = await checked(caller, *post("/runs/create", run))
        found[number] = msgspec.json.decode(body, type=_Created).run.info
        for path, content in requests:
            filled = {"run_id": found[number].run_id, **content}
            await checked(caller, *post(path, filled))

    run_async(_in_parallel(port, iter(enumerate(contents)), create))
    return [found[number] for number in range(len(contents))]


async def _in_parallel(
    port: int,
    items: Iterator[tuple[int, Requests]],
    work: Callable[[Caller, int, Requests], Awaitable[None]],
) -> None:
    async def worker() -> None:
        async with calling(port) as caller:
            for number, requests in items:
                await work(caller, number, requests)

    async with asyncio.timeout(SEED_SECONDS), asyncio.TaskGroup() as group:
        for _ in range(_CONNECTIONS):
            group.create_task(worker())
