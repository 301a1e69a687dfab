"""A part of the machine that cannot be looked at takes no other with it."""

import sys
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from eventtrack.client.capture.system_metrics import INTERVAL_SECONDS_MIN, Sample, SystemMetrics

GROUPS = {
    "cpu_percent": "cpu_utilization_percentage",
    "virtual_memory": "system_memory_usage_megabytes",
    "disk_usage": "disk_usage_megabytes",
    "net_io_counters": "network_receive_megabytes",
}


def samples_of(count: int, emit: Callable[[Sample], None] = lambda sample: None) -> list[Sample]:
    """The first samples, as soon as there are so many of them."""
    samples: list[Sample] = []

    def kept(sample: Sample) -> None:
        samples.append(sample)
        emit(sample)

    metrics = SystemMetrics(kept, 0.0)
    metrics.start()
    deadline = time.monotonic() + 20
    while len(samples) < count and time.monotonic() < deadline:
        time.sleep(0.01)
    metrics.stop()
    assert len(samples) >= count
    return samples


def fails(*arguments: object, **options: object) -> Any:
    raise RuntimeError("not on this machine")


@pytest.mark.parametrize("failing", GROUPS)
def test_a_group_that_fails_is_reported_once_and_dropped(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, failing: str
) -> None:
    monkeypatch.setattr(psutil, failing, fails)
    for sample in samples_of(2):
        assert {name for call, name in GROUPS.items() if f"system/{name}" in sample} == {
            name for call, name in GROUPS.items() if call != failing
        }
    assert caplog.text.count("not on this machine") == 1


def test_a_machine_without_a_network_has_its_other_metrics(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(psutil, "net_io_counters", lambda: None)
    sample = samples_of(2)[1]
    assert "system/cpu_utilization_percentage" in sample
    assert not any("network" in name for name in sample)
    assert caplog.text.count("no longer sampled") == 1


def test_a_network_that_goes_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    counters = iter([psutil.net_io_counters()])
    monkeypatch.setattr(psutil, "net_io_counters", lambda: next(counters, None))
    assert "system/disk_usage_percentage" in samples_of(2)[1]


def test_gpus_that_fail_to_start_are_dropped(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    fake = SimpleNamespace(NVMLError=KeyError, nvmlInit=fails)
    monkeypatch.setitem(sys.modules, "pynvml", fake)
    assert "system/cpu_utilization_percentage" in samples_of(1)[0]
    assert caplog.text.count("not on this machine") == 1


def test_without_psutil_the_gpus_are_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = SimpleNamespace(
        NVMLError=KeyError,
        nvmlInit=lambda: None,
        nvmlDeviceGetCount=lambda: 1,
        nvmlDeviceGetHandleByIndex=lambda index: index,
        nvmlDeviceGetMemoryInfo=lambda handle: SimpleNamespace(used=1e9, total=4e9),
        nvmlDeviceGetUtilizationRates=lambda handle: SimpleNamespace(gpu=50),
        nvmlDeviceGetPowerUsage=lambda handle: 1000,
        nvmlDeviceGetEnforcedPowerLimit=lambda handle: 2000,
    )
    monkeypatch.setitem(sys.modules, "pynvml", fake)
    monkeypatch.setitem(sys.modules, "psutil", None)
    assert samples_of(1)[0]["system/gpu_0_power_usage_percentage"] == 50.0


def test_an_emit_that_raises_is_reported_once_and_sampling_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    samples_of(3, fails)
    assert caplog.text.count("not on this machine") == 1


@pytest.mark.parametrize("seconds", [0.0, -1.0, float("nan"), 0.01])
def test_an_interval_is_not_too_short(seconds: float) -> None:
    times: list[float] = []
    metrics = SystemMetrics(lambda sample: times.append(time.monotonic()), seconds)
    metrics.start()
    deadline = time.monotonic() + 20
    while len(times) < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    metrics.stop()
    assert times[2] - times[0] > 1.8 * INTERVAL_SECONDS_MIN
    assert INTERVAL_SECONDS_MIN == 0.1
