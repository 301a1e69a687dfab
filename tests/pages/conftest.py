"""A server with runs a person would have logged, and a browser to look at it."""

import math
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.rest import Rest
from tests.servers import ServerProcess, eventtrack_server

HOSTILE = "<script>document.title='taken'</script>"
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


STARTED_MS = 1_790_000_000_000


class Site(NamedTuple):
    server: ServerProcess
    rest: Rest
    experiment_id: str
    run_id: str


def log_runs(rest: Rest, experiment_id: str, number: int) -> str:
    chance = random.Random(number)
    rate = chance.choice([0.1, 0.03, 0.01, 0.003])
    run_id = rest.create_run(
        experiment_id,
        run_name=f"resnet18-{number:02}",
        user_id=chance.choice(["ana", "bo", "chen"]),
        start_time=STARTED_MS + number * 2_000_000,
    )
    metrics = []
    for step in range(120):
        loss = 2.2 * math.exp(-rate * step) + chance.random() * 0.1 + 0.1
        metrics += [
            {
                "key": "train/loss",
                "value": loss,
                "step": step,
                "timestamp": STARTED_MS + step,
            },
            {"key": "val/acc", "value": 1 - loss / 3, "step": step, "timestamp": STARTED_MS},
        ]
    params = {"lr": rate, "batch size": 2 ** chance.randint(4, 8), "optimizer": "adamw"}
    rest.post(
        "runs/log-batch",
        run_id=run_id,
        metrics=metrics,
        params=[{"key": key, "value": str(value)} for key, value in params.items()],
    )
    end = STARTED_MS + number * 2_000_000 + chance.randrange(10**5, 2 * 10**6)
    rest.post(
        "runs/update", run_id=run_id, status=chance.choice(["FINISHED", "FAILED"]), end_time=end
    )
    return run_id


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with eventtrack_server(tmp_path_factory.mktemp("site") / "data") as server:
        rest = Rest(server.port)
        experiment_id = rest.post("experiments/create", name="cifar10 baselines")["experiment_id"]
        rest.post("experiments/create", name=HOSTILE)
        runs = [log_runs(rest, experiment_id, number) for number in range(14)]
        rest.post("runs/set-tag", run_id=runs[-1], key="note", value=HOSTILE)
        rest.ask(
            "PUT",
            f"/api/2.0/mlflow-artifacts/artifacts/{experiment_id}/{runs[-1]}/artifacts/plots/roc.txt",
            b"curve",
        )
        yield Site(server, rest, experiment_id, runs[-1])
        rest.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for one module: Playwright holds the thread's event loop while it runs."""
    path = shutil.which("chromium")
    assert path is not None, "the page tests need Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield running
        running.close()


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    """Where a test leaves its screenshots for a person to look at."""
    return tmp_path
