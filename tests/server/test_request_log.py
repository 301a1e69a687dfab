"""The server's own log: one JSON object a line, with the request's id."""

import json
from pathlib import Path

from tests.rest import Rest
from tests.servers import eventtrack_server


def test_requests_are_logged_as_json_with_their_id(tmp_path: Path) -> None:
    with eventtrack_server(tmp_path / "data", "--access-log") as server:
        rest = Rest(server.port)
        rest.ask(
            "GET",
            "/api/2.0/mlflow/experiments/get?experiment_id=7",
            headers={"X-Request-ID": "mine"},
        )
        server.stop()
        lines = [json.loads(line) for line in server.log().splitlines() if line.startswith("{")]
        (logged,) = [line for line in lines if line.get("request_id") == "mine"]
        assert logged["status"] == 404
        assert logged["method"] == "GET"
        assert logged["path"] == "/api/2.0/mlflow/experiments/get"
        assert logged["time"].endswith("Z")
        assert logged["milliseconds"] >= 0
        rest.close()


def test_ordinary_requests_are_not_logged_unless_asked_for(tmp_path: Path) -> None:
    with eventtrack_server(tmp_path / "data") as server:
        rest = Rest(server.port)
        rest.create_run()
        server.stop()
        assert "runs/create" not in server.log()
        rest.close()
