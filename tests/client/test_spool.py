"""The spool: what is written is read, in order, from any place, whole or not at all."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventtrack import columns
from eventtrack.client import records
from eventtrack.client.batches import Reader, count_waiting, drop_segments
from eventtrack.client.records import ROW, File, Keys
from eventtrack.client.spool import (
    Cursor,
    Segment,
    Spool,
    SpoolFull,
    hold,
    remove_folder,
    segments_of,
)
from eventtrack.wire import ingest as wire
from tests.support import BRIEF

Point = tuple[str, int, int, float]
"""(key, step, timestamp, value)"""


class Make(Protocol):
    def __call__(self, **options: int) -> Spool: ...


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes the test's spool, and lets go of it after."""
    made: list[Spool] = []

    def make_it(**options: int) -> Spool:
        made.append(Spool(tmp_path / "spool", "http://localhost:1", **options))
        return made[-1]

    yield make_it
    for spool in made:
        spool.close(remove=False)


class Writer:
    """Writes rows as a run does, and remembers them."""

    def __init__(self, spool: Spool) -> None:
        self.spool = spool
        self.points: list[Point] = []
        self._segments: dict[tuple[str, ...], Segment] = {}
        self._numbers: dict[tuple[str, ...], int] = {}

    def row(self, step: int, values: dict[str, float]) -> None:
        keys = tuple(values)
        number = self._numbers.setdefault(keys, len(self._numbers))
        body = records.row_packer(len(keys)).pack(ROW, number, 1000 + step, step, *values.values())
        if not self.spool.append_row(body, self._segments.get(keys)):
            layout = records.keys_body(Keys(number, "r", -1, list(keys)))
            self._segments[keys] = self.spool.append(layout, body)
        self.points += [(key, step, 1000 + step, value) for key, value in values.items()]


def points_of(entries: list[wire.Entry]) -> list[Point]:
    found = []
    for entry in entries:
        assert isinstance(entry, wire.Metrics)
        assert isinstance(entry.steps, bytes)
        assert isinstance(entry.timestamps, bytes)
        for key, values in entry.values.items():
            assert isinstance(values, bytes)
            found += [
                (key, step, at, value)
                for step, at, value in zip(
                    columns.unpack_ints(entry.steps),
                    columns.unpack_ints(entry.timestamps),
                    columns.unpack_floats(values),
                    strict=True,
                )
            ]
    return found


def read_all(reader: Reader, place: int = 0) -> tuple[list[wire.Entry], list[File], int]:
    entries: list[wire.Entry] = []
    files: list[File] = []
    while (batch := reader.batch(place)) is not None:
        assert batch.end > place
        entries += batch.entries
        files += batch.files
        place = batch.end
    return entries, files, place


def by_series(points: list[Point]) -> dict[str, list[tuple[int, int, float]]]:
    series: dict[str, list[tuple[int, int, float]]] = {}
    for key, step, timestamp, value in points:
        series.setdefault(key, []).append((step, timestamp, value))
    return series


layouts = st.sampled_from([("a",), ("b",), ("a", "b"), ("a", "b", "c"), ("lr", "loss")])


@BRIEF
@given(
    rows=st.lists(st.tuples(layouts, st.floats(allow_nan=False)), max_size=60),
    stops=st.lists(st.integers(0, 60), max_size=4),
)
def test_what_is_written_is_read_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[tuple[str, ...], float]],
    stops: object,
) -> None:
    """Small segments, so that rows fall on both sides of their borders; a reader that follows."""
    assert isinstance(stops, list)
    folder = tmp_path_factory.mktemp("s")
    spool = Spool(folder / "spool", "http://localhost:1", segment_bytes=512)
    writer = Writer(spool)
    reader = Reader(spool.folder, spool)
    entries: list[wire.Entry] = []
    place = 0
    for step, (keys, value) in enumerate(rows):
        writer.row(step, {key: value + index for index, key in enumerate(keys)})
        if step in stops:
            more, _, place = read_all(reader, place)
            entries += more
            drop_segments(spool.folder, place)
    more, _, place = read_all(reader, place)
    entries += more
    assert by_series(points_of(entries)) == by_series(writer.points)
    assert place == spool.written
    reader.close()
    spool.close(remove=True)


