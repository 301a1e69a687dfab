"""Runs the real mlflow client in a process of its own, as its settings are the environment's."""

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.servers import MLFLOW_PYTHON, clean_environment

ROOT = Path(__file__).parents[2]


def script(name: str, *args: str, cwd: Path) -> Any:
    """What a script of this folder prints as JSON."""
    done = subprocess.run(
        [MLFLOW_PYTHON, "-m", f"tests.migration.{name}", *args],
        env=clean_environment(
            {
                "PYTHONPATH": str(ROOT),
                "MLFLOW_DISABLE_TELEMETRY": "true",
                "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
                "MLFLOW_ALLOW_FILE_STORE": "true",
                "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
            }
        ),
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    # The client says good-bye to each run that ends on a server.
    return json.loads(done.stdout.splitlines()[-1])


def populated(uri: str, cwd: Path) -> dict[str, str]:
    """Fill a store; the ids of what is in it."""
    known: dict[str, str] = script("population", uri, cwd=cwd)
    return known


def seen(uri: str, cwd: Path) -> Any:
    """All that a client sees at a store."""
    return script("seen", uri, cwd=cwd)
