"""Time travel over HTTP, with a real server and the real mlflow client."""

import datetime
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from mlflow.tracking import MlflowClient

from tests.operations.command import run_json
from tests.rest import Rest
from tests.servers import ServerProcess, clean_environment, eventtrack_server

NATIVE = "/api/eventtrack/1/"


class History(msgspec.Struct):
    """What happened, and where the log stood after each step."""

    server: ServerProcess
    rest: Rest
    experiment_id: str
    run_id: str
    empty: int
    begun: int
    begun_at: str
    tagged: int
    deleted: int

    def ask(self, path: str, as_of: object) -> Any:
        """The native API's answer about a moment."""
        joint = "&" if "?" in path else "?"
        status, headers, body = self.rest.ask(
            "GET", f"{NATIVE}{path}{joint}as_of={quote(str(as_of))}"
        )
        assert status == 200, body
        assert headers["X-Eventtrack-As-Of"].isdigit()
        return json.loads(body)


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    data = tmp_path_factory.mktemp("as-of") / "data"
    with eventtrack_server(data) as server:
        rest = Rest(server.port)

        def head() -> int:
            position: int = run_json("views", "status", data=data)["projections"][0]["head"]
            return position

        empty = head()
        experiment_id = rest.post("experiments/create", name="first name")["experiment_id"]
        run_id = rest.create_run(experiment_id, run_name="r")
        points = [
            {"key": "loss", "value": 1.0 / (n + 1), "timestamp": n, "step": n} for n in range(3)
        ]
        rest.post("runs/log-batch", run_id=run_id, metrics=points)
        begun, begun_at = head(), datetime.datetime.now(datetime.UTC).isoformat()
        time.sleep(0.01)
        rest.post("runs/set-tag", run_id=run_id, key="stage", value="prod")
        rest.post("runs/log-metric", run_id=run_id, key="loss", value=0.01, timestamp=9, step=9)
        rest.post("experiments/update", experiment_id=experiment_id, new_name="second name")
        tagged = head()
        rest.post("runs/delete-tag", run_id=run_id, key="stage")
        rest.post("runs/delete", run_id=run_id)
        yield History(server, rest, experiment_id, run_id, empty, begun, begun_at, tagged, head())
        rest.close()


def test_a_run_is_shown_as_it_was(past: History) -> None:
    path = f"runs/{past.run_id}"
    assert "stage" not in past.ask(path, past.begun)["tags"]
    then = past.ask(path, past.tagged)
    assert then["tags"]["stage"] == "prod"
    assert then["lifecycle_stage"] == "active"
    assert past.ask(path, past.deleted)["lifecycle_stage"] == "deleted"


def test_a_time_is_as_good_as_a_position(past: History) -> None:
    path = f"runs/{past.run_id}"
    assert past.ask(path, past.begun_at) == past.ask(path, past.begun)
    # A plus that the client did not encode arrives as a space.
    status, headers, _ = past.rest.ask("GET", f"{NATIVE}{path}?as_of={past.begun_at}")
    assert (status, headers["X-Eventtrack-As-Of"]) == (200, str(past.begun))


def test_a_run_is_not_there_before_it_was_made(past: History) -> None:
    status, _, body = past.rest.ask("GET", f"{NATIVE}runs/{past.run_id}?as_of={past.empty}")
    assert status == 404, body


def test_a_metric_has_the_points_it_had(past: History) -> None:
    path = f"runs/{past.run_id}/metrics/history?key=loss"
    assert past.ask(path, past.begun)["steps"] == [0, 1, 2]
    assert past.ask(path, past.tagged)["steps"] == [0, 1, 2, 9]
    zoomed = past.ask(f"runs/{past.run_id}/metrics/zoom?key=loss", past.begun)
    assert past.ask(f"runs/{past.run_id}/metrics", past.begun)["metrics"][0]["key"] == "loss"
    assert zoomed["key"] == "loss"


def test_experiments_have_the_names_they_had(past: History) -> None:
    path = f"experiments/{past.experiment_id}"
    assert past.ask(path, past.begun)["experiment"]["name"] == "first name"
    assert past.ask(path, past.tagged)["experiment"]["name"] == "second name"
    names = [e["name"] for e in past.ask("experiments", past.empty)["experiments"]]
    assert names == ["Default"]


