"""What every artifact store promises; a store's own test file gives the fixture `store`."""

import asyncio
import hashlib
from collections.abc import AsyncIterator

import pytest

from eventtrack.artifacts import ArtifactStore, FileInfo, Part
from eventtrack.artifacts.errors import (
    ArtifactIsDirectory,
    ArtifactNotFound,
    UnknownUpload,
)


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def read_all(store: ArtifactStore, path: str) -> bytes:
    found = await store.find(path)
    return b"".join([chunk async for chunk in store.read(path, 0, found.size)])


class StoreContract:
    """The promises, each a test."""

    @pytest.mark.parametrize(
        "path", ["a.txt", "deep/er/b.bin", "größe/ein name.txt", "a+b", "100%.txt", "a%2fb", "ä/λ"]
    )
    async def test_what_is_put_is_read_back_with_its_digest(
        self, store: ArtifactStore, path: str
    ) -> None:
        content = path.encode() * 1000
        stored = await store.put(path, chunks(content[:7], b"", content[7:]))
        assert stored.size == len(content)
        assert stored.sha256 == hashlib.sha256(content).hexdigest()
        assert await read_all(store, path) == content

    async def test_an_empty_file_is_a_file(self, store: ArtifactStore) -> None:
        stored = await store.put("empty", chunks())
        assert stored.size == 0
        assert (await store.find("empty")).size == 0
        assert await read_all(store, "empty") == b""

    async def test_a_file_is_replaced_whole(self, store: ArtifactStore) -> None:
        await store.put("f", chunks(b"old and long"))
        before = await store.find("f")
        await store.put("f", chunks(b"new"))
        assert await read_all(store, "f") == b"new"
        assert (await store.find("f")).etag != before.etag

    async def test_an_upload_that_breaks_off_leaves_what_was_there(
        self, store: ArtifactStore
    ) -> None:
        async def broken() -> AsyncIterator[bytes]:
            yield b"half of the new"
            raise ConnectionResetError("the client went away")

        await store.put("f", chunks(b"old"))
        with pytest.raises(Exception, match="went away"):
            await store.put("f", broken())
        assert await read_all(store, "f") == b"old"
        assert await store.list("") == [FileInfo("f", False, 3)]

    async def test_a_cancelled_upload_leaves_nothing(self, store: ArtifactStore) -> None:
        begun = asyncio.Event()

        async def endless() -> AsyncIterator[bytes]:
            yield b"some"
            begun.set()
            await asyncio.Event().wait()

        task = asyncio.create_task(store.put("f", endless()))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await store.list("") == []

    async def test_a_folder_lists_its_entries_by_name(self, store: ArtifactStore) -> None:
        for path in ("d/b.txt", "d/a.txt", "d/sub/x", "e"):
            await store.put(path, chunks(b"12345"))
        assert await store.list("d") == [
            FileInfo("a.txt", False, 5),
            FileInfo("b.txt", False, 5),
            FileInfo("sub", True, 0),
        ]
        assert [each.name for each in await store.list("")] == ["d", "e"]
        assert await store.list("d/a.txt") == []
        assert await store.list("nowhere") == []

    async def test_what_is_not_there_is_named(self, store: ArtifactStore) -> None:
        await store.put("d/f", chunks(b"1"))
        with pytest.raises(ArtifactNotFound, match="nowhere"):
            await store.find("nowhere")
        with pytest.raises(ArtifactIsDirectory):
            await store.find("d")

    async def test_a_range_is_read(self, store: ArtifactStore) -> None:
        await store.put("f", chunks(bytes(range(256)) * 9000))
        got = b"".join([chunk async for chunk in store.read("f", 250, 260)])
        assert got == bytes([*range(250, 256), 0, 1, 2, 3])

    async def test_deleting_is_recursive_and_done_twice_is_done_once(
        self, store: ArtifactStore
    ) -> None:
        for path in ("d/a", "d/sub/b", "dd", "e"):
            await store.put(path, chunks(b"1"))
        await store.delete("d")
        await store.delete("d")
        await store.delete("e")
        assert [each.name for each in await store.list("")] == ["dd"]

    async def test_an_upload_in_parts_joins_them_by_number(self, store: ArtifactStore) -> None:
        upload = await store.create_multipart("big/file.bin")
        etags = {n: await store.put_part(upload, n, chunks(b"%d" % n * 1000)) for n in (3, 1, 2)}
        etags[2] = await store.put_part(upload, 2, chunks(b"two again"))
        parts = [Part(number, etag) for number, etag in etags.items()]
        stored = await store.complete_multipart("big/file.bin", upload, parts)
        content = b"1" * 1000 + b"two again" + b"3" * 1000
        assert stored.sha256 == hashlib.sha256(content).hexdigest()
        assert await read_all(store, "big/file.bin") == content
        assert [each.name for each in await store.list("")] == ["big"]
        with pytest.raises(UnknownUpload):
            await store.put_part(upload, 1, chunks(b"late"))

    async def test_an_upload_in_parts_is_refused_when_a_part_is_not_as_named(
        self, store: ArtifactStore
    ) -> None:
        upload = await store.create_multipart("f")
        etag = await store.put_part(upload, 1, chunks(b"1"))
        for parts in ([Part(1, "other")], [Part(1, etag), Part(2, etag)], [Part(1, etag)] * 2):
            with pytest.raises(UnknownUpload):
                await store.complete_multipart("f", upload, parts)
        assert await store.list("") == []

    async def test_an_aborted_upload_is_forgotten(self, store: ArtifactStore) -> None:
        upload = await store.create_multipart("f")
        await store.put_part(upload, 1, chunks(b"1"))
        await store.abort_multipart(upload)
        await store.abort_multipart(upload)
        with pytest.raises(UnknownUpload):
            await store.put_part(upload, 2, chunks(b"2"))
        for strange in ("../x", "", "a" * 32):
            with pytest.raises(UnknownUpload):
                await store.put_part(strange, 1, chunks(b"1"))
