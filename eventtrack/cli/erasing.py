"""`eventtrack gc` erases for good, `eventtrack log compact` gives the space back."""

import re
from typing import Any

import click

from eventtrack.cli.correcting import actor, reason_option
from eventtrack.cli.operating import operate, result_of
from eventtrack.cli.options import LOCATION, settings_from, settings_options
from eventtrack.cli.output import json_option, print_json
from eventtrack.operations.erasing import Collect, Compact

_UNITS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}


class Age(click.ParamType["int"]):
    """A length of time as `mlflow gc` writes it, for example 30d or 1d12h; in seconds."""

    name = "age"

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        """Words to seconds."""
        if isinstance(value, int):
            return value
        if not re.fullmatch(r"(\d{1,9}[wdhms])+", value):
            self.fail(f"{value!r} is no length of time: give for example 30d, 12h or 1d12h30m")
        return sum(int(count) * _UNITS[unit] for count, unit in re.findall(r"(\d+)(\w)", value))


def _ids(ctx: Any, param: Any, given: tuple[str, ...]) -> list[str]:
    return [each for some in given for each in some.split(",") if each]


@click.command()
@click.option(
    "--older-than",
    type=Age(),
    default=0,
    metavar="AGE",
    help="Only what was deleted for so long, for example 30d.",
)
@click.option("--run-ids", multiple=True, callback=_ids, help="Only these runs; comma-separated.")
@click.option(
    "--experiment-ids",
    multiple=True,
    callback=_ids,
    help="Only these experiments, with all they have.",
)
@click.option("--logged-model-ids", multiple=True, callback=_ids, help="Only these logged models.")
@click.option("--dry-run", is_flag=True, help="Say what would be erased, and erase nothing.")
@reason_option
@json_option
@settings_options(*LOCATION, "artifacts_destination")
def gc(
    older_than: int,
    run_ids: list[str],
    experiment_ids: list[str],
    logged_model_ids: list[str],
    dry_run: bool,
    reason: str,
    as_json: bool,
    **values: Any,
) -> None:
    """Erase for good what is in the deleted stage: payloads, artifacts, all that views show.

    Digests stay in the log, so that it still verifies and shows what was erased, when, by whom.
    """
    wanted = Collect(
        actor=actor(),
        older_than_seconds=older_than,
        run_ids=run_ids,
        experiment_ids=experiment_ids,
        model_ids=logged_model_ids,
        reason=reason,
        dry_run=dry_run,
    )
    reports = operate(settings_from(values), "gc", wanted, quiet=as_json)
    if as_json:
        print_json(result_of(reports))


@click.command()
@json_option
@settings_options(*LOCATION)
def compact(as_json: bool, **values: Any) -> None:
    """Give the space of what was erased back to the file system."""
    reports = operate(settings_from(values), "compact-log", Compact(), quiet=as_json)
    if as_json:
        print_json(result_of(reports))
