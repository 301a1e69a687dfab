"""Copy a log's file while it is written to: what is new since the last copy, checked on the way.

The copy is a log itself, valid at every moment: each step adds whole events in one transaction.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eventtrack.events import Fact, UnknownEvent, decode
from eventtrack.events.erasures import ERASURES
from eventtrack.log import LogNotOurs, chain
from eventtrack.log.sqlite_file import FORMAT, schema

PAGE_EVENTS = 2_000

_EVENTS = """
    SELECT e.position, e.stream_id, e.version, e.recorded_at, e.actor_id, e.payload,
           e.payload_digest, e.digest, s.name, a.name
    FROM events e JOIN streams s USING (stream_id) JOIN actors a USING (actor_id)
    WHERE e.position > ? AND e.position <= ? ORDER BY e.position LIMIT ?"""


class CopyRefused(LogNotOurs):
    """The copy is of another log, or does not go on as the log does; nothing was changed in it."""


def copy_new(source: Path, copy: Path) -> Iterator[tuple[int, int]]:
    """Bring a copy up to date, making it when it is absent; yields (position reached, head).

    The head is that of the start.  Raises CopyRefused, also when an event is not what it was when
    it was acknowledged.
    """
    reading = sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True, check_same_thread=False)
    writing = _open_copy(reading, copy)
    try:
        ((head,),) = reading.execute("SELECT coalesce(max(position), 0) FROM events").fetchall()
        last, digest = _last(reading, writing)
        yield last, head
        while last < head:
            rows = reading.execute(_EVENTS, (last, head, PAGE_EVENTS)).fetchall()
            for row in rows:
                digest = _checked(row, digest)
            writing.execute("BEGIN")
            writing.executemany(
                "INSERT OR IGNORE INTO streams VALUES (?, ?)", {(row[1], row[8]) for row in rows}
            )
            writing.executemany(
                "INSERT OR IGNORE INTO actors VALUES (?, ?)", {(row[4], row[9]) for row in rows}
            )
            writing.executemany(
                "INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [row[:8] for row in rows]
            )
            for row in rows:
                _erase_too(reading, writing, row)
            writing.execute("COMMIT")
            last = rows[-1][0]
            yield last, head
        # One file, with nothing beside it.
        writing.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        reading.close()
        writing.close()


def _open_copy(reading: sqlite3.Connection, copy: Path) -> sqlite3.Connection:
    ((log_id, created_at),) = reading.execute("SELECT log_id, created_at FROM log").fetchall()
    writing = sqlite3.connect(copy, isolation_level=None, check_same_thread=False)
    try:
        writing.execute("PRAGMA auto_vacuum = INCREMENTAL")
        writing.execute("PRAGMA journal_mode = WAL")
        writing.execute("PRAGMA synchronous = FULL")
        writing.execute("PRAGMA secure_delete = ON")
        if not writing.execute("SELECT name FROM sqlite_master").fetchall():
            writing.executescript(f"BEGIN;\n{schema()}")
            writing.execute("INSERT INTO log VALUES (?, ?, ?)", (FORMAT, log_id, created_at))
            writing.execute("COMMIT")
        found = writing.execute("SELECT log_id FROM log").fetchall()
        if found != [(log_id,)]:
            raise CopyRefused(f"{copy} is a copy of another log: name another folder")
    except sqlite3.DatabaseError as error:
        writing.close()
        raise CopyRefused(
            f"{copy} is not a copy of a log ({error}): name another folder"
        ) from error
    except BaseException:
        writing.close()
        raise
    return writing


def _last(reading: sqlite3.Connection, writing: sqlite3.Connection) -> tuple[int, bytes]:
    """The copy's last position and digest, which the log has to have too."""
    select = "SELECT position, digest FROM events"
    row = writing.execute(f"{select} ORDER BY position DESC LIMIT 1").fetchone()
    if row is None:
        ((log_id,),) = reading.execute("SELECT log_id FROM log").fetchall()
        return 0, chain.genesis(log_id)
    if reading.execute(f"{select} WHERE position = ?", row[:1]).fetchone() != row:
        raise CopyRefused(
            f"the copy has an event at position {row[0]} that the log does not have: an older log "
            "was put back since; name another folder"
        )
    return row[0], row[1]


def _erase_too(
    reading: sqlite3.Connection, writing: sqlite3.Connection, row: tuple[Any, ...]
) -> None:
    """Erase in the copy what an erasure has erased in the log."""
    payload = row[5]
    if payload is None or not isinstance(_event(payload), ERASURES):
        return
    for position, digest in reading.execute(
        """SELECT position, payload_digest FROM events
           WHERE stream_id = ? AND position < ? AND payload IS NULL""",
        (row[1], row[0]),
    ):
        writing.execute(
            """UPDATE events SET payload = NULL, payload_digest = ?
               WHERE position = ? AND payload IS NOT NULL""",
            (digest, position),
        )


def _event(payload: bytes) -> Fact | None:
    try:
        return decode(payload)
    except UnknownEvent:
        return None


def _checked(row: tuple[Any, ...], previous: bytes) -> bytes:
    """The digest of an event, when it is what was acknowledged."""
    position, _, version, recorded_at, _, payload, erased, digest, stream, actor = row
    of_payload = chain.payload_digest(payload) if payload is not None else erased
    found = chain.link(previous, position, stream, version, recorded_at, actor, of_payload)
    if found != digest:
        raise CopyRefused(
            f"event {position} is not what was acknowledged: eventtrack log verify tells more"
        )
    return found
