"""Copies the artifacts of what was imported into this server's own store, each file once.

Where they are at the source: on this machine's disk, in the folder or bucket that the old server
kept them in (`--artifacts-from`), or behind the old server itself.  What lies in an object store
under its own URI stays there, because everybody who may read it finds it there.

A file's fact and the import's note of it are one append, after the bytes are durable: a copy that
was interrupted goes on with the next import.
"""

import posixpath
import urllib.parse
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from eventtrack.artifacts import ArtifactStore
from eventtrack.artifacts.errors import ArtifactError, ArtifactNotFound
from eventtrack.artifacts.factory import open_store
from eventtrack.artifacts.paths import safe_path
from eventtrack.commands import importing, runs
from eventtrack.commands.importer import Importer
from eventtrack.commands.model_sources import is_local
from eventtrack.events.artifacts import ArtifactStored
from eventtrack.migration.reading import Reader
from eventtrack.migration.server import Server
from eventtrack.operations import OperationFailed, Site

SCHEME = "mlflow-artifacts"
NOTED_AT_ONCE = 100


class Copied(msgspec.Struct):
    """What was copied so far; left: where files are that were not, and why."""

    files: int = 0
    bytes: int = 0
    left: dict[str, int] = {}


class Plan(msgspec.Struct, frozen=True):
    """A thing whose files are to be copied.

    source: their location there; path: their folder in our store; owner: the stream that says what
    the store holds; stream: the import's own; subject: `run/<id>` or `logged-model/<id>`.
    """

    source: str
    path: str
    owner: str
    stream: str
    subject: str


class File(msgspec.Struct, frozen=True):
    """A file at the source: its path below the thing's folder, and what changes when it does."""

    path: str
    size: int
    stamp: str


