"""Which columns there are and what they hold, for the column chooser and for completion."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.native.tables import NATIVE, get, start
from tests.rest import Rest
from tests.servers import ServerProcess, eventtrack_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with eventtrack_server(tmp_path_factory.mktemp("data")) as process:
        rest = Rest(process.port)
        for number in range(5):
            start(
                rest,
                f"r{number}",
                name=f"net-{number % 2}",
                params={"lr": f"0.{number % 3}", "seed": str(number)},
                tags={"team": "x"},
                metrics={"loss": [1.0], f"val/{number}": [2.0]},
            )
        start(rest, "other", experiment="other", params={"lr": "7"}, metrics={"acc": [1.0]})
        rest.close()
        yield process


@pytest.fixture
def rest(server: ServerProcess) -> Iterator[Rest]:
    rest = Rest(server.port)
    yield rest
    rest.close()


def columns(rest: Rest, **query: Any) -> dict[str, int]:
    found = get(rest, "columns", **query)["columns"]
    return {f"{each['kind']}.{each['key']}": each["runs"] for each in found}


def test_columns_are_told_with_the_number_of_their_runs(rest: Rest) -> None:
    assert columns(rest, experiment=0, kind="metrics") == {
        "metrics.loss": 5,
        **{f"metrics.val/{number}": 1 for number in range(5)},
    }
    assert columns(rest, experiment=0, kind="params") == {"params.lr": 5, "params.seed": 5}
    assert columns(rest, experiment=[0, 1], kind="params")["params.lr"] == 6
    assert columns(rest)["params.lr"] == 6
    assert columns(rest, experiment=1, prefix="a") == {"metrics.acc": 1}


def test_columns_are_told_from_a_prefix_on_up_to_a_limit(rest: Rest) -> None:
    assert list(columns(rest, prefix="val/", limit=2)) == ["metrics.val/0", "metrics.val/1"]
    assert list(columns(rest, prefix="val/4")) == ["metrics.val/4"]
    assert columns(rest, prefix="nothing") == {}


def test_a_column_goes_with_its_last_value(tmp_path: Any) -> None:
    with eventtrack_server(tmp_path) as process:
        rest = Rest(process.port)
        start(rest, "r", tags={"once": "x"}, metrics={"loss": [1.0], "acc": [2.0]})
        rest.post("runs/delete-tag", run_id="r", key="once")
        retracted = {"run_id": "r", "key": "acc"}
        status, *_ = rest.ask("POST", f"{NATIVE}runs/r/metrics/retract", retracted)
        assert status == 200
        found = columns(rest)
        assert "tags.once" not in found
        assert [name for name in found if name.startswith("metrics")] == ["metrics.loss"]
        rest.close()


def values(rest: Rest, **query: Any) -> list[str]:
    found: list[str] = get(rest, "values", **query)["values"]
    return found


def test_values_are_distinct_and_begin_with_the_prefix(rest: Rest) -> None:
    assert values(rest, kind="params", key="lr") == ["0.0", "0.1", "0.2", "7"]
    assert values(rest, kind="params", key="lr", experiment=0) == ["0.0", "0.1", "0.2"]
    assert values(rest, kind="params", key="lr", prefix="0.", limit=2) == ["0.0", "0.1"]
    assert values(rest, kind="tags", key="team") == ["x"]
    assert values(rest, kind="attributes", key="name", prefix="net") == ["net-0", "net-1"]
    assert values(rest, kind="attributes", key="status", experiment=1) == ["RUNNING"]
    assert values(rest, kind="params", key="none") == []


@pytest.mark.parametrize(
    ("path", "query", "said"),
    [
        ("columns", {"kind": "metricz"}, "metrics, params, tags"),
        ("columns", {"limit": 0}, "'limit': from 1 to"),
        ("values", {"kind": "params"}, "'key'"),
        ("values", {"key": "lr"}, "'kind'"),
        ("values", {"kind": "metrics", "key": "loss"}, "cannot be listed"),
    ],
)
def test_what_cannot_be_is_refused_in_clear_words(
    rest: Rest, path: str, query: dict[str, Any], said: str
) -> None:
    status, _, body = rest.ask("GET", f"{NATIVE}{path}?{urlencode(query)}")
    assert status == 400
    assert said in body.decode()
