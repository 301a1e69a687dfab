"""What happens in the registry reaches those who asked, once the server knows it: at least once,
in order for each model, whatever fails meanwhile."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow.webhooks.delivery import _generate_hmac_signature

from tests.operations.command import run
from tests.rest import Rest
from tests.servers import ServerProcess, eventtrack_server
from tests.webhooks.hooks import (
    ALLOWED,
    SECRET,
    answer_of,
    make_version,
    make_webhook,
    metrics,
    wait_until_told,
    waiting,
)
from tests.webhooks.receiver import Received, Receiver


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with eventtrack_server(tmp_path_factory.mktemp("data"), *ALLOWED) as process:
        yield process


@pytest.fixture
def rest(server: ServerProcess) -> Iterator[Rest]:
    client = Rest(server.port)
    yield client
    for each in client.get("webhooks").get("webhooks", []):
        client.call("DELETE", f"webhooks/{each['webhook_id']}")
    wait_until_told(client)
    client.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


def names(received: list[Received]) -> list[str]:
    return [each.data["name"] for each in received]


def test_a_delivery_is_signed_as_mlflow_signs(rest: Rest, receiver: Receiver) -> None:
    make_webhook(rest, f"{receiver.url}/hooks/1?x=y", secret=SECRET)
    rest.post("registered-models/create", name="signed", description="größe λ")
    (got,) = receiver.wait_for(1)
    assert got.path == "/hooks/1"
    headers = got.headers
    timestamp = headers["X-MLflow-Timestamp"]
    assert abs(int(timestamp) - time.time_ns() // 10**9) < 60
    assert headers["X-MLflow-Signature"] == _generate_hmac_signature(
        SECRET, got.delivery_id, timestamp, got.body.decode()
    )
    assert headers["Content-Type"] == "application/json"
    assert got.message["entity"] == "registered_model"
    assert got.message["action"] == "created"
    assert got.data == {"name": "signed", "tags": {}, "description": "größe λ"}


def test_without_a_secret_nothing_is_signed(rest: Rest, receiver: Receiver) -> None:
    webhook_id = make_webhook(rest, receiver.url)
    rest.post("registered-models/create", name="unsigned")
    (got,) = receiver.wait_for(1)
    assert "X-MLflow-Signature" not in got.headers
    rest.call("PATCH", f"webhooks/{webhook_id}", secret=SECRET)
    make_version(rest, "unsigned")
    assert "X-MLflow-Signature" in receiver.wait_for(2)[1].headers
    rest.call("PATCH", f"webhooks/{webhook_id}", secret="")
    make_version(rest, "unsigned")
    assert "X-MLflow-Signature" not in receiver.wait_for(3)[2].headers


def test_a_webhook_gets_what_it_asked_for_and_nothing_from_before(
    rest: Rest, receiver: Receiver
) -> None:
    rest.post("registered-models/create", name="before")
    make_webhook(rest, receiver.url, "model_version.created")
    rest.post("registered-models/create", name="other")
    make_version(rest, "before")
    assert [each.event for each in receiver.wait_for(1)] == ["model_version.created"]
    wait_until_told(rest)
    assert len(receiver.received) == 1


def test_what_happens_while_it_is_disabled_is_never_told(rest: Rest, receiver: Receiver) -> None:
    webhook_id = make_webhook(rest, receiver.url, status="DISABLED")
    rest.post("registered-models/create", name="quiet 1")
    rest.call("PATCH", f"webhooks/{webhook_id}", status="ACTIVE")
    rest.post("registered-models/create", name="loud")
    rest.call("PATCH", f"webhooks/{webhook_id}", status="DISABLED")
    rest.post("registered-models/create", name="quiet 2")
    rest.call("PATCH", f"webhooks/{webhook_id}", status="ACTIVE")
    rest.post("registered-models/create", name="loud again")
    # Disabling drops what waits, so "loud" may have been told or not.
    receiver.wait_until(lambda received: "loud again" in names(received))
    assert not {"quiet 1", "quiet 2"} & set(names(receiver.received))


def test_disabling_and_deleting_drop_what_waits(rest: Rest, receiver: Receiver) -> None:
    receiver.answer = lambda _: 503
    disabled = make_webhook(rest, receiver.url + "/disabled")
    deleted = make_webhook(rest, receiver.url + "/deleted")
    rest.post("registered-models/create", name="dropped")
    receiver.wait_for(2)
    assert waiting(rest) == 2
    rest.call("PATCH", f"webhooks/{disabled}", status="DISABLED")
    rest.call("DELETE", f"webhooks/{deleted}")
    wait_until_told(rest)
    receiver.answer = lambda _: 200
    rest.call("PATCH", f"webhooks/{disabled}", status="ACTIVE")
    rest.post("registered-models/create", name="after")
    receiver.wait_until(lambda received: "after" in names(received))
    last = receiver.received[-1]
    assert (last.path, last.data["name"]) == ("/disabled", "after")


def test_a_failed_delivery_comes_again_under_its_id(rest: Rest, receiver: Receiver) -> None:
    before = metrics(rest)
    tries = iter([500, 404, 302, 200])
    receiver.answer = lambda _: next(tries)
    receiver.headers = {"Location": "/elsewhere"}
    make_webhook(rest, receiver.url, secret=SECRET)
    rest.post("registered-models/create", name="stubborn")
    received = receiver.wait_for(4)
    assert len({each.delivery_id for each in received}) == 1
    assert len({each.body for each in received}) == 1
    assert {each.path for each in received} == {"/"}, "a redirect is not followed"
    for got in received:
        assert got.headers["X-MLflow-Signature"] == _generate_hmac_signature(
            SECRET, got.delivery_id, got.headers["X-MLflow-Timestamp"], got.body.decode()
        )
    wait_until_told(rest)
    after = metrics(rest)
    grown = {name: after[name] - before[name] for name in after if "webhook" in name}
    assert grown["eventtrack_webhook_delivered_total"] == 1
    assert grown["eventtrack_webhook_failed_total"] == 3
    assert grown["eventtrack_webhook_given_up_total"] == 0


def test_a_model_that_fails_holds_up_no_other_and_keeps_its_order(
    rest: Rest, receiver: Receiver
) -> None:
    receiver.answer = lambda got: 500 if got.data["name"] == "bad" and failing else 200
    failing = True
    make_webhook(rest, receiver.url)
    rest.post("registered-models/create", name="bad")
    for number in range(3):
        make_version(rest, "bad")
        rest.post("registered-models/create", name=f"good {number}")

    def told(name: str) -> list[Received]:
        return [each for each in receiver.received if each.data["name"] == name]

    receiver.wait_until(lambda _: all(told(f"good {number}") for number in range(3)))
    assert {each.event for each in told("bad")} <= {"registered_model.created"}
    failing = False
    wait_until_told(rest)
    assert [each.event for each in told("bad")][-4:] == [
        "registered_model.created",
        "model_version.created",
        "model_version.created",
        "model_version.created",
    ]
    assert [each.data["version"] for each in told("bad")[-3:]] == ["1", "2", "3"]


def test_a_receiver_that_never_answers_slows_nobody(rest: Rest, receiver: Receiver) -> None:
    holding = True
    receiver.hold = lambda got: holding and got.path == "/slow"
    make_webhook(rest, receiver.url + "/slow", name="slow")
    make_webhook(rest, receiver.url + "/quick", name="quick")
    for number in range(40):
        rest.post("registered-models/create", name=f"many {number}")

    def quick() -> list[Received]:
        return [each for each in receiver.received if each.path == "/quick"]

    # The slow one still has not answered a single request when everything else is done.
    receiver.wait_until(lambda _: len(quick()) == 40)
    slow = [each for each in receiver.received if each.path == "/slow"]
    assert 0 < len(slow) <= 4, "few connections to one receiver at once"
    run_id = rest.create_run()
    rest.post("runs/log-metric", run_id=run_id, key="a", value=1, timestamp=1)
    holding = False
    wait_until_told(rest)
    assert len([each for each in receiver.received if each.path == "/slow"]) == 40


def test_the_test_endpoint_sends_an_example(rest: Rest, receiver: Receiver) -> None:
    webhook_id = make_webhook(rest, receiver.url, "prompt.created", secret=SECRET)
    result = rest.post(f"webhooks/{webhook_id}/test")["result"]
    assert result == {"success": True, "response_status": 200, "response_body": "thanks"}
    (got,) = receiver.wait_for(1)
    assert got.event == "prompt.created"
    assert got.data["name"] == "example_prompt"
    assert got.headers["X-MLflow-Signature"].startswith("v1,")
    asked = {"entity": "MODEL_VERSION_ALIAS", "action": "DELETED"}
    rest.post(f"webhooks/{webhook_id}/test", event=asked)
    assert receiver.wait_for(2)[1].event == "model_version_alias.deleted"
    receiver.answer = lambda _: 418
    result = rest.post(f"webhooks/{webhook_id}/test")["result"]
    assert result == {"success": False, "response_status": 418, "response_body": "thanks"}
    receiver.stop()
    result = rest.post(f"webhooks/{webhook_id}/test")["result"]
    assert result["success"] is False
    assert "ClientConnectorError" in result["error_message"]
    receiver.start()


def test_a_huge_answer_is_cut(rest: Rest, receiver: Receiver) -> None:
    receiver.text = "x" * 10_000_000
    webhook_id = make_webhook(rest, receiver.url)
    result = rest.post(f"webhooks/{webhook_id}/test")["result"]
    assert result["success"] is True
    assert len(result["response_body"]) == 16 << 10


def test_what_a_moved_url_missed_reaches_the_new_one_at_once(
    rest: Rest, receiver: Receiver
) -> None:
    receiver.answer = lambda got: 200 if got.path == "/new" else 500
    receiver.headers = {"Retry-After": "500"}
    webhook_id = make_webhook(rest, receiver.url + "/old")
    rest.post("registered-models/create", name="moved")
    receiver.wait_for(1)
    rest.call("PATCH", f"webhooks/{webhook_id}", url=receiver.url + "/new")
    wait_until_told(rest)
    assert [each.path for each in receiver.received] == ["/old", "/new"]


def test_the_name_is_that_of_the_moment(rest: Rest, receiver: Receiver) -> None:
    receiver.answer = lambda _: 200 if open_now else 500
    open_now = False
    make_webhook(rest, receiver.url, "model_version.created")
    rest.post("registered-models/create", name="first name")
    make_version(rest, "first name")
    rest.post("registered-models/rename", name="first name", new_name="second name")
    make_version(rest, "second name")
    open_now = True
    received = receiver.wait_until(lambda received: "second name" in names(received))
    told = [(each.data["name"], each.data["version"]) for each in received]
    assert (told[0], told[-1]) == (("first name", "1"), ("second name", "2"))


def test_a_missed_delivery_is_made_after_a_rebuild_and_no_other(tmp_path: Path) -> None:
    """Views that are folded anew call for the same deliveries; those made are not made again."""
    with Receiver() as receiver, eventtrack_server(tmp_path, *ALLOWED) as server:
        rest = Rest(server.port)
        make_webhook(rest, receiver.url)
        rest.post("registered-models/create", name="told")
        receiver.wait_for(1)
        wait_until_told(rest)
        rest.close()
        server.stop()
        for path in sorted((tmp_path / "log-views").iterdir()):
            path.unlink()
        with eventtrack_server(tmp_path, *ALLOWED) as again:
            rest = Rest(again.port)
            rest.post("registered-models/create", name="told later")
            receiver.wait_for(2)
            wait_until_told(rest)
            rest.close()
        assert names(receiver.received) == ["told", "told later"]


def test_a_receiver_that_was_down_gets_everything_after_the_server_was_killed(
    tmp_path: Path,
) -> None:
    models = [f"m{number}" for number in range(5)]
    with Receiver() as receiver:
        receiver.stop()
        with eventtrack_server(tmp_path, *ALLOWED) as server:
            rest = Rest(server.port)
            make_webhook(rest, receiver.url, secret=SECRET)
            for name in models:
                rest.post("registered-models/create", name=name)
            make_version(rest, "m0")
            server.kill()
            rest.close()
        with eventtrack_server(tmp_path, *ALLOWED) as server:
            rest = Rest(server.port)
            for name in models:
                make_version(rest, name)
            server.kill()
            rest.close()
        receiver.start()
        with eventtrack_server(tmp_path, *ALLOWED) as server:
            rest = Rest(server.port)
            receiver.wait_for(11)
            wait_until_told(rest)
            rest.close()
        ids = [each.delivery_id for each in receiver.received]
        assert len(ids) == len(set(ids)) == 11, "nothing was told twice, for nothing was told yet"
        for name in models:
            of_model = [each for each in receiver.received if each.data["name"] == name]
            versions = [each.data.get("version") for each in of_model]
            assert versions == ([None, "1", "2"] if name == "m0" else [None, "1"])


def test_a_delivery_that_was_under_way_at_the_kill_is_made_again(tmp_path: Path) -> None:
    with Receiver() as receiver:
        holding = True
        receiver.hold = lambda _: holding
        with eventtrack_server(tmp_path, *ALLOWED) as server:
            rest = Rest(server.port)
            make_webhook(rest, receiver.url)
            rest.post("registered-models/create", name="m")
            receiver.wait_for(1)
            server.kill()
            rest.close()
        holding = False
        with eventtrack_server(tmp_path, *ALLOWED) as server:
            rest = Rest(server.port)
            first, again = receiver.wait_for(2)
            wait_until_told(rest)
            rest.close()
        assert first.delivery_id == again.delivery_id
        assert first.body == again.body


def test_a_lost_outbox_begins_at_the_head(tmp_path: Path) -> None:
    with Receiver() as receiver:
        with eventtrack_server(tmp_path, *ALLOWED) as server:
            rest = Rest(server.port)
            make_webhook(rest, receiver.url)
            rest.post("registered-models/create", name="told")
            receiver.wait_for(1)
            rest.close()
        for path in tmp_path.glob("log-webhooks.db*"):
            path.unlink()
        with eventtrack_server(tmp_path, *ALLOWED) as server:
            rest = Rest(server.port)
            make_version(rest, "told")
            receiver.wait_for(2)
            wait_until_told(rest)
            rest.close()
        events = [each.event for each in receiver.received]
        assert events == ["registered_model.created", "model_version.created"]


def test_a_file_that_is_no_outbox_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "log-webhooks.db").write_bytes(b"not a database, but long enough to be one" * 99)
    said = run("server", "--port", "0", data=tmp_path, code=1).stderr
    assert "log-webhooks.db, which holds what waits" in said
    assert "delete it" in said


def test_a_setting_that_names_no_host_is_refused(tmp_path: Path) -> None:
    said = run("server", "--webhook-hosts", "http://a/b", data=tmp_path, code=1).stderr
    assert "--webhook-hosts 'http://a/b' is neither a host name" in said


def stream_from_the_start(port: int, events: int) -> str:
    """What a follower is told of the first events."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/api/eventtrack/1/events?after=0")
    response = connection.getresponse()
    lines: list[str] = []
    while sum(line.startswith("data: ") for line in lines) < events:
        lines.append(response.readline().decode())
    connection.close()
    return "".join(lines)


