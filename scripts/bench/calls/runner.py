"""Starts a fresh process for every figure: each tracker, size and pace in one of its own."""

from __future__ import annotations

import contextlib
import shlex
import socket
import tempfile
import time
import uuid
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from scripts.bench.caller import HOST
from scripts.bench.calls.inside import Job, Outcome, times_file
from scripts.bench.calls.process import started
from scripts.bench.calls.trackers import Tracker
from scripts.bench.figures import percentile
from scripts.bench.servers import CannotMeasure, ServerSpec, launched

Say = Callable[[str], None]

SIZES = (1, 10)
_SURVIVAL_CALLS = 200
_SETTLE_SECONDS = 3.0
# Beyond the calls themselves: imports, the steps between calls, and a finish that takes its time.
_SLACK_SECONDS = 60.0


@dataclass(frozen=True)
class Plan:
    """How much, and with what."""

    count: int = 20_000
    paced_count: int = 5_000
    warmup: int = 200
    pace: float = 0.001
    limit: float = 20.0
    slack: float = _SLACK_SECONDS
    survival: int = _SURVIVAL_CALLS
    settle: float = _SETTLE_SECONDS
    mlflow_uri: str = ""

    @property
    def paces(self) -> tuple[float, ...]:
        """Flat out, then paced."""
        return (0.0, self.pace) if self.pace else (0.0,)


@dataclass
class Calls:
    """One tracker at one size and pace."""

    size: int
    pace: float
    outcome: Outcome
    micros: dict[str, float] = field(default_factory=dict)

    @property
    def cpu_micros(self) -> float | None:
        """CPU of a call, what was put off included; unknown if finish did not end."""
        if self.outcome.finish_seconds is None:
            return None
        return self.outcome.cpu_seconds / self.outcome.calls * 1e6

    @property
    def lost_micros(self) -> float | None:
        """What others took from a training step between two calls."""
        return self.outcome.lost_seconds * 1e6 if self.pace else None


@dataclass
class Survival:
    """How much was found of a process that was killed."""

    pace: float
    logged: int
    found: int


@dataclass
class Result:
    """All about one tracker; `failure` says why nothing or not everything could be measured."""

    tracker: str
    package: str
    kept_in: str
    is_kept: bool
    version: str = ""
    installed: bool = True
    calls: list[Calls] = field(default_factory=list)
    survivals: list[Survival] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


def measure(tracker: Tracker, python: str, plan: Plan, say: Say) -> Result:
    """Everything about one tracker, on a server of its own if it needs one."""
    result = Result(tracker.name, tracker.package, tracker.kept_in, tracker.is_kept)
    with tempfile.TemporaryDirectory(prefix="calls-", ignore_cleanup_errors=True) as folder:
        try:
            probe = _Bench(tracker, python, plan, Path(folder), "", "")
            if not probe.is_installed():
                result.installed = False
                return result
            with _server(tracker, python, plan) as uri, _closed_port() as closed:
                bench = _Bench(tracker, python, plan, Path(folder), uri, closed)
                for pace in plan.paces:
                    for size in SIZES:
                        say(f"{tracker.name}: {size} value(s), {_mode(pace)}")
                        bench.calls(result, size, pace)
                if tracker.is_kept:
                    bench.survivals(result, say)
        except (CannotMeasure, OSError) as error:
            result.failures.append(str(error))
    return result


def _mode(pace: float) -> str:
    return f"a step of {pace * 1e3:g} ms between calls" if pace else "flat out"


