"""The cellar: artifact bytes, never rules.  The `ArtifactStore` protocol and its value types.

Paths are relative to the store's root, with forward slashes, already checked by
`eventtrack.artifacts.paths.safe_path`.  Multipart uploads go through the server: the door hands out
URLs of its own for the parts and passes their bytes to `put_part`, so every store can do them.
"""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Protocol

import msgspec


class Stored(msgspec.Struct, frozen=True):
    """A file that is now durable: its size in bytes and its SHA-256 in hex."""

    path: str
    size: int
    sha256: str


class FileInfo(msgspec.Struct, frozen=True):
    """An entry of a folder; `name` is its last segment, size in bytes, 0 for folders."""

    name: str
    is_dir: bool
    size: int


class Found(msgspec.Struct, frozen=True):
    """A file that can be read: size in bytes, time of change in seconds since 1970, entity tag.

    local_path: where the bytes are on this machine's disk, or None for a remote store.
    """

    size: int
    modified: float
    etag: str
    local_path: Path | None


class Part(msgspec.Struct, frozen=True):
    """A part of a multipart upload, as its upload's completion names it."""

    number: int
    etag: str


class ArtifactStore(Protocol):
    """Where the bytes are.  All methods raise the errors of `eventtrack.artifacts.errors`."""

    async def put(self, path: str, chunks: AsyncIterator[bytes]) -> Stored:
        """Store a file whole or not at all, replacing what is there; durable when it returns."""
        ...

    async def find(self, path: str) -> Found:
        """Look a file up."""
        ...

    def read(self, path: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from start up to end (not included), in chunks."""
        ...

    async def list(self, path: str) -> list[FileInfo]:
        """A folder's entries by name; none for a file or where nothing is."""
        ...

    async def delete(self, path: str) -> None:
        """Remove a file, or a folder with all it holds; nothing there is no error."""
        ...

    async def create_multipart(self, path: str) -> str:
        """Begin an upload in parts and return its id."""
        ...

    async def put_part(self, upload_id: str, number: int, chunks: AsyncIterator[bytes]) -> str:
        """Store one part, in any order, replacing it when it is sent again; return its etag."""
        ...

    async def complete_multipart(self, path: str, upload_id: str, parts: Sequence[Part]) -> Stored:
        """Join the parts by number into the file; durable when it returns."""
        ...

    async def abort_multipart(self, upload_id: str) -> None:
        """Forget an upload and its parts; an unknown one is no error."""
        ...
