"""The audit trail in words: who, when, from where, old value and new."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from mlflow.tracking import MlflowClient

from eventtrack.audit.changes import Known
from eventtrack.audit.words import WORDS, words_of
from eventtrack.events import CURRENT, Fact
from tests.events.examples import EXAMPLES
from tests.operations.command import run, run_json
from tests.rest import Rest
from tests.servers import ServerProcess, eventtrack_server

ADA = {"Authorization": "Basic YWRhOnNlY3JldA=="}


def test_every_event_has_words() -> None:
    assert set(WORDS) == set(CURRENT)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: type(example).__name__)
def test_the_words_are_a_short_sentence(example: Fact) -> None:
    words = words_of(example, Known().take(example))
    assert 8 < len(words) < 400
    assert words[0].islower()
    assert "\n" not in words
    assert "secret" not in words


class Trail:
    """A server with a history made by ada and by an unknown."""

    def __init__(self, server: ServerProcess, data: Path) -> None:
        self.data = data
        self.rest = rest = Rest(server.port)
        self.experiment_id = rest.post("experiments/create", name="digits")["experiment_id"]
        self.run_id = run_id = rest.create_run(self.experiment_id, run_name="first")

        def as_ada(name: str, **body: Any) -> None:
            status, _, answer = rest.ask("POST", f"/api/2.0/mlflow/{name}", body, headers=ADA)
            assert status == 200, answer

        rest.post("runs/set-tag", run_id=run_id, key="stage", value="dev")
        as_ada("runs/set-tag", run_id=run_id, key="stage", value="prod")
        points = [
            {"key": key, "value": 1, "timestamp": step, "step": step}
            for step in range(1000)
            for key in ("loss",)
        ]
        rest.post("runs/log-batch", run_id=run_id, metrics=points)
        rest.post("runs/log-parameter", run_id=run_id, key="lr", value="0.1")
        as_ada("runs/update", run_id=run_id, status="FINISHED", end_time=1_700_000_000_000)
        as_ada("experiments/delete", experiment_id=self.experiment_id)
        rest.post("experiments/restore", experiment_id=self.experiment_id)
        as_ada("runs/delete-tag", run_id=run_id, key="stage")

    def ask(self, path: str, **query: object) -> Any:
        """The native API's answer."""
        status, _, body = self.rest.ask(
            "GET", f"/api/eventtrack/1/{path}?{urlencode(query, doseq=True)}"
        )
        assert status == 200, body
        return json.loads(body)

    def words(self, **query: object) -> list[str]:
        """The words of the run's history, oldest first."""
        page = self.ask(f"runs/{self.run_id}/events", order="oldest", **query)
        return [each["words"] for each in page["events"]]


@pytest.fixture(scope="module")
def trail(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trail]:
    data = tmp_path_factory.mktemp("trail") / "data"
    with eventtrack_server(data) as server:
        trail = Trail(server, data)
        yield trail
        trail.rest.close()


def test_a_run_tells_its_life(trail: Trail) -> None:
    assert trail.words() == [
        f"started the run as 'first' in experiment {trail.experiment_id}",
        "set tag stage to 'dev'",
        "changed tag stage from 'dev' to 'prod'",
        "logged 1,000 points of loss, steps 0 to 999",
        "set param lr to '0.1'",
        "changed status from 'RUNNING' to 'FINISHED'; set end time to 2023-11-14T22:13:20.000Z",
        f"deleted experiment {trail.experiment_id}, and all its runs with it",
        f"restored experiment {trail.experiment_id}, and all its runs with it",
        "removed tag stage (it was 'prod')",
    ]


def test_who_and_from_where_and_the_old_value_stand_in_fields_too(trail: Trail) -> None:
    page = trail.ask(f"runs/{trail.run_id}/events", type="RunTagsSet", limit=1)
    (event,) = page["events"]
    assert (event["user"], event["address"]) == ("ada", "127.0.0.1")
    assert event["changes"] == [{"field": "tag stage", "old": "dev", "new": "prod"}]
    assert event["type"] == "RunTagsSet/1"
    assert len(event["digest"]) == 64
    assert page["next"] == event["position"]


