"""The ready-encoded JSON documents of runs, joined from the pieces the projections keep."""

from collections.abc import Sequence

import msgspec

from projections.views import Views


class RunDocument(msgspec.Struct, frozen=True):
    """A run's row and the encoded JSON lists that belong to it; None where there is nothing.

    Times are milliseconds.
    """

    run_id: str
    experiment_id: int
    name: str
    user_id: str
    status: str
    start_time: int
    end_time: int | None
    artifact_uri: str
    lifecycle_stage: str
    params: bytes | None
    tags: bytes | None
    metrics: bytes | None
    dataset_inputs: bytes | None
    model_inputs: bytes | None
    model_outputs: bytes | None


_SELECT = """
    SELECT r.*, d.params, d.tags, m.metrics, i.dataset_inputs, i.model_inputs, i.model_outputs
    FROM runs r
    LEFT JOIN run_documents d ON d.run_id = r.run_id
    LEFT JOIN metric_documents m ON m.run_id = r.run_id
    LEFT JOIN run_input_documents i ON i.run_id = r.run_id"""


async def get_run(views: Views, run_id: str) -> RunDocument | None:
    """The document of one run, deleted ones too."""
    row = await views.fetchone(f"{_SELECT} WHERE r.run_id = ?", (run_id,))
    return RunDocument(*row) if row else None


async def get_runs(views: Views, run_ids: Sequence[str]) -> list[RunDocument]:
    """The documents of these runs in this order; unknown ids are left out."""
    if not run_ids:
        return []
    rows = await views.fetchall(
        f"""WITH asked (run_id) AS MATERIALIZED (SELECT value FROM json_each(?))
            {_SELECT.replace("FROM runs r", "FROM asked CROSS JOIN runs r USING (run_id)")}""",
        (msgspec.json.encode(run_ids).decode(),),
    )
    found = {row[0]: row for row in rows}
    return [RunDocument(*found[run_id]) for run_id in run_ids if run_id in found]
