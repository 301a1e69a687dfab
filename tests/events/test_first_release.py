"""The log of the first release replays for ever, whatever events and views have become since."""

import gzip
import json
from pathlib import Path

import pytest

from eventtrack.log.sqlite import SqliteLog
from eventtrack.log.verify import verify
from tests.events.a_life import told
from tests.rest import Rest
from tests.servers import eventtrack_server

RELEASE = Path(__file__).parent / "first_release"


@pytest.fixture
def log_path(tmp_path: Path) -> Path:
    """A copy of the recorded log."""
    path = tmp_path / "data" / "log.db"
    path.parent.mkdir()
    path.write_bytes(gzip.decompress((RELEASE / "log.db.gz").read_bytes()))
    return path


async def test_its_chain_verifies(log_path: Path) -> None:
    log = await SqliteLog.open(log_path, read_only=True)
    verdict = await verify(log.read_stored(), log.genesis)
    assert verdict.intact
    assert verdict.events == 51
    await log.close()


async def test_its_views_tell_what_they_told_then(log_path: Path, tmp_path: Path) -> None:
    assert await told(log_path, tmp_path) == json.loads((RELEASE / "told.json").read_text())


def test_a_server_goes_on_with_it(log_path: Path) -> None:
    with eventtrack_server(log_path.parent) as server:
        rest = Rest(server.port)
        answer = rest.post("runs/search", experiment_ids=["1"], max_results=10)
        assert {run["info"]["run_name"] for run in answer["runs"]} == {
            "run 0",
            "another name",
            "run 2",
        }
        run_id = rest.create_run("1", run_name="now")
        rest.post("runs/log-metric", run_id=run_id, key="m", value=1, timestamp=1, step=1)
        rest.close()
