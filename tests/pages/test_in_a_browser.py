"""The pages in Chromium: the client's links, charts, search, dark mode, nothing in the console."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, Request, expect

from tests.pages.conftest import SPIKE, Site


def failure_of(request: Request) -> list[str]:
    """Why a request failed; Chromium aborts some when it leaves a page or begins a download."""
    aborted = request.failure == "net::ERR_ABORTED"
    return [] if aborted else [f"{request.url}: {request.failure}"]


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    context = browser.new_context(base_url=site.server.url, viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    complaints: list[str] = []
    opened.on("console", lambda message: complaints.append(message.text))
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("requestfailed", lambda request: complaints.extend(failure_of(request)))
    yield opened
    context.close()
    assert complaints == []


def test_the_link_that_the_client_prints_opens_the_run(page: Page, site: Site, shots: Path) -> None:
    page.goto(f"/experiments#/experiments/{site.experiment_id}/runs/{site.run_id}")
    expect(page).to_have_url(
        f"{site.server.url}/experiments/{site.experiment_id}/runs/{site.run_id}"
    )
    expect(page.get_by_role("heading", level=1)).to_contain_text("resnet18-13")
    charts = page.get_by_role("img", name="train/loss by step: 120 points")
    expect(charts).to_be_visible()
    expect(page.get_by_text("batch size")).to_be_visible()
    page.screenshot(path=shots / "run.png", full_page=True)


def test_the_experiments_link_opens_its_runs(page: Page, site: Site, shots: Path) -> None:
    page.goto(f"/experiments#/experiments/{site.experiment_id}")
    expect(page.get_by_role("link", name="resnet18-00")).to_be_visible()
    assert page.get_by_role("row").count() == 2 + 14
    page.screenshot(path=shots / "experiment.png")


def test_from_the_list_to_a_run_by_clicking(page: Page, site: Site, shots: Path) -> None:
    page.goto("/experiments")
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
    run = f"/experiments/{site.hostile_id}/runs/{site.hostile_run_id}"
    for path in ("/experiments", f"/experiments/{site.hostile_id}", run):
        page.goto(path)
        expect(page.get_by_text("<script>document.title").first).to_be_visible()
        assert page.title() != "taken"


def test_a_link_pasted_into_an_open_page_is_followed(page: Page, site: Site) -> None:
    page.goto("/experiments")
    page.evaluate(f"location.hash = '#/experiments/{site.experiment_id}'")
    expect(page).to_have_url(f"{site.server.url}/experiments/{site.experiment_id}")
    page.evaluate(f"location.hash = '#/experiments/0/runs/{site.spiky_run_id}'")
    expect(page.get_by_role("heading", level=1)).to_contain_text("spiky")


def test_a_heading_sorts_and_says_so(page: Page, site: Site) -> None:
    page.goto(f"/experiments/{site.experiment_id}")
    page.get_by_role("link", name="train/loss").click()
    heading = page.get_by_role("columnheader", name="train/loss")
    expect(heading).to_have_attribute("aria-sort", "descending")
    expect(page.get_by_label("Order")).to_have_value("metrics.`train/loss` DESC")


def test_a_mistake_is_shown_at_its_field(browser: Browser, site: Site, shots: Path) -> None:
    page = browser.new_page(base_url=site.server.url)
    page.goto(f"/experiments/{site.experiment_id}")
    page.get_by_label("Filter").fill("metrics.loss <")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("alert")).to_contain_text("Invalid filter")
    expect(page.get_by_label("Filter")).to_have_value("metrics.loss <")
    page.screenshot(path=shots / "mistake.png")
    page.close()


def test_one_point_of_twenty_thousand_is_drawn(page: Page, site: Site, shots: Path) -> None:
    page.goto(f"/experiments/0/runs/{site.spiky_run_id}")
    chart = page.get_by_role("img", name="grad_norm by step: 20000 points")
    expect(chart).to_be_visible()
    height = chart.locator(".band").evaluate("path => path.getBBox().height")
    middle = chart.locator(".line").evaluate("path => path.getBBox().height")
    assert height > 3 * middle
    expect(page.get_by_text(f"max {SPIKE}")).to_be_visible()
    page.screenshot(path=shots / "spike.png")


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("width", [390, 1280])
def test_every_page_fits_the_window(
    browser: Browser, site: Site, shots: Path, scheme: Literal["dark", "light"], width: int
) -> None:
    context = browser.new_context(
        base_url=site.server.url, color_scheme=scheme, viewport={"width": width, "height": 844}
    )
    page = context.new_page()
    experiment, run = f"/experiments/{site.experiment_id}", f"/runs/{site.run_id}"
    hostile = f"/experiments/{site.hostile_id}"
    pages = {
        "index": "/experiments",
        "experiment": experiment,
        "run": experiment + run,
        "hostile": hostile,
        "hostile-run": f"{hostile}/runs/{site.hostile_run_id}",
        "fault": "/experiments/999",
    }
    for name, path in pages.items():
        page.goto(path)
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == {"dark": "rgb(18, 23, 21)", "light": "rgb(251, 251, 249)"}[scheme]
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.screenshot(path=shots / f"{name}-{scheme}-{width}.png", full_page=True)
    context.close()
