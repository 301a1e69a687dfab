"""What is captured of a process: its console, its machine, its repository."""

import io
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from eventtrack.client.capture import console as console_module
from eventtrack.client.capture.console import Console
from eventtrack.client.capture.environment import git_tags, packages
from eventtrack.client.capture.system_metrics import SystemMetrics

# The console


def screen(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What the user sees; not a fixture, because pytest has streams of its own for each phase."""
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    return stream


def test_lines_are_recorded_and_the_user_sees_them_unchanged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown = screen(monkeypatch)
    lines: list[tuple[str, str]] = []
    console = Console(lambda source, at, line: lines.append((source, line)))
    console.start()
    print("one")
    print("tw", end="")
    print("o\n\nthree")
    sys.stdout.writelines(["four\n", "fi"])
    print("oops", file=sys.stderr)
    assert sys.stdout.isatty() is False
    console.stop()
    assert sys.stdout is shown
    assert shown.getvalue() == "one\ntwo\n\nthree\nfour\nfi"
    assert [line for source, line in lines if source == "stdout"] == [
        "one", "two", "", "three", "four", "fi"
    ]  # fmt: skip
    assert [line for source, line in lines if source == "stderr"] == ["oops"]


def test_a_progress_bar_is_recorded_as_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = screen(monkeypatch)
    monkeypatch.setattr(console_module, "REDRAWN_SECONDS", 1e9)
    lines: list[str] = []
    console = Console(lambda source, at, line: lines.append(line))
    console.start()
    for percent in range(101):
        sys.stdout.write(f"\r{percent}%")
    print()
    print("x" * 10_000)
    console.stop()
    assert lines[0] == "100%"
    assert len(lines[1]) == 8000
    assert len(lines) == 2
    assert shown.getvalue().startswith("\r0%\r1%")


def test_what_emitting_prints_is_not_recorded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = screen(monkeypatch)
    lines: list[str] = []

    def emit(source: str, at: int, line: str) -> None:
        lines.append(line)
        print("from inside")

    console = Console(emit)
    console.start()
    print("one")
    console.stop()
    assert lines == ["one"]
    assert shown.getvalue() == "one\nfrom inside\n"


def test_somebody_elses_stream_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = screen(monkeypatch)
    lines: list[str] = []
    console = Console(lambda source, at, line: lines.append(line))
    console.start()
    theirs = sys.stdout = io.StringIO()
    console.stop()
    assert sys.stdout is theirs
    sys.stdout = shown


def test_threads_print_whole_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    screen(monkeypatch)
    lines: list[str] = []
    console = Console(lambda source, at, line: lines.append(line))
    console.start()

    def work(number: int) -> None:
        for _ in range(200):
            sys.stdout.write(f"thread {number}\n")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    console.stop()
    assert sorted(lines) == sorted(f"thread {number}" for number in range(4) for _ in range(200))


# The repository and the packages


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=trunk"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def test_the_repository_of_a_script(tmp_path: Path) -> None:
    assert git_tags(tmp_path) == {}
    git(tmp_path, "init")
    (tmp_path / "train.py").write_text("1")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-m", "first")
    git(tmp_path, "remote", "add", "origin", "https://ada:pw@example.com/a.git")
    tags = git_tags(tmp_path)
    assert len(tags["mlflow.source.git.commit"]) == 40
    assert tags["mlflow.source.git.branch"] == "trunk"
    assert tags["mlflow.source.git.repoURL"] == "https://example.com/a.git"
    assert tags["mlflow.source.git.dirty"] == "false"
    (tmp_path / "train.py").write_text("2")
    assert git_tags(tmp_path)["mlflow.source.git.dirty"] == "true"


def test_packages_are_listed_with_their_versions() -> None:
    found = packages()
    assert any(line.startswith("msgspec==") for line in found)
    names = [line.partition("==")[0].lower() for line in found]
    assert names == sorted(set(names))


# The machine


def sampled(seconds: float = 0.05) -> dict[str, float]:
    samples: list[dict[str, float]] = []
    metrics = SystemMetrics(samples.append, seconds)
    metrics.start()
    deadline = time.monotonic() + 20
    while not samples and time.monotonic() < deadline:
        time.sleep(0.01)
    metrics.stop()
    return samples[0]


def test_the_machine_is_sampled_under_mlflows_names() -> None:
    sample = sampled()
    assert set(sample) >= {
        "system/cpu_utilization_percentage",
        "system/system_memory_usage_megabytes",
        "system/system_memory_usage_percentage",
        "system/disk_usage_percentage",
        "system/disk_available_megabytes",
        "system/network_receive_megabytes",
        "system/network_transmit_megabytes",
    }
    assert 0 < sample["system/system_memory_usage_percentage"] <= 100


class NVMLError(Exception):
    pass


def broken(handle: int) -> Any:
    raise NVMLError("not known of this card")


def test_gpus_are_sampled_as_far_as_they_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = SimpleNamespace(
        NVMLError=NVMLError,
        nvmlInit=lambda: None,
        nvmlDeviceGetCount=lambda: 2,
        nvmlDeviceGetHandleByIndex=lambda index: index,
        nvmlDeviceGetMemoryInfo=lambda handle: SimpleNamespace(used=1e9, total=4e9),
        nvmlDeviceGetUtilizationRates=lambda handle: SimpleNamespace(gpu=50 + handle),
        nvmlDeviceGetPowerUsage=broken,
        nvmlDeviceGetEnforcedPowerLimit=lambda handle: 300_000,
    )
    monkeypatch.setitem(sys.modules, "pynvml", fake)
    sample = sampled()
    assert sample["system/gpu_1_utilization_percentage"] == 51
    assert sample["system/gpu_0_memory_usage_percentage"] == 25.0
    assert sample["system/gpu_0_memory_usage_megabytes"] == 1000.0
    assert not any("power" in name for name in sample)


def test_a_source_that_fails_is_reported_once_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fake = SimpleNamespace(
        NVMLError=NVMLError,
        nvmlInit=lambda: None,
        nvmlDeviceGetCount=lambda: 1,
        nvmlDeviceGetHandleByIndex=lambda index: index,
        nvmlDeviceGetMemoryInfo=lambda handle: 1 / 0,
    )
    monkeypatch.setitem(sys.modules, "pynvml", fake)
    sample = sampled()
    assert "system/cpu_utilization_percentage" in sample
    assert caplog.text.count("no longer sampled") == 1
