"""`eventtrack export`: what was logged is in the files, each value as it was."""

import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from eventtrack.operations import exporting
from tests.operations.command import run, run_json
from tests.rest import Rest
from tests.servers import eventtrack_server


class Logged:
    """What was logged: a data folder with a server on it, and the run."""

    def __init__(self, data: Path, rest: Rest) -> None:
        self.data = data
        self.experiment_id = rest.post("experiments/create", name="one")["experiment_id"]
        self.run_id = rest.create_run(self.experiment_id, run_name="r")
        self.other = rest.create_run("0", run_name="other")
        values = [0.5, "NaN", "Infinity", "-Infinity", 1e-300]
        points = [
            {"key": "loss", "value": value, "timestamp": 10 + step, "step": step}
            for step, value in enumerate(values)
        ]
        points.append({"key": "top", "value": "Infinity", "timestamp": 1, "step": 0})
        params = [{"key": "lr", "value": "0.1"}, {"key": "ü", "value": '"\n'}]
        rest.post("runs/log-batch", run_id=self.run_id, metrics=points, params=params)


@pytest.fixture(scope="module")
def logged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Logged]:
    data = tmp_path_factory.mktemp("export") / "data"
    with eventtrack_server(data) as server:
        rest = Rest(server.port)
        yield Logged(data, rest)
        rest.close()


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_json_lines_hold_every_run_and_point(logged: Logged, tmp_path: Path) -> None:
    done = run_json("export", "--to", str(tmp_path), data=logged.data)
    assert {name: found["rows"] for name, found in done.items()} == {"runs": 2, "metrics": 6}
    runs = {each["run_id"]: each for each in lines(tmp_path / "runs.jsonl")}
    assert runs.keys() == {logged.run_id, logged.other}
    found = runs[logged.run_id]
    assert found["params"] == {"lr": "0.1", "ü": '"\n'}
    assert (found["name"], found["experiment_id"]) == ("r", logged.experiment_id)
    points = lines(tmp_path / "metrics.jsonl")
    values = [each["value"] for each in points if each["key"] == "loss"]
    assert values == [0.5, "NaN", "Infinity", "-Infinity", 1e-300]
    assert found["metrics"] == {"loss": 1e-300, "top": "Infinity"}
    assert points[0] == {
        "run_id": logged.run_id,
        "key": "loss",
        "step": 0,
        "timestamp": 10,
        "value": 0.5,
        "rank": None,
    }
    assert not list(tmp_path.glob("*.partial"))


def test_parquet_holds_the_same(logged: Logged, tmp_path: Path) -> None:
    run("export", "--to", str(tmp_path), "--format", "parquet", data=logged.data)
    runs = pyarrow.parquet.read_table(tmp_path / "runs.parquet").to_pylist()
    found = {each["run_id"]: each for each in runs}[logged.run_id]
    assert dict(found["params"]) == {"lr": "0.1", "ü": '"\n'}
    assert dict(found["metrics"]) == {"loss": 1e-300, "top": math.inf}
    file = pyarrow.parquet.ParquetFile(tmp_path / "metrics.parquet")
    assert file.num_row_groups == 1, "several series share a row group"
    points = file.read().to_pylist()
    values = [each["value"] for each in points if each["key"] == "loss"]
    assert values[0] == 0.5
    assert math.isnan(values[1])
    assert values[2:] == [math.inf, -math.inf, 1e-300]


def test_only_what_is_chosen_is_written(logged: Logged, tmp_path: Path) -> None:
    done = run_json(
        "export",
        "--to",
        str(tmp_path),
        "--what",
        "runs",
        "-e",
        logged.experiment_id,
        "--filter",
        "params.lr = '0.1'",
        data=logged.data,
    )
    assert done.keys() == {"runs"}
    assert [each["run_id"] for each in lines(tmp_path / "runs.jsonl")] == [logged.run_id]
    wrong = run(
        "export", "--to", str(tmp_path), "--filter", "params.lr <", data=logged.data, code=2
    )
    assert "params.lr <" in wrong.stderr


def test_without_the_library_parquet_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(exporting.CannotExport, match=r"pip install 'eventtrack\[parquet\]'"):
        exporting.check_format("parquet")
