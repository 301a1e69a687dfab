"""The model registry's pages in Chromium: found, described, promoted, moved, deleted, undone."""

import time
from pathlib import Path

import pytest
from mlflow import MlflowClient
from playwright.sync_api import Page, Route, expect

from tests.ui.conftest import HOSTILE, Site
from tests.ui.test_run_page import answer, region


@pytest.fixture(scope="module")
def client(site: Site) -> MlflowClient:
    return MlflowClient(site.server.url)


@pytest.fixture(scope="module")
def model(client: MlflowClient, site: Site) -> str:
    """A model with two versions, of a run's folder and of a logged model."""
    name = "digits net"
    client.create_registered_model(name, {"team": "vision"}, "Reads **digits**.")
    run_id = site.run_ids[0]
    client.create_model_version(name, f"runs:/{run_id}/model", run_id=run_id)
    logged = client.create_logged_model(site.experiment_id, name="net", source_run_id=run_id)
    client.finalize_logged_model(logged.model_id, "READY")
    client.create_model_version(
        name, f"models:/{logged.model_id}", run_id=run_id, model_id=logged.model_id
    )
    client.set_registered_model_alias(name, "champion", "1")
    return name


def test_models_are_found_by_a_part_of_their_name_or_a_filter(
    page: Page, site: Site, model: str, client: MlflowClient, shots: Path
) -> None:
    client.create_registered_model("other thing", description=HOSTILE)
    page.goto("/#/models")
    expect(page.get_by_role("link", name=model)).to_be_visible()
    expect(page.get_by_role("cell", name=HOSTILE)).to_be_visible()
    assert page.title() == "Models · eventtrack"
    page.screenshot(path=shots / "models.png")
    page.get_by_label("Find models").fill("DIGITS")
    expect(page.get_by_role("link", name="other thing")).to_have_count(0)
    expect(page.get_by_role("link", name=model)).to_be_visible()
    page.get_by_label("Find models").fill("tags.team = 'nobody'")
    expect(page.get_by_role("heading", name="No model is like this")).to_be_visible()


def test_a_model_shows_its_versions_aliases_and_description(
    page: Page, site: Site, model: str, shots: Path
) -> None:
    page.goto("/#/models")
    page.get_by_role("link", name=model).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(model)
    versions = region(page, "Versions")
    expect(versions.get_by_role("row")).to_have_count(3)
    expect(versions.get_by_role("row").filter(has_text="Version 1")).to_contain_text("@champion")
    expect(region(page, "Description").locator("strong")).to_have_text("digits")
    expect(region(page, "Tags")).to_contain_text("vision")
    page.screenshot(path=shots / "model.png")


def test_a_version_is_promoted_and_the_promotion_undone(
    page: Page, site: Site, model: str, shots: Path
) -> None:
    page.goto(f"/#/models/{model}/versions/2")
    expect(region(page, "Logged model")).to_contain_text("net")
    page.get_by_role("button", name="Promote").click()
    answer(page, "Promote")
    expect(page.locator(".label", has_text="@champion")).to_be_visible()
    page.screenshot(path=shots / "version.png")
    page.get_by_role("status").get_by_role("button", name="Undo").click()
    expect(page.locator(".label", has_text="@champion")).to_have_count(0)
    page.goto(f"/#/models/{model}/versions/1")
    expect(page.locator(".label", has_text="@champion")).to_be_visible()
    link = page.get_by_role("link", name=f"runs:/{site.run_ids[0]}/model")
    expect(link).to_have_attribute("href", f"#/runs/{site.run_ids[0]}/artifacts/model")


def test_a_stage_is_changed_and_the_one_before_is_archived(
    page: Page, site: Site, model: str, client: MlflowClient
) -> None:
    page.goto(f"/#/models/{model}/versions/1")
    page.get_by_role("button", name="Stage").click()
    page.get_by_role("dialog").locator("[name=stage]").select_option("Production")
    answer(page, "Move")
    expect(page.locator(".label.stage")).to_have_text("Production")
    page.goto(f"/#/models/{model}/versions/2")
    page.get_by_role("button", name="Stage").click()
    page.get_by_role("dialog").locator("[name=stage]").select_option("Production")
    page.get_by_label("Versions that are there").select_option("Are archived")
    answer(page, "Move")
    expect(page.locator(".label.stage")).to_have_text("Production")
    assert client.get_model_version(model, "1").current_stage == "Archived"


