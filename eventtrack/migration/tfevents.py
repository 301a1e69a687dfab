"""TensorBoard's event files: records of TFRecord, each one protocol buffer `Event`, field by field.

The few messages that hold scalars and hyperparameters are read here by their field numbers, because
the package `tensorboard` would bring gRPC and half of a web server along.

    Event     wall_time 1 (double, seconds), step 2, summary 5
    Summary   value 1: tag 1, simple_value 2 (float), tensor 8, metadata 9
    metadata  plugin_data 1: plugin_name 1, content 2
    tensor    dtype 1, tensor_content 4, float_val 5, double_val 6, int_val 7, int64_val 10
    hparams   session_start_info 3: hparams 1 (map of google.protobuf.Value), start_time_secs 5;
              session_end_info 4: status 1, end_time_secs 2
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from eventtrack.migration import SourceError

HPARAMS = "hparams"
SCALARS = ("", "scalars")

_LENGTH = struct.Struct("<QI")
_CRC_BYTES = 4
_RECORD_BYTES_MAX = 1 << 30
_POLYNOMIAL = 0x82F63B78  # CRC-32C, reflected


class Scalar(msgspec.Struct, frozen=True):
    """A point: its tag, step, time in seconds since 1970, value."""

    tag: str
    step: int
    wall_time: float
    value: float


class SessionStart(msgspec.Struct, frozen=True):
    """What a run of the hparams plug-in began with."""

    hparams: dict[str, str]
    group: str
    start_time: float


class SessionEnd(msgspec.Struct, frozen=True):
    """How a run of the hparams plug-in ended: 1 success, 2 failure, 3 running."""

    status: int
    end_time: float


class Other(msgspec.Struct, frozen=True):
    """What is neither: an image, a histogram, a graph; the plug-in that shows it."""

    plugin: str


Item = Scalar | SessionStart | SessionEnd | Other

Fields = dict[int, list[Any]]


def items_of(path: Path) -> Iterator[Item]:
    """What an event file tells.  A record that is still being written ends it."""
    for record in _records(path):
        try:
            yield from _items(record)
        except (IndexError, struct.error, UnicodeDecodeError, TypeError, AttributeError) as error:
            raise SourceError(f"{path} holds a record that is no event: {error}") from error


def _records(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            while len(header := file.read(_LENGTH.size)) == _LENGTH.size:
                length, crc = _LENGTH.unpack(header)
                if _masked_crc(header[:8]) != crc or length > _RECORD_BYTES_MAX:
                    raise SourceError(f"{path} is not an event file, or is broken")
                record = file.read(length)
                if len(file.read(_CRC_BYTES)) < _CRC_BYTES:
                    return
                yield record
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error}") from error


def _crc_table() -> list[int]:
    table = []
    for number in range(256):
        for _ in range(8):
            number = (number >> 1) ^ (_POLYNOMIAL if number & 1 else 0)
        table.append(number)
    return table


_TABLE = _crc_table()


def _masked_crc(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def _fields(message: bytes) -> Fields:
    """Field number -> its values: integers of varints, bytes of everything else."""
    found: Fields = {}
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        kind = key & 7
        value: int | bytes
        if kind == 0:
            value, place = _varint(message, place)
        elif kind in (1, 2, 5):
            length, place = _varint(message, place) if kind == 2 else (8 if kind == 1 else 4, place)
            value = message[place : place + length]
            if len(value) < length:
                raise IndexError("a field is longer than its message")
            place += length
        else:
            raise IndexError(f"a field has the unknown wire type {kind}")
        found.setdefault(key >> 3, []).append(value)
    return found


def _varint(message: bytes, place: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = message[place]
        number |= (byte & 0x7F) << shift
        place += 1
        if byte < 0x80:
            return number, place
        shift += 7


def _signed(number: int) -> int:
    number &= (1 << 64) - 1
    return number - (1 << 64) if number >> 63 else number


def _double(fields: Fields, number: int) -> float:
    value: float = struct.unpack("<d", fields[number][-1])[0] if number in fields else 0.0
    return value


def _text(fields: Fields, number: int) -> str:
    text: str = fields[number][-1].decode() if number in fields else ""
    return text


def _items(record: bytes) -> Iterator[Item]:
    event = _fields(record)
    step = _signed(event[2][-1]) if 2 in event else 0
    wall_time = _double(event, 1)
    if 4 in event or 9 in event:
        yield Other("graphs")
    for summary in event.get(5, ()):
        for raw in _fields(summary).get(1, ()):
            yield from _value(_fields(raw), step, wall_time)


def _value(value: Fields, step: int, wall_time: float) -> Iterator[Item]:
    tag = _text(value, 1)
    plugin, content = "", b""
    for metadata in value.get(9, ())[-1:]:
        for data in _fields(metadata).get(1, ())[-1:]:
            described = _fields(data)
            plugin = _text(described, 1)
            content = described[2][-1] if 2 in described else b""
    if plugin == HPARAMS:
        yield from _session(_fields(content))
    elif 2 in value:
        yield Scalar(tag, step, wall_time, struct.unpack("<f", value[2][-1])[0])
    elif (
        8 in value and plugin in SCALARS and (number := _scalar(_fields(value[8][-1]))) is not None
    ):
        yield Scalar(tag, step, wall_time, number)
    else:
        yield Other(plugin or next((name for field, name in _KINDS.items() if field in value), ""))


_KINDS = {4: "images", 5: "histograms", 6: "audio", 8: "tensors"}

_DTYPES = {1: ("<f", 5), 2: ("<d", 6), 3: ("<i", 7), 9: ("<q", 10)}
"""TensorFlow's dtype -> its layout, and the field that holds it when tensor_content does not."""


def _scalar(tensor: Fields) -> float | None:
    """The one number of a tensor; None when it holds something else."""
    layout, field = _DTYPES.get(tensor.get(1, [0])[-1], ("", 0))
    if not layout:
        return None
    if 4 in tensor:
        content = tensor[4][-1]
        return (
            struct.unpack(layout, content)[0] if len(content) == struct.calcsize(layout) else None
        )
    if field not in tensor or len(tensor[field]) != 1:
        return None
    packed = tensor[field][0]
    if isinstance(packed, int):
        return _signed(packed)
    if field in (7, 10):
        number, end = _varint(packed, 0)
        return _signed(number) if end == len(packed) else None
    return struct.unpack(layout, packed)[0] if len(packed) == struct.calcsize(layout) else None


def _session(data: Fields) -> Iterator[Item]:
    for raw in data.get(3, ())[-1:]:
        start = _fields(raw)
        hparams = {}
        for entry in start.get(1, ()):
            pair = _fields(entry)
            hparams[_text(pair, 1)] = _hparam(_fields(pair[2][-1])) if 2 in pair else ""
        yield SessionStart(hparams, _text(start, 4), _double(start, 5))
    for raw in data.get(4, ())[-1:]:
        end = _fields(raw)
        yield SessionEnd(end.get(1, [0])[-1], _double(end, 2))


def _hparam(value: Fields) -> str:
    """A google.protobuf.Value as MLflow writes params: str() of the Python value."""
    if 2 in value:
        number = _double(value, 2)
        return str(int(number)) if number.is_integer() and abs(number) < 2**53 else str(number)
    if 3 in value:
        return _text(value, 3)
    if 4 in value:
        return str(bool(value[4][-1]))
    return "None"
