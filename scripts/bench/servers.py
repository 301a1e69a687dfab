"""Starts the servers under test, each in an empty directory and its own process group."""

from __future__ import annotations

import contextlib
import http.client
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.bench.caller import HOST
from scripts.bench.watch import ProcessTree

START_SECONDS = 180.0
_STOP_SECONDS = 20.0
_POLL_SECONDS = 0.003
_OWN_SETTINGS = ("MLFLOW_", "_MLFLOW_", "EVENTTRACK_", "FML_")


class CannotMeasure(Exception):
    """A server could not do what the workload asks; the message says what it did instead."""


@dataclass(frozen=True)
class ServerSpec:
    """A name and a command in which {port} and {dir} are filled in."""

    name: str
    command: str

    @staticmethod
    def parse(text: str) -> ServerSpec:
        """Read `name=command`; raises ValueError."""
        name, equals, command = text.partition("=")
        if not equals or not name.strip() or "{port}" not in command:
            raise ValueError(f"{text!r} is not 'name=command with {{port}} and {{dir}}'")
        return ServerSpec(name.strip(), command.strip())

    @staticmethod
    def eventtrack() -> ServerSpec:
        """The server installed beside this interpreter."""
        script = Path(sys.executable).with_name("eventtrack")
        found = str(script) if script.exists() else shutil.which("eventtrack") or "eventtrack"
        return ServerSpec(
            "eventtrack",
            f"{shlex.quote(found)} server --host {HOST} --port {{port}} --data {{dir}}/data",
        )


class Server:
    """A server process that was just started; it may not answer yet."""

    def __init__(self, spec: ServerSpec, folder: Path) -> None:
        self.name = spec.name
        self.folder = folder / "files"
        self.folder.mkdir()
        self.port = _free_port()
        self._output = folder / "output.log"
        words = [
            word.replace("{port}", str(self.port)).replace("{dir}", str(self.folder))
            for word in shlex.split(spec.command)
        ]
        with self._output.open("wb") as output:
            self.started_at = time.monotonic()
            self._process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=_environment(),
                start_new_session=True,
            )
        self.tree = ProcessTree(self._process.pid)

    def wait_for(self, method: str, path: str, body: bytes | None = None) -> float:
        """Ask until the answer is 200, and return the seconds since the process began."""
        deadline = self.started_at + START_SECONDS
        status: int | None = None
        while time.monotonic() < deadline:
            status = self._status(method, path, body)
            if status == 200:
                return time.monotonic() - self.started_at
            if self._process.poll() is not None:
                raise CannotMeasure(f"it ended with code {self._process.returncode}: {self.tail()}")
            time.sleep(_POLL_SECONDS)
        raise CannotMeasure(f"{method} {path} gave {status} for {START_SECONDS:.0f} s")

    def tail(self) -> str:
        """The end of what the server printed, on one line."""
        text = self._output.read_bytes()[-600:].decode(errors="replace")
        return " / ".join(line.strip() for line in text.splitlines() if line.strip())

    def stop(self) -> None:
        """Ask the server to end, and end its whole group if it does not."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_STOP_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _status(self, method: str, path: str, body: bytes | None) -> int | None:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=START_SECONDS)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()


@contextlib.contextmanager
def launched(spec: ServerSpec) -> Iterator[Server]:
    """A server of `spec` in a new empty directory, removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
        server = Server(spec, Path(folder))
        try:
            yield server
        finally:
            server.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _environment() -> dict[str, str]:
    """Ours without the developer's own server settings; nobody reports home during a benchmark."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OWN_SETTINGS)}
    return kept | {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}
