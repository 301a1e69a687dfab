"""Wide rows: what one batch brought for a run, all its metrics in one row.

A wide row holds tables: metrics that were logged at the same steps share one column of steps and
one of timestamps.  So a request with a thousand metrics costs one row, not a thousand.
"""

from collections.abc import Iterable, Sequence

import msgspec

from eventtrack.events.metrics import Table
from projections.metrics.packing import (
    PACKED_POINTS_MIN,
    Points,
    floats_of,
    ints_of,
    raw_of,
    store_floats,
    store_ints,
)


class Wide(msgspec.Struct, frozen=True, array_like=True):
    """Points of some metrics of one rank, in stored columns, in the order they were logged."""

    rank: int
    points: int
    steps: bytes
    timestamps: bytes
    values: dict[str, bytes]

    def of(self, key: str) -> Points:
        """The points of one of its metrics."""
        return Points(
            ints_of(self.steps, self.points),
            ints_of(self.timestamps, self.points),
            floats_of(self.values[key], self.points),
        )


Logged = Table | Wide


def gather(tables: Iterable[Logged], *, pack: bool = False) -> list[Wide]:
    """Join tables of the same rank and the same metrics; their order within a metric stays.

    pack: long columns are packed; else what is joined stays raw, for it will be joined again soon.
    """
    alike: dict[tuple[int, tuple[str, ...]], list[Logged]] = {}
    for table in tables:
        alike.setdefault((table.rank, tuple(table.values)), []).append(table)
    return [_join(rank, keys, some, pack) for (rank, keys), some in alike.items()]


def _join(rank: int, keys: tuple[str, ...], tables: Sequence[Logged], pack: bool) -> Wide:
    if len(tables) == 1:
        (table,) = tables
        return Wide(rank, table.points, table.steps, table.timestamps, table.values)
    counts = [table.points for table in tables]
    points = sum(counts)
    steps = _raw([table.steps for table in tables], counts)
    timestamps = _raw([table.timestamps for table in tables], counts)
    columns = [table.values for table in tables]
    values = {key: _raw([column[key] for column in columns], counts) for key in keys}
    if pack and points >= PACKED_POINTS_MIN:
        steps, timestamps = store_ints(steps), store_ints(timestamps)
        values = {key: store_floats(column) for key, column in values.items()}
    return Wide(rank, points, steps, timestamps, values)


def _raw(columns: list[bytes], counts: list[int]) -> bytes:
    return b"".join(map(raw_of, columns, counts))


def encode(tables: list[Wide]) -> bytes:
    """Tables -> the content of a wide row."""
    return _encoder.encode(tables)


def decode(content: bytes) -> list[Wide]:
    """What `encode` made."""
    return _decoder.decode(content)


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Wide])


def size_of(tables: Sequence[Wide]) -> tuple[int, int, int]:
    """(points, number of series, bytes) of tables."""
    keys: dict[int, set[str]] = {}
    points = size = 0
    for table in tables:
        keys.setdefault(table.rank, set()).update(table.values)
        points += table.points * len(table.values)
        size += len(table.steps) + len(table.timestamps) + sum(map(len, table.values.values()))
    return points, sum(map(len, keys.values())), size
