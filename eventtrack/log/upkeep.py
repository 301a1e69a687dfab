"""Upkeep of the SQLite log: payloads erased for good, free space given back.

Both share the writer's connection, one short step at a time, so that appends wait for milliseconds.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiosqlite

from eventtrack.events import Position
from eventtrack.log import LogUnavailable, chain

ERASED_IN_STEP = 200
"""Payloads erased in one transaction."""

PAGES_IN_STEP = 500
"""Pages given back at once."""

INCREMENTAL = 2
"""What `PRAGMA auto_vacuum` says of a file that can give pages back one by one."""


class Upkeep:
    """Works on one file.  writing: held while the writer's connection is used."""

    def __init__(
        self,
        path: Path,
        writer: aiosqlite.Connection,
        reader: aiosqlite.Connection,
        writing: asyncio.Lock,
    ) -> None:
        self._path = path
        self._writer = writer
        self._reader = reader
        self._writing = writing

    async def measure(self, stream: str) -> tuple[int, int]:
        """See `EventLog.measure`."""
        ((events, size),) = await self._reader.execute_fetchall(
            """SELECT count(*), coalesce(sum(length(payload)), 0) FROM events
               WHERE stream_id = (SELECT stream_id FROM streams WHERE name = ?)
                 AND payload IS NOT NULL""",
            (stream,),
        )
        return events, size

    async def erase(self, stream: str, before: Position) -> int:
        """See `EventLog.erase`."""
        erased = 0
        while rows := await self._reader.execute_fetchall(
            """SELECT position, CAST(payload AS BLOB) FROM events
               WHERE stream_id = (SELECT stream_id FROM streams WHERE name = ?)
                 AND position < ? AND payload IS NOT NULL ORDER BY position LIMIT ?""",
            (stream, before, ERASED_IN_STEP),
        ):
            digests = [(chain.payload_digest(payload), position) for position, payload in rows]
            async with self._writing:
                # The freed bytes are overwritten with zeros.
                await self._writer.execute("PRAGMA secure_delete = ON")
                await self._writer.execute("BEGIN IMMEDIATE")
                await self._writer.executemany(
                    "UPDATE events SET payload = NULL, payload_digest = ? WHERE position = ?",
                    digests,
                )
                await self._writer.execute("COMMIT")
                await self._writer.execute("PRAGMA secure_delete = OFF")
            erased += len(digests)
        if erased:
            # The WAL holds pages as they were before.
            async with self._writing:
                await self._writer.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
        return erased

    async def compact(self, *, alone: bool) -> AsyncIterator[tuple[int, int]]:
        """See `EventLog.compact`."""
        ((mode,),) = await self._writer.execute_fetchall("PRAGMA auto_vacuum")
        if mode != INCREMENTAL:
            if not alone:
                raise LogUnavailable(
                    "the log was made by an earlier release: stop the server and run eventtrack "
                    "log compact once; from then on it works beside a running server"
                )
            yield await self._rewrite(), 0
            return
        ((page,),) = await self._writer.execute_fetchall("PRAGMA page_size")
        ((free,),) = await self._writer.execute_fetchall("PRAGMA freelist_count")
        given = 0
        while free:
            async with self._writing:
                await self._writer.execute_fetchall(f"PRAGMA incremental_vacuum({PAGES_IN_STEP})")
                ((left,),) = await self._writer.execute_fetchall("PRAGMA freelist_count")
            given += free - left
            yield given * page, left * page
            if left >= free:
                break
            free = left
        async with self._writing:
            await self._writer.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")

    async def _rewrite(self) -> int:
        """Write the file anew, without free pages, and able to give them back one by one."""
        before = await asyncio.to_thread(self._size)
        async with self._writing:
            await self._writer.execute("PRAGMA auto_vacuum = INCREMENTAL")
            await self._writer.execute("VACUUM")
            await self._writer.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
        return before - await asyncio.to_thread(self._size)

    def _size(self) -> int:
        return self._path.stat().st_size
