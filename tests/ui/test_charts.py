"""Charts in Chromium: whose they are, that no spike is lost, zoom, axes, live points, groups."""

import csv
import json
import math
import re
import uuid
from array import array
from pathlib import Path

import msgspec
import pytest
from playwright.sync_api import Locator, Page, expect

from eventtrack.wire import ingest as wire
from tests.rest import Rest
from tests.ui.conftest import RUNS, STEPS, Site

SPIKE = 4.25
SPIKE_AT = 12_345
POINTS = 20_000


@pytest.fixture(scope="module")
def spiky(site: Site) -> str:
    """An experiment with one run of many points and one spike; its id."""
    experiment_id: str = site.rest.post("experiments/create", name="spiky")["experiment_id"]
    run_id = site.rest.create_run(experiment_id, run_name="spiky")
    for first in range(0, POINTS, 1000):
        metrics = [
            {
                "key": "grad_norm",
                "value": SPIKE if step == SPIKE_AT else 0.5 + (step % 7) / 100,
                "step": step,
                "timestamp": step,
            }
            for step in range(first, first + 1000)
        ]
        site.rest.post("runs/log-batch", run_id=run_id, metrics=metrics)
    return experiment_id


def chart(page: Page, metric: str) -> Locator:
    return page.locator(f"[data-metric='{metric}']")


def plot(page: Page, metric: str) -> Locator:
    return chart(page, metric).locator(".plot")


def exported(page: Page, metric: str) -> list[dict[str, str]]:
    chart(page, metric).hover()
    with page.expect_download() as download:
        chart(page, metric).get_by_role("button", name="Download as CSV").click()
    with Path(download.value.path()).open() as file:
        return list(csv.DictReader(file))


def test_the_charts_show_the_first_runs_and_then_the_chosen_ones(
    page: Page, site: Site, shots: Path
) -> None:
    page.goto(f"/#/experiments/{site.experiment_id}")
    expect(plot(page, "train/loss")).to_have_attribute(
        "aria-label", re.compile(r"^train/loss by step: 12 runs, ")
    )
    expect(page.locator(".section-title")).to_have_text(["train1", "val1"])
    page.screenshot(path=shots / "charts.png")
    rows = page.get_by_role("grid", name="Runs").get_by_role("checkbox")
    rows.nth(1).check()
    rows.nth(2).check()
    expect(plot(page, "train/loss")).to_have_attribute(
        "aria-label", f"train/loss by step: 2 runs, {2 * STEPS} points"
    )


def test_one_point_of_twenty_thousand_is_in_the_picture(
    page: Page, site: Site, spiky: str, shots: Path
) -> None:
    page.goto(f"/#/experiments/{spiky}")
    expect(plot(page, "grad_norm")).to_have_attribute(
        "aria-label", f"grad_norm by step: 1 run, {POINTS:,} points"
    )
    rows = exported(page, "grad_norm")
    assert max(float(row["max"]) for row in rows) == SPIKE
    assert sum(int(row["count"]) for row in rows) == POINTS
    # The band reaches the top above the place of the spike, and nothing does elsewhere.
    heights = page.evaluate(
        """() => {
          const canvas = document.querySelector("[data-metric=grad_norm] canvas");
          const { width, height } = canvas;
          const pixels = canvas.getContext("2d").getImageData(0, 0, width, height).data;
          const coloured = (x, y) => {
            const at = (y * width + x) * 4;
            const some = [pixels[at], pixels[at + 1], pixels[at + 2]];
            return pixels[at + 3] > 0 && Math.max(...some) - Math.min(...some) > 24;
          };
          const columns = [];
          for (let x = 60; x < width - 12; x++) {
            let y = 0;
            while (y < height && !coloured(x, y)) y++;
            if (y < height * 0.3) columns.push((x - 54) / (width - 64));
          }
          return columns;
        }"""
    )
    assert heights
    assert all(abs(x - SPIKE_AT / POINTS) < 0.05 for x in heights)
    page.screenshot(path=shots / "spike.png")


def drag(page: Page, metric: str, start: float, end: float) -> None:
    box = plot(page, metric).locator(".u-over").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + start * box["width"], box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + end * box["width"], box["y"] + 40, steps=4)
    page.mouse.up()


