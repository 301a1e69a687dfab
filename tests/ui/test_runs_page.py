"""The page of runs in Chromium: the table, its filter, its columns, what is done with runs."""

import csv
import re
from pathlib import Path
from urllib.parse import quote, unquote

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.ui.conftest import HOSTILE, RUNS, Complaints, Site

COLUMNS = "charts=0&cols=a.status,m.train/loss,p.lr,p.width,t.team"


def open_runs(page: Page, site: Site, query: str = COLUMNS) -> None:
    page.goto(f"/#/experiments/{site.experiment_id}?{query}")
    expect(row_of(page, 0)).to_be_visible()


def row_of(page: Page, index: int) -> Locator:
    """The row at a place of the list, the heading not counted."""
    return page.locator(f"[role=row][aria-rowindex='{index + 2}']")


def heading(page: Page, title: str) -> Locator:
    return page.get_by_role("columnheader", name=title, exact=True)


def apply_filter(page: Page, text: str) -> None:
    box = page.get_by_label("Filter", exact=True)
    box.fill(text)
    box.press("Escape")
    box.press("Enter")


def test_the_link_that_the_client_prints_opens_the_experiments_runs(
    page: Page, site: Site, shots: Path
) -> None:
    page.goto(f"/#/experiments/{site.experiment_id}?charts=0")
    expect(page.get_by_role("grid", name="Runs")).to_have_attribute("aria-rowcount", f"{RUNS + 1}")
    expect(row_of(page, 0)).to_contain_text("resnet-29")
    expect(row_of(page, 0)).to_contain_text("Running")
    expect(page.get_by_text(f"{RUNS} runs", exact=True)).to_be_visible()
    expect(page).to_have_title("cifar10 baselines · eventtrack")
    page.screenshot(path=shots / "runs.png")


def test_a_heading_sorts_turns_round_and_goes_back(page: Page, site: Site) -> None:
    open_runs(page, site)
    width = heading(page, "width").get_by_role("button").first
    width.click()
    expect(heading(page, "width")).to_have_attribute("aria-sort", "ascending")
    expect(row_of(page, 0)).to_contain_text("resnet-00")
    expect(row_of(page, 9)).to_contain_text("resnet-09")
    width.click()
    expect(heading(page, "width")).to_have_attribute("aria-sort", "descending")
    expect(row_of(page, 0)).to_contain_text("resnet-29")
    width.click()
    expect(heading(page, "Started")).to_have_count(0)
    expect(heading(page, "width")).not_to_have_attribute("aria-sort", re.compile("."))


def test_a_filter_finds_and_a_mistake_is_shown_where_it_is(
    page: Page, site: Site, complaints: Complaints
) -> None:
    open_runs(page, site)
    apply_filter(
        page, "params.lr = '0.1' OR (status = 'FAILED' AND params.width BETWEEN 10 AND 19)"
    )
    expect(page.get_by_role("alert")).to_have_count(0)
    found = site.rest.ask(
        "POST",
        "/api/eventtrack/1/runs/table",
        {
            "experiment_ids": [site.experiment_id],
            "filter": "params.lr = '0.1' OR run_name = 'resnet-13'",
        },
    )
    total = int(re.search(rb'"total":(\d+)', found[2])[1])  # type: ignore[index]
    expect(page.get_by_text(f"{total} runs", exact=True)).to_be_visible()
    apply_filter(page, "params.lr = '0.1' ORR status")
    expect(page.get_by_role("alert")).to_contain_text("ORR")
    expect(page.locator(".filter-problem mark")).to_have_text("ORR status")
    assert complaints
    complaints.allow("400")


def test_the_whole_view_is_in_the_address(page: Page, site: Site) -> None:
    open_runs(page, site)
    apply_filter(page, "params.lr = '0.1'")
    heading(page, "width").get_by_role("button").first.click()
    expect(heading(page, "width")).to_have_attribute("aria-sort", "ascending")
    row_of(page, 1).get_by_role("checkbox").check()
    shown = row_of(page, 1).inner_text()
    address = page.url
    assert "params.lr = '0.1'" in unquote(address)

    other = page.context.new_page()
    other.goto(address)
    expect(row_of(other, 1)).to_contain_text(shown.split()[0])
    expect(row_of(other, 1).get_by_role("checkbox")).to_be_checked()
    expect(other.get_by_label("Filter", exact=True)).to_have_value("params.lr = '0.1'")
    expect(heading(other, "width")).to_have_attribute("aria-sort", "ascending")
    other.close()


