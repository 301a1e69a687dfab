"""The native ingest endpoint of a real server: whole, once, refused in clear words."""

import gzip
import json
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest

from eventtrack.columns import pack_floats, pack_ints
from eventtrack.wire import ingest as wire
from tests.rest import Rest
from tests.servers import ServerProcess, eventtrack_server

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

RUN = "0b6fbc9f5d9e4d2f8c1f3a5d7e9b0a1c"
BINARY = {"Content-Type": wire.MSGPACK_TYPE}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with eventtrack_server(tmp_path_factory.mktemp("data")) as process:
        yield process


@pytest.fixture
def rest(server: ServerProcess) -> Iterator[Rest]:
    rest = Rest(server.port)
    yield rest
    rest.close()


def send(rest: Rest, request: wire.Request, **headers: str) -> wire.Answer:
    body = msgspec.msgpack.encode(request)
    status, _, answer = rest.ask("POST", wire.PATH, body, headers=BINARY | headers)
    assert status == 200, answer
    return msgspec.json.decode(answer, type=wire.Answer)


def refuse(rest: Rest, body: Any, **headers: str) -> tuple[int, wire.ErrorAnswer]:
    status, _, answer = rest.ask("POST", wire.PATH, body, headers=headers or None)
    return status, msgspec.json.decode(answer, type=wire.ErrorAnswer)


def table(run_id: str, *values: float, first: int = 0, key: str = "loss") -> wire.Metrics:
    steps = range(first, first + len(values))
    return wire.Metrics(
        run_id=run_id,
        steps=pack_ints(steps),
        timestamps=pack_ints(1000 + step for step in steps),
        values={key: pack_floats(values)},
    )


def history(rest: Rest, run_id: str, key: str = "loss") -> list[float]:
    found = rest.get("metrics/get-history", run_id=run_id, metric_key=key)
    return [point["value"] for point in found.get("metrics", [])]


def test_the_life_of_a_run_in_one_request(rest: Rest) -> None:
    request = wire.Request(
        producer="life",
        entries=[
            wire.RunStart(
                run_id=RUN,
                experiment="vision",
                name="first",
                user="ada",
                start_time=1234,
                tags={"team": "v"},
                lease_seconds=60,
            ),
            wire.Params(run_id=RUN, params={"lr": "0.1"}),
            wire.Tags(run_id=RUN, tags={"seed": "1"}),
            table(RUN, 0.5, 0.25),
            wire.Console(
                run_id=RUN,
                source="stdout",
                timestamps=pack_ints([1001, 1002]),
                lines=["epoch 1", "epoch 2"],
                rank=3,
            ),
            wire.Inputs(
                run_id=RUN,
                datasets=[
                    wire.Dataset(name="train", digest="d1", source_type="local", source="{}")
                ],
            ),
            wire.RunEnd(run_id=RUN, end_time=5678),
        ],
    )
    answer = send(rest, request)
    assert (answer.stored, answer.refused, answer.following) == (7, [], 1)
    run = rest.get("runs/get", run_id=RUN)["run"]
    assert run["info"]["status"] == "FINISHED"
    assert (run["info"]["start_time"], run["info"]["end_time"]) == (1234, 5678)
    assert run["info"]["user_id"] == "ada"
    assert run["data"]["params"] == [{"key": "lr", "value": "0.1"}]
    assert {tag["key"]: tag["value"] for tag in run["data"]["tags"]} == {
        "team": "v",
        "seed": "1",
        "mlflow.runName": "first",
    }
    assert run["inputs"]["dataset_inputs"][0]["dataset"]["name"] == "train"
    assert history(rest, RUN) == [0.5, 0.25]
    found = rest.get("experiments/get-by-name", experiment_name="vision")
    assert found["experiment"]["experiment_id"] == run["info"]["experiment_id"]
    status, _, body = rest.ask("GET", f"/api/eventtrack/1/runs/{RUN}/console?rank=3")
    assert status == 200
    assert [(line["timestamp"], line["text"]) for line in json.loads(body)["lines"]] == [
        (1001, "epoch 1"),
        (1002, "epoch 2"),
    ]


