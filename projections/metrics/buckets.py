"""The grid of a chart, and points folded into its buckets.

What is folded becomes parts: columns with an entry for each bucket of each series that has points.
Parts of anything add up.
"""

from typing import TYPE_CHECKING, Any

from projections.metrics import summary

if TYPE_CHECKING:
    from projections.metrics.packing import Flags, Floats, Ints

COUNTED = ("points", *summary.AMOUNTS)

Part = tuple["Ints", list[Any]]
"""The place of summaries, which is series * buckets + bucket, and their fields in columns."""


class Grid:
    """Which bucket is a place on the x axis in?  A bucket is as wide as 2 ** bits.

    opened: blocks to be unpacked, and whose they are; exact: these are all that a border cuts;
    is_finest: no other grid of the question has narrower buckets.
    """

    def __init__(self, first: int, last: int, bits: int, *, is_finest: bool = True) -> None:
        self._range = first, last
        self.is_finest = is_finest
        self.bits = bits
        self.width = 1 << bits
        self.start = first >> bits << bits
        self.end = (last >> bits << bits) + self.width - 1
        self.buckets = (last >> bits) - (first >> bits) + 1
        self.least, self.greatest = max(self.start, -(2**63)), min(self.end, 2**63 - 1)
        self.opened: dict[int, int] = {}
        self.exact = True

    def wider(self) -> "Grid":
        """The same range in buckets twice as wide."""
        return Grid(*self._range, self.bits + 1, is_finest=False)

    def inside(self, places: "Ints") -> "Flags":
        """Are these places on the grid?"""
        inside: Flags = (places >= self.least) & (places <= self.greatest)
        return inside

    def bucket(self, places: "Ints") -> "Ints":
        """The buckets of places on the grid."""
        import numpy as np

        bits = np.uint64(self.width.bit_length() - 1)
        if bits > 63:
            return np.zeros(len(places), "<i8")
        unsigned = places.view("<u8") - np.uint64(self.start % 2**64)
        unsigned >>= bits
        return unsigned.view("<i8")


def folded(at: "Ints", first: "Ints", second: "Ints", values: "Floats") -> Part:
    """Points folded by the place they belong to; first, second: x and what decides beside it."""
    import numpy as np

    if not len(at):
        return at, [at] * (len(COUNTED) + 4)
    if (at[1:] < at[:-1]).any():
        order = np.argsort(at, kind="stable")
        at, first, second, values = at[order], first[order], second[order], values[order]
    values = values + 0.0
    new = at[1:] != at[:-1]
    starts = np.concatenate(([0], np.flatnonzero(new) + 1))
    counts = np.diff(starts, append=len(at))
    if ((first[1:] > first[:-1]) | new).all():
        least, last = first[starts], starts + counts - 1
        greatest = first[last]
    else:
        least = np.minimum.reduceat(first, starts)
        greatest = np.maximum.reduceat(first, starts)
        last = summary.winners(first, second, values, starts, counts, greatest)
    ends = [least, greatest, second[last], values[last]]
    return at[starts], [counts, *summary.amounts(values, starts), *ends]


def beside(parts: list[Part]) -> Part:
    """Parts one after another."""
    import numpy as np

    places = np.concatenate([at for at, _ in parts])
    return places, [np.concatenate(each) for each in zip(*(each for _, each in parts), strict=True)]


def together(parts: list[Part]) -> Part:
    """The summaries of each place added up: the places in order."""
    import numpy as np

    places, columns = beside(parts)
    if (places[1:] < places[:-1]).any():
        order = np.argsort(places, kind="stable")
        places, columns = places[order], [each[order] for each in columns]
    new = places[1:] != places[:-1]
    starts = np.concatenate(([0], np.flatnonzero(new) + 1))
    points, nans, highs, lows, sums, mins, maxs, least, greatest, second, values = columns
    if ((greatest[1:] > greatest[:-1]) | new).all():
        winners = np.append(starts[1:], len(places)) - 1
    else:
        counts = np.diff(starts, append=len(places))
        most = np.maximum.reduceat(greatest, starts)
        winners = summary.winners(greatest, second, values, starts, counts, most)
    with np.errstate(all="ignore"):
        # Sums beyond the range of a float are infinite.
        added = [np.add.reduceat(each, starts) for each in (points, nans, highs, lows, sums)]
    lowest, highest = np.fmin.reduceat(mins, starts), np.fmax.reduceat(maxs, starts)
    ends = [np.minimum.reduceat(least, starts), greatest[winners], values[winners]]
    return places[starts], [*added, lowest, highest, *ends]
