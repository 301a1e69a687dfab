"""`eventtrack artifacts`: the files of runs and logged models."""

from pathlib import Path
from typing import Any

import click

from eventtrack.cli.correcting import actor
from eventtrack.cli.operating import operate, result_of
from eventtrack.cli.options import LOCATION, settings_from, settings_options
from eventtrack.cli.output import json_option, print_json, print_table
from eventtrack.operations.artifacts import DownloadArtifacts, ListArtifacts, UploadArtifacts

WHERE = (*LOCATION, "artifacts_destination")


@click.group()
def artifacts() -> None:
    """List, download and upload artifacts.

    ID is a run's id or a logged model's (m-...).
    """


@artifacts.command("list")
@click.argument("owner", metavar="ID")
@click.argument("path", default="")
@click.option("-r", "--recursive", is_flag=True, help="What is in the folders too.")
@json_option
@settings_options(*WHERE)
def list_command(owner: str, path: str, recursive: bool, as_json: bool, **values: Any) -> None:
    """List artifacts, those in a folder if one is named; sizes in bytes."""
    asked = ListArtifacts(owner, path, recursive)
    found: Any = result_of(operate(settings_from(values), "list-artifacts", asked))["artifacts"]
    if as_json:
        print_json(found)
        return
    print_table(
        ("path", "size"),
        (
            (
                each["path"] + ("/" if each["is_dir"] else ""),
                None if each["is_dir"] else each["size"],
            )
            for each in found
        ),
    )


@artifacts.command()
@click.argument("owner", metavar="ID")
@click.argument("path", default="")
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=".",
    show_default=True,
    help="Folder to put them in; files of the same name are replaced.",
)
@json_option
@settings_options(*WHERE)
def download(owner: str, path: str, folder: Path, as_json: bool, **values: Any) -> None:
    """Download a file, a folder with all it holds, or everything, to its own path below --to."""
    asked = DownloadArtifacts(owner, path, str(folder.expanduser().absolute()))
    reports = operate(settings_from(values), "download-artifacts", asked, quiet=as_json)
    if as_json:
        print_json(result_of(reports))


@artifacts.command()
@click.argument("owner", metavar="ID")
@click.argument("source", type=click.Path(path_type=Path, exists=True))
@click.option("--to", "path", default="", help="Folder among the artifacts to put them in.")
@json_option
@settings_options(*WHERE)
def upload(owner: str, source: Path, path: str, as_json: bool, **values: Any) -> None:
    """Upload a file, or all files of a folder."""
    asked = UploadArtifacts(owner, str(source.absolute()), path, actor())
    reports = operate(settings_from(values), "upload-artifacts", asked, quiet=as_json)
    if as_json:
        print_json(result_of(reports))
