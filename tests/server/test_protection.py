"""Host and origin checks, size limits, request ids: the server protects itself from the start."""

import json
import socket
from collections.abc import Iterator

import pytest

from eventtrack.server.protection import Protection
from tests.rest import Rest
from tests.servers import eventtrack_server

CREATE = "/api/2.0/mlflow/experiments/create"
SEARCH = "/api/2.0/mlflow/experiments/search?max_results=1"


@pytest.fixture(scope="module")
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    data = tmp_path_factory.mktemp("server") / "data"
    options = ("--allowed-hosts", "mlflow:5000,*.example.com", "--request-mebibytes-max", "1")
    with eventtrack_server(data, *options) as server:
        client = Rest(server.port)
        yield client
        client.close()


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:5000",
        "127.0.0.1:1",
        "[::1]:5000",
        "10.1.2.3",
        "192.168.0.7:5000",
        "172.20.0.2:5000",
        "mlflow:5000",
        "track.example.com",
        "track.example.com:5000",
    ],
)
def test_local_private_and_allowed_hosts_are_served(rest: Rest, host: str) -> None:
    assert rest.ask("GET", SEARCH, headers={"Host": host})[0] == 200


@pytest.mark.parametrize("host", ["evil.com", "mlflow:6000", "8.8.8.8", "example.com", "a:b:c"])
def test_other_hosts_are_refused_with_what_to_do(rest: Rest, host: str) -> None:
    status, _, body = rest.ask("GET", SEARCH, headers={"Host": host})
    assert status == 403
    assert b"--allowed-hosts" in body


@pytest.mark.parametrize("path", ["/health", "/version"])
def test_probes_are_answered_under_any_host(rest: Rest, path: str) -> None:
    assert rest.ask("GET", path, headers={"Host": "probe.internal"})[0] == 200


def test_a_foreign_page_may_read_but_not_write(rest: Rest) -> None:
    foreign = {"Origin": "https://evil.com"}
    status, headers, _ = rest.ask("GET", SEARCH, headers=foreign)
    assert status == 200
    assert "Access-Control-Allow-Origin" not in headers
    status, _, body = rest.ask("POST", CREATE, {"name": "planted"}, headers=foreign)
    assert status == 403
    assert b"--cors-allowed-origins" in body


def test_pages_of_localhost_and_of_the_server_itself_may_write(rest: Rest) -> None:
    local = {"Origin": "http://localhost:3000"}
    assert rest.ask("POST", CREATE, {"name": "from a local page"}, headers=local)[0] == 200
    own = {"Origin": "http://mlflow:5000", "Host": "mlflow:5000"}
    assert rest.ask("POST", CREATE, {"name": "from its own page"}, headers=own)[0] == 200


def test_a_preflight_is_answered_for_trusted_pages_alone(rest: Rest) -> None:
    asked = {"Access-Control-Request-Method": "POST"}
    status, headers, _ = rest.ask(
        "OPTIONS", CREATE, headers={**asked, "Origin": "http://localhost:3000"}
    )
    assert status == 200
    assert headers["Access-Control-Allow-Origin"] == "http://localhost:3000"
    assert headers["Access-Control-Allow-Credentials"] == "true"
    status, _, _ = rest.ask("OPTIONS", CREATE, headers={**asked, "Origin": "https://evil.com"})
    assert status == 400


def test_any_origin_when_the_operator_says_so() -> None:
    anyone = Protection("", "*")
    assert anyone.write_allowed("POST", "https://a.example", "localhost")
    assert "Access-Control-Allow-Credentials" not in anyone.cors_headers("https://a", "localhost")


def test_a_body_over_the_limit_is_refused_and_names_the_option(rest: Rest) -> None:
    status, _, body = rest.ask("POST", CREATE, {"name": "x" * (1 << 21)})
    answer = json.loads(body)
    assert status == 413
    assert answer["error_code"] == "BAD_REQUEST"
    assert "--request-mebibytes-max" in answer["message"]


def test_every_answer_carries_a_request_id_and_security_headers(rest: Rest) -> None:
    _, headers, _ = rest.ask("GET", SEARCH)
    assert headers["X-Request-ID"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    _, headers, _ = rest.ask("GET", SEARCH, headers={"X-Request-ID": "mine-7"})
    assert headers["X-Request-ID"] == "mine-7"


def test_an_unknown_route_is_named_as_such(rest: Rest) -> None:
    status, _, body = rest.ask("GET", "/api/2.0/mlflow/no/such")
    assert (status, json.loads(body)["error_code"]) == (404, "ENDPOINT_NOT_FOUND")
    status, headers, _ = rest.ask("PATCH", CREATE, {})
    assert status == 405
    assert headers["Allow"] == "POST"


def test_a_client_that_asks_before_it_sends_is_told_to_go_on(rest: Rest) -> None:
    with socket.create_connection(("127.0.0.1", rest.port), timeout=10) as connection:
        connection.sendall(
            b"POST /api/2.0/mlflow/experiments/create HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/json\r\nContent-Length: 16\r\n"
            b"Expect: 100-continue\r\n\r\n"
        )
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b'{"name": "late"}')
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK\r\n")