def test_json_is_read_too(rest: Rest) -> None:
    run_id = "curl-run"
    body = {
        "entries": [
            {"type": "run", "run_id": run_id, "experiment": "Default"},
            {
                "type": "metrics",
                "run_id": run_id,
                "steps": [0, 1],
                "timestamps": [1, 2],
                "values": {"loss": [0.5, 1], "acc": [1, 0.75]},
            },
        ]
    }
    status, _, answer = rest.ask("POST", wire.PATH, body)
    assert (status, json.loads(answer)["stored"]) == (200, 2)
    assert history(rest, run_id, "acc") == [1.0, 0.75]


@pytest.mark.parametrize(
    ("encoding", "pack"), [("gzip", gzip.compress), ("zstd", zstd.compress)], ids=["gzip", "zstd"]
)
def test_a_packed_body_is_unpacked(rest: Rest, encoding: str, pack: Any) -> None:
    run_id = f"packed-{encoding}"
    start = wire.RunStart(run_id=run_id, experiment="Default")
    request = wire.Request(entries=[start, table(run_id, *range(1000))])
    body = pack(msgspec.msgpack.encode(request))
    status, _, answer = rest.ask(
        "POST", wire.PATH, body, headers=BINARY | {"Content-Encoding": encoding}
    )
    assert status == 200, answer
    assert history(rest, run_id) == list(range(1000))


def test_a_repeat_is_acknowledged_and_not_stored_again(rest: Rest) -> None:
    run_id = "repeated"
    start = wire.RunStart(run_id=run_id, experiment="Default")
    first = wire.Request(producer="p", entries=[start, table(run_id, 1.0)], following=10)
    assert send(rest, first).following == 10
    again = send(rest, first)
    assert (again.repeated, again.stored, again.following) == (True, 0, 10)
    second = wire.Request(
        producer="p", sequence=10, following=20, entries=[table(run_id, 2.0, first=1)]
    )
    assert send(rest, second).stored == 1
    assert send(rest, second).repeated
    assert send(rest, first).repeated
    assert history(rest, run_id) == [1.0, 2.0]


@pytest.mark.parametrize(("sequence", "following"), [(30, 40), (15, 25)], ids=["gap", "overlap"])
def test_a_request_out_of_its_turn_says_what_is_expected(
    rest: Rest, sequence: int, following: int
) -> None:
    producer = f"turn-{sequence}"
    send(rest, wire.Request(producer=producer, following=20))
    late = wire.Request(producer=producer, sequence=sequence, following=following)
    status, error = refuse(rest, msgspec.msgpack.encode(late), **BINARY)
    assert (status, error.error_code, error.expected) == (409, "ABORTED", 20)


def test_a_repeat_is_known_after_the_server_was_killed(tmp_path: Path) -> None:
    request = wire.Request(
        producer="p",
        entries=[wire.RunStart(run_id="r", experiment="Default"), table("r", 1.0)],
    )
    with eventtrack_server(tmp_path) as server, closing(Rest(server.port)) as rest:
        send(rest, request)
        server.kill()
    with eventtrack_server(tmp_path) as server, closing(Rest(server.port)) as rest:
        assert send(rest, request).repeated
        assert history(rest, "r") == [1.0]


def test_an_entry_that_breaks_a_rule_is_refused_by_itself(rest: Rest) -> None:
    run_id = "ruly"
    start = wire.RunStart(run_id=run_id, experiment="Default")
    request = wire.Request(
        producer="rules",
        entries=[
            start,
            wire.Params(run_id=run_id, params={"lr": "0.1"}),
            wire.Params(run_id=run_id, params={"lr": "0.2"}),
            table("nobody", 1.0),
            table(run_id, 1.0, key="../loss"),
            wire.Metrics(
                run_id=run_id, steps=bytes(8), timestamps=bytes(16), values={"a": bytes(8)}
            ),
            wire.Metrics(run_id=run_id, steps=bytes(7), timestamps=bytes(8), values={}),
            wire.Metrics(run_id=run_id, steps=bytes(8), timestamps=b"\xff" * 8, values={}),
            wire.Console(run_id=run_id, source="stdin", timestamps=b"", lines=[]),
            wire.RunEnd(run_id=run_id, status="DONE"),
            wire.RunStart(run_id="other", experiment_id="999"),
            table(run_id, 2.0),
        ],
    )
    answer = send(rest, request)
    assert answer.stored == 3
    said = {each.entry: each.message for each in answer.refused}
    assert sorted(said) == [2, 3, 4, 5, 6, 7, 8, 9, 10]
    for entry, words in (
        (2, "Changing param values is not allowed"),
        (3, "Run with id=nobody not found"),
        (4, "must not resolve to other names"),
        (5, "'timestamps' has 2 entries and 'steps' 1"),
        (6, "'steps' has 7 bytes"),
        (7, "nonnegative"),
        (8, "use stdout or stderr"),
        (9, "FINISHED"),
        (10, "No Experiment with id=999 exists"),
    ):
        assert words in said[entry]
    assert send(rest, request).repeated
    assert history(rest, run_id) == [2.0]


