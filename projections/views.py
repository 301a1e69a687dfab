"""The reading end of the views: a small pool of read-only connections to one SQLite file."""

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import aiosqlite

CONNECTIONS = 3
CACHE_KIBIBYTES = 4096


class ViewsStopped(Exception):
    """The views cannot answer: they do not follow the log.  The message has the cause."""


class Connections:
    """The pool itself, which may outlive the views that it was opened for."""

    def __init__(self, idle: asyncio.LifoQueue[aiosqlite.Connection], count: int) -> None:
        self.idle = idle
        self._count = count

    async def close(self) -> None:
        """Close every connection, waiting for the queries that run."""
        while self._count:
            self._count -= 1
            await (await self.idle.get()).close()


class Views:
    """Answers queries.  Make one with `await Views.open(path)`.

    A query sees whole batches only: each runs on one snapshot of the file.  stopped: tables that
    are not up to date, because their projection stopped, and why: queries that name one are
    refused.
    """

    def __init__(self, connections: Connections, stopped: Mapping[str, str]) -> None:
        self.connections = connections
        self._idle = connections.idle
        self._stopped = stopped

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        connections: int = CONNECTIONS,
        stopped: Mapping[str, str] | None = None,
    ) -> "Views":
        """Open the views file, an absolute path, for reading."""
        uri = f"{path.as_uri()}?mode=ro"

        def connect() -> sqlite3.Connection:
            connection = sqlite3.connect(uri, uri=True, isolation_level=None, cached_statements=256)
            connection.execute("PRAGMA busy_timeout = 10000")
            connection.execute(f"PRAGMA cache_size = -{CACHE_KIBIBYTES}")
            connection.execute("PRAGMA mmap_size = 268435456")
            return connection

        return await cls.connected(connect, connections, stopped)

    @classmethod
    async def connected(
        cls,
        connect: Callable[[], sqlite3.Connection],
        connections: int = 1,
        stopped: Mapping[str, str] | None = None,
    ) -> "Views":
        """Views on connections made by this function, each on a thread of its own."""
        idle: asyncio.LifoQueue[aiosqlite.Connection] = asyncio.LifoQueue()
        for _ in range(connections):
            idle.put_nowait(await aiosqlite.Connection(connect, iter_chunk_size=4096))
        return cls(Connections(idle, connections), {} if stopped is None else stopped)

    async def fetchall(self, sql: str, params: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query; raises ViewsStopped when a projection that it needs stopped."""
        self._refuse(sql)
        connection = await self._idle.get()
        try:
            rows = await connection.execute_fetchall(sql, params)
        finally:
            self._idle.put_nowait(connection)
        return cast(list[tuple[Any, ...]], rows)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator["Snapshot"]:
        """For several queries that must see the same batches: one connection, kept meanwhile."""
        connection = await self._idle.get()
        try:
            await connection.execute("BEGIN")
            yield Snapshot(connection, self._refuse)
        finally:
            # Whoever gets the connection next must not read the past, also when this is cancelled.
            await asyncio.shield(asyncio.ensure_future(self._give_back(connection)))

    async def _give_back(self, connection: aiosqlite.Connection) -> None:
        try:
            await connection.rollback()
        finally:
            self._idle.put_nowait(connection)

    async def fetchone(self, sql: str, params: Sequence[object] = ()) -> tuple[Any, ...] | None:
        """The first row of a query, or None."""
        rows = await self.fetchall(sql, params)
        return rows[0] if rows else None

    async def close(self) -> None:
        """Close every connection, waiting for the queries that run."""
        await self.connections.close()

    def _refuse(self, sql: str) -> None:
        if not self._stopped:
            return
        for table in self._stopped.keys() & _words(sql):
            raise ViewsStopped(self._stopped[table])


class Snapshot:
    """Answers queries as the views were when the first was asked; see `Views.snapshot`."""

    def __init__(self, connection: aiosqlite.Connection, refuse: Callable[[str], None]) -> None:
        self._connection = connection
        self._refuse = refuse

    async def fetchall(self, sql: str, params: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """As `Views.fetchall`."""
        self._refuse(sql)
        rows = await self._connection.execute_fetchall(sql, params)
        return cast(list[tuple[Any, ...]], rows)


@lru_cache(4096)
def _words(sql: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", sql))
