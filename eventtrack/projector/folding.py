"""Apply a batch of events to the views in one transaction with the checkpoint."""

import sqlite3
from collections.abc import Iterator, Sequence

from eventtrack.events import Fact, Recorded
from eventtrack.projector import viewsfile
from eventtrack.projector.feeds import Feed, describe, is_of_surroundings
from projections.rows import Rows


def apply_batch(
    connection: sqlite3.Connection, feeds: Sequence[Feed], batch: Sequence[Recorded]
) -> None:
    """Fold the batch into every feed and write it whole; events that must be alone are.

    A feed that cannot apply an event is stopped before it; the others take in the whole batch.
    When the disk or the memory is to blame the error is raised, and nothing is written.
    """
    alone = {kind for feed in feeds for kind in feed.projection.alone}
    for part in _parts(batch, alone):
        # What such an event removes is overwritten, for it may be an erasure.
        overwrite = type(part[0].event) in alone
        connection.execute(f"PRAGMA secure_delete = {'ON' if overwrite else 'FAST'}")
        _apply_part(connection, [feed for feed in feeds if feed.fault is None], part)


def _parts(batch: Sequence[Recorded], alone: set[type[Fact]]) -> Iterator[Sequence[Recorded]]:
    start = 0
    for index, recorded in enumerate(batch):
        if type(recorded.event) in alone:
            if start < index:
                yield batch[start:index]
            yield batch[index : index + 1]
            start = index + 1
    if start < len(batch):
        yield batch[start:]


def _apply_part(
    connection: sqlite3.Connection, feeds: Sequence[Feed], batch: Sequence[Recorded]
) -> None:
    try:
        _apply(connection, feeds, batch)
    except BaseException as error:
        if is_of_surroundings(error):
            raise
    else:
        return
    for feed in feeds:
        _apply_alone(connection, feed, batch)


def _apply_alone(connection: sqlite3.Connection, feed: Feed, batch: Sequence[Recorded]) -> None:
    """Fold the batch into one feed, as far as it can take it in."""
    try:
        _apply(connection, [feed], batch)
    except Exception as error:
        if is_of_surroundings(error):
            raise
    else:
        return
    for recorded in batch:
        try:
            _apply(connection, [feed], [recorded])
        except Exception as error:
            if is_of_surroundings(error):
                raise
            feed.stop(describe(recorded, error))
            viewsfile.note_fault(connection, feed)
            return


def _apply(
    connection: sqlite3.Connection, feeds: Sequence[Feed], batch: Sequence[Recorded]
) -> None:
    try:
        folded = []
        for feed in feeds:
            rows = Rows(feed.kept)
            handlers = feed.projection.handlers
            for recorded in batch:
                handler = handlers.get(type(recorded.event))
                if handler is not None:
                    handler(rows, recorded.event, recorded)
            folded.append(rows)
        connection.execute("BEGIN IMMEDIATE")
        for feed, rows in zip(feeds, folded, strict=True):
            rows.flush(connection)
            for finisher in feed.projection.finishers:
                finisher(rows, connection)
        viewsfile.set_checkpoints(connection, feeds, batch[-1].position)
        connection.execute("COMMIT")
    except BaseException:
        for feed in feeds:
            feed.kept.clear()
        if connection.in_transaction:
            # Else SQLite has rolled back itself, as it may on a full disk.
            connection.execute("ROLLBACK")
        raise
    for feed in feeds:
        feed.position = batch[-1].position
