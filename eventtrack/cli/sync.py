"""`eventtrack sync`: send what training processes have left on the disk."""

from pathlib import Path

import click

from eventtrack.client import process
from eventtrack.client.batches import count_waiting
from eventtrack.client.options import server_url, variable
from eventtrack.client.spool import identity_of, spools_in


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option(
    "--tracking-uri",
    envvar=["EVENTTRACK_TRACKING_URI", "MLFLOW_TRACKING_URI"],
    help="Send to this server instead of the one that was logged to; needed for offline runs that "
    "named none.",
)
@click.option("--dry-run", is_flag=True, help="Say what waits, and send nothing.")
def sync(folder: Path | None, tracking_uri: str | None, dry_run: bool) -> None:
    """Send what was logged offline, or was left by processes that were killed.

    FOLDER: a spool, or a folder of spools; the usual one when it is left out.
    """
    root = (folder or Path(variable("EVENTTRACK_SPOOL_DIR"))).expanduser().absolute()
    if folder is not None and not root.exists():
        raise click.UsageError(f"there is no folder {root}")
    failed = 0
    found = list(spools_in(root))
    if not found:
        click.echo(f"Nothing waits in {root}.")
    for each in found:
        identity = identity_of(each)
        if identity is None:
            continue
        try:
            uri = server_url(tracking_uri or identity.tracking_uri)
        except ValueError as error:
            raise click.UsageError(f"{error}; give --tracking-uri") from error
        entries, files = count_waiting(each)
        what = f"{each.name}: {entries} values and changes, {files} files"
        if dry_run:
            click.echo(f"{what}, for {uri}")
            continue
        sent = process.send_one(each, uri, until=None)
        if sent is None:
            click.echo(f"{what}: left to the process that writes it ({identity.process_id})")
        elif sent.done:
            refused = f", {sent.refused} refused (see refused.jsonl)" if sent.refused else ""
            click.echo(f"{what}: sent to {uri}{refused}")
        else:
            failed += 1
            click.echo(f"{what}: not sent, {sent.fault or 'stopped'}", err=True)
    if failed:
        raise click.ClickException(f"{failed} of {len(found)} were not sent; they are kept")