def test_another_process_reads_on_from_the_middle(make: Make) -> None:
    """What a row's number stands for is found before the place where reading begins."""
    spool = make()
    writer = Writer(spool)
    for step in range(100):
        writer.row(step, {"a": step, "b": -step})
    first = Reader(spool.folder, spool).batch(0)
    assert first is not None
    writer.row(100, {"a": 100.0, "b": 0.5})
    entries, _, _ = read_all(Reader(spool.folder), first.end)
    assert points_of(entries) == [("a", 100, 1100, 100.0), ("b", 100, 1100, 0.5)]


@pytest.mark.parametrize("cut", [1, 7, 9, 30])
def test_a_torn_record_ends_the_reading(make: Make, cut: int) -> None:
    spool = make()
    writer = Writer(spool)
    for step in range(10):
        writer.row(step, {"a": step})
    ((_, path),) = segments_of(spool.folder)
    with path.open("r+b") as file:
        file.seek(spool.written - cut)
        file.write(b"\xff" * cut)
    entries, _, _ = read_all(Reader(spool.folder))
    assert [point[1] for point in points_of(entries)] == list(range(9))


def test_a_flipped_bit_is_noticed(make: Make) -> None:
    spool = make()
    writer = Writer(spool)
    for step in range(10):
        writer.row(step, {"a": step})
    ((_, path),) = segments_of(spool.folder)
    content = bytearray(path.read_bytes())
    content[spool.written // 2] ^= 4
    path.write_bytes(bytes(content))
    entries, _, _ = read_all(Reader(spool.folder))
    assert points_of(entries) == writer.points[: len(points_of(entries))]
    assert len(points_of(entries)) < 10


def test_points_lie_between_a_runs_start_and_end(make: Make) -> None:
    spool = make()
    writer = Writer(spool)
    spool.append(records.entry_body(wire.RunStart(run_id="r", experiment="e")))
    writer.row(0, {"a": 1.0})
    spool.append(records.entry_body(wire.Params(run_id="r", params={"lr": "1"})))
    writer.row(1, {"a": 2.0})
    spool.append(records.entry_body(wire.RunEnd(run_id="r")))
    writer.row(2, {"a": 3.0})
    entries, _, _ = read_all(Reader(spool.folder, spool))
    kinds = [type(entry).__name__ for entry in entries]
    assert kinds == ["RunStart", "Params", "Metrics", "RunEnd", "Metrics"]
    assert points_of([entries[2]]) == [("a", 0, 1000, 1.0), ("a", 1, 1001, 2.0)]


def test_what_comes_after_a_file_waits_for_it(make: Make) -> None:
    spool = make()
    file = File("r", "/tmp/f", "")
    spool.append(records.entry_body(wire.RunStart(run_id="r", experiment="e")))
    spool.append(records.file_body(file))
    spool.append(records.entry_body(wire.RunEnd(run_id="r")))
    reader = Reader(spool.folder, spool)
    first = reader.batch(0)
    assert first is not None
    assert ([type(entry).__name__ for entry in first.entries], first.files) == (
        ["RunStart"],
        [file],
    )
    second = reader.batch(first.end)
    assert second is not None
    assert [type(entry).__name__ for entry in second.entries] == ["RunEnd"]
    assert count_waiting(spool.folder) == (2, 1)


def test_a_record_larger_than_a_segment_and_a_batch(make: Make) -> None:
    spool = make(segment_bytes=4096)
    text = "x" * (5 << 20)
    spool.append(records.entry_body(wire.Tags(run_id="r", tags={"a": "1"})))
    spool.append(records.entry_body(wire.Tags(run_id="r", tags={"note": text})))
    spool.append(records.entry_body(wire.Tags(run_id="r", tags={"b": "2"})))
    entries, _, _ = read_all(Reader(spool.folder, spool))
    assert [entry.tags for entry in entries if isinstance(entry, wire.Tags)] == [
        {"a": "1"},
        {"note": text},
        {"b": "2"},
    ]


def test_the_backlog_is_bounded_and_goes_on_when_there_is_room(make: Make) -> None:
    spool = make(segment_bytes=4096, bytes_max=10_000)
    entry = records.entry_body(wire.Tags(run_id="r", tags={"note": "x" * 1000}))
    written = 0
    with pytest.raises(SpoolFull, match="at most 10000 are kept"):  # noqa: PT012
        for written in range(100):  # noqa: B007  # how far it came is looked at below
            spool.append(entry)
    assert 10 <= written <= 20
    spool.acked = spool.written
    spool.append(entry)
    entries, _, _ = read_all(Reader(spool.folder, spool))
    assert len(entries) == written + 1


def test_a_full_disk_is_noticed_when_a_segment_is_made(make: Make) -> None:
    """Not by a signal in the middle of a write to mapped memory."""
    spool = make(segment_bytes=4096)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2048, hard))
    try:
        with pytest.raises(SpoolFull, match="no room"):
            spool.append(*[bytes(1000)] * 5)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_the_cursor_survives_and_a_torn_one_begins_again(tmp_path: Path) -> None:
    cursor = Cursor(tmp_path)
    assert (cursor.acked, cursor.following) == (0, 0)
    cursor.following = 10
    cursor.advance(12)
    assert (Cursor(tmp_path).acked, Cursor(tmp_path).following) == (12, 10)
    (tmp_path / "acked").write_bytes(b"\x0c" + (tmp_path / "acked").read_bytes()[:-1])
    assert (Cursor(tmp_path).acked, Cursor(tmp_path).following) == (0, 0)