def test_it_is_filtered_by_actor_type_and_time(trail: Trail) -> None:
    assert len(trail.words(actor="ada")) == 4
    assert len(trail.words(actor="ada@127.0.0.1")) == 4
    assert trail.words(actor="nobody") == []
    assert len(trail.words(type="RunTagsSet,RunTagDeleted")) == 3
    assert len(trail.words(type="!MetricsLogged")) == 8
    events = trail.ask(f"runs/{trail.run_id}/events", order="oldest")["events"]
    third = events[2]["position"]
    assert len(trail.words(since=third)) == 7
    assert len(trail.words(until=third)) == 3
    assert len(trail.words(after=third)) == 6
    assert len(trail.words(before=third)) == 2
    assert trail.words(since="2999-01-01T00:00:00Z") == []
    assert len(trail.words(since="1999-01-01T00:00:00Z")) == 9
    assert len(trail.words(as_of=third)) == 3


@pytest.mark.parametrize("order", ["oldest", "newest"])
def test_pages_meet_without_gap_or_repeat(trail: Trail, order: str) -> None:
    found: list[int] = []
    query: dict[str, object] = {}
    while True:
        page = trail.ask(f"runs/{trail.run_id}/events", order=order, limit=2, **query)
        found += [each["position"] for each in page["events"]]
        if page["next"] is None:
            break
        query = {"after" if order == "oldest" else "before": page["next"]}
    assert len(found) == 9
    assert found == sorted(set(found), reverse=order == "newest")


def test_experiments_and_models_have_histories_too(trail: Trail) -> None:
    page = trail.ask(f"experiments/{trail.experiment_id}/events")
    assert [each["words"] for each in page["events"]][-1] == (
        f"created experiment {trail.experiment_id}, 'digits'"
    )
    client = MlflowClient(f"http://127.0.0.1:{trail.rest.port}")
    model = client.create_logged_model(trail.experiment_id, name="net", tags={"a": "1"})
    client.set_logged_model_tags(model.model_id, {"a": "2"})
    events = trail.ask(f"logged-models/{model.model_id}/events")["events"]
    assert [each["words"] for each in events] == [
        "changed tag a from '1' to '2'",
        "created logged model 'net'",
    ]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("limit=0", "'limit'"),
        ("limit=x", "'limit'"),
        ("order=sideways", "newest or oldest"),
        ("type=Nonsense", "no event has this name"),
        ("since=yesterday", "'since'"),
        ("until=2026-01-01", "'until'"),
    ],
)
def test_what_is_asked_wrongly_is_refused(trail: Trail, query: str, said: str) -> None:
    status, _, body = trail.rest.ask("GET", f"/api/eventtrack/1/runs/{trail.run_id}/events?{query}")
    assert status == 400, body
    assert said in json.loads(body)["message"]


def test_what_is_not_there_has_no_history(trail: Trail) -> None:
    for path in ("runs/none", "experiments/99", "logged-models/none"):
        status, _, body = trail.rest.ask("GET", f"/api/eventtrack/1/{path}/events")
        assert status == 404, body


def test_the_command_line_tells_the_same(trail: Trail) -> None:
    lines = run("log", "history", f"run/{trail.run_id}", data=trail.data).stdout.splitlines()
    assert [line.split("  ")[-1] for line in lines] == trail.words()
    assert "ada@127.0.0.1" in lines[2]
    found = run_json("log", "history", f"run/{trail.run_id}", "--actor", "ada", data=trail.data)
    assert len(found) == 4
    assert "no run with id x" in run("log", "history", "run/x", data=trail.data, code=1).stderr
    wrong = run("log", "history", "nonsense", data=trail.data, code=2)
    assert "experiment/ID" in wrong.stderr
