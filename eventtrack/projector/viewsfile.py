"""A views file: made, checked, stamped.  It can be deleted at any time; the log rebuilds it.

`view_checkpoint` holds, per projection, its version and the position up to which it has folded the
log; it is written in the same transaction as the rows, so nobody sees half an event.
"""

import sqlite3
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Literal

import msgspec

from eventtrack.events import START, Position
from eventtrack.projector.feeds import Feed
from projections.projection import Projection

_CONTROL = """
CREATE TABLE view_file (
    log_id TEXT NOT NULL,
    plan TEXT NOT NULL,                      -- what a build of this file is to become
    complete INTEGER NOT NULL                -- 0 while it is built beside the live views
) STRICT;
CREATE TABLE view_checkpoint (
    projection TEXT PRIMARY KEY,
    version INTEGER NOT NULL,
    tables TEXT NOT NULL,                    -- digest of the DDL
    names TEXT NOT NULL,                     -- of its tables, with commas between
    position INTEGER NOT NULL,
    fault TEXT                               -- why it takes in nothing more; NULL while it follows
) STRICT;
"""

CACHE_KIBIBYTES = 16_384


class Checkpoint(msgspec.Struct, frozen=True):
    """What a views file says of one projection."""

    projection: str
    version: int
    tables: str
    position: Position
    fault: str | None

    def fits(self, projection: Projection) -> bool:
        """Was it folded by this version of the projection?"""
        return self.version == projection.version

    def answers(self, projection: Projection) -> bool:
        """Can this version of the projection read the tables?"""
        return self.tables == digest_of(projection)


def digest_of(projection: Projection) -> str:
    """The digest of a projection's DDL."""
    return sha256(projection.tables.encode()).hexdigest()[:16]


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


def create(
    path: Path,
    log_id: str,
    projections: Sequence[Projection],
    *,
    plan: str = "",
    complete: bool = True,
) -> sqlite3.Connection:
    """Make a new, empty views file for the log with this id."""
    delete(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = connect(path)
    fill(connection, log_id, projections, plan=plan, complete=complete)
    return connection


def fill(
    connection: sqlite3.Connection,
    log_id: str,
    projections: Sequence[Projection],
    *,
    plan: str = "",
    complete: bool = True,
) -> None:
    """Make the tables in an empty database."""
    tables = "\n".join(projection.tables for projection in projections)
    connection.executescript(f"BEGIN;\n{_CONTROL}\n{tables}\nCOMMIT;")
    connection.execute("BEGIN")
    connection.execute("INSERT INTO view_file VALUES (?, ?, ?)", (log_id, plan, complete))
    add_checkpoints(connection, projections)
    connection.execute("COMMIT")


def add_checkpoints(connection: sqlite3.Connection, projections: Sequence[Projection]) -> None:
    """Note, in the open transaction, that the projections have folded nothing yet."""
    connection.executemany(
        "INSERT OR REPLACE INTO view_checkpoint VALUES (?, ?, ?, ?, ?, NULL)",
        [
            (each.name, each.version, digest_of(each), ",".join(each.table_names), START)
            for each in projections
        ],
    )


def set_checkpoints(
    connection: sqlite3.Connection, feeds: Sequence[Feed], position: Position
) -> None:
    """Note, in the open transaction, how far the projections have folded the log."""
    connection.executemany(
        "UPDATE view_checkpoint SET position = ?, fault = NULL WHERE projection = ?",
        [(position, feed.projection.name) for feed in feeds],
    )


def note_fault(connection: sqlite3.Connection, feed: Feed) -> None:
    """Note why a projection stopped."""
    connection.execute(
        "UPDATE view_checkpoint SET fault = ? WHERE projection = ?",
        (feed.fault, feed.projection.name),
    )


def restart(connection: sqlite3.Connection, projections: Sequence[Projection]) -> None:
    """Empty the tables of these projections, so that they fold the log from its start.

    The tables of the version that was there before go, whatever their names were.
    """
    connection.execute("BEGIN IMMEDIATE")
    for projection in projections:
        rows = connection.execute(
            "SELECT names FROM view_checkpoint WHERE projection = ?", (projection.name,)
        ).fetchall()
        for table in ",".join(names for (names,) in rows).split(","):
            if table:
                connection.execute(f'DROP TABLE IF EXISTS "{table}"')
        for statement in statements_of(projection):
            connection.execute(statement)
    add_checkpoints(connection, projections)
    connection.execute("COMMIT")


def statements_of(projection: Projection) -> list[str]:
    """The DDL, statement by statement, for use inside a transaction."""
    statements, rest = [], ""
    for line in projection.tables.splitlines(keepends=True):
        rest += line
        if sqlite3.complete_statement(rest):
            statements.append(rest)
            rest = ""
    return statements


def checkpoints(connection: sqlite3.Connection, log_id: str) -> dict[str, Checkpoint] | None:
    """What the file says of its projections; None when it is no views file of this log."""
    try:
        if connection.execute("SELECT log_id FROM view_file").fetchall() != [(log_id,)]:
            return None
        rows = connection.execute(
            "SELECT projection, version, tables, position, fault FROM view_checkpoint"
        ).fetchall()
    except sqlite3.DatabaseError:
        # Not a views file, an older layout, or torn by a power cut: the log has the truth.
        return None
    return {row[0]: Checkpoint(*row) for row in rows}


def plan_of(connection: sqlite3.Connection) -> tuple[str, bool]:
    """(what the file is to become, whether it is complete)."""
    ((plan, complete),) = connection.execute("SELECT plan, complete FROM view_file").fetchall()
    return plan, bool(complete)


def complete(connection: sqlite3.Connection) -> None:
    """From now on the file is a generation of its own, also after a power cut."""
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("UPDATE view_file SET complete = 1")
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    connection.execute("PRAGMA synchronous = NORMAL")


def seal(connection: sqlite3.Connection) -> None:
    """Leave one file that nobody will write to again, and that can be read anywhere."""
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("UPDATE view_file SET complete = 1")
    connection.execute("PRAGMA journal_mode = DELETE")


def state_of(
    path: Path, log_id: str, projections: Sequence[Projection]
) -> Literal["complete", "unfinished", "useless"]:
    """Can the file answer for these projections, or be built on, or neither?"""
    try:
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
        try:
            found = checkpoints(connection, log_id)
            if found is None or not all(
                each.name in found and found[each.name].fits(each) for each in projections
            ):
                return "useless"
            return "complete" if plan_of(connection)[1] else "unfinished"
        finally:
            connection.close()
    except sqlite3.DatabaseError:
        return "useless"


def stopped_tables(path: Path, projections: Sequence[Projection]) -> dict[str, str]:
    """The tables of projections that stopped while the file was built, and why."""
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    try:
        rows = connection.execute(
            "SELECT projection, fault FROM view_checkpoint WHERE fault IS NOT NULL"
        )
        faults = dict(rows.fetchall())
    finally:
        connection.close()
    return {
        table: f"projection {each.name} is not up to date: {faults[each.name]}"
        for each in projections
        if each.name in faults
        for table in each.table_names
    }


def delete(path: Path) -> None:
    """Remove the file and what SQLite keeps beside it."""
    for each in (path, path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")):
        each.unlink(missing_ok=True)
