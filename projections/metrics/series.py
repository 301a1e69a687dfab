"""The series of a run, and the ranks of a series: what is there, and how do ranks differ?"""

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec

from projections.metrics import summary, wide
from projections.metrics.packing import Points, joined
from projections.metrics.stored import Content, points_of_ranks
from projections.views import Views

if TYPE_CHECKING:
    from projections.metrics.packing import Floats, Ints

NO_RANK = -1
"""The rank of points that were logged without one."""


class SeriesInfo(msgspec.Struct, frozen=True):
    """What is known of one metric of a run, all ranks together.

    ranks: rank -> points, NO_RANK among them; points: as often as they were logged, of which
    `nans`, `highs` and `lows` are NaN, plus and minus infinity; first_time and last_time:
    milliseconds; min and max: of the finite values, NaN when there are none; last: the value at the
    greatest (step, timestamp).
    """

    key: str
    ranks: dict[int, int]
    points: int
    nans: int
    highs: int
    lows: int
    first_step: int
    last_step: int
    first_time: int
    last_time: int
    min: float
    max: float
    last: float


class AcrossRanks(msgspec.Struct, frozen=True):
    """Per step, in order, what the ranks' last values at that step amount to.

    counts: ranks that logged at the step; nans: those whose value is NaN, which take no part in the
    rest; means, mins, maxs: NaN when there is no other value.
    """

    steps: "Ints"
    counts: "Ints"
    nans: "Ints"
    means: "Floats"
    mins: "Floats"
    maxs: "Floats"

    def __len__(self) -> int:
        return len(self.steps)


_SUMMARIES = """
    SELECT key, rank, summary, NULL FROM metric_groups WHERE run_id = ?1
    UNION ALL SELECT key, rank, summary, NULL FROM metric_tails WHERE run_id = ?1
    UNION ALL SELECT NULL, NULL, NULL, columns FROM metric_wide WHERE run_id = ?1"""

_COUNTS = """
    SELECT rank, points, NULL FROM metric_groups WHERE run_id = ?1 AND key = ?2
    UNION ALL SELECT rank, points, NULL FROM metric_tails WHERE run_id = ?1 AND key = ?2
    UNION ALL SELECT NULL, NULL, columns FROM metric_wide WHERE run_id = ?1"""


async def list_series(views: Views, run_id: str) -> list[SeriesInfo]:
    """Every metric of a run, sorted by key; empty when the run has none."""
    rows = await views.fetchall(_SUMMARIES, (run_id,))
    return await asyncio.to_thread(_listed, rows)


async def ranks_of(views: Views, run_id: str, key: str) -> dict[int, int]:
    """rank -> points of a series, as often as they were logged; NO_RANK is one of them."""
    rows = await views.fetchall(_COUNTS, (run_id, key))
    counts: dict[int, int] = {}
    for rank, points, columns in rows:
        if columns is None:
            counts[rank] = counts.get(rank, 0) + points
            continue
        for table in wide.decode(columns):
            if key in table.values:
                counts[table.rank] = counts.get(table.rank, 0) + table.points
    return dict(sorted(counts.items()))


async def across_ranks(views: Views, run_id: str, key: str) -> AcrossRanks:
    """A series folded over the ranks of a distributed run; points without a rank take no part.

    Of several points of a rank at one step the last by timestamp counts; of several at that time
    the greatest, NaN counting as 0 and a number before it.
    """
    content = await Content.of_series(views, run_id, key, None)
    return await asyncio.to_thread(lambda: _across(points_of_ranks(content)))


def _listed(rows: list[tuple[Any, ...]]) -> list[SeriesInfo]:
    import numpy as np

    numbers: dict[tuple[str, int], int] = {}
    owners: list[Ints] = []
    records: list[summary.Records] = []
    stored = [row for row in rows if row[0] is not None]
    owners.append(
        np.array([numbers.setdefault(row[:2], len(numbers)) for row in stored], dtype="<i8")
    )
    records.append(summary.records_of(b"".join(row[2] for row in stored)))
    for row in rows:
        if row[0] is None:
            for table in wide.decode(row[3]):
                series = [
                    numbers.setdefault((key, table.rank), len(numbers)) for key in table.values
                ]
                indices, made = _of_table(table)
                owners.append(np.array(series, dtype="<i8")[indices])
                records.append(made)
    found, together = summary.combine(np.concatenate(records), np.concatenate(owners))
    names = list(numbers)
    of_key: dict[str, list[int]] = {}
    for index, number in enumerate(found.tolist()):
        of_key.setdefault(names[number][0], []).append(index)
    return [
        _info(key, {names[found[index]][1]: index for index in of_key[key]}, together)
        for key in sorted(of_key)
    ]


def _of_table(table: wide.Wide) -> "tuple[Ints, summary.Records]":
    """Summaries of all metrics of a table, and which metric each is about."""
    import numpy as np

    columns = [table.of(key) for key in table.values]
    return summary.summaries(joined(columns), np.repeat(np.arange(len(columns)), table.points))


def _info(key: str, of_rank: dict[int, int], records: "summary.Records") -> SeriesInfo:
    (record,) = summary.whole(records[list(of_rank.values())])
    return SeriesInfo(
        key=key,
        ranks={rank: int(records[of_rank[rank]]["points"]) for rank in sorted(of_rank)},
        points=int(record["points"]),
        nans=int(record["nans"]),
        highs=int(record["highs"]),
        lows=int(record["lows"]),
        first_step=int(record["min_step"]),
        last_step=int(record["max_step"]),
        first_time=int(record["min_time"]),
        last_time=int(record["max_time"]),
        min=float(record["min"]),
        max=float(record["max"]),
        last=float(record["last"]),
    )


def _across(of_rank: dict[int, Points]) -> AcrossRanks:
    import numpy as np

    ranked = {rank: points for rank, points in of_rank.items() if rank != NO_RANK}
    points = joined(list(ranked.values()))
    if not len(points):
        ints, floats = np.empty(0, "<i8"), np.empty(0, "<f8")
        return AcrossRanks(ints, ints, ints, floats, floats, floats)
    ranks = np.repeat(list(ranked), [len(each) for each in ranked.values()])
    nan = np.isnan(points.values)
    counted = np.where(nan, 0.0, points.values)
    order = np.lexsort((~nan, counted, points.timestamps, ranks, points.steps))
    steps, ranks = points.steps[order], ranks[order]
    last = np.append((steps[1:] != steps[:-1]) | (ranks[1:] != ranks[:-1]), True)
    steps, values = steps[last], points.values[order][last] + 0.0
    starts = np.concatenate(([0], np.flatnonzero(steps[1:] != steps[:-1]) + 1))
    nan = np.isnan(values)
    counts = np.diff(starts, append=len(steps))
    nans = np.add.reduceat(nan, starts, dtype="<i8")
    with np.errstate(all="ignore"):
        # Infinities of both signs have no mean, and none no number at all.
        means = np.add.reduceat(np.where(nan, 0.0, values), starts) / (counts - nans)
    return AcrossRanks(
        steps[starts],
        counts,
        nans,
        np.where(np.isnan(means), np.nan, means),
        np.fmin.reduceat(values, starts),
        np.fmax.reduceat(values, starts),
    )
