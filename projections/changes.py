"""Changes: which event touched a run last, and has anything changed at all?

Handles  whatever stands in the stream of a run; ExperimentDeleted, ExperimentRestored,
         ExperimentErased, which change the stage of runs without an event of theirs
Tables   run_changes, last_changes

However many calls a run logged, a batch writes one small row for it.
"""

import sqlite3
from typing import Any

import msgspec

from eventtrack.events import Recorded
from eventtrack.events.artifacts import ArtifactsDeleted, ArtifactStored
from eventtrack.events.console import ConsoleLogged
from eventtrack.events.corrections import (
    ParamCorrected,
    PointsReinstated,
    PointsRetracted,
    RunReopened,
)
from eventtrack.events.datasets import RunInputsLogged, RunOutputsLogged
from eventtrack.events.erasures import ExperimentErased, RunErased
from eventtrack.events.experiments import ExperimentDeleted, ExperimentRestored
from eventtrack.events.leases import RunLeased, RunLost
from eventtrack.events.metrics import MetricsLogged
from eventtrack.events.runs import (
    ParamsLogged,
    RunCreated,
    RunDeleted,
    RunRenamed,
    RunRestored,
    RunTagDeleted,
    RunTagsSet,
    RunUpdated,
)
from projections.projection import Projection
from projections.rows import Rows
from projections.search.reader import Reader

changes = Projection(
    "changes",
    version=1,
    tables="""
    CREATE TABLE run_changes (
        run_id TEXT PRIMARY KEY,
        changed INTEGER NOT NULL                 -- position of the last event in the run's stream
    ) STRICT, WITHOUT ROWID;

    -- Positions of the last events that touched any run.
    CREATE TABLE last_changes (
        what TEXT PRIMARY KEY,                   -- 'flow': points, lines, files; 'rest': all else
        changed INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    """,
)

_RUNS = "changed runs"
_LAST = "last changes"
_STREAM = "run/"

Flow = MetricsLogged | ConsoleLogged | PointsRetracted | PointsReinstated


@changes.on(MetricsLogged, ConsoleLogged, PointsRetracted, PointsReinstated)
def flowed(rows: Rows, event: Flow, at: Recorded) -> None:
    """What comes often while a run trains, and what takes it back."""
    rows.fold(_RUNS, _none)[event.run_id] = at.position
    rows.fold(_LAST, _none)["flow"] = at.position


@changes.on(ArtifactStored, ArtifactsDeleted)
def files_changed(rows: Rows, event: ArtifactStored | ArtifactsDeleted, at: Recorded) -> None:
    """Files of a run; there are others."""
    if at.stream.startswith(_STREAM):
        rows.fold(_RUNS, _none)[at.stream.removeprefix(_STREAM)] = at.position
        rows.fold(_LAST, _none)["flow"] = at.position


@changes.on(
    RunCreated,
    RunUpdated,
    RunReopened,
    RunRenamed,
    RunTagsSet,
    RunTagDeleted,
    ParamsLogged,
    ParamCorrected,
    RunDeleted,
    RunRestored,
    RunLeased,
    RunLost,
    RunInputsLogged,
    RunOutputsLogged,
)
def run_changed(rows: Rows, event: Any, at: Recorded) -> None:
    """The run itself."""
    rows.fold(_RUNS, _none)[event.run_id] = at.position
    rows.fold(_LAST, _none)["rest"] = at.position


@changes.on(ExperimentDeleted, ExperimentRestored)
def experiment_changed(
    rows: Rows, event: ExperimentDeleted | ExperimentRestored, at: Recorded
) -> None:
    """Its runs change their stage; they themselves are not touched."""
    rows.fold(_LAST, _none)["rest"] = at.position


@changes.on(RunErased, ExperimentErased)
def erased(rows: Rows, event: RunErased | ExperimentErased, at: Recorded) -> None:
    """What the events before it did must not be told any more, not even when it was."""
    if isinstance(event, RunErased):
        rows.fold(_RUNS, _none).pop(event.run_id, None)
        rows.write("DELETE FROM run_changes WHERE run_id = ?", (event.run_id,))
    rows.fold(_LAST, _none).update(rest=at.position, flow=at.position)


@changes.finish
def write(rows: Rows, connection: sqlite3.Connection) -> None:
    """One row for each run that the batch touched."""
    connection.executemany(
        """INSERT INTO run_changes VALUES (?, ?)
           ON CONFLICT DO UPDATE SET changed = excluded.changed""",
        rows.fold(_RUNS, _none).items(),
    )
    connection.executemany(
        """INSERT INTO last_changes VALUES (?, ?)
           ON CONFLICT DO UPDATE SET changed = excluded.changed""",
        rows.fold(_LAST, _none).items(),
    )


def _none() -> dict[str, int]:
    return {}


class LastChange(msgspec.Struct, frozen=True):
    """Positions of the last events that touched any run, 0 for none.

    flow: of points, printed lines and files; rest: of everything else.
    """

    flow: int
    rest: int


async def last_change(reader: Reader) -> LastChange:
    """How far what is known of runs has come."""
    found = dict(await reader.fetchall("SELECT what, changed FROM last_changes", ()))
    return LastChange(found.get("flow", 0), found.get("rest", 0))
