"""Artifacts in a local folder: streamed, written under a temporary name, fsynced, renamed."""

import asyncio
import contextlib
import errno
import hashlib
import os
import re
import shutil
import uuid
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import aiofiles
import aiofiles.os

from eventtrack.artifacts import FileInfo, Found, Part, Stored
from eventtrack.artifacts.errors import (
    ArtifactIsDirectory,
    ArtifactNotFound,
    ArtifactStoreUnavailable,
    InvalidArtifactPath,
    UnknownUpload,
)
from eventtrack.artifacts.paths import TEMPORARY_PREFIX

CHUNK_BYTES = 1 << 20
"""Bytes gathered before a trip to a thread that hashes and writes them."""

UPLOADS_FOLDER = f"{TEMPORARY_PREFIX}parts"
_UPLOAD_ID = re.compile(r"[0-9a-f]{32}")
_PARTS_MAX = 10_000


class LocalStore:
    """An `ArtifactStore` in a folder, which is made when the first file is stored."""

    def __init__(self, root: Path) -> None:
        self.root = root

    # Files

    async def put(self, path: str, chunks: AsyncIterator[bytes]) -> Stored:
        """See `ArtifactStore.put`."""
        target = await self._inside(path)
        if not path or await aiofiles.os.path.isdir(target):
            raise ArtifactIsDirectory(f"{path!r} is a folder; name a file")
        size, sha256 = await self._write(target, chunks)
        return Stored(path, size, sha256)

    async def _write(self, target: Path, chunks: AsyncIterator[bytes]) -> tuple[int, str]:
        """Write a file under a temporary name and rename it when it is durable."""
        temporary = target.with_name(f"{TEMPORARY_PREFIX}{uuid.uuid4().hex}")
        digest = hashlib.sha256()
        size = 0
        try:
            await asyncio.to_thread(_make_folder, target.parent)
            # Buffered, because an unbuffered write may take a part and say so by its count alone.
            async with aiofiles.open(temporary, "wb") as file:
                async for chunk in _gathered(chunks):
                    await asyncio.to_thread(digest.update, chunk)
                    await file.write(chunk)
                    size += len(chunk)
                await file.flush()
                await asyncio.to_thread(os.fsync, file.fileno())
            await asyncio.to_thread(_rename, temporary, target)
        except OSError as error:
            _discard(temporary)
            raise _unavailable(error, target.name) from error
        except BaseException:
            # The client went away or the server stops: what was there before stays.
            _discard(temporary)
            raise
        return size, digest.hexdigest()

    async def find(self, path: str) -> Found:
        """See `ArtifactStore.find`."""
        target = await self._inside(path)
        try:
            status = await aiofiles.os.stat(target)
        except (FileNotFoundError, NotADirectoryError):
            raise ArtifactNotFound(f"No such artifact: '{path}'") from None
        except OSError as error:
            raise _unavailable(error, path) from error
        if await aiofiles.os.path.isdir(target):
            raise ArtifactIsDirectory(f"'{path}' is a folder, not a file")
        etag = f"{status.st_mtime_ns:x}-{status.st_size:x}"
        return Found(status.st_size, status.st_mtime, etag, target)

    async def read(self, path: str, start: int, end: int) -> AsyncIterator[bytes]:
        """See `ArtifactStore.read`."""
        target = await self._inside(path)
        async with aiofiles.open(target, "rb") as file:
            await file.seek(start)
            left = end - start
            while left > 0:
                chunk = await file.read(min(CHUNK_BYTES, left))
                if not chunk:
                    return
                left -= len(chunk)
                yield chunk

    async def list(self, path: str) -> list[FileInfo]:
        """See `ArtifactStore.list`."""
        return await asyncio.to_thread(_list, await self._inside(path))

    async def delete(self, path: str) -> None:
        """See `ArtifactStore.delete`."""
        target = await self._inside(path)
        try:
            await asyncio.to_thread(_delete, target, self.root)
        except OSError as error:
            raise _unavailable(error, path) from error

    async def _inside(self, path: str) -> Path:
        """The place of a path; symbolic links in the folder may not lead out of it."""
        target = self.root / path

        def resolve() -> bool:
            root = self.root.resolve()
            return target.resolve().is_relative_to(root)

        try:
            inside = await asyncio.to_thread(resolve)
        except (OSError, ValueError, RuntimeError) as error:
            raise InvalidArtifactPath(f"Invalid path: {error}") from error
        if not inside:
            raise InvalidArtifactPath("Invalid path: it leads out of the artifact folder")
        return target

    # Multipart uploads: a folder for each, a file for each part, so they survive a restart

    async def create_multipart(self, path: str) -> str:
        """See `ArtifactStore.create_multipart`."""
        upload_id = uuid.uuid4().hex
        try:
            await asyncio.to_thread(_make_folder, self._upload(upload_id))
        except OSError as error:
            raise _unavailable(error, path) from error
        return upload_id

    async def put_part(self, upload_id: str, number: int, chunks: AsyncIterator[bytes]) -> str:
        """See `ArtifactStore.put_part`."""
        folder = await self._known(upload_id)
        if not 1 <= number <= _PARTS_MAX:
            raise UnknownUpload(f"part numbers go from 1 to {_PARTS_MAX}, not {number}")
        _, sha256 = await self._write(folder / str(number), chunks)
        # The digest goes beside the part, so that completing need not read it twice.
        await self._write(folder / f"{number}.sha256", _once(sha256.encode()))
        return sha256

    async def complete_multipart(self, path: str, upload_id: str, parts: Sequence[Part]) -> Stored:
        """See `ArtifactStore.complete_multipart`."""
        folder = await self._known(upload_id)
        ordered = sorted(parts, key=lambda part: part.number)
        for part in ordered:
            try:
                async with aiofiles.open(folder / f"{part.number}.sha256") as file:
                    etag = await file.read()
            except FileNotFoundError:
                raise UnknownUpload(f"part {part.number} was not uploaded") from None
            if part.etag.strip('"') != etag:
                raise UnknownUpload(f"part {part.number} has another etag: {etag!r}")
        if len({part.number for part in ordered}) != len(ordered):
            raise UnknownUpload("a part is named twice")
        stored = await self.put(path, _joined([folder / str(part.number) for part in ordered]))
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        return stored

    async def abort_multipart(self, upload_id: str) -> None:
        """See `ArtifactStore.abort_multipart`."""
        with contextlib.suppress(UnknownUpload):
            folder = await self._known(upload_id)
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    def _upload(self, upload_id: str) -> Path:
        return self.root / UPLOADS_FOLDER / upload_id

    async def _known(self, upload_id: str) -> Path:
        folder = self._upload(upload_id)
        if _UPLOAD_ID.fullmatch(upload_id) is None or not await aiofiles.os.path.isdir(folder):
            raise UnknownUpload(f"there is no multipart upload with id {upload_id[:64]!r}")
        return folder


