"""The object store against a real S3-speaking server in another process."""

import itertools
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from eventtrack.artifacts.errors import ArtifactStoreUnavailable
from eventtrack.artifacts.factory import open_store
from eventtrack.artifacts.object_store import ObjectStore
from tests.artifacts.contract import StoreContract, chunks, read_all
from tests.servers import free_port

BUCKETS = itertools.count()


@pytest.fixture(scope="module")
def s3_url() -> Iterator[str]:
    """The address of an S3 server (moto) that runs while this module does."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"{url}/moto-api/", timeout=5).close()
                break
            except urllib.error.URLError:
                assert server.poll() is None
                assert time.monotonic() < deadline
        yield url
        server.terminate()


@pytest.fixture
def bucket(s3_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A new bucket, and the environment in which the store finds it."""
    name = f"bucket-{next(BUCKETS)}"
    request = urllib.request.Request(f"{s3_url}/{name}", method="PUT")
    urllib.request.urlopen(request, timeout=10).close()
    for variable, value in {
        "AWS_ENDPOINT_URL": s3_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(variable, value)
    return name


class TestObjectStore(StoreContract):
    @pytest.fixture
    def store(self, bucket: str) -> ObjectStore:
        store = open_store(f"s3://{bucket}/some/prefix")
        assert isinstance(store, ObjectStore)
        return store


async def test_more_than_one_part_of_the_stores_own_goes_through(bucket: str) -> None:
    store = open_store(f"s3://{bucket}")
    block = bytes(range(256)) * 4096
    stored = await store.put("big", chunks(*[block] * 20))
    assert stored.size == 20 << 20
    assert await read_all(store, "big") == block * 20


async def test_a_bucket_that_is_not_there_is_unavailable_not_a_crash(bucket: str) -> None:
    store = open_store(f"s3://{bucket}-not")
    with pytest.raises(ArtifactStoreUnavailable, match="s3://"):
        await store.put("f", chunks(b"1"))


def test_an_unknown_destination_is_named() -> None:
    with pytest.raises(ArtifactStoreUnavailable, match="s3://, gs:// or az://"):
        open_store("ftp://somewhere/else")
