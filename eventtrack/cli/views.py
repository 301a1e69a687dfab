"""`eventtrack views`: what the projections have folded, and folding them anew."""

import asyncio
import sqlite3
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from eventtrack.assembly import CannotStart, locked, open_log, open_stack
from eventtrack.cli.options import LOCATION, settings_from, settings_options
from eventtrack.cli.output import json_option, print_json, print_table
from eventtrack.events import Position
from eventtrack.log import LogError
from eventtrack.projector import viewsfile
from eventtrack.settings import Settings
from projections.builtin import BUILT_IN


class ViewStatus(msgspec.Struct):
    """A projection's state: `behind` is the number of events it has not folded yet."""

    projection: str
    version: int
    needs_version: int
    position: int
    head: int
    behind: int


@click.group()
def views() -> None:
    """Look at the views and rebuild them from the log."""


@views.command()
@json_option
@settings_options(*LOCATION)
def status(as_json: bool, **values: Any) -> None:
    """Show each projection's version and how far it has folded the log."""
    settings = settings_from(values)
    try:
        head = asyncio.run(_head(settings))
    except LogError as error:
        raise click.ClickException(str(error)) from error
    found = _stored(settings)
    rows = []
    for projection in BUILT_IN:
        version, position = found.get(projection.name, (0, 0))
        rows.append(
            ViewStatus(
                projection.name, version, projection.version, position, head, head - position
            )
        )
    size = settings.views_path.stat().st_size if settings.views_path.exists() else 0
    if as_json:
        print_json({"file": str(settings.views_path), "bytes": size, "projections": rows})
        return
    click.echo(f"{settings.views_path}  {size / 1e6:.1f} MB")
    print_table(
        ("projection", "version", "position", "behind", "state"),
        (
            (each.projection, each.version or "-", each.position, each.behind, _state(each))
            for each in rows
        ),
    )


def _state(each: ViewStatus) -> str:
    if each.version == 0:
        return "not built"
    if each.version != each.needs_version:
        return f"will be rebuilt as version {each.needs_version}"
    return "up to date" if each.behind == 0 else "behind"


async def _head(settings: Settings) -> Position:
    async with open_log(settings, read_only=True) as log:
        return log.head()


def _stored(settings: Settings) -> dict[str, tuple[int, int]]:
    if not settings.views_path.exists():
        return {}
    uri = f"{settings.views_path.as_uri()}?mode=ro"
    try:
        connection = sqlite3.connect(uri, uri=True)
        rows = connection.execute(
            "SELECT projection, version, position FROM view_checkpoint"
        ).fetchall()
        connection.close()
    except sqlite3.DatabaseError as error:
        raise click.ClickException(
            f"{settings.views_path} cannot be read ({error}); run: eventtrack views rebuild"
        ) from error
    return {name: (version, position) for name, version, position in rows}


@views.command()
@settings_options(*LOCATION)
def rebuild(**values: Any) -> None:
    """Delete the views and fold the whole log again (the server must be stopped)."""
    settings = settings_from(values)
    if not settings.log_path.exists():
        raise click.ClickException(f"there is no event log at {settings.log_path}")
    try:
        with locked(settings.log_path):
            viewsfile.delete(settings.views_path)
            events = asyncio.run(_rebuild(settings))
    except (CannotStart, LogError) as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"rebuilt {settings.views_path} from {events} events")


async def _rebuild(settings: Settings) -> int:
    with Progress(
        TextColumn("folding the log"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
    ) as progress:
        task = progress.add_task("", total=None)

        def show(position: Position, head: Position) -> None:
            progress.update(task, completed=position, total=head)

        async with open_stack(settings, show) as stack:
            return int(stack.projector.position)
