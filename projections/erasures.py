"""Erasures: which streams were erased for good, and up to where?

Handles  RunErased, ExperimentErased, LoggedModelErased, RegisteredModelErased
Tables   erasures
"""

from eventtrack.events import Recorded
from eventtrack.events.erasures import (
    ERASURES,
    ExperimentErased,
    LoggedModelErased,
    RegisteredModelErased,
    RunErased,
)
from projections.projection import Projection
from projections.rows import Rows
from projections.views import Views

erasures = Projection(
    "erasures",
    version=2,
    tables="""
    CREATE TABLE erasures (
        stream TEXT PRIMARY KEY,
        position INTEGER NOT NULL                -- what the stream had before it is erased
    ) STRICT, WITHOUT ROWID;
    """,
)


@erasures.on(RunErased, ExperimentErased, LoggedModelErased, RegisteredModelErased)
def erased(rows: Rows, event: ERASURES, at: Recorded) -> None:
    """The last erasure of a stream counts."""
    rows.write("INSERT OR REPLACE INTO erasures VALUES (?, ?)", (at.stream, at.position))


async def all_erasures(views: Views) -> list[tuple[str, int]]:
    """(stream, position) of every erasure, in the order of the log."""
    rows = await views.fetchall("SELECT stream, position FROM erasures ORDER BY position")
    return [(stream, position) for stream, position in rows]
