"""From a spool's records to requests: rows become columns, order is kept where it matters."""

from bisect import bisect_right
from itertools import pairwise
from pathlib import Path

import msgspec

from eventtrack.client import records
from eventtrack.client.records import File, Keys, Rows
from eventtrack.client.spool import Cursor, Segment, Spool, segments_of
from eventtrack.wire import ingest as wire

LINES_JOINED_MAX = 1000

BATCH_BYTES_MAX = 2 << 20
"""A request holds about so much of the spool."""


class Batch(msgspec.Struct):
    """What lies between two places of a spool: entries to send, then files to upload."""

    start: int
    end: int
    entries: list[wire.Entry]
    files: list[File]


class _Gathered:
    """Rows of one number, waiting to become one Metrics entry."""

    def __init__(self, count: int) -> None:
        self.steps: list[bytes] = []
        self.timestamps: list[bytes] = []
        self.values: list[list[bytes]] = [[] for _ in range(count)]

    def add(self, rows: Rows) -> None:
        self.steps.append(rows.steps)
        self.timestamps.append(rows.timestamps)
        for column, more in zip(self.values, rows.values, strict=True):
            column.append(more)

    def entry(self, keys: Keys) -> wire.Metrics:
        return wire.Metrics(
            run_id=keys.run_id,
            rank=keys.rank,
            steps=b"".join(self.steps),
            timestamps=b"".join(self.timestamps),
            values={
                key: b"".join(column) for key, column in zip(keys.keys, self.values, strict=True)
            },
        )


class Reader:
    """Reads a spool from a place on, segment by segment.

    spool: the process's own, whose last segment is in memory; None for what another one left, which
    is read with its checksums.
    """

    def __init__(self, folder: Path, spool: Spool | None = None) -> None:
        self._folder = folder
        self._spool = spool
        self._keys: dict[int, Keys] = {}
        self._shared: dict[tuple[int, int], bool] = {}
        self._start = -1
        self._content = memoryview(b"")
        self._mapped: Segment | None = None

    def batch(self, place: int) -> Batch | None:
        """What comes after a place, up to about BATCH_BYTES_MAX; None when nothing does."""
        segments = segments_of(self._folder)
        starts = [start for start, _ in segments]
        if not starts:
            return None
        # The last segment that begins at or before the place; its predecessors are sent.
        index = max(bisect_right(starts, place) - 1, 0)
        place = max(place, starts[index])
        self._open(*segments[index], place)
        batch = self._read(place)
        if batch is None and index + 1 < len(segments):
            # The rest of this segment is torn: what could be read of it has been.
            return self.batch(starts[index + 1])
        return batch

    def _read(self, place: int) -> Batch | None:
        at, end = place - self._start, len(self._content)
        if self._spool is not None and self._mapped is not None:
            end = self._spool.end_of(self._mapped)
        batch = Batch(place, place, [], [])
        waiting: dict[int, _Gathered] = {}
        checked = self._spool is None
        for limit in (min(end, at + BATCH_BYTES_MAX), end):
            for after, record in records.read(self._content, at, limit, checked):
                if batch.files and not isinstance(record, File):
                    # What comes after a file waits until it is uploaded.
                    break
                self._take(record, batch, waiting)
                batch.end = self._start + after
                if limit > at + BATCH_BYTES_MAX:
                    break
            if batch.end > place:
                break
            # One record alone is larger than a batch: take it by itself.
        self._settle(batch, waiting)
        return batch if batch.end > place else None

    def _take(self, record: records.Record, batch: Batch, waiting: dict[int, _Gathered]) -> None:
        if isinstance(record, Rows):
            if any(self._share(record.number, other) for other in waiting):
                # A metric of both keeps the order in which it was logged.
                self._settle(batch, waiting)
            gathered = waiting.get(record.number)
            if gathered is None:
                gathered = waiting[record.number] = _Gathered(len(record.values))
            gathered.add(record)
        elif isinstance(record, Keys):
            self._keys[record.number] = record
        elif isinstance(record, File):
            batch.files.append(record)
        else:
            if isinstance(record, wire.RunStart | wire.RunEnd):
                # A run's points lie between its start and its end.
                self._settle(batch, waiting)
            if isinstance(record, wire.Console) and _continues(batch.entries, record):
                return
            batch.entries.append(record)

    def _share(self, one: int, other: int) -> bool:
        """Whether rows of two different numbers have a metric in common."""
        if one == other:
            return False
        found = self._shared.get((one, other))
        if found is None:
            keys, others = self._keys[one], self._keys[other]
            found = keys.run_id == others.run_id and not set(keys.keys).isdisjoint(others.keys)
            self._shared[one, other] = found
        return found

    def _settle(self, batch: Batch, waiting: dict[int, _Gathered]) -> None:
        batch.entries += [each.entry(self._keys[number]) for number, each in waiting.items()]
        waiting.clear()

    def _open(self, start: int, path: Path, place: int) -> None:
        """Have a segment at hand, and what the numbers of its rows before the place stand for."""
        current = self._spool.segment if self._spool is not None else None
        mapped = current if current is not None and current.start == start else None
        if start == self._start and mapped is self._mapped:
            return
        self._mapped = mapped
        self._content = memoryview(mapped.map if mapped is not None else path.read_bytes())
        if start != self._start:
            self._start = start
            self._keys.clear()
            self._shared.clear()
            for _, record in records.read(self._content, 0, place - start, False):
                if isinstance(record, Keys):
                    self._keys[record.number] = record

    def close(self) -> None:
        """Let go of the segment's memory."""
        self._content.release()
        self._mapped = None
        self._start = -1


def _continues(entries: list[wire.Entry], more: wire.Console) -> bool:
    """Add lines to the entry before them when they come from the same place."""
    last = entries[-1] if entries else None
    if (
        not isinstance(last, wire.Console)
        or len(last.lines) >= LINES_JOINED_MAX
        or (last.run_id, last.source, last.rank) != (more.run_id, more.source, more.rank)
        or not isinstance(last.timestamps, bytes)
        or not isinstance(more.timestamps, bytes)
    ):
        return False
    last.timestamps += more.timestamps
    last.lines += more.lines
    return True


def drop_segments(folder: Path, acked: int) -> None:
    """Remove the segments that lie wholly before a place, but never the last one."""
    for (_, path), (following, _) in pairwise(segments_of(folder)):
        if following <= acked:
            path.unlink(missing_ok=True)


def count_waiting(folder: Path) -> tuple[int, int]:
    """What a spool still holds: (points and other entries, files)."""
    place, entries, files = Cursor(folder).acked, 0, 0
    reader = Reader(folder)
    while (batch := reader.batch(place)) is not None:
        files += len(batch.files)
        for entry in batch.entries:
            if isinstance(entry, wire.Metrics):
                entries += len(entry.steps) // 8 * len(entry.values)
            else:
                entries += 1
        place = batch.end
    return entries, files
