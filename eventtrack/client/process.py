"""What a training process has once for each server it logs to: a spool and its background thread.

After a fork the child starts anew: a spool of its own, with its own thread, made at its first log
call.  The parent's memory is left alone.
"""

import atexit
import logging
import os
import sys
import threading
import time
import uuid
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from eventtrack.client.batches import count_waiting
from eventtrack.client.options import Options
from eventtrack.client.shipping import Sender, Shipper
from eventtrack.client.spool import Spool, hold, identity_of, remove_folder, spools_in
from eventtrack.client.transport import Connection

logger = logging.getLogger("eventtrack")


class Outlet:
    """Where a process's records for one server go.  online: they are sent as well as kept."""

    def __init__(self, options: Options) -> None:
        self.options = options
        folder = (
            options.spool_dir
            / f"{time.time_ns() // 1_000_000_000}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
        )
        self.spool = Spool(folder, options.tracking_uri, bytes_max=options.spool_bytes_max)
        self.running: weakref.WeakSet[Any] = weakref.WeakSet()
        self._numbers = 0
        self._numbers_lock = threading.Lock()
        self.sender: Sender | None = None
        self.shipper: Shipper | None = None
        if options.mode == "online":
            connection = Connection(options.tracking_uri)
            self.sender = Sender(folder, self.spool.producer, connection, self.spool)
            self.shipper = Shipper(
                self.spool,
                self.sender,
                flush_seconds=options.flush_seconds,
                alive_seconds=max(options.lease_seconds / 3, 1.0),
                running=self._running,
                leftovers=lambda stopped: send_leftovers(options, until=None, stopped=stopped),
            )

    def number(self) -> int:
        """A number that no other row layout of this spool has."""
        with self._numbers_lock:
            self._numbers += 1
            return self._numbers

    def _running(self) -> list[str]:
        return [run.run_id for run in self.running]

    def flush(self, timeout_seconds: float) -> bool:
        """Wait until the server has everything written so far; True when it has."""
        return self.shipper is not None and self.shipper.flush(timeout_seconds)

    def close(self) -> None:
        """Send what is left, for a bounded time; say what remains and how to send it."""
        sent = self.flush(self.options.exit_timeout_seconds)
        if self.shipper is not None:
            self.shipper.close()
        if self.sender is not None:
            self.sender.close()
        if not sent:
            self._say_what_is_left()
        self.spool.close(remove=sent)

    def _say_what_is_left(self) -> None:
        entries, files = count_waiting(self.spool.folder)
        if not entries and not files:
            return
        what = f"{entries} values and changes" + (f" and {files} files" if files else "")
        why = "were logged offline" if self.shipper is None else "have not reached the server yet"
        sys.stderr.write(
            f"eventtrack: {what} {why}.  They are safe in {self.spool.folder}; the next run on "
            f"this machine sends them, or:  eventtrack sync {self.spool.folder}\n"
        )


_outlets: dict[tuple[str, str, Path], Outlet] = {}
_lock = threading.Lock()
_forked: list[Callable[[], None]] = []


def outlet(options: Options) -> Outlet:
    """The process's outlet for these options, made at first use.  Raises SpoolFull or OSError."""
    key = (options.tracking_uri, options.mode, options.spool_dir)
    with _lock:
        found = _outlets.get(key)
        if found is None:
            found = _outlets[key] = Outlet(options)
        return found


def after_fork(forget: Callable[[], None]) -> None:
    """Call this in a forked child, before it logs."""
    _forked.append(forget)


def flush(timeout_seconds: float | None = None) -> bool:
    """Wait until the servers have everything that was logged; True when they have."""
    results = [
        each.flush(
            each.options.exit_timeout_seconds if timeout_seconds is None else timeout_seconds
        )
        for each in list(_outlets.values())
        if each.shipper is not None
    ]
    return all(results)


def close_all() -> None:
    """The end of the process: send what is left, also of children that ended before."""
    with _lock:
        outlets = list(_outlets.values())
        _outlets.clear()
    for each in outlets:
        each.close()
    for each in outlets:
        if each.options.mode == "online":
            until = time.monotonic() + min(each.options.exit_timeout_seconds, 5.0)
            send_leftovers(each.options, until=until, own_children_of=os.getpid())


def _in_child() -> None:
    global _lock
    _lock = threading.Lock()
    for each in _outlets.values():
        # Else the child would hold the parent's lock beyond the parent's death.
        each.spool.forget()
    _outlets.clear()
    for forget in _forked:
        forget()
    if "multiprocessing" in sys.modules:
        # Its forked children end without atexit.
        from multiprocessing.util import Finalize

        Finalize(None, close_all, exitpriority=0)


def send_leftovers(
    options: Options,
    *,
    until: float | None,
    stopped: Callable[[], bool] = lambda: False,
    own_children_of: int | None = None,
) -> None:
    """Send what dead processes have left for the same server in the same folder.

    own_children_of: only what was left by processes started since this one's spool was made.
    """
    for folder in spools_in(options.spool_dir):
        if stopped():
            return
        identity = identity_of(folder)
        if identity is None or identity.tracking_uri != options.tracking_uri:
            continue
        if own_children_of is not None and identity.parent_id != own_children_of:
            continue
        send_one(folder, options.tracking_uri, until=until, stopped=stopped)


class Sent(msgspec.Struct):
    """What became of a dead process's spool; done: all of it is with the server.

    refused: entries that the server will never take; fault: why it was given up.
    """

    done: bool
    refused: int = 0
    fault: str = ""


def send_one(
    folder: Path,
    tracking_uri: str,
    *,
    until: float | None,
    stopped: Callable[[], bool] = lambda: False,
) -> Sent | None:
    """Send a dead process's spool and remove it.

    None: it is in use by a process that lives, or gone.  until: as in `Sender.drain`.
    """
    try:
        lock = hold(folder)
    except OSError:
        return None
    with lock:
        identity = identity_of(folder)
        if identity is None:
            return None
        sender = Sender(folder, identity.producer, Connection(tracking_uri))
        try:
            done = sender.drain(until, stopped)
        finally:
            sender.close()
        if done:
            remove_folder(folder)
        return Sent(done, sender.refused, sender.fault)


os.register_at_fork(after_in_child=_in_child)
atexit.register(close_all)
