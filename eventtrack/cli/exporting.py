"""`eventtrack export`: runs and metrics as JSON Lines or Parquet."""

from pathlib import Path
from typing import Any

import click

from eventtrack.cli.options import LOCATION, settings_options
from eventtrack.cli.output import json_option, print_json
from eventtrack.cli.reading import read_views
from eventtrack.operations.exporting import (
    CannotExport,
    Chosen,
    Format,
    check_format,
    export_metrics,
    export_runs,
)
from projections.views import Views

EXPORTS = {"runs": export_runs, "metrics": export_metrics}


@click.command()
@click.option(
    "--to",
    "folder",
    metavar="DIR",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the files, runs.* and metrics.*; made when absent.",
)
@click.option(
    "--format",
    "format_",
    type=click.Choice(["jsonl", "parquet"]),
    default="jsonl",
    show_default=True,
    help="JSON Lines, or Parquet (extra `parquet`).",
)
@click.option(
    "--what",
    type=click.Choice(["runs", "metrics"]),
    multiple=True,
    default=["runs", "metrics"],
    show_default=True,
)
@click.option("-e", "--experiment-id", multiple=True, type=int, help="Default: all experiments.")
@click.option("--filter", "text", default="", help="MLflow's filter language.")
@click.option(
    "--view",
    type=click.Choice(["active", "deleted", "all"]),
    default="active",
    show_default=True,
    help="Which lifecycle stages to export.",
)
@json_option
@settings_options(*LOCATION)
def export(
    folder: Path,
    format_: Format,
    what: tuple[str, ...],
    experiment_id: tuple[int, ...],
    text: str,
    view: Any,
    as_json: bool,
    **values: Any,
) -> None:
    """Write runs, and every point of their metrics, to files; beside a running server too."""
    chosen = Chosen(experiment_id, text, view)

    async def ask(views: Views) -> dict[str, dict[str, Any]]:
        written = {}
        for name in dict.fromkeys(what):
            path = folder / f"{name}.{format_}"
            rows = await EXPORTS[name](views, chosen, path, format_)
            written[name] = {"file": str(path), "rows": rows}
        return written

    try:
        check_format(format_)
        written = read_views(values, ask)
    except (CannotExport, OSError) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        print_json(written)
        return
    for name, found in written.items():
        click.echo(f"{found['rows']} {name} in {found['file']}")
