"""Time in Chromium: every page as it was, stepping through events, replay of a finished run."""

import json
import re
from pathlib import Path

import pytest
from mlflow import MlflowClient
from playwright.sync_api import Locator, Page, expect

from tests.rest import Rest
from tests.ui.conftest import STARTED_MS, Complaints, Site
from tests.ui.test_run_page import region


def head_of(rest: Rest) -> int:
    """The position of the log's last event."""
    status, _, body = rest.ask("GET", "/api/eventtrack/1/moment")
    assert status == 200
    head: int = json.loads(body)["head"]
    return head


class Past:
    """A run that changed four times, and the log's positions after each change."""

    def __init__(self, site: Site) -> None:
        self.site = site
        rest = site.rest
        self.experiment_id = rest.post("experiments/create", name="past")["experiment_id"]
        self.positions: list[int] = []
        self.run_id = rest.create_run(self.experiment_id, run_name="young", start_time=STARTED_MS)
        self._mark()
        rest.post("runs/log-parameter", run_id=self.run_id, key="lr", value="0.1")
        self._mark()
        for step in range(3):
            rest.post(
                "runs/log-metric",
                run_id=self.run_id,
                key="loss",
                value=3 - step,
                step=step,
                timestamp=STARTED_MS + step,
            )
        self._mark()
        rest.post("runs/set-tag", run_id=self.run_id, key="stage", value="dev")
        rest.post(
            "runs/update",
            run_id=self.run_id,
            run_name="old",
            status="FINISHED",
            end_time=STARTED_MS + 60_000,
        )
        self._mark()

    def _mark(self) -> None:
        self.positions.append(head_of(self.site.rest))

    @property
    def address(self) -> str:
        return f"/#/experiments/{self.experiment_id}/runs/{self.run_id}"


@pytest.fixture(scope="module")
def past(site: Site) -> Past:
    return Past(site)


def bar(page: Page) -> Locator:
    return region(page, "Time")


def title(page: Page) -> Locator:
    return page.get_by_role("heading", level=1)


def test_a_run_is_shown_as_it_was(page: Page, past: Past, shots: Path) -> None:
    page.goto(f"{past.address}/params?at={past.positions[0]}")
    expect(title(page)).to_have_text("young")
    expect(region(page, "Params")).to_contain_text("None")
    expect(page.get_by_role("button", name="Rename")).to_have_count(0)
    page.get_by_role("link", name="Metrics").click()
    expect(region(page, "Metrics")).to_contain_text("None")
    expect(page).to_have_url(re.compile(f"at={past.positions[0]}"))
    page.get_by_role("link", name="Params").click()
    page.screenshot(path=shots / "past.png")
    bar(page).get_by_role("button", name="Back to now").click()
    expect(title(page)).to_have_text("old")
    expect(region(page, "Params")).to_contain_text("0.1")
    expect(page.get_by_role("button", name="Rename")).to_be_visible()


def test_one_steps_through_the_events_of_a_run(page: Page, past: Past, site: Site) -> None:
    # An event of another run, which is none of this one's steps.
    site.rest.create_run(past.experiment_id, run_name="neighbour")
    page.goto(past.address)
    page.get_by_role("button", name="Look at another time").click()
    expect(bar(page)).to_contain_text("Now")
    back = bar(page).get_by_role("button", name="One event back")
    back.click()
    expect(page).to_have_url(re.compile(rf"at={past.positions[3]}"))
    for _ in range(3):
        before = page.url
        back.click()
        expect(page).not_to_have_url(before)
    expect(title(page)).to_have_text("young")
    on = bar(page).get_by_role("button", name="One event on")
    before = page.url
    on.click()
    expect(page).not_to_have_url(before)


def test_clicks_that_follow_fast_are_a_step_each(page: Page, past: Past) -> None:
    page.goto(past.address)
    page.get_by_role("button", name="Look at another time").click()
    # The run's last events follow one another in the log.
    bar(page).get_by_role("button", name="One event back").click(click_count=4)
    expect(page).to_have_url(re.compile(rf"at={past.positions[3] - 3}$"))


def test_the_slider_goes_to_any_event(page: Page, past: Past) -> None:
    page.goto(f"{past.address}/metrics")
    expect(region(page, "Metrics").locator("tbody th")).to_have_text("loss")
    page.keyboard.press("t")
    slider = bar(page).get_by_label("The run's events")
    expect(slider).to_have_attribute("min", str(past.positions[0]))
    slider.focus()
    page.keyboard.press("Home")
    expect(region(page, "Metrics").locator("tbody")).to_contain_text("None")
    expect(bar(page)).to_contain_text("started the run")
    page.keyboard.press("End")
    expect(region(page, "Metrics").locator("tbody th")).to_have_text("loss")


