"""The load generator of scripts/bench reads responses rightly and hides no error."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence

import msgspec
import pytest
from aiohttp import web

from scripts.bench.caller import Caller, encode_request
from scripts.bench.client import BadResponse, HttpConnection
from scripts.bench.figures import percentile
from scripts.bench.load import ClosedLoad, LoadResult, OpenLoad, Source, run_closed
from scripts.bench.payloads import Batches, Fixed, OneMetric
from scripts.bench.schedule import run_open


class Toy:
    """A tracking server that keeps what it is sent and can be told to misbehave."""

    def __init__(self) -> None:
        self.port = 0
        self.bodies: list[dict[str, object]] = []
        self.refuse_every = 0
        self.drop_every = 0

    async def log(self, request: web.Request) -> web.Response:
        self.bodies.append(msgspec.json.decode(await request.read()))
        count = len(self.bodies)
        if self.drop_every and count % self.drop_every == 0:
            assert request.transport is not None
            request.transport.abort()
        if self.refuse_every and count % self.refuse_every == 0:
            return web.json_response({"error_code": "TEMPORARILY_UNAVAILABLE"}, status=503)
        return web.json_response({})

    async def run(self, request: web.Request) -> web.Response:
        latest: dict[str, object] = {}
        for body in self.bodies:
            metrics = body["metrics"]
            assert isinstance(metrics, list)
            latest.update({metric["key"]: metric for metric in metrics})
        return web.json_response({"run": {"data": {"metrics": list(latest.values())}}})

    async def chunks(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.enable_chunked_encoding()
        await response.prepare(request)
        for size in (1, 70_000, 3):
            await response.write(b"x" * size)
        return response

    async def echo(self, request: web.Request) -> web.Response:
        response = web.Response(body=await request.read())
        if "close" in request.query:
            response.force_close()
        return response


@pytest.fixture
async def toy() -> AsyncIterator[Toy]:
    toy = Toy()
    app = web.Application(client_max_size=2**24)
    app.router.add_post("/api/2.0/mlflow/runs/log-metric", toy.log)
    app.router.add_post("/api/2.0/mlflow/runs/log-batch", toy.log)
    app.router.add_get("/api/2.0/mlflow/runs/get", toy.run)
    app.router.add_get("/chunks", toy.chunks)
    app.router.add_route("*", "/echo", toy.echo)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    toy.port = runner.addresses[0][1]
    yield toy
    await runner.cleanup()


def closed(toy: Toy, sources: Sequence[Source], least: int, views: bool = False) -> ClosedLoad:
    return ClosedLoad(toy.port, sources, time.monotonic(), 0.0, least, views)


class Replayed:
    """Feeds a recorded response to an HttpConnection and keeps what it made of it."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, bytes]] = []
        self.lost: list[Exception | None] = []
        self.connection = HttpConnection(
            lambda status, body: self.answers.append((status, body)), self.lost.append
        )

    def feed(self, data: bytes, size: int) -> None:
        for start in range(0, len(data), size):
            self.connection.data_received(data[start : start + size])


PLAIN = b"HTTP/1.1 200 OK\r\nServer: toy\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"HTTP/1.1 404 Not Found\r\ntransfer-encoding: chunked\r\n\r\n"
    b"3\r\nhel\r\n2;note=1\r\nlo\r\n0\r\nTrailer: x\r\n\r\n"
)
EMPTY_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
NO_BODY = b"HTTP/1.1 204 No Content\r\n\r\n"
CONTINUED = b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (PLAIN, (200, b"hello")),
        (CHUNKED, (404, b"hello")),
        (EMPTY_CHUNKED, (200, b"")),
        (NO_BODY, (204, b"")),
        (CONTINUED, (200, b"hello")),
    ],
)
def test_a_response_is_read_in_whatever_pieces_it_arrives(
    data: bytes, expected: tuple[int, bytes], size: int
) -> None:
    replayed = Replayed()
    replayed.feed(data * 2, size) if size == 1 else replayed.feed(data, size)
    assert replayed.answers == [expected] * (2 if size == 1 else 1)


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\ntoo long",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\ntoo long",
    ],
)
def test_a_malformed_response_is_an_error_and_not_an_answer(data: bytes) -> None:
    replayed = Replayed()
    replayed.feed(data, 1000)
    replayed.connection.connection_lost(None)
    assert replayed.answers == []
    assert isinstance(replayed.lost[0], BadResponse)


def test_a_body_without_length_ends_with_the_connection() -> None:
    replayed = Replayed()
    replayed.feed(b"HTTP/1.1 200 OK\r\n\r\nuntil the end", 5)
    assert replayed.answers == []
    replayed.connection.connection_lost(None)
    assert replayed.answers == [(200, b"until the end")]


