"""Charts over the native protocol: what a run has, exact at any zoom, rank by rank."""

import json
import math
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from eventtrack.columns import pack_floats, pack_ints
from eventtrack.wire import ingest as wire
from tests.native.test_ingest import send
from tests.rest import Rest
from tests.servers import ServerProcess, eventtrack_server

POINTS = 30_000
SPIKE = 12_345


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with eventtrack_server(tmp_path_factory.mktemp("data")) as process:
        rest = Rest(process.port)
        send(rest, wire.Request(entries=entries()))
        rest.close()
        yield process


def entries() -> list[wire.Entry]:
    values = [math.sin(step / 100) for step in range(POINTS)]
    values[SPIKE] = 99.0
    found: list[wire.Entry] = [
        wire.RunStart(run_id="chart", experiment="Default"),
        wire.Metrics(
            run_id="chart",
            steps=pack_ints(range(POINTS)),
            timestamps=pack_ints(range(1_000_000, 1_000_000 + POINTS)),
            values={"loss": pack_floats(values)},
        ),
    ]
    for rank in range(3):
        found.append(
            wire.Metrics(
                run_id="chart",
                rank=rank,
                steps=pack_ints([0, 1, 2]),
                timestamps=pack_ints([1, 2, 3]),
                values={"acc": pack_floats([rank, 10.0 * rank, math.inf])},
            )
        )
    return found


@pytest.fixture
def rest(server: ServerProcess) -> Iterator[Rest]:
    rest = Rest(server.port)
    yield rest
    rest.close()


def ask(rest: Rest, path: str, status: int = 200, **query: Any) -> dict[str, Any]:
    url = f"/api/eventtrack/1/runs/chart/{path}?{urlencode(query)}"
    found, _, body = rest.ask("GET", url)
    assert found == status, body
    answer: dict[str, Any] = json.loads(body)
    return answer


def test_the_series_of_a_run(rest: Rest) -> None:
    accuracy, loss = ask(rest, "metrics")["metrics"]
    assert (loss["key"], loss["points"], loss["max"]) == ("loss", POINTS, 99.0)
    assert (loss["first_step"], loss["last_step"]) == (0, POINTS - 1)
    assert loss["ranks"] == {"-1": POINTS}
    assert accuracy["ranks"] == {"0": 3, "1": 3, "2": 3}
    assert (accuracy["highs"], accuracy["max"], accuracy["last"]) == (3, 20.0, "Infinity")


def test_a_spike_is_seen_at_every_zoom(rest: Rest) -> None:
    for buckets in (1, 7, 100, 1000):
        found = ask(rest, "metrics/zoom", key="loss", buckets=buckets)
        assert sum(found["counts"]) == POINTS
        assert max(found["maxs"]) == 99.0
        spiked = found["maxs"].index(99.0)
        assert 0 <= SPIKE - found["starts"][spiked] < found["width"]
    near = ask(rest, "metrics/zoom", key="loss", start=SPIKE - 2, end=SPIKE + 2, buckets=5)
    assert near["counts"] == [1] * 5
    assert near["maxs"][2] == 99.0
    by_time = ask(rest, "metrics/zoom", key="loss", axis="timestamp", buckets=10)
    assert by_time["starts"][0] == 1_000_000


def test_ranks_are_folded_or_split(rest: Rest) -> None:
    found = ask(rest, "metrics/ranks", key="acc")
    assert found["ranks"] == {"0": 3, "1": 3, "2": 3}
    assert found["steps"] == [0, 1, 2]
    assert found["counts"] == [3, 3, 3]
    assert found["means"][:2] == [1.0, 10.0]
    assert (found["mins"][1], found["maxs"][1]) == (0.0, 20.0)
    one = ask(rest, "metrics/zoom", key="acc", rank=2, buckets=3)
    assert one["counts"] == [1, 1, 1]
    assert one["lasts"] == [2.0, 20.0, "Infinity"]
    merged = rest.get("metrics/get-history", run_id="chart", metric_key="acc")["metrics"]
    # MLflow counts equal points once: of the three infinities one is left.
    assert len(merged) == 7


@pytest.mark.parametrize(
    ("path", "query", "status", "said"),
    [
        ("metrics/zoom", {}, 400, "'key'"),
        ("metrics/zoom", {"key": "loss", "buckets": 0}, 400, "from 1 to 4096"),
        ("metrics/zoom", {"key": "loss", "buckets": "many"}, 400, "an integer"),
        ("metrics/zoom", {"key": "loss", "axis": "z"}, 400, "step or timestamp"),
        ("metrics/zoom", {"key": "loss", "start": 2, "end": 1}, 400, "comes before"),
        ("metrics/ranks", {}, 400, "'key'"),
    ],
)
def test_what_makes_no_sense_is_refused(
    rest: Rest, path: str, query: dict[str, Any], status: int, said: str
) -> None:
    assert said in ask(rest, path, status, **query)["message"]


def test_what_is_not_there(rest: Rest) -> None:
    assert ask(rest, "metrics/zoom", key="none")["starts"] == []
    status, _, body = rest.ask("GET", "/api/eventtrack/1/runs/nobody/metrics")
    assert (status, b"not found" in body) == (404, True)