def test_the_back_button_takes_a_filter_back(page: Page, site: Site) -> None:
    open_runs(page, site)
    apply_filter(page, "params.width = '7'")
    expect(page.get_by_text("1 run", exact=True)).to_be_visible()
    page.go_back()
    expect(page.get_by_text(f"{RUNS} runs", exact=True)).to_be_visible()
    expect(page.get_by_label("Filter", exact=True)).to_have_value("")


def test_a_column_is_moved_resized_and_pinned_by_keyboard(page: Page, site: Site) -> None:
    open_runs(page, site)
    lr = heading(page, "lr").get_by_role("button").first
    lr.focus()
    page.keyboard.press("Alt+ArrowLeft")
    page.keyboard.press("Alt+ArrowLeft")
    titles = page.locator("[role=columnheader] .head-button")
    expect(titles).to_have_text(["Run", "lr", "Status", "train/loss", "width", "team"])
    page.keyboard.press("Shift+ArrowRight")
    assert "p.lr@128" in unquote(page.url)
    heading(page, "team").hover()
    page.get_by_role("button", name="Column team").click()
    page.get_by_role("button", name="Pin to the left").click()
    expect(titles).to_have_text(["Run", "team", "lr", "Status", "train/loss", "width"])


def test_a_column_is_dragged_to_another_place(page: Page, site: Site) -> None:
    open_runs(page, site)
    source = heading(page, "team").bounding_box()
    target = heading(page, "Status").bounding_box()
    assert source is not None
    assert target is not None
    page.mouse.move(source["x"] + 20, source["y"] + 10)
    page.mouse.down()
    page.mouse.move(target["x"] + 60, target["y"] + 10, steps=5)
    page.mouse.move(target["x"] + 10, target["y"] + 10, steps=2)
    page.mouse.up()
    titles = page.locator("[role=columnheader] .head-button")
    expect(titles).to_have_text(["Run", "team", "Status", "train/loss", "lr", "width"])
    expect(heading(page, "team")).not_to_have_attribute("aria-sort", re.compile("."))


def test_a_metric_logged_elsewhere_appears_by_itself(page: Page, site: Site) -> None:
    open_runs(page, site)
    running = site.run_ids[-1]
    site.rest.post(
        "runs/log-metric",
        run_id=running,
        key="train/loss",
        value=0.015625,
        step=1000,
        timestamp=1_790_000_999_000,
    )
    expect(row_of(page, 0)).to_contain_text("0.015625")
    expect(row_of(page, 0).get_by_label("changed since you last looked")).to_be_visible()


def test_a_new_run_appears_and_a_chosen_one_stays_chosen(page: Page, site: Site) -> None:
    page.goto(f"/#/experiments/{site.experiment_id}?{COLUMNS}")
    row_of(page, 0).get_by_role("checkbox").check()
    chosen = row_of(page, 0).get_by_role("link").inner_text()
    run_id = site.rest.create_run(
        site.experiment_id, run_name="newcomer", start_time=1_795_000_000_000
    )
    expect(row_of(page, 0)).to_contain_text("newcomer")
    expect(row_of(page, 1)).to_contain_text(chosen)
    expect(row_of(page, 1).get_by_role("checkbox")).to_be_checked()
    site.rest.post("runs/delete", run_id=run_id)
    expect(row_of(page, 0)).to_contain_text(chosen)


