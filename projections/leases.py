"""Leases: which runs promised to be heard from, and which of them are lost?

Handles  RunLeased, RunLost, and what shows that a run lives: RunUpdated, RunTagsSet, ParamsLogged,
         MetricsLogged, ConsoleLogged; RunErased
Tables   run_leases
"""

import msgspec

from eventtrack.events import Recorded
from eventtrack.events.console import ConsoleLogged
from eventtrack.events.erasures import RunErased
from eventtrack.events.leases import RunLeased, RunLost
from eventtrack.events.metrics import MetricsLogged
from eventtrack.events.runs import ParamsLogged, RunTagsSet, RunUpdated
from projections.projection import Projection
from projections.rows import Rows
from projections.views import Views

leases = Projection(
    "leases",
    version=2,
    tables="""
    CREATE TABLE run_leases (
        run_id TEXT PRIMARY KEY,
        lease_seconds INTEGER NOT NULL,
        lost_at INTEGER,                         -- ms since 1970; NULL while it is heard from
        heard_at INTEGER                         -- ms since 1970, as the loss says
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX run_leases_lost ON run_leases (lost_at) WHERE lost_at IS NOT NULL;
    """,
)

_ALIVE = "leases alive"


@leases.on(RunLeased)
def leased(rows: Rows, event: RunLeased, at: Recorded) -> None:
    """The lease that was asked for last holds; asking for one is a sign of life."""
    rows.write(
        """INSERT INTO run_leases VALUES (?, ?, NULL, NULL) ON CONFLICT DO UPDATE SET
               lease_seconds = excluded.lease_seconds, lost_at = NULL, heard_at = NULL""",
        (event.run_id, event.lease_seconds),
    )


@leases.on(RunLost)
def lost(rows: Rows, event: RunLost, at: Recorded) -> None:
    """The run is lost until it is heard from."""
    rows.write(
        "UPDATE run_leases SET lost_at = ?, heard_at = ? WHERE run_id = ?",
        (at.recorded_at // 1000, event.heard_at_ms, event.run_id),
    )
    rows.fold(_ALIVE, _runs).discard(event.run_id)


@leases.on(RunUpdated, RunTagsSet, ParamsLogged, MetricsLogged, ConsoleLogged)
def heard(
    rows: Rows,
    event: RunUpdated | RunTagsSet | ParamsLogged | MetricsLogged | ConsoleLogged,
    at: Recorded,
) -> None:
    """A lost run is back; asked once per run and batch, because this is the hot path."""
    alive = rows.fold(_ALIVE, _runs)
    if event.run_id not in alive:
        alive.add(event.run_id)
        rows.write(
            """UPDATE run_leases SET lost_at = NULL, heard_at = NULL
               WHERE run_id = ? AND lost_at IS NOT NULL""",
            (event.run_id,),
        )


@leases.on(RunErased)
def erased(rows: Rows, event: RunErased, at: Recorded) -> None:
    """The lease goes with the run."""
    rows.write("DELETE FROM run_leases WHERE run_id = ?", (event.run_id,))


def _runs() -> set[str]:
    return set()


class Lease(msgspec.Struct, frozen=True):
    """A run's lease; times in milliseconds since 1970, None while the run is heard from."""

    run_id: str
    lease_seconds: int
    lost_at: int | None
    heard_at: int | None


async def lease_of(views: Views, run_id: str) -> Lease | None:
    """The lease of one run; None when it never asked for one."""
    row = await views.fetchone("SELECT * FROM run_leases WHERE run_id = ?", (run_id,))
    return Lease(*row) if row else None


async def running(views: Views) -> list[Lease]:
    """The leases of all runs that are running and not lost."""
    rows = await views.fetchall(
        """SELECT l.* FROM run_leases l JOIN runs r USING (run_id)
           WHERE r.status = 'RUNNING' AND r.lifecycle_stage = 'active' AND l.lost_at IS NULL"""
    )
    return [Lease(*row) for row in rows]


async def lost_among(views: Views, run_ids: list[str]) -> set[str]:
    """Which of these runs are lost: running, and silent for longer than their lease."""
    rows = await views.fetchall(
        """SELECT l.run_id FROM run_leases l JOIN runs r USING (run_id)
           WHERE l.run_id IN (SELECT value FROM json_each(?))
             AND l.lost_at IS NOT NULL AND r.status = 'RUNNING'""",
        (msgspec.json.encode(run_ids).decode(),),
    )
    return {row[0] for row in rows}
