"""Artifacts in an object store (S3, Google Cloud Storage, Azure), through obstore (extra `remote`).

Credentials and regions come from the stores' usual environment variables; AWS_ENDPOINT_URL names an
S3-speaking server elsewhere, over http only when it says so itself.
"""

import asyncio
import hashlib
import os
import re
import uuid
from collections.abc import AsyncIterator, Awaitable, Sequence
from typing import Any, TypeVar

from eventtrack.artifacts import FileInfo, Found, Part, Stored
from eventtrack.artifacts.errors import (
    ArtifactIsDirectory,
    ArtifactNotFound,
    ArtifactStoreUnavailable,
    UnknownUpload,
)
from eventtrack.artifacts.paths import TEMPORARY_PREFIX

PART_BYTES = 8 << 20
PARTS_IN_FLIGHT = 3
READ_BYTES = 1 << 20
UPLOADS_FOLDER = f"{TEMPORARY_PREFIX}parts"
_UPLOAD_ID = re.compile(r"[0-9a-f]{32}")

T = TypeVar("T")


class ObjectStore:
    """An `ArtifactStore` in a bucket.  Make one with `ObjectStore.open(url)`."""

    def __init__(self, store: Any, url: str) -> None:
        self._store = store
        self._url = url

    @classmethod
    def open(cls, url: str) -> "ObjectStore":
        """Connect lazily to a URL such as s3://bucket/prefix.

        Raises ArtifactStoreUnavailable when the extra is missing or the URL makes no sense.
        """
        try:
            import obstore.store
        except ImportError as error:
            raise ArtifactStoreUnavailable(
                f"artifacts at {url} need the extra `remote`: pip install 'eventtrack[remote]'"
            ) from error
        options: dict[str, Any] = {}
        if os.environ.get("AWS_ENDPOINT_URL", "").startswith("http://"):
            options["client_options"] = {"allow_http": True}
        try:
            return cls(obstore.store.from_url(url, **options), url)
        except Exception as error:
            raise ArtifactStoreUnavailable(f"{url} cannot be opened: {error}") from error

    async def put(self, path: str, chunks: AsyncIterator[bytes]) -> Stored:
        """See `ArtifactStore.put`: the object appears when its last byte is stored."""
        import obstore

        if not path:
            raise ArtifactIsDirectory("the root is a folder; name a file")
        digest = hashlib.sha256()
        size = 0

        async def counted() -> AsyncIterator[bytes]:
            nonlocal size
            async for chunk in chunks:
                await asyncio.to_thread(digest.update, chunk)
                size += len(chunk)
                yield chunk

        try:
            await self._asked(
                obstore.put_async(
                    self._store,
                    path,
                    counted(),
                    chunk_size=PART_BYTES,
                    max_concurrency=PARTS_IN_FLIGHT,
                ),
                path,
            )
        except ArtifactNotFound as error:
            raise ArtifactStoreUnavailable(f"{self._url}: there is no such bucket") from error
        return Stored(path, size, digest.hexdigest())

    async def find(self, path: str) -> Found:
        """See `ArtifactStore.find`."""
        import obstore

        if not path:
            raise ArtifactIsDirectory("the root is a folder, not a file")
        try:
            meta = await self._asked(obstore.head_async(self._store, path), path)
        except ArtifactNotFound:
            if await self.list(path):
                raise ArtifactIsDirectory(f"'{path}' is a folder, not a file") from None
            raise
        etag = (meta.get("e_tag") or "").strip('"')
        return Found(meta["size"], meta["last_modified"].timestamp(), etag, None)

    async def read(self, path: str, start: int, end: int) -> AsyncIterator[bytes]:
        """See `ArtifactStore.read`."""
        import obstore

        if end <= start:
            return
        options: Any = {"range": (start, end)}
        found = await self._asked(obstore.get_async(self._store, path, options=options), path)
        async for chunk in found.stream(min_chunk_size=READ_BYTES):
            yield bytes(chunk)

    async def list(self, path: str) -> list[FileInfo]:
        """See `ArtifactStore.list`."""
        import obstore

        found = await self._asked(
            obstore.list_with_delimiter_async(self._store, prefix=path or None), path
        )
        entries = {
            prefix.rstrip("/").rpartition("/")[2]: FileInfo(
                prefix.rstrip("/").rpartition("/")[2], True, 0
            )
            for prefix in found["common_prefixes"]
        }
        for meta in found["objects"]:
            if meta["path"] == path:
                continue
            name = meta["path"].rpartition("/")[2]
            entries[name] = FileInfo(name, False, meta["size"])
        return [entries[name] for name in sorted(entries) if not name.startswith(TEMPORARY_PREFIX)]

    async def delete(self, path: str) -> None:
        """See `ArtifactStore.delete`."""
        import obstore

        below: list[str] = []
        async for batch in obstore.list(self._store, prefix=path or None):
            below += [meta["path"] for meta in batch]
        if path and path not in below:
            try:
                await self._asked(obstore.head_async(self._store, path), path)
                below.append(path)
            except ArtifactNotFound:
                pass
        if below:
            await self._asked(obstore.delete_async(self._store, below), path)

    async def create_multipart(self, path: str) -> str:
        """See `ArtifactStore.create_multipart`."""
        upload_id = uuid.uuid4().hex
        await self.put(f"{UPLOADS_FOLDER}/{upload_id}/upload", _once(path.encode()))
        return upload_id

    async def put_part(self, upload_id: str, number: int, chunks: AsyncIterator[bytes]) -> str:
        """See `ArtifactStore.put_part`; the part is an object until the upload is complete."""
        folder = await self._known(upload_id)
        stored = await self.put(f"{folder}/{number}", chunks)
        await self.put(f"{folder}/{number}.sha256", _once(stored.sha256.encode()))
        return stored.sha256

    async def complete_multipart(self, path: str, upload_id: str, parts: Sequence[Part]) -> Stored:
        """See `ArtifactStore.complete_multipart`: the parts stream through into the object."""
        folder = await self._known(upload_id)
        ordered = sorted(parts, key=lambda part: part.number)
        if len({part.number for part in ordered}) != len(ordered):
            raise UnknownUpload("a part is named twice")
        sizes = []
        for part in ordered:
            try:
                etag = b"".join(
                    [each async for each in self.read(f"{folder}/{part.number}.sha256", 0, 64)]
                ).decode()
                sizes.append((await self.find(f"{folder}/{part.number}")).size)
            except ArtifactNotFound:
                raise UnknownUpload(f"part {part.number} was not uploaded") from None
            if part.etag.strip('"') != etag:
                raise UnknownUpload(f"part {part.number} has another etag: {etag!r}")

        async def joined() -> AsyncIterator[bytes]:
            for part, size in zip(ordered, sizes, strict=True):
                async for chunk in self.read(f"{folder}/{part.number}", 0, size):
                    yield chunk

        stored = await self.put(path, joined())
        await self.delete(folder)
        return stored

    async def abort_multipart(self, upload_id: str) -> None:
        """See `ArtifactStore.abort_multipart`."""
        if _UPLOAD_ID.fullmatch(upload_id):
            await self.delete(f"{UPLOADS_FOLDER}/{upload_id}")

    async def _known(self, upload_id: str) -> str:
        folder = f"{UPLOADS_FOLDER}/{upload_id}"
        if _UPLOAD_ID.fullmatch(upload_id):
            try:
                await self.find(f"{folder}/upload")
            except ArtifactNotFound:
                pass
            else:
                return folder
        raise UnknownUpload(f"there is no multipart upload with id {upload_id[:64]!r}")

    async def _asked(self, answer: Awaitable[T], path: str) -> T:
        """Translate the library's errors; ours, raised by a stream of chunks, pass through."""
        from obstore.exceptions import BaseError, NotFoundError

        try:
            return await answer
        except (FileNotFoundError, NotFoundError):
            raise ArtifactNotFound(f"No such artifact: '{path}'") from None
        except BaseError as error:
            raise ArtifactStoreUnavailable(f"{self._url}: {error}") from error


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