def test_zooming_asks_the_server_anew_and_a_double_click_goes_back(
    page: Page, site: Site, spiky: str
) -> None:
    page.goto(f"/#/experiments/{spiky}")
    expect(plot(page, "grad_norm")).to_be_visible()
    with page.expect_response(re.compile("/charts$")) as answer:
        drag(page, "grad_norm", 0.6, 0.64)
    asked = answer.value.request.post_data_json
    assert asked is not None
    assert 0 < asked["start"] < SPIKE_AT < asked["end"] < POINTS
    expect(page).to_have_url(re.compile("zoom="))
    expect(plot(page, "grad_norm")).not_to_have_attribute(
        "aria-label", re.compile(f"{POINTS:,} points")
    )
    rows = exported(page, "grad_norm")
    assert max(int(row["count"]) for row in rows) <= 4
    assert max(float(row["max"]) for row in rows) == SPIKE
    page.reload()
    expect(plot(page, "grad_norm")).to_be_visible()
    plot(page, "grad_norm").locator(".u-over").dblclick()
    expect(page).not_to_have_url(re.compile("zoom="))
    expect(plot(page, "grad_norm")).to_have_attribute(
        "aria-label", f"grad_norm by step: 1 run, {POINTS:,} points"
    )


def two_kinds(site: Site, keys: list[str]) -> tuple[str, str]:
    """An experiment whose runs "text" and "image" share no metric; its id and the first run's."""
    experiment_id = site.rest.post("experiments/create", name=uuid.uuid4().hex)["experiment_id"]
    image_id = site.rest.create_run(experiment_id, run_name="image")
    site.rest.post("runs/log-metric", run_id=image_id, key="zoom", value=1, step=1, timestamp=1)
    text_id = site.rest.create_run(experiment_id, run_name="text")
    metrics = [
        {"key": key, "value": x, "step": x, "timestamp": x} for key in keys for x in range(50)
    ]
    for first in range(0, len(metrics), 1000):
        site.rest.post("runs/log-batch", run_id=text_id, metrics=metrics[first : first + 1000])
    return experiment_id, text_id


def choose_text(page: Page, experiment_id: str) -> None:
    page.goto(f"/#/experiments/{experiment_id}")
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name="text"))
    row.get_by_role("checkbox").check()


def test_a_zoom_asks_only_for_what_the_chosen_runs_have(page: Page, site: Site) -> None:
    experiment_id, _ = two_kinds(site, ["loss"])
    choose_text(page, experiment_id)
    expect(chart(page, "zoom")).to_contain_text("No points")
    expect(plot(page, "loss")).to_have_attribute("aria-label", re.compile("1 run, 50 points"))
    asked: list[str] = []
    page.on(
        "request",
        lambda each: asked.extend(
            (each.post_data_json or {})["keys"] if each.url.endswith("/charts") else []
        ),
    )
    drag(page, "loss", 0.3, 0.6)
    expect(plot(page, "loss")).not_to_have_attribute("aria-label", re.compile("50 points"))
    assert set(asked) == {"loss"}


@pytest.mark.parametrize("is_in_view", [True, False])
def test_the_first_point_of_an_empty_chart_is_shown(
    page: Page, site: Site, is_in_view: bool
) -> None:
    experiment_id, text_id = two_kinds(site, [f"m{number:02d}" for number in range(20)])
    choose_text(page, experiment_id)
    chart(page, "zoom").scroll_into_view_if_needed()
    expect(chart(page, "zoom")).to_contain_text("No points")
    if not is_in_view:
        chart(page, "m00").scroll_into_view_if_needed()
        expect(plot(page, "m00")).to_be_visible()
    site.rest.post("runs/log-metric", run_id=text_id, key="zoom", value=1, step=2, timestamp=2)
    # A chart out of view may ask only later: the event comes while nobody looks at it.
    page.wait_for_timeout(1500)
    chart(page, "zoom").scroll_into_view_if_needed()
    expect(plot(page, "zoom")).to_have_attribute("aria-label", re.compile("1 run, 1 point"))


