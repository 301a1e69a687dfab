"""`eventtrack views`: what the projections have folded, and folding them anew."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import click
import msgspec

from eventtrack.assembly import open_log
from eventtrack.cli.operating import operate, result_of
from eventtrack.cli.options import LOCATION, settings_from, settings_options
from eventtrack.cli.output import json_option, print_json, print_table
from eventtrack.events import Position
from eventtrack.log import LogError
from eventtrack.operations.views import RebuildViews
from eventtrack.projector.live import building_path, live_path
from eventtrack.settings import Settings
from projections.builtin import BUILT_IN


class ViewStatus(msgspec.Struct):
    """A projection's state.

    behind: events it has not folded yet; bytes: of its tables and indices; fault: why it stopped.
    """

    projection: str
    version: int
    needs_version: int
    position: int
    head: int
    behind: int
    bytes: int
    fault: str | None


class Found(msgspec.Struct):
    """What a views file says of a projection."""

    version: int
    position: int
    fault: str | None
    names: str


@click.group()
def views() -> None:
    """Look at the views and rebuild them from the log."""


@views.command()
@json_option
@settings_options(*LOCATION)
def status(as_json: bool, **values: Any) -> None:
    """Show each projection's version, position, lag and size, and a rebuild that is under way."""
    settings = settings_from(values)
    try:
        head = asyncio.run(_head(settings))
    except LogError as error:
        raise click.ClickException(str(error)) from error
    path, total, found, sizes = _look_at_live(settings.views_folder)
    rows = []
    for projection in BUILT_IN:
        each = found.get(projection.name) or Found(0, 0, None, "")
        size = sum(sizes.get(table, 0) for table in each.names.split(","))
        rows.append(
            ViewStatus(
                projection.name,
                each.version,
                projection.version,
                each.position,
                head,
                head - each.position,
                size,
                each.fault,
            )
        )
    reached = _reached(building_path(settings.views_folder))
    if as_json:
        print_json(
            {
                "file": str(path) if path else None,
                "bytes": total,
                "rebuilding_at": reached,
                "projections": rows,
            }
        )
        return
    click.echo(f"{path or settings.views_folder}  {total / 1e6:.1f} MB")
    print_table(
        ("projection", "version", "position", "behind", "MB", "state"),
        (
            (
                each.projection,
                each.version or "-",
                each.position,
                each.behind,
                f"{each.bytes / 1e6:.1f}",
                _state(each),
            )
            for each in rows
        ),
    )
    if reached is not None:
        click.echo(f"a rebuild is under way: event {reached} of {head}")


def _state(each: ViewStatus) -> str:
    if each.version == 0:
        return "not built"
    if each.fault is not None:
        return f"stopped: {each.fault}"
    if each.version != each.needs_version:
        return f"will be rebuilt as version {each.needs_version}"
    return "up to date" if each.behind == 0 else "behind"


async def _head(settings: Settings) -> Position:
    async with open_log(settings, read_only=True) as log:
        return log.head()


def _look_at_live(folder: Path) -> tuple[Path | None, int, dict[str, Found], dict[str, int]]:
    """The file that answers, its bytes and what `_look` finds in it."""
    while (path := live_path(folder)) is not None:
        try:
            found, sizes = _look(path)
            return path, path.stat().st_size, found, sizes
        except (click.ClickException, FileNotFoundError):
            if path.exists():
                raise
            # A rebuild has put another file in its place just now.
    return None, 0, {}, {}


def _reached(building: Path | None) -> int | None:
    """How far a rebuild is, None when none is under way."""
    if building is None:
        return None
    try:
        return min((each.position for each in _look(building)[0].values()), default=0)
    except click.ClickException:
        if building.exists():
            raise
        return None


def _look(path: Path) -> tuple[dict[str, Found], dict[str, int]]:
    """(what the file says of its projections, the bytes of each table with its indices)."""
    try:
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
        try:
            rows = connection.execute(
                "SELECT projection, version, position, fault, names FROM view_checkpoint"
            ).fetchall()
            sizes = connection.execute(
                """SELECT m.tbl_name, sum(s.pgsize) FROM dbstat s JOIN sqlite_master m USING (name)
                   WHERE s.aggregate = 1 GROUP BY 1"""
            ).fetchall()
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        raise click.ClickException(
            f"{path} cannot be read ({error}); run: eventtrack views rebuild"
        ) from error
    return {name: Found(*rest) for name, *rest in rows}, dict(sizes)


@views.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@json_option
@settings_options(*LOCATION)
def rebuild(names: tuple[str, ...], as_json: bool, **values: Any) -> None:
    """Fold the log anew for these projections, for all when none is named.

    A running server goes on answering from its views until the new ones are ready.
    """
    reports = operate(
        settings_from(values), "rebuild-views", RebuildViews(list(names)), quiet=as_json
    )
    if as_json:
        print_json(result_of(reports))
