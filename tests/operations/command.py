"""The `eventtrack` command as an operator runs it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.servers import clean_environment

COMMAND = str(Path(sys.executable).with_name("eventtrack"))


def run(*args: str, data: Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run a command on a data folder to its end; any other exit code fails the test."""
    done = subprocess.run(
        [COMMAND, *args, "--data", str(data)],
        capture_output=True,
        text=True,
        timeout=120,
        env=clean_environment(),
        check=False,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done


def run_json(*args: str, data: Path) -> Any:
    """What the command says with --json."""
    return json.loads(run(*args, "--json", data=data).stdout)


def begin(*args: str, data: Path) -> subprocess.Popen[bytes]:
    """Start a command that is to be killed, in a process group of its own."""
    return subprocess.Popen(
        [COMMAND, *args, "--data", str(data)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=clean_environment(),
        start_new_session=True,
    )
