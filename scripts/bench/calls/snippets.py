"""The trackers as a training script uses them; loaded by inside.py in the measured interpreter.

`call` gives what is timed, called as `log(values, step=step)`: the tracker's own function wherever
it has that form, so that nothing of ours is in the time.  `found` counts, in another process, the
steps that a process left behind; None says there is nothing that could be found.
"""

from __future__ import annotations

import importlib
import json
import os
import sqlite3
import struct
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

Log = Callable[..., object]


class JobLike(Protocol):
    """What of inside.Job a tracker reads; this file cannot import it."""

    experiment: str
    folder: str
    uri: str
    recovery_uri: str
    options: dict[str, str]


class Snippet:
    """A tracker in a training script."""

    package = "json"  # what must be installed; this much always is
    remark = ""

    def __init__(self, job: JobLike) -> None:
        self.job = job
        self.run: Any = None

    def start(self) -> None:
        """Begin a run."""

    def call(self, size: int) -> Log:
        """The function that logs `size` values."""
        log: Log = self.run.log
        return log

    def finish(self) -> None:
        """End the run, with all it takes to have every value stored."""
        self.run.finish()

    def found(self) -> int | None:
        """How many steps of `loss` a process that was killed has left."""
        return None


class Nothing(Snippet):
    """An empty function: what the timer and the loop cost by themselves."""

    def call(self, size: int) -> Log:
        def log(values: dict[str, float], step: int) -> None:
            pass

        return log

    def finish(self) -> None:
        pass


class Eventtrack(Snippet):
    """eventtrack's own client, in the mode that the option says."""

    package = "eventtrack"

    def start(self) -> None:
        eventtrack: Any = importlib.import_module("eventtrack")
        self.run = eventtrack.init(
            experiment=self.job.experiment,
            name="x",
            config={},
            mode=self.job.options.get("mode", "online"),
            tracking_uri=self.job.uri,
            spool_dir=self._spool,
        )

    def found(self) -> int | None:
        if self.job.options.get("mode") == "disabled":
            return None
        command = [str(Path(sys.executable).with_name("eventtrack")), "sync"]
        environment = os.environ | {
            "EVENTTRACK_SPOOL_DIR": self._spool,
            "EVENTTRACK_TRACKING_URI": self.job.recovery_uri,
        }
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=100, check=False
        )
        if done.returncode:
            self.remark = f"eventtrack sync ended with {done.returncode}: {done.stderr[-300:]}"
        return steps_on_server(self.job.recovery_uri, self.job.experiment)

    @property
    def _spool(self) -> str:
        return str(Path(self.job.folder) / "spool")


class Mlflow(Snippet):
    """The fluent API; asynchronous when MLFLOW_ENABLE_ASYNC_LOGGING says so."""

    package = "mlflow"

    def start(self) -> None:
        self.mlflow: Any = importlib.import_module("mlflow")
        self.mlflow.set_tracking_uri(self.job.uri)
        self.mlflow.set_experiment(self.job.experiment)
        self.mlflow.start_run(run_name="x")

    def call(self, size: int) -> Log:
        if size > 1:
            log: Log = self.mlflow.log_metrics
            return log
        log_metric = self.mlflow.log_metric

        def log_one(values: dict[str, float], step: int) -> None:
            log_metric("loss", values["loss"], step=step)

        return log_one

    def finish(self) -> None:
        if os.environ.get("MLFLOW_ENABLE_ASYNC_LOGGING") == "true":
            self.mlflow.flush_async_logging()
        self.mlflow.end_run()

    def found(self) -> int | None:
        return steps_on_server(self.job.recovery_uri, self.job.experiment)


class Wandb(Snippet):
    """wandb offline; what it kept is read from its file, as `wandb sync` would."""

    package = "wandb"

    def start(self) -> None:
        wandb: Any = importlib.import_module("wandb")
        self.run = wandb.init(
            project="bench", name="x", config={}, mode="offline", dir=self.job.folder
        )

    def found(self) -> int | None:
        records: Any = importlib.import_module("wandb.proto.wandb_internal_pb2")
        steps = set()
        for file in Path(self.job.folder).rglob("*.wandb"):
            for data in leveldb_records(file.read_bytes()):
                record = records.Record.FromString(data)
                if record.WhichOneof("record_type") == "history":
                    steps.add(record.history.step.num)
        return len(steps)


