"""The table of runs over the wire: any page of it, in any order, with the cells asked for."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.native.tables import by, column, post, start
from tests.rest import Rest
from tests.servers import ServerProcess, eventtrack_server

NAN, INF = float("nan"), float("inf")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with eventtrack_server(tmp_path_factory.mktemp("data")) as process:
        rest = Rest(process.port)
        start(rest, "a", started=10, params={"lr": "0.1"}, metrics={"loss": [3, 1, 2]})
        start(rest, "b", started=20, params={"lr": "1e-3"}, metrics={"loss": [NAN]})
        start(rest, "c", started=30, params={"lr": "auto"}, metrics={"loss": [INF]})
        start(rest, "d", started=40, params={"lr": "10"}, tags={"team": "x"})
        start(rest, "e", experiment="other", started=50, metrics={"loss": [5.0]})
        rest.close()
        yield process


@pytest.fixture
def rest(server: ServerProcess) -> Iterator[Rest]:
    rest = Rest(server.port)
    yield rest
    rest.close()


def ids(answer: dict[str, Any]) -> str:
    return "".join(row["run_id"] for row in answer["rows"])


def test_the_newest_come_first_and_all_active_experiments_are_meant(rest: Rest) -> None:
    answer = post(rest, "runs/table")
    assert ids(answer) == "edcba"
    assert answer["total"] == 5
    assert ids(post(rest, "runs/table", experiment_ids=["0"])) == "dcba"


def test_a_row_tells_the_run_and_the_cells_that_were_asked_for(rest: Rest) -> None:
    columns = [
        column("params", "lr"),
        column("metrics", "loss"),
        column("tags", "team"),
        column("attributes", "experiment_id"),
        column("attributes", "duration"),
    ]
    answer = post(rest, "runs/table", experiment_ids=["0"], columns=columns)
    assert [row["cells"] for row in answer["rows"]] == [
        ["10", None, "x", "0", None],
        ["auto", "Infinity", None, "0", None],
        ["1e-3", "NaN", None, "0", None],
        ["0.1", 2.0, None, "0", None],
    ]
    row = answer["rows"][0]
    assert (row["name"], row["status"], row["lost"]) == ("d", "RUNNING", False)
    assert (row["start_time"], row["end_time"], row["experiment_id"]) == (40, None, "0")
    assert 0 < row["changed"] <= int(answer["position"])


def test_runs_without_a_value_come_last_whichever_way(rest: Rest) -> None:
    loss = {"experiment_ids": ["0"], "order_by": [by("metrics", "loss")]}
    assert ids(post(rest, "runs/table", **loss)) == "acbd"
    loss["order_by"] = [by("metrics", "loss", descending=True)]
    assert ids(post(rest, "runs/table", **loss)) == "cabd"


def test_params_that_are_numbers_are_ordered_as_numbers(rest: Rest) -> None:
    lr = {"experiment_ids": ["0"], "order_by": [by("params", "lr")]}
    assert ids(post(rest, "runs/table", **lr)) == "badc"
    lr["order_by"] = [by("params", "lr", descending=True)]
    assert ids(post(rest, "runs/table", **lr)) == "dabc"


def test_a_metric_has_more_numbers_than_the_last(rest: Rest) -> None:
    columns = [column("metrics", "loss", of) for of in ("last", "min", "max", "first", "count")]
    answer = post(rest, "runs/table", experiment_ids=["0"], columns=columns)
    assert {row["run_id"]: row["cells"] for row in answer["rows"]} == {
        "a": [2.0, 1.0, 3.0, 3.0, 3],
        "b": ["NaN", None, None, "NaN", 1],
        "c": ["Infinity", None, None, "Infinity", 1],
        "d": [None] * 5,
    }
    first = by("metrics", "loss", "first", descending=True)
    assert ids(post(rest, "runs/table", experiment_ids=["0"], order_by=[first])) == "cabd"
    lowest = by("metrics", "loss", "min")
    assert ids(post(rest, "runs/table", order_by=[lowest])) == "aedcb"


def test_the_filter_is_our_own_language(rest: Rest) -> None:
    text = "metrics.loss:min < 2 OR (params.lr > 1 AND NOT tags.team = 'y')"
    assert ids(post(rest, "runs/table", filter=text)) == "da"
    assert ids(post(rest, "runs/table", filter="'B' OR name IN ('c', 'e')")) == "ecb"


def test_a_filter_that_is_wrong_names_the_character(rest: Rest) -> None:
    refusal = post(rest, "runs/table", 400, filter="metrics.loss < 1 OR ")
    assert refusal["error_code"] == "INVALID_PARAMETER_VALUE"
    assert refusal["at"] == 20
    refusal = post(rest, "runs/table", 400, filter="metrics.loss << 1")
    assert refusal["at"] == 13


def test_any_page_is_the_slice_of_the_whole(rest: Rest) -> None:
    for offset in (3, 0, 2, 5, 100):
        answer = post(rest, "runs/table", offset=offset, limit=2)
        assert ids(answer) == "edcba"[offset : offset + 2]
        assert (answer["offset"], answer["total"]) == (offset, 5)


def test_a_change_is_seen_at_once_and_a_list_can_be_held(tmp_path: Any) -> None:
    with eventtrack_server(tmp_path) as process:
        rest = Rest(process.port)
        for number in range(4):
            start(rest, f"r{number}", started=number, metrics={"loss": [number]})
        loss = {"order_by": [by("metrics", "loss")], "limit": 2}
        first = post(rest, "runs/table", **loss)
        assert [row["run_id"] for row in first["rows"]] == ["r0", "r1"]
        rest.post("runs/log-metric", run_id="r0", key="loss", value=9, step=1, timestamp=9)
        start(rest, "new", started=9, metrics={"loss": [-1]})
        again = post(rest, "runs/table", **loss)
        assert [row["run_id"] for row in again["rows"]] == ["new", "r1"]
        assert int(again["position"]) > int(first["position"])
        held = post(rest, "runs/table", **loss, offset=2, position=first["position"])
        assert [row["run_id"] for row in held["rows"]] == ["r2", "r3"]
        assert held["position"] == first["position"]
        rest.close()


def test_a_glance_at_the_newest_is_the_page_of_the_list(tmp_path: Any) -> None:
    with eventtrack_server(tmp_path) as process:
        rest = Rest(process.port)
        for number in range(4):
            start(rest, f"r{number}", started=number + 1, params={"n": str(number)})
        page = {"offset": 1, "limit": 2, "columns": [column("params", "n")]}
        newest = {"order_by": [by("attributes", "start_time", descending=True)]}
        for order in ({}, newest):
            glance = post(rest, "runs/table", **page, **order, glance=True)
            assert [row["cells"] for row in glance["rows"]] == [["2"], ["1"]]
            assert glance["total"] == 4
            # With and without a list of its own.
            assert post(rest, "runs/table", **page, **order) == glance
            assert post(rest, "runs/table", **page, **order, glance=True) == glance
        start(rest, "new", started=9)
        after = post(rest, "runs/table", **page, glance=True)
        assert [row["run_id"] for row in after["rows"]] == ["r3", "r2"]
        assert int(after["position"]) > int(glance["position"])
        rest.close()


def test_changed_is_the_position_of_the_last_event_of_the_run(tmp_path: Any) -> None:
    with eventtrack_server(tmp_path) as process:
        rest = Rest(process.port)
        start(rest, "a")
        start(rest, "b")
        before = {row["run_id"]: row["changed"] for row in post(rest, "runs/table")["rows"]}
        rest.post("runs/set-tag", run_id="a", key="k", value="v")
        answer = post(rest, "runs/table", order_by=[by("attributes", "changed", descending=True)])
        after = {row["run_id"]: row["changed"] for row in answer["rows"]}
        assert list(after) == ["a", "b"]
        assert after["b"] == before["b"] < after["a"] == int(answer["position"])
        rest.close()


def test_the_past_has_its_own_table(rest: Rest) -> None:
    answer = post(rest, "runs/table")
    second = next(row["changed"] for row in answer["rows"] if row["run_id"] == "b")
    assert ids(post(rest, f"runs/table?as_of={second}")) == "ba"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"limit": 1001}, "'limit': from 0 to 1000"),
        ({"offset": -1}, "'offset'"),
        ({"view": "SOME"}, "ACTIVE_ONLY, DELETED_ONLY, ALL"),
        ({"columns": [{"kind": "metricz", "key": "a"}]}, "metricz"),
        ({"columns": [column("attributes", "colour")]}, "one of the attributes run_id, name"),
        ({"columns": [column("params", "lr", "min")]}, "only metrics have several"),
        ({"order_by": [by("metrics", "a")] * 9}, "more than 8 columns"),
        ({"colour": 1}, "colour"),
        ({"position": "soon"}, "'position'"),
        ({"experiment_ids": ["x"]}, "experiment"),
    ],
)
def test_what_cannot_be_is_refused_in_clear_words(
    rest: Rest, fields: dict[str, Any], said: str
) -> None:
    refusal = post(rest, "runs/table", 400, **fields)
    assert said in refusal["message"]