def test_the_table_of_runs_follows_the_time(page: Page, past: Past) -> None:
    page.goto(f"/#/experiments/{past.experiment_id}?charts=0&cols=a.status,p.lr,m.loss")
    expect(page.get_by_role("link", name="old")).to_be_visible()
    page.keyboard.press("t")
    slider = bar(page).get_by_label("All events")
    slider.evaluate(
        """(slider, position) => {
          slider.value = position;
          slider.dispatchEvent(new Event("input", { bubbles: true }));
        }""",
        str(past.positions[1]),
    )
    row = page.get_by_role("row").filter(has_text="young")
    expect(row).to_contain_text("Running")
    expect(row).to_contain_text("0.1")
    expect(row).not_to_contain_text("Finished")
    bar(page).get_by_role("button", name="Back to now").click()
    expect(page.get_by_role("row").filter(has_text="old")).to_contain_text("Finished")


def test_what_happens_meanwhile_does_not_enter_the_past(page: Page, site: Site) -> None:
    run_id = site.rest.create_run("0", run_name="before")
    at = head_of(site.rest)
    page.goto(f"/#/runs/{run_id}?at={at}")
    expect(title(page)).to_have_text("before")
    site.rest.post("runs/update", run_id=run_id, run_name="after")
    other = page.context.new_page()
    other.goto(f"/#/runs/{run_id}")
    expect(title(other)).to_have_text("after")
    other.close()
    expect(title(page)).to_have_text("before")


def test_a_moment_is_a_time_too(page: Page, past: Past) -> None:
    page.goto(f"{past.address}?at=2999-01-01T00:00:00Z")
    expect(title(page)).to_have_text("old")
    expect(bar(page)).to_contain_text("Back to now")


def test_before_it_began_there_is_no_run(page: Page, past: Past, complaints: Complaints) -> None:
    page.goto(f"{past.address}?at={past.positions[0] - 1}")
    expect(page.get_by_role("alert").first).to_contain_text("There was no such run")
    assert all("404" in each for each in complaints)
    complaints.clear()


def test_a_finished_run_is_replayed(page: Page, past: Past) -> None:
    page.goto(f"{past.address}/history")
    page.keyboard.press("t")
    bar(page).get_by_label("Speed").select_option("1")
    bar(page).get_by_role("button", name="Replay").click()
    expect(page).to_have_url(re.compile(f"at={past.positions[0]}"))
    bar(page).get_by_role("button", name="Pause").click()
    bar(page).get_by_label("Speed").select_option("1000")
    bar(page).get_by_role("button", name="Replay").click()
    expect(bar(page)).to_contain_text("Now")
    expect(title(page)).to_have_text("old")
    expect(page).not_to_have_url(re.compile("at="))


def test_models_are_shown_as_they_were(page: Page, site: Site) -> None:
    client = MlflowClient(site.server.url)
    client.create_registered_model("timely net", description="at first")
    at = head_of(site.rest)
    client.update_registered_model("timely net", "later on")
    client.create_model_version("timely net", "s3://bucket/model")
    page.goto(f"/#/models/timely net?at={at}")
    expect(region(page, "Description")).to_contain_text("at first")
    expect(region(page, "Versions")).to_contain_text("None yet")
    expect(page.get_by_role("button", name="Rename")).to_have_count(0)
    page.get_by_role("link", name="Models").click()
    expect(page.get_by_role("cell", name="at first")).to_be_visible()
    bar(page).get_by_role("button", name="Back to now").click()
    expect(page.get_by_role("cell", name="later on")).to_be_visible()


def test_charts_show_the_points_that_were_there(page: Page, past: Past) -> None:
    page.goto(f"{past.address}/charts?at={past.positions[1] + 1}")
    chart = page.get_by_role("img", name=re.compile("^loss by step"))
    expect(chart).to_have_attribute("aria-label", re.compile("1 run, 1 point$"))
    bar(page).get_by_role("button", name="One event on").click()
    expect(chart).to_have_attribute("aria-label", re.compile("1 run, 2 points"))
    bar(page).get_by_role("button", name="Back to now").click()
    expect(chart).to_have_attribute("aria-label", re.compile("1 run, 3 points"))
