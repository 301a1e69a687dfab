"""`eventtrack experiments`: list them."""

from typing import Any

import click

from eventtrack.cli.options import LOCATION, settings_options
from eventtrack.cli.output import json_option, print_json, print_table, when_ms
from eventtrack.cli.reading import read_views
from projections import experiments as views
from projections.search.experiments import MAX_RESULTS_LIMIT, find_experiments
from projections.views import Views


@click.group()
def experiments() -> None:
    """Look at experiments."""


@experiments.command("list")
@click.option(
    "--view",
    type=click.Choice(["active", "deleted", "all"]),
    default="active",
    show_default=True,
    help="Which lifecycle stages to show.",
)
@click.option("--filter", "text", default="", help="MLflow's filter language.")
@json_option
@settings_options(*LOCATION)
def list_command(view: Any, text: str, as_json: bool, **values: Any) -> None:
    """List experiments, newest first."""

    async def ask(reader: Views) -> list[views.Experiment]:
        page = await find_experiments(
            reader,
            filter=text,
            order_by=[],
            view=view,
            max_results=MAX_RESULTS_LIMIT,
            page_token="",
        )
        return await views.get_many(reader, [int(each) for each in page.ids])

    found = read_views(values, ask)
    if as_json:
        print_json(found)
        return
    print_table(
        ("id", "name", "stage", "created", "artifacts"),
        (
            (
                each.experiment_id,
                each.name,
                each.lifecycle_stage,
                when_ms(each.creation_time),
                each.artifact_location,
            )
            for each in found
        ),
    )
