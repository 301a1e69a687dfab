"""`eventtrack import`."""

import os
import tempfile
from typing import Any

import click
import msgspec

from eventtrack.cli.operating import operate, result_of
from eventtrack.cli.options import LOCATION, settings_from, settings_options
from eventtrack.cli.output import json_option, print_json
from eventtrack.migration.opening import MLFLOW, TENSORBOARD, Address
from eventtrack.operations.importing import Import


@click.command("import")
@click.argument("source")
@click.option(
    "--from",
    "kind",
    type=click.Choice([MLFLOW, TENSORBOARD]),
    default=MLFLOW,
    show_default=True,
    help="What the source is.",
)
@click.option("--experiment", default="", help="Name for what a TensorBoard folder holds.")
@click.option(
    "--rename-conflicts",
    is_flag=True,
    help="Bring an experiment whose id or name is taken in under another one.",
)
@click.option(
    "--copy-artifacts",
    is_flag=True,
    help="Copy the files of runs and models into this server's own store.",
)
@click.option(
    "--artifacts-from",
    default="",
    metavar="PLACE",
    help="With --copy-artifacts: the old server's --artifacts-destination, a folder or bucket.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be brought in; write nothing.")
@json_option
@settings_options(*LOCATION, "artifacts_destination")
def bring_in(
    source: str,
    kind: str,
    experiment: str,
    rename_conflicts: bool,
    copy_artifacts: bool,
    artifacts_from: str,
    dry_run: bool,
    as_json: bool,
    **values: Any,
) -> None:
    """Bring in experiments, runs, metrics and logged models, with their ids and times.

    SOURCE is a folder (mlruns), a database (sqlite:///mlflow.db, a path, postgresql://host/name), a
    running server (http://host:5000) or, with --from tensorboard, a folder of event files.  Give it
    again, after an interruption too, and only what is new is brought in.
    """
    settings = settings_from(values)
    address = Address(
        place=source if "://" in source else os.path.abspath(os.path.expanduser(source)),
        kind=kind,
        experiment=experiment,
        user=os.environ.get("MLFLOW_TRACKING_USERNAME", ""),
        password=os.environ.get("MLFLOW_TRACKING_PASSWORD", ""),
        token=os.environ.get("MLFLOW_TRACKING_TOKEN", ""),
    )
    if artifacts_from and not copy_artifacts:
        raise click.UsageError("--artifacts-from goes with --copy-artifacts")
    if artifacts_from and "://" not in artifacts_from:
        # A running server has another folder of its own.
        artifacts_from = os.path.abspath(os.path.expanduser(artifacts_from))
    arguments = Import(address, rename_conflicts, dry_run, copy_artifacts, artifacts_from)
    if dry_run and not settings.log_path.exists():
        # Judged against an empty log, so that nothing is left behind.
        with tempfile.TemporaryDirectory() as empty:
            elsewhere = msgspec.structs.replace(settings, data=empty, backend_store_uri="")
            reports = operate(elsewhere, "import", arguments, quiet=as_json, create=True)
    else:
        reports = operate(settings, "import", arguments, quiet=as_json, create=True)
    if as_json:
        print_json(result_of(reports))
