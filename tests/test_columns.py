"""Columns keep every number, bit for bit, in one byte order."""

import struct
import sys
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventtrack import columns, limits
from tests.support import BRIEF

int64s = st.integers(limits.INT64_MIN, limits.INT64_MAX)


@settings(BRIEF, max_examples=100)
@given(numbers=st.lists(int64s))
def test_ints_come_back_as_they_went(numbers: list[int]) -> None:
    packed = columns.pack_ints(numbers)
    assert packed == struct.pack(f"<{len(numbers)}q", *numbers)
    assert list(columns.unpack_ints(packed)) == numbers
    assert len(packed) == columns.ENTRY_BYTES * len(numbers)


@settings(BRIEF, max_examples=100)
@given(numbers=st.lists(st.floats()))
def test_floats_come_back_bit_for_bit(numbers: list[float]) -> None:
    packed = columns.pack_floats(numbers)
    assert packed == struct.pack(f"<{len(numbers)}d", *numbers)
    assert columns.pack_floats(columns.unpack_floats(packed)) == packed


@settings(BRIEF, max_examples=50)
@given(whole=int64s, broken=st.floats())
def test_one_is_packed_as_a_column_of_one(whole: int, broken: float) -> None:
    assert columns.pack_int(whole) == columns.pack_ints([whole])
    assert columns.pack_float(broken) == columns.pack_floats([broken])


@pytest.mark.parametrize("number", [limits.INT64_MAX + 1, limits.INT64_MIN - 1])
def test_what_does_not_fit_is_refused(number: int) -> None:
    with pytest.raises(OverflowError):
        columns.pack_ints([number])
    with pytest.raises(struct.error):
        columns.pack_int(number)


def test_a_column_with_half_an_entry_is_refused() -> None:
    with pytest.raises(ValueError, match="multiple"):
        columns.unpack_ints(bytes(12))


def test_a_machine_of_the_other_byte_order_reads_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulated: where the bytes are swapped, swapped bytes come out, and go in."""
    packed = columns.pack_ints([1, -2, limits.INT64_MAX])
    monkeypatch.setattr(columns, "_SWAP", True)
    swapped = columns.pack_ints([1, -2, limits.INT64_MAX])
    native = array("q", swapped)
    native.byteswap()
    assert native.tobytes() == packed
    assert list(columns.unpack_ints(swapped)) == [1, -2, limits.INT64_MAX]
    assert list(columns.unpack_floats(columns.pack_floats([0.5, -1.0]))) == [0.5, -1.0]
    assert sys.byteorder in ("little", "big")
