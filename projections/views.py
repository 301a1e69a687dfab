"""The reading end of the views: a small pool of read-only connections to one SQLite file."""

import asyncio
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import aiosqlite

CONNECTIONS = 3
CACHE_KIBIBYTES = 4096


class Views:
    """Answers queries.  Make one with `await Views.open(path)`.

    A query sees whole batches only: each runs on one snapshot of the file.
    """

    def __init__(
        self, path: Path, idle: asyncio.LifoQueue[aiosqlite.Connection], connections: int
    ) -> None:
        self.path = path
        self._idle = idle
        self._connections = connections

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        connections: int = CONNECTIONS,
    ) -> "Views":
        """Open the views file, an absolute path, for reading."""
        idle: asyncio.LifoQueue[aiosqlite.Connection] = asyncio.LifoQueue()
        uri = f"{path.as_uri()}?mode=ro"

        def connect() -> sqlite3.Connection:
            connection = sqlite3.connect(uri, uri=True, isolation_level=None, cached_statements=256)
            connection.execute("PRAGMA busy_timeout = 10000")
            connection.execute(f"PRAGMA cache_size = -{CACHE_KIBIBYTES}")
            connection.execute("PRAGMA mmap_size = 268435456")
            return connection

        for _ in range(connections):
            idle.put_nowait(await aiosqlite.Connection(connect, iter_chunk_size=4096))
        return cls(path, idle, connections)

    async def fetchall(self, sql: str, params: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        connection = await self._idle.get()
        try:
            rows = await connection.execute_fetchall(sql, params)
        finally:
            self._idle.put_nowait(connection)
        return cast(list[tuple[Any, ...]], rows)

    async def fetchone(self, sql: str, params: Sequence[object] = ()) -> tuple[Any, ...] | None:
        """The first row of a query, or None."""
        rows = await self.fetchall(sql, params)
        return rows[0] if rows else None

    async def close(self) -> None:
        """Close every connection, waiting for the queries that run."""
        for _ in range(self._connections):
            await (await self._idle.get()).close()
