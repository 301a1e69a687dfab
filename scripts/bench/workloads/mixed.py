"""Reads while a server takes in as much as it can: nobody may wait for the writers."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from scripts.bench.caller import encode_request
from scripts.bench.clients import Clients
from scripts.bench.figures import P50, P99, Figure, Sample
from scripts.bench.load import Source
from scripts.bench.native import NativeBatches, speaks_native
from scripts.bench.payloads import API, Batches, Fixed
from scripts.bench.workloads.base import Options, Target, Workload
from scripts.bench.workloads.history import seed_series
from scripts.bench.workloads.seeding import create_experiment, create_runs, seed_searchable

_WRITERS = 4
_RUNS = 1000
_POINTS = 10_000
_SEARCH, _HISTORY = "search of 1000 runs", "history of 10000 points"


class ReadsWhileWriting(Workload):
    """One connection reads while four write each server's fastest way."""

    name = "reads-while-writing"

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._experiments: dict[str, str] = {}
        self._runs: dict[str, str] = {}

    def cases(self) -> Sequence[str]:
        """What is read."""
        return [_SEARCH, _HISTORY]

    def seed(self, target: Target, case: str) -> None:
        """Runs to search and a series to read, once for both cases."""
        if target.name not in self._experiments:
            experiment = target.clients.call(create_experiment, target.port, self.name)
            target.clients.call(seed_searchable, target.port, experiment, 0, _RUNS)
            run = target.clients.call(create_runs, target.port, experiment, 1)[0]
            target.clients.call(seed_series, target.port, run.run_id, _POINTS)
            self._experiments[target.name] = experiment
            self._runs[target.name] = run.run_id

    def run(self, target: Target, case: str) -> Sample:
        """Read for as long as the writers write."""
        seconds = self.options.seconds
        native = target.clients.call(speaks_native, target.port)
        runs = target.clients.call(
            create_runs, target.port, self._experiments[target.name], _WRITERS
        )
        writers: list[Source] = [
            NativeBatches(run.run_id, keys=10, steps=1000, seed=number)
            if native
            else Batches(run.run_id, keys=10, steps=100, seed=number)
            for number, run in enumerate(runs)
        ]
        # The readers have a process of their own, so that writers cannot hold them up there.
        with Clients(1) as readers, ThreadPoolExecutor(1) as pool:
            writing = pool.submit(target.clients.closed, target.port, writers, seconds)
            load = readers.closed(target.port, [self._reader(target, case)], seconds)
            written = writing.result()
        sample = Sample.of_load(load)
        points = 10_000 if native else 1000
        sample.values["written"] = written.ok * points / written.seconds
        sample.errors.update(written.errors)
        return sample

    def _reader(self, target: Target, case: str) -> Source:
        if case == _SEARCH:
            body = (
                f'{{"experiment_ids":["{self._experiments[target.name]}"],"max_results":100,'
                '"filter":"metrics.loss < 0.5","order_by":["metrics.loss ASC"]}'
            )
            return Fixed(f"{API}/runs/search", body.encode())
        return History(self._runs[target.name])

    def report(self, case: str) -> Sequence[Figure]:
        """How long reads take, and how much is written meanwhile."""
        return [P50, P99, Figure("written", "metrics/s", "higher")]


class History:
    """The same history again and again."""

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id

    def next(self, port: int) -> bytes:
        """The request."""
        path = f"{API}/metrics/get-history?run_id={self._run_id}&metric_key=loss"
        return encode_request("GET", path, port)

    def acknowledged(self) -> None:
        """Reads change nothing."""
