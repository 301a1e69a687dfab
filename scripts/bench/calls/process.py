"""One process with one job, in a process group of its own that is ended afterwards."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from scripts.bench.calls.inside import Job, Outcome

_INSIDE = Path(__file__).with_name("inside.py")
# The developer's own settings are no part of what is measured, and nobody reports home.
_OWN_SETTINGS = ("MLFLOW_", "_MLFLOW_", "EVENTTRACK_", "WANDB_", "TRACKIO_", "PYTHONPATH")
_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "WANDB_SILENT": "true",
    "WANDB_ERROR_REPORTING": "false",
    "HF_HUB_OFFLINE": "1",
}


class JobProcess:
    """A process that was started for a job."""

    def __init__(self, job: Job, python: str, environment: Mapping[str, str]) -> None:
        self._report = Path(job.report)
        self._output = self._report.with_suffix(".log")
        file = self._report.with_suffix(".job")
        file.write_text(json.dumps(asdict(job)))
        kept = {k: v for k, v in os.environ.items() if not k.startswith(_OWN_SETTINGS)}
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [python, str(_INSIDE), str(file)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=job.folder,
                env=kept | _QUIET | dict(environment),
                start_new_session=True,
            )

    @property
    def killed_itself(self) -> bool:
        """Whether SIGKILL ended it, before `stop` would have sent one."""
        return self._process.returncode == -signal.SIGKILL

    def outcome(self, seconds: float) -> Outcome:
        """Wait for the process, but no longer than this, and read how far it came."""
        late = False
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            late = True
        try:
            outcome = Outcome(**json.loads(self._report.read_text()))
        except FileNotFoundError:
            outcome = Outcome()
        if late:
            outcome.error = f"still at the stage {outcome.stage!r} after {seconds:.0f} s"
        elif outcome.stage != "done" and not outcome.error and self._process.returncode:
            outcome.error = f"ended with code {self._process.returncode}: {self._tail()}"
        return outcome

    def stop(self) -> None:
        """End what is left of the process and of its helpers."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _tail(self) -> str:
        text = self._output.read_bytes()[-600:].decode(errors="replace")
        return " / ".join(line.strip() for line in text.splitlines() if line.strip())


@contextlib.contextmanager
def started(job: Job, python: str, environment: Mapping[str, str]) -> Iterator[JobProcess]:
    """A process for `job`, ended with its helpers when the block is left."""
    process = JobProcess(job, python, environment)
    try:
        yield process
    finally:
        process.stop()
