"""`eventtrack log`: look at the event log; it works beside a running server."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from itertools import islice
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from eventtrack.assembly import open_log
from eventtrack.cli.erasing import compact
from eventtrack.cli.history import history
from eventtrack.cli.options import LOCATION, settings_from, settings_options
from eventtrack.cli.output import json_option, print_json, print_json_line, when_us
from eventtrack.events import Fact, Position, Recorded, fields_of, stored_name
from eventtrack.events.metrics import MetricsLogged
from eventtrack.log import LogError
from eventtrack.log.verify import verify

POLL_SECONDS = 0.2
"""How often `tail -f` looks for what another process has appended."""


@click.group()
def log() -> None:
    """Show, follow and verify the event log."""


log.add_command(history)
log.add_command(compact)


def _run(values: dict[str, Any], use: Callable[[Any], Awaitable[None]]) -> None:
    """Open the log for reading and use it; its errors become messages."""
    settings = settings_from(values)

    async def main() -> None:
        async with open_log(settings, read_only=True) as opened:
            await use(opened)

    try:
        asyncio.run(main())
    except LogError as error:
        raise click.ClickException(str(error)) from error


@log.command()
@click.option("-n", "--lines", default=10, show_default=True, help="Events to begin with.")
@click.option("-f", "--follow", is_flag=True, help="Go on with events as they are appended.")
@json_option
@settings_options(*LOCATION)
def tail(lines: int, follow: bool, as_json: bool, **values: Any) -> None:
    """Print the newest events, oldest first."""

    async def use(opened: Any) -> None:
        after = Position(max(0, opened.head() - lines))
        if follow:
            # Ctrl-C ends the command, not with a traceback.
            asyncio.get_running_loop().add_signal_handler(
                signal.SIGINT,
                asyncio.current_task().cancel,  # type: ignore[union-attr]
            )
        while True:
            for event in await opened.read(after):
                _print(event, as_json)
                after = event.position
            if after < opened.head():
                continue
            if not follow:
                return
            try:
                await asyncio.sleep(POLL_SECONDS)
            except asyncio.CancelledError:
                return
            await opened.refresh()

    _run(values, use)


@log.command()
@click.argument("position", type=int)
@json_option
@settings_options(*LOCATION)
def show(position: int, as_json: bool, **values: Any) -> None:
    """Print one event whole."""

    async def use(opened: Any) -> None:
        found = await opened.event_at(Position(position))
        if found is None:
            raise click.ClickException(
                f"there is no event at position {position}, or it was erased; the log's head is "
                f"{opened.head()}"
            )
        if as_json:
            print_json(_document(found))
            return
        for name, value in _document(found).items():
            if isinstance(value, dict):
                click.echo(f"{name}:")
                for each, inner in value.items():
                    click.echo(f"  {each}: {inner}")
            else:
                click.echo(f"{name}: {value}")

    _run(values, use)


@log.command("verify")
@json_option
@settings_options(*LOCATION)
def verify_command(as_json: bool, **values: Any) -> None:
    """Recompute the digest chain; exit status 1 when an event is not what was acknowledged."""

    async def use(opened: Any) -> None:
        with _progress() as progress:
            task = progress.add_task("verifying", total=opened.head())
            verdict = await verify(
                opened.read_stored(),
                opened.genesis,
                lambda seen: progress.update(task, completed=seen),
            )
            progress.update(task, completed=verdict.events)
        if as_json:
            print_json({**msgspec.structs.asdict(verdict), "intact": verdict.intact})
        elif verdict.intact:
            click.echo(f"intact: {verdict.events} events, {verdict.erased} of them erased")
            for erasure in verdict.erasures:
                click.echo(
                    f"  {erasure.stream}: {erasure.events} events, {erasure.bytes} bytes, erased "
                    f"by {erasure.actor} at {when_us(erasure.recorded_at)}"
                )
        else:
            click.echo(f"NOT INTACT at position {verdict.fault_position}: {verdict.fault}")
        if not verdict.intact:
            raise SystemExit(1)

    _run(values, use)


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    )


def _print(event: Recorded, as_json: bool) -> None:
    if as_json:
        print_json_line(_document(event))
        return
    click.echo(
        f"{event.position:>8}  {when_us(event.recorded_at)}  {event.actor}  {event.stream}  "
        f"{type(event.event).__name__}  {_summary(event.event)}"
    )


def _document(event: Recorded) -> dict[str, Any]:
    return {
        "position": event.position,
        "stream": event.stream,
        "version": event.version,
        "recorded_at": when_us(event.recorded_at),
        "actor": event.actor,
        "event": {"event": stored_name(type(event.event)), **_fields(event.event)},
        "digest": event.digest.hex(),
    }


def _fields(fact: Fact) -> dict[str, Any]:
    """The event's fields; columns of metrics as lists of points."""
    if isinstance(fact, MetricsLogged):
        return {
            "run_id": fact.run_id,
            "experiment_id": fact.experiment_id,
            "series": [
                {
                    "key": series.key,
                    "points": [
                        {"step": step, "timestamp": timestamp, "value": _number(value)}
                        for step, timestamp, value in series.points()
                    ],
                }
                for series in fact.series()
            ],
        }
    return fields_of(fact)


def _number(value: float) -> float | str:
    return value if value - value == 0 else str(value)


def _summary(fact: Fact) -> str:
    if isinstance(fact, MetricsLogged):
        return ", ".join(
            f"{series.key} ({len(series.steps) // 8} points)"
            if len(series.steps) > 8
            else f"{series.key}={next(series.points())[2]:g}"
            for series in islice(fact.series(), 8)
        )
    fields = _fields(fact)
    text = " ".join(f"{key}={value}" for key, value in fields.items() if value not in ("", None))
    return text if len(text) <= 200 else text[:200] + "…"
