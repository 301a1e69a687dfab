"""Stored columns: how the points of a series lie in the views file.

A raw column is little-endian, eight bytes per entry.  A stored one is either raw or, where it pays,
the same numbers in pcodec's standalone format, lossless also for the bits of a NaN; shorter than
raw means packed.  These are the stored columns of the events, which are therefore taken over as
they came.
"""

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]
    Flags = npt.NDArray[np.bool_]

# numpy and pcodec are imported where they are used: together they take a third of a server's start.

ENTRY_BYTES = 8

PACKED_POINTS_MIN = 64
"""Shorter columns are stored raw: packing costs 7 us whatever the length."""

PACK_LEVEL = 4
"""pcodec's level, of 12: a block is packed once or twice in its life.  Level 8 takes four times the
time for the last per cent."""


class Points(msgspec.Struct, frozen=True):
    """Points of one series in columns: steps, timestamps (milliseconds), values."""

    steps: "Ints"
    timestamps: "Ints"
    values: "Floats"

    def __len__(self) -> int:
        return len(self.steps)

    def slice(self, start: int, stop: int) -> "Points":
        """The points from start up to stop, without copying."""
        return Points(self.steps[start:stop], self.timestamps[start:stop], self.values[start:stop])

    def take(self, indices: "Ints") -> "Points":
        """The points at these indices."""
        return Points(self.steps[indices], self.timestamps[indices], self.values[indices])


def raw_of(stored: bytes, points: int) -> bytes:
    """A stored column of so many points -> the raw one.  ValueError when it does not hold them."""
    if len(stored) == points * ENTRY_BYTES:
        return stored
    raw: bytes = _unpacked(stored, points).tobytes()
    return raw


def ints_of(stored: bytes, points: int) -> "Ints":
    """A stored column of steps or timestamps -> an array.  ValueError as in `raw_of`."""
    import numpy as np

    if len(stored) == points * ENTRY_BYTES:
        return np.frombuffer(stored, "<i8")
    numbers: Ints = _unpacked(stored, points)
    return numbers


def floats_of(stored: bytes, points: int) -> "Floats":
    """A stored column of values -> an array.  ValueError as in `raw_of`."""
    import numpy as np

    if len(stored) == points * ENTRY_BYTES:
        return np.frombuffer(stored, "<f8")
    numbers: Floats = _unpacked(stored, points)
    return numbers


def _unpacked(stored: bytes, points: int) -> Any:
    from pcodec import standalone

    try:
        numbers = standalone.simple_decompress(stored)
    except RuntimeError as error:
        raise ValueError(f"the column of {points} points cannot be unpacked: {error}") from error
    if numbers is None or len(numbers) != points:
        raise ValueError(f"the column does not hold {points} points")
    return numbers


def store_ints(raw: bytes) -> bytes:
    """A raw column of steps or timestamps -> the shorter of raw and packed."""
    return _store(raw, "<i8")


def store_floats(raw: bytes) -> bytes:
    """A raw column of values -> the shorter of raw and packed."""
    return _store(raw, "<f8")


def _store(raw: bytes, kind: str) -> bytes:
    if len(raw) < PACKED_POINTS_MIN * ENTRY_BYTES:
        return raw
    import numpy as np
    from pcodec import ChunkConfig, standalone

    packed: bytes = standalone.simple_compress(
        np.frombuffer(raw, kind), ChunkConfig(compression_level=PACK_LEVEL)
    )
    return packed if len(packed) < len(raw) else raw


def store_points(points: Points) -> bytes:
    """Points of one series -> one blob: the three stored columns."""
    return block_of(
        len(points),
        store_ints(points.steps.tobytes()),
        store_ints(points.timestamps.tobytes()),
        store_floats(points.values.tobytes()),
    )


def block_of(points: int, steps: bytes, timestamps: bytes, values: bytes) -> bytes:
    """Three stored columns -> one blob, as `store_points` makes it."""
    return msgspec.msgpack.encode((points, steps, timestamps, values))


def points_of(blob: bytes) -> Points:
    """What `store_points` made."""
    count, steps, timestamps, values = _decoder.decode(blob)
    return Points(ints_of(steps, count), ints_of(timestamps, count), floats_of(values, count))


_decoder = msgspec.msgpack.Decoder(tuple[int, bytes, bytes, bytes])


def joined(pieces: list[Points]) -> Points:
    """All points of several pieces, one after another."""
    import numpy as np

    if len(pieces) == 1:
        return pieces[0]
    if not pieces:
        return Points(np.empty(0, "<i8"), np.empty(0, "<i8"), np.empty(0, "<f8"))
    return Points(
        np.concatenate([piece.steps for piece in pieces]),
        np.concatenate([piece.timestamps for piece in pieces]),
        np.concatenate([piece.values for piece in pieces]),
    )


def order_by_step(steps: "Ints", timestamps: "Ints") -> "Ints | None":
    """The order that sorts points by step and timestamp; None when they are sorted already."""
    import numpy as np

    same = steps[1:] == steps[:-1]
    if ((steps[1:] > steps[:-1]) | (same & (timestamps[1:] >= timestamps[:-1]))).all():
        return None
    return np.lexsort((timestamps, steps))
