"""Run an operation from the command line: here, or in the server that holds the data folder."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Iterator
from pathlib import Path

import aiohttp
import click
import msgspec
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from eventtrack.artifacts.errors import ArtifactError
from eventtrack.assembly import CannotStart, InUse, locked, open_site
from eventtrack.errors import EventtrackError
from eventtrack.log import LogError
from eventtrack.operations import OperationFailed, Report
from eventtrack.operations.table import run
from eventtrack.server.control import Line
from eventtrack.settings import Settings

Show = Callable[[Report], None]


def operate(
    settings: Settings,
    name: str,
    arguments: msgspec.Struct,
    *,
    quiet: bool = False,
    create: bool = False,
) -> list[Report]:
    """Run the operation to its end, showing its progress on stderr; returns its reports.

    What it says is printed at its end.  quiet: not at all, because the command prints JSON.
    create: begin a log where there is none.
    """
    if not create and not settings.log_path.exists():
        raise click.ClickException(f"there is no event log at {settings.log_path}")
    body = msgspec.json.encode(arguments)
    try:
        with shown() as show:
            reports = asyncio.run(_operate(settings, name, body, show))
    except (CannotStart, OperationFailed, EventtrackError, LogError, ArtifactError) as error:
        raise click.ClickException(str(error)) from error
    if not quiet:
        for report in reports:
            if report.said:
                click.echo(report.said)
    return reports


def result_of(reports: list[Report]) -> dict[str, object]:
    """What the operation found or did; empty when it says nothing of it."""
    return next((each.result for each in reports if each.result is not None), {})


async def _operate(settings: Settings, name: str, body: bytes, show: Show) -> list[Report]:
    reports = []
    async with contextlib.aclosing(_anywhere(settings, name, body)) as coming:
        async for report in coming:
            show(report)
            if report.said or report.result is not None:
                reports.append(report)
    return reports


async def _anywhere(settings: Settings, name: str, body: bytes) -> AsyncGenerator[Report, None]:
    try:
        with locked(settings.log_path):
            async with open_site(settings) as site:
                async for report in run(site, name, body):
                    yield report
            return
    except InUse as in_use:
        if in_use.control is None:
            raise
        control = in_use.control
    async for report in _ask(control, name, body):
        yield report


async def _ask(control: Path, name: str, body: bytes) -> AsyncGenerator[Report, None]:
    """Let the running server do it."""
    decoder = msgspec.json.Decoder(Line)
    connector = aiohttp.UnixConnector(str(control))
    timeout = aiohttp.ClientTimeout(total=None)
    ended = False
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
            session.post(f"http://eventtrack/{name}", data=body) as response,
        ):
            async for raw in response.content:
                line = decoder.decode(raw)
                if line.failed:
                    raise OperationFailed(line.failed)
                ended = line.done
                if line.report is not None:
                    yield line.report
    except aiohttp.ClientError as error:
        raise OperationFailed(f"the running server could not be asked ({error})") from error
    if not ended:
        raise OperationFailed("the server stopped in the middle; run the command again")


@contextlib.contextmanager
def shown() -> Iterator[Show]:
    """A way to show progress: a bar for each stage."""
    console = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}"),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
    ) as progress:
        bars: dict[str, TaskID] = {}

        def show(report: Report) -> None:
            if report.done is None:
                return
            bar = bars.get(report.stage)
            if bar is None:
                bar = bars[report.stage] = progress.add_task(
                    report.stage, total=None, unit=report.unit, rate=""
                )
            progress.update(bar, completed=report.done, total=report.total)
            speed = progress.tasks[list(bars).index(report.stage)].speed
            if speed:
                progress.update(bar, rate=f"{speed:,.0f}/s")

        yield show
