"""The records of a spool: what a log call leaves on the disk, and how it is read back.

A record is `u32 length | u32 CRC-32 of the body | body`, little-endian; a length of 0 ends what was
written.  The body's first byte is its kind:

KEYS   which run, rank and metric keys a short number stands for in the rest of the segment
ROW    `3 zero bytes | u32 number | i64 timestamp (ms) | i64 step | f64 value ...`, one per key
ENTRY  an entry of the native protocol (`eventtrack.wire.ingest`) in msgpack
FILE   a file to upload as an artifact

A row is the record of a training loop: all of its fields have fixed places, so that it is packed
by one call and rows that follow each other are turned into columns without a look at each.
"""

import struct
from array import array
from collections.abc import Iterator
from zlib import crc32

import msgspec

from eventtrack.wire import ingest as wire

KEYS, ROW, ENTRY, FILE = 1, 2, 3, 4

HEADER = struct.Struct("<II")
HEADER_BYTES = HEADER.size
ROW_FIXED = "<B3xIqq"
_WORD = 8

_encoder = msgspec.msgpack.Encoder()


class Keys(msgspec.Struct, array_like=True):
    """What a row's number stands for."""

    number: int
    run_id: str
    rank: int
    keys: list[str]


class File(msgspec.Struct, array_like=True):
    """A file that waits to be uploaded: path is where our copy lies, folder where it goes.

    The copy is removed when it is uploaded.  root: the artifact URI that the folder is below, when
    it is not the run's.
    """

    run_id: str
    path: str
    folder: str
    root: str = ""


_keys_decoder = msgspec.msgpack.Decoder(Keys)
_file_decoder = msgspec.msgpack.Decoder(File)
_entry_decoder = msgspec.msgpack.Decoder(wire.Entry)


def row_packer(keys: int) -> struct.Struct:
    """Packs a row's body of so many keys: (ROW, number, timestamp, step, *values)."""
    return struct.Struct(f"{ROW_FIXED}{keys}d")


def keys_body(keys: Keys) -> bytes:
    """The body of a KEYS record."""
    return bytes([KEYS]) + _encoder.encode(keys)


def entry_body(entry: wire.Entry) -> bytes:
    """The body of an ENTRY record."""
    return bytes([ENTRY]) + _encoder.encode(entry)


def file_body(file: File) -> bytes:
    """The body of a FILE record."""
    return bytes([FILE]) + _encoder.encode(file)


class Rows(msgspec.Struct):
    """Rows of one number that lay side by side, as raw columns of the native protocol."""

    number: int
    steps: bytes
    timestamps: bytes
    values: list[bytes]
    count: int


Record = Keys | Rows | wire.Entry | File


def read(
    segment: bytes | memoryview, start: int, end: int, checked: bool
) -> Iterator[tuple[int, Record]]:
    """The records of a segment between two places, each with the place after it.

    checked: compare checksums, for what another process has left; reading stops before the first
    record that is torn.
    """
    at = start
    while at + HEADER_BYTES <= end:
        length, checksum = HEADER.unpack_from(segment, at)
        begin, after = at + HEADER_BYTES, at + HEADER_BYTES + length
        if length == 0 or after > end:
            return
        if checked and crc32(segment[begin:after]) != checksum:
            return
        kind = segment[begin]
        if kind == ROW:
            rows, after = _rows(segment, at, end, length, checked)
            yield after, rows
        elif kind == KEYS:
            yield after, _keys_decoder.decode(segment[begin + 1 : after])
        elif kind == ENTRY:
            yield after, _entry_decoder.decode(segment[begin + 1 : after])
        elif kind == FILE:
            yield after, _file_decoder.decode(segment[begin + 1 : after])
        at = after


def _rows(
    segment: bytes | memoryview, at: int, end: int, length: int, checked: bool
) -> tuple[Rows, int]:
    """All rows from here that have one length and one number."""
    size = HEADER_BYTES + length
    count = (end - at) // size
    words = array("I")
    words.frombytes(segment[at : at + count * size])
    stride = size // 4
    # A row's first words are its length, checksum, kind and number; all but one must be equal.
    for place in (0, 2, 3):
        count = _equal(words[place : count * stride : stride], count)
    if checked:
        for index in range(count):
            begin = at + index * size + HEADER_BYTES
            if crc32(segment[begin : begin + length]) != words[index * stride + 1]:
                count = index
                break
    columns = array("q")
    columns.frombytes(segment[at : at + count * size])
    wide = size // _WORD
    rows = Rows(
        number=words[3],
        steps=columns[3::wide].tobytes(),
        timestamps=columns[2::wide].tobytes(),
        values=[columns[place::wide].tobytes() for place in range(4, wide)],
        count=count,
    )
    return rows, at + count * size


def _equal(words: "array[int]", most: int) -> int:
    """How many of the first words are equal to the first one."""
    words = words[:most]
    if words.count(words[0]) == len(words):
        return len(words)
    first = words[0]
    return next(index for index, word in enumerate(words) if word != first)
