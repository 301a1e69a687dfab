"""From the start of the process to the first answers, in an empty directory."""

from __future__ import annotations

import time
from collections.abc import Sequence

from scripts.bench.figures import Figure, Sample, mib
from scripts.bench.payloads import API
from scripts.bench.servers import launched
from scripts.bench.watch import bytes_on_disk
from scripts.bench.workloads.base import Target, Workload

_IDLE_SECONDS = 5.0


class Startup(Workload):
    """Every round starts a new process; nothing else of it runs at that time."""

    name = "startup"
    starts_servers = False

    def cases(self) -> Sequence[str]:
        """Only one."""
        return ["empty directory"]

    def seed(self, target: Target, case: str) -> None:
        """Nothing: an empty directory is the point."""

    def run(self, target: Target, case: str) -> Sample:
        """Start, wait for the two answers, let it idle, and look at its memory."""
        with launched(target.spec) as server:
            health = server.wait_for("GET", "/health")
            body = b'{"max_results":10}'
            answered = server.wait_for("POST", f"{API}/experiments/search", body)
            begun = server.tree.cpu()
            time.sleep(_IDLE_SECONDS)
            sample = Sample(
                {
                    "health": health,
                    "search": answered,
                    "idle RSS": mib(server.tree.rss()),
                    "idle CPU": (server.tree.cpu() - begun) / _IDLE_SECONDS * 100,
                    "disk": mib(bytes_on_disk(server.folder)),
                }
            )
            pss = server.tree.pss()
            if pss is not None:
                sample.values["idle PSS"] = mib(pss)
            return sample

    def report(self, case: str) -> Sequence[Figure]:
        """Seconds to the answers; what an idle server holds."""
        return [
            Figure("health", "s", "lower"),
            Figure("search", "s", "lower"),
            Figure("idle RSS", "MiB", "lower"),
            Figure("idle PSS", "MiB", "lower"),
            Figure("idle CPU", "% of a core", "lower"),
            Figure("disk", "MiB", "lower"),
        ]
