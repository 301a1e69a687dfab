"""What the console's tee must never do to the user's print, and what it records of a bar."""

import io
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from eventtrack.client.capture import console as console_module
from eventtrack.client.capture.console import LINE_CHARS_MAX, Console, Emit


@contextmanager
def teed(monkeypatch: pytest.MonkeyPatch, emit: Emit) -> Iterator[Console]:
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", io.StringIO())
        console = Console(emit)
        console.start()
        yield console
        console.stop()


def recorded(monkeypatch: pytest.MonkeyPatch, *pieces: str) -> list[str]:
    lines: list[str] = []
    with teed(monkeypatch, lambda source, at, line: lines.append(line)):
        for piece in pieces:
            sys.stdout.write(piece)
    return lines


def all_end(*works: Callable[[], object]) -> bool:
    threads = [threading.Thread(target=work, daemon=True) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    return not any(thread.is_alive() for thread in threads)


def test_a_lock_that_emit_needs_may_be_held_by_a_thread_that_prints(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines: list[str] = []
    theirs, emitting, held = threading.Lock(), threading.Event(), threading.Event()

    def emit(source: str, at: int, line: str) -> None:
        emitting.set()
        held.wait(5)
        with theirs:
            lines.append(line)

    def holder() -> None:
        with theirs:
            held.set()
            emitting.wait(5)
            print("while holding")

    with teed(monkeypatch, emit):
        assert all_end(lambda: print("user"), holder)
    assert lines == ["user", "while holding"]


def test_a_slow_emit_keeps_no_other_thread_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[str] = []
    go = threading.Event()

    def emit(source: str, at: int, line: str) -> None:
        if line == "slow":
            go.wait(10)
        lines.append(line)

    with teed(monkeypatch, emit):
        slow = threading.Thread(target=lambda: print("slow"))
        slow.start()
        time.sleep(0.1)
        began = time.monotonic()
        for number in range(100):
            print(number)
        assert time.monotonic() - began < 1
        go.set()
        slow.join()
    assert lines == ["slow", *map(str, range(100))]


def test_what_a_hanging_emit_leaves_over_is_given_up_and_reported(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(console_module, "FINISH_SECONDS", 0.1)
    monkeypatch.setattr(console_module, "PENDING_MAX", 10)
    go = threading.Event()

    def hang(source: str, at: int, line: str) -> None:
        go.wait(10)

    with teed(monkeypatch, hang) as console:
        hanging = threading.Thread(target=lambda: print("one"))
        hanging.start()
        time.sleep(0.1)
        for number in range(100):
            print(number)
        console.stop()
        go.set()
        hanging.join()
    assert caplog.text.count("are not recorded") == 1


def test_what_one_print_has_no_time_for_is_recorded_though_nobody_prints_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(console_module, "DRAIN_SECONDS", 0.0)
    lines: list[str] = []
    queued = threading.Event()

    def emit(source: str, at: int, line: str) -> None:
        queued.wait(5)
        lines.append(line)

    with teed(monkeypatch, emit):
        first = threading.Thread(target=lambda: print("0"))
        first.start()
        time.sleep(0.1)
        for number in range(1, 10):
            print(number)
        queued.set()
        first.join()
        deadline = time.monotonic() + 5
        while len(lines) < 10 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert lines == list("0123456789")


def test_one_thread_does_not_emit_for_all_others_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(console_module, "DRAIN_SECONDS", 0.05)
    ended = threading.Event()

    def others() -> None:
        while not ended.is_set():
            print("other")
            time.sleep(0.0001)

    with teed(monkeypatch, lambda source, at, line: time.sleep(0.01)):
        thread = threading.Thread(target=others)
        thread.start()
        began = time.monotonic()
        for _ in range(5):
            print("mine")
        assert time.monotonic() - began < 3
        ended.set()
        thread.join()


def test_an_emit_that_raises_is_reported_once_and_never_reaches_print(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[str] = []

    def emit(source: str, at: int, line: str) -> None:
        calls.append(line)
        raise RuntimeError("the disk is full")

    # A handler that prints what it is told, to the stream that is recorded.
    handler = logging.StreamHandler()
    with teed(monkeypatch, emit):
        handler.setStream(sys.stdout)
        logging.getLogger("eventtrack").addHandler(handler)
        try:
            print("one")
            print("two")
        finally:
            logging.getLogger("eventtrack").removeHandler(handler)
    assert calls == ["one", "two"]
    assert caplog.text.count("the disk is full") == 1


def test_a_log_handler_that_raises_does_not_reach_print_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*arguments: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(logging.getLogger("eventtrack"), "warning", fail)
    with teed(monkeypatch, fail):
        print("one")


def test_what_emitting_prints_to_the_other_stream_is_not_recorded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines: list[str] = []

    def emit(source: str, at: int, line: str) -> None:
        lines.append(line)
        print("from inside", file=sys.stderr)

    monkeypatch.setattr(sys, "stderr", io.StringIO())
    with teed(monkeypatch, emit):
        print("one")
    assert lines == ["one"]


def test_a_signal_handler_may_print_in_the_middle_of_a_print(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines: list[str] = []

    def emit(source: str, at: int, line: str) -> None:
        lines.append(line)
        if line == "one":
            signal.raise_signal(signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, lambda *_: print("from the handler"))
    try:
        with teed(monkeypatch, emit) as console:
            print("one")
            print("two")
            signal.signal(signal.SIGUSR1, lambda *_: console.stop())
            print("one")
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert lines[:2] == ["one", "two"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_forked_while_another_thread_emits_prints_and_is_recorded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader, writer = os.pipe()
    emitting, go = threading.Event(), threading.Event()

    def emit(source: str, at: int, line: str) -> None:
        if line == "parent":
            emitting.set()
            go.wait(10)
        os.write(writer, f"{line}\n".encode())

    with teed(monkeypatch, emit):
        sys.stdout.write("unfinished ")
        thread = threading.Thread(target=lambda: print("\nparent"))
        thread.start()
        emitting.wait(5)
        print("not the child's")
        pid = os.fork()
        if pid == 0:
            print("child")
            os._exit(0)
        ended = ended_within(pid, 5)
        go.set()
        thread.join()
    os.close(writer)
    with open(reader) as pipe:
        lines = pipe.read().split("\n")
    assert ended
    assert lines == ["unfinished ", "child", "parent", "not the child's", ""]


def ended_within(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if os.waitpid(pid, os.WNOHANG)[0]:
            return True
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return False


def test_a_tee_that_is_no_longer_used_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    before = len(console_module._tees)
    for _ in range(10):
        recorded(monkeypatch, "x\n")
    assert len(console_module._tees) <= before + 2


@pytest.mark.parametrize(
    ("pieces", "lines"),
    [
        (["\r1%", "\n", "after\n"], ["1%", "after"]),
        (["\r1%", "\r2%", "\r3%", "\n"], ["1%", "3%"]),
        (["\r1%", "\r1%", "\n"], ["1%"]),
        (["\r1%", "\n", "\n", "x\n"], ["1%", "", "x"]),
        (["a\r100%", "\r     \r", "done", "\n"], ["100%", "done"]),
        (["\r50%", "\r90%", "\r    \r", "\n", "after\n"], ["50%", "after"]),
        (["\r50%", "\r    \r"], ["50%"]),
        (["50%\r", "100%\r", "\n"], ["50%", "100%"]),
        (["a\r\nb\r\n\r\nc\r\n"], ["a", "b", "", "c"]),
        (["a\r", "\n", "b"], ["a", "b"]),
        (["   \n", "\n"], ["   ", ""]),
        (["\r90%", "\n\r   \r\x1b[A", "\r   \r", "done\n"], ["90%", "done"]),
    ],
)
def test_what_is_recorded_of_redrawn_lines(
    monkeypatch: pytest.MonkeyPatch, pieces: list[str], lines: list[str]
) -> None:
    assert recorded(monkeypatch, *pieces) == lines


def test_a_bar_is_recorded_now_and_then_while_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(console_module, "REDRAWN_SECONDS", -1.0)
    assert recorded(monkeypatch, "\r1%", "\r2%", "\r  ", "\r3", "%", "\n") == [
        "1%", "2%", "3", "3%"
    ]  # fmt: skip


@pytest.mark.parametrize("size", [1, 7, 1000, 8000, 100_000])
def test_a_long_line_keeps_its_head(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    text = "HEAD" + "x" * 9000 + "tail"
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    for end in ("\n", ""):
        lines = recorded(monkeypatch, *pieces, end)
        assert lines == [text[: LINE_CHARS_MAX - 1] + "…"]


def test_a_line_of_just_the_limit_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    assert recorded(monkeypatch, "x" * LINE_CHARS_MAX, "\n") == ["x" * LINE_CHARS_MAX]