def test_a_spool_is_held_by_one_process(make: Make) -> None:
    spool = make()
    with pytest.raises(BlockingIOError):
        hold(spool.folder)
    spool.forget()
    hold(spool.folder).close()
    remove_folder(spool.folder)
    assert not spool.folder.exists()


KILLED = """
import os, signal, sys
from pathlib import Path
from eventtrack.client.spool import Spool
from tests.client.test_spool import Writer
writer = Writer(Spool(Path(sys.argv[1]), "http://localhost:1", segment_bytes=65536))
for step in range(5000):
    writer.row(step, {"a": step})
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_wrote_is_there(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "spool")],
        cwd=Path(__file__).parent.parent.parent,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent.parent)},
    )
    assert done.returncode == -signal.SIGKILL
    entries, _, _ = read_all(Reader(tmp_path / "spool"))
    assert [point[1] for point in points_of(entries)] == list(range(5000))


def test_who_waits_for_the_cursor_finds_it_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A flush ends when `acked` says so: a trainer killed then has nothing to send again."""
    cursor = Cursor(tmp_path)
    writing, told = os.pwrite, []

    def watched(*args: Any) -> int:
        told.append(cursor.acked)
        return writing(*args)

    monkeypatch.setattr(os, "pwrite", watched)
    cursor.advance(12)
    assert told == [0], "it must not say so before it is written"
    assert cursor.acked == 12


def test_a_kill_in_the_middle_of_writing_the_cursor_leaves_a_cursor(tmp_path: Path) -> None:
    script = (
        "import sys; from itertools import count; from pathlib import Path\n"
        "from eventtrack.client.spool import Cursor\n"
        "cursor = Cursor(Path(sys.argv[1]))\n"
        "cursor.advance(1); print('ready', flush=True)\n"
        "for acked in count(2): cursor.advance(acked)\n"
    )
    for _ in range(10):
        with subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            process.kill()
        assert Cursor(tmp_path).acked > 0


def test_a_full_disk_does_not_stop_the_sending(make: Make) -> None:
    """Sending is what frees the disk: neither the segment ahead nor the cursor may hold it up."""
    spool = make(segment_bytes=4096)
    spool.append(records.entry_body(wire.Tags(run_id="r", tags={"note": "x" * 2000})))
    cursor = Cursor(spool.folder)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        spool.prepare()
        cursor.advance(10)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert not (spool.folder / "standby").exists()
    assert Cursor(spool.folder).acked == 0, "what is lost of it is sent again"
    spool.prepare()
    assert (spool.folder / "standby").exists()
