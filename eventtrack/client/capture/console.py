"""What a process prints, line by line, beside what the user sees, which is not changed."""

import sys
import threading
import time
from collections.abc import Callable
from typing import Any

LINE_CHARS_MAX = 8000
REDRAWN_SECONDS = 1.0
"""A line that is drawn again and again (a progress bar) is recorded this often at most."""

Emit = Callable[[str, int, str], None]
"""Called with `stdout` or `stderr`, milliseconds since 1970, and a line without its newline."""


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


class _Tee:
    """A text stream that passes everything on; what it is asked besides, its stream answers."""

    def __init__(self, stream: Any, name: str, emit: Emit) -> None:
        self._stream = stream
        self._name = name
        self._emit: Emit | None = emit
        self._rest = ""
        self._drawn = 0.0
        self._busy = threading.local()
        self._lock = threading.RLock()

    def write(self, text: str) -> int:
        written: int = self._stream.write(text)
        if self._emit is not None and not getattr(self._busy, "emitting", False):
            self._take(text)
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

    def _take(self, text: str) -> None:
        # What is emitted may print itself (a warning, say); that is not recorded again.
        self._busy.emitting = True
        try:
            with self._lock:
                *lines, self._rest = (self._rest + text).split("\n")
                for line in lines:
                    self._send(line)
                if "\r" in self._rest and time.monotonic() - self._drawn > REDRAWN_SECONDS:
                    self._drawn = time.monotonic()
                    self._send(self._rest)
                    self._rest = ""
                elif len(self._rest) > LINE_CHARS_MAX:
                    self._rest = self._rest[-LINE_CHARS_MAX:]
        finally:
            self._busy.emitting = False

    def _send(self, line: str) -> None:
        """Emit what a terminal would show of a line: what follows its last carriage return."""
        shown = line.rstrip("\r").rpartition("\r")[2]
        if len(shown) > LINE_CHARS_MAX:
            shown = shown[: LINE_CHARS_MAX - 1] + "…"
        if self._emit is not None and (shown or not line):
            # The run's own methods report their faults and never raise.
            self._emit(self._name, time.time_ns() // 1_000_000, shown)

    def finish(self) -> None:
        """Emit an unfinished last line, and nothing more."""
        with self._lock:
            if self._rest:
                self._take("\n")
            self._emit = None
