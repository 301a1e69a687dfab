"""Runs training scripts in processes of their own, as users do."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def environment(url: str, spool: Path, **extra: str) -> dict[str, str]:
    """The environment of a training process: our variables and nobody else's."""
    ours = ("MLFLOW_", "EVENTTRACK_", "RANK", "LOCAL_RANK", "SLURM_", "WORLD_SIZE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    settings = {
        "EVENTTRACK_TRACKING_URI": url,
        "EVENTTRACK_SPOOL_DIR": str(spool),
        "EVENTTRACK_CAPTURE": "none",
        "EVENTTRACK_EXIT_TIMEOUT_SECONDS": "20",
        "PYTHONPATH": f"{ROOT}:{os.environ.get('PYTHONPATH', '')}",
    }
    return kept | settings | extra


def start(script: str, url: str, spool: Path, **extra: str) -> "subprocess.Popen[str]":
    """Start a script; its output is read with `communicate`."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)],
        env=environment(url, spool, **extra),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=spool.parent,
    )


def train(script: str, url: str, spool: Path, code: int = 0, **extra: str) -> tuple[str, str]:
    """Run a script to its end, which must have this exit code; returns its output and errors."""
    with start(script, url, spool, **extra) as process:
        output, errors = process.communicate(timeout=120)
    assert process.returncode == code, f"{process.returncode}: {output}\n{errors}"
    return output, errors


def sync(spool: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """`eventtrack sync`."""
    return subprocess.run(
        [str(Path(sys.executable).with_name("eventtrack")), "sync", str(spool), *options],
        env=environment("", spool) | {"EVENTTRACK_TRACKING_URI": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
