"""A server with runs that the real mlflow client logged, and a browser to look at it."""

import math
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag
from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

from tests.rest import Rest
from tests.servers import ServerProcess, eventtrack_server

CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

HOSTILE = "<img src=x onerror=\"document.title='taken'\">'\"`--"
"""What would run if any page took a name for markup."""

STEPS = 150
RUNS = 30
STARTED_MS = 1_790_000_000_000


class Site(NamedTuple):
    """experiment_id: of RUNS runs; hostile_id: of one run whose every text is HOSTILE."""

    server: ServerProcess
    rest: Rest
    experiment_id: str
    run_ids: list[str]
    hostile_id: str
    hostile_run_id: str


def log_run(client: MlflowClient, experiment_id: str, number: int) -> str:
    chance = random.Random(number)
    started = STARTED_MS + number * 60_000
    rate = chance.choice(["0.1", "0.03", "0.01"])
    run_id: str = client.create_run(
        experiment_id, run_name=f"resnet-{number:02}", start_time=started
    ).info.run_id
    metrics = []
    for step in range(STEPS):
        loss = math.exp(-float(rate) * step) + chance.random() * 0.1
        for key, value in {"train/loss": loss, "val/acc": 1 - loss / 3}.items():
            metrics.append(Metric(key, value, started + step * 1000, step))
    params = [Param("lr", rate), Param("seed", str(number % 3)), Param("width", str(number))]
    client.log_batch(run_id, metrics=metrics, params=params, tags=[RunTag("team", "vision")])
    if number < RUNS - 1:
        status = "FAILED" if number % 10 == 3 else "FINISHED"
        client.set_terminated(run_id, status, end_time=started + 90_000 + number)
    return run_id


def log_hostile(client: MlflowClient, experiment_id: str) -> str:
    run_id: str = client.create_run(experiment_id, run_name=HOSTILE).info.run_id
    client.log_batch(
        run_id,
        # A metric's key takes fewer characters than the others.
        metrics=[Metric("a/b -img src.x", 1.0, STARTED_MS, 0)],
        params=[Param("argv", HOSTILE)],
        tags=[RunTag("note", HOSTILE)],
    )
    return run_id


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with eventtrack_server(tmp_path_factory.mktemp("ui") / "data") as server:
        client = MlflowClient(server.url)
        experiment_id = client.create_experiment("cifar10 baselines")
        runs = [log_run(client, experiment_id, number) for number in range(RUNS)]
        hostile_id = client.create_experiment(HOSTILE)
        hostile_run_id = log_hostile(client, hostile_id)
        rest = Rest(server.port)
        yield Site(server, rest, experiment_id, runs, hostile_id, hostile_run_id)
        rest.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for one module: Playwright holds the thread's event loop while it runs."""
    path = shutil.which("chromium")
    assert path is not None, "the UI's tests need Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield running
        running.close()


class Complaints(list[str]):
    """What the browser complained of, but what a test allows: some may come late."""

    allowed: str | None = None

    def allow(self, words: str) -> None:
        """Complaints with these words are expected, those so far and those to come."""
        self.allowed = words
        self[:] = [each for each in self if words not in each]

    def append(self, complaint: str) -> None:
        """Take one in."""
        if self.allowed is None or self.allowed not in complaint:
            super().append(complaint)

    def watch(self, page: Page) -> None:
        page.on("console", lambda message: self.append(message.text))
        page.on("pageerror", lambda error: self.append(str(error)))
        page.on("requestfailed", self._failed)

    def _failed(self, request: Request) -> None:
        # The browser aborts what a page no longer wants.
        if request.failure != "net::ERR_ABORTED":
            self.append(f"{request.url}: {request.failure}")


@pytest.fixture
def complaints() -> Complaints:
    return Complaints()


@pytest.fixture
def context(browser: Browser, site: Site) -> Iterator[BrowserContext]:
    opened = browser.new_context(
        base_url=site.server.url, viewport={"width": 1440, "height": 900}, timezone_id="UTC"
    )
    yield opened
    opened.close()


@pytest.fixture
def page(context: BrowserContext, complaints: Complaints) -> Iterator[Page]:
    opened = context.new_page()
    complaints.watch(opened)
    yield opened
    opened.close()
    assert complaints == []


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    """Where a test leaves its screenshots for a person to look at."""
    return tmp_path
