"""A server with runs a person would have logged, and a browser to look at it."""

import math
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

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
SPIKE = 4.25


class Site(NamedTuple):
    server: ServerProcess
    rest: Rest
    experiment_id: str
    run_id: str
    hostile_id: str
    hostile_run_id: str
    """A run whose every text is HOSTILE."""
    spiky_run_id: str
    """A run whose gradient norm has 20,000 points and one spike."""


def log_run(rest: Rest, experiment_id: str, number: int) -> str:
    chance = random.Random(number)
    rate = chance.choice([0.1, 0.03, 0.01, 0.003])
    started = STARTED_MS + number * 2_000_000
    run_id = rest.create_run(
        experiment_id,
        run_name=f"resnet18-{number:02}",
        user_id=chance.choice(["ana", "bo", "chen"]),
        start_time=started,
    )
    metrics = []
    for step in range(120):
        loss = 2.2 * math.exp(-rate * step) + chance.random() * 0.1 + 0.1
        values = {
            "train/loss": loss,
            "val/loss": loss * 1.1 + chance.random() * 0.05,
            "val/acc": 1 - loss / 3,
            "lr": rate * 0.98**step,
        }
        metrics += [
            {"key": key, "value": value, "step": step, "timestamp": started + step * 1000}
            for key, value in values.items()
        ]
    params = {"lr": rate, "batch size": 2 ** chance.randint(4, 8), "optimizer": "adamw"}
    rest.post(
        "runs/log-batch",
        run_id=run_id,
        metrics=metrics,
        params=[{"key": key, "value": str(value)} for key, value in params.items()],
    )
    end = started + chance.randrange(10**5, 2 * 10**6)
    rest.post(
        "runs/update", run_id=run_id, status=chance.choice(["FINISHED", "FAILED"]), end_time=end
    )
    return run_id


def log_hostile(rest: Rest, experiment_id: str) -> str:
    run_id = rest.create_run(experiment_id, run_name=HOSTILE, user_id=HOSTILE)
    rest.post(
        "runs/log-batch",
        run_id=run_id,
        params=[{"key": "argv", "value": HOSTILE}],
        tags=[{"key": "note", "value": HOSTILE}],
    )
    dataset = {"name": HOSTILE, "digest": HOSTILE[:30], "source_type": HOSTILE, "source": HOSTILE}
    context = [{"key": "mlflow.data.context", "value": HOSTILE}]
    rest.post("runs/log-inputs", run_id=run_id, datasets=[{"dataset": dataset, "tags": context}])
    name = quote(HOSTILE.replace("/", "-"), safe="")
    path = f"{experiment_id}/{run_id}/artifacts/{name}"
    status, _, answer = rest.ask("PUT", f"/api/2.0/mlflow-artifacts/artifacts/{path}", b"bytes")
    assert status == 200, answer
    return run_id


def log_spike(rest: Rest, experiment_id: str) -> str:
    chance = random.Random(7)
    run_id = rest.create_run(experiment_id, run_name="spiky")
    values = [abs(chance.gauss(0.5, 0.1)) for _ in range(20_000)]
    values[12_345] = SPIKE
    for start in range(0, len(values), 1000):
        metrics = [
            {"key": "grad_norm", "value": value, "step": start + i, "timestamp": start + i}
            for i, value in enumerate(values[start : start + 1000])
        ]
        rest.post("runs/log-batch", run_id=run_id, metrics=metrics)
    return run_id


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with eventtrack_server(tmp_path_factory.mktemp("site") / "data") as server:
        rest = Rest(server.port)
        experiment_id = rest.post("experiments/create", name="cifar10 baselines")["experiment_id"]
        hostile_id = rest.post("experiments/create", name=HOSTILE)["experiment_id"]
        runs = [log_run(rest, experiment_id, number) for number in range(14)]
        rest.ask(
            "PUT",
            f"/api/2.0/mlflow-artifacts/artifacts/{experiment_id}/{runs[-1]}/artifacts/plots/roc.txt",
            b"curve",
        )
        hostile_run_id = log_hostile(rest, hostile_id)
        spiky_run_id = log_spike(rest, "0")
        yield Site(server, rest, experiment_id, runs[-1], hostile_id, hostile_run_id, spiky_run_id)
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