class _Bench:
    """The jobs of one tracker."""

    def __init__(
        self, tracker: Tracker, python: str, plan: Plan, folder: Path, uri: str, closed: str
    ) -> None:
        self._tracker = tracker
        self._python = python
        self._plan = plan
        self._folder = folder
        self._uri = uri
        self._closed = closed

    def is_installed(self) -> bool:
        """Whether the interpreter has the tracker's package; raises CannotMeasure if it fails."""
        job = self._job("probe", 1, 0, 0.0)
        with started(job, self._python, self._tracker.environment) as process:
            outcome = process.outcome(self._plan.slack)
        if outcome.error:
            raise CannotMeasure(outcome.error)
        return outcome.stage != "not installed"

    def calls(self, result: Result, size: int, pace: float) -> None:
        """Time the calls of one size at one pace."""
        count = self._plan.paced_count if pace else self._plan.count
        job = self._job("measure", size, count, pace)
        seconds = self._plan.limit + count * pace * 3 + self._plan.slack
        with started(job, self._python, self._tracker.environment) as process:
            outcome = process.outcome(seconds)
        result.version = outcome.version
        if outcome.error:
            result.failures.append(f"{size} value(s), {_mode(pace)}: {outcome.error}")
        if outcome.calls:
            result.calls.append(Calls(size, pace, outcome, _micros(Path(job.report))))

    def survivals(self, result: Result, say: Say) -> None:
        """Let processes be killed after their last call, and count what is found of them.

        One that ends properly comes first: where not all of that is found, our way of counting is
        at fault, and no other count would mean anything.
        """
        logged = self._plan.survival
        say(f"{self._tracker.name}: ended properly")
        found = self._found(result, "keep", 0.0)
        if found is not None and found != logged:
            result.failures.append(f"cannot count: {found} of {logged} found after a proper end")
        if found != logged:
            return
        for pace in self._plan.paces:
            say(f"{self._tracker.name}: killed, {_mode(pace)}")
            found = self._found(result, "die", pace)
            if found is not None:
                result.survivals.append(Survival(pace, logged, found))

    def _found(self, result: Result, kind: str, pace: float) -> int | None:
        """What one process leaves behind; None, and a failure, when that is not known."""
        job = self._job(kind, 1, self._plan.survival, pace)
        said = "killed" if kind == "die" else "ended properly"
        with started(job, self._python, self._tracker.environment) as process:
            ended = process.outcome(self._plan.limit + self._plan.slack)
            if ended.error and not process.killed_itself:
                result.failures.append(f"{said}, {_mode(pace)}: {ended.error}")
                return None
            # Helpers of the dead process live on, as after a kill in earnest; they may still write.
            time.sleep(self._plan.settle)
            report = str(Path(job.report).with_name("found.json"))
            finder = replace(job, kind="find", report=report)
            with started(finder, self._python, self._tracker.environment) as second:
                outcome = second.outcome(self._plan.slack)
        if outcome.error or outcome.remark:
            problem = outcome.error or outcome.remark
            result.failures.append(f"counting, {said}, {_mode(pace)}: {problem}")
        return outcome.found

    def _job(self, kind: str, size: int, count: int, pace: float) -> Job:
        name = uuid.uuid4().hex[:12]
        folder = self._folder / name / "tracker"
        folder.mkdir(parents=True)
        plan, tracker = self._plan, self._tracker
        return Job(
            kind=kind,
            snippet=str(tracker.file),
            tracker=tracker.snippet,
            folder=str(folder),
            report=str(folder.with_name("report.json")),
            experiment=f"calls-{name}",
            uri=self._uri if tracker.server_is_up else self._closed,
            recovery_uri=self._uri,
            size=size,
            count=count,
            warmup=plan.warmup,
            pace=pace,
            limit=plan.limit,
            options=dict(tracker.options),
        )


@contextlib.contextmanager
def _server(tracker: Tracker, python: str, plan: Plan) -> Iterator[str]:
    """The address of the server that the tracker logs to, or is read back from."""
    if not tracker.server:
        yield ""
        return
    if tracker.server == "mlflow" and plan.mlflow_uri:
        yield plan.mlflow_uri.rstrip("/")
        return
    with launched(_spec(tracker, python)) as server:
        server.wait_for("GET", "/health")
        yield f"http://{HOST}:{server.port}"


def _spec(tracker: Tracker, python: str) -> ServerSpec:
    if tracker.server == "eventtrack":
        command = [str(Path(python).with_name("eventtrack")), "server", "--host", HOST]
        command += ["--port", "{port}", "--data", "{dir}/data"]
    else:
        command = ["env", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false"]
        command += [python, "-m", "mlflow", "server", "--host", HOST, "--port", "{port}"]
        command += ["--backend-store-uri", "sqlite:///{dir}/mlflow.db", "--workers", "1"]
        command += ["--artifacts-destination", "{dir}/artifacts"]
    return ServerSpec(tracker.server, shlex.join(command))


@contextlib.contextmanager
def _closed_port() -> Iterator[str]:
    """An address that refuses connections: bound, so that no other server takes it."""
    with socket.socket() as holder:
        holder.bind((HOST, 0))
        yield f"http://{HOST}:{holder.getsockname()[1]}"


def _micros(report: Path) -> dict[str, float]:
    times = array("q")
    times.frombytes(times_file(report).read_bytes())
    ordered = sorted(times)
    shares = {"p50": 0.5, "p99": 0.99, "p99.9": 0.999, "max": 1.0}
    return {name: percentile(ordered, share) / 1e3 for name, share in shares.items()}
