"""What a server costs: CPU seconds, memory and disk of its whole process tree."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

_SAMPLE_SECONDS = 0.1
_TREE_SECONDS = 1.0
_QUIET_SHARE = 0.05
_QUIET_WINDOW_SECONDS = 0.3
_QUIET_LIMIT_SECONDS = 10.0


@dataclass
class Usage:
    """What a server used while it was watched.

    `cpu` counts the deferred work too: it runs until the tree has come to rest.
    """

    cpu: float = 0.0
    rss_before: int = 0
    rss_peak: int = 0
    disk: int = 0


class ProcessTree:
    """A process and all its descendants, those that have ended in the meantime included."""

    def __init__(self, pid: int) -> None:
        self._root = psutil.Process(pid)
        self._known: dict[psutil.Process, float] = {}
        self._listed = 0.0
        # The sampling thread and the orchestrator both look.
        self._lock = threading.Lock()

    def cpu(self) -> float:
        """User and system seconds of the tree since it began."""
        with self._lock:
            for process in self._members():
                with contextlib.suppress(psutil.NoSuchProcess):
                    times = process.cpu_times()
                    self._known[process] = times.user + times.system
            return sum(self._known.values())

    def rss(self) -> int:
        """Resident bytes, summed over the tree; shared pages count once for each process."""
        total = 0
        with self._lock:
            for process in self._members():
                with contextlib.suppress(psutil.NoSuchProcess):
                    total += process.memory_info().rss
        return total

    def pss(self) -> int | None:
        """Resident bytes with shared pages divided among their users; None if not readable."""
        total = 0
        with self._lock:
            for process in self._members():
                with contextlib.suppress(psutil.NoSuchProcess):
                    try:
                        total += process.memory_full_info().pss
                    except (AttributeError, psutil.AccessDenied):
                        return None
        return total

    def wait_quiet(self) -> None:
        """Wait until the tree uses next to no CPU, or for ten seconds."""
        deadline = time.monotonic() + _QUIET_LIMIT_SECONDS
        before = self.cpu()
        while time.monotonic() < deadline:
            time.sleep(_QUIET_WINDOW_SECONDS)
            now = self.cpu()
            if now - before < _QUIET_SHARE * _QUIET_WINDOW_SECONDS:
                return
            before = now

    def _members(self) -> list[psutil.Process]:
        # Listing walks over all processes of the machine, so it is done once a second.
        if time.monotonic() - self._listed > _TREE_SECONDS:
            self._listed = time.monotonic()
            with contextlib.suppress(psutil.NoSuchProcess):
                for process in [self._root, *self._root.children(recursive=True)]:
                    self._known.setdefault(process, 0.0)
        return list(self._known)


@contextlib.contextmanager
def watched(tree: ProcessTree, folder: Path) -> Iterator[Usage]:
    """Measure what `tree` uses inside the block and until it rests; `folder` is its data."""
    tree.wait_quiet()
    before = tree.rss()
    usage = Usage(cpu=-tree.cpu(), rss_before=before, rss_peak=before)
    stop = threading.Event()

    def sample() -> None:
        while not stop.wait(_SAMPLE_SECONDS):
            tree.cpu()
            usage.rss_peak = max(usage.rss_peak, tree.rss())

    sampler = threading.Thread(target=sample, daemon=True)
    sampler.start()
    try:
        yield usage
    finally:
        stop.set()
        sampler.join()
    usage.rss_peak = max(usage.rss_peak, tree.rss())
    tree.wait_quiet()
    usage.cpu += tree.cpu()
    usage.disk = bytes_on_disk(folder)


def bytes_on_disk(folder: Path) -> int:
    """Bytes the file system has given to the files under `folder`."""
    total = 0
    for path in folder.rglob("*"):
        # A server may remove a file (a WAL, a temporary one) between listing and looking.
        with contextlib.suppress(FileNotFoundError):
            total += path.lstat().st_blocks * 512 if path.is_file() else 0
    return total
