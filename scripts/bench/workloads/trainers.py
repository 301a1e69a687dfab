"""Many trainers that log by the clock, whether or not the server keeps up."""

from __future__ import annotations

from collections.abc import Sequence

from scripts.bench.figures import P50, P99, PEAK, Figure, Sample, percentile
from scripts.bench.load import Source
from scripts.bench.payloads import Batches
from scripts.bench.workloads.base import Options, Target, Workload
from scripts.bench.workloads.ingest import CPU, DISK, Account
from scripts.bench.workloads.seeding import create_experiment, create_runs

_KEYS, _STEPS = 5, 10


class Trainers(Workload):
    """Each trainer sends batches of 50 metrics at a fixed rate, timed from the schedule."""

    name = "trainers"

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._experiments: dict[str, str] = {}
        self._accounts: dict[str, Account] = {}

    def cases(self) -> Sequence[str]:
        """One case, named after the load it offers."""
        offered = self.options.trainers * self.options.trainer_rate * _KEYS * _STEPS
        return [f"{self.options.trainers} trainers, {offered:,.0f} metrics/s offered"]

    def seed(self, target: Target, case: str) -> None:
        """An experiment for the runs of all rounds."""
        self._experiments[target.name] = target.clients.call(
            create_experiment, target.port, self.name
        )
        self._accounts[target.name] = Account(target)

    def run(self, target: Target, case: str) -> Sample:
        """One open-loop round on new runs."""
        experiment = self._experiments[target.name]
        runs = target.clients.call(create_runs, target.port, experiment, self.options.trainers)
        sources: list[Source] = [
            Batches(run.run_id, keys=_KEYS, steps=_STEPS, seed=number)
            for number, run in enumerate(runs)
        ]
        with target.measured() as usage:
            load = target.clients.open(
                target.port, sources, self.options.seconds, rate=self.options.trainer_rate
            )
        sample = Sample.of_load(load)
        metrics = load.ok * _KEYS * _STEPS
        sample.values["rate"] = metrics / load.seconds
        sample.values["failed"] = float(sum(load.errors.values()))
        sample.values["lateness"] = percentile(sorted(load.lateness), 0.99) * 1e3
        self._accounts[target.name].add(sample, usage, metrics)
        return sample

    def report(self, case: str) -> Sequence[Figure]:
        """Achieved rate, latency from the schedule, failures, and the generator's own error."""
        return [
            Figure("rate", "metrics/s", "higher"),
            P50,
            P99,
            Figure("failed", "requests", "lower", "max"),
            CPU,
            DISK,
            PEAK,
            Figure("lateness", "ms, generator p99", "lower", "max"),
        ]