def test_the_secret_is_seen_nowhere(tmp_path: Path) -> None:
    with Receiver() as receiver, eventtrack_server(tmp_path, *ALLOWED, "--access-log") as server:
        rest = Rest(server.port)
        webhook_id = make_webhook(rest, receiver.url, secret="sesame-opens")
        rest.call("PATCH", f"webhooks/{webhook_id}", secret="sesame-closes")
        rest.post("registered-models/create", name="m")
        receiver.wait_for(1)
        seen = [json.dumps(answer_of(rest, "GET", f"webhooks/{webhook_id}"))]
        seen.append(json.dumps(rest.get("webhooks")))
        status, _, answer = rest.ask("GET", f"/api/eventtrack/1/webhooks/{webhook_id}/events")
        assert status == 200
        seen += [answer.decode(), stream_from_the_start(rest.port, 6)]
        for words in (["tail", "-n", "99"], ["history", f"webhook/{webhook_id}"], ["show", "4"]):
            seen += [run("log", *words, *more, data=tmp_path).stdout for more in ([], ["--json"])]
        rest.close()
        server.stop()
        seen.append(server.log())
    text = "".join(seen)
    assert "WebhookUpdated" in text
    assert "(hidden)" in text
    assert "sesame" not in text
    views = b"".join(path.read_bytes() for path in (tmp_path / "log-views").iterdir())
    assert b"sesame" not in views + (tmp_path / "log-webhooks.db").read_bytes()
    assert b"sesame-closes" in b"".join(path.read_bytes() for path in tmp_path.glob("log.db*")), (
        "the log holds it, and signs with it"
    )


def test_its_history_tells_who_did_what(rest: Rest) -> None:
    webhook_id = make_webhook(rest, "https://8.8.8.8/", "prompt.created", secret="x")
    rest.call("PATCH", f"webhooks/{webhook_id}", name="z", secret="y", status="DISABLED")
    rest.call("PATCH", f"webhooks/{webhook_id}", description="d")
    rest.call("PATCH", f"webhooks/{webhook_id}", description="", secret="")
    rest.call("DELETE", f"webhooks/{webhook_id}")
    status, _, answer = rest.ask("GET", f"/api/eventtrack/1/webhooks/{webhook_id}/events")
    assert status == 200
    events = json.loads(answer)["events"]
    assert [each["words"] for each in reversed(events)] == [
        "created webhook 'hook' for prompt.created, signed",
        "changed name from 'hook' to 'z'; changed status from 'ACTIVE' to 'DISABLED'; "
        "set another signing key",
        "set description to 'd'",
        "removed description (it was 'd'); ended the signing",
        "deleted the webhook",
    ]
    undo = {"positions": [events[0]["position"]]}
    status, _, answer = rest.ask("POST", "/api/eventtrack/1/undo", undo)
    assert status == 400
    assert b"make it anew" in answer
