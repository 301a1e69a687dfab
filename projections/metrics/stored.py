"""Where the points of a series lie, read in one statement and therefore from one snapshot.

Blocks never change and are never removed, so they may be fetched later than the rest.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from projections.metrics import wide
from projections.metrics.compaction import BLOCK_IDS
from projections.metrics.packing import Points, joined, points_of
from projections.metrics.summary import records_of
from projections.views import Views

if TYPE_CHECKING:
    from projections.metrics.summary import Records

_WIDE = "SELECT 0, 0, 0, NULL, columns FROM metric_wide WHERE run_id = ?1"

_OF_SERIES = "run_id = ?1 AND key = ?2 AND (?3 IS NULL OR rank = ?3)"

_BLOCKS_OF_GROUP = f"""b.block_id BETWEEN g.group_id * {BLOCK_IDS}
                       AND g.group_id * {BLOCK_IDS} + {BLOCK_IDS - 1}"""

_ALL = f"""
    {_WIDE}
    UNION ALL SELECT 1, rank, 0, NULL, columns FROM metric_tails WHERE {_OF_SERIES}
    UNION ALL SELECT 1, rank, 0, NULL, b.columns
    FROM metric_groups g CROSS JOIN metric_blocks b ON {_BLOCKS_OF_GROUP}
    WHERE {_OF_SERIES}"""

_OUTLINE = f"""
    {_WIDE}
    UNION ALL SELECT 1, rank, 0, summary, columns FROM metric_tails WHERE {_OF_SERIES}
    UNION ALL SELECT 2, group_id, blocks, summary, NULL FROM metric_groups WHERE {_OF_SERIES}"""


class Content(msgspec.Struct, frozen=True):
    """What the tables hold of one series, all of its points, still stored.

    wides: the run's wide rows; pieces: (rank, stored points) of tails and blocks; rank: of which
    rank the points are, None for all; size: bytes.
    """

    key: str
    rank: int | None
    wides: list[bytes]
    pieces: list[tuple[int, bytes]]
    size: int

    @classmethod
    async def of_series(cls, views: Views, run_id: str, key: str, rank: int | None) -> "Content":
        """Read all of a series; it is empty when there is no such series."""
        rows = await views.fetchall(_ALL, (run_id, key, rank))
        return cls(
            key,
            rank,
            [row[4] for row in rows if row[0] == 0],
            [(row[1], row[4]) for row in rows if row[0] == 1],
            sum(len(row[4]) for row in rows),
        )


class Outline(msgspec.Struct, frozen=True):
    """What the tables hold of one series: blocks by their groups' summaries, the rest stored.

    tails: (summary, stored points); groups: (id, number of blocks, summary).
    """

    key: str
    rank: int | None
    wides: list[bytes]
    tails: list[tuple[bytes, bytes]]
    groups: list[tuple[int, int, bytes]]

    @classmethod
    async def of_series(cls, views: Views, run_id: str, key: str, rank: int | None) -> "Outline":
        """Read the outline of a series; it is empty when there is no such series."""
        rows = await views.fetchall(_OUTLINE, (run_id, key, rank))
        return cls(
            key,
            rank,
            [row[4] for row in rows if row[0] == 0],
            [(row[3], row[4]) for row in rows if row[0] == 1],
            [(row[1], row[2], row[3]) for row in rows if row[0] == 2],
        )

    def wide_points(self) -> Points:
        """The points that lie in wide rows."""
        return joined(_wide_pieces(self.wides, self.key, self.rank))


def stored_points(content: Content) -> Points:
    """All points, as often as they were logged, in no order.

    Pieces are put one after another by when they begin, which for most series is in order already.
    """
    pieces = [points_of(columns) for _, columns in content.pieces]
    pieces += _wide_pieces(content.wides, content.key, content.rank)
    pieces.sort(key=lambda piece: int(piece.timestamps[0]))
    return joined(pieces)


def points_of_ranks(content: Content) -> dict[int, Points]:
    """All points by their rank, as often as they were logged, in no order."""
    found: dict[int, list[Points]] = {}
    for columns in content.wides:
        for table in wide.decode(columns):
            if content.key in table.values:
                found.setdefault(table.rank, []).append(table.of(content.key))
    for rank, stored in content.pieces:
        found.setdefault(rank, []).append(points_of(stored))
    return {rank: joined(found[rank]) for rank in sorted(found)}


def _wide_pieces(wides: Iterable[bytes], key: str, rank: int | None) -> list[Points]:
    return [
        table.of(key)
        for columns in wides
        for table in wide.decode(columns)
        if key in table.values and (rank is None or table.rank == rank)
    ]


async def block_summaries(views: Views, group_id: int, blocks: int) -> "Records":
    """The summaries of the first so many blocks of a group."""
    row = await views.fetchone(
        "SELECT summaries FROM metric_groups WHERE group_id = ?", (group_id,)
    )
    assert row is not None
    return records_of(row[0])[:blocks]


async def blocks(views: Views, block_ids: Iterable[int]) -> list[bytes]:
    """Blocks by their ids, still stored."""
    rows = await views.fetchall(
        """SELECT b.columns FROM json_each(?) AS wanted
           CROSS JOIN metric_blocks b ON b.block_id = wanted.value""",
        (msgspec.json.encode(list(block_ids)).decode(),),
    )
    return [columns for (columns,) in rows]
