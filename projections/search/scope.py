"""The experiments and lifecycle stages that a search is confined to."""

from collections.abc import Sequence

import msgspec

from projections.search.compile import Sql, all_of
from projections.search.reader import STAGES, View

_INT64 = 2**63


def among(column: str, experiment_ids: Sequence[int]) -> Sql | None:
    """The column is one of these ids; None where none of them can be the id of an experiment.

    A single one is compared with `=`, so that an index has what follows the column in order.
    """
    ids = sorted({each for each in experiment_ids if -_INT64 <= each < _INT64})
    if not ids:
        return None
    if len(ids) == 1:
        return Sql(f"{column} = ?", (ids[0],))
    listed = msgspec.json.encode(ids).decode()
    return Sql(f"{column} IN (SELECT value FROM json_each(?))", (listed,))


def scope_of(alias: str, experiment_ids: Sequence[int], view: View) -> Sql | None:
    """The condition on a table's experiment and stage; None where no experiment can be meant."""
    experiments = among(f"{alias}.experiment_id", experiment_ids)
    if experiments is None:
        return None
    stages = STAGES[view]
    marks = ", ".join("?" for _ in stages)
    stage = "= ?" if len(stages) == 1 else f"IN ({marks})"
    return all_of([experiments, Sql(f"{alias}.lifecycle_stage {stage}", stages)])
