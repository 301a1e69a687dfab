"""Real server processes for tests: start one on a free port, wait until it answers, end it.

`eventtrack_server` starts the server under test, `mlflow_server` the real MLflow that the
differential tests compare it with.  Both return a running `ServerProcess`; use it as a context
manager, so that a failing test leaves no process behind.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

HOST = "127.0.0.1"

# mlflow is a development dependency, so its interpreter is ours unless someone says otherwise.
MLFLOW_PYTHON = os.environ.get("EVENTTRACK_TEST_MLFLOW_PYTHON", sys.executable)

_EVENTTRACK_START_SECONDS = 20.0
# MLflow imports for ten seconds and more on two busy cores before it opens its port.
_MLFLOW_START_SECONDS = 120.0
_STOP_SECONDS = 30.0
_POLL_SECONDS = 0.02


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment without the developer's own MLflow and eventtrack settings, plus `extra`."""
    ours = ("MLFLOW_", "EVENTTRACK_", "_MLFLOW_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {"PYTHONUNBUFFERED": "1"} | dict(extra or {})


class ServerDidNotStart(AssertionError):
    """The command ended, or did not answer /health in time; the message carries its output."""


class ServerProcess:
    """One server in its own process group, with its output kept for the failure message."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        port: int,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        start_seconds: float = _EVENTTRACK_START_SECONDS,
    ) -> None:
        """Start `command`, which must serve on `port`, and return once GET /health answers 200."""
        self.port = port
        self.url = f"http://{HOST}:{port}"
        # A file, not a pipe: a server that logs much must never wait for somebody to read.
        self._output = tempfile.TemporaryFile(mode="a+b")  # noqa: SIM115 (lives as long as we do)
        self.process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            env=clean_environment(env),
            cwd=cwd,
            start_new_session=True,
        )
        try:
            self._wait_until_healthy(start_seconds)
        except BaseException:
            self.kill()
            raise

    def log(self) -> str:
        """Everything the server has written to stdout and stderr so far."""
        descriptor = self._output.fileno()
        # pread leaves alone the file offset, which the server's own descriptor shares.
        return os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode(errors="replace")

    def stop(self) -> int:
        """Ask for a graceful end (SIGTERM), wait for it, and return the exit code."""
        self._signal(signal.SIGTERM)
        try:
            return self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(
                f"the server did not end in {_STOP_SECONDS} s after SIGTERM:\n{self.log()}"
            ) from None

    def kill(self) -> None:
        """End the server at once (SIGKILL), as a power cut would."""
        self._signal(signal.SIGKILL)
        self.process.wait()

    def __enter__(self) -> Self:
        """The running server itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the server if the test has not done so."""
        if self.process.poll() is None:
            self.stop()
        self._output.close()

    def _signal(self, number: signal.Signals) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, number)

    def _wait_until_healthy(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if _is_healthy(self.port):
                return
            # Waiting on the process paces the loop and notices at once when it has ended.
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = self.process.wait(_POLL_SECONDS)
                raise ServerDidNotStart(f"the server ended with code {code}:\n{self.log()}")
        raise ServerDidNotStart(f"no answer from /health in {seconds} s:\n{self.log()}")


def eventtrack_server(
    data_dir: Path,
    *args: str,
    env: Mapping[str, str] | None = None,
    port: int | None = None,
) -> ServerProcess:
    """`eventtrack server` on `data_dir`, with any further options in `args`."""
    chosen = port or free_port()
    command = [str(Path(sys.executable).with_name("eventtrack")), "server"]
    command += ["--host", HOST, "--port", str(chosen), "--data", str(data_dir), *args]
    return ServerProcess(command, port=chosen, env=env)


def mlflow_server(
    directory: Path,
    *args: str,
    env: Mapping[str, str] | None = None,
    port: int | None = None,
) -> ServerProcess:
    """The real `mlflow server`: one worker, a SQLite store and proxied artifacts in `directory`."""
    chosen = port or free_port()
    directory.mkdir(parents=True, exist_ok=True)
    command = [MLFLOW_PYTHON, "-m", "mlflow", "server", "--workers", "1"]
    command += ["--host", HOST, "--port", str(chosen)]
    command += ["--backend-store-uri", f"sqlite:///{directory / 'mlflow.db'}"]
    command += ["--artifacts-destination", str(directory / "artifacts"), *args]
    settings = {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        **(env or {}),
    }
    return ServerProcess(
        command,
        port=chosen,
        env=settings,
        cwd=directory,
        start_seconds=_MLFLOW_START_SECONDS,
    )


def _is_healthy(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except OSError:
        return False  # not listening yet
    except http.client.HTTPException:
        return False  # somebody else's port, or a server that is just ending
    finally:
        connection.close()
