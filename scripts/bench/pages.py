"""`python scripts/bench --ui`: what the person in front of the web UI waits for.

It fills a server with many runs, and with a few of very many points, opens its pages in Debian's
Chromium (no graphics card, drawing by CPU) and measures there: first load, first rows, sorting,
scrolling, charts, zoom, and how soon a logged value is on the screen.
"""

import http.client
import itertools
import json
import os
import random
import shutil
import statistics
import tempfile
import time
from array import array
from contextlib import closing
from pathlib import Path
from typing import Any

import click
import msgspec
from playwright.sync_api import Page, sync_playwright

from eventtrack.ui import DIST
from eventtrack.wire import ingest as wire
from scripts.bench.native import curve
from tests.servers import ServerProcess, eventtrack_server

EXPERIMENT_RUNS = 1_500
METRICS = 20
RUNS_IN_REQUEST = 250
POINTS_IN_REQUEST = 50_000
LIVE_VALUES = 40
ZOOMS = 4
PAGE_BUCKETS = 256
"""What the page asks for of a hundred lines in a card."""

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--enable-precise-memory-info"]

SETTLE_MILLISECONDS = 5000
"""Until a browser that was just started, as nobody's is, has loaded its own pages."""

FIRST_ROW = "[role=row][aria-rowindex='2'] a"
WATCH = f"""
window.longTasks = [];
new PerformanceObserver((list) => {{
  for (const entry of list.getEntries()) longTasks.push(Math.round(entry.duration));
}}).observe({{ entryTypes: ['longtask'] }});

/* When, in milliseconds since the page's start: measured here, for what drives the browser from
   outside takes time of its own. */
window.timed = {{ rows: 0, input: 0, answered: 0, painted: 0 }};
const look = () => {{
  if (document.querySelector("{FIRST_ROW}")) timed.rows = performance.now();
  else requestAnimationFrame(look);
}};
requestAnimationFrame(look);
for (const kind of ['keydown', 'mouseup']) {{
  addEventListener(kind, (event) => (timed.input = event.timeStamp), true);
}}
const whole = Response.prototype.arrayBuffer;
Response.prototype.arrayBuffer = async function () {{
  const body = await whole.call(this);
  if (this.url.endsWith('/charts')) timed.answered = performance.now();
  return body;
}};
const stroke = CanvasRenderingContext2D.prototype.stroke;
CanvasRenderingContext2D.prototype.stroke = function (...given) {{
  timed.painted = performance.now();
  return stroke.apply(this, given);
}};
"""
PAINTED = """async (selector) => {
  const frame = () => new Promise(requestAnimationFrame);
  const isPainted = () => timed.answered > timed.input && timed.painted > timed.answered;
  while (!isPainted() || !document.querySelector(selector)) await frame();
  await frame();
  return [timed.answered - timed.input, performance.now() - timed.input];
}"""
SCROLL = """async ([rows, jump]) => {
  const grid = document.querySelector('.grid');
  const frames = [];
  longTasks.length = 0;
  let last = performance.now();
  for (let at = 0; at < 300; at++) {
    grid.scrollTop = jump ? ((at * 9137) % rows) * 30 : grid.scrollTop + 97;
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    frames.push(now - last);
    last = now;
  }
  frames.sort((a, b) => a - b);
  return { p50: frames[150], p95: frames[285], max: frames[299], long: longTasks };
}"""
JUMP = """async (row) => {
  const begun = performance.now();
  document.querySelector('.grid').scrollTop = row * 30;
  while (!document.querySelector(`[aria-rowindex='${row + 5}'] a`)) {
    await new Promise(requestAnimationFrame);
  }
  return performance.now() - begun;
}"""

SHOWN = """async ([place, text]) => {
  const said = (each) => each.textContent.includes(text) || (each.ariaLabel ?? '').includes(text);
  while (![...document.querySelectorAll(place)].some(said)) {
    await new Promise(requestAnimationFrame);
  }
}"""