def test_what_is_done_to_a_model_is_in_its_history_and_undone_there(
    page: Page, site: Site, client: MlflowClient
) -> None:
    client.create_registered_model("history net")
    page.goto("/#/models/history net")
    page.get_by_role("button", name="Edit the description").click()
    answer(page, "Save", Markdown="a first try")
    expect(region(page, "Description")).to_contain_text("a first try")
    page.get_by_role("link", name="History").click()
    told = region(page, "History").get_by_role("listitem").filter(has_text="a first try").first
    told.get_by_role("button", name="Undo").click()
    answer(page, "Undo", Reason="too early")
    expect(region(page, "History")).to_contain_text("too early")
    page.get_by_role("link", name="Versions").click()
    expect(region(page, "Description")).to_contain_text("None yet")


def test_a_model_is_renamed_deleted_and_brought_back(
    page: Page, site: Site, client: MlflowClient
) -> None:
    client.create_registered_model("draft net")
    client.create_model_version("draft net", "s3://bucket/model")
    page.goto("/#/models/draft net")
    page.get_by_role("button", name="Rename").click()
    answer(page, "Rename", Name="final net")
    expect(page.get_by_role("heading", level=1)).to_have_text("final net")
    page.get_by_role("button", name="Delete").click()
    answer(page, "Delete")
    expect(page.get_by_role("heading", level=1)).to_have_text("Models")
    expect(page.get_by_role("link", name="final net")).to_have_count(0)
    page.get_by_role("status").get_by_role("button", name="Undo").click()
    page.get_by_role("link", name="final net").click()
    expect(region(page, "Versions").get_by_role("row")).to_have_count(2)


def test_a_page_asks_no_more_for_what_it_does_away_with(
    page: Page, site: Site, client: MlflowClient
) -> None:
    """The event may come before the answer: `page` fails where a 404 is in the console."""

    def late(route: Route) -> None:
        response = route.fetch()
        time.sleep(1.5)
        route.fulfill(response=response)

    for request in (
        "registered-models/rename",
        "registered-models/delete",
        "model-versions/delete",
    ):
        page.route(f"**/{request}", late)
    client.create_registered_model("early net")
    client.create_model_version("early net", "s3://bucket/model")
    page.goto("/#/models/early net/versions/1")
    page.get_by_role("button", name="Delete").click()
    answer(page, "Delete")
    expect(page.get_by_role("heading", level=1)).to_have_text("early net")
    page.get_by_role("button", name="Rename").click()
    answer(page, "Rename", Name="late net")
    expect(page.get_by_role("heading", level=1)).to_have_text("late net")
    page.get_by_role("button", name="Delete").click()
    answer(page, "Delete")
    expect(page.get_by_role("heading", level=1)).to_have_text("Models")


def test_aliases_and_tags_are_set_and_removed(page: Page, site: Site, client: MlflowClient) -> None:
    client.create_registered_model("aliased net")
    client.create_model_version("aliased net", "s3://bucket/model")
    page.goto("/#/models/aliased net")
    aliases = region(page, "Aliases")
    aliases.get_by_role("button", name="Set").click()
    answer(page, "Set", Alias="shadow", Version="1")
    expect(aliases).to_contain_text("@shadow")
    aliases.get_by_role("button", name="Remove alias shadow").click()
    expect(aliases).not_to_contain_text("@shadow")
    tags = region(page, "Tags")
    tags.get_by_role("button", name="Add").click()
    answer(page, "Save", Key="note", Value=HOSTILE)
    expect(tags).to_contain_text(HOSTILE)
    assert page.title() != "taken"


def test_a_version_registered_elsewhere_appears_by_itself(
    page: Page, site: Site, client: MlflowClient
) -> None:
    client.create_registered_model("live net")
    page.goto("/#/models/live net")
    versions = region(page, "Versions")
    expect(versions).to_contain_text("None yet")
    client.create_model_version("live net", "s3://bucket/model")
    expect(versions.get_by_role("link", name="Version 1")).to_be_visible()