def test_new_runs_do_not_move_what_is_being_read(page: Page, site: Site) -> None:
    experiment_id = site.rest.post("experiments/create", name="long")["experiment_id"]
    for number in range(120):
        site.rest.create_run(experiment_id, run_name=f"old-{number}", start_time=1000 + number)
    page.goto(f"/#/experiments/{experiment_id}?charts=0&cols=a.status")
    expect(row_of(page, 0)).to_contain_text("old-119")
    page.get_by_role("grid").evaluate("grid => { grid.scrollTop = 1200 }")
    expect(row_of(page, 40)).to_contain_text("old-79")
    before = page.get_by_role("link", name="old-79").bounding_box()
    site.rest.create_run(experiment_id, run_name="new", start_time=9000)
    expect(row_of(page, 41)).to_contain_text("old-79")
    assert page.get_by_role("link", name="old-79").bounding_box() == before


def test_a_run_is_renamed_tagged_deleted_and_brought_back(page: Page, site: Site) -> None:
    run_id = site.rest.create_run(site.hostile_id, run_name="draft", start_time=1)
    page.goto(f"/#/experiments/{site.hostile_id}?charts=0&cols=t.kind&q=name%20LIKE%20'%25'")
    row = page.get_by_role("row").filter(has_text="draft")
    row.get_by_role("checkbox").check()
    page.get_by_role("button", name="Rename").click()
    page.get_by_role("textbox", name="Name").fill("final")
    page.keyboard.press("Enter")
    row = page.get_by_role("row").filter(has_text="final")
    expect(row).to_be_visible()
    page.get_by_role("button", name="Tag", exact=True).click()
    page.get_by_role("textbox", name="Key").fill("kind")
    page.get_by_role("textbox", name=re.compile("Value")).fill("gold")
    page.keyboard.press("Enter")
    expect(row).to_contain_text("gold")
    page.get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(row).to_be_visible()
    site.rest.post("runs/delete", run_id=run_id)
    expect(row).to_have_count(0)


def test_what_is_logged_never_runs(page: Page, site: Site, complaints: Complaints) -> None:
    page.goto(f"/#/experiments/{site.hostile_id}?charts=0")
    row = page.get_by_role("row").filter(has_text=HOSTILE)
    expect(row).to_be_visible()
    expect(page.get_by_title("Choose experiments")).to_contain_text(HOSTILE)
    row.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(HOSTILE)
    expect(page.get_by_role("cell", name=HOSTILE).first).to_be_visible()
    page.goto(f"/#/experiments/{quote(HOSTILE, safe='')}")
    expect(page.get_by_role("alert")).to_contain_text("could not be loaded")
    assert page.title() != "taken"
    complaints.allow("400")


def test_the_list_is_exported_as_it_is_filtered(page: Page, site: Site) -> None:
    open_runs(page, site)
    apply_filter(page, "params.width = '7'")
    expect(page.get_by_text("1 run", exact=True)).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export as CSV").click()
    with Path(download.value.path()).open() as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == ["resnet-07"]
    assert (rows[0]["width"], rows[0]["status"], rows[0]["team"]) == ("7", "FINISHED", "vision")
    assert rows[0]["run_id"] == site.run_ids[7]


def test_long_work_says_how_far_it_is_and_can_be_stopped(page: Page, site: Site) -> None:
    open_runs(page, site)
    held: list[Route] = []
    page.route(
        "**/runs/table",
        lambda route: (
            held.append(route)
            if '"limit":1000' in str(route.request.post_data)
            else route.continue_()
        ),
    )
    page.get_by_role("button", name="Export as CSV").click()
    progress = page.get_by_role("progressbar", name="Exporting the runs")
    expect(progress).to_be_visible()
    page.get_by_role("status").get_by_role("button", name="Stop").click()
    expect(progress).to_have_count(0)
    assert len(held) == 1
    page.unroute("**/runs/table")


