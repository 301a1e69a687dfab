"""MLflow's requests: JSON or query string -> a struct, by protobuf's JSON rules (rows P1-P12).

A request message is a `msgspec.Struct`.  A field without a default is required: absent, null and ""
are refused (row E9).  Accepted for each type:

    str            JSON string
    Int64, Int32   number, integral float, numeric string (the R and Java clients send those)
    float          number, bool, numeric string, "NaN", "Infinity", "-Infinity"
    bool           true, false; "true", "false" in a query string
    Switch         true, false
    an Enum        name or number; an unknown name counts as absent (row P4)
    list[X], X     lists and nested messages

Field names may be snake_case or lowerCamelCase, but not both at once.  Unlike the original, a body
with one bad field is refused whole (quirks P8, Q1, Q2 are not copied).
"""

import enum
import math
import types
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any, NewType, TypeVar

import msgspec

from eventtrack import limits
from eventtrack.errors import InvalidParameter

Int64 = NewType("Int64", int)
Int32 = NewType("Int32", int)
Switch = NewType("Switch", bool)

M = TypeVar("M", bound=msgspec.Struct)
Converter = Callable[[Any, str], Any]

POINTER = " See the API docs for more information about request parameters."

_ABSENT: Any = object()
_RANGES = {
    Int64: (limits.INT64_MIN, limits.INT64_MAX),
    Int32: (limits.INT32_MIN, limits.INT32_MAX),
}


def missing(path: str) -> InvalidParameter:
    """The refusal of a request that lacks a required field."""
    return InvalidParameter(f"Missing value for required parameter '{path}'.{POINTER}")


def invalid(value: Any, path: str, why: str = "") -> InvalidParameter:
    """The refusal of a value of the wrong type or out of range."""
    try:
        shown = msgspec.json.encode(value).decode()
    except (TypeError, ValueError, msgspec.MsgspecError):
        shown = repr(value)
    if len(shown) > 200:
        shown = shown[:200] + "..."
    hint = why or f"Hint: Value was of type '{type(value).__name__}'."
    return InvalidParameter(
        f"Invalid value {shown} for parameter '{path}' supplied: {hint}{POINTER}"
    )


def _to_str(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise invalid(value, path)
    return value


def _to_bool(value: Any, path: str) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise invalid(value, path)


def _to_switch(value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        raise invalid(value, path)
    return value


def _to_int(lowest: int, greatest: int) -> Converter:
    def convert(value: Any, path: str) -> int:
        number: int
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise invalid(value, path)
        if isinstance(value, float):
            if not value.is_integer():
                raise invalid(value, path)
            number = int(value)
        elif isinstance(value, str):
            try:
                number = int(value)
            except ValueError:
                raise invalid(value, path) from None
        else:
            number = value
        if not lowest <= number <= greatest:
            raise invalid(value, path, f"Hint: the number must be from {lowest} to {greatest}.")
        return number

    return convert


def _to_float(value: Any, path: str) -> float:
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            raise invalid(value, path) from None
    if isinstance(value, int | float):
        number = float(value) if abs(value) <= limits.DOUBLE_MAX else math.inf
        if math.isinf(number) or math.isnan(number):
            raise invalid(value, path)
        return number
    raise invalid(value, path)


def _to_enum(kind: type[enum.IntEnum]) -> Converter:
    def convert(value: Any, path: str) -> Any:
        if isinstance(value, str):
            if value in kind.__members__:
                return kind[value]
            try:
                value = int(value)
            except ValueError:
                return _ABSENT
        if isinstance(value, bool) or not isinstance(value, int):
            raise invalid(value, path)
        try:
            return kind(value)
        except ValueError:
            return _ABSENT

    return convert


def _to_list(each: Converter) -> Converter:
    def convert(value: Any, path: str) -> list[Any]:
        if not isinstance(value, list):
            raise invalid(value, path)
        return [each(item, f"{path}[{index}]") for index, item in enumerate(value)]

    return convert


def _converter(annotation: Any) -> Converter:
    """Pick how values of a field's type are converted."""
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        (annotation,) = (a for a in typing.get_args(annotation) if a is not type(None))
    if typing.get_origin(annotation) is Annotated:
        annotation = typing.get_args(annotation)[0]
    if annotation is str:
        return _to_str
    if annotation is bool:
        return _to_bool
    if annotation is Switch:
        return _to_switch
    if annotation is float:
        return _to_float
    if annotation in _RANGES:
        return _to_int(*_RANGES[annotation])
    if isinstance(annotation, type) and issubclass(annotation, enum.IntEnum):
        return _to_enum(annotation)
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return Message(annotation).convert_at
    if typing.get_origin(annotation) is list:
        return _to_list(_converter(typing.get_args(annotation)[0]))
    raise TypeError(f"no converter for {annotation!r}")


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


class _Field(msgspec.Struct):
    name: str
    camel: str
    required: bool
    is_list: bool
    convert: Converter


class Message:
    """How to read one request message; built once for each struct."""

    def __init__(self, struct: type[msgspec.Struct]) -> None:
        hints = typing.get_type_hints(struct, include_extras=True)
        self._struct = struct
        self._names = list(struct.__struct_fields__)
        self._fields: list[_Field] = []
        for field in msgspec.structs.fields(struct):
            annotation = hints[field.name]
            options = [a for a in typing.get_args(annotation) if a is not type(None)]
            bare = options[0] if len(options) == 1 and options else annotation
            self._fields.append(
                _Field(
                    field.encode_name,
                    _camel(field.encode_name),
                    field.required,
                    list in (typing.get_origin(annotation), typing.get_origin(bare)),
                    _converter(annotation),
                )
            )

    def convert_at(self, raw: Any, path: str) -> msgspec.Struct:
        """Read a nested message that stands at this path."""
        if not isinstance(raw, dict):
            raise invalid(raw, path)
        message: msgspec.Struct = self.convert(raw, path + ".")
        return message

    def convert(self, raw: Mapping[str, Any], prefix: str = "") -> Any:
        """Read the message; InvalidParameter names the first bad field."""
        found: dict[str, Any] = {}
        for attribute, field in zip(self._names, self._fields, strict=True):
            value = raw.get(field.name)
            if field.camel != field.name and field.camel in raw:
                if field.name in raw:
                    raise InvalidParameter(
                        f"Both '{prefix}{field.name}' and '{prefix}{field.camel}' are given; they "
                        f"are the same field: send one of them.{POINTER}"
                    )
                value = raw[field.camel]
            if value is None or (field.required and value == ""):
                if field.required:
                    raise missing(prefix + field.name)
                continue
            converted = field.convert(value, prefix + field.name)
            if converted is not _ABSENT:
                found[attribute] = converted
            elif field.required:
                raise missing(prefix + field.name)
        return self._struct(**found)

    def from_query(self, query: Any) -> dict[str, Any]:
        """A query string (multidict) as the raw form of this message: repeated keys are lists."""
        raw: dict[str, Any] = {}
        for field in self._fields:
            if field.is_list:
                values = query.getall(field.name, None) or query.getall(f"{field.name}[]", None)
                if values is not None:
                    raw[field.name] = list(values)
            elif field.name in query:
                raw[field.name] = query[field.name]
        return raw
