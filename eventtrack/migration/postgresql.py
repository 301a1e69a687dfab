"""PostgreSQL as an engine of MLflow's tables, through psycopg (the extra `postgresql`)."""

import urllib.parse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from eventtrack.migration import SourceError
from eventtrack.migration.database import Row

if TYPE_CHECKING:
    from psycopg import Connection

CONNECT_SECONDS = 30


class PostgreSql:
    """An `Engine`: a PostgreSQL database, read in transactions that cannot write."""

    insertion_order = "timestamp, step, key"
    """PostgreSQL does not keep the order of insertion."""

    def __init__(self, uri: str) -> None:
        split = urllib.parse.urlsplit(uri)
        # SQLAlchemy names the driver in the scheme: postgresql+psycopg2.
        uri = urllib.parse.urlunsplit(split._replace(scheme="postgresql"))
        host = split.hostname or "localhost"
        self.name = f"postgresql://{host}:{split.port or 5432}{split.path}"
        try:
            import psycopg
        except ImportError:
            raise SourceError(
                "reading PostgreSQL needs a driver: pip install 'eventtrack[postgresql]'"
            ) from None
        self._error = psycopg.Error
        self._cursors = 0
        try:
            self._connection: Connection[Row] = psycopg.connect(
                uri, connect_timeout=CONNECT_SECONDS, autocommit=True
            )
            self._connection.read_only = True
        except psycopg.Error as error:
            raise SourceError(f"{self.name} cannot be opened: {error}") from error

    def columns(self) -> dict[str, set[str]]:
        """See `Engine.columns`."""
        found: dict[str, set[str]] = {}
        for table, column in self.rows(
            """SELECT table_name, column_name FROM information_schema.columns
               WHERE table_schema = current_schema()"""
        ):
            found.setdefault(table, set()).add(column)
        return found

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """See `Engine.rows`."""
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(_placed(sql), parameters)
                return cursor.fetchall()
        except self._error as error:
            raise SourceError(f"{self.name} cannot be read: {error}") from error

    def pages(self, sql: str, parameters: Sequence[Any], size: int) -> Iterator[list[Row]]:
        """See `Engine.pages`: from a cursor of the server, so that not all rows are sent at once.

        It is one WITH HOLD, which needs no transaction that stays open beside others.
        """
        self._cursors += 1
        name = f"eventtrack_{self._cursors}"
        try:
            with self._connection.cursor(name, withhold=True) as cursor:
                cursor.execute(_placed(sql), parameters)
                while page := cursor.fetchmany(size):
                    yield page
        except self._error as error:
            raise SourceError(f"{self.name} cannot be read: {error}") from error

    def close(self) -> None:
        """See `Engine.close`."""
        self._connection.close()


def _placed(sql: str) -> bytes:
    return sql.replace("?", "%s").encode()
