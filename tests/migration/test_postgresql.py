"""A PostgreSQL database of the real mlflow comes over whole; skipped where there is no server."""

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.migration.scripts import populated, seen
from tests.operations.command import run, run_json
from tests.servers import HOST, clean_environment, eventtrack_server, free_port


def programs() -> Path | None:
    """The folder of PostgreSQL's programs, newest first."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    on_path = shutil.which("initdb")
    folders = [path.parent for path in found] + ([Path(on_path).parent] if on_path else [])
    return next((folder for folder in folders if (folder / "postgres").exists()), None)


def owner() -> str | None:
    """Whom the server runs as: it refuses root."""
    if os.getuid():
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError:
        return pwd.getpwnam("nobody").pw_name


BIN = programs()
pytestmark = pytest.mark.skipif(BIN is None, reason="there is no PostgreSQL server here")


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of our own, with a database that is not made yet; its URI."""
    pytest.importorskip("psycopg")
    assert BIN is not None
    # Not below pytest's own folder, which is root's alone.
    folder = Path(subprocess.check_output(["mktemp", "-d"], text=True).strip())
    user = owner()
    if user:
        shutil.chown(folder, user)
    port = free_port()

    def start(*command: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            command,
            user=user,
            cwd=folder,
            env=clean_environment({"LC_ALL": "C.UTF-8"}),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    data = str(folder / "data")
    made = start(str(BIN / "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-N")
    assert made.wait(120) == 0
    server = start(
        *(str(BIN / "postgres"), "-D", data, "-p", str(port), "-h", HOST),
        *("-c", "fsync=off", "-c", f"unix_socket_directories={folder}"),
    )
    try:
        ready = [str(BIN / "pg_isready"), "-h", HOST, "-p", str(port), "-q"]
        while subprocess.run(ready, check=False).returncode:
            assert server.poll() is None, "PostgreSQL did not start"
            time.sleep(0.05)
        yield f"postgresql+psycopg://postgres@{HOST}:{port}/postgres"
    finally:
        server.terminate()
        server.wait(60)
        shutil.rmtree(folder, ignore_errors=True)


def test_a_client_sees_here_what_it_saw_there(database: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    populated(database, tmp_path)
    there = seen(database, tmp_path)
    first = run_json("import", database, data=data)
    assert (first["refused"], first["runs"]["new"], first["models"]["new"]) == ([], 5, 1)
    assert "@" not in first["source"], "no user or password is written into the log"
    again = run_json("import", database, data=data)
    assert (again["points"], again["runs"]["unchanged"]) == (0, 5)
    with eventtrack_server(data) as server:
        assert seen(server.url, tmp_path) == there


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    uri = f"postgresql+psycopg2://me:secret@{HOST}:{free_port()}/name"
    said = run("import", uri, data=tmp_path / "data", code=1).stderr
    assert "cannot be opened" in said
    assert "secret" not in said
