"""Runs inside the measured interpreter, one job a process: measure, die, or find what was kept.

`python inside.py JOB.json`.  It is started by path, often in another virtual environment, so it
needs nothing but the standard library.  What came out is written to files, because trackers print.
"""

from __future__ import annotations

import contextlib
import gc
import importlib.metadata
import importlib.util
import json
import os
import resource
import signal
import sys
import time
from array import array
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

BASE_VALUE = 0.125
_CALIBRATION_STEPS = 500


@dataclass(frozen=True)
class Job:
    """What one process is to do; it travels as JSON."""

    kind: str  # "probe" (is it installed?), "measure", "die", "keep" or "find"
    snippet: str  # the file with the tracker's class
    tracker: str  # the class
    folder: str  # the tracker's own; the one who looks for survivors gets the same
    report: str  # where Outcome goes; the times go beside it
    experiment: str = "bench"
    uri: str = ""
    recovery_uri: str = ""
    size: int = 1
    count: int = 1000
    warmup: int = 100
    pace: float = 0.0
    limit: float = 20.0
    options: dict[str, str] = field(default_factory=dict)


@dataclass
class Outcome:
    """What is known so far; written again after every stage, as the next one may hang."""

    stage: str = "begun"
    error: str = ""
    version: str = ""
    start_seconds: float = 0.0
    calls: int = 0
    wall_seconds: float = 0.0
    finish_seconds: float | None = None
    cpu_seconds: float = 0.0
    lost_seconds: float = 0.0
    found: int | None = None
    remark: str = ""


def times_file(report: Path) -> Path:
    """Where the nanoseconds of every call are, as an array of 64-bit integers."""
    return report.with_suffix(".times")


def main(file: str) -> None:
    """Do the job in `file`; an exception becomes the outcome's error."""
    # This folder must not offer its modules to the tracker.
    del sys.path[0]
    job = Job(**json.loads(Path(file).read_text()))
    outcome = Outcome()
    try:
        tracker = load(job)
        if importlib.util.find_spec(tracker.package) is None:
            outcome.stage = "not installed"
            return
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            version = importlib.metadata.version(tracker.package)
            outcome.version = f"{tracker.package} {version}"
        if job.kind != "probe":
            jobs = {"measure": measure, "die": log_and_end, "keep": log_and_end, "find": find}
            jobs[job.kind](job, tracker, outcome)
        outcome.stage = "done"
    except BaseException as error:
        outcome.error = f"{type(error).__name__}: {' '.join(str(error).split())}"
    finally:
        save(job, outcome)


def load(job: Job) -> Any:
    """The tracker's object, of a class in a file that need not be on the path."""
    spec = importlib.util.spec_from_file_location("measured_snippet", job.snippet)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return getattr(module, job.tracker)(job)


def save(job: Job, outcome: Outcome) -> None:
    """Replace the report: whoever reads it after a kill sees a whole one."""
    report = Path(job.report)
    draft = report.with_suffix(".draft")
    draft.write_text(json.dumps(asdict(outcome)))
    draft.replace(report)


def values_of(size: int, step: int) -> dict[str, float]:
    """A new dict of new values, as a training step makes one."""
    if size == 1:
        return {"loss": BASE_VALUE + step}
    return {f"train/metric_{index}": BASE_VALUE + step + index for index in range(size)}


