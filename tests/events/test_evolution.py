"""How an event may change: a field with a default, or a new version and an upcaster.

The changes are tried on made-up events, in the way `eventtrack.events` is made.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest

from eventtrack.events.fact import Fact
from eventtrack.events.history import upcast
from eventtrack.events.metrics import Series


class KettleBoiled1(Fact, frozen=True, kw_only=True, tag="KettleBoiled/1"):
    litres: int


class KettleBoiled2(Fact, frozen=True, kw_only=True, tag="KettleBoiled/2"):
    millilitres: int


class KettleBoiled(Fact, frozen=True, kw_only=True, tag="KettleBoiled/3"):
    millilitres: int
    celsius: float


class KettleBoiledExtended(Fact, frozen=True, kw_only=True, tag="KettleBoiled/3"):
    """A later release's KettleBoiled: one more field, which has a default."""

    millilitres: int
    celsius: float
    tea: str = ""


UPCASTERS: Mapping[type[Fact], Callable[[Any], Fact]] = {
    KettleBoiled1: lambda old: KettleBoiled2(millilitres=old.litres * 1000),
    KettleBoiled2: lambda old: KettleBoiled(millilitres=old.millilitres, celsius=100.0),
}

_decoder = msgspec.msgpack.Decoder(KettleBoiled1 | KettleBoiled2 | KettleBoiled)


def read(payload: bytes) -> Fact:
    return upcast(_decoder.decode(payload), UPCASTERS)


def test_a_retired_event_is_lifted_step_by_step_to_the_current_shape() -> None:
    expected = KettleBoiled(millilitres=2000, celsius=100.0)
    assert read(msgspec.msgpack.encode(KettleBoiled1(litres=2))) == expected
    assert read(msgspec.msgpack.encode(KettleBoiled2(millilitres=2000))) == expected


def test_a_current_event_is_left_as_it_is() -> None:
    event = KettleBoiled(millilitres=5, celsius=80.5)
    assert read(msgspec.msgpack.encode(event)) == event
    assert upcast(event, UPCASTERS) is event


def test_a_field_with_a_default_is_filled_in_by_newer_readers() -> None:
    old = msgspec.msgpack.encode(KettleBoiled(millilitres=1, celsius=99.0))
    newer = msgspec.msgpack.decode(old, type=KettleBoiledExtended)
    assert newer == KettleBoiledExtended(millilitres=1, celsius=99.0, tea="")
    assert msgspec.msgpack.encode(newer) == old, "an unused new field costs no bytes"


def test_a_field_with_a_default_is_ignored_by_older_readers() -> None:
    new = msgspec.msgpack.encode(KettleBoiledExtended(millilitres=1, celsius=99.0, tea="green"))
    assert read(new) == KettleBoiled(millilitres=1, celsius=99.0)


def test_the_order_of_fields_in_the_bytes_does_not_matter() -> None:
    payload = msgspec.msgpack.encode({"celsius": 1.0, "millilitres": 2, "event": "KettleBoiled/3"})
    assert read(payload) == KettleBoiled(millilitres=2, celsius=1.0)


def test_events_cannot_be_changed() -> None:
    event = KettleBoiled(millilitres=1, celsius=2.0)
    with pytest.raises(AttributeError):
        event.celsius = 3.0  # type: ignore[misc]  # that it is refused is the point


def test_columns_of_different_lengths_are_noticed_when_points_are_read() -> None:
    series = Series(key="k", steps=bytes(16), timestamps=bytes(16), values=bytes(8))
    with pytest.raises(ValueError, match="shorter"):
        list(series.points())
