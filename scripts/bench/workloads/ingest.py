"""Metrics in a closed loop: one at a time, and a thousand at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from scripts.bench.figures import P50, P99, PEAK, Figure, Sample, mib
from scripts.bench.load import LoadResult, Source
from scripts.bench.native import NativeBatches, speaks_native
from scripts.bench.payloads import MAX_STEPS_PER_BATCH, Batches, OneMetric
from scripts.bench.watch import Usage, bytes_on_disk
from scripts.bench.workloads.base import Options, Target, Workload
from scripts.bench.workloads.seeding import create_experiment, create_runs

CPU = Figure("CPU", "s/M metrics", "lower")
DISK = Figure("disk", "B/metric", "lower", "last")
_BATCH_CONNECTIONS = 8


class Account:
    """Metrics acknowledged and bytes used by one server since a case was seeded."""

    def __init__(self, target: Target) -> None:
        target.running.tree.wait_quiet()
        self._disk = bytes_on_disk(target.running.folder)
        self._metrics = 0

    def add(self, sample: Sample, usage: Usage, metrics: int) -> None:
        """Write the costs per metric into `sample`."""
        self._metrics += metrics
        sample.values["peak RSS"] = mib(usage.rss_peak)
        if metrics:
            sample.values["CPU"] = usage.cpu / metrics * 1e6
            sample.values["disk"] = (usage.disk - self._disk) / self._metrics


class _Ingest(Workload):
    """Every round takes new runs, one for each connection, made outside the timed part."""

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._experiments: dict[str, str] = {}
        self._accounts: dict[str, Account] = {}

    def seed(self, target: Target, case: str) -> None:
        """An experiment, and the account of what the case costs."""
        self._experiments[target.name] = target.clients.call(
            create_experiment, target.port, f"{self.name} {case}"
        )
        self._warm_up(target)
        self._accounts[target.name] = Account(target)

    def _run_ids(self, target: Target, count: int) -> list[str]:
        experiment = self._experiments[target.name]
        runs = target.clients.call(create_runs, target.port, experiment, count)
        return [run.run_id for run in runs]

    def _warm_up(self, target: Target) -> None:
        """Let lazy imports and first pages happen before the clock runs."""
        sources: list[Source] = [OneMetric(run_id) for run_id in self._run_ids(target, 1)]
        target.clients.closed(target.port, sources, 0.2)

    def _measure(
        self,
        target: Target,
        make: Callable[[str, int], Source],
        connections: int,
        metrics_per_request: int,
        views: bool,
    ) -> tuple[Sample, LoadResult]:
        run_ids = self._run_ids(target, connections)
        sources = [make(run_id, number) for number, run_id in enumerate(run_ids)]
        with target.measured() as usage:
            load = target.clients.closed(
                target.port, sources, self.options.seconds, least=2, views=views
            )
        sample = Sample.of_load(load)
        sample.values["rate"] = load.ok * metrics_per_request / load.seconds
        self._accounts[target.name].add(sample, usage, load.ok * metrics_per_request)
        return sample, load


class LogMetric(_Ingest):
    """runs/log-metric, as `mlflow.log_metric` sends it."""

    name = "log-metric"

    def cases(self) -> Sequence[str]:
        """One case for each number of connections."""
        return [f"{count} connections" for count in self.options.connections]

    def run(self, target: Target, case: str) -> Sample:
        """Every connection logs to its own run as fast as it is answered."""
        connections = int(case.split()[0])
        return self._measure(target, lambda run, _: OneMetric(run), connections, 1, False)[0]

    def report(self, case: str) -> Sequence[Figure]:
        """Rate, latency and costs."""
        return [Figure("rate", "requests/s", "higher"), P50, P99, CPU, DISK, PEAK]


class LogBatch(_Ingest):
    """runs/log-batch of 1000 metrics, and how soon reads show what was acknowledged."""

    name = "log-batch"
    _SHAPES = {"10 keys x 100 steps": (10, 100), "1000 keys x 1 step": (1000, 1)}

    def cases(self) -> Sequence[str]:
        """The two shapes of a batch."""
        return list(self._SHAPES)

    def run(self, target: Target, case: str) -> Sample:
        """Eight connections, then runs/get of every run until it shows the final values."""
        keys, steps = self._SHAPES[case]
        steps = min(steps, MAX_STEPS_PER_BATCH)

        def make(run_id: str, number: int) -> Source:
            return Batches(run_id, keys=keys, steps=steps, seed=number)

        sample, load = self._measure(target, make, _BATCH_CONNECTIONS, keys * steps, True)
        if load.views:
            sample.values["views"] = max(load.views) * 1e3
        return sample

    def report(self, case: str) -> Sequence[Figure]:
        """Rate, latency, costs, and the wait for up-to-date views."""
        return [
            Figure("rate", "metrics/s", "higher"),
            P50,
            P99,
            CPU,
            DISK,
            Figure("views", "ms after ack", "lower", "max"),
            PEAK,
        ]


class NativeIngest(LogBatch):
    """eventtrack's native requests of 10,000 points; a server without them gets log-batch.

    That is each server's fastest way for the same training curves.
    """

    name = "native-ingest"
    _SHAPES = {"10 keys x 1000 steps": (10, 1000), "10 keys x 100 steps": (10, 100)}

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._native: dict[str, bool] = {}

    def seed(self, target: Target, case: str) -> None:
        """Ask which way the server knows."""
        self._native[target.name] = target.clients.call(speaks_native, target.port)
        super().seed(target, case)

    def run(self, target: Target, case: str) -> Sample:
        """As log-batch, the fastest way."""
        if not self._native[target.name]:
            return super().run(target, case)
        keys, steps = self._SHAPES[case]

        def make(run_id: str, number: int) -> Source:
            return NativeBatches(run_id, keys=keys, steps=steps, seed=number)

        sample, load = self._measure(target, make, _BATCH_CONNECTIONS, keys * steps, True)
        if load.views:
            sample.values["views"] = max(load.views) * 1e3
        return sample
