"""The measurement of log calls counts what happened, and says what it could not measure."""

from __future__ import annotations

import importlib.util
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from scripts.bench.calls.cli import main
from scripts.bench.calls.inside import calibrated, helpers_cpu, own_cpu, values_of
from scripts.bench.calls.runner import Plan, Result, measure
from scripts.bench.calls.snippets import leveldb_records, tensorflow_records
from scripts.bench.calls.table import document, table
from scripts.bench.calls.trackers import ALL, NOTHING, Tracker, chosen

TOY = '''
import os, time
from pathlib import Path

class Toy:
    """Appends to a file: every `every`th step is written, the rest when it finishes."""

    package = "json"

    def __init__(self, job):
        self.job = job
        self.every = int(job.options.get("every", "1"))
        self.file = Path(job.folder) / "steps"
        self.waiting = []

    def start(self):
        self.file.touch()

    def call(self, size):
        def log(values, step):
            assert len(values) == size
            self.waiting.append(step)
            if "raise" in self.job.options and step == int(self.job.options["raise"]):
                raise ValueError("cannot log")
            if len(self.waiting) == self.every:
                self.write()
            time.sleep(float(self.job.options.get("sleep", "0")))
        return log

    def write(self):
        with self.file.open("a") as file:
            file.writelines(f"{step}\\n" for step in self.waiting)
        self.waiting = []

    def finish(self):
        time.sleep(float(self.job.options.get("hang", "0")))
        if "forget" not in self.job.options:
            self.write()

    def found(self):
        return len(set(self.file.read_text().split()))


class Missing(Toy):
    package = "a_package_that_is_not_there"
'''

QUICK = Plan(
    count=40, paced_count=20, warmup=5, pace=0.0005, limit=10, slack=30, survival=25, settle=0
)


@pytest.fixture
def toy(tmp_path: Path) -> Tracker:
    file = tmp_path / "toy.py"
    file.write_text(TOY)
    return Tracker("toy", "toy", "Toy", kept_in="its file", file=file)


def run(tracker: Tracker, plan: Plan = QUICK) -> Result:
    return measure(tracker, sys.executable, plan, lambda _: None)


def test_every_call_is_timed_and_the_dead_are_counted(toy: Tracker) -> None:
    result = run(replace(toy, options={"every": "10"}))
    assert result.failures == []
    assert [(each.size, each.pace) for each in result.calls] == [
        (1, 0.0),
        (10, 0.0),
        (1, 0.0005),
        (10, 0.0005),
    ]
    assert [each.outcome.calls for each in result.calls] == [40, 40, 20, 20]
    for calls in result.calls:
        micros = calls.micros
        assert 0 < micros["p50"] <= micros["p99"] <= micros["p99.9"] <= micros["max"]
        assert calls.cpu_micros is not None
        assert (calls.lost_micros is None) == (calls.pace == 0)
    # 25 are logged and two tens were written when it was killed.
    assert [each.found for each in result.survivals] == [20, 20]
    last = table([result], QUICK).splitlines()[-1]
    assert last.split() == ["toy", "20", "20", "its", "file"]
    assert json.dumps(document([result], QUICK))


def test_a_count_that_a_proper_end_contradicts_is_not_reported(toy: Tracker) -> None:
    result = run(replace(toy, options={"every": "10", "forget": ""}))
    assert result.survivals == []
    assert result.failures == ["cannot count: 20 of 25 found after a proper end"]


def test_a_slow_tracker_is_stopped_and_said_to_be(toy: Tracker) -> None:
    plan = replace(QUICK, limit=0.05, pace=0.0)
    result = run(replace(toy, options={"sleep": "0.02"}), plan)
    assert [each.outcome.calls for each in result.calls] == [3, 3]
    assert "stopped after 3 calls" in table([result], plan)


def test_a_tracker_that_raises_is_reported_with_its_words(toy: Tracker) -> None:
    result = run(replace(toy, options={"raise": "3"}), replace(QUICK, pace=0.0))
    assert result.calls == []
    assert "ValueError: cannot log" in result.failures[0]
    assert "failed" in table([result], QUICK)


