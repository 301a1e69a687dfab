"""The console: what did run R print, and when?

Handles  ConsoleLogged, RunErased
Tables   console_lines
"""

from itertools import pairwise

import msgspec

from eventtrack.events import Recorded
from eventtrack.events.console import ConsoleLogged
from eventtrack.events.erasures import RunErased
from projections.projection import Projection
from projections.rows import Rows
from projections.views import Views

console = Projection(
    "console",
    version=2,
    tables="""
    -- One row for each event: neighbours in the order they were received.
    CREATE TABLE console_lines (
        chunk_id INTEGER PRIMARY KEY,            -- position of the event
        run_id TEXT NOT NULL,
        rank INTEGER NOT NULL,                   -- -1: not known
        source TEXT NOT NULL,                    -- stdout or stderr
        first_at INTEGER NOT NULL,               -- ms since 1970, of the earliest line
        last_at INTEGER NOT NULL,
        timestamps BLOB NOT NULL,                -- i64 little-endian, one for each line
        lines BLOB NOT NULL                      -- a JSON list of texts
    ) STRICT;
    CREATE INDEX console_of_run ON console_lines (run_id, chunk_id);
    """,
)


@console.on(ConsoleLogged)
def logged(rows: Rows, event: ConsoleLogged, at: Recorded) -> None:
    """The lines as they came."""
    times = [time for time, _ in event.rows()]
    if times:
        rows.write(
            """INSERT INTO console_lines
                   (chunk_id, run_id, rank, source, first_at, last_at, timestamps, lines)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?)""",
            (
                at.position,
                event.run_id,
                event.rank,
                event.source,
                min(times),
                max(times),
                event.timestamps,
                msgspec.json.encode(event.lines),
            ),
        )


@console.on(RunErased)
def erased(rows: Rows, event: RunErased, at: Recorded) -> None:
    """The lines go with the run."""
    rows.write("DELETE FROM console_lines WHERE run_id = ?", (event.run_id,))


class Line(msgspec.Struct, frozen=True):
    """A line that a run printed; timestamp in milliseconds since 1970, rank -1 when not known."""

    timestamp: int
    rank: int
    source: str
    text: str


class Lines(msgspec.Struct, frozen=True):
    """Lines in the order they were received.

    before: hand it in to get the lines before these; None when there are none.
    """

    lines: list[Line]
    before: int | None


async def tail(
    views: Views,
    run_id: str,
    *,
    lines_max: int,
    rank: int | None = None,
    before: int | None = None,
    until_ms: int | None = None,
) -> Lines:
    """The last lines of a run, oldest first; at least one chunk, so a little more than asked.

    rank: of this process only; before: from an earlier answer; until_ms: printed up to then.
    """
    found: list[list[Line]] = []
    count = 0
    last: int | None = None
    rows = await views.fetchall(
        f"""SELECT chunk_id, rank, source, timestamps, lines FROM console_lines
            WHERE run_id = ? AND chunk_id < ?
              {"AND rank = ?" if rank is not None else ""}
              {"AND first_at <= ?" if until_ms is not None else ""}
            ORDER BY chunk_id DESC LIMIT ?""",
        (
            run_id,
            before if before is not None else 2**62,
            *([rank] if rank is not None else []),
            *([until_ms] if until_ms is not None else []),
            lines_max + 1,
        ),
    )
    for chunk_id, of_rank, source, timestamps, texts in rows:
        if count >= lines_max:
            return Lines(_joined(found), last)
        event = ConsoleLogged(
            run_id=run_id,
            source=source,
            timestamps=timestamps,
            lines=msgspec.json.decode(texts, type=list[str]),
        )
        chunk = [
            Line(time, of_rank, source, text)
            for time, text in event.rows()
            if until_ms is None or time <= until_ms
        ]
        found.append(chunk)
        count += len(chunk)
        last = chunk_id
    return Lines(_joined(found), None)


def _joined(newest_first: list[list[Line]]) -> list[Line]:
    lines = [line for chunk in reversed(newest_first) for line in chunk]
    # Two processes, or stdout and stderr of one, are received apart but read together.
    if any(one.timestamp > other.timestamp for one, other in pairwise(lines)):
        lines.sort(key=lambda line: line.timestamp)
    return lines
