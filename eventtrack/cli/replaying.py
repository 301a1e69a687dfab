"""`eventtrack replay`: the views as they were, in a folder of their own; or a check of today's."""

import asyncio
from pathlib import Path
from typing import Any

import click

from eventtrack.assembly import open_log
from eventtrack.cli.operating import shown
from eventtrack.cli.options import LOCATION, settings_from, settings_options
from eventtrack.cli.output import json_option, print_json, when_us
from eventtrack.errors import EventtrackError
from eventtrack.events import Position
from eventtrack.log import LogError
from eventtrack.operations import Report
from eventtrack.projector.projector import Progress
from eventtrack.projector.replaying import CannotReplay
from eventtrack.projector.replaying import check as check_views
from eventtrack.projector.replaying import replay as replay_into
from eventtrack.projector.still import About, NotPreserved
from eventtrack.server.moment import position_of
from eventtrack.settings import Settings


@click.command()
@click.option(
    "--until", metavar="POSITION|TIME", help="Last moment to fold: a position, or RFC 3339."
)
@click.option(
    "--to",
    "folder",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="New folder for the views.  Default: beside the data folder, named by the position.",
)
@click.option(
    "--check", is_flag=True, help="Fold the whole log and compare with the live views instead."
)
@json_option
@settings_options(*LOCATION, "artifacts_destination", "default_artifact_root")
def replay(
    until: str | None, folder: Path | None, check: bool, as_json: bool, **values: Any
) -> None:
    """Build the views as they were at a moment, to be served with `server --read-only`.

    It works beside a running server, and changes nothing of what the server has.
    """
    settings = settings_from(values)
    if check == (until is not None):
        raise click.UsageError("give either --until or --check")
    if check and folder is not None:
        raise click.UsageError("--check compares, and needs no --to")
    try:
        if until is None:
            asyncio.run(_check(settings, as_json))
        else:
            asyncio.run(_replay(settings, until, folder, as_json))
    except EventtrackError as error:
        raise click.UsageError(error.message.replace("'as_of'", "--until")) from error
    except (LogError, CannotReplay, NotPreserved) as error:
        raise click.ClickException(str(error)) from error


async def _replay(settings: Settings, until: str, folder: Path | None, as_json: bool) -> None:
    async with open_log(settings, read_only=True) as log:
        position = await position_of(until, log)
        last = await log.event_at(position)
        about = About(
            log_id=log.log_id,
            position=position,
            recorded_at=last.recorded_at if last else 0,
            artifacts=settings.artifacts_path,
            artifact_root=settings.artifact_root,
        )
        path = folder or settings.data_path.with_name(f"{settings.data_path.name}-at-{position}")
        with shown() as show:
            await replay_into(log, about, path.absolute(), _progress(show))
    if as_json:
        print_json({"folder": str(path), "position": position, "recorded_at": about.recorded_at})
        return
    when = f" ({when_us(about.recorded_at)})" if about.recorded_at else ""
    click.echo(f"the views at position {position}{when} are in {path}; look at them with\n")
    click.echo(f"    eventtrack server --data {path} --read-only --port 5001")


async def _check(settings: Settings, as_json: bool) -> None:
    tables = []
    async with open_log(settings, read_only=True) as log:
        with shown() as show:
            found = check_views(log, log.log_id, settings.views_folder, _progress(show))
            async for compared in found:
                tables.append(compared)
    different = [each for each in tables if each.difference is not None]
    if as_json:
        print_json({"same": not different, "tables": tables})
    else:
        for each in tables:
            verdict = each.difference or f"the same, {each.rows} compared"
            click.echo(f"{each.projection}: {each.table}: {verdict}")
    if different:
        raise click.ClickException(
            "the live views differ from what the log says: eventtrack views rebuild makes them anew"
        )


def _progress(show: Any) -> Progress:
    def progress(position: Position, head: Position) -> None:
        show(Report(stage="folding the log", done=int(position), total=int(head), unit="events"))

    return progress