def test_the_calls_of_a_tracker_that_hangs_at_its_end_are_kept(toy: Tracker) -> None:
    plan = replace(QUICK, limit=0.5, slack=2, pace=0.0)
    result = run(replace(toy, options={"hang": "60"}, is_kept=False), plan)
    assert [each.outcome.calls for each in result.calls] == [40, 40]
    assert [each.cpu_micros for each in result.calls] == [None, None]
    assert "still at the stage 'finish'" in result.failures[0]


def test_a_tracker_whose_package_is_missing_stays_in_the_table(toy: Tracker) -> None:
    result = run(replace(toy, snippet="Missing"))
    assert not result.installed
    assert "not installed" in table([result], QUICK)


def test_an_interpreter_that_fails_is_reported(toy: Tracker) -> None:
    result = measure(toy, "/bin/false", QUICK, lambda _: None)
    assert "ended with code 1" in result.failures[0]


@pytest.mark.skipif(
    importlib.util.find_spec("tensorboardX") is None, reason="tensorboardX is not installed"
)
def test_tensorboard_is_measured() -> None:
    (tensorboard,) = chosen("tensorboard")
    result = run(tensorboard)
    assert result.failures == []
    assert len(result.calls) == 4


def test_eventtrack_stands_for_all_its_ways() -> None:
    names = [each.name for each in chosen("eventtrack,wandb,eventtrack-down")]
    assert names == [
        "eventtrack",
        "eventtrack-down",
        "eventtrack-offline",
        "eventtrack-disabled",
        "wandb",
    ]
    assert [each.name for each in chosen("mlflow")] == ["mlflow"]
    with pytest.raises(ValueError, match="no tracker 'nope'"):
        chosen("nope")
    assert len({each.name for each in (NOTHING, *ALL)}) == len(ALL) + 1


def test_the_command_prints_a_table(tmp_path: Path) -> None:
    json_file = tmp_path / "calls.json"
    words = ["--calls", "--trackers", "eventtrack-disabled", "--count", "20", "--pace", "0"]
    # An interpreter in which nothing is installed: the one row says so.
    bare = tmp_path / "python"
    bare.write_text(f'#!/bin/sh\nexec "{sys.executable}" -S -E "$@"\n')
    bare.chmod(0o755)
    words += ["--python", f"eventtrack={bare}", "--json", str(json_file)]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    assert "(nothing)" in done.output
    assert "not installed" in done.output
    assert len(json.loads(json_file.read_text())["results"]) == 2


@pytest.mark.parametrize("text", ["wandb", "nope=python3", "wandb=/no/such/python"])
def test_a_wrong_interpreter_is_refused(text: str) -> None:
    done = CliRunner().invoke(main, ["--calls", "--python", text])
    assert done.exit_code == 2


def test_values_differ_from_step_to_step() -> None:
    assert values_of(1, 3) != values_of(1, 4)
    assert len(values_of(10, 3)) == 10


def test_cpu_and_pace_are_measured() -> None:
    assert own_cpu() > 0
    assert helpers_cpu() >= 0
    assert calibrated(0.0) == 0
    assert calibrated(0.001) > 1


def test_records_of_a_wandb_file_may_be_in_pieces() -> None:
    def piece(kind: int, data: bytes) -> bytes:
        return bytes(4) + len(data).to_bytes(2, "little") + bytes([kind]) + data

    head = b":W&B" + bytes(3)
    first = piece(1, b"whole")
    # The next record begins in the first block, which has room for its header and some more.
    room = 32768 - len(head) - len(first) - 7
    data = head + first + piece(2, b"a" * room) + piece(4, b"b") + piece(1, b"torn")[:-1]
    assert list(leveldb_records(data)) == [b"whole", b"a" * room + b"b"]


def test_a_torn_event_is_not_counted() -> None:
    event = (3).to_bytes(8, "little") + bytes(4) + b"abc" + bytes(4)
    assert list(tensorflow_records(event * 2 + event[:-1])) == [b"abc", b"abc"]
