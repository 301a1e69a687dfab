"""What only native clients say of a run is on its page: that it is lost, and what it printed."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from eventtrack.columns import pack_ints
from eventtrack.wire import ingest as wire
from tests.native.test_ingest import send, table
from tests.rest import Rest
from tests.servers import eventtrack_server


@pytest.fixture
def rest(tmp_path: Path) -> Iterator[Rest]:
    with eventtrack_server(tmp_path) as server:
        rest = Rest(server.port)
        yield rest
        rest.close()


def page(rest: Rest, path: str) -> str:
    status, _, body = rest.ask("GET", path)
    assert status == 200
    return body.decode()


def test_a_lost_run_says_so_and_shows_what_it_printed(rest: Rest) -> None:
    run = "/experiments/0/runs/away"
    send(
        rest,
        wire.Request(
            entries=[
                wire.RunStart(run_id="away", experiment="Default", lease_seconds=1),
                wire.Console(
                    run_id="away",
                    source="stderr",
                    timestamps=pack_ints([1_700_000_000_000]),
                    lines=["<b>CUDA out of memory</b>"],
                    rank=3,
                ),
            ]
        ),
    )
    shown = page(rest, run)
    assert "&lt;b&gt;CUDA out of memory&lt;/b&gt;" in shown
    assert "rank 3" in shown
    assert '<span class="status RUNNING">' in shown
    deadline = time.monotonic() + 30
    while '<span class="status LOST">lost</span>' not in page(rest, run):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert "nothing was heard from it" in page(rest, run)
    assert '<span class="status LOST">lost</span>' in page(rest, "/experiments/0")
    send(rest, wire.Request(entries=[table("away", 1.0)]))
    assert '<span class="status RUNNING">' in page(rest, run)
