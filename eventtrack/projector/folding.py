"""Apply a batch of events to the views in one transaction with the checkpoint."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from eventtrack.events import Recorded
from eventtrack.projector import viewsfile
from projections.projection import Projection
from projections.rows import Rows


def apply_batch(
    connection: sqlite3.Connection,
    projections: Sequence[Projection],
    batch: Sequence[Recorded],
    kept: dict[str, Any],
) -> None:
    """Fold the batch and write it whole; on any error nothing of it is written.

    kept: the hints that projections carry from batch to batch (see `projections.rows`).
    """
    rows = Rows(kept)
    for recorded in batch:
        for projection in projections:
            projection.apply(rows, recorded)
    connection.execute("BEGIN IMMEDIATE")
    try:
        rows.flush(connection)
        for projection in projections:
            for finisher in projection.finishers:
                finisher(rows, connection)
        viewsfile.set_checkpoint(connection, projections, batch[-1].position)
        connection.execute("COMMIT")
    except BaseException:
        kept.clear()
        if connection.in_transaction:
            # Else SQLite has rolled back itself, as it may on a full disk.
            connection.execute("ROLLBACK")
        raise
