"""MLflow's UI in Chromium on our server: what its users do all day works, and nothing fails.

The page fixture asserts of each test that no request failed and nothing stands in the console, but
for what `recording.INTENDED` lists.
"""

import json
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.mlflow.ui.conftest import Site
from tests.mlflow.ui.population import PROMPT, REGISTERED
from tests.rest import Rest

CURVES = ".js-plotly-plot .scatterlayer .trace"


def open_runs(page: Page, site: Site, mode: str = "") -> None:
    query = f"?compareRunsMode={mode}" if mode else ""
    page.goto(f"/#/experiments/{site.ids.experiment_id}/runs{query}")


def open_run(page: Page, site: Site, tab: str = "") -> None:
    page.goto(f"/#/experiments/{site.ids.experiment_id}/runs/{site.ids.run_ids[0]}{tab}")


def link(page: Page, name: str) -> Locator:
    return page.get_by_role("link", name=name, exact=True)


def test_experiments_are_listed_and_searched(page: Page, shots: Path) -> None:
    page.goto("/#/experiments")
    for name in ("vision", "nothing yet", "Default"):
        expect(link(page, name)).to_be_visible()
    page.screenshot(path=shots / "experiments.png")
    search = page.get_by_placeholder("Search experiments")
    search.fill("vis")
    search.press("Enter")
    expect(link(page, "nothing yet")).to_have_count(0)
    link(page, "vision").click()
    expect(page).to_have_url(re.compile(r"#/experiments/\d+"))


def test_the_runs_of_an_experiment_are_filtered(page: Page, site: Site, shots: Path) -> None:
    open_runs(page, site)
    for number in range(3):
        expect(link(page, f"resnet-{number}")).to_be_visible()
    expect(page.get_by_role("link", name=REGISTERED)).to_be_visible()
    page.screenshot(path=shots / "runs.png")
    search = page.get_by_role("combobox", name="metrics.rmse")
    search.fill("params.optimizer = 'sgd'")
    search.press("Enter")
    expect(link(page, "resnet-0")).to_have_count(0)
    expect(link(page, "resnet-1")).to_be_visible()
    page.screenshot(path=shots / "filtered.png")


def test_a_mistake_in_a_filter_is_told_in_the_servers_words(
    browser: Browser, site: Site, shots: Path
) -> None:
    # Not on the page that may not complain: the refused search stands in its console.
    page = browser.new_page(base_url=site.server.url)
    open_runs(page, site)
    search = page.get_by_role("combobox", name="metrics.rmse")
    search.fill("metrics.loss <")
    search.press("Enter")
    expect(page.get_by_text("Invalid filter").first).to_be_visible()
    page.screenshot(path=shots / "mistake.png")
    page.close()


def test_an_experiment_without_runs_or_tags_opens(page: Page, site: Site) -> None:
    page.goto(f"/#/experiments/{site.ids.empty_id}/runs")
    expect(page.get_by_role("heading", name="Training runs")).to_be_visible()
    expect(page.get_by_text("matching runs")).to_contain_text("0 matching runs")


def test_the_chart_view_draws_the_metrics_of_all_runs(page: Page, site: Site, shots: Path) -> None:
    open_runs(page, site, "CHART")
    expect(page.locator(CURVES).nth(3)).to_be_visible()
    page.screenshot(path=shots / "charts.png")


def test_a_run_shows_what_was_logged(page: Page, site: Site, shots: Path) -> None:
    open_run(page, site)
    expect(page.get_by_role("heading", name="resnet-0")).to_be_visible()
    expect(page.get_by_role("row", name="lr 0.02")).to_be_visible()
    expect(page.get_by_role("row", name="train/loss 0.61455")).to_be_visible()
    expect(page.get_by_role("row", name="test/accuracy 0.9 classifier")).to_be_visible()
    expect(page.get_by_text("digits (abc123)").first).to_be_visible()
    page.screenshot(path=shots / "run.png")
    for tab in ("Model metrics", "System metrics"):
        page.get_by_role("tab", name=tab).click()
        expect(page.locator(CURVES).first).to_be_visible()
        page.screenshot(path=shots / f"{tab.lower()}.png")


def test_two_runs_are_chosen_and_compared(page: Page, site: Site, shots: Path) -> None:
    open_runs(page, site)
    expect(link(page, "resnet-0")).to_be_visible()
    boxes = page.get_by_role("checkbox", name="Press Space to toggle row selection (unchecked)")
    boxes.nth(2).click()
    boxes.nth(1).click()
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", name="Comparing 2 Runs")).to_be_visible()
    expect(page.get_by_role("row", name="optimizer")).to_contain_text("adamw")
    expect(page.get_by_role("row", name="optimizer")).to_contain_text("sgd")
    page.screenshot(path=shots / "compare.png", full_page=True)
    link(page, "train/loss").click()
    expect(page.locator(CURVES).nth(1)).to_be_visible()
    page.screenshot(path=shots / "metric.png")


def test_artifacts_are_browsed_and_previewed(page: Page, site: Site, shots: Path) -> None:
    open_run(page, site, "/artifacts")
    page.get_by_text("notes.txt").click()
    expect(page.get_by_text("the second line")).to_be_visible()
    page.get_by_text("plots").click()
    page.get_by_text("confusion.png").click()
    picture = page.locator("img[src^=blob]").first
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth") == 64
    page.screenshot(path=shots / "artifacts.png")
    page.get_by_text("table.csv").click()
    expect(page.get_by_role("cell", name="beta")).to_be_visible()
    page.get_by_text("predictions.json").click()
    expect(page.get_by_role("cell", name="dog")).to_be_visible()
    page.get_by_text("report.html").click()
    report = page.frame_locator("iframe").get_by_role("heading", name="Report of the run")
    expect(report).to_be_visible()