LONG_RUNS = 12
LONG_POINTS = 150_000


@pytest.fixture(scope="module")
def long(site: Site) -> str:
    """An experiment whose runs have too many points to unpack them soon; its id."""
    steps = array("q", range(LONG_POINTS)).tobytes()
    values = array("d", (step % 100 / 100 for step in range(LONG_POINTS))).tobytes()
    for number in range(LONG_RUNS):
        run_id = f"{number:02x}{'f' * 30}"
        points = wire.Metrics(run_id=run_id, steps=steps, timestamps=steps, values={"saw": values})
        started = wire.RunStart(run_id=run_id, experiment="many points", name=f"long-{number}")
        body = msgspec.msgpack.encode(wire.Request(entries=[started, points]))
        status, _, answer = site.rest.ask(
            "POST", wire.PATH, body, headers={"Content-Type": wire.MSGPACK_TYPE}
        )
        assert status == 200, answer
    found = site.rest.get("experiments/get-by-name", experiment_name="many points")
    experiment_id: str = found["experiment"]["experiment_id"]
    return experiment_id


def test_a_zoom_shows_something_soon_and_every_detail_after_it(page: Page, long: str) -> None:
    asked = []
    page.on(
        "request",
        lambda request: (
            asked.append(request.post_data_json) if request.url.endswith("/charts") else None
        ),
    )
    with page.expect_response(
        lambda answer: (
            answer.url.endswith("/charts") and "quick" not in str(answer.request.post_data)
        )
    ) as best:
        page.goto(f"/#/experiments/{long}?zoom=20000..140000")
    best.value.finished()
    expect(plot(page, "saw")).to_have_attribute(
        "aria-label", re.compile(f"^saw by step: {LONG_RUNS} runs, ")
    )
    assert [each.pop("quick", None) for each in asked] == [True, None]
    assert asked[0] == asked[1]
    page.evaluate("new Promise(requestAnimationFrame)")
    rows = exported(page, "saw")
    body = best.value.body()
    told = json.loads(body[4 : 4 + int.from_bytes(body[:4], "little")])
    assert told["width"] == 2 ** math.ceil(math.log2(120_000 / asked[1]["buckets"]))
    assert len(rows) == told["buckets"] * LONG_RUNS


@pytest.mark.parametrize(
    ("title", "axis"),
    [("Time", "timestamp"), ("Relative time", "relative"), ("val/acc", "metric")],
)
def test_the_horizontal_axis_is_chosen(page: Page, site: Site, title: str, axis: str) -> None:
    page.goto(f"/#/experiments/{site.experiment_id}")
    page.get_by_label("Horizontal axis").select_option(label=title)
    expect(plot(page, "train/loss")).to_have_attribute(
        "aria-label", re.compile(rf"^train/loss by {axis}: 12 runs, ")
    )
    page.reload()
    expect(page.get_by_label("Horizontal axis").locator("option:checked")).to_have_text(title)


def test_smoothing_and_log_scales_are_in_the_address(page: Page, site: Site, shots: Path) -> None:
    page.goto(f"/#/experiments/{site.experiment_id}?smooth=0.9&ylog=1")
    expect(page.get_by_label("Smoothing")).to_have_value("0.9")
    expect(page.get_by_label("log y")).to_be_checked()
    expect(plot(page, "train/loss")).to_be_visible()
    page.screenshot(path=shots / "smooth.png")
    page.get_by_label("Smoothing").fill("0.5")
    expect(page).to_have_url(re.compile("smooth=0.5"))
    page.get_by_label("log y").uncheck()
    expect(page).not_to_have_url(re.compile("ylog"))


def test_points_logged_meanwhile_are_drawn(page: Page, site: Site) -> None:
    run_id = site.rest.create_run("0", run_name="growing")
    log(site.rest, run_id, 0)
    page.goto("/#/experiments/0?q=name%20%3D%20'growing'")
    label = "growing by step: 1 run, {}"
    expect(plot(page, "growing")).to_have_attribute("aria-label", label.format("1 point"))
    log(site.rest, run_id, 1)
    expect(plot(page, "growing")).to_have_attribute("aria-label", label.format("2 points"))
    site.rest.post("runs/delete", run_id=run_id)