def test_an_entry_that_cannot_be_read_is_refused_by_itself(rest: Rest) -> None:
    run_id = "malformed"
    body = {
        "entries": [
            {"type": "run", "run_id": run_id, "experiment": "Default"},
            {"type": "dance", "run_id": run_id},
            {"type": "params", "run_id": run_id, "params": {"lr": 1}},
            {"type": "tags", "run_id": run_id, "tags": {"a": "b"}},
        ]
    }
    status, _, answer = rest.ask("POST", wire.PATH, body)
    found = msgspec.json.decode(answer, type=wire.Answer)
    assert (status, found.stored) == (200, 2)
    assert [each.entry for each in found.refused] == [1, 2]
    assert "dance" in found.refused[0].message
    assert "params" in found.refused[1].message


@pytest.mark.parametrize(
    ("body", "headers", "said"),
    [
        (b"\xc1", BINARY, "cannot be read"),
        (b"{", {"Content-Type": "application/json"}, "cannot be read"),
        (b"{}", {"Content-Type": "text/plain"}, "Content-Type must be application/msgpack"),
        ({"producer": "a b"}, {}, "without spaces"),
        ({"producer": "p" * 101}, {}, "maximum length of 100"),
        ({"producer": "n", "sequence": -1}, {}, "numbers start at 0"),
        ({"producer": "n", "sequence": 5, "following": 5}, {}, "must be greater"),
        ({"entries": 7}, {}, "entries"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(
    rest: Rest, body: Any, headers: dict[str, str], said: str
) -> None:
    status, error = refuse(rest, body, **headers)
    assert status == 400
    assert said in error.message


def test_a_run_is_resumed(rest: Rest) -> None:
    run_id = "resumed"
    start = wire.RunStart(run_id=run_id, experiment="Default", name="one", tags={"a": "1"})
    send(rest, wire.Request(entries=[start, wire.RunEnd(run_id=run_id, status="FAILED")]))
    again = wire.RunStart(run_id=run_id, experiment="Default", tags={"b": "2"})
    assert send(rest, wire.Request(entries=[again])).stored == 1
    run = rest.get("runs/get", run_id=run_id)["run"]
    assert run["info"]["status"] == "RUNNING"
    assert run["info"]["run_name"] == "one"
    assert {tag["key"] for tag in run["data"]["tags"]} == {"a", "b", "mlflow.runName"}
    rest.post("runs/delete", run_id=run_id)
    refused = send(rest, wire.Request(entries=[again])).refused
    assert "must be in the 'active' state" in refused[0].message


def test_a_silent_run_is_lost_and_a_late_event_revives_it(rest: Rest) -> None:
    run_id = "silent"
    start = wire.RunStart(run_id=run_id, experiment="Default", lease_seconds=1)
    send(rest, wire.Request(entries=[start]))

    def status() -> dict[str, Any]:
        _, _, body = rest.ask("GET", f"/api/eventtrack/1/runs/{run_id}")
        found: dict[str, Any] = json.loads(body)
        return found

    assert not status()["lost"]
    deadline = time.monotonic() + 30
    while not status()["lost"] and time.monotonic() < deadline:
        time.sleep(0.2)
    assert status()["lost"]
    assert status()["heard_at"] > 0
    assert rest.get("runs/get", run_id=run_id)["run"]["info"]["status"] == "RUNNING"
    send(rest, wire.Request(entries=[table(run_id, 1.0)]))
    assert not status()["lost"]
    send(rest, wire.Request(entries=[wire.RunEnd(run_id=run_id)]))
    assert not status()["lost"]


def test_a_body_over_the_limit_is_refused(tmp_path: Path) -> None:
    limit = ("--request-mebibytes-max", "1")
    with eventtrack_server(tmp_path, *limit) as server, closing(Rest(server.port)) as rest:
        packed = zstd.compress(bytes(4 << 20))
        status, error = refuse(rest, packed, **BINARY, **{"Content-Encoding": "zstd"})
        assert status == 413
        assert "--request-mebibytes-max" in error.message
