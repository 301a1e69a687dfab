"""`eventtrack models`: the model registry from the command line."""

from typing import Any

import click
import msgspec

from eventtrack.cli.correcting import actor
from eventtrack.cli.operating import operate, result_of
from eventtrack.cli.options import LOCATION, settings_from, settings_options
from eventtrack.cli.output import json_option, print_json, print_table, when_ms
from eventtrack.cli.reading import read_views
from eventtrack.commands.model_versions import PRODUCTION, STAGES, STAGING
from eventtrack.limits import MODEL_VERSION_MAX
from eventtrack.operations.registry import SetModelAlias, StageModelVersion
from projections import model_versions, registered_models
from projections.search.registry import find_registered_models
from projections.views import Views

NAMES_MAX = 1000

version_argument = click.argument("version", type=click.IntRange(1, MODEL_VERSION_MAX))


@click.group()
def models() -> None:
    """Look at registered models, and promote them."""


@models.command("list")
@click.option("--filter", "text", default="", help="MLflow's filter language.")
@click.option("-n", "--limit", type=click.IntRange(1, NAMES_MAX), default=100, show_default=True)
@json_option
@settings_options(*LOCATION)
def list_command(text: str, limit: int, as_json: bool, **values: Any) -> None:
    """List registered models by name, with their latest version and aliases."""

    async def ask(reader: Views) -> list[dict[str, Any]]:
        page = await find_registered_models(
            reader, filter=text, order_by=[], max_results=limit, page_token=""
        )
        latest = await model_versions.latest(reader, page.ids)
        return [
            {
                **_model(each),
                "latest_version": max(
                    (version.version for version in latest[each.registered_model_id]), default=None
                ),
            }
            for each in await registered_models.get_many(reader, page.ids)
        ]

    found = read_views(values, ask)
    if as_json:
        print_json(found)
        return
    print_table(
        ("name", "latest", "aliases", "changed", "description"),
        (
            (
                each["name"],
                each["latest_version"] or "",
                ", ".join(f"{alias}: {of}" for alias, of in each["aliases"].items()),
                when_ms(each["last_updated_timestamp"]),
                each["description"].partition("\n")[0][:60],
            )
            for each in found
        ),
    )


@models.command()
@click.argument("name")
@json_option
@settings_options(*LOCATION)
def show(name: str, as_json: bool, **values: Any) -> None:
    """Show one registered model with all its versions."""

    async def ask(reader: Views) -> dict[str, Any] | None:
        model = await registered_models.get_by_name(reader, name)
        if model is None:
            return None
        versions = await model_versions.all_of(reader, model.registered_model_id)
        return {
            **_model(model),
            "versions": [_version(each) for each in versions if each.lifecycle_stage == "active"],
        }

    found = read_views(values, ask)
    if found is None:
        raise click.ClickException(f"there is no registered model named {name}")
    if as_json:
        print_json(found)
        return
    click.echo(f"name: {found['name']}")
    click.echo(f"created: {when_ms(found['creation_timestamp'])}")
    click.echo(f"changed: {when_ms(found['last_updated_timestamp'])}")
    click.echo(f"description: {found['description']}")
    click.echo("\ntags")
    print_table(("key", "value"), found["tags"].items())
    click.echo("\nversions")
    print_table(
        ("version", "aliases", "stage", "created", "run", "source"),
        (
            (
                each["version"],
                ", ".join(each["aliases"]),
                each["stage"],
                when_ms(each["creation_timestamp"]),
                each["run_id"],
                each["source"],
            )
            for each in found["versions"]
        ),
    )


@models.command()
@click.argument("name")
@version_argument
@click.option("--alias", default="champion", show_default=True, help="What deployments load.")
@click.option(
    "--stage",
    type=click.Choice(STAGES, case_sensitive=False),
    help="Put it in this stage instead of setting an alias.",
)
@click.option(
    "--archive-existing",
    is_flag=True,
    help="With --stage Staging or Production: archive what is there now.",
)
@json_option
@settings_options(*LOCATION)
def promote(
    name: str,
    version: int,
    alias: str,
    stage: str | None,
    archive_existing: bool,
    as_json: bool,
    **values: Any,
) -> None:
    """Make a version the one that models:/NAME@champion loads, or put it in a stage."""
    settings = settings_from(values)
    if archive_existing and stage not in (STAGING, PRODUCTION):
        raise click.UsageError("--archive-existing goes with --stage Staging or Production")
    if stage is None:
        wanted = SetModelAlias(name, alias, version, actor())
        reports = operate(settings, "set-model-alias", wanted, quiet=as_json)
    else:
        staged = StageModelVersion(name, version, stage, archive_existing, actor())
        reports = operate(settings, "stage-model-version", staged, quiet=as_json)
    if as_json:
        print_json(result_of(reports))


@models.command("alias")
@click.argument("name")
@click.argument("alias")
@click.argument("version", type=click.IntRange(1, MODEL_VERSION_MAX), required=False)
@click.option("--delete", is_flag=True, help="Let the alias name no version any more.")
@json_option
@settings_options(*LOCATION)
def alias_command(
    name: str, alias: str, version: int | None, delete: bool, as_json: bool, **values: Any
) -> None:
    """Let ALIAS name VERSION of a registered model."""
    if delete == (version is not None):
        raise click.UsageError("give a VERSION, or --delete")
    reports = operate(
        settings_from(values),
        "set-model-alias",
        SetModelAlias(name, alias, version, actor()),
        quiet=as_json,
    )
    if as_json:
        print_json(result_of(reports))


def _model(model: registered_models.RegisteredModel) -> dict[str, Any]:
    fields = msgspec.structs.asdict(model)
    del fields["registered_model_id"], fields["lifecycle_stage"]
    return fields


def _version(version: model_versions.ModelVersion) -> dict[str, Any]:
    fields = msgspec.structs.asdict(version)
    del fields["registered_model_id"], fields["lifecycle_stage"], fields["name"]
    return fields
