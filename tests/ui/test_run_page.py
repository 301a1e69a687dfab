"""One run's page in Chromium: its tabs, what may be changed, undo, previews that are safe."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import FrameLocator, Locator, Page, expect

from tests.ui.conftest import STARTED_MS, Complaints, Site
from tests.ui.rich import log_logged_model, log_rich, print_run

REFUSALS = re.compile("sandbox|Security Policy|Blocked|Failed|: csp$")
"""What the browser tells when something that was logged tried to reach further."""


@pytest.fixture(scope="module")
def site(site: Site) -> Site:
    """With an experiment of its own: other tests count the runs of theirs."""
    experiment_id = site.rest.post("experiments/create", name="details")["experiment_id"]
    return site._replace(experiment_id=experiment_id)


@pytest.fixture(scope="module")
def rich(site: Site, tmp_path_factory: pytest.TempPathFactory) -> str:
    return log_rich(site.server.url, site.experiment_id, tmp_path_factory.mktemp("rich"))


@pytest.fixture(scope="module")
def printed(site: Site, tmp_path_factory: pytest.TempPathFactory) -> str:
    return print_run(site.server.url, tmp_path_factory.mktemp("printed"))


def open_run(page: Page, site: Site, run_id: str, tab: str = "") -> None:
    page.goto(f"/#/experiments/{site.experiment_id}/runs/{run_id}{tab and '/' + tab}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def region(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


def answer(page: Page, action: str, **fields: str) -> None:
    """Fill the dialog that is open and press its button."""
    dialog = page.get_by_role("dialog")
    for label, value in fields.items():
        dialog.get_by_label(label).fill(value)
    dialog.get_by_role("button", name=action, exact=True).click()
    expect(dialog).to_have_count(0)


def test_the_overview_says_what_the_run_is(page: Page, site: Site, rich: str, shots: Path) -> None:
    open_run(page, site, rich)
    expect(page.get_by_role("heading", level=1)).to_have_text("everything")
    about = region(page, "About the run")
    expect(about).to_contain_text("Finished")
    expect(about).to_contain_text("details")
    expect(about).to_contain_text("0123456789")
    expect(about).to_contain_text("1 m 30 s")
    expect(page.get_by_role("heading", name="Findings")).to_be_visible()
    expect(page).to_have_title("everything · Overview · eventtrack")
    page.screenshot(path=shots / "overview.png")


def test_notes_are_text_that_never_runs(page: Page, site: Site, rich: str) -> None:
    open_run(page, site, rich)
    notes = region(page, "Notes")
    expect(notes.get_by_role("cell", name="0.9")).to_be_visible()
    link = notes.get_by_role("link", name="a link")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    expect(notes.get_by_text("a trap")).not_to_have_attribute("href", re.compile("."))
    expect(
        notes.locator(".markdown").locator("script, img, form, input, [style], [id], [class]")
    ).to_have_count(0)
    assert "taken" not in page.title()


def test_notes_are_edited_and_the_edit_is_undone(page: Page, site: Site) -> None:
    run_id = site.rest.create_run(site.experiment_id, run_name="noted")
    open_run(page, site, run_id)
    page.get_by_role("button", name="Edit the notes").click()
    answer(page, "Save", Markdown="**bold** words")
    expect(region(page, "Notes").locator("strong")).to_have_text("bold")
    page.get_by_role("link", name="History").click()
    told = page.get_by_role("listitem").filter(has_text="mlflow.note.content").first
    expect(told).to_contain_text("**bold** words")
    told.get_by_role("button", name="Undo").click()
    answer(page, "Undo", Reason="a slip")
    expect(region(page, "History")).to_contain_text("a slip")
    page.get_by_role("link", name="Overview").click()
    expect(region(page, "Notes")).to_contain_text("None yet")


def test_tags_are_added_changed_and_removed(page: Page, site: Site) -> None:
    run_id = site.rest.create_run(site.experiment_id, run_name="tagged")
    open_run(page, site, run_id)
    tags = region(page, "Tags")
    tags.get_by_role("button", name="Add").click()
    answer(page, "Save", Key="stage", Value="dev")
    expect(tags.get_by_role("row", name="stage")).to_contain_text("dev")
    tags.get_by_role("button", name="Edit tag stage").click()
    answer(page, "Save", Value="prod")
    expect(tags.get_by_role("row", name="stage")).to_contain_text("prod")
    tags.get_by_role("button", name="Remove tag stage").click()
    expect(tags.get_by_role("row", name="stage")).to_have_count(0)
    page.get_by_role("status").get_by_role("button", name="Undo").click()
    expect(tags.get_by_role("row", name="stage")).to_contain_text("prod")


def test_a_run_is_renamed_deleted_and_restored(page: Page, site: Site) -> None:
    run_id = site.rest.create_run(site.experiment_id, run_name="draft")
    open_run(page, site, run_id)
    page.get_by_role("button", name="Rename").click()
    answer(page, "Rename", Name="final")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("final")
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(heading).to_have_class("gone")
    page.get_by_role("button", name="Restore").click()
    expect(heading).not_to_have_class("gone")
    site.rest.post("runs/update", run_id=run_id, run_name="by another")
    expect(heading).to_have_text("by another")


def test_a_refusal_stays_in_the_dialog_with_what_was_typed(
    page: Page, site: Site, complaints: Complaints
) -> None:
    run_id = site.rest.create_run(site.experiment_id, run_name="refused")
    open_run(page, site, run_id)
    region(page, "Tags").get_by_role("button", name="Add").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Key").fill("k" * 300)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("250")
    expect(dialog.get_by_label("Key")).to_have_value("k" * 300)
    assert all("400" in each for each in complaints)
    complaints.clear()


def test_a_param_is_found_and_corrected_with_a_trail(page: Page, site: Site) -> None:
    run_id = site.rest.create_run(site.experiment_id, run_name="corrected")
    site.rest.post("runs/log-parameter", run_id=run_id, key="lr", value="0.1")
    site.rest.post("runs/log-parameter", run_id=run_id, key="width", value="64")
    open_run(page, site, run_id, "params")
    page.get_by_label("Find params").fill("lr")
    rows = region(page, "Params").get_by_role("row")
    expect(rows).to_have_count(1)
    page.get_by_role("button", name="Correct lr").click()
    answer(page, "Correct", Value="0.01", Reason="a typing error")
    expect(rows).to_contain_text("0.01")
    page.get_by_role("link", name="History").click()
    told = page.get_by_role("listitem").filter(has_text="a typing error").first
    expect(told).to_contain_text("0.1")
    expect(told).to_contain_text("0.01")


def test_metrics_are_sorted_and_points_taken_back(page: Page, site: Site) -> None:
    run_id = site.rest.create_run(site.experiment_id, run_name="measured")
    points = [
        {"key": key, "value": value * step, "timestamp": step, "step": step}
        for step in range(1, 11)
        for key, value in {"a": 3, "b": 1, "c": 2}.items()
    ]
    site.rest.post("runs/log-batch", run_id=run_id, metrics=points)
    open_run(page, site, run_id, "metrics")
    keys = region(page, "Metrics").locator("tbody th")
    expect(keys).to_have_text(["a", "b", "c"])
    page.get_by_role("button", name="Last", exact=True).click()
    expect(keys).to_have_text(["b", "c", "a"])
    page.get_by_role("button", name="Retract points of a").click()
    answer(page, "Retract", **{"First step": "6", "Reason": "broken batch"})
    row = region(page, "Metrics").get_by_role("row", name="a ", exact=False).filter(has_text="15")
    expect(row).to_contain_text("5")
    page.get_by_role("link", name="History").click()
    told = page.get_by_role("listitem").filter(has_text="broken batch").first
    told.get_by_role("button", name="Undo").click()
    answer(page, "Undo")
    page.get_by_role("link", name="Metrics").click()
    expect(region(page, "Metrics").get_by_role("row").filter(has_text="30")).to_be_visible()


def test_the_history_is_filtered_and_says_what_stays(
    page: Page, site: Site, rich: str, shots: Path
) -> None:
    open_run(page, site, rich, "history")
    history = region(page, "History")
    changed = history.get_by_role("listitem").filter(has_text="stage").first
    expect(changed).to_contain_text("dev")
    expect(changed).to_contain_text("prod")
    logged = history.get_by_role("listitem").filter(has_text="points").first
    expect(logged.get_by_role("button", name="Undo")).to_have_count(0)
    expect(logged.get_by_text("stays")).to_have_attribute("title", re.compile("retract"))
    page.screenshot(path=shots / "history.png")
    history.get_by_label("Which events").select_option("RunTagsSet")
    expect(history.get_by_role("listitem").filter(has_text="started the run")).to_have_count(0)
    expect(history.get_by_role("listitem").first).to_be_visible()
    history.get_by_label("Who did it").fill("nobody")
    history.get_by_label("Who did it").press("Enter")
    expect(history).to_contain_text("No event is like this")


def test_what_cannot_be_undone_any_more_says_why(
    page: Page, site: Site, rich: str, complaints: Complaints
) -> None:
    open_run(page, site, rich, "history")
    first = page.locator(".event").filter(has_text="to 'dev'").first
    first.get_by_role("button", name="Undo").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Undo", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("was changed since")
    assert all("400" in each for each in complaints)
    complaints.clear()


def test_the_console_is_shown_by_process_and_up_to_a_moment(
    page: Page, site: Site, printed: str, shots: Path
) -> None:
    page.goto(f"/#/runs/{printed}/console")
    screen = page.get_by_role("log")
    expect(screen).to_contain_text("epoch 29 of 30")
    expect(screen.get_by_text("<b onclick=alert(1)>bold</b>")).to_be_visible()
    expect(screen.locator(".stderr")).to_contain_text("it went wrong")
    page.screenshot(path=shots / "console.png")
    page.get_by_label("Which process").select_option("2")
    expect(screen).to_contain_text("epoch 0 of 30")
    page.get_by_label("Find in these lines").fill("epoch 7 ")
    expect(screen.locator("p")).to_have_count(1)
    page.get_by_label("Find in these lines").fill("")
    slider = page.get_by_label("Lines up to a moment")
    slider.focus()
    page.keyboard.press("Home")
    expect(screen).not_to_contain_text("epoch 29 of 30")
    page.get_by_role("button", name="To the end").click()
    expect(screen).to_contain_text("epoch 29 of 30")


def test_lines_that_a_run_prints_appear_by_themselves(page: Page, site: Site) -> None:
    run_id = site.rest.create_run(site.experiment_id, run_name="printing")
    open_run(page, site, run_id, "console")
    expect(page.get_by_role("log")).to_contain_text("Nothing printed")
    entry = {
        "type": "console",
        "run_id": run_id,
        "source": "stdout",
        "timestamps": [STARTED_MS],
        "lines": ["hello"],
    }
    status, _, _ = site.rest.ask("POST", "/api/eventtrack/1/ingest", {"entries": [entry]})
    assert status == 200
    expect(page.get_by_role("log")).to_contain_text("hello")


def files(page: Page) -> Locator:
    return page.get_by_role("navigation", name="Files")


def frame_of(page: Page) -> FrameLocator:
    return page.frame_locator("iframe.frame")


def test_files_are_shown_by_their_kind(page: Page, site: Site, rich: str, shots: Path) -> None:
    open_run(page, site, rich, "artifacts")
    files(page).get_by_role("link", name="config.json").click()
    expect(page.locator(".source")).to_contain_text('"layers": [')
    files(page).get_by_role("button", name="tables").click()
    files(page).get_by_role("link", name="scores.csv").click()
    preview = page.locator(".preview")
    expect(preview.get_by_role("cell", name="10", exact=True)).to_be_visible()
    preview.get_by_role("button", name="score", exact=True).click()
    expect(preview.locator("tbody tr").first).to_contain_text("b")
    page.screenshot(path=shots / "table.png")
    files(page).get_by_role("link", name="eval.json").click()
    expect(preview.get_by_role("columnheader", name="prompt")).to_be_visible()
    files(page).get_by_role("button", name="plots").click()
    files(page).get_by_role("link", name="black.png").click()
    expect(preview.get_by_role("img")).to_be_visible()
    assert preview.get_by_role("img").evaluate("image => image.naturalWidth") == 8
    address = page.url
    page.reload()
    expect(preview.get_by_role("img")).to_be_visible()
    assert page.url == address


def test_a_file_s_address_opens_it(page: Page, site: Site, rich: str) -> None:
    open_run(page, site, rich, "artifacts/notes/readme.md")
    expect(page.locator(".preview").get_by_role("heading", name="Findings")).to_be_visible()
    expect(page.locator(".preview").locator("script, img, form")).to_have_count(0)


def test_html_runs_where_it_reaches_nothing(
    page: Page, site: Site, rich: str, complaints: Complaints, shots: Path
) -> None:
    open_run(page, site, rich, "artifacts/report.html")
    body = frame_of(page).locator("body[data-told]")
    expect(body.locator("#said")).to_have_text("drawn by a script")
    expect(body).to_have_attribute("data-told", "refused refused refused refused")
    page.screenshot(path=shots / "html.png")
    assert page.title() != "taken"
    # The browser tells of what it refused to the frame: that is the protection at work.
    assert complaints
    assert [each for each in complaints if not REFUSALS.search(each)] == []
    complaints.clear()


def test_a_notebook_is_shown_where_it_reaches_nothing(
    page: Page, site: Site, rich: str, complaints: Complaints
) -> None:
    open_run(page, site, rich, "artifacts/notes/explore.ipynb")
    expect(frame_of(page).get_by_role("heading", name="A notebook")).to_be_visible()
    expect(frame_of(page).get_by_text("1 + 1")).to_be_visible()
    assert "taken" not in page.title()
    assert [each for each in complaints if not REFUSALS.search(each)] == []
    complaints.clear()


def test_a_picture_with_a_script_in_it_is_a_picture(page: Page, site: Site, rich: str) -> None:
    open_run(page, site, rich, "artifacts/plots/drawing.svg")
    image = page.locator(".preview").get_by_role("img")
    assert (
        image.evaluate("async image => { await image.decode(); return image.naturalWidth }") == 40
    )
    assert "taken" not in page.title()


def test_a_sound_can_be_heard(page: Page, site: Site, rich: str) -> None:
    open_run(page, site, rich, "artifacts/sounds/silence.wav")
    sound = page.locator(".preview audio")
    expect(sound).to_have_js_property("duration", 1)


def test_a_metric_s_chart_is_on_the_run_s_page(page: Page, site: Site, rich: str) -> None:
    open_run(page, site, rich, "charts")
    expect(
        page.get_by_role("img", name=re.compile("loss by step: 1 run, 20 points"))
    ).to_be_visible()
    page.get_by_role("link", name="System").click()
    expect(
        page.get_by_role("img", name=re.compile("cpu by step: 1 run, 20 points"))
    ).to_be_visible()
    expect(page.get_by_role("img", name=re.compile("^loss"))).to_have_count(0)


def test_a_file_s_name_is_a_name(page: Page, site: Site, rich: str) -> None:
    open_run(page, site, rich, "artifacts")
    files(page).get_by_role("button", name="notes").click()
    files(page).get_by_role("link", name="onerror").click()
    expect(page.locator(".source")).to_have_text("plain text")
    expect(page.get_by_role("heading", name="<img src=x onerror=alert(1)>.txt")).to_be_visible()


def test_a_file_that_is_stored_meanwhile_appears(page: Page, site: Site, tmp_path: Path) -> None:
    run_id = site.rest.create_run(site.experiment_id, run_name="storing")
    open_run(page, site, run_id, "artifacts")
    expect(files(page)).to_contain_text("No files")
    path = f"/ajax-api/2.0/mlflow/upload-artifact?run_uuid={run_id}&path=late.txt"
    status, _, _ = site.rest.ask("POST", path, b"late")
    assert status == 200
    files(page).get_by_role("link", name="late.txt").click()
    expect(page.locator(".source")).to_have_text("late")


def test_datasets_and_logged_models_are_linked(page: Page, site: Site, rich: str) -> None:
    model_id = log_logged_model(site.server.url, rich)
    open_run(page, site, rich, "links")
    datasets = region(page, "Datasets")
    expect(datasets).to_contain_text("digits")
    expect(datasets).to_contain_text("training")
    models = region(page, "Logged models")
    expect(models).to_contain_text(model_id)
    expect(models).to_contain_text("made at step 3")
    models.get_by_role("button", name="Files").click()
    expect(models).to_contain_text("No files")


def test_a_run_that_went_silent_is_lost_and_found_again(page: Page, site: Site) -> None:
    run = {"run_id": "silent1", "type": "run", "experiment": "silent", "lease_seconds": 1}
    status, _, _ = site.rest.ask("POST", "/api/eventtrack/1/ingest", {"entries": [run]})
    assert status == 200
    page.goto("/#/runs/silent1")
    about = region(page, "About the run")
    expect(about).to_contain_text("its lease is 1 s", timeout=30_000)
    expect(page.locator(".details-head .status")).to_have_text("Lost")
    tag = {"type": "tags", "run_id": "silent1", "tags": {"sign": "of life"}}
    status, _, _ = site.rest.ask("POST", "/api/eventtrack/1/ingest", {"entries": [tag]})
    assert status == 200
    expect(region(page, "Tags")).to_contain_text("of life")
