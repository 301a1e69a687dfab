"""`python scripts/bench --import`: how fast a team's MLflow database moves in.

The database is made by the `mlflow` that is installed beside us (its tables and indices), filled
with rows as its server would have written them, and imported by the command that a user runs.
"""

import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import click

KEYS = 10


@click.command()
@click.option("--import", "is_flag", is_flag=True, hidden=True)
@click.option("--points", default=2_000_000, show_default=True, help="Of metrics.")
@click.option("--runs", default=200, show_default=True)
def main(points: int, runs: int, **_: object) -> None:
    """Measure the import of an MLflow SQLite database, and of the same once more."""
    with tempfile.TemporaryDirectory() as folder:
        source, data = Path(folder) / "mlflow.db", Path(folder) / "data"
        _make(source, points, runs)
        print(f"{source.stat().st_size / 1e6:,.0f} MB of {runs} runs, {points:,} points")
        for what in ("first import", "the same again"):
            began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
            command = [sys.executable, "-m", "eventtrack", "import", str(source)]
            subprocess.run([*command, "--data", str(data)], check=True, stdout=subprocess.DEVNULL)
            seconds = time.perf_counter() - began
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            print(
                f"{what}: {seconds:.1f} s, {points / seconds:,.0f} points/s, "
                f"{cpu / points * 1e6:.2f} CPU-seconds per million points"
            )


def _make(path: Path, points: int, runs: int) -> None:
    upgrade = [sys.executable, "-m", "mlflow", "db", "upgrade", f"sqlite:///{path}"]
    subprocess.run(upgrade, check=True, capture_output=True)
    connection = sqlite3.connect(path)
    connection.execute(
        """INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage,
               creation_time, last_update_time)
           VALUES (1, 'bench', 'mlflow-artifacts:/1', 'active', 1, 1)"""
    )
    steps = max(1, points // (runs * KEYS))
    for number in range(runs):
        run_id = f"{number:032x}"
        connection.execute(
            """INSERT INTO runs (run_uuid, name, user_id, status, start_time, artifact_uri,
                   lifecycle_stage, experiment_id)
               VALUES (?, ?, 'bench', 'FINISHED', ?, ?, 'active', 1)""",
            (run_id, f"run {number}", number, f"mlflow-artifacts:/1/{run_id}/artifacts"),
        )
        for table in ("params", "tags"):
            connection.executemany(
                f"INSERT INTO {table} (key, value, run_uuid) VALUES (?, ?, ?)",
                [(f"key {place}", str(place), run_id) for place in range(10)],
            )
        connection.executemany(
            """INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan)
               VALUES (?, ?, ?, ?, ?, 0)""",
            _rows(run_id, steps),
        )
    connection.commit()
    connection.close()


def _rows(run_id: str, steps: int) -> Iterator[tuple[str, float, int, str, int]]:
    """All metrics of a step together, as a training loop logs them."""
    for step in range(steps):
        for key in range(KEYS):
            value = (step * 7919 + key) % 10_007 / 10_007
            yield f"metric_{key}", value, 1_700_000_000_000 + 100 * step, run_id, step
