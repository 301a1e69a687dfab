"""What a workload is: cases, each seeded once and run in rounds, and the figures it reports."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from scripts.bench.clients import Clients
from scripts.bench.figures import Figure, Sample
from scripts.bench.servers import Server, ServerSpec
from scripts.bench.watch import Usage, watched


@dataclass(frozen=True)
class Options:
    """How large and how long; `--quick` makes everything small."""

    seconds: float = 5.0
    connections: Sequence[int] = (1, 8, 64)
    trainers: int = 64
    trainer_rate: float = 10.0
    search_sizes: Sequence[int] = (1_000, 10_000)
    history_points: int = 1_000_000
    artifact_mib: int = 1024


@dataclass
class Target:
    """One server as a workload sees it; `server` is None where the workload starts its own."""

    spec: ServerSpec
    clients: Clients
    server: Server | None = None

    @property
    def name(self) -> str:
        """The server's name in the report."""
        return self.spec.name

    @property
    def running(self) -> Server:
        """The running server."""
        assert self.server is not None
        return self.server

    @property
    def port(self) -> int:
        """Where it listens."""
        return self.running.port

    @contextmanager
    def measured(self) -> Iterator[Usage]:
        """Measure the server over the block and until it has come to rest."""
        with watched(self.running.tree, self.running.folder) as usage:
            yield usage


class Workload(ABC):
    """A workload is run case by case; every case is seeded, untimed, and run in rounds."""

    name: str
    starts_servers = True  # False: `run` starts its own, and `Target.server` is None

    def __init__(self, options: Options) -> None:
        self.options = options

    @abstractmethod
    def cases(self) -> Sequence[str]:
        """The cases in their order; a later one may build on what an earlier one seeded."""

    @abstractmethod
    def seed(self, target: Target, case: str) -> None:
        """Bring the server into the state that the case starts from."""

    @abstractmethod
    def run(self, target: Target, case: str) -> Sample:
        """One timed round."""

    @abstractmethod
    def report(self, case: str) -> Sequence[Figure]:
        """The figures of a case, in the order of the table."""
