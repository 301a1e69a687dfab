"""Runs compared in Chromium: what differs, the pictures, a run beside itself at an earlier time."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.ui.conftest import HOSTILE, Complaints, Site

RUNS = 4


@pytest.fixture(scope="module")
def compared(site: Site) -> list[str]:
    """Runs that differ in lr and loss, but not in their optimizer."""
    experiment_id = site.rest.post("experiments/create", name="compared")["experiment_id"]
    run_ids = []
    for number in range(RUNS):
        run_id = site.rest.create_run(experiment_id, run_name=f"try-{number}", start_time=1000)
        params = {"lr": str(10.0**-number), "optimizer": "adam", "seed": str(number % 2)}
        site.rest.post(
            "runs/log-batch",
            run_id=run_id,
            params=[{"key": key, "value": value} for key, value in params.items()],
            metrics=[
                {"key": "loss", "value": value, "timestamp": step, "step": step}
                for step, value in enumerate([5 - number, 1 + number])
            ],
        )
        run_ids.append(run_id)
    return run_ids


def open_compared(page: Page, run_ids: list[str], query: str = "") -> None:
    page.goto(f"/#/compare?runs={','.join(run_ids)}{query}")
    expect(page.get_by_role("heading", level=1)).to_have_text(
        f"Compare {len(run_ids)} run{'s' * (len(run_ids) > 1)}"
    )


def row(page: Page, name: str) -> Locator:
    return page.locator("tbody tr").filter(has=page.get_by_role("rowheader", name=name, exact=True))


def test_runs_are_chosen_in_the_table_and_compared(
    page: Page, site: Site, compared: list[str]
) -> None:
    page.goto("/#/experiments/" + site.experiment_id + "?charts=0")
    for index in (2, 3):
        page.locator(f"[role=row][aria-rowindex='{index}']").get_by_role("checkbox").check()
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Compare 2 runs")
    expect(row(page, "width").locator("td")).to_have_count(2)


def test_only_what_differs_is_shown_until_all_is_asked_for(
    page: Page, compared: list[str], shots: Path
) -> None:
    open_compared(page, compared)
    expect(row(page, "lr").locator("td")).to_have_text(["1.0", "0.1", "0.01", "0.001"])
    expect(row(page, "optimizer")).to_have_count(0)
    expect(row(page, "loss").locator("td")).to_have_text(["1", "2", "3", "4"])
    page.screenshot(path=shots / "compare.png")
    page.get_by_label("Only what differs").uncheck()
    expect(row(page, "optimizer").locator("td")).to_have_text(["adam"] * RUNS)
    page.get_by_label("Which value of the metrics").select_option("max")
    expect(row(page, "loss").locator("td")).to_have_text(["5", "4", "3", "4"])
    page.reload()
    expect(row(page, "loss").locator("td")).to_have_text(["5", "4", "3", "4"])
    page.get_by_role("button", name="Leave out try-3").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Compare 3 runs")
    expect(row(page, "lr").locator("td")).to_have_count(3)


def test_parallel_coordinates_tell_of_a_run_and_keep_a_range(
    page: Page, compared: list[str], shots: Path
) -> None:
    open_compared(page, compared, "&view=parallel&axes=p.lr,m.loss")
    picture = page.get_by_role("img", name="Parallel coordinates of 4 runs over lr, loss")
    box = picture.bounding_box()
    assert box is not None
    # Where the second axis has its greatest value: the run with the loss 4.
    x, top = box["x"] + box["width"] - 72, box["y"] + 46
    page.mouse.move(x, top)
    told = page.locator("figcaption")
    expect(told).to_contain_text("try-3")
    page.screenshot(path=shots / "parallel.png")
    page.mouse.move(x, top - 2)
    page.mouse.down()
    page.mouse.move(x, top + 150, steps=4)
    page.mouse.up()
    page.mouse.move(box["x"] + 20, box["y"] + 4)
    expect(told).to_contain_text("2 of 4 in range")
    page.get_by_role("button", name="Axes").click()
    page.get_by_role("dialog").get_by_label("seed").check()
    assert "p.seed" in page.url


def test_a_dot_is_a_run_and_opens_it(page: Page, compared: list[str], shots: Path) -> None:
    open_compared(page, compared, "&view=scatter&sx=p.lr&sy=m.loss")
    picture = page.get_by_role("img", name="loss by lr of 4 runs")
    box = picture.bounding_box()
    assert box is not None
    inner = {"width": box["width"] - 84 - 24, "height": box["height"] - 20 - 46}
    # lr is on a logarithmic axis; the smallest is at its left, with the greatest loss.
    x, y = box["x"] + 84 + inner["width"] * 0.04, box["y"] + 20 + inner["height"] * 0.04
    page.mouse.move(x, y)
    expect(page.locator("figcaption")).to_contain_text("try-3")
    page.screenshot(path=shots / "scatter.png")
    page.get_by_label("Across").select_option("p.seed")
    expect(page.get_by_role("img", name="loss by seed of 4 runs")).to_be_visible()
    page.get_by_label("Across").select_option("p.lr")
    page.mouse.click(x, y)
    expect(page).to_have_url(re.compile(rf"/runs/{compared[3]}$"))


def test_a_run_is_compared_with_itself_at_an_earlier_time(
    page: Page, site: Site, complaints: Complaints
) -> None:
    run_id = site.rest.create_run("0", run_name="changing")
    site.rest.post("runs/log-parameter", run_id=run_id, key="lr", value="0.1")
    site.rest.post("runs/set-tag", run_id=run_id, key="stage", value="dev")
    page.goto(f"/#/runs/{run_id}/history")
    first = page.locator(".event").filter(has_text="stage").first
    position = first.get_attribute("data-position")
    site.rest.post("runs/set-tag", run_id=run_id, key="stage", value=HOSTILE)
    first = page.locator(f".event[data-position='{position}']")
    first.hover()
    first.get_by_role("link", name="vs now").click()
    expect(row(page, "stage").locator("td")).to_have_text(["dev", HOSTILE])
    expect(row(page, "lr")).to_have_count(0)
    expect(page.get_by_role("columnheader", name=f"changing @ {position}")).to_be_visible()
    assert page.title() != "taken"

    page.goto(f"/#/compare?runs={run_id}")
    page.get_by_role("button", name="With an earlier time").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Earlier").fill("yesterday")
    dialog.get_by_role("button", name="Compare").click()
    expect(dialog.get_by_role("alert")).to_contain_text("position of the log")
    dialog.get_by_label("Earlier").fill(str(position))
    dialog.get_by_role("button", name="Compare").click()
    expect(row(page, "stage").locator("td")).to_have_text(["dev", HOSTILE])
    assert all("400" in each for each in complaints)
    complaints.clear()


def test_a_run_that_is_not_there_is_left_out_and_said(
    page: Page, compared: list[str], complaints: Complaints
) -> None:
    page.goto(f"/#/compare?runs={compared[0]},{'0' * 32}")
    expect(page.get_by_role("alert")).to_contain_text("is left out")
    expect(page.get_by_role("columnheader", name="try-0")).to_be_visible()
    assert all("404" in each for each in complaints)
    complaints.clear()


def test_a_value_logged_meanwhile_appears(page: Page, site: Site, compared: list[str]) -> None:
    open_compared(page, compared[:2])
    site.rest.post("runs/log-parameter", run_id=compared[0], key="late", value="yes")
    expect(row(page, "late").locator("td")).to_have_text(["yes", re.compile("^.$")])