async def _gathered(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Join small chunks, so that a trip to a thread is worth it."""
    waiting: list[bytes] = []
    size = 0
    async for chunk in chunks:
        waiting.append(chunk)
        size += len(chunk)
        if size >= CHUNK_BYTES:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def _joined(files: Sequence[Path]) -> AsyncIterator[bytes]:
    for each in files:
        async with aiofiles.open(each, "rb") as file:
            while chunk := await file.read(CHUNK_BYTES):
                yield chunk


def _make_folder(folder: Path) -> None:
    """Make a folder and those above it, each durable in its parent."""
    missing = []
    while not folder.exists():
        missing.append(folder)
        folder = folder.parent
    for each in reversed(missing):
        each.mkdir(exist_ok=True)
        _sync_folder(each.parent)


def _rename(temporary: Path, target: Path) -> None:
    temporary.replace(target)
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _discard(temporary: Path) -> None:
    with contextlib.suppress(OSError):
        temporary.unlink(missing_ok=True)


def _list(folder: Path) -> list[FileInfo]:
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []
    found = []
    for entry in sorted(entries, key=lambda entry: entry.name):
        if entry.name.startswith(TEMPORARY_PREFIX):
            continue
        is_dir = entry.is_dir()
        found.append(FileInfo(entry.name, is_dir, 0 if is_dir else entry.stat().st_size))
    return found


def _delete(target: Path, root: Path) -> None:
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
        if target == root:
            return
    else:
        target.unlink(missing_ok=True)
    if target.parent.exists():
        _sync_folder(target.parent)


def _unavailable(error: OSError, path: str) -> Exception:
    if error.errno in (errno.ENAMETOOLONG, errno.EINVAL):
        return InvalidArtifactPath(f"Invalid path: {error.strerror}")
    if error.errno in (errno.ENOTDIR, errno.EEXIST, errno.EISDIR):
        return ArtifactIsDirectory(f"{path!r}: a file is where a folder is needed, or the reverse")
    return ArtifactStoreUnavailable(f"{path!r} could not be stored: {error.strerror or error}")
