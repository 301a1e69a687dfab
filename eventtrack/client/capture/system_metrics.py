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

Sample = dict[str, float]

logger = logging.getLogger("eventtrack")


class SystemMetrics:
    """Samples every so many seconds, in a thread of its own, from `start` to `stop`."""

    def __init__(self, emit: Callable[[Sample], None], interval_seconds: float = 10.0) -> None:
        self._emit = emit
        self._interval = interval_seconds
        self._stopped = threading.Event()
        self._thread = threading.Thread(
            target=self._work, name="eventtrack system metrics", daemon=True
        )

    def start(self) -> None:
        """Begin; the first sample comes after one interval, as a rate needs two looks."""
        self._thread.start()

    def _work(self) -> None:
        sources = [source for source in (_machine(), _gpus()) if source is not None]
        while sources and not self._stopped.wait(self._interval):
            sample: Sample = {}
            for source in list(sources):
                try:
                    sample |= source()
                except Exception as error:
                    # A source that fails once (a GPU that is gone) would fail at every sample.
                    logger.warning("system metrics: %s; no longer sampled", error)
                    sources.remove(source)
            if sample:
                self._emit({PREFIX + name: value for name, value in sample.items()})

    def stop(self) -> None:
        """End; returns at once, also in the middle of an interval."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(2.0)


def _machine() -> Callable[[], Sample] | None:
    try:
        import psutil
    except ImportError:
        logger.info("psutil is not installed: no system metrics of CPU, memory, disk and network")
        return None
    psutil.cpu_percent()
    before = psutil.net_io_counters()

    def sample() -> Sample:
        memory = psutil.virtual_memory()
        disk = psutil.disk_usage(os.sep)
        found = {
            "cpu_utilization_percentage": psutil.cpu_percent(),
            "system_memory_usage_megabytes": memory.used / MEGABYTE,
            "system_memory_usage_percentage": memory.used / memory.total * 100,
            "disk_usage_percentage": disk.percent,
            "disk_usage_megabytes": disk.used / MEGABYTE,
            "disk_available_megabytes": disk.free / MEGABYTE,
        }
        now = psutil.net_io_counters()
        if now is not None and before is not None:
            received, sent = now.bytes_recv - before.bytes_recv, now.bytes_sent - before.bytes_sent
            found["network_receive_megabytes"] = received / MEGABYTE
            found["network_transmit_megabytes"] = sent / MEGABYTE
        return {name: round(value, 3) for name, value in found.items()}

    return sample


def _gpus() -> Callable[[], Sample] | None:
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