def test_a_logged_model_shows_its_metrics_and_files(page: Page, site: Site, shots: Path) -> None:
    page.goto(f"/#/experiments/{site.ids.experiment_id}/models")
    page.get_by_role("link", name="classifier", exact=True).first.click()
    expect(page.get_by_role("heading", name="classifier")).to_be_visible()
    expect(page.get_by_role("row", name="test/accuracy")).to_contain_text("0.9")
    expect(page.get_by_role("row", name="layers")).to_contain_text("18")
    page.screenshot(path=shots / "logged-model.png")
    link(page, "Artifacts").click()
    page.get_by_text("MLmodel").first.click()
    expect(page.get_by_text("artifact_path: model")).to_be_visible()


def test_a_registered_model_shows_its_versions(page: Page, site: Site, shots: Path) -> None:
    page.goto("/#/models")
    page.get_by_role("button", name="Try it now").click()
    link(page, REGISTERED).click()
    expect(page.get_by_text("champion").first).to_be_visible()
    page.screenshot(path=shots / "registered-model.png")
    page.goto(f"/#/models/{quote(REGISTERED)}/versions/1")
    expect(page.get_by_text("reviewed").first).to_be_visible()
    page.screenshot(path=shots / "model-version.png")


def test_an_experiment_is_created_in_the_ui(page: Page, rest: Rest) -> None:
    page.goto("/#/experiments")
    page.get_by_role("button", name="Create", exact=True).click()
    page.get_by_placeholder("Input an experiment name").fill("made here")
    page.get_by_role("dialog").get_by_role("button", name="Create").click()
    expect(page).to_have_url(re.compile(r"#/experiments/\d+"))
    found = rest.get("experiments/get-by-name", experiment_name="made here")
    assert found["experiment"]["lifecycle_stage"] == "active"


def test_a_run_is_renamed_and_described(page: Page, site: Site, rest: Rest) -> None:
    run_id = rest.create_run(site.ids.empty_id, run_name="before")
    page.goto(f"/#/experiments/{site.ids.empty_id}/runs/{run_id}")
    page.get_by_role("button", name="Open header dropdown menu").click()
    page.get_by_role("menuitem", name="Rename").click()
    page.get_by_role("dialog").get_by_role("textbox").fill("after")
    page.get_by_role("dialog").get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="after")).to_be_visible()
    page.get_by_role("button", name="Edit description").click()
    page.locator("textarea").first.fill("looks *good*")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("looks good")).to_be_visible()
    run = rest.get("runs/get", run_id=run_id)["run"]
    assert run["info"]["run_name"] == "after"
    assert {"key": "mlflow.note.content", "value": "looks *good*"} in run["data"]["tags"]


def test_the_past_opens_under_its_prefix(page: Page, rest: Rest, shots: Path) -> None:
    experiment_id = rest.post("experiments/create", name="as it was called")["experiment_id"]
    run_id = rest.create_run(experiment_id, run_name="as it was called")
    history = rest.ask("GET", f"/api/eventtrack/1/runs/{run_id}/events")[2]
    position = json.loads(history)["events"][-1]["position"]
    rest.post("runs/update", run_id=run_id, run_name="as it is called")
    rest.post("experiments/update", experiment_id=experiment_id, new_name="as it is called")
    for prefix, name in (("", "as it is called"), (f"/as-of/{position}", "as it was called")):
        page.goto(f"{prefix}/#/experiments")
        expect(link(page, name)).to_be_visible()
        page.goto(f"{prefix}/#/experiments/{experiment_id}/runs/{run_id}")
        expect(page.get_by_role("heading", name=name)).to_be_visible()
        page.screenshot(path=shots / f"{name}.png")


@pytest.mark.parametrize(
    ("tab", "says"),
    [
        ("traces", "traces"),
        ("chat-sessions", "session"),
        ("evaluation-runs", "evaluation"),
        ("datasets", "dataset"),
        ("prompts", "prompt"),
        ("review-queue", "review"),
    ],
)
def test_features_without_content_say_so(
    page: Page, site: Site, shots: Path, tab: str, says: str
) -> None:
    page.goto(f"/#/experiments/{site.ids.experiment_id}/{tab}")
    words = page.get_by_role("main").get_by_text(re.compile(says, re.IGNORECASE))
    expect(words.last).to_be_visible()
    page.screenshot(path=shots / f"{tab}.png")


def test_a_model_is_created_in_the_ui(page: Page, rest: Rest) -> None:
    page.goto("/#/models")
    page.get_by_role("button", name="Try it now").click()
    page.get_by_role("button", name="Create Model").click()
    page.get_by_role("dialog").get_by_role("textbox").first.fill("made in the UI")
    page.get_by_role("dialog").get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="made in the UI")).to_be_visible()
    found = rest.get("registered-models/get", name="made in the UI")
    assert found["registered_model"]["name"] == "made in the UI"


def test_a_prompt_shows_its_text(page: Page) -> None:
    page.goto("/#/prompts")
    link(page, PROMPT).click()
    expect(page.get_by_text("Greet {{name}} warmly.").first).to_be_visible()


def test_a_run_is_deleted_and_found_among_the_deleted(page: Page, rest: Rest) -> None:
    experiment_id = rest.post("experiments/create", name="to be tidied")["experiment_id"]
    rest.create_run(experiment_id, run_name="a failure")
    page.goto(f"/#/experiments/{experiment_id}/runs")
    page.get_by_role("checkbox", name="Press Space to toggle row selection (unchecked)").click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(link(page, "a failure")).to_have_count(0)
    page.get_by_role("combobox", name="State").click()
    page.get_by_text("Deleted").last.click()
    expect(link(page, "a failure")).to_be_visible()