def test_what_was_done_when_it_is_stopped_stays_done(page: Page, site: Site) -> None:
    experiment_id = site.rest.post("experiments/create", name="many to delete")["experiment_id"]
    for number in range(20):
        site.rest.create_run(experiment_id, run_name=f"r{number}")
    page.goto(f"/#/experiments/{experiment_id}?charts=0")
    expect(page.get_by_role("link", name="r0", exact=True)).to_be_visible()
    page.get_by_role("grid").focus()
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    page.keyboard.press("Shift+End")
    expect(page.get_by_text("20 runs chosen")).to_be_visible()
    held: list[Route] = []
    page.route("**/runs/delete", lambda route: held.append(route))
    page.get_by_role("toolbar").get_by_role("button", name="Delete").click()
    progress = page.get_by_role("progressbar", name="Changing 20 runs")
    expect(progress).to_be_visible()
    held[0].continue_()
    # Eight are on their way at once: the ninth went when the first was done.
    expect(progress).to_have_attribute("value", "1")
    page.get_by_role("status").get_by_role("button", name="Stop").click()
    for route in held[1:]:
        route.continue_()
    expect(page.get_by_text("9 runs deleted")).to_be_visible()


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_the_theme_follows_the_system_until_it_is_chosen(
    page: Page, site: Site, scheme: str, shots: Path
) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    open_runs(page, site)
    root = page.locator("html")
    expect(root).to_have_attribute("data-theme", scheme)
    page.screenshot(path=shots / f"{scheme}.png")
    page.keyboard.press("d")
    other = "light" if scheme == "dark" else "dark"
    expect(root).to_have_attribute("data-theme", other)
    page.reload()
    expect(root).to_have_attribute("data-theme", other)


def test_everything_is_reached_by_keyboard(page: Page, site: Site) -> None:
    open_runs(page, site)
    page.keyboard.press("/")
    expect(page.get_by_label("Filter", exact=True)).to_be_focused()
    page.keyboard.type("params.wi")
    page.keyboard.press("Tab")
    expect(page.get_by_label("Filter", exact=True)).to_have_value("params.width ")
    page.get_by_label("Filter", exact=True).fill("")
    page.get_by_role("grid").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    expect(row_of(page, 1).get_by_role("checkbox")).to_be_checked()
    page.keyboard.press("Shift+ArrowDown")
    expect(page.get_by_text("2 runs chosen")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("2 runs chosen")).to_have_count(0)
    page.keyboard.press("End")
    expect(row_of(page, RUNS - 1)).to_be_in_viewport()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.keyboard.type("cifar")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"#/experiments/{site.experiment_id}$"))


def test_a_view_is_saved_for_everybody_opened_and_removed(page: Page, site: Site) -> None:
    open_runs(page, site)
    apply_filter(page, "params.lr = '0.1'")
    heading(page, "width").get_by_role("button").first.click()
    page.get_by_role("button", name="Views").click()
    page.get_by_label("Name of this view").fill("quick ones")
    page.keyboard.press("Enter")
    expect(page.get_by_text("quick ones is saved")).to_be_visible()

    other = page.context.new_page()
    other.goto(f"/#/experiments/{site.experiment_id}?charts=0")
    other.get_by_role("button", name="Views").click()
    other.get_by_role("button", name=re.compile("^quick ones")).click()
    expect(other.get_by_label("Filter", exact=True)).to_have_value("params.lr = '0.1'")
    expect(heading(other, "width")).to_have_attribute("aria-sort", "ascending")
    other.get_by_role("button", name="Views").click()
    other.get_by_role("button", name="Remove the view quick ones").click()
    expect(other.get_by_text("quick ones is removed")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^quick ones"))).to_have_count(0)
    other.close()


def test_a_run_that_went_silent_shows_as_lost_until_it_is_heard(page: Page, site: Site) -> None:
    start = {
        "type": "run",
        "run_id": "5" * 32,
        "experiment_id": "0",
        "name": "silent",
        "lease_seconds": 1,
    }
    ingest = "/api/eventtrack/1/ingest"
    assert site.rest.ask("POST", ingest, {"entries": [start]})[0] == 200
    page.goto("/#/experiments/0?charts=0&cols=a.status&q=name%20%3D%20'silent'")
    row = page.get_by_role("row").filter(has_text="silent")
    expect(row).to_contain_text("Lost", timeout=30_000)
    tags = {"type": "tags", "run_id": "5" * 32, "tags": {"alive": "yes"}}
    assert site.rest.ask("POST", ingest, {"entries": [tags]})[0] == 200
    expect(row).to_contain_text("Running")
    site.rest.post("runs/delete", run_id="5" * 32)
