"""A server for the trainers of this folder's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rest import Rest
from tests.servers import ServerProcess, eventtrack_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with eventtrack_server(tmp_path_factory.mktemp("data")) as process:
        yield process


@pytest.fixture
def rest(server: ServerProcess) -> Iterator[Rest]:
    rest = Rest(server.port)
    yield rest
    rest.close()


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    return tmp_path / "spool"
