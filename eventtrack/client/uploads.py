"""Files on their way to the artifacts: copied beside the spool, noted in it, uploaded later."""

import itertools
import os
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path

from eventtrack.client import records
from eventtrack.client.process import Outlet
from eventtrack.client.records import File

_numbers = itertools.count(1)


def spool_made(
    outlet: Outlet,
    name: str,
    folder: str,
    write: Callable[[Path], object],
    *,
    run_id: str,
    root: str,
) -> None:
    """Have a file written beside the spool, under its name in this folder of the artifacts.

    run_id: whose artifacts they are, when no root is given.  Raises what `write` raises.
    """
    # The name stays at the end, because some writers look at its ending.
    unique = f"{next(_numbers):06d}{os.getpid()}{uuid.uuid4().hex[:8]}"
    target = outlet.spool.folder / "files" / f"{unique}-{name}"
    write(target)
    outlet.spool.append(records.file_body(File(run_id, str(target), folder, root)))


def spool_file(outlet: Outlet, source: Path, folder: str, root: str = "", run_id: str = "") -> None:
    """Copy a file beside the spool.  FileNotFoundError when it is not there."""
    if not source.exists():
        raise FileNotFoundError(f"there is no file {source} to log as an artifact")
    spool_made(
        outlet,
        source.name,
        folder,
        lambda target: shutil.copyfile(source, target),
        run_id=run_id,
        root=root,
    )


def spool_folder(
    outlet: Outlet, source: Path, folder: str, root: str = "", run_id: str = ""
) -> None:
    """Copy all files of a folder, with the folders they are in."""
    if not source.is_dir():
        raise NotADirectoryError(f"there is no folder {source} to log as artifacts")
    for each in sorted(source.rglob("*")):
        if each.is_file():
            inside = each.parent.relative_to(source).as_posix()
            place = "/".join(part for part in (folder, inside) if part not in ("", "."))
            spool_file(outlet, each, place, root, run_id)
