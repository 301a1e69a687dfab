"""The command line as a person and as a script uses it, on a real log."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from projections.builtin import BUILT_IN
from tests.operations.command import COMMAND, run, run_json
from tests.rest import Rest
from tests.servers import ServerProcess, eventtrack_server


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with one experiment and two runs, whose server has stopped."""
    folder = tmp_path_factory.mktemp("cli") / "data"
    with eventtrack_server(folder) as server:
        rest = Rest(server.port)
        experiment_id = rest.post("experiments/create", name="digits")["experiment_id"]
        for number in (1, 2):
            run_id = rest.create_run(experiment_id, run_name=f"run {number}")
            metrics = [
                {"key": "loss", "value": number / 10, "timestamp": 5, "step": step}
                for step in range(3)
            ]
            params = [{"key": "lr", "value": f"0.{number}"}]
            rest.post("runs/log-batch", run_id=run_id, metrics=metrics, params=params)
        rest.close()
    return folder


@pytest.fixture
def server(data: Path) -> Iterator[ServerProcess]:
    with eventtrack_server(data) as running:
        yield running


def test_log_tail_prints_the_newest_events_oldest_first(data: Path) -> None:
    lines = run("log", "tail", "-n", "3", data=data).stdout.splitlines()
    assert len(lines) == 3
    positions = [int(line.split()[0]) for line in lines]
    assert positions == sorted(positions)
    assert "MetricsLogged  loss (3 points)" in lines[-1]
    assert "anonymous@127.0.0.1" in lines[-1]


def test_log_tail_as_json_is_one_event_a_line(data: Path) -> None:
    lines = run("log", "tail", "-n", "100", "--json", data=data).stdout.splitlines()
    events = [json.loads(line) for line in lines]
    assert [each["position"] for each in events] == list(range(1, len(events) + 1))
    assert events[0]["event"]["event"] == "ExperimentCreated/1"
    assert events[0]["event"]["name"] == "Default"


def test_log_tail_follows_a_running_server(data: Path, server: ServerProcess) -> None:
    command = [COMMAND, "log", "tail", "-f", "-n", "1", "--data", str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, bufsize=1) as tail:
        assert tail.stdout is not None
        # Its first line shows that it follows by now.
        assert tail.stdout.readline()
        rest = Rest(server.port)
        run_id = rest.create_run(run_name="seen live")
        line = tail.stdout.readline()
        assert f"run/{run_id}" in line
        assert "RunCreated" in line
        rest.close()
        tail.terminate()


def test_log_show_prints_one_event_whole(data: Path) -> None:
    event = run_json("log", "show", "1", data=data)
    assert event["stream"] == "experiment/0"
    assert event["version"] == 1
    assert "ExperimentCreated/1" in run("log", "show", "1", data=data).stdout
    missing = run("log", "show", "100000", data=data, code=1)
    assert "head is" in missing.stderr


def test_log_verify_says_that_the_log_is_intact(data: Path) -> None:
    assert run_json("log", "verify", data=data)["intact"] is True
    assert "intact" in run("log", "verify", data=data).stdout


def test_views_status_shows_every_projection(data: Path) -> None:
    status = run_json("views", "status", data=data)
    names = [each["projection"] for each in status["projections"]]
    assert names == [projection.name for projection in BUILT_IN]
    assert "up to date" in run("views", "status", data=data).stdout


def test_views_rebuild_gives_the_same_answers(data: Path) -> None:
    before = run_json("runs", "list", data=data)
    done = run("views", "rebuild", data=data)
    assert "rebuilt" in done.stdout
    assert run_json("runs", "list", data=data) == before


def test_experiments_and_runs_are_listed_with_and_without_a_server(data: Path) -> None:
    assert [each["name"] for each in run_json("experiments", "list", data=data)] == [
        "digits",
        "Default",
    ]
    with eventtrack_server(data):
        assert "digits" in run("experiments", "list", data=data).stdout
        found = run_json("runs", "list", "--filter", "metrics.loss < 0.15", "-e", "1", data=data)
        assert [each["name"] for each in found] == ["run 1"]
    table = run("runs", "list", "--order-by", "metrics.loss DESC", "-e", "1", data=data).stdout
    assert table.index("run 2") < table.index("run 1")


def test_runs_show_prints_params_and_metrics(data: Path) -> None:
    run_id = run_json("runs", "list", "--filter", "params.lr = '0.1'", data=data)[0]["run_id"]
    shown = run("runs", "show", run_id, data=data).stdout
    assert "lr" in shown
    assert "loss" in shown
    assert run_json("runs", "show", run_id, data=data)["params"] == [{"key": "lr", "value": "0.1"}]


def test_a_bad_filter_is_a_usage_error_that_says_where(data: Path) -> None:
    done = run("runs", "list", "--filter", "metrics.loss <", data=data, code=2)
    assert "metrics.loss <" in done.stderr


def test_an_unknown_run_and_an_absent_log_are_named(data: Path, tmp_path: Path) -> None:
    assert "no run" in run("runs", "show", "nope", data=data, code=1).stderr
    absent = run("log", "tail", data=tmp_path / "nowhere", code=1)
    assert str(tmp_path / "nowhere") in absent.stderr