class Copying:
    """The copying of one import.  artifacts_from: see above; base: of relative local paths."""

    def __init__(
        self, site: Site, reader: Reader, importer: Importer, artifacts_from: str, base: Path
    ) -> None:
        if site.artifacts is None or not site.settings.artifact_root.startswith(f"{SCHEME}:"):
            raise OperationFailed(
                "--copy-artifacts needs a server that keeps artifacts itself: leave out "
                "--no-serve-artifacts and --default-artifact-root"
            )
        self._store = site.artifacts
        self._root = site.settings.artifact_root.rstrip("/")
        self._hot = site.handler.hot
        self._reader = reader
        self._importer = importer
        self._base = base
        try:
            self._kept = open_store(artifacts_from) if artifacts_from else None
        except ArtifactError as error:
            raise OperationFailed(f"--artifacts-from: {error}") from error
        self._plans: list[Plan] = []
        self._moved: dict[str, str] = {}
        self.copied = Copied()

    def location(self, source: str, below: str) -> str:
        """Where the artifacts of a new thing are to be: what lies on a disk moves to our root."""
        return f"{self._root}/{below}" if source and is_local(source) else source

    async def plan_run(self, run_id: str, source: str) -> None:
        """Remember to copy the files of a run that is here."""
        here = (await self._hot.run(run_id)).artifact_uri
        stream, subject = importing.stream_of_run(run_id), f"run/{run_id}"
        self._plan(source, here, runs.stream_of(run_id), stream, subject)

    async def plan_model(self, model_id: str, source: str) -> None:
        """Remember to copy the files of a logged model that is here."""
        here = (await self._hot.model(model_id)).artifact_location
        stream = importing.stream_of_model(model_id)
        self._plan(source, here, "artifacts", stream, f"logged-model/{model_id}")

    def _plan(self, source: str, here: str, owner: str, stream: str, subject: str) -> None:
        path = _path_of(here)
        if here != source:
            self._moved[source.rstrip("/")] = here
        if path:
            self._plans.append(Plan(source, path, owner, stream, subject))
        elif source:
            self._leave("their location here is not this server's own store")

    def _leave(self, why: str) -> None:
        self.copied.left[why] = self.copied.left.get(why, 0) + 1

    def moved(self, location: str) -> str:
        """Where a place is now that lay at or below the artifacts of a run or a model."""
        below, above = "", location.rstrip("/")
        while above:
            here = self._moved.get(above)
            if here is not None:
                return posixpath.join(here, below) if below else here
            above, _, name = above.rpartition("/")
            below = posixpath.join(name, below) if below else name
        return location

    async def run(self) -> None:
        """Copy everything that was planned."""
        for plan in self._plans:
            origin = self._origin(plan.source)
            if origin is None:
                self._leave(
                    "the old server kept them: name its --artifacts-destination with "
                    "--artifacts-from"
                )
                continue
            try:
                await self._copy(plan, *origin)
            except ArtifactError as error:
                self._leave(str(error))

    def _origin(self, source: str) -> tuple[ArtifactStore | None, str] | None:
        """The store that has the files (None: the source, a server) and their folder in it."""
        if is_local(source):
            path = urllib.parse.unquote(urllib.parse.urlsplit(source).path)
            return open_store(
                str(self._base / (path if source.startswith("file:") else source))
            ), ""
        path = _path_of(source)
        if not path:
            return None
        if self._kept is not None:
            return self._kept, path
        return (None, path) if isinstance(self._reader.source, Server) else None

    async def _copy(self, plan: Plan, store: ArtifactStore | None, folder: str) -> None:
        known = await self._importer.files_taken(plan.stream)
        stored: list[tuple[ArtifactStored, str]] = []
        files = self._asked(folder) if store is None else _walk(store, folder)
        # A server answers one question at a time: the list is complete before a file is read.
        for file in [each async for each in files]:
            path = posixpath.join(plan.path, safe_path(file.path))
            if known.get(path) == importing.digest_of(file.stamp):
                continue
            chunks = self._read(store, posixpath.join(folder, file.path), file.size)
            done = await self._store.put(path, chunks)
            fact = ArtifactStored(path=done.path, size=done.size, sha256=done.sha256)
            stored.append((fact, file.stamp))
            self.copied.files += 1
            self.copied.bytes += done.size
            if len(stored) == NOTED_AT_ONCE:
                await self._importer.file_stored(plan.stream, plan.owner, plan.subject, stored)
                stored = []
        if stored:
            await self._importer.file_stored(plan.stream, plan.owner, plan.subject, stored)

    async def _asked(self, folder: str) -> AsyncIterator[File]:
        server = self._reader.source
        assert isinstance(server, Server)
        async for path, size in self._reader.each(lambda: server.files(folder)):
            # The API tells no time of change.
            yield File(path, size, str(size))

    async def _read(
        self, store: ArtifactStore | None, path: str, size: int
    ) -> AsyncIterator[bytes]:
        if store is not None:
            async for chunk in store.read(path, 0, size):
                yield chunk
            return
        server = self._reader.source
        assert isinstance(server, Server)
        async for chunk in self._reader.each(lambda: server.file(path)):
            yield chunk


async def _walk(store: ArtifactStore, folder: str, below: str = "") -> AsyncIterator[File]:
    """Every file below a folder of a store; none when it is not there."""
    for entry in await store.list(posixpath.join(folder, below) if below else folder):
        path = posixpath.join(below, entry.name)
        if entry.is_dir:
            async for file in _walk(store, folder, path):
                yield file
            continue
        try:
            found = await store.find(posixpath.join(folder, path))
        except ArtifactNotFound:
            # It went while we were looking.
            continue
        yield File(path, found.size, f"{found.size} {found.etag}")


def _path_of(location: str) -> str:
    """The folder in a server's own store, "" when the location is elsewhere."""
    parts = urllib.parse.urlsplit(location)
    if parts.scheme != SCHEME or parts.netloc:
        return ""
    return parts.path.strip("/")
