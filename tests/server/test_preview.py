"""What somebody logged as HTML is shown on an origin of its own, from which nothing is reached."""

import json
from collections.abc import Iterator

import pytest

from eventtrack.server.preview import PATH
from tests.rest import Rest
from tests.servers import eventtrack_server


@pytest.fixture(scope="module")
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    with eventtrack_server(tmp_path_factory.mktemp("preview") / "data") as server:
        rest = Rest(server.port)
        yield rest
        rest.close()


def policy_of(rest: Rest) -> dict[str, str]:
    status, headers, _ = rest.ask("GET", PATH)
    assert status == 200
    assert headers["Content-Type"].startswith("text/html")
    parts = (each.strip().partition(" ") for each in headers["Content-Security-Policy"].split(";"))
    return {name: value for name, _, value in parts}


def test_the_frame_is_on_an_origin_of_its_own_even_when_opened_alone(rest: Rest) -> None:
    assert policy_of(rest)["sandbox"] == "allow-scripts"


def test_nothing_is_fetched_or_sent_from_the_frame(rest: Rest) -> None:
    policy = policy_of(rest)
    assert policy["default-src"] == "'none'"
    assert "connect-src" not in policy
    fetched = " ".join(value for name, value in policy.items() if name.endswith("-src"))
    assert not {"'self'", "*", "https:", "http:"} & set(fetched.split())
    assert policy["form-action"] == "'none'"


def test_only_our_own_pages_frame_it(rest: Rest) -> None:
    assert policy_of(rest)["frame-ancestors"] == "'self'"


def test_a_page_of_its_origin_may_not_write(rest: Rest) -> None:
    status, _, _ = rest.ask(
        "POST",
        "/api/2.0/mlflow/experiments/create",
        {"name": "by a preview"},
        headers={"Origin": "null"},
    )
    assert status == 403


@pytest.fixture
def moments(rest: Rest) -> list[str]:
    run_id = rest.create_run(run_name="told")
    rest.post("runs/set-tag", run_id=run_id, key="stage", value="dev")
    return [run_id]


def test_a_moment_says_what_happened_then(rest: Rest, moments: list[str]) -> None:
    _, _, body = rest.ask("GET", "/api/eventtrack/1/moment")
    now = json.loads(body)
    assert now["position"] == now["head"]
    assert now["words"] == "set tag stage to 'dev'"
    assert now["stream"] == f"run/{moments[0]}"
    _, _, body = rest.ask("GET", f"/api/eventtrack/1/moment?as_of={now['position'] - 1}")
    before = json.loads(body)
    assert (before["position"], before["head"]) == (now["position"] - 1, now["head"])
    assert before["type"].startswith("RunCreated")
    assert before["recorded_at"] <= now["recorded_at"]


def test_before_the_first_event_there_is_nothing_to_say(rest: Rest) -> None:
    _, _, body = rest.ask("GET", "/api/eventtrack/1/moment?as_of=0")
    assert b'"position":0' in body
    assert b'"words":null' in body
