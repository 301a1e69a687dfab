"""The local store: the contract, and what a file system adds to it."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from eventtrack.artifacts import Part
from eventtrack.artifacts.errors import (
    ArtifactIsDirectory,
    ArtifactStoreUnavailable,
    InvalidArtifactPath,
)
from eventtrack.artifacts.factory import open_store
from eventtrack.artifacts.local import LocalStore
from tests.artifacts.contract import StoreContract, chunks, read_all


class TestLocalStore(StoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path) -> LocalStore:
        return LocalStore(tmp_path / "artifacts")


async def test_a_reader_of_the_old_file_sees_the_old_bytes(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    await store.put("f", chunks(b"a" * (3 << 20)))
    reading = store.read("f", 0, 3 << 20)
    first = await anext(reading)
    await store.put("f", chunks(b"b" * (3 << 20)))
    rest = b"".join([chunk async for chunk in reading])
    assert set(first + rest) == set(b"a")


async def test_a_symbolic_link_does_not_lead_out(tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key").write_text("hidden")
    root = tmp_path / "artifacts"
    root.mkdir()
    (root / "link").symlink_to(tmp_path / "secret")
    store = LocalStore(root)
    with pytest.raises(InvalidArtifactPath):
        await store.find("link/key")
    with pytest.raises(InvalidArtifactPath):
        await store.put("link/new", chunks(b"1"))
    with pytest.raises(InvalidArtifactPath):
        await store.delete("link/key")
    assert (tmp_path / "secret" / "key").read_text() == "hidden"


async def test_a_file_in_the_place_of_a_folder_is_named(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    await store.put("f", chunks(b"1"))
    with pytest.raises(ArtifactIsDirectory):
        await store.put("f/below", chunks(b"2"))
    await store.put("d/g", chunks(b"1"))
    with pytest.raises(ArtifactIsDirectory):
        await store.put("d", chunks(b"2"))


async def test_a_name_too_long_for_the_file_system_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(InvalidArtifactPath):
        await LocalStore(tmp_path).put("x" * 300, chunks(b"1"))


async def test_an_upload_in_parts_survives_a_restart(tmp_path: Path) -> None:
    upload = await LocalStore(tmp_path).create_multipart("f")
    etag = await LocalStore(tmp_path).put_part(upload, 1, chunks(b"one"))
    await LocalStore(tmp_path).complete_multipart("f", upload, [Part(1, etag)])
    assert await read_all(LocalStore(tmp_path), "f") == b"one"


async def test_what_is_stored_is_fsynced_before_it_is_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    real = os.fsync

    def fsync(descriptor: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{descriptor}"))
        real(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    await LocalStore(tmp_path / "root").put("d/f", chunks(b"1"))
    assert any(".artifact.uploading." in path for path in synced)
    assert {str(tmp_path), str(tmp_path / "root"), str(tmp_path / "root" / "d")} <= set(synced)


async def test_what_does_not_fit_on_the_disk_is_refused_and_the_old_file_stays(
    tmp_path: Path,
) -> None:
    """A disk that takes the first part of a write and no more must not pass for a stored file."""
    store = LocalStore(tmp_path)
    await store.put("f", chunks(b"old"))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1500, hard))
    try:
        with pytest.raises(ArtifactStoreUnavailable, match="File too large"):
            await store.put("f", chunks(b"x" * 2000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert await read_all(store, "f") == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["f"]


MEMORY = """
import asyncio, resource, sys
from pathlib import Path
from eventtrack.artifacts.local import LocalStore

async def main():
    store = LocalStore(Path(sys.argv[1]))
    block = b"x" * 65536
    async def many(count):
        for _ in range(count):
            yield block
    await store.put("warm", many(64))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    await store.put("big", many(4096))
    async for chunk in store.read("big", 0, 4096 * 65536):
        pass
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)

asyncio.run(main())
"""


def test_memory_is_bounded_for_256_mebibytes(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) < 40, "resident memory grew by more than 40 MiB"


async def test_destinations_are_recognised(tmp_path: Path) -> None:
    for destination in (str(tmp_path / "a"), (tmp_path / "b").as_uri()):
        store = open_store(destination)
        await store.put("f", chunks(b"1"))
    assert (tmp_path / "a" / "f").exists()
    assert (tmp_path / "b" / "f").exists()
