"""Packed little-endian columns of metric points: steps (i64), timestamps (i64 ms), values (f64).

One representation for what the door packs, the log stores and the views slice.  Eight bytes per
entry, no header, so the number of points is `len(column) // 8`.  On a big-endian machine the bytes
are swapped, so a log file can be carried between machines.
"""

import struct
import sys
from array import array
from collections.abc import Iterable

ENTRY_BYTES = 8

# A single point is the most common column of all, and struct packs it in a third of the time.
pack_int = struct.Struct("<q").pack
pack_float = struct.Struct("<d").pack

_SWAP = sys.byteorder == "big"


def pack_ints(numbers: Iterable[int]) -> bytes:
    """Pack steps or timestamps; OverflowError when one does not fit in 64 signed bits."""
    column = array("q", numbers)
    if _SWAP:
        column.byteswap()
    return column.tobytes()


def pack_floats(numbers: Iterable[float]) -> bytes:
    """Pack values; NaN and infinities are kept as they are."""
    column = array("d", numbers)
    if _SWAP:
        column.byteswap()
    return column.tobytes()


def unpack_ints(column: bytes) -> "array[int]":
    """Unpack a column of steps or timestamps."""
    numbers = array("q", column)
    if _SWAP:
        numbers.byteswap()
    return numbers


def unpack_floats(column: bytes) -> "array[float]":
    """Unpack a column of values."""
    numbers = array("d", column)
    if _SWAP:
        numbers.byteswap()
    return numbers
