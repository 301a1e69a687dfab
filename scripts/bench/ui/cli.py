"""Measures the pages with generated data, and MLflow's own UI on the same server and data."""

import asyncio
import contextlib
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import click
from playwright.sync_api import Page, TimeoutError

from scripts.bench.ui.browser import (
    answer_ms,
    browser_page,
    heap_megabytes,
    scrolled,
    since_navigation,
    transferred,
)
from scripts.bench.ui.population import fill_long_runs, fill_many_runs

START_SECONDS = 600
ROW = '[role="row"] [role="gridcell"], [role="row"] [role="cell"]'
MLFLOW_ROW = '[role="row"] a[href*="/runs/"], [data-testid*="run-name"] a, .ag-row'
PATIENCE_MS = 120_000


@click.command()
@click.option("--ui", is_flag=True, hidden=True)
@click.option("--experiments", default=50, show_default=True)
@click.option("--runs", default=1500, show_default=True, help="Of each experiment.")
@click.option("--metrics", default=40, show_default=True, help="Of each run, 20 points each.")
@click.option("--long-runs", default=100, show_default=True)
@click.option("--points", default=1_000_000, show_default=True, help="Of each long run.")
@click.option("--mlflow/--no-mlflow", default=True, show_default=True, help="Its UI as well.")
def main(
    experiments: int,
    runs: int,
    metrics: int,
    long_runs: int,
    points: int,
    mlflow: bool,
    **_: object,
) -> None:
    """Measure first load, table, charts, scrolling and memory in Chromium."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "many"
        data.mkdir()
        asyncio.run(
            fill_many_runs(
                data / "log.db", experiments=experiments, runs=runs, metrics=metrics, steps=20
            )
        )
        total = experiments * runs
        print(f"{total:,} runs in {experiments} experiments, {metrics} metrics of 20 points each")
        with _server(data) as url:
            _measure_table(url, total)
        if mlflow:
            with _server(data, "--ui", "mlflow") as url:
                _measure_mlflow(url, runs)
        data = Path(folder) / "long"
        data.mkdir()
        run_ids = asyncio.run(fill_long_runs(data / "log.db", runs=long_runs, points=points))
        print(f"\n{long_runs} runs of {points:,} points")
        for what in ("cold", "warm"):
            with _server(data) as url:
                if what == "warm":
                    _ask_charts(url, run_ids)
                print(f"charts, {what}: server's answer {_ask_charts(url, run_ids):.0f} ms")
                if what == "cold":
                    _measure_charts(url)


@contextlib.contextmanager
def _server(data: Path, *options: str) -> Iterator[str]:
    """A server on the folder, its views folded."""
    command = [sys.executable, "-m", "eventtrack", "server", "--port", "0", "--data", str(data)]
    with subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if "is ready at" in line:
                    url = line.rpartition(" ")[2].strip()
                    break
            else:
                raise click.ClickException("the server ended before it was ready")
            until = time.monotonic() + START_SECONDS
            while urllib.request.urlopen(f"{url}/health").status != 200:
                if time.monotonic() > until:
                    raise click.ClickException("the views are not there in time")
                time.sleep(0.5)
            yield url
        finally:
            process.terminate()
            process.wait(30)


def _measure_table(url: str, total: int) -> None:
    with browser_page() as (page, session):
        page.goto(f"{url}/#/experiments/1")
        page.locator(ROW).first.wait_for(timeout=PATIENCE_MS)
        ready = since_navigation(page)
        sent = transferred(page)
        print(
            f"first load: {sent['files']:.0f} KB of files and {sent['data']:.0f} KB of data, first "
            f"rows {ready:.0f} ms after the address was entered"
        )
        _say_answer(page, "runs/table", "runs/table of one experiment")
    with browser_page() as (page, session):
        page.goto(f"{url}/#/runs")
        page.locator(ROW).first.wait_for(timeout=PATIENCE_MS)
        print(f"all {total:,} runs: first rows {since_navigation(page):.0f} ms after the address")
        _say_answer(page, "runs/table", f"runs/table of {total:,} runs")
        for what, figure in scrolled(page, '[role="grid"]').items():
            print(f"  scrolling: {what} {figure:.1f}")
        print(f"  heap {heap_megabytes(session):.0f} MB")
    for order in ("start_time", "metric"):
        print(f"runs/table of {total:,} runs by {order}: {_ask_table(url, order)}")


def _say_answer(page: Page, path: str, what: str) -> None:
    found = answer_ms(page, path)
    if found is not None:
        print(f"  {what}: server's answer {found:.0f} ms, as the browser sees it")


def _ask_table(url: str, order: str) -> str:
    column = (
        {"kind": "attributes", "key": "start_time"}
        if order == "start_time"
        else {"kind": "metrics", "key": "group3/metric_3", "of": "min"}
    )
    times = []
    for offset in (0, 30_000, 100):
        body = {
            "experiment_ids": [],
            "columns": [column],
            "order_by": [{"column": column, "descending": True}],
            "offset": offset,
            "limit": 100,
        }
        times.append(_post(url, "runs/table", body))
    return ", ".join(f"{each:.0f} ms" for each in times) + " (first page, offset 30,000, second)"


def _ask_charts(url: str, run_ids: object) -> float:
    return _post(
        url, "charts", {"run_ids": run_ids, "key": "loss", "axis": "step", "buckets": 1000}
    )


def _post(url: str, path: str, body: object) -> float:
    request = urllib.request.Request(
        f"{url}/api/eventtrack/1/{path}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    began = time.perf_counter()
    with urllib.request.urlopen(request) as answer:
        answer.read()
    return (time.perf_counter() - began) * 1000


def _measure_charts(url: str) -> None:
    with browser_page() as (page, session):
        page.goto(f"{url}/#/experiments/0?shown=100")
        page.wait_for_function("() => window.bench.coloured() > 200", timeout=PATIENCE_MS)
        painted = since_navigation(page)
        answer = answer_ms(page, "/charts") or 0.0
        print(f"first chart painted {painted:.0f} ms after the address; answer {answer:.0f} ms")
        _zoom(page)
        print(f"heap {heap_megabytes(session):.0f} MB")


def _zoom(page: Page) -> None:
    box = page.locator("canvas").first.bounding_box()
    assert box is not None
    before = page.evaluate("() => performance.getEntriesByType('resource').length")
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.4, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, middle, steps=5)
    began = since_navigation(page)
    page.mouse.up()
    try:
        page.wait_for_function(
            """before => performance.getEntriesByType("resource").slice(before)
                .some(each => each.name.includes("/charts") && each.responseEnd)""",
            arg=before,
            timeout=10_000,
        )
    except TimeoutError:
        print("zoom: the chart asked for nothing")
        return
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    print(f"zoom: {since_navigation(page) - began:.0f} ms from letting go to the new points")


def _measure_mlflow(url: str, runs: int) -> None:
    """MLflow's page on the same data; it lists one experiment, a page of runs at a time."""
    with browser_page() as (page, session):
        page.goto(f"{url}/#/experiments/1/runs")
        try:
            page.locator(MLFLOW_ROW).first.wait_for(timeout=PATIENCE_MS)
        except TimeoutError:
            print("MLflow's UI: no row was found")
            return
        ready, sent = since_navigation(page), transferred(page)
        page.wait_for_timeout(3000)
        print(
            f"MLflow's UI on the same data, an experiment of {runs:,} runs: "
            f"{sent['files']:.0f} KB of files and {sent['data']:.0f} KB of data, first rows "
            f"{ready:.0f} ms after the address, heap {heap_megabytes(session):.0f} MB"
        )