def log(rest: Rest, run_id: str, step: int) -> None:
    rest.post(
        "runs/log-metric", run_id=run_id, key="growing", value=step, step=step, timestamp=step
    )


def test_groups_are_drawn_as_bands_over_their_runs(page: Page, site: Site, shots: Path) -> None:
    page.goto(f"/#/experiments/{site.experiment_id}?group=p.seed&cols=m.train/loss")
    grid = page.get_by_role("grid", name="Groups of runs")
    expect(grid).to_have_attribute("aria-rowcount", "4")
    expect(page.get_by_role("row").filter(has_text="±")).to_have_count(3)
    expect(plot(page, "train/loss")).to_have_attribute(
        "aria-label", re.compile(r"^train/loss by step: 3 groups, ")
    )
    page.screenshot(path=shots / "groups.png")
    rows = exported(page, "train/loss")
    assert {row["run"] for row in rows} == {"0", "1", "2"}
    of_first = [row for row in rows if row["run"] == "0" and float(row["step"]) == 0]
    assert [int(row["count"]) for row in of_first] == [RUNS // 3]


def test_what_is_pointed_at_is_told_and_the_chart_stays(
    page: Page, site: Site, shots: Path
) -> None:
    page.goto(f"/#/experiments/{site.experiment_id}")
    expect(plot(page, "train/loss")).to_be_visible()
    for _ in range(2):
        plot(page, "train/loss").hover()
        expect(page.locator(".plot-told")).to_contain_text(re.compile(r"step \d+.*resnet-\d\d"))
        page.screenshot(path=shots / "told.png")
        page.mouse.move(5, 5)
        expect(page.locator(".plot-told")).to_have_count(0)
        expect(plot(page, "train/loss").locator("canvas")).to_be_visible()


def test_charts_are_found_pinned_and_seen_large(page: Page, site: Site, shots: Path) -> None:
    page.goto(f"/#/experiments/{site.experiment_id}")
    expect(plot(page, "val/acc")).to_be_visible()
    page.get_by_label("Find charts").fill("acc")
    expect(chart(page, "train/loss")).to_have_count(0)
    chart(page, "val/acc").hover()
    chart(page, "val/acc").get_by_role("button", name="Pin the chart").click()
    page.get_by_label("Find charts").fill("")
    expect(page.locator(".section-title").first).to_contain_text("pinned")
    chart(page, "val/acc").hover()
    chart(page, "val/acc").get_by_role("button", name="Full screen").click()
    dialog = page.get_by_role("dialog", name="val/acc")
    expect(dialog.locator(".plot")).to_be_visible()
    page.screenshot(path=shots / "large.png")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    with page.expect_download() as download:
        chart(page, "val/acc").hover()
        chart(page, "val/acc").get_by_role("button", name="Download as PNG").click()
    assert Path(download.value.path()).read_bytes().startswith(b"\x89PNG")


def test_thousands_of_metrics_are_no_trouble(page: Page, site: Site) -> None:
    experiment_id = site.rest.post("experiments/create", name="layers")["experiment_id"]
    run_id = site.rest.create_run(experiment_id, run_name="deep")
    for first in range(0, 3000, 1000):
        metrics = [
            {"key": f"layer{number}/norm", "value": number, "step": 0, "timestamp": 1}
            for number in range(first, first + 1000)
        ]
        site.rest.post("runs/log-batch", run_id=run_id, metrics=metrics)
    page.goto(f"/#/experiments/{experiment_id}")
    expect(plot(page, "layer0/norm")).to_be_visible()
    assert page.evaluate("document.querySelectorAll('*').length") < 5_000
    page.get_by_label("Find charts").fill("layer2999")
    expect(plot(page, "layer2999/norm")).to_be_visible()
    page.get_by_role("button", name="Columns").click()
    page.get_by_label("Find a column").fill("layer2998")
    page.get_by_role("checkbox", name="layer2998/norm").check()
    expect(page.get_by_role("columnheader", name="layer2998/norm")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="deep")).to_contain_text("2998")
