"""Each script in `scripts/` is a trainer: the real mlflow client reads back what it logged.

The client runs in a process of its own, as it does for users: with its own settings, caches and
background threads, none of which may leak into the next test.
"""

from __future__ import annotations

import subprocess
import uuid
from pathlib import Path

import pytest

from tests.servers import MLFLOW_PYTHON, clean_environment

_ROOT = Path(__file__).parents[3]
_FOLDER = Path(__file__).parent / "scripts"
_SCRIPTS = [f"tests.mlflow.client.scripts.{path.stem}" for path in sorted(_FOLDER.glob("[!_]*.py"))]

_SCRIPT_SECONDS = 120


@pytest.mark.parametrize("way", ["http", "eventtrack"])
@pytest.mark.parametrize("script", _SCRIPTS, ids=lambda name: name.rsplit(".")[-1])
def test_the_client_reads_back_what_it_logged(
    subject_url: str, script: str, way: str, tmp_path: Path
) -> None:
    """Over HTTP, and through the plug-in's spool: the scripts must not notice the difference."""
    environment = clean_environment(
        {
            "MLFLOW_TRACKING_URI": subject_url.replace("http", way, 1),
            "EVENTTRACK_SPOOL_DIR": str(tmp_path / "spool"),
            "PYTHONPATH": str(_ROOT),
            "MLFLOW_DISABLE_TELEMETRY": "true",
            # A 5xx is a bug here: report it at once, do not retry it for minutes.
            "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
            "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
            "EXPERIMENT": f"{script} {uuid.uuid4().hex}",
        }
    )
    done = subprocess.run(
        [MLFLOW_PYTHON, "-m", script],
        env=environment,
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=_SCRIPT_SECONDS,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