def test_a_search_finds_what_was_there(past: History) -> None:
    path = f"runs?experiment_ids={past.experiment_id}&filter=" + quote("tags.stage = 'prod'")
    assert past.ask(path, past.begun) == {}
    assert len(past.ask(path, past.tagged)["runs"]) == 1
    assert past.ask(path, past.deleted) == {}


def test_a_moment_that_is_none_is_refused_with_what_to_write(past: History) -> None:
    for words, said in (
        ("999999", "the log ends at position"),
        ("yesterday", "2026-11-23T18:00:00Z"),
        ("2026-11-23T18:00:00", "with its offset"),
        ("2026-11-23", "with its offset"),
        ("-1", "a position of the log"),
        ("1.5", "a position of the log"),
    ):
        path = f"{NATIVE}runs/{past.run_id}?as_of={quote(words)}"
        status, _, body = past.rest.ask("GET", path)
        assert status == 400, words
        assert "as_of" in json.loads(body)["message"]
        assert said in json.loads(body)["message"], words


def test_a_time_before_the_log_is_empty_and_one_to_come_is_the_present(past: History) -> None:
    assert past.ask("experiments", "1999-01-01T00:00:00Z") == {}
    now = past.ask(f"runs/{past.run_id}", "2999-01-01T00:00:00Z")
    assert now["lifecycle_stage"] == "deleted"


def test_the_past_cannot_be_changed(past: History) -> None:
    before = past.rest.get("runs/get", run_id=past.run_id)
    header = {"X-Eventtrack-As-Of": str(past.begun)}
    tag = {"run_id": past.run_id, "key": "k", "value": "v"}
    point = {"run_id": past.run_id, "key": "k", "value": 1, "timestamp": 1, "step": 1}
    for method, path, body in (
        ("POST", "/api/2.0/mlflow/runs/set-tag", tag),
        ("POST", "/api/2.0/mlflow/runs/log-metric", point),
        ("POST", "/api/2.0/mlflow/runs/delete", {"run_id": past.run_id}),
        ("POST", "/api/2.0/mlflow/experiments/create", {"name": "n"}),
        ("POST", "/api/eventtrack/1/ingest", {"entries": []}),
        ("PUT", "/api/2.0/mlflow-artifacts/artifacts/1/x/artifacts/f.txt", {}),
        ("DELETE", "/api/2.0/mlflow-artifacts/artifacts/1/x/artifacts/f.txt", None),
    ):
        status, _, answer = past.rest.ask(method, path, body, headers=header)
        assert status == 403, (path, answer)
        assert f"position {past.begun}" in json.loads(answer)["message"]
        status, _, _ = past.rest.ask(method, f"/as-of/{past.begun}{path}", body)
        assert status == 403, path
    assert past.rest.get("runs/get", run_id=past.run_id) == before


def test_an_unmodified_client_works_in_the_past(past: History) -> None:
    client = MlflowClient(f"{past.server.url}/as-of/{past.begun_at}")
    run = client.get_run(past.run_id)
    assert "stage" not in run.data.tags
    assert [each.step for each in client.get_metric_history(past.run_id, "loss")] == [0, 1, 2]
    assert client.get_experiment(past.experiment_id).name == "first name"
    (found,) = client.search_runs([past.experiment_id], "metrics.loss < 0.5")
    assert found.info.run_id == past.run_id
    assert MlflowClient(past.server.url).search_runs([past.experiment_id]) == []


def test_the_environment_alone_points_a_script_at_the_past(past: History) -> None:
    script = (
        "import sys, mlflow; c = mlflow.MlflowClient(sys.argv[1]);"
        "print(c.get_run(sys.argv[2]).data.tags.get('stage'))"
    )
    for as_of, expected in ((past.begun, "None"), (past.tagged, "prod")):
        done = subprocess.run(
            [sys.executable, "-c", script, past.server.url, past.run_id],
            env=clean_environment({"EVENTTRACK_AS_OF": str(as_of)}),
            capture_output=True,
            text=True,
            check=True,
            cwd=os.path.dirname(__file__),
        )
        assert done.stdout.strip() == expected
