"""The fast lane answers as the general way does, byte for byte, however requests arrive."""

import json
import re
import socket
import threading
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
def run_id(rest: Rest) -> str:
    return rest.create_run()


class Wire:
    """A connection on which bytes are sent as the test cuts them."""

    def __init__(self, server: ServerProcess) -> None:
        self.port = server.port
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=20)
        self._file = self.socket.makefile("rb")

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def answer(self) -> tuple[int, dict[str, str], bytes]:
        status = int(self._file.readline().split()[1])
        headers = {}
        while (line := self._file.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode().partition(":")
            headers[name] = value.strip()
        return status, headers, self._file.read(int(headers["Content-Length"]))


def log_metric(port: int, run_id: str, step: int, *more: str, key: str = "loss") -> bytes:
    body = json.dumps(
        {"run_id": run_id, "key": key, "value": step / 2, "timestamp": 1000 + step, "step": step}
    ).encode()
    head = [
        "POST /api/2.0/mlflow/runs/log-metric HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *more,
    ]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def steps(rest: Rest, run_id: str) -> list[int]:
    found = rest.get("metrics/get-history", run_id=run_id, metric_key="loss").get("metrics", [])
    return sorted(point["step"] for point in found)


def test_the_answer_is_that_of_the_general_way(server: ServerProcess, run_id: str) -> None:
    with Wire(server) as wire:
        answers: list[tuple[int, dict[str, str], bytes]] = []
        # A header that the lane does not know sends the request the general way.
        for more in ((), (), ("X-Trace: 1",)):
            wire.send(log_metric(wire.port, run_id, len(answers), *more))
            status, headers, body = wire.answer()
            headers["X-Request-ID"] = re.sub(r"\d+$", "N", headers["X-Request-ID"])
            headers.pop("Date")
            answers.append((status, headers, body))
    assert answers[0] == answers[1] == answers[2]
    assert answers[0][2] == b"{}"


def test_requests_cut_anywhere_and_sent_ahead_are_all_stored(
    server: ServerProcess, rest: Rest, run_id: str
) -> None:
    with Wire(server) as wire:
        requests = [log_metric(wire.port, run_id, step) for step in range(60)]
        stream = b"".join(requests)
        sizes = [1, len(requests[0]), 7, 200, len(requests[0]) * 3, 333, 50]
        at = 0

        def push() -> None:
            nonlocal at
            turn = 0
            while at < len(stream):
                size = sizes[turn % len(sizes)]
                wire.send(stream[at : at + size])
                at += size
                turn += 1

        sender = threading.Thread(target=push)
        sender.start()
        assert [wire.answer()[0] for _ in requests] == [200] * 60
        sender.join()
    assert steps(rest, run_id) == list(range(60))


def test_a_refusal_comes_from_the_general_way_and_the_connection_goes_on(
    server: ServerProcess, rest: Rest, run_id: str
) -> None:
    with Wire(server) as wire:
        wire.send(log_metric(wire.port, run_id, 1, key="../loss"))
        status, _, body = wire.answer()
        assert (status, b"must not resolve" in body) == (400, True)
        wire.send(log_metric(wire.port, "nobody", 1))
        assert wire.answer()[0] == 404
        wire.send(log_metric(wire.port, run_id, 1))
        assert wire.answer()[0] == 200
        rest.post("runs/delete", run_id=run_id)
        wire.send(log_metric(wire.port, run_id, 2))
        status, _, body = wire.answer()
        assert (status, b"'active' state" in body) == (400, True)
    rest.post("runs/restore", run_id=run_id)
    assert steps(rest, run_id) == [1]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (["Origin: http://evil.example"], 403),
        (["Host: evil.example"], 400),
        (["Transfer-Encoding: chunked"], 400),
        (["Content-Length: 5"], 400),
        (["Connection: close"], 200),
        (["X-Request-ID: mine"], 200),
        (["Authorization: Basic YWRhOng="], 200),
    ],
    ids=lambda value: value[0].split(":")[0] if isinstance(value, list) else str(value),
)
def test_anything_unusual_takes_the_general_way(
    server: ServerProcess, run_id: str, headers: list[str], status: int
) -> None:
    with Wire(server) as wire:
        wire.send(log_metric(wire.port, run_id, 1, *headers))
        answer = wire.answer()
        assert answer[0] == status
        if headers == ["X-Request-ID: mine"]:
            assert answer[1]["X-Request-ID"] == "mine"


def test_a_foreign_host_is_refused(server: ServerProcess, run_id: str) -> None:
    with Wire(server) as wire:
        request = log_metric(wire.port, run_id, 1).replace(b"Host: 127.0.0.1", b"Host: evil.com")
        wire.send(request)
        assert wire.answer()[0] == 403


def test_what_is_under_way_when_the_server_stops_is_answered(tmp_path: Path) -> None:
    with eventtrack_server(tmp_path) as server:
        rest = Rest(server.port)
        run_id = rest.create_run()
        rest.close()
        answered = [0] * 4

        def work(number: int) -> None:
            with Wire(server) as wire:
                try:
                    for step in range(100_000):
                        wire.send(log_metric(wire.port, run_id, number * 1_000_000 + step))
                        if wire.answer()[0] != 200:
                            return
                        answered[number] += 1
                except (OSError, IndexError):
                    return

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        while min(answered) < 100:
            threading.Event().wait(0.01)
        assert server.stop() == 0
        for thread in threads:
            thread.join()
    with eventtrack_server(tmp_path) as server:
        rest = Rest(server.port)
        stored = steps(rest, run_id)
        rest.close()
    for number in range(4):
        mine = [step for step in stored if step // 1_000_000 == number]
        assert len(mine) >= answered[number]
        assert mine[: answered[number]] == [
            number * 1_000_000 + step for step in range(answered[number])
        ]
