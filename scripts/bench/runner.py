"""Runs the workloads over all servers side by side: case by case, round by round, in turn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from scripts.bench.clients import Clients
from scripts.bench.figures import Figure, Sample
from scripts.bench.servers import CannotMeasure, ServerSpec, launched
from scripts.bench.workloads.base import Target, Workload

Say = Callable[[str], None]


@dataclass
class CaseResult:
    """All rounds of one case, by server; a server that could not do it has a reason instead."""

    workload: str
    case: str
    figures: Sequence[Figure]
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def value(self, server: str, figure: Figure) -> float | None:
        """The combined number of one server, if it has one."""
        rounds = [
            sample.values[figure.name]
            for sample in self.samples.get(server, [])
            if figure.name in sample.values
        ]
        return figure.of_rounds(rounds) if rounds else None


class Runner:
    """Takes each server in turn within each round, so that all see the same machine."""

    def __init__(
        self, specs: Sequence[ServerSpec], clients: Clients, rounds: int, say: Say
    ) -> None:
        self._specs = specs
        self._clients = clients
        self._rounds = rounds
        self._say = say

    def run(self, workload: Workload) -> list[CaseResult]:
        """All cases of one workload, on servers started for it."""
        results = [
            CaseResult(workload.name, case, workload.report(case)) for case in workload.cases()
        ]
        with ExitStack() as servers:
            targets = self._start(workload, servers, results)
            for result in results:
                self._run_case(workload, result, targets)
        return results

    def _start(
        self, workload: Workload, servers: ExitStack, results: Sequence[CaseResult]
    ) -> list[Target]:
        targets = []
        for spec in self._specs:
            target = Target(spec, self._clients)
            if workload.starts_servers:
                self._say(f"{workload.name}: starting {spec.name}")
                try:
                    target.server = servers.enter_context(launched(spec))
                    target.server.wait_for("GET", "/health")
                except Exception as error:
                    for result in results:
                        result.failures[spec.name] = f"did not start: {reason(error)}"
                    continue
            targets.append(target)
        return targets

    def _run_case(self, workload: Workload, result: CaseResult, targets: list[Target]) -> None:
        for target in targets:
            self._say(f"{workload.name}, {result.case}: seeding {target.name}")
            self._attempt(result, target, lambda t: workload.seed(t, result.case))
        for number in range(self._rounds):
            # A rotating order: nobody always runs on what another left behind in the caches.
            shift = number % len(targets) if targets else 0
            for target in targets[shift:] + targets[:shift]:
                self._settle(targets)
                self._say(
                    f"{workload.name}, {result.case}: round {number + 1}/{self._rounds} "
                    f"of {target.name}"
                )
                self._attempt(result, target, lambda t: self._round(workload, result, t))

    def _round(self, workload: Workload, result: CaseResult, target: Target) -> None:
        sample = workload.run(target, result.case)
        result.samples.setdefault(target.name, []).append(sample)

    def _attempt(self, result: CaseResult, target: Target, work: Callable[[Target], None]) -> None:
        """Do one step of a case; whatever a server answers to it, the others go on."""
        if target.name in result.failures:
            return
        try:
            work(target)
        except Exception as error:
            result.failures[target.name] = reason(error)
            self._say(f"{target.name} FAILED {result.workload}, {result.case}: {reason(error)}")

    def _settle(self, targets: Sequence[Target]) -> None:
        """Let every server finish its deferred work, so that none disturbs another's turn."""
        for target in targets:
            if target.server is not None:
                target.server.tree.wait_quiet()


def reason(error: BaseException) -> str:
    """The first cause in words; a workload's own verdict needs no class name before it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    text = " ".join(str(error).split())
    return text if isinstance(error, CannotMeasure) else f"{type(error).__name__}: {text}"
