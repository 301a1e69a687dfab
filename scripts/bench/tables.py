"""`python scripts/bench --tables`: how soon the web UI's questions are answered.

It makes a log of many runs and one of few long ones, serves each, and asks over HTTP: pages of the
table of runs, groups, names and values; and charts of all the long runs.  "First" is asked after
something changed, so nothing is kept from before; "next" is another page of the same list.
"""

import asyncio
import http.client
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import click
import numpy as np

from eventtrack.commands.metrics import logged
from eventtrack.events import Fact
from eventtrack.events.experiments import ExperimentCreated, ExperimentNameClaimed
from eventtrack.events.metrics import Series
from eventtrack.events.runs import ParamsLogged, RunCreated
from eventtrack.log import Entry
from eventtrack.log.sqlite import SqliteLog
from tests.servers import ServerProcess, free_port

ACTOR = "bench@localhost"
METRICS, PARAMS = 20, 10
APPENDS_AT_ONCE = 200
POINTS_IN_EVENT = 20_000
REPEATS = 7
START_SECONDS = 600.0
START_MS = 1_700_000_000_000


@click.command()
@click.option("--tables", is_flag=True, hidden=True)
@click.option("--runs", default=75_000, show_default=True, help="In the table.")
@click.option("--long-runs", default=100, show_default=True, help="In a chart.")
@click.option("--points", default=1_000_000, show_default=True, help="Of each long run.")
def main(runs: int, long_runs: int, points: int, **_: object) -> None:
    """Measure how soon tables and charts are answered."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "many"
        asyncio.run(_fill(data, _short_runs(runs)))
        _ask_tables(data, runs)
        data = Path(folder) / "long"
        asyncio.run(_fill(data, _long_runs(long_runs, points)))
        _ask_charts(data, long_runs, points)


Stored = tuple[str, Fact, int | None]
"""(stream, event, version in the stream)."""


async def _fill(data: Path, events: "itertools.chain[Stored]") -> None:
    data.mkdir()
    log = await SqliteLog.open(data / "log.db")
    created = ExperimentCreated(
        experiment_id="0", name="Default", artifact_location="mlflow-artifacts:/0", created_at_ms=1
    )
    claimed = ExperimentNameClaimed(experiment_id="0", name="Default")
    await log.append([Entry("experiment/0", created, 1)], actor=ACTOR)
    await log.append([Entry("experiment-name/bench", claimed, 1)], actor=ACTOR)
    while some := list(itertools.islice(events, APPENDS_AT_ONCE)):
        await asyncio.gather(*(log.append([Entry(*each)], actor=ACTOR) for each in some))
    await log.close()


def _created(run_id: str, number: int) -> Stored:
    fact = RunCreated(
        run_id=run_id,
        experiment_id="0",
        name=f"run-{number}",
        user_id="ada",
        status=["RUNNING", "FINISHED"][number % 2],
        start_time_ms=START_MS + number * 1000,
        artifact_uri=f"mlflow-artifacts:/0/{run_id}/artifacts",
    )
    return f"run/{run_id}", fact, 1


def _run_id(number: int) -> str:
    return f"{number * 7919 % 1_000_003:032x}"


def _short_runs(count: int) -> "itertools.chain[Stored]":
    chance = np.random.default_rng(7)

    def of_run(number: int) -> list[Stored]:
        run_id = _run_id(number)
        params = {f"param_{key}": f"{chance.random():.3g}" for key in range(PARAMS)}
        column = np.array([100], "<i8").tobytes()
        series = [
            Series(
                key=f"metric_{key}",
                steps=column,
                timestamps=column,
                values=chance.random(1).tobytes(),
            )
            for key in range(METRICS)
        ]
        return [
            _created(run_id, number),
            (f"run/{run_id}", ParamsLogged(run_id=run_id, params=params), 2),
            (f"run/{run_id}", logged(run_id, "0", series), None),
        ]

    return itertools.chain.from_iterable(map(of_run, range(count)))


def _long_runs(count: int, points: int) -> "itertools.chain[Stored]":
    chance = np.random.default_rng(7)

    def of_run(number: int) -> "itertools.chain[Stored]":
        run_id = _run_id(number)
        return itertools.chain(
            [_created(run_id, number)],
            (of_part(run_id, first) for first in range(0, points, POINTS_IN_EVENT)),
        )

    def of_part(run_id: str, first: int) -> Stored:
        steps = np.arange(first, min(first + POINTS_IN_EVENT, points), dtype="<i8")
        times = START_MS + steps * 37 + chance.integers(0, 20, len(steps))
        values = np.exp(-3 * steps / points) + chance.normal(0, 0.05, len(steps))
        series = Series(
            key="loss",
            steps=steps.tobytes(),
            timestamps=times.astype("<i8").tobytes(),
            values=values.astype("<f8").tobytes(),
        )
        return f"run/{run_id}", logged(run_id, "0", [series]), None

    return itertools.chain.from_iterable(map(of_run, range(count)))


class _Client:
    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
        self._numbers = itertools.count()

    def ask(self, method: str, path: str, body: object = None) -> bytes:
        sent = None if body is None else json.dumps(body)
        headers = {"Content-Type": "application/json"}
        self._connection.request(method, f"/api/{path}", sent, headers)
        response = self._connection.getresponse()
        answer = response.read()
        assert response.status == 200, answer
        return answer

    def change(self) -> None:
        """So that nothing that was kept still holds."""
        tag = {"run_id": _run_id(0), "key": "bench", "value": str(next(self._numbers))}
        self.ask("POST", "2.0/mlflow/runs/set-tag", tag)


def _serve(data: Path) -> ServerProcess:
    began = time.perf_counter()
    port = free_port()
    command = [str(Path(sys.executable).with_name("eventtrack")), "server"]
    command += ["--port", str(port), "--data", str(data)]
    server = ServerProcess(command, port=port, start_seconds=START_SECONDS)
    print(f"served after {time.perf_counter() - began:.1f} s, views folded")
    return server


def _timed(before: Callable[[], object], ask: Callable[[], bytes]) -> tuple[float, float, int]:
    times, size = [], 0
    for _ in range(REPEATS):
        before()
        began = time.perf_counter()
        size = len(ask())
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times), max(times), size


def _show(name: str, found: tuple[float, float, int]) -> None:
    median, most, size = found
    print(f"{name:44} median {median:7.1f} ms, most {most:7.1f} ms, {size / 1000:8.1f} kB")


def _column(kind: str, key: str, of: str = "last") -> dict[str, str]:
    return {"kind": kind, "key": key} | ({"of": of} if of != "last" else {})


def _ask_tables(data: Path, runs: int) -> None:
    columns = [_column("metrics", f"metric_{key}") for key in range(10)]
    columns += [_column("params", f"param_{key}") for key in range(10)]
    orders: dict[str, list[Any]] = {
        "newest first": [],
        "by a metric": [_column("metrics", "metric_3")],
        "by the least of a metric": [_column("metrics", "metric_3", "min")],
        "by a param": [_column("params", "param_3")],
        "by name": [_column("attributes", "name")],
        "by a metric and a param": [_column("metrics", "metric_3"), _column("params", "param_3")],
    }
    with _serve(data) as server:
        client = _Client(server.port)
        offsets = itertools.count(100, 9_973)

        def table(offset: int = 0, **fields: Any) -> bytes:
            body = {"columns": columns, "limit": 100, "offset": offset, **fields}
            return client.ask("POST", "eventtrack/1/runs/table", body)

        def next_page(by: list[Any]) -> bytes:
            return table(next(offsets) % runs, order_by=by)

        for name, order in orders.items():
            by = [{"column": each, "descending": True} for each in order]
            what = f"table of {runs:,}, {name}"
            _show(f"{what}: first", _timed(client.change, partial(table, order_by=by)))
            _show(f"{what}: next", _timed(int, partial(next_page, by)))
        text = "metrics.metric_3 < 0.5 AND (params.param_2 > 0.3 OR NOT name LIKE 'run-1%')"
        _show("table, filtered: first", _timed(client.change, lambda: table(filter=text)))
        group = {"by": [_column("attributes", "status")], "columns": columns[:3]}
        groups = "eventtrack/1/runs/groups"
        _show("two groups", _timed(client.change, lambda: client.ask("POST", groups, group)))
        for path in ("columns", "values?kind=params&key=param_3&prefix=0.1"):
            ask = partial(client.ask, "GET", f"eventtrack/1/{path}")
            _show(path, _timed(client.change, ask))


def _ask_charts(data: Path, runs: int, points: int) -> None:
    with _serve(data) as server:
        client = _Client(server.port)

        def chart(**fields: Any) -> bytes:
            body = {"run_ids": [_run_id(number) for number in range(runs)], "key": "loss", **fields}
            return client.ask("POST", "eventtrack/1/charts", body)

        middle = points // 2
        kinds: dict[str, dict[str, Any]] = {
            "whole": {},
            "whole, 4096 buckets": {"buckets": 4096},
            "a tenth": {"start": middle, "end": middle + points // 10},
            "a hundredth": {"start": middle, "end": middle + points // 100},
            "over the time since the start": {"axis": "relative"},
        }
        for name, fields in kinds.items():
            found = _timed(client.change, partial(chart, **fields))
            _show(f"chart of {runs} x {points:,}, {name}", found)
        size = subprocess.run(["du", "-sm", str(data)], capture_output=True, text=True, check=True)
        print(f"{size.stdout.split()[0]} MB of log and views")
