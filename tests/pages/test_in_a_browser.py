"""The pages in Chromium: the client's links, charts, search, dark mode, nothing in the console."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.pages.conftest import Site


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    context = browser.new_context(base_url=site.server.url, viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("requestfailed", lambda request: complaints.append(f"failed: {request.url}"))
    # Chromium tells of a navigation that became a download as a failed one.
    opened.on("download", lambda download: complaints.remove(f"failed: {download.url}"))
    yield opened
    context.close()
    assert complaints == []


def test_the_link_that_the_client_prints_opens_the_run(page: Page, site: Site, shots: Path) -> None:
    page.goto(f"/#/experiments/{site.experiment_id}/runs/{site.run_id}")
    expect(page).to_have_url(
        f"{site.server.url}/experiments/{site.experiment_id}/runs/{site.run_id}"
    )
    expect(page.get_by_role("heading", level=1)).to_contain_text("resnet18-13")
    charts = page.get_by_role("img", name="train/loss by step: 120 points")
    expect(charts).to_be_visible()
    expect(page.get_by_text("batch size")).to_be_visible()
    page.screenshot(path=shots / "run.png", full_page=True)


def test_the_experiments_link_opens_its_runs(page: Page, site: Site, shots: Path) -> None:
    page.goto(f"/#/experiments/{site.experiment_id}")
    expect(page.get_by_role("link", name="resnet18-00")).to_be_visible()
    assert page.get_by_role("row").count() == 2 + 14
    page.screenshot(path=shots / "experiment.png")


def test_from_the_list_to_a_run_by_clicking(page: Page, site: Site, shots: Path) -> None:
    page.goto("/")
    page.screenshot(path=shots / "index.png")
    page.get_by_role("link", name="cifar10 baselines").click()
    page.get_by_label("Filter").fill("params.lr = '0.1'")
    page.get_by_role("button", name="Search").click()
    first = page.locator("tbody tr").first
    expect(first).to_contain_text("0.1")
    first.get_by_role("link").click()
    expect(page.get_by_role("heading", name="Params")).to_be_visible()


def test_an_artifact_is_reached_through_its_folder(page: Page, site: Site) -> None:
    page.goto(f"/experiments/{site.experiment_id}/runs/{site.run_id}")
    page.get_by_role("link", name="plots/").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="roc.txt").click()
    assert Path(download.value.path()).read_bytes() == b"curve"


def test_what_is_logged_never_runs(page: Page, site: Site) -> None:
    page.goto("/")
    expect(page.get_by_text("<script>document.title")).to_be_visible()
    page.goto(f"/experiments/{site.experiment_id}/runs/{site.run_id}")
    expect(page.get_by_text("<script>document.title")).to_be_visible()
    assert "taken" not in page.title()


def test_dark_and_narrow(browser: Browser, site: Site, shots: Path) -> None:
    context = browser.new_context(
        base_url=site.server.url, color_scheme="dark", viewport={"width": 390, "height": 800}
    )
    page = context.new_page()
    page.goto(f"/experiments/{site.experiment_id}/runs/{site.run_id}")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(18, 23, 21)"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.screenshot(path=shots / "dark.png", full_page=True)
    context.close()
