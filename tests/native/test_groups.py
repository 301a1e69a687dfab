"""Groups of runs over the wire: what runs with the same values amount to."""

import math
import statistics
from collections.abc import Iterator
from typing import Any

import pytest

from tests.native.tables import by, column, post, start
from tests.rest import Rest
from tests.servers import ServerProcess, eventtrack_server

LOSS = {"sgd": [1.0, 2.0, 4.0], "adam": [0.5, 1.5], "lion": [math.nan]}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with eventtrack_server(tmp_path_factory.mktemp("data")) as process:
        rest = Rest(process.port)
        started = 10
        for optimizer, losses in LOSS.items():
            for seed, loss in enumerate(losses):
                started += 1
                params = {"optimizer": optimizer, "lr": ["0.1", "0.01", "auto"][seed]}
                metrics = {"loss": [9.0, loss]}
                run_id = f"{optimizer}-{seed}"
                start(rest, run_id, started=started, params=params, metrics=metrics)
        start(rest, "plain", started=1, metrics={"loss": [3.0]})
        rest.close()
        yield process


@pytest.fixture
def rest(server: ServerProcess) -> Iterator[Rest]:
    rest = Rest(server.port)
    yield rest
    rest.close()


def groups(rest: Rest, **fields: Any) -> dict[Any, dict[str, Any]]:
    answer = post(rest, "runs/groups", **{"by": [column("params", "optimizer")], **fields})
    return {tuple(group["keys"]): group for group in answer["groups"]}


def test_groups_tell_what_their_runs_amount_to(rest: Rest) -> None:
    found = groups(rest, columns=[column("metrics", "loss"), column("params", "lr")])
    assert list(found) == [("sgd",), ("adam",), ("lion",), (None,)]
    sgd = found["sgd",]
    assert (sgd["runs"], sgd["run_ids"]) == (3, ["sgd-2", "sgd-1", "sgd-0"])
    loss, lr = sgd["cells"]
    values = LOSS["sgd"]
    assert loss["mean"] == pytest.approx(statistics.mean(values))
    assert loss["std"] == pytest.approx(statistics.stdev(values))
    assert (loss["min"], loss["max"], loss["count"]) == (1.0, 4.0, 3)
    assert (lr["count"], lr["max"]) == (2, 0.1)
    empty = {"mean": None, "std": None, "min": None, "max": None, "count": 0}
    assert found["lion",]["cells"][0] == empty
    assert found[None,]["cells"][0]["std"] is None


def test_groups_are_ordered_and_paged(rest: Rest) -> None:
    loss = column("metrics", "loss")
    order = [by("metrics", "loss")]
    assert list(groups(rest, columns=[loss], order_by=order)) == [
        ("adam",),
        ("sgd",),
        (None,),
        ("lion",),
    ]
    order = [by("metrics", "loss", descending=True) | {"statistic": "max"}]
    assert list(groups(rest, columns=[loss], order_by=order, limit=1)) == [("sgd",)]
    key = [by("params", "optimizer")]
    assert list(groups(rest, order_by=key, offset=1)) == [("lion",), ("sgd",), (None,)]
    smallest = [{"descending": False}, by("params", "optimizer")]
    assert next(iter(groups(rest, order_by=smallest))) == ("lion",)


def test_groups_of_several_columns_and_of_a_filter(rest: Rest) -> None:
    both = [column("params", "optimizer"), column("params", "lr")]
    found = groups(rest, by=both, filter="metrics.loss < 3 AND params.optimizer IS NOT NULL")
    assert set(found) == {("sgd", "0.1"), ("sgd", "0.01"), ("adam", "0.1"), ("adam", "0.01")}
    found = groups(rest, by=[column("attributes", "status")])
    assert list(found) == [("RUNNING",)]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"by": []}, "'by'"),
        ({"order_by": [{"column": column("params", "lr")}]}, "neither in 'by' nor in 'columns'"),
        ({"filter": "colour = 1"}, "colour"),
        ({"order_by": [{"statistic": "mode"}]}, "mode"),
    ],
)
def test_what_cannot_be_is_refused_in_clear_words(
    rest: Rest, fields: dict[str, Any], said: str
) -> None:
    sent = {"by": [column("params", "optimizer")], **fields}
    assert said in post(rest, "runs/groups", 400, **sent)["message"]
