"""The rows of a page: what every run has, and the cells of the columns asked for."""

import math
from collections.abc import Sequence

import msgspec

from projections.search.reader import Reader
from projections.table.columns import NAN, Column, Value, values_of

Cell = str | int | float | None


class Row(msgspec.Struct, frozen=True):
    """A run in the table.

    Times in milliseconds since 1970; lost: it runs, but was silent for longer than its lease;
    changed: position of the last event that touched it; cells: in the order of the columns, None
    where the run has no value; numbers that JSON cannot write are texts: NaN, Infinity, -Infinity.
    """

    run_id: str
    experiment_id: str
    name: str
    user: str
    status: str
    lost: bool
    lifecycle_stage: str
    start_time: int
    end_time: int | None
    changed: int
    cells: list[Cell]


async def rows_of(reader: Reader, run_ids: Sequence[str], columns: Sequence[Column]) -> list[Row]:
    """The rows of these runs, in this order; runs that are gone meanwhile are left out."""
    asked = msgspec.json.encode(run_ids).decode()
    found = await reader.fetchall(
        """SELECT r.run_id, r.experiment_id, r.name, r.user_id, r.status, r.lifecycle_stage,
                  r.start_time, r.end_time, g.changed,
                  l.lost_at IS NOT NULL AND r.status = 'RUNNING'
           FROM json_each(?) i CROSS JOIN runs r ON r.run_id = i.value
           LEFT JOIN run_changes g ON g.run_id = r.run_id
           LEFT JOIN run_leases l ON l.run_id = r.run_id""",
        (asked,),
    )
    known = {row[0]: row for row in found}
    values = await values_of(reader, columns, list(known))
    of_column = [values[column] for column in columns]
    rows = []
    for run_id in run_ids:
        if run_id not in known:
            continue
        _, experiment_id, name, user, status, stage, start, end, changed, lost = known[run_id]
        rows.append(
            Row(
                run_id=run_id,
                experiment_id=str(experiment_id),
                name=name,
                user=user,
                status=status,
                lost=bool(lost),
                lifecycle_stage=stage,
                start_time=start,
                end_time=end or None,
                changed=changed or 0,
                cells=[cell_of(each.get(run_id)) for each in of_column],
            )
        )
    return rows


def cell_of(value: Value | None) -> Cell:
    """A value as JSON can write it."""
    if isinstance(value, float) and not math.isfinite(value):
        if math.isnan(value):
            return NAN
        return "Infinity" if value > 0 else "-Infinity"
    return value
