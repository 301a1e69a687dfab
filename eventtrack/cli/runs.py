"""`eventtrack runs`: list and show them."""

from typing import Any

import click
import msgspec

from eventtrack.cli.correcting import correct_param, retract
from eventtrack.cli.options import LOCATION, settings_options
from eventtrack.cli.output import json_option, print_json, print_table, when_ms
from eventtrack.cli.reading import read_views
from projections import documents
from projections.search.runs import MAX_RESULTS_LIMIT, find_runs
from projections.views import Views


@click.group()
def runs() -> None:
    """Look at runs."""


@runs.command("list")
@click.option("-e", "--experiment-id", multiple=True, type=int, help="Default: all experiments.")
@click.option("--filter", "text", default="", help="MLflow's filter language.")
@click.option("--order-by", multiple=True, help='For example "metrics.loss ASC".')
@click.option(
    "--view",
    type=click.Choice(["active", "deleted", "all"]),
    default="active",
    show_default=True,
    help="Which lifecycle stages to show.",
)
@click.option(
    "-n", "--limit", type=click.IntRange(1, MAX_RESULTS_LIMIT), default=100, show_default=True
)
@json_option
@settings_options(*LOCATION)
def list_command(
    experiment_id: tuple[int, ...],
    text: str,
    order_by: tuple[str, ...],
    view: Any,
    limit: int,
    as_json: bool,
    **values: Any,
) -> None:
    """List runs, newest first."""

    async def ask(reader: Views) -> list[documents.RunDocument]:
        ids = list(experiment_id)
        if not ids:
            ids = [
                each for (each,) in await reader.fetchall("SELECT experiment_id FROM experiments")
            ]
        page = await find_runs(
            reader,
            experiment_ids=ids,
            filter=text,
            order_by=list(order_by),
            view=view,
            max_results=limit,
            page_token="",
        )
        return await documents.get_runs(reader, page.ids)

    found = read_views(values, ask)
    if as_json:
        print_json([_document(each) for each in found])
        return
    print_table(
        ("run", "experiment", "name", "status", "started", "metrics"),
        (
            (
                each.run_id,
                each.experiment_id,
                each.name,
                each.status,
                when_ms(each.start_time),
                _short(each.metrics),
            )
            for each in found
        ),
    )


@runs.command()
@click.argument("run_id")
@json_option
@settings_options(*LOCATION)
def show(run_id: str, as_json: bool, **values: Any) -> None:
    """Show one run: info, params, latest metrics, tags."""
    found = read_views(values, lambda reader: documents.get_run(reader, run_id))
    if found is None:
        raise click.ClickException(f"there is no run with id {run_id}")
    document = _document(found)
    if as_json:
        print_json(document)
        return
    for name in ("run_id", "experiment_id", "name", "user_id", "status", "lifecycle_stage"):
        click.echo(f"{name}: {document[name]}")
    click.echo(f"started: {when_ms(found.start_time)}")
    click.echo(f"ended: {when_ms(found.end_time)}")
    click.echo(f"artifacts: {found.artifact_uri}")
    for title in ("params", "metrics", "tags"):
        click.echo(f"\n{title}")
        print_table(("key", "value"), ((each["key"], each["value"]) for each in document[title]))


runs.add_command(correct_param)
runs.add_command(retract)

_LISTS = ("params", "metrics", "tags", "dataset_inputs", "model_inputs", "model_outputs")


def _document(run: documents.RunDocument) -> dict[str, Any]:
    fields = msgspec.structs.asdict(run)
    for name in _LISTS:
        fields[name] = msgspec.json.decode(fields[name] or b"[]")
    return fields


def _short(metrics: bytes | None) -> str:
    found = msgspec.json.decode(metrics or b"[]")
    shown = ", ".join(f"{each['key']}={each['value']}" for each in found[:4])
    return f"{shown}, …" if len(found) > 4 else shown
