"""Backup of a data folder while it is in use: the log, and the artifacts when they are files.

The log comes first: what an event tells of is stored before the event, so every artifact that the
copied log knows is there to be copied.  Views are not copied, because the log rebuilds them.
"""

import asyncio
import os
import shutil
import sqlite3
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec

from eventtrack.artifacts.local import LocalStore
from eventtrack.artifacts.paths import TEMPORARY_PREFIX
from eventtrack.log import LogNotOurs
from eventtrack.log.copying import copy_new
from eventtrack.operations import OperationFailed, Report, Site

LOG = "log.db"
ARTIFACTS = "artifacts"

FILES_IN_STEP = 64


class Backup(msgspec.Struct, frozen=True):
    """Copy what is new into a folder.  artifacts: also the files."""

    folder: str
    artifacts: bool = True


async def backup(site: Site, arguments: Backup) -> AsyncIterator[Report]:
    """Bring the copy in a folder up to date, or make one."""
    folder = Path(arguments.folder)
    events = files = size = 0
    copied_before: int | None = None
    head = 0
    try:
        await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
        steps = copy_new(site.settings.log_path, folder / LOG)
        try:
            while (step := await asyncio.to_thread(next, steps, None)) is not None:
                reached, head = step
                copied_before = reached if copied_before is None else copied_before
                events = reached - copied_before
                yield Report(stage="copying the log", done=reached, total=head, unit="events")
        finally:
            await asyncio.to_thread(steps.close)  # type: ignore[attr-defined]
        left = ""
        if arguments.artifacts and isinstance(site.artifacts, LocalStore):
            copying = _copy_files(site.artifacts.root, folder / ARTIFACTS)
            while (copied := await asyncio.to_thread(next, copying, None)) is not None:
                files, size = copied
                yield Report(stage="copying artifacts", done=files, unit="files")
        elif site.artifacts is not None:
            left = f"; artifacts were not copied ({site.settings.artifacts_path})"
        await asyncio.to_thread(_make_durable, folder)
    except (OSError, LogNotOurs, sqlite3.Error) as error:
        raise OperationFailed(f"the backup is not complete: {error}") from error
    yield Report(
        said=f"{folder} holds the log up to event {head}: {events} events and {files} files "
        f"({size / 1e6:.1f} MB) were new{left}",
        result={"folder": str(folder), "head": head, "events": events, "files": files},
    )


def _copy_files(source: Path, target: Path) -> Iterator[tuple[int, int]]:
    """Copy files that are new or changed; yields (files, bytes) copied so far."""
    files = size = since = 0
    for folder, names, found in os.walk(source):
        # Uploads that are under way.
        names[:] = [name for name in names if not name.startswith(TEMPORARY_PREFIX)]
        to = target / Path(folder).relative_to(source)
        for name in found:
            if name.startswith(TEMPORARY_PREFIX):
                continue
            copied = _copy_file(Path(folder) / name, to / name)
            if copied is not None:
                files, size, since = files + 1, size + copied, since + 1
                if since >= FILES_IN_STEP:
                    since = 0
                    yield files, size
    yield files, size


def _copy_file(source: Path, target: Path) -> int | None:
    """Copy a file whole or not at all; None when it is there already, or was deleted meanwhile."""
    try:
        stat = source.stat()
    except FileNotFoundError:
        return None
    try:
        there = target.stat()
    except FileNotFoundError:
        there = None
    if there is not None and (there.st_size, there.st_mtime_ns) == (
        stat.st_size,
        stat.st_mtime_ns,
    ):
        return None
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{TEMPORARY_PREFIX}{uuid.uuid4().hex}")
    try:
        shutil.copy2(source, partial)
    except FileNotFoundError:
        return None
    with partial.open("rb+") as file:
        os.fsync(file.fileno())
    partial.replace(target)
    return stat.st_size


def _make_durable(folder: Path) -> None:
    """Let the names of the files survive a power cut too."""
    for each, _, _ in os.walk(folder):
        descriptor = os.open(each, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
