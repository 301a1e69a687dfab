"""Saved views of the web UI over the wire: kept, changed, told who did it, and gone."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from eventtrack.limits import SAVED_VIEW_STATE_BYTES_MAX
from tests.native.tables import NATIVE, get, post
from tests.rest import Rest
from tests.servers import ServerProcess, eventtrack_server

STATE = {"columns": [{"kind": "metrics", "key": "loss"}], "wide": True, "ü": 1.5}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with eventtrack_server(tmp_path_factory.mktemp("data")) as process:
        yield process


@pytest.fixture
def rest(server: ServerProcess) -> Iterator[Rest]:
    rest = Rest(server.port)
    yield rest
    rest.close()


def as_user(name: str) -> dict[str, str]:
    word = base64.b64encode(f"{name}:".encode()).decode()
    return {"Authorization": f"Basic {word}", "Content-Type": "application/json"}


def change(rest: Rest, method: str, view_id: str, body: Any = None, user: str = "eve") -> int:
    sent = None if body is None else json.dumps(body).encode()
    status, *_ = rest.ask(method, f"{NATIVE}saved-views/{view_id}", sent, headers=as_user(user))
    return status


def views(rest: Rest, **query: Any) -> dict[str, dict[str, Any]]:
    return {each["view_id"]: each for each in get(rest, "saved-views", **query)["saved_views"]}


def test_a_view_is_kept_with_its_owner_and_history(rest: Rest) -> None:
    sent = {"name": "the best", "experiment_ids": ["0"], "state": STATE}
    _, _, body = rest.ask(
        "POST", f"{NATIVE}saved-views", json.dumps(sent).encode(), headers=as_user("ada")
    )
    view_id = json.loads(body)["view_id"]
    view = views(rest, experiment=0)[view_id]
    assert (view["name"], view["owner"], view["state"]) == ("the best", "ada", STATE)
    assert view["experiment_ids"] == ["0"]
    assert change(rest, "PUT", view_id, {"name": "better"}) == 200
    assert change(rest, "PUT", view_id, {"state": {"columns": []}}) == 200
    assert change(rest, "PUT", view_id, {"state": {"columns": []}}) == 200
    view = views(rest)[view_id]
    assert (view["name"], view["owner"], view["updated_by"]) == ("better", "ada", "eve")
    assert view["state"] == {"columns": []}
    assert change(rest, "DELETE", view_id) == 200
    assert view_id not in views(rest)
    told = get(rest, f"saved-views/{view_id}/events", order="oldest")["events"]
    assert [(each["user"], each["words"]) for each in told] == [
        ("ada", "saved the view 'the best' of experiment 0"),
        ("eve", "renamed the saved view to 'better'"),
        ("eve", "changed the saved view"),
        ("eve", "deleted the saved view"),
    ]
    assert view_id in views(rest, as_of=told[0]["position"])


def test_views_are_those_of_the_experiments_asked_for(rest: Rest) -> None:
    other = rest.post("experiments/create", name="other")["experiment_id"]
    both = post(rest, "saved-views", name="both", experiment_ids=["0", other], state={})
    one = post(rest, "saved-views", name="one", experiment_ids=[other], state={})
    assert list(views(rest, experiment=0)) == [both["view_id"]]
    assert list(views(rest, experiment=[0, other])) == [both["view_id"], one["view_id"]]


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"name": ""}, 400, "'name'"),
        ({"name": "x" * 251}, 400, "250"),
        ({"experiment_ids": []}, 400, "'experiment_ids'"),
        ({"experiment_ids": ["77"]}, 404, "77"),
        ({"state": [1]}, 400, "state"),
        ({"state": {"x": "y" * SAVED_VIEW_STATE_BYTES_MAX}}, 400, "65536"),
    ],
)
def test_what_cannot_be_is_refused_in_clear_words(
    rest: Rest, fields: dict[str, Any], status: int, said: str
) -> None:
    sent = {"name": "n", "experiment_ids": ["0"], "state": {}, **fields}
    assert said in post(rest, "saved-views", status, **sent)["message"]


def test_a_view_that_is_not_there_cannot_be_changed(rest: Rest) -> None:
    assert change(rest, "PUT", "nothing", {"name": "n"}) == 404
    assert change(rest, "DELETE", "nothing") == 404


def test_what_is_done_to_a_view_is_changed_by_another_change_not_by_undo(rest: Rest) -> None:
    view_id = post(rest, "saved-views", name="n", experiment_ids=["0"], state={})["view_id"]
    assert change(rest, "PUT", view_id, {"name": "m"}) == 200
    events = get(rest, f"saved-views/{view_id}/events")["events"]
    post(rest, "undo", 400, positions=[events[0]["position"]])
    assert views(rest)[view_id]["name"] == "m"
