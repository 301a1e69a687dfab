"""Around the pages: newcomers, outages, small screens, people who do not see or point."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.rest import Rest
from tests.servers import eventtrack_server
from tests.ui.conftest import Complaints, Site


def test_a_newcomer_is_shown_the_lines_to_paste_and_then_the_run(
    browser: Browser, tmp_path: Path, complaints: Complaints, shots: Path
) -> None:
    with eventtrack_server(tmp_path / "data") as server:
        page = browser.new_page(base_url=server.url)
        complaints.watch(page)
        page.goto("/#/?charts=0")
        expect(page.get_by_text(f'mlflow.set_tracking_uri("{server.url}")')).to_be_visible()
        page.screenshot(path=shots / "empty.png")
        rest = Rest(server.port)
        rest.create_run("0", run_name="the first")
        expect(page.get_by_role("link", name="the first")).to_be_visible()
        run_id = rest.create_run("0", run_name="the second", start_time=2)
        rest.post("runs/log-metric", run_id=run_id, key="loss", value=0.25, step=0, timestamp=1)
        expect(page.get_by_role("columnheader", name="loss")).to_be_visible()
        expect(page.get_by_role("row").filter(has_text="the second")).to_contain_text("0.25")
        rest.close()
        page.close()
    assert complaints == []


def test_after_an_outage_the_page_goes_on_by_itself(browser: Browser, tmp_path: Path) -> None:
    with eventtrack_server(tmp_path / "data") as server:
        rest = Rest(server.port)
        rest.create_run("0", run_name="before")
        rest.close()
        page = browser.new_page(base_url=server.url)
        page.goto("/#/?charts=0")
        expect(page.get_by_role("link", name="before")).to_be_visible()
        expect(page.get_by_text("Live")).to_be_visible()
        server.kill()
        expect(page.get_by_text("Offline")).to_be_visible()
        expect(page.get_by_role("link", name="before")).to_be_visible()
        with eventtrack_server(tmp_path / "data", port=server.port):
            rest = Rest(server.port)
            rest.create_run("0", run_name="after", start_time=2)
            expect(page.get_by_role("link", name="after")).to_be_visible(timeout=20_000)
            expect(page.get_by_text("Live")).to_be_visible()
            rest.close()
            page.close()


def test_an_address_of_nothing_says_so(page: Page, complaints: Complaints) -> None:
    page.goto("/#/nowhere")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="All runs").click()
    expect(page.get_by_role("grid")).to_be_visible()
    page.goto("/#/runs/0123456789abcdef0123456789abcdef")
    expect(page.get_by_role("alert")).to_contain_text("0123456789abcdef")
    page.goto("/#/experiments/987654")
    expect(page.get_by_role("alert")).to_contain_text("987654")
    page.goto("/#/?charts=0&q='nobody%20has%20this%20name'")
    expect(page.get_by_role("heading", name="No run is like that")).to_be_visible()
    page.get_by_role("button", name="Show all active runs").click()
    expect(page.get_by_role("grid").get_by_role("link").first).to_be_visible()
    complaints.allow("404")


def test_the_past_is_marked_and_left_again(page: Page, site: Site) -> None:
    run_id = site.rest.create_run("0", run_name="as it was")
    position = site.rest.ask("POST", "/api/eventtrack/1/runs/table", {"limit": 0})[2]
    at = position.split(b'"position":"')[1].split(b'"')[0].decode()
    site.rest.post("runs/update", run_id=run_id, run_name="as it is")
    page.goto(f"/#/experiments/0?charts=0&at={at}")
    expect(page.get_by_role("link", name="as it was")).to_be_visible()
    page.get_by_role("button", name="As of").click()
    expect(page.get_by_role("link", name="as it is")).to_be_visible()
    site.rest.post("runs/delete", run_id=run_id)


@pytest.mark.parametrize("width", [390, 1280])
def test_a_small_screen_shows_the_runs_too(
    browser: Browser, site: Site, width: int, shots: Path
) -> None:
    page = browser.new_page(base_url=site.server.url, viewport={"width": width, "height": 800})
    page.goto(f"/#/experiments/{site.experiment_id}")
    expect(page.get_by_role("link", name="resnet-29")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.screenshot(path=shots / f"{width}.png")
    page.close()


def test_many_tabs_leave_connections_for_each_other(browser: Browser, site: Site) -> None:
    """A browser has six connections to a server, and each page that is looked at holds one."""
    context = browser.new_context(base_url=site.server.url)
    context.clock.install()
    pages = []
    for _ in range(8):
        page = context.new_page()
        page.goto(f"/#/experiments/{site.experiment_id}?charts=0")
        expect(page.get_by_role("link", name="resnet-29")).to_be_visible()
        # What a browser tells a page that another tab covers; headless Chromium covers none.
        page.evaluate(
            """() => {
              Object.defineProperty(document, 'hidden', { value: true, configurable: true });
              document.dispatchEvent(new Event('visibilitychange'));
            }"""
        )
        page.clock.run_for(11_000)
        pages.append(page)
    site.rest.post("runs/set-tag", run_id=site.run_ids[-1], key="seen", value="again")
    pages[0].evaluate(
        """() => {
          Object.defineProperty(document, 'hidden', { value: false, configurable: true });
          document.dispatchEvent(new Event('visibilitychange'));
        }"""
    )
    expect(pages[0].get_by_text("Live")).to_be_visible()
    context.close()