async def test_a_caller_reads_chunks_and_survives_an_announced_close(toy: Toy) -> None:
    caller = Caller(toy.port)
    chunked = await caller.call("GET", "/chunks")
    assert (chunked.status, chunked.body) == (200, b"x" * 70_004)
    for _ in range(2):
        answer = await caller.call("POST", "/echo?close", b"once more")
        assert (answer.status, answer.body) == (200, b"once more")
    assert (await caller.call("GET", "/missing")).status == 404
    caller.close()


async def test_an_upload_arrives_whole_and_a_download_can_be_counted_only(toy: Toy) -> None:
    caller = Caller(toy.port, keep_body=False)
    answer = await caller.upload("PUT", "/echo", b"0123456789" * 1000, 500)
    assert (answer.status, answer.size, answer.body) == (200, 5_000_000, b"")
    caller.close()


async def test_every_request_of_a_closed_loop_is_counted(toy: Toy) -> None:
    sources = [OneMetric("a"), OneMetric("b")]
    result = await run_closed(closed(toy, sources, least=20))
    assert (result.ok, sum(result.errors.values())) == (40, 0)
    steps = {(body["run_id"], body["step"]) for body in toy.bodies}
    assert len(steps) == 40


async def test_refusals_are_counted_by_status_and_are_no_latencies(toy: Toy) -> None:
    toy.refuse_every = 4
    result = await run_closed(closed(toy, [OneMetric("a")], least=20))
    assert (result.ok, result.errors["HTTP 503"]) == (15, 5)
    assert "TEMPORARILY_UNAVAILABLE" in result.examples["HTTP 503"]


async def test_lost_connections_are_counted_and_the_loop_goes_on(toy: Toy) -> None:
    toy.drop_every = 5
    result = await run_closed(closed(toy, [OneMetric("a")], least=20))
    assert (result.ok, sum(result.errors.values())) == (16, 4)
    assert not any(label.startswith("HTTP") for label in result.errors)


async def test_views_are_up_to_date_once_a_read_shows_the_last_batch(toy: Toy) -> None:
    source = Batches("a", keys=3, steps=2)
    result = await run_closed(closed(toy, [source], least=4, views=True))
    assert len(toy.bodies) == 4
    assert len(result.views) == 1
    stale = msgspec.json.encode({"run": {"data": {"metrics": toy.bodies[0]["metrics"]}}})
    assert not source.is_final(stale)


async def test_an_open_loop_sends_its_whole_schedule(toy: Toy) -> None:
    sources = [Batches("a", keys=1, steps=5), Batches("b", keys=1, steps=5)]
    load = OpenLoad(toy.port, sources, time.monotonic(), 0.2, 100.0, [0.0, 0.005])
    result = await run_open(load)
    assert result.ok == len(result.lateness) == len(toy.bodies) == 40
    assert sum(result.errors.values()) == 0


@pytest.mark.parametrize("make", [lambda: OneMetric("r"), lambda: Batches("r", keys=2, steps=3)])
def test_the_requests_of_a_source_differ_but_not_in_length(make: Callable[[], Source]) -> None:
    source = make()
    requests = [source.next(5000) for _ in range(50)]
    assert len(set(requests)) == 50
    for request in requests:
        head, _, body = request.partition(b"\r\n\r\n")
        assert b"Content-Length: %d\r\n" % len(body) in head + b"\r\n"
        assert msgspec.json.decode(body)["run_id"] == "r"


def test_results_of_several_clients_add_up() -> None:
    total = LoadResult()
    for begun, ended in ((1.0, 2.0), (0.5, 3.0)):
        part = LoadResult(started=begun, ended=ended)
        part.latencies.append(ended - begun)
        part.add_error("HTTP 500", "oops")
        total.merge(part)
    assert (total.ok, total.errors["HTTP 500"], total.seconds) == (2, 2, 2.5)


def test_percentiles_are_values_that_occurred() -> None:
    assert [percentile([1.0, 2.0, 3.0, 4.0], share) for share in (0.5, 0.99, 0.0)] == [2, 4, 1]


def test_a_fixed_request_carries_host_and_length() -> None:
    request = Fixed("/p", b"{}").next(81)
    assert request == encode_request("POST", "/p", 81, b"{}")
    assert request.startswith(b"POST /p HTTP/1.1\r\nHost: 127.0.0.1:81\r\n")
    assert request.endswith(b"Content-Length: 2\r\n\r\n{}")


async def test_a_refused_connection_is_raised(unused_tcp_port: int) -> None:
    with pytest.raises(OSError):
        await asyncio.wait_for(Caller(unused_tcp_port).call("GET", "/"), 5)
