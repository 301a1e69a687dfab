"""`eventtrack backup` and `eventtrack restore`."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import click

from eventtrack.artifacts.paths import TEMPORARY_PREFIX
from eventtrack.assembly import CannotStart, locked, open_log
from eventtrack.cli.operating import operate, result_of
from eventtrack.cli.options import LOCATION, settings_from, settings_options
from eventtrack.cli.output import json_option, print_json
from eventtrack.log import LogError
from eventtrack.log.verify import Verdict, verify
from eventtrack.operations.backup import ARTIFACTS, LOG, Backup
from eventtrack.settings import Settings


@click.command()
@click.argument("folder", metavar="DEST", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--artifacts/--no-artifacts", default=True, show_default=True, help="Copy artifacts too."
)
@json_option
@settings_options(*LOCATION, "artifacts_destination")
def backup(folder: Path, artifacts: bool, as_json: bool, **values: Any) -> None:
    """Copy the log and the artifacts to a folder, of a running server too.

    Given the same folder again, only what is new is copied.
    """
    reports = operate(
        settings_from(values),
        "backup",
        Backup(str(folder.expanduser().absolute()), artifacts),
        quiet=as_json,
    )
    if as_json:
        print_json(result_of(reports))


@click.command()
@click.argument(
    "folder", metavar="BACKUP", type=click.Path(path_type=Path, file_okay=False, exists=True)
)
@json_option
@settings_options(*LOCATION, "artifacts_destination")
def restore(folder: Path, as_json: bool, **values: Any) -> None:
    """Put a backup into an empty data folder, verified; start a server on it then."""
    settings = settings_from(values)
    source = (folder / LOG).absolute()
    target = settings.log_path
    artifacts = Path(settings.artifacts_path).expanduser().absolute()
    for path, what in ((target, "a log"), (artifacts, "artifacts")):
        if path.exists() and (path.is_file() or any(path.iterdir())):
            raise click.ClickException(
                f"there is {what} at {path} already: name an empty folder with --data"
            )
    try:
        verdict = asyncio.run(_verify(Settings(backend_store_uri=str(source))))
        if not verdict.intact:
            raise click.ClickException(
                f"the backup is not intact at position {verdict.fault_position}: {verdict.fault}"
            )
        with locked(target):
            if (folder / ARTIFACTS).exists():
                shutil.copytree(
                    folder / ARTIFACTS,
                    artifacts,
                    dirs_exist_ok=True,
                    ignore=shutil.ignore_patterns(f"{TEMPORARY_PREFIX}*"),
                )
            # The log last, under its name when it is whole: only then there is something to serve.
            partial = target.with_name(f"{TEMPORARY_PREFIX}{target.name}")
            shutil.copyfile(source, partial)
            partial.replace(target)
    except (LogError, CannotStart, OSError) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        print_json({"log": str(target), "events": verdict.events, "head": verdict.head})
    else:
        click.echo(f"{target} holds {verdict.events} events, intact; artifacts are in {artifacts}")


async def _verify(settings: Settings) -> Verdict:
    async with open_log(settings, read_only=True) as log:
        return await verify(log.read_stored(), log.genesis)
