"""Every page with names and values that would run if any page took them for markup."""

import pytest
from mlflow import MlflowClient
from playwright.sync_api import Page, expect

from tests.ui.conftest import HOSTILE, Complaints, Site
from tests.ui.test_run_page import region

TABS = ["", "params", "metrics", "charts", "system", "console", "artifacts", "links", "history"]


def assert_nothing_ran(page: Page) -> None:
    expect(page.locator("img[src=x]")).to_have_count(0)
    assert page.title() != "taken"


@pytest.mark.parametrize("tab", TABS)
def test_a_hostile_run_is_only_text(page: Page, site: Site, tab: str) -> None:
    page.goto(f"/#/experiments/{site.hostile_id}/runs/{site.hostile_run_id}/{tab}")
    expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE)
    expect(page.locator(".tab-body")).not_to_be_empty()
    assert_nothing_ran(page)


def test_compared_it_is_only_text(page: Page, site: Site) -> None:
    page.goto(f"/#/compare?runs={site.hostile_run_id},{site.run_ids[0]}")
    expect(page.get_by_role("cell", name=HOSTILE).first).to_be_visible()
    assert_nothing_ran(page)
    page.goto(f"/#/compare?runs={site.hostile_run_id},{site.run_ids[0]}&view=scatter")
    expect(page.get_by_role("img")).to_be_visible()
    assert_nothing_ran(page)


@pytest.mark.parametrize(
    "address",
    [
        f"models/{HOSTILE}",
        f"models/{HOSTILE}/versions/{HOSTILE}",
        f"runs/{HOSTILE}",
        f"compare?runs={HOSTILE}",
        f"experiments/1/models/{HOSTILE}",
        f"models?find={HOSTILE}",
    ],
)
def test_a_hostile_address_is_only_text(
    page: Page, site: Site, address: str, complaints: Complaints
) -> None:
    page.goto(f"/#/{address}")
    expect(page.get_by_role("main")).not_to_be_empty()
    expect(page.get_by_role("main").locator("article, section").first).to_be_visible()
    assert_nothing_ran(page)
    assert [each for each in complaints if "40" not in each] == []
    complaints.clear()


def test_a_logged_model_s_address_shows_it(page: Page, site: Site) -> None:
    client = MlflowClient(site.server.url)
    model = client.create_logged_model(
        site.hostile_id, name="net", source_run_id=site.hostile_run_id, params={"lr": HOSTILE}
    )
    page.goto(f"/#/experiments/{site.hostile_id}/models/{model.model_id}")
    expect(page.get_by_role("heading", level=1)).to_contain_text(model.model_id)
    expect(page.get_by_role("row", name="lr")).to_contain_text(HOSTILE)
    expect(page.get_by_role("navigation", name="Files")).to_contain_text("No files")
    page.get_by_role("button", name="History").click()
    expect(region(page, "History")).to_contain_text("created logged model")
    assert_nothing_ran(page)
