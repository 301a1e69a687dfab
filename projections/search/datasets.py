"""Which datasets do the runs of some experiments read (row D3)?"""

from collections.abc import Sequence

import msgspec

from projections.search.reader import Reader

SUMMARIES_MAX = 1000


async def find_datasets(
    reader: Reader, experiment_ids: Sequence[int]
) -> list[tuple[int, str, str, str | None]]:
    """Distinct (experiment id, name, digest, context or None), at most SUMMARIES_MAX."""
    rows = await reader.fetchall(
        """SELECT DISTINCT experiment_id, name, digest, context FROM run_datasets
           WHERE experiment_id IN (SELECT value FROM json_each(?)) LIMIT ?""",
        (msgspec.json.encode(experiment_ids).decode(), SUMMARIES_MAX),
    )
    return [(experiment_id, name, digest, context) for experiment_id, name, digest, context in rows]
