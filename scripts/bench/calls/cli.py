"""The command line of `python scripts/bench --calls`."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

import click
import msgspec
import psutil

from scripts.bench.calls.runner import Plan, Result, measure
from scripts.bench.calls.table import document, table
from scripts.bench.calls.trackers import NOTHING, PACKAGES, Tracker, chosen
from scripts.bench.report import machine

_DEFAULT = "eventtrack,mlflow,mlflow-async,wandb,trackio,tensorboard"


def parse_trackers(context: click.Context, option: click.Parameter, names: str) -> list[Tracker]:
    """The named trackers."""
    try:
        return chosen(names)
    except ValueError as error:
        raise click.BadParameter(str(error), context, option) from error


def parse_pythons(
    context: click.Context, option: click.Parameter, texts: tuple[str, ...]
) -> dict[str, str]:
    """Each `name=interpreter`, by package; `peers` stands for all but eventtrack."""
    pythons: dict[str, str] = {}
    # `peers` first, so that a package's own interpreter wins wherever it was written.
    for text in sorted(texts, key=lambda text: not text.startswith("peers=")):
        name, equals, path = text.partition("=")
        python = shutil.which(path) if equals else None
        if python is None or name not in (*PACKAGES, "peers"):
            expected = f"name=interpreter with one of {', '.join(PACKAGES)}, peers"
            raise click.BadParameter(f"{text!r} is not {expected}", context, option)
        names = [each for each in PACKAGES if each != "eventtrack"] if name == "peers" else [name]
        # Made absolute, but a link is kept: it is what makes the interpreter that of its folder.
        pythons |= {each: str(Path(python).absolute()) for each in names}
    return pythons


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--calls", is_flag=True, required=True, help="What brought you here.")
@click.option(
    "--trackers",
    callback=parse_trackers,
    default=_DEFAULT,
    show_default=True,
    help="Which, separated by commas; also aim, and eventtrack's ways one by one.",
)
@click.option(
    "--python",
    "pythons",
    callback=parse_pythons,
    multiple=True,
    metavar="NAME=PATH",
    help="The interpreter that has a tracker installed, if it is not this one; `peers=` for all "
    "but eventtrack; repeatable.",
)
@click.option("--count", type=click.IntRange(1), default=20_000, show_default=True)
@click.option(
    "--paced-count",
    type=click.IntRange(1),
    default=5_000,
    show_default=True,
    help="Calls with a step between them.",
)
@click.option(
    "--pace",
    type=click.FloatRange(0.0),
    default=0.001,
    show_default=True,
    help="Seconds of a training step between two calls in the paced rounds; 0: no such rounds.",
)
@click.option(
    "--limit",
    type=float,
    default=20.0,
    show_default=True,
    help="A round ends when its calls have taken so many seconds.",
)
@click.option(
    "--mlflow-uri",
    default="",
    help="A running server for mlflow, eventtrack's for instance.  [default: `mlflow server`, "
    "started on an empty SQLite file]",
)
@click.option(
    "--json",
    "json_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write everything measured to this file.",
)
def main(
    calls: bool,
    trackers: list[Tracker],
    pythons: dict[str, str],
    count: int,
    paced_count: int,
    pace: float,
    limit: float,
    mlflow_uri: str,
    json_file: Path | None,
) -> None:
    """Measure what one log call costs the thread that trains, tracker by tracker."""
    plan = Plan(count=count, paced_count=paced_count, pace=pace, limit=limit, mlflow_uri=mlflow_uri)
    begun = time.monotonic()

    def say(text: str) -> None:
        click.echo(f"[{time.monotonic() - begun:6.1f} s] {text}", err=True)

    busy = psutil.cpu_percent(interval=1.0)
    results: list[Result] = []
    for tracker in (NOTHING, *trackers):
        python = pythons.get(tracker.package, sys.executable)
        results.append(measure(tracker, python, plan, say))
        if json_file is not None:
            # After every tracker: an interrupted run keeps what it has.
            found = document(results, plan) | {"busy_before": busy}
            json_file.write_bytes(msgspec.json.format(msgspec.json.encode(found)))
    click.echo(_heading(busy, results))
    click.echo(table(results, plan))


def _heading(busy: float, results: list[Result]) -> str:
    found = machine()
    versions = {each.version for each in results if each.version}
    return (
        f"{found['cores']} cores of {found['processor']}; {', '.join(sorted(versions))}.\n"
        f"Before the start, other processes used {busy:.0f} % of the machine.\n"
        "CPU us: of the process and its helpers for each call, finish included, steps not.\n"
        "lost us: what others, the tracker's threads above all, took from a training step.\n"
    )
