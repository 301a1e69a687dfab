"""Artifacts of a run or a logged model: list them, fetch them into a folder, add to them."""

import asyncio
import os
import posixpath
import urllib.parse
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from eventtrack.artifacts import ArtifactStore
from eventtrack.artifacts.errors import ArtifactError
from eventtrack.artifacts.paths import TEMPORARY_PREFIX, safe_path
from eventtrack.events.artifacts import ArtifactStored
from eventtrack.operations import OperationFailed, Report, Site
from projections import documents, logged_models

SCHEME = "mlflow-artifacts"
CHUNK_BYTES = 1 << 20


class ListArtifacts(msgspec.Struct, frozen=True):
    """List a folder of artifacts.  owner: a run's or a logged model's id."""

    owner: str
    path: str = ""
    recursive: bool = False


class DownloadArtifacts(msgspec.Struct, frozen=True):
    """Copy a file, or a folder with all it holds, to its own path below a local folder.

    path: "" for everything.
    """

    owner: str
    path: str
    folder: str


class UploadArtifacts(msgspec.Struct, frozen=True):
    """Store a file, or the files of a folder.

    source: on this machine; path: the folder among the artifacts that they go into; actor: who.
    """

    owner: str
    source: str
    path: str
    actor: str


class Entry(msgspec.Struct, frozen=True):
    """A file or folder; path from the owner's root, size in bytes, 0 for folders."""

    path: str
    is_dir: bool
    size: int


class Place(msgspec.Struct, frozen=True):
    """Where somebody's artifacts are: a folder of a store, and the stream that tells of them."""

    store: ArtifactStore
    root: str
    stream: str


async def list_artifacts(site: Site, arguments: ListArtifacts) -> AsyncIterator[Report]:
    """Name what is there."""
    place = await _place(site, arguments.owner)
    try:
        found = [
            each
            async for each in _walk(
                place, safe_path(arguments.path), into_folders=arguments.recursive
            )
        ]
    except ArtifactError as error:
        raise OperationFailed(str(error)) from error
    yield Report(result={"artifacts": msgspec.to_builtins(found)})


async def download(site: Site, arguments: DownloadArtifacts) -> AsyncIterator[Report]:
    """Copy, each file whole or not at all; what is there under the same name is replaced."""
    place = await _place(site, arguments.owner)
    folder = Path(arguments.folder)
    files = size = 0
    try:
        path = safe_path(arguments.path)
        found = [each async for each in _walk(place, path) if not each.is_dir]
        if not found and path:
            stored = await place.store.find(posixpath.join(place.root, path))
            found = [Entry(path, False, stored.size)]
        for entry in found:
            yield Report(stage="downloading", done=files, total=len(found), unit="files")
            # Again, because what others have put into an object store may have any name.
            await _fetch(place, entry, folder / safe_path(entry.path))
            files, size = files + 1, size + entry.size
    except (ArtifactError, OSError) as error:
        raise OperationFailed(f"{error} ({files} files were downloaded)") from error
    yield Report(stage="downloading", done=files, total=len(found), unit="files")
    yield Report(
        said=f"{files} files ({size / 1e6:.1f} MB) are in {folder}",
        result={"folder": str(folder), "files": files, "bytes": size},
    )


async def upload(site: Site, arguments: UploadArtifacts) -> AsyncIterator[Report]:
    """Store, each file whole or not at all, and record that it is there."""
    if site.settings.read_only:
        raise OperationFailed("the running server is read-only: start it without --read-only")
    place = await _place(site, arguments.owner, active=True)
    stored = []
    try:
        sources = await asyncio.to_thread(_sources, Path(arguments.source))
        for done, (source, name) in enumerate(sources):
            yield Report(stage="uploading", done=done, total=len(sources), unit="files")
            relative = safe_path(posixpath.join(arguments.path, name))
            kept = await place.store.put(posixpath.join(place.root, relative), _chunks(source))
            fact = ArtifactStored(path=kept.path, size=kept.size, sha256=kept.sha256)
            await site.handler.note(place.stream, fact, arguments.actor)
            stored.append({"path": relative, "size": kept.size, "sha256": kept.sha256})
    except (ArtifactError, OSError) as error:
        raise OperationFailed(f"{error} ({len(stored)} files were uploaded)") from error
    yield Report(stage="uploading", done=len(stored), total=len(stored), unit="files")
    yield Report(
        said=f"{len(stored)} files are stored for {arguments.owner}",
        result={"owner": arguments.owner, "files": stored},
    )


async def _place(site: Site, owner: str, *, active: bool = False) -> Place:
    """Where this run's or logged model's artifacts are.  active: it may not be deleted."""
    views = await site.live.current()
    run = await documents.get_run(views, owner)
    if run is not None:
        location, stage, stream = run.artifact_uri, run.lifecycle_stage, f"run/{owner}"
    else:
        model = await logged_models.get(views, owner)
        if model is None:
            raise OperationFailed(f"there is no run and no logged model with id {owner}")
        location, stage, stream = model.artifact_location, model.lifecycle_stage, "artifacts"
    if active and stage != "active":
        raise OperationFailed(f"{owner} is deleted: restore it first")
    parts = urllib.parse.urlsplit(location)
    if parts.scheme != SCHEME or site.artifacts is None:
        raise OperationFailed(
            f"the artifacts of {owner} are at {location}, which is not kept by this server: use "
            "that store's own tools"
        )
    return Place(site.artifacts, parts.path.strip("/"), stream)


async def _walk(place: Place, path: str, *, into_folders: bool = True) -> AsyncIterator[Entry]:
    """What is in a folder, each folder before what it holds."""
    for each in await place.store.list(posixpath.join(place.root, path) if path else place.root):
        inside = posixpath.join(path, each.name)
        yield Entry(inside, each.is_dir, each.size)
        if each.is_dir and into_folders:
            async for further in _walk(place, inside):
                yield further


async def _fetch(place: Place, entry: Entry, target: Path) -> None:
    await asyncio.to_thread(target.parent.mkdir, parents=True, exist_ok=True)
    partial = target.with_name(f"{TEMPORARY_PREFIX}{uuid.uuid4().hex}")
    path = posixpath.join(place.root, entry.path)
    try:
        file = await asyncio.to_thread(partial.open, "wb")
        with file:
            async for chunk in place.store.read(path, 0, entry.size):
                await asyncio.to_thread(file.write, chunk)
        await asyncio.to_thread(partial.replace, target)
    finally:
        await asyncio.to_thread(partial.unlink, missing_ok=True)


def _sources(source: Path) -> list[tuple[Path, str]]:
    """(file, name among the artifacts) of a file, or of all files below a folder."""
    if source.is_file():
        return [(source, source.name)]
    if not source.is_dir():
        raise OperationFailed(f"there is no file or folder {source}")
    found = []
    for folder, _, names in os.walk(source):
        for name in sorted(names):
            file = Path(folder, name)
            found.append((file, file.relative_to(source).as_posix()))
    return sorted(found)


async def _chunks(source: Path) -> AsyncIterator[bytes]:
    file = await asyncio.to_thread(source.open, "rb")
    with file:
        while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
            yield chunk