class Trackio(Snippet):
    """trackio in a folder of its own (TRACKIO_DIR)."""

    package = "trackio"

    def start(self) -> None:
        # Read when the package is imported.
        os.environ["TRACKIO_DIR"] = self.job.folder
        trackio: Any = importlib.import_module("trackio")
        self.run = trackio.init(project="bench", name="x", config={})

    def found(self) -> int | None:
        count = 0
        for file in Path(self.job.folder).glob("*.db"):
            with sqlite3.connect(file) as connection:
                (steps,) = connection.execute("SELECT count(DISTINCT step) FROM metrics").fetchone()
                count += steps
        return count


class TensorBoard(Snippet):
    """tensorboardX, whose add_scalar is that of torch.utils.tensorboard without torch."""

    package = "tensorboardX"

    def start(self) -> None:
        module: Any = importlib.import_module("tensorboardX")
        self.run = module.SummaryWriter(self.job.folder)

    def call(self, size: int) -> Log:
        add_scalar = self.run.add_scalar

        def log(values: dict[str, float], step: int) -> None:
            for name, value in values.items():
                add_scalar(name, value, step)

        return log

    def finish(self) -> None:
        self.run.close()

    def found(self) -> int | None:
        events: Any = importlib.import_module("tensorboardX.proto.event_pb2")
        steps = set()
        for file in Path(self.job.folder).glob("*tfevents*"):
            for data in tensorflow_records(file.read_bytes()):
                event = events.Event.FromString(data)
                if event.HasField("summary"):
                    steps.add(event.step)
        return len(steps)


class Aim(Snippet):
    """aim in a repository of its own."""

    package = "aim"

    def start(self) -> None:
        aim: Any = importlib.import_module("aim")
        self.run = aim.Run(repo=self.job.folder, experiment="bench")

    def call(self, size: int) -> Log:
        track = self.run.track

        def log(values: dict[str, float], step: int) -> None:
            for name, value in values.items():
                track(value, name=name, step=step)

        return log

    def finish(self) -> None:
        self.run.close()


def steps_on_server(uri: str, experiment: str) -> int:
    """The distinct steps of `loss` in the experiment's run, when they no longer change."""
    before = -1
    while (steps := _steps_now(uri, experiment)) != before:
        before = steps
        # Views may be a moment behind what was acknowledged.
        time.sleep(0.5)
    return steps


def _steps_now(uri: str, experiment: str) -> int:
    found = _ask(uri, "experiments/search", {"max_results": 1000})
    ids = [
        each["experiment_id"] for each in found.get("experiments", []) if each["name"] == experiment
    ]
    if not ids:
        return 0
    runs = _ask(uri, "runs/search", {"experiment_ids": ids, "max_results": 10}).get("runs", [])
    steps = set()
    for run in runs:
        query = f"metrics/get-history?run_id={run['info']['run_id']}&metric_key=loss"
        steps |= {int(point.get("step", 0)) for point in _ask(uri, query).get("metrics", [])}
    return len(steps)


def _ask(uri: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    request = urllib.request.Request(
        f"{uri}/api/2.0/mlflow/{path}",
        json.dumps(body).encode() if body is not None else None,
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        answer: dict[str, Any] = json.load(response)
        return answer


def leveldb_records(data: bytes) -> Iterator[bytes]:
    """The whole records of a .wandb file: LevelDB's log format behind a header of seven bytes."""
    at, parts = 7, []
    while at + 7 <= len(data):
        room = 32768 - at % 32768
        if room < 7:
            at += room
            continue
        _, length, kind = struct.unpack_from("<IHB", data, at)
        chunk = data[at + 7 : at + 7 + length]
        if not kind or len(chunk) < length:
            return
        at += 7 + length
        parts.append(chunk)
        # 1 is a whole record, 2 the first piece, 3 one in the middle, 4 the last.
        if kind in (1, 4):
            yield b"".join(parts)
            parts.clear()


def tensorflow_records(data: bytes) -> Iterator[bytes]:
    """The whole records of an event file: length, checksum, content, checksum."""
    at = 0
    while at + 12 <= len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        if at + 16 + length > len(data):
            return
        yield data[at + 12 : at + 12 + length]
        at += 16 + length
