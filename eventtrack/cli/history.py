"""`eventtrack log history`: who did what to a run, an experiment or a model, in plain words."""

import asyncio
from typing import Any

import click

from eventtrack.assembly import open_log
from eventtrack.audit.history import LIMIT_MAX, Filter, Page, stream_of_model_name
from eventtrack.audit.history import history as read_history
from eventtrack.cli.options import LOCATION, settings_from, settings_options
from eventtrack.cli.output import json_option, print_json, when_us
from eventtrack.errors import EventtrackError
from eventtrack.events import START
from eventtrack.log import LogError
from eventtrack.server.moment import begin_of, position_of
from eventtrack.server.native.audit import checked_types
from eventtrack.settings import Settings

NOUNS = ("run", "experiment", "logged-model", "registered-model", "webhook")
"""What has a history; registered models go by their names."""


@click.command()
@click.argument("subject", metavar="NOUN/ID")
@click.option("--actor", default="", help="Only what this user did, or this user@address.")
@click.option(
    "--type", "types", multiple=True, help="Only these events; with ! before it: all but these."
)
@click.option("--since", default="", metavar="POSITION|TIME", help="From then on (RFC 3339).")
@click.option("--until", default="", metavar="POSITION|TIME", help="Up to then.")
@click.option(
    "-n",
    "--lines",
    type=click.IntRange(1, LIMIT_MAX),
    default=100,
    show_default=True,
    help="The last so many.",
)
@json_option
@settings_options(*LOCATION)
def history(subject: str, lines: int, as_json: bool, **values: Any) -> None:
    """Tell what happened to a run, an experiment, a model or a webhook, oldest first.

    NOUN/ID is run/ID, experiment/ID, logged-model/ID, registered-model/NAME or webhook/ID.
    """
    noun, slash, key = subject.partition("/")
    if noun not in NOUNS or not slash or not key:
        raise click.UsageError(
            f"{subject!r} is no subject: give run/ID, experiment/ID, logged-model/ID, "
            "registered-model/NAME or webhook/ID"
        )
    chosen = {name: values.pop(name) for name in ("actor", "types", "since", "until")}
    try:
        page = asyncio.run(_read(settings_from(values), subject, lines, **chosen))
    except EventtrackError as error:
        raise click.UsageError(error.message) from error
    except LogError as error:
        raise click.ClickException(str(error)) from error
    if page is None:
        what = "named" if noun == "registered-model" else "with id"
        raise click.ClickException(f"there is no {noun} {what} {key}")
    page.events.reverse()
    if as_json:
        print_json(page.events)
        return
    for told in page.events:
        click.echo(f"{told.position:>8}  {when_us(told.recorded_at)}  {told.actor}  {told.words}")


async def _read(
    settings: Settings,
    subject: str,
    lines: int,
    *,
    actor: str,
    types: tuple[str, ...],
    since: str,
    until: str,
) -> Page | None:
    async with open_log(settings, read_only=True) as log:
        stream: str | None = subject
        if subject.startswith("registered-model/"):
            stream = await stream_of_model_name(log, subject.partition("/")[2])
        if stream is None or not await log.version(stream):
            return None
        first, after = await begin_of(since, log, "--since") if since else (START, START)
        wanted = Filter(
            actor=actor,
            types=checked_types(list(types)),
            since=first,
            after=after,
            until=await position_of(until, log, "--until") if until else None,
        )
        return await read_history(log, stream, wanted, limit=lines, newest_first=True)
