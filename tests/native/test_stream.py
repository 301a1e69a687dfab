"""The live stream: what is logged arrives in order, once, whatever happens to either side."""

import http.client
import json
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import mlflow
import pytest
from mlflow.tracking import MlflowClient
from playwright.sync_api import sync_playwright

from tests.rest import Rest
from tests.servers import ServerProcess, eventtrack_server, free_port
from tests.ui.conftest import CHROMIUM_FLAGS

EVENTS = "/api/eventtrack/1/events"


class Follower:
    """Reads a stream as an EventSource does."""

    def __init__(self, port: int, last: int | None = None, **query: str | int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        headers = {} if last is None else {"Last-Event-ID": str(last)}
        self._connection.request("GET", f"{EVENTS}?{urlencode(query, doseq=True)}", headers=headers)
        self.response = self._connection.getresponse()
        assert self.response.status == 200, self.response.read()
        assert self.response.headers["Content-Type"] == "text/event-stream"
        self.last = last or 0

    def next(self) -> tuple[str, dict[str, Any]]:
        """The next event: its name and its data."""
        name, data = "", ""
        while True:
            line = self.response.readline().decode()
            if not line:
                raise EOFError
            field, _, value = line.rstrip("\n").partition(": ")
            if field == "id":
                self.last = int(value)
            elif field == "event":
                name = value
            elif field == "data":
                data = value
            elif not line.strip() and data:
                return name, json.loads(data)

    def take(self, count: int) -> list[dict[str, Any]]:
        """So many events' data."""
        return [self.next()[1] for _ in range(count)]

    def close(self) -> None:
        """Go away."""
        self._connection.close()
        self.response.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    with eventtrack_server(tmp_path / "data") as running:
        yield running


@pytest.fixture
def rest(server: ServerProcess) -> Iterator[Rest]:
    rest = Rest(server.port)
    yield rest
    rest.close()


def log_tags(rest: Rest, run_id: str, first: int, count: int) -> None:
    for number in range(first, first + count):
        rest.post("runs/set-tag", run_id=run_id, key="n", value=str(number))


def test_what_the_client_logs_arrives_in_order(server: ServerProcess) -> None:
    follower = Follower(server.port)
    client = MlflowClient(server.url)
    run = client.create_run("0", run_name="live")
    client.log_batch(
        run.info.run_id,
        metrics=[mlflow.entities.Metric("loss", 0.5, 1000 + n, n) for n in range(3)],
    )
    client.set_tag(run.info.run_id, "stage", "prod")
    client.set_terminated(run.info.run_id, end_time=5)
    created, logged, tagged, ended = follower.take(4)
    follower.close()
    assert [each["type"] for each in (created, logged, tagged, ended)] == [
        "RunCreated/1",
        "MetricsLogged/2",
        "RunTagsSet/1",
        "RunUpdated/1",
    ]
    assert {each["run_id"] for each in (created, logged, tagged, ended)} == {run.info.run_id}
    assert {each["experiment_id"] for each in (created, logged, tagged, ended)} == {"0"}
    # Points are told in short; the history has them all.
    assert logged["payload"] == {
        "metrics": {"loss": {"points": 3, "step": 2, "timestamp": 1002, "value": 0.5}}
    }
    assert tagged["payload"]["tags"] == {"stage": "prod"}
    assert "anonymous@127.0.0.1" in tagged["actor"]


def test_a_follower_can_begin_anywhere(server: ServerProcess, rest: Rest) -> None:
    run_id = rest.create_run()
    log_tags(rest, run_id, 0, 3)
    first = Follower(server.port, after=0)
    everything = first.take(6)
    first.close()
    assert [each["type"] for each in everything] == [
        "ExperimentCreated/1",
        "ExperimentNameClaimed/1",
        "RunCreated/1",
        *["RunTagsSet/1"] * 3,
    ]
    later = Follower(server.port, last=everything[3]["position"], after=0)
    assert later.take(2) == everything[4:]
    later.close()


def test_only_what_is_asked_for_is_sent(server: ServerProcess, rest: Rest) -> None:
    other = rest.post("experiments/create", name="other")["experiment_id"]
    run_id, other_run = rest.create_run(), rest.create_run(other)
    for each in (run_id, other_run, run_id):
        log_tags(rest, each, 0, 1)
        rest.post("runs/log-metric", run_id=each, key="m", value=1, timestamp=1, step=1)
    log_tags(rest, other_run, 7, 1)

    def types(count: int, **query: str) -> list[tuple[str, str | None]]:
        follower = Follower(server.port, None, after=0, **query)
        found = follower.take(count)
        follower.close()
        return [(each["type"].split("/")[0], each["run_id"]) for each in found]

    assert types(4, run=run_id) == [
        ("RunCreated", run_id),
        ("RunTagsSet", run_id),
        ("MetricsLogged", run_id),
        ("MetricsLogged", run_id),
    ]
    assert types(5, experiment=other) == [
        ("ExperimentCreated", None),
        ("RunCreated", other_run),
        ("RunTagsSet", other_run),
        ("MetricsLogged", other_run),
        ("RunTagsSet", other_run),
    ]
    assert types(3, type="RunTagsSet") == [
        ("RunTagsSet", run_id),
        ("RunTagsSet", other_run),
        ("RunTagsSet", other_run),
    ]
    assert types(2, stream=f"experiment/{other}", run=other_run, type="!RunTagsSet") == [
        ("ExperimentCreated", None),
        ("RunCreated", other_run),
    ]


def test_nothing_is_lost_or_twice_when_the_server_is_killed(tmp_path: Path) -> None:
    data, port = tmp_path / "data", free_port()
    acknowledged: list[int] = []
    seen: list[int] = []
    last: int | None = None
    run_id = ""
    for life in range(3):
        with eventtrack_server(data, port=port) as server:
            rest = Rest(port)
            run_id = run_id or rest.create_run()
            follower = Follower(port, last=last, run=run_id, type="RunTagsSet")
            first = len(acknowledged)
            log_tags(rest, run_id, first, 20)
            acknowledged += range(first, first + 20)
            # It is killed while the follower has seen some of it only.
            for _ in range(20 if life == 2 else 7):
                seen.append(int(follower.next()[1]["payload"]["tags"]["n"]))
            last = follower.last
            if life == 2:
                while len(seen) < len(acknowledged):
                    seen.append(int(follower.next()[1]["payload"]["tags"]["n"]))
            else:
                server.kill()
            follower.close()
            rest.close()
    assert seen == acknowledged


def test_a_stopping_server_sends_its_followers_away_at_once(tmp_path: Path) -> None:
    with eventtrack_server(tmp_path / "data") as server:
        follower = Follower(server.port)
        started = time.monotonic()
        ended = threading.Thread(target=server.stop)
        ended.start()
        name, data = follower.next()
        assert name == "resume"
        assert data["after"] == 2
        with pytest.raises(EOFError):
            follower.next()
        ended.join()
        # Far less than the time that requests in flight are given.
        assert time.monotonic() - started < 15
        follower.close()


def resident(server: ServerProcess) -> int:
    for line in Path(f"/proc/{server.process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) << 10
    raise AssertionError("no VmRSS")


def test_who_does_not_read_costs_no_memory_and_disturbs_nobody(
    server: ServerProcess, rest: Rest
) -> None:
    run_id = rest.create_run()
    stalled = []
    for _ in range(20):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sock.connect(("127.0.0.1", server.port))
        sock.sendall(f"GET {EVENTS}?after=0 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        stalled.append(sock)
    follower = Follower(server.port, run=run_id)
    log_tags(rest, run_id, 0, 50)
    follower.take(50)
    before = resident(server)
    big = "x" * 4000
    for number in range(1500):
        rest.post("runs/set-tag", run_id=run_id, key=f"k{number % 10}", value=f"{number}{big}")
    assert len(follower.take(1500)) == 1500
    grown = resident(server) - before
    follower.close()
    for sock in stalled:
        sock.close()
    # 6 MB went by, and 20 stalled followers hold none of it: 120 MB would be each a copy.
    assert grown < 60 << 20, f"{grown >> 20} MiB"


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("after=-1", "'after'"),
        ("after=soon", "'after'"),
        ("after=99999", "the log ends at position"),
        ("type=Nonsense", "no event has this name"),
        ("as_of=1", "as_of"),
    ],
)
def test_what_is_asked_wrongly_is_refused(rest: Rest, query: str, said: str) -> None:
    status, _, body = rest.ask("GET", f"{EVENTS}?{query}")
    assert status == 400, body
    assert said in json.loads(body)["message"]


def test_a_browser_follows_and_comes_back_by_itself(tmp_path: Path) -> None:
    data, port = tmp_path / "data", free_port()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=CHROMIUM_FLAGS
        )
        page = browser.new_page()
        with eventtrack_server(data, port=port) as server:
            rest = Rest(port)
            run_id = rest.create_run()
            page.goto(f"{server.url}/health")
            page.evaluate(
                """(path) => {
                    window.seen = [];
                    window.source = new EventSource(path);
                    window.source.addEventListener('RunTagsSet',
                        (event) => window.seen.push(JSON.parse(event.data).payload.tags.n));
                }""",
                f"{EVENTS}?run={run_id}&after=0",
            )
            log_tags(rest, run_id, 0, 3)
            page.wait_for_function("window.seen.length == 3")
            rest.close()
        with eventtrack_server(data, port=port):
            rest = Rest(port)
            log_tags(rest, run_id, 3, 3)
            page.wait_for_function("window.seen.length >= 6")
            assert page.evaluate("window.seen") == ["0", "1", "2", "3", "4", "5"]
            rest.close()
        browser.close()