@click.command()
@click.option("--ui", is_flag=True, hidden=True)
@click.option("--runs", default=75_000, show_default=True, help="In the table.")
@click.option("--series", default=100, show_default=True, help="Runs in the chart.")
@click.option("--points", default=1_000_000, show_default=True, help="Of each of them.")
@click.option("--data", type=click.Path(path_type=Path), help="Keep, or take, the data here.")
@click.option("--mlflow/--no-mlflow", default=True, show_default=True, help="Its UI as well.")
def main(runs: int, series: int, points: int, data: Path | None, mlflow: bool, **_: object) -> None:
    """Measure the web UI in a browser."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise click.ClickException("Chromium is needed: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder:
        place = data or Path(folder)
        is_filled = (place / "log.db").exists()
        with eventtrack_server(place) as server:
            if not is_filled:
                _fill(server.port, runs, series, points)
        # Anew, so that nothing is in its memory.
        with eventtrack_server(place) as server, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
            page = browser.new_page(base_url=server.url, viewport={"width": 1440, "height": 900})
            page.add_init_script(WATCH)
            page.wait_for_timeout(SETTLE_MILLISECONDS)
            _measure_table(page, runs)
            _measure_live(page, server)
            _measure_charts(page, server.port, series)
            browser.close()
        if mlflow:
            with eventtrack_server(place, "--ui", "mlflow") as server:
                _measure_mlflow(server.url, chromium)


def _fill(port: int, runs: int, series: int, points: int) -> None:
    begun = time.monotonic()
    with closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
        for first in range(0, runs, RUNS_IN_REQUEST):
            numbers = range(first, min(first + RUNS_IN_REQUEST, runs))
            _send(connection, [entry for number in numbers for entry in _run(number)])
        for number in range(series):
            run_id = f"{number:08x}{'c' * 24}"
            start = wire.RunStart(run_id=run_id, experiment="charts", name=f"curve-{number}")
            _send(connection, [start])
            values = array("d", curve(number, POINTS_IN_REQUEST)).tobytes()
            for step in range(0, points, POINTS_IN_REQUEST):
                some = range(step, min(step + POINTS_IN_REQUEST, points))
                _send(
                    connection,
                    [
                        wire.Metrics(
                            run_id=run_id,
                            steps=array("q", some).tobytes(),
                            timestamps=array("q", (1_790_000_000_000 + x for x in some)).tobytes(),
                            values={"loss": values[: 8 * len(some)]},
                        )
                    ],
                )
    print(f"filled in {time.monotonic() - begun:.0f} s")


def _run(number: int) -> list[wire.Entry]:
    chance = random.Random(number)
    run_id = f"{number:032x}"
    started = 1_700_000_000_000 + number * 1000
    step, timestamp = array("q", [1]).tobytes(), array("q", [started]).tobytes()
    return [
        wire.RunStart(
            run_id=run_id,
            experiment=f"sweep {number // EXPERIMENT_RUNS}",
            name=f"run-{number}",
            start_time=started,
        ),
        wire.Params(run_id=run_id, params={"lr": str(chance.random()), "seed": str(number % 5)}),
        wire.Metrics(
            run_id=run_id,
            steps=step,
            timestamps=timestamp,
            values={
                f"metric {each}": array("d", [chance.random()]).tobytes() for each in range(METRICS)
            },
        ),
        wire.RunEnd(run_id=run_id, end_time=started + 1000),
    ]


def _send(connection: http.client.HTTPConnection, entries: list[wire.Entry]) -> None:
    body = msgspec.msgpack.encode(wire.Request(entries=entries))
    while True:
        connection.request("POST", wire.PATH, body, {"Content-Type": wire.MSGPACK_TYPE})
        response = connection.getresponse()
        answer = response.read()
        if response.status != 429:
            break
        time.sleep(float(response.headers.get("Retry-After", "1")))
    assert response.status == 200, answer[:500]


def _measure_table(page: Page, runs: int) -> None:
    size = sum(path.stat().st_size for path in DIST.rglob("*.gz"))
    print(f"assets, gzip: {size / 1000:.1f} KB")
    page.goto("/#/?charts=0")
    page.wait_for_selector(FIRST_ROW)
    print(f"first load to first rows of {runs:,}: {page.evaluate('timed.rows'):.0f} ms")
    answer = page.evaluate(
        "performance.getEntriesByType('resource').filter(e => /runs.table/.test(e.name))"
        ".map(e => e.duration)"
    )
    print(f"  of that the server's answer: {answer[0]:.0f} ms")
    print(f"to rows in the middle: {page.evaluate(JUMP, runs // 2):.0f} ms")
    _tell_frames("scrolling", page.evaluate(SCROLL, [runs, False]))
    _tell_frames("jumping", page.evaluate(SCROLL, [runs, True]))
    heap = page.evaluate("performance.memory.usedJSHeapSize") / 1e6
    print(f"heap: {heap:.0f} MB")


def _tell_frames(what: str, figures: dict[str, Any]) -> None:
    print(
        f"{what}: frames of {figures['p50']:.1f} ms, p95 {figures['p95']:.1f}, "
        f"longest {figures['max']:.0f}; long tasks: {figures['long'] or 'none'}"
    )


def _measure_live(page: Page, server: ServerProcess) -> None:
    run_id = os.urandom(16).hex()
    table = "/#/?charts=0&cols=m.live&q=name%20%3D%20%27live%27"
    with closing(http.client.HTTPConnection("127.0.0.1", server.port)) as connection:
        _send(connection, [wire.RunStart(run_id=run_id, experiment="live", name="live")])
        _log_live(connection, run_id, 0)
        numbers = itertools.count(1)
        for where, address, place, text in (
            ("in the table", table, ".grid-body", "{value}"),
            ("in the run's metrics", f"/#/runs/{run_id}/metrics", "tbody td", "{value}"),
            ("in the run's chart", f"/#/runs/{run_id}/charts", ".chart .plot", " {points} points"),
        ):
            page.goto(address)
            page.wait_for_selector(place)
            page.wait_for_timeout(1000)
            delays = []
            for number in itertools.islice(numbers, LIVE_VALUES):
                begun = time.monotonic()
                _log_live(connection, run_id, number)
                page.evaluate(SHOWN, [place, text.format(value=1000 + number, points=number + 1)])
                delays.append((time.monotonic() - begun) * 1000)
                # Now and then a value, as one watches a run: what comes faster is drawn together.
                page.wait_for_timeout(600)
            delays.sort()
            print(
                f"a logged value is {where}: {statistics.median(delays):.0f} ms, "
                f"p95 {delays[int(0.95 * len(delays))]:.0f} ms"
            )


def _log_live(connection: http.client.HTTPConnection, run_id: str, number: int) -> None:
    points = wire.Metrics(
        run_id=run_id, steps=[number], timestamps=[number], values={"live": [1000 + number]}
    )
    _send(connection, [points])


def _measure_charts(page: Page, port: int, series: int) -> None:
    run_ids = [f"{number:08x}{'c' * 24}" for number in range(series)]
    for buckets in (PAGE_BUCKETS, 1000):
        question = {"run_ids": run_ids, "key": "loss", "axis": "step", "buckets": buckets}
        with closing(http.client.HTTPConnection("127.0.0.1", port)) as connection:
            begun = time.monotonic()
            connection.request(
                "POST",
                "/api/eventtrack/1/charts",
                json.dumps(question),
                {"Content-Type": "application/json"},
            )
            response = connection.getresponse()
            size = len(response.read())
            taken = (time.monotonic() - begun) * 1000
            assert response.status == 200
        told = f"{taken:.0f} ms, {size / 1e6:.1f} MB"
        print(f"chart of {series} series, {buckets} buckets, the server's answer: {told}")
    page.goto("/#/?q=name%20LIKE%20%27curve-%25%27&cols=a.status")
    # What was shown before has rows as well.
    page.wait_for_selector(f"{FIRST_ROW}:has-text('curve-')")
    page.get_by_role("grid").focus()
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    page.wait_for_timeout(1000)
    page.keyboard.press("Shift+End")
    chart = f".chart [aria-label^='loss by step: {series} runs']"
    answered, painted = page.evaluate(PAINTED, chart)
    print(f"choosing them to answered: {answered:.0f} ms, to painted: {painted:.0f} ms")
    box = page.locator(".chart .u-over").first.bounding_box()
    assert box is not None
    for _ in range(ZOOMS):
        page.wait_for_timeout(3000)
        page.mouse.move(box["x"] + 60, box["y"] + 60)
        page.mouse.down()
        page.mouse.move(box["x"] + 160, box["y"] + 60, steps=3)
        page.mouse.up()
        answered, painted = page.evaluate(PAINTED, chart)
        span = page.url.split("zoom=")[1].split("&")[0]
        print(f"zoom to {span}, answered: {answered:.0f} ms, painted: {painted:.0f} ms")


def _measure_mlflow(url: str, chromium: str) -> None:
    """MLflow's page on the same data: one experiment, as it lists no more at a time."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{url}/#/experiments/1/runs")
        page.wait_for_selector("a[href*='/runs/']", timeout=120_000)
        ready = page.evaluate("performance.now()")
        page.wait_for_timeout(3000)
        size = page.evaluate(
            """performance.getEntriesByType('resource')
                .filter(e => e.initiatorType !== 'fetch' && e.initiatorType !== 'xmlhttprequest')
                .reduce((sum, e) => sum + e.encodedBodySize, 0)"""
        )
        heap = page.evaluate("performance.memory.usedJSHeapSize") / 1e6
        print(
            f"MLflow's UI on the same data, one experiment of {EXPERIMENT_RUNS:,} runs: assets, "
            f"gzip, {size / 1000:.0f} KB; to first rows {ready:.0f} ms; heap {heap:.0f} MB"
        )
        browser.close()
