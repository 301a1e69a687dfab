"""`eventtrack undo`, and the commands of `eventtrack runs` that put right what was logged."""

import getpass
import socket
from typing import Any

import click

from eventtrack.cli.operating import operate, result_of
from eventtrack.cli.options import LOCATION, settings_from, settings_options
from eventtrack.cli.output import json_option, print_json
from eventtrack.events.corrections import PointsRetracted
from eventtrack.limits import INT64_MAX, INT64_MIN
from eventtrack.operations.corrections import CorrectParam, RetractPoints, Undo

reason_option = click.option("--reason", default="", help="Why, for the history.")


def actor() -> str:
    """Who runs the command, for the envelope."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = "unknown"
    return f"{user}@{socket.gethostname()}"


@click.command()
@click.argument("positions", nargs=-1, type=click.IntRange(1), required=True, metavar="POSITION...")
@reason_option
@json_option
@settings_options(*LOCATION)
def undo(positions: tuple[int, ...], reason: str, as_json: bool, **values: Any) -> None:
    """Take events back, the last first; eventtrack log history shows their positions.

    Nothing is removed from the log: events are appended that bring back what was before, and they
    can be undone too.
    """
    reports = operate(
        settings_from(values), "undo", Undo(list(positions), reason, actor()), quiet=as_json
    )
    if as_json:
        print_json(result_of(reports))


@click.command("correct-param")
@click.argument("run_id")
@click.argument("key")
@click.argument("value")
@reason_option
@json_option
@settings_options(*LOCATION)
def correct_param(
    run_id: str, key: str, value: str, reason: str, as_json: bool, **values: Any
) -> None:
    """Give a param another value; the old one stays in the run's history."""
    reports = operate(
        settings_from(values),
        "correct-param",
        CorrectParam(run_id, key, value, reason, actor()),
        quiet=as_json,
    )
    if as_json:
        print_json(result_of(reports))


@click.command()
@click.argument("run_id")
@click.argument("metric")
@click.option("--first-step", type=int, default=INT64_MIN, help="Default: the very first.")
@click.option("--last-step", type=int, default=INT64_MAX, help="Default: the very last.")
@click.option("--rank", type=int, help="Only what this process logged; -1: logged without a rank.")
@reason_option
@json_option
@settings_options(*LOCATION)
def retract(
    run_id: str,
    metric: str,
    first_step: int,
    last_step: int,
    rank: int | None,
    reason: str,
    as_json: bool,
    **values: Any,
) -> None:
    """Hide points of a metric that were logged by mistake; they stay in the log."""
    points = PointsRetracted(
        run_id=run_id,
        key=metric,
        first_step=first_step,
        last_step=last_step,
        rank=rank,
        reason=reason,
    )
    reports = operate(
        settings_from(values), "retract-points", RetractPoints(points, actor()), quiet=as_json
    )
    if as_json:
        print_json(result_of(reports))
