"""What a process prints, line by line, beside what the user sees, which is not changed.

No print waits for another's recording: what is printed is queued, and whoever finds nobody at
work on the queue records what is in it.  So nothing is locked that a print would wait for, in a
thread, a signal handler or a forked child.
"""

import contextlib
import logging
import os
import re
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

LINE_CHARS_MAX = 8000
REDRAWN_SECONDS = 1.0
"""A line that is drawn again and again (a progress bar) is recorded this often at most."""

DRAIN_SECONDS = 0.2
"""How long a print works on what other threads have queued; then a thread does it."""

FINISH_SECONDS = 2.0
"""How long the end waits for what is still being recorded."""

PENDING_MAX = 100_000
"""More printed pieces than this are not queued behind a recording that hangs."""

Emit = Callable[[str, int, str], None]
"""Called with `stdout` or `stderr`, milliseconds since 1970, and a line without its newline."""

logger = logging.getLogger("eventtrack")


class Console:
    """Tees sys.stdout and sys.stderr between `start` and `stop`."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._tees: list[tuple[str, Any, _Tee]] = []

    def start(self) -> None:
        """Put a tee in the place of both streams."""
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            if stream is not None and not self._tees_on(name):
                tee = _Tee(stream, name, self._emit)
                setattr(sys, name, tee)
                self._tees.append((name, stream, tee))

    def _tees_on(self, name: str) -> bool:
        return any(each == name for each, _, _ in self._tees)

    def stop(self) -> None:
        """Put the streams back, unless somebody else has replaced them since."""
        for name, stream, tee in self._tees:
            tee.finish()
            if getattr(sys, name) is tee:
                setattr(sys, name, stream)
        self._tees = []


class _Line:
    """The line that is being printed, as a terminal would show it."""

    def __init__(self) -> None:
        self._live_at = 0.0
        self._clear()

    def _clear(self) -> None:
        self._text = ""
        # What stands in the line while nothing has been drawn over it since a carriage return.
        self._before = ""
        self._redrawn = False
        self._live = ""

    @property
    def unfinished(self) -> bool:
        return bool(self._text or self._before)

    def add(self, text: str) -> list[str]:
        """Print a piece; the lines to record now, a bar that is still being drawn among them."""
        first, *others = text.split("\n")
        self._draw(first)
        lines: list[str] = []
        for other in others:
            lines += self.end()
            self._draw(other)
        if self._redrawn and time.monotonic() - self._live_at > REDRAWN_SECONDS:
            shown = self._shown()
            if shown != self._live and _visible(shown):
                self._live_at = time.monotonic()
                self._live = shown
                lines.append(shown)
        return lines

    def end(self) -> list[str]:
        """Begin a new line; the one that ends, unless it is a recorded or an erased bar."""
        shown = self._shown()
        bar = self._redrawn and shown != ""
        known = bar and (shown == self._live or not _visible(shown))
        self._clear()
        return [] if known else [shown]

    def _draw(self, text: str) -> None:
        # One character more than is shown is kept, to know of it.
        more, *redrawn = text.split("\r")
        self._text += more[: LINE_CHARS_MAX + 1 - len(self._text)]
        for each in redrawn:
            self._redrawn = True
            self._before = self._text or self._before
            self._text = each[: LINE_CHARS_MAX + 1]

    def _shown(self) -> str:
        text = self._text or self._before
        return text if len(text) <= LINE_CHARS_MAX else text[: LINE_CHARS_MAX - 1] + "…"


_INVISIBLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\s")


def _visible(text: str) -> bool:
    return _INVISIBLE.sub("", text) != ""


class _Tee:
    """A text stream that passes everything on; what it is asked besides, its stream answers."""

    def __init__(self, stream: Any, name: str, emit: Emit) -> None:
        self._stream = stream
        self._name = name
        self._emit: Emit | None = emit
        self._reported = False
        self.begin_anew()
        _tees.add(self)

    def begin_anew(self) -> None:
        """In a forked child: what was queued is the parent's, who works on it is not here."""
        self._line = _Line()
        self._pending: deque[tuple[int, str]] = deque()
        self._overflown = False
        # Never waited for by a print.
        self._draining = threading.Lock()

    def write(self, text: str) -> int:
        written: int = self._stream.write(text)
        # What is emitted may print itself (a warning, say); that is not recorded again.
        if self._emit is not None and not _emitting():
            if len(self._pending) < PENDING_MAX:
                self._pending.append((time.time_ns() // 1_000_000, text))
            else:
                self._overflown = True
            self._drain(DRAIN_SECONDS)
        return written

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __iter__(self) -> Any:
        return iter(self._stream)

    def _drain(self, seconds: float) -> None:
        """Record what is queued, unless somebody is at it: he looks again when he is done."""
        until = time.monotonic() + seconds
        while self._pending:
            # By a name of its own: if emitting forks, the child has another.
            lock = self._draining
            if not lock.acquire(blocking=False):
                return
            try:
                done = self._record_pending(until)
            finally:
                lock.release()
            if not done:
                # At the end of the process no thread can be started; the end waits a little.
                with contextlib.suppress(RuntimeError):
                    threading.Thread(
                        target=self._drain,
                        args=(threading.TIMEOUT_MAX,),
                        name="eventtrack console",
                        daemon=True,
                    ).start()
                return

    def _record_pending(self, until: float) -> bool:
        """Record what is queued in its order; False when there was not the time for all."""
        while self._pending:
            at, text = self._pending.popleft()
            try:
                lines = self._line.add(text)
            except Exception as error:
                # Some streams take more than texts.
                self._failed(error)
                continue
            for line in lines:
                self._send(at, line)
            if time.monotonic() > until:
                return not self._pending
        if self._overflown:
            self._failed("more was printed than could be recorded in time")
        return True

    def _send(self, at: int, line: str) -> None:
        if self._emit is None:
            return
        with _unrecorded():
            try:
                self._emit(self._name, at, line)
            except Exception as error:
                self._failed(error)

    def _failed(self, error: object) -> None:
        if self._reported:
            return
        self._reported = True
        # Nothing of this may reach the user's print, not even a log handler that raises.
        with _unrecorded(), contextlib.suppress(Exception):
            logger.warning("lines of %s are not recorded: %s", self._name, error)

    def finish(self) -> None:
        """Emit what is queued and an unfinished last line, and nothing more."""
        lock = self._draining
        # In the middle of its own emitting (a signal handler) a thread would wait for itself.
        if _emitting() or not lock.acquire(timeout=FINISH_SECONDS):
            self._emit = None
            self._failed("the recording was not done in time")
            return
        try:
            self._record_pending(time.monotonic() + FINISH_SECONDS)
            if self._line.unfinished:
                for line in self._line.end():
                    self._send(time.time_ns() // 1_000_000, line)
        finally:
            self._emit = None
            self._pending.clear()
            lock.release()


_busy = threading.local()


def _emitting() -> bool:
    return getattr(_busy, "emitting", False)


@contextlib.contextmanager
def _unrecorded() -> Iterator[None]:
    """What this thread prints meanwhile is the recording's own."""
    before = _emitting()
    _busy.emitting = True
    try:
        yield
    finally:
        _busy.emitting = before


_tees: "weakref.WeakSet[_Tee]" = weakref.WeakSet()


def _in_child() -> None:
    for tee in list(_tees):
        tee.begin_anew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
