"""One large file up and down through the mlflow-artifacts proxy."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from urllib.parse import quote, urlsplit

from scripts.bench.caller import run_async
from scripts.bench.figures import PEAK, RSS_GROWTH, Figure, Sample, mib
from scripts.bench.servers import CannotMeasure
from scripts.bench.workloads.base import Options, Target, Workload
from scripts.bench.workloads.seeding import calling, create_experiment, create_runs

_PROXY = "/api/2.0/mlflow-artifacts/artifacts"
_BLOCK_BYTES = 2**20


class Artifacts(Workload):
    """The file is streamed from one block of random bytes and counted, not kept, on return."""

    name = "artifacts"

    def __init__(self, options: Options) -> None:
        super().__init__(options)
        self._experiments: dict[str, str] = {}
        self._uploaded: dict[str, str] = {}

    def cases(self) -> Sequence[str]:
        """Up, then down what was brought up."""
        size = f"{self.options.artifact_mib} MiB"
        return [f"{size} up", f"{size} down"]

    def seed(self, target: Target, case: str) -> None:
        """An experiment whose runs take the files."""
        if target.name not in self._experiments:
            self._experiments[target.name] = target.clients.call(
                create_experiment, target.port, self.name
            )

    def run(self, target: Target, case: str) -> Sample:
        """One transfer; each upload goes to a run of its own."""
        count = self.options.artifact_mib
        if case.endswith("up"):
            experiment = self._experiments[target.name]
            run = target.clients.call(create_runs, target.port, experiment, 1)[0]
            path = _proxy_path(run.artifact_uri)
            with target.measured() as usage:
                seconds = target.clients.call(upload, target.port, path, count)
            self._uploaded[target.name] = path
        else:
            if target.name not in self._uploaded:
                raise CannotMeasure("nothing could be uploaded")
            path = self._uploaded[target.name]
            with target.measured() as usage:
                seconds = target.clients.call(download, target.port, path, count)
        memory = {
            "peak RSS": mib(usage.rss_peak),
            "RSS growth": mib(usage.rss_peak - usage.rss_before),
        }
        return Sample({"rate": count / seconds, "CPU": usage.cpu, **memory})

    def report(self, case: str) -> Sequence[Figure]:
        """Throughput, and what the server needed for it."""
        return [
            Figure("rate", "MiB/s", "higher"),
            Figure("CPU", "s", "lower"),
            PEAK,
            RSS_GROWTH,
        ]


def _proxy_path(artifact_uri: str) -> str:
    parts = urlsplit(artifact_uri)
    if parts.scheme != "mlflow-artifacts":
        raise CannotMeasure(f"its runs keep artifacts at {artifact_uri!r}, not behind the server")
    return _PROXY + quote(parts.path) + "/large.bin"


def upload(port: int, path: str, blocks: int) -> float:
    """PUT `blocks` MiB; the seconds until it was acknowledged.  Raises CannotMeasure."""
    block = os.urandom(_BLOCK_BYTES)

    async def put() -> float:
        async with calling(port) as caller:
            begun = time.monotonic()
            answer = await caller.upload("PUT", path, block, blocks)
            taken = time.monotonic() - begun
        if answer.status != 200:
            shown = answer.body[:300].decode(errors="replace")
            raise CannotMeasure(f"PUT gave HTTP {answer.status}: {shown}")
        return taken

    return run_async(put())


def download(port: int, path: str, blocks: int) -> float:
    """GET the file; the seconds until its last byte.  Raises CannotMeasure."""

    async def get() -> float:
        async with calling(port, keep_body=False) as caller:
            begun = time.monotonic()
            answer = await caller.call("GET", path)
            taken = time.monotonic() - begun
        if answer.status != 200 or answer.size != blocks * _BLOCK_BYTES:
            raise CannotMeasure(f"GET gave HTTP {answer.status} and {answer.size} bytes")
        return taken

    return run_async(get())
