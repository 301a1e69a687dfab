"""Figures: what a workload reports, how rounds become one number, and latencies percentiles."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from scripts.bench.load import LoadResult

# Above this share of a core a client process may itself be what limits the rate.
BUSY_CLIENT = 0.9


@dataclass(frozen=True)
class Figure:
    """One line of the report.

    Rounds are combined by their median; a sum over all rounds that each round recomputes (bytes
    per metric) takes the last one.
    """

    name: str
    unit: str
    better: Literal["higher", "lower"]
    combine: Literal["median", "last", "max"] = "median"

    def of_rounds(self, values: Sequence[float]) -> float:
        """The number to report for these rounds."""
        if self.combine == "last":
            return values[-1]
        return max(values) if self.combine == "max" else statistics.median(values)


@dataclass
class Sample:
    """What one server did in one round of one case."""

    values: dict[str, float] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)

    @staticmethod
    def of_load(load: LoadResult) -> Sample:
        """Latency percentiles and errors, with a remark if the generator was at its limit."""
        sample = Sample(errors=load.errors, examples=load.examples)
        if load.latencies:
            ordered = sorted(load.latencies)
            sample.values["p50"] = percentile(ordered, 0.50) * 1e3
            sample.values["p99"] = percentile(ordered, 0.99) * 1e3
        if load.busy > BUSY_CLIENT:
            sample.remarks.append(
                f"a client process used {load.busy:.0%} of a core: the rate may be the "
                "generator's (--clients)"
            )
        return sample


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the sorted values do not exceed."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def mib(count: int) -> float:
    """Bytes as MiB."""
    return count / 2**20


P50 = Figure("p50", "ms", "lower")
P99 = Figure("p99", "ms", "lower")
PEAK = Figure("peak RSS", "MiB", "lower", "max")
RSS_GROWTH = Figure("RSS growth", "MiB", "lower", "max")
