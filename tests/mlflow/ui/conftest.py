"""Our server with MLflow's UI and what a team has logged, and a page that may not complain."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.mlflow.ui.population import Populated, populate
from tests.mlflow.ui.recording import WITHOUT_THE_ASSISTANT, Recorder, unexpected
from tests.rest import Rest
from tests.servers import ServerProcess, eventtrack_server
from tests.ui.conftest import CHROMIUM_FLAGS

# MLflow's pages are megabytes of scripts, and other tests want the processor as well.
expect.set_options(timeout=30_000)


class Site(NamedTuple):
    """A running server and what is in it."""

    server: ServerProcess
    ids: Populated


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with eventtrack_server(tmp_path_factory.mktemp("mlflow-ui"), "--ui", "mlflow") as server:
        rest = Rest(server.port)
        ids = populate(rest)
        rest.close()
        yield Site(server, ids)


@pytest.fixture
def rest(site: Site) -> Iterator[Rest]:
    """A connection of the test's own: a browser test outlives the server's patience with one."""
    opened = Rest(site.server.port)
    yield opened
    opened.close()


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
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """A page on which every request must succeed and nothing may be complained about."""
    context = browser.new_context(
        base_url=site.server.url, viewport={"width": 1500, "height": 1000}
    )
    context.add_init_script(WITHOUT_THE_ASSISTANT)
    opened = context.new_page()
    recorder = Recorder(opened)
    yield opened
    recorder.settle()
    exchanges, complaints = recorder.take()
    context.close()
    assert unexpected(exchanges, complaints) == []


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    """Where a test leaves its screenshots for a person to look at."""
    return tmp_path
