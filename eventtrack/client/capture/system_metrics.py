"""How the machine is doing, sampled in the background, under MLflow's names.

Source of the names: mlflow 3.17, `system_metrics/metrics`.  psutil and NVML are imported when the
sampling starts; without one of them its metrics are left out.
"""

import logging
import os
import threading
from collections.abc import Callable
from typing import Any

PREFIX = "system/"
MEGABYTE = 1e6
INTERVAL_SECONDS_MIN = 0.1
"""A shorter interval is raised to this: looking must not take the machine from the training."""

Sample = dict[str, float]
Source = Callable[[], Sample]
"""One group of metrics, looked at again and again; it raises when it can no longer be."""

logger = logging.getLogger("eventtrack")


class SystemMetrics:
    """Samples every so many seconds, in a thread of its own, from `start` to `stop`."""

    def __init__(self, emit: Callable[[Sample], None], interval_seconds: float = 10.0) -> None:
        self._emit = emit
        # In this order, so that a NaN is raised, too.
        self._interval = max(INTERVAL_SECONDS_MIN, interval_seconds)
        self._stopped = threading.Event()
        self._thread = threading.Thread(
            target=self._work, name="eventtrack system metrics", daemon=True
        )

    def start(self) -> None:
        """Begin; the first sample comes after one interval, as a rate needs two looks."""
        self._thread.start()

    def _work(self) -> None:
        sources = _sources()
        reported = False
        while sources and not self._stopped.wait(self._interval):
            sample = _sampled(sources)
            try:
                if sample:
                    self._emit({PREFIX + name: value for name, value in sample.items()})
            except Exception as error:
                # The next one may be taken; nobody wants to read of each that was not.
                if not reported:
                    logger.warning("system metrics were not recorded: %s", error)
                reported = True

    def stop(self) -> None:
        """End; returns at once, also in the middle of an interval."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(2.0)


def _sources() -> dict[str, Source]:
    """The groups that can be looked at, each apart: one that fails takes no other with it."""
    makers: dict[str, Callable[[], Source | None]] = {}
    try:
        import psutil
    except ImportError:
        logger.info("psutil is not installed: no system metrics of CPU, memory, disk and network")
    else:
        makers = {
            "CPU": lambda: _cpu(psutil),
            "memory": lambda: lambda: _memory(psutil),
            "disk": lambda: lambda: _disk(psutil),
            "network": lambda: _network(psutil),
        }
    makers["GPU"] = _gpus
    sources: dict[str, Source] = {}
    for group, make in makers.items():
        try:
            source = make()
        except Exception as error:
            _dropped(group, error)
        else:
            if source is not None:
                sources[group] = source
    return sources


def _sampled(sources: dict[str, Source]) -> Sample:
    """What all groups say; one that fails is removed."""
    sample: Sample = {}
    for group, source in list(sources.items()):
        try:
            sample |= source()
        except Exception as error:
            # What fails once (a GPU that is gone) would fail at every sample.
            del sources[group]
            _dropped(group, error)
    return sample


def _dropped(group: str, error: Exception) -> None:
    logger.warning("system metrics of the %s: %s; no longer sampled", group, error)


def _cpu(psutil: Any) -> Source:
    # What it says is about the time since it was asked last.
    psutil.cpu_percent()
    return lambda: {"cpu_utilization_percentage": round(psutil.cpu_percent(), 3)}


def _memory(psutil: Any) -> Sample:
    memory = psutil.virtual_memory()
    return {
        "system_memory_usage_megabytes": round(memory.used / MEGABYTE, 3),
        "system_memory_usage_percentage": round(memory.used / memory.total * 100, 3),
    }


def _disk(psutil: Any) -> Sample:
    disk = psutil.disk_usage(os.sep)
    return {
        "disk_usage_percentage": round(disk.percent, 3),
        "disk_usage_megabytes": round(disk.used / MEGABYTE, 3),
        "disk_available_megabytes": round(disk.free / MEGABYTE, 3),
    }


def _network(psutil: Any) -> Source:
    def counted() -> tuple[int, int]:
        counters = psutil.net_io_counters()
        if counters is None:
            raise OSError("there is no network")
        return counters.bytes_recv, counters.bytes_sent

    received, sent = counted()

    def sample() -> Sample:
        received_now, sent_now = counted()
        return {
            "network_receive_megabytes": round((received_now - received) / MEGABYTE, 3),
            "network_transmit_megabytes": round((sent_now - sent) / MEGABYTE, 3),
        }

    return sample


def _gpus() -> Source | None:
    try:
        import pynvml
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
        count = pynvml.nvmlDeviceGetCount()
        handles = [pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(count)]
    except pynvml.NVMLError as error:
        logger.debug("no GPU metrics: %s", error)
        return None

    def sample() -> Sample:
        found: Sample = {}
        for index, handle in enumerate(handles):
            for part in (_gpu_memory, _gpu_utilization, _gpu_power):
                try:
                    values = part(pynvml, handle)
                except pynvml.NVMLError:
                    # Not every card knows every number.
                    continue
                found |= {f"gpu_{index}_{name}": round(value, 1) for name, value in values.items()}
        return found

    return sample if handles else None


def _gpu_memory(pynvml: Any, handle: Any) -> Sample:
    memory = pynvml.nvmlDeviceGetMemoryInfo(handle)
    return {
        "memory_usage_percentage": memory.used / memory.total * 100,
        "memory_usage_megabytes": memory.used / MEGABYTE,
    }


def _gpu_utilization(pynvml: Any, handle: Any) -> Sample:
    return {"utilization_percentage": pynvml.nvmlDeviceGetUtilizationRates(handle).gpu}


def _gpu_power(pynvml: Any, handle: Any) -> Sample:
    milliwatts = pynvml.nvmlDeviceGetPowerUsage(handle)
    limit = pynvml.nvmlDeviceGetEnforcedPowerLimit(handle)
    return {
        "power_usage_watts": milliwatts / 1000,
        "power_usage_percentage": milliwatts / limit * 100,
    }
