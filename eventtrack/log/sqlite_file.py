"""The file of the SQLite log: opened, made when absent, checked to be a durable log of ours."""

import sqlite3
import uuid
from collections.abc import Callable
from importlib import resources
from pathlib import Path

import aiosqlite

from eventtrack.log import LogNotDurable, LogNotOurs

FORMAT = 2
"""Format 1 had a trigger that refused erasures too, and no way to give back free pages."""

STATEMENTS_CACHED = 128
"""Prepared statements kept: one for each number of rows that a group may have, and the rest."""

SELECT_HEAD = "SELECT position, digest, recorded_at FROM events ORDER BY position DESC LIMIT 1"


def schema() -> str:
    """The DDL of a log's file."""
    return resources.files("eventtrack.log").joinpath("schema.sql").read_text()


def _trigger() -> str:
    """The DDL of the trigger that lets payloads be erased."""
    ddl = schema()
    return ddl[ddl.index("CREATE TRIGGER events_are_only_erased") : ddl.rindex("CREATE TRIGGER")]


def uri_of(path: Path, read_only: bool) -> str:
    """The file as SQLite's URI; it is created unless opened for reading only."""
    return f"{path.as_uri()}?mode={'ro' if read_only else 'rwc'}"


async def connect(path: Path, read_only: bool) -> aiosqlite.Connection:
    """A connection in autocommit mode, on a thread of its own."""
    connection = await aiosqlite.connect(
        uri_of(path, read_only),
        uri=True,
        cached_statements=STATEMENTS_CACHED,
        isolation_level=None,
    )
    await connection.execute("PRAGMA busy_timeout = 10000")
    return connection


async def identify(
    connection: aiosqlite.Connection, path: Path, read_only: bool, clock_us: Callable[[], int]
) -> tuple[str, tuple[int, bytes, int] | None]:
    """Create the schema in an empty file, or check that the file is a log we can read.

    Returns the log's id and its last position, digest and time.  Nothing is changed in a file that
    is something else.
    """
    try:
        new = not await connection.execute_fetchall("SELECT name FROM sqlite_master")
        if not new:
            rows = await connection.execute_fetchall("SELECT format FROM log")
            found = max((row[0] for row in rows), default="none")
            if not isinstance(found, int) or found > FORMAT:
                raise LogNotOurs(
                    f"{path} has format {found}; this release reads format {FORMAT}: upgrade"
                )
        if new and not read_only:
            # Must be said before the first table; lets `log compact` work beside a running server.
            await connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        if not read_only:
            await _be_durable(connection, path)
        if not new and not read_only and found != FORMAT:
            await connection.executescript(_FROM_1_TO_2)
        if new:
            identity = f"INSERT INTO log VALUES ({FORMAT}, '{uuid.uuid4().hex}', {clock_us()});"
            await connection.executescript(f"BEGIN;\n{schema()}\n{identity}\nCOMMIT;")
        ((log_id,),) = await connection.execute_fetchall("SELECT log_id FROM log")
        last = next(iter(await connection.execute_fetchall(SELECT_HEAD)), None)
    except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
        raise LogNotOurs(
            f"{path} is not an eventtrack log ({error}); name another file or folder"
        ) from error
    return str(log_id), (last[0], last[1], last[2]) if last else None


_FROM_1_TO_2 = f"""
BEGIN IMMEDIATE;
DROP TRIGGER IF EXISTS events_are_never_updated;
{_trigger()}
UPDATE log SET format = 2;
COMMIT;"""


async def _be_durable(connection: aiosqlite.Connection, path: Path) -> None:
    mode = next(iter(await connection.execute_fetchall("PRAGMA journal_mode = WAL")))[0]
    await connection.execute("PRAGMA synchronous = FULL")
    await connection.execute("PRAGMA wal_autocheckpoint = 4000")
    level = next(iter(await connection.execute_fetchall("PRAGMA synchronous")))[0]
    if mode != "wal" or level != 2:
        raise LogNotDurable(
            f"{path}: SQLite gives journal_mode={mode}, synchronous={level}, but the log needs WAL "
            "and FULL to survive a power cut; put the data folder on a local disk"
        )
