"""The two servers of this folder: MLflow as it is, and the server under test.

Both start once per session, and only when a test asks for them.  For development the environment
may name servers that run already and hold no data (EVENTTRACK_TEST_REFERENCE_URL,
EVENTTRACK_TEST_SUBJECT_URL); EVENTTRACK_TEST_SUBJECT=mlflow puts a second MLflow in eventtrack's
place, which shows that the comparison itself is sound.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.servers import eventtrack_server, mlflow_server

SUBJECT_IS_MLFLOW = os.environ.get("EVENTTRACK_TEST_SUBJECT") == "mlflow"


@dataclass(frozen=True)
class Sides:
    """Where the two servers of a comparison listen."""

    reference_url: str
    subject_url: str
    subject_is_mlflow: bool


@pytest.fixture(scope="session")
def subject_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server under test, on data of its own."""
    running = os.environ.get("EVENTTRACK_TEST_SUBJECT_URL")
    if running:
        yield running
        return
    directory = tmp_path_factory.mktemp("subject")
    start = mlflow_server if SUBJECT_IS_MLFLOW else eventtrack_server
    with start(directory) as server:
        yield server.url


@pytest.fixture(scope="session")
def reference_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real `mlflow server`, on data of its own."""
    running = os.environ.get("EVENTTRACK_TEST_REFERENCE_URL")
    if running:
        yield running
        return
    with mlflow_server(tmp_path_factory.mktemp("reference")) as server:
        yield server.url


@pytest.fixture(scope="session")
def sides(subject_url: str, reference_url: str) -> Sides:
    """Both servers."""
    return Sides(reference_url, subject_url, SUBJECT_IS_MLFLOW)