def measure(job: Job, tracker: Any, outcome: Outcome) -> None:
    """Warm up, time every call, then finish; CPU counts what the tracker put off as well."""
    iterations = calibrated(job.pace)
    begun = time.perf_counter()
    tracker.start()
    outcome.start_seconds = time.perf_counter() - begun
    log = tracker.call(job.size)
    for step in range(job.warmup):
        log(values_of(job.size, step), step=step)
        work(iterations)
    gc.collect()
    outcome.stage = "calls"
    save(job, outcome)
    # Looking for helpers takes CPU of our own, so it is done outside of what is counted.
    helpers, own = helpers_cpu(), own_cpu()
    begun = time.perf_counter()
    spent, worked = timed(job, log, iterations, outcome)
    outcome.wall_seconds = time.perf_counter() - begun
    outcome.calls = len(spent)
    with times_file(Path(job.report)).open("wb") as file:
        spent.tofile(file)
    outcome.stage = "finish"
    save(job, outcome)
    begun = time.perf_counter()
    tracker.finish()
    outcome.finish_seconds = time.perf_counter() - begun
    own = own_cpu() - own - worked
    outcome.cpu_seconds = own + helpers_cpu() - helpers
    outcome.remark = getattr(tracker, "remark", "")


def timed(
    job: Job, log: Callable[..., object], iterations: int, outcome: Outcome
) -> tuple[array[int], float]:
    """The nanoseconds of every call, and the CPU seconds of the training steps between them."""
    clock, thread_clock = time.perf_counter_ns, time.thread_time_ns
    spent = array("q")
    budget = int(job.limit * 1e9)
    stepped = worked = 0
    for step in range(job.warmup, job.warmup + job.count):
        values = values_of(job.size, step)
        begun = clock()
        log(values, step=step)
        took = clock() - begun
        spent.append(took)
        budget -= took
        if budget < 0:
            break
        if iterations:
            begun, cpu = clock(), thread_clock()
            work(iterations)
            worked += thread_clock() - cpu
            stepped += clock() - begun
    # A step only computes: what it lasted beyond its own CPU time, others had taken from it,
    # mostly a thread of the tracker that held the interpreter.
    outcome.lost_seconds = (stepped - worked) / 1e9 / len(spent)
    return spent, worked / 1e9


def work(iterations: int) -> int:
    """A training step that computes in Python, so it holds the interpreter: the hard case."""
    total = 0
    for index in range(iterations):
        total += index & 7
    return total


def calibrated(pace: float) -> int:
    """How many iterations of `work` last `pace` seconds."""
    if not pace:
        return 0
    trial = 20_000
    rounds = []
    for _ in range(50):
        begun = time.perf_counter()
        work(trial)
        rounds.append(time.perf_counter() - begun)
    return max(1, int(trial * pace / sorted(rounds)[len(rounds) // 2]))


def log_and_end(job: Job, tracker: Any, outcome: Outcome) -> None:
    """Log; then be killed the moment the last call has returned, or to compare, end properly."""
    iterations = calibrated(job.pace)
    tracker.start()
    log = tracker.call(1)
    outcome.stage = "logging"
    save(job, outcome)
    for step in range(job.count):
        log(values_of(1, step), step=step)
        if iterations and step + 1 < job.count:
            work(iterations)
    if job.kind == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    tracker.finish()


def find(job: Job, tracker: Any, outcome: Outcome) -> None:
    """Count what a process that died has left behind; None where there is no way to."""
    outcome.found = tracker.found()
    outcome.remark = getattr(tracker, "remark", "")


def own_cpu() -> float:
    """User and system seconds of this process and of its children that have ended."""
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def helpers_cpu() -> float:
    """The same of its descendants that live (wandb-core); unknown, so nothing, without /proc."""
    parents: dict[int, list[int]] = {}
    ticks: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The name, in parentheses, may itself contain spaces and parentheses.
            fields = stat.read_text(errors="replace").rpartition(")")[2].split()
            pid = int(stat.parent.name)
            parents.setdefault(int(fields[1]), []).append(pid)
            ticks[pid] = sum(map(int, fields[11:15]))
    total, waiting = 0.0, list(parents.get(os.getpid(), []))
    while waiting:
        pid = waiting.pop()
        total += ticks[pid] / os.sysconf("SC_CLK_TCK")
        waiting += parents.get(pid, [])
    return total


if __name__ == "__main__":
    main(sys.argv[1])
