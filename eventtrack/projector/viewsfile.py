"""The views file: made, checked, stamped.  It can be deleted at any time; the log rebuilds it.

`view_checkpoint` holds, per projection, its version and the position up to which it has folded the
log; it is written in the same transaction as the rows, so nobody sees half an event.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from eventtrack.events import START, Position
from projections.projection import Projection

_CONTROL = """
CREATE TABLE view_file (log_id TEXT NOT NULL) STRICT;
CREATE TABLE view_checkpoint (
    projection TEXT PRIMARY KEY, version INTEGER NOT NULL, position INTEGER NOT NULL
) STRICT;
"""

CACHE_KIBIBYTES = 16_384


def connect(path: Path) -> sqlite3.Connection:
    """Open for writing.  Durability is relaxed: after a power cut the log rebuilds the file."""
    connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIBIBYTES}")
        connection.execute("PRAGMA busy_timeout = 10000")
        connection.execute("PRAGMA wal_autocheckpoint = 4000")
    except BaseException:
        connection.close()
        raise
    return connection


def connect_or_none(path: Path) -> sqlite3.Connection | None:
    """Open for writing, or None when the file is not a SQLite database."""
    try:
        return connect(path)
    except sqlite3.DatabaseError:
        return None


def create(path: Path, log_id: str, projections: Sequence[Projection]) -> sqlite3.Connection:
    """Make a new, empty views file for the log with this id."""
    delete(path)
    connection = connect(path)
    tables = "\n".join(projection.tables for projection in projections)
    connection.executescript(f"BEGIN;\n{_CONTROL}\n{tables}\nCOMMIT;")
    connection.execute("BEGIN")
    connection.execute("INSERT INTO view_file VALUES (?)", (log_id,))
    set_checkpoint(connection, projections, START)
    connection.execute("COMMIT")
    return connection


def set_checkpoint(
    connection: sqlite3.Connection, projections: Sequence[Projection], position: Position
) -> None:
    """Note, in the open transaction, how far the projections have folded the log."""
    connection.executemany(
        """INSERT INTO view_checkpoint VALUES (?, ?, ?)
           ON CONFLICT DO UPDATE SET version = excluded.version, position = excluded.position""",
        [(projection.name, projection.version, position) for projection in projections],
    )


def checkpoint(
    connection: sqlite3.Connection, log_id: str, projections: Sequence[Projection], head: Position
) -> Position | None:
    """How far the file has folded this log, or None when it must be rebuilt.

    It must be rebuilt when it belongs to another log, was folded by other versions of the
    projections, or is ahead of the log (an older copy of the log was put back).
    """
    try:
        if connection.execute("SELECT log_id FROM view_file").fetchall() != [(log_id,)]:
            return None
        found = connection.execute(
            "SELECT projection, version, position FROM view_checkpoint"
        ).fetchall()
    except sqlite3.DatabaseError:
        # Not a views file, an older layout, or torn by a power cut: the log has the truth.
        return None
    versions = {name: version for name, version, _ in found}
    if versions != {projection.name: projection.version for projection in projections}:
        return None
    positions = {position for *_, position in found}
    if len(positions) != 1:
        return None
    (position,) = positions
    return Position(position) if position <= head else None


def delete(path: Path) -> None:
    """Remove the file and what SQLite keeps beside it."""
    for each in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
        each.unlink(missing_ok=True)
