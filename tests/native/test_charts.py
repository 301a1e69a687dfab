"""Charts over the wire: columns of many series on one grid, read as a browser reads them."""

import json
import math
import struct
from collections.abc import Iterator
from typing import Any

import pytest

from tests.native.tables import NATIVE, post, start
from tests.rest import Rest
from tests.servers import ServerProcess, eventtrack_server

POINTS = 5000
SPIKE = 1234
STARTED = {"a": 10_000, "b": 90_000}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with eventtrack_server(tmp_path_factory.mktemp("data")) as process:
        rest = Rest(process.port)
        for run_id, started in STARTED.items():
            loss = [math.cos(step / 100) for step in range(POINTS)]
            loss[SPIKE] = 50.0
            loss[-1] = math.nan
            epochs = [float(step // 100) for step in range(POINTS)]
            metrics = {"loss": loss, "epoch": epochs, "short": [1.0, math.inf, -2.0]}
            start(rest, run_id, started=started, metrics=metrics)
        rest.close()
        yield process


@pytest.fixture
def rest(server: ServerProcess) -> Iterator[Rest]:
    rest = Rest(server.port)
    yield rest
    rest.close()


Columns = dict[str, list[float]]


def chart(rest: Rest, **fields: Any) -> tuple[dict[str, Any], dict[tuple[str, str], Columns]]:
    """(header, (run, metric) -> columns)."""
    sent = {"run_ids": ["a", "b"], "key": "loss", **fields}
    if "keys" in fields:
        del sent["key"]
    status, headers, body = rest.ask("POST", f"{NATIVE}charts", sent)
    assert status == 200, body
    assert headers["Content-Type"] == "application/octet-stream"
    (length,) = struct.unpack_from("<I", body)
    begin = 4 + length
    assert begin % 8 == 0
    header: dict[str, Any] = json.loads(body[4:begin])
    found = {}
    for series in header["series"]:
        count, at = series["length"], begin + series["offset"]
        assert at % 8 == 0
        names = ["bucket", "count", "min", "max", "last", "mean"]
        columns = {}
        for place, name in enumerate(names):
            layout = f"<{count}{'I' if place < 2 else 'f'}"
            columns[name] = list(struct.unpack_from(layout, body, at + place * 4 * count))
        found[series["run_id"], series["key"]] = columns
    return header, found


def test_series_share_one_grid_and_no_spike_is_lost(rest: Rest) -> None:
    header, found = chart(rest, buckets=100)
    assert (header["axis"], header["start"], header["width"]) == ("step", 0, 64)
    assert (header["buckets"], header["exact"]) == (79, True)
    assert int(header["position"]) > 0
    for series in header["series"]:
        assert (series["points"], series["first_x"], series["last_x"]) == (POINTS, 0, POINTS - 1)
        columns = found[series["run_id"], "loss"]
        assert columns["bucket"] == list(range(79))
        assert sum(columns["count"]) == POINTS
        assert columns["max"][SPIKE // 64] == 50.0
        assert math.isnan(columns["last"][-1])
        assert columns["mean"][0] == pytest.approx(
            sum(math.cos(step / 100) for step in range(64)) / 64, rel=1e-5
        )


def test_a_zoom_into_a_range_has_finer_buckets(rest: Rest) -> None:
    header, found = chart(rest, start=SPIKE - 5, end=SPIKE + 5)
    assert header["width"] == 1
    columns = found["a", "loss"]
    assert columns["count"] == [1] * 11
    assert columns["last"][5] == 50.0


def test_a_quick_answer_to_an_easy_question_is_final(rest: Rest) -> None:
    header, quick = chart(rest, buckets=100, quick=True)
    assert header["final"] is True
    # As texts, so that NaN is like NaN.
    assert repr(quick) == repr(chart(rest, buckets=100)[1])


def test_axes_of_time_are_the_clock_or_the_time_since_the_start(rest: Rest) -> None:
    header, _ = chart(rest, axis="timestamp")
    assert [series["first_x"] for series in header["series"]] == [10_000, 90_000]
    header, found = chart(rest, axis="relative", buckets=4096)
    assert [series["first_x"] for series in header["series"]] == [0, 0]
    assert found["a", "loss"]["bucket"] == found["b", "loss"]["bucket"]


def test_an_axis_can_be_another_metric(rest: Rest) -> None:
    header, found = chart(rest, axis="metric", x_key="epoch", buckets=49)
    assert (header["start"], header["width"], header["buckets"]) == (0, 1, 49)
    columns = found["a", "loss"]
    # Both ends belong to the range, so the last bucket has two epochs.
    assert columns["count"] == [100] * 48 + [200]
    assert columns["max"][12] == 50.0
    assert columns["last"][0] == pytest.approx(math.cos(0.99))


def test_several_metrics_at_once_and_what_is_not_there(rest: Rest) -> None:
    header, found = chart(rest, run_ids=["a", "nobody"], keys=["short", "none"])
    assert [(each["run_id"], each["key"]) for each in header["series"]] == [
        ("a", "short"),
        ("nobody", "short"),
        ("a", "none"),
        ("nobody", "none"),
    ]
    short = found["a", "short"]
    assert short["last"] == [1.0, math.inf, -2.0]
    assert math.isnan(short["max"][1])
    assert header["series"][1]["length"] == 0
    assert header["series"][1]["first_x"] is None


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"key": None}, "'key'"),
        ({"run_ids": []}, "from 1 to 500"),
        ({"run_ids": [str(number) for number in range(501)]}, "from 1 to 500"),
        ({"buckets": 1}, "'buckets': from 2 to 4096"),
        ({"start": 5, "end": 4}, "before 'start'"),
        ({"axis": "metric"}, "'x_key'"),
        ({"x_key": "epoch"}, "'x_key'"),
        ({"axis": "colour"}, "colour"),
        ({"start": 1e300}, "beyond 64 bits"),
    ],
)
def test_what_cannot_be_is_refused_in_clear_words(
    rest: Rest, fields: dict[str, Any], said: str
) -> None:
    sent = {"run_ids": ["a"], "key": "loss", **fields}
    assert said in post(rest, "charts", 400, **sent)["message"]
