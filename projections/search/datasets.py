"""Which datasets do the runs of some experiments read?"""

from collections.abc import Sequence

from projections.search.reader import Reader
from projections.search.scope import among

SUMMARIES_MAX = 1000


async def find_datasets(
    reader: Reader, experiment_ids: Sequence[int]
) -> list[tuple[int, str, str, str | None]]:
    """Distinct (experiment id, name, digest, context), at most SUMMARIES_MAX (row D3)."""
    experiments = among("d.experiment_id", experiment_ids)
    if experiments is None:
        return []
    rows = await reader.fetchall(
        f"""SELECT DISTINCT d.experiment_id, d.name, d.digest, d.context FROM run_datasets d
            WHERE {experiments.text}
            ORDER BY d.experiment_id, d.name, d.digest, d.context LIMIT ?""",
        (*experiments.params, SUMMARIES_MAX),
    )
    return [(number, name, digest, context) for number, name, digest, context in rows]
