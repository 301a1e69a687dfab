"""SQLite as an engine of MLflow's tables."""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from eventtrack.migration import SourceError
from eventtrack.migration.database import Row

BUSY_SECONDS = 30.0


class Sqlite:
    """An `Engine`: a SQLite file, opened to be read only."""

    insertion_order = "rowid"

    def __init__(self, path: Path) -> None:
        self.name = f"sqlite:///{path}"
        if not path.is_file():
            raise SourceError(f"there is no database at {path}")
        try:
            self._connection = sqlite3.connect(
                f"{path.as_uri()}?mode=ro", uri=True, timeout=BUSY_SECONDS, check_same_thread=False
            )
        except sqlite3.Error as error:
            raise SourceError(f"{path} cannot be opened: {error}") from error

    def columns(self) -> dict[str, set[str]]:
        """See `Engine.columns`."""
        found: dict[str, set[str]] = {}
        for table, column in self.rows(
            """SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c
               WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite~_%' ESCAPE '~'"""
        ):
            found.setdefault(table, set()).add(column)
        self._index_runs(found)
        return found

    def _index_runs(self, columns: dict[str, set[str]]) -> None:
        """Have the points of a run at hand in a database of a release without that index."""
        if "run_uuid" not in columns.get("metrics", ()):
            return
        indexed = self.rows(
            """SELECT 1 FROM pragma_index_list('metrics') l JOIN pragma_index_info(l.name) i
               WHERE i.seqno = 0 AND i.name = 'run_uuid'"""
        )
        if not indexed:
            # A temporary table is of this connection alone; the view hides the real one.
            self._execute("CREATE TEMP TABLE places (run_uuid TEXT, place INTEGER)")
            self._execute(
                """INSERT INTO places SELECT run_uuid, rowid FROM main.metrics
                   ORDER BY run_uuid, rowid"""
            )
            self._execute("CREATE INDEX temp.places_of_run ON places (run_uuid, place)")
            others = ", ".join(sorted(f"m.{each}" for each in columns["metrics"] - {"run_uuid"}))
            self._execute(
                f"""CREATE TEMP VIEW metrics AS
                    SELECT p.run_uuid, p.place AS rowid, {others}
                    FROM places p JOIN main.metrics m ON m.rowid = p.place"""
            )

    def _execute(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
        try:
            return self._connection.execute(sql, parameters)
        except sqlite3.Error as error:
            raise SourceError(f"{self.name} cannot be read: {error}") from error

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """See `Engine.rows`."""
        return next(self.pages(sql, parameters, -1), [])

    def pages(self, sql: str, parameters: Sequence[Any], size: int) -> Iterator[list[Row]]:
        """See `Engine.pages`; size: -1 for all at once."""
        cursor = self._execute(sql, parameters)
        try:
            while page := cursor.fetchall() if size < 0 else cursor.fetchmany(size):
                yield page
        except sqlite3.Error as error:
            raise SourceError(f"{self.name} cannot be read: {error}") from error
        finally:
            cursor.close()

    def close(self) -> None:
        """See `Engine.close`."""
        self._connection.close()
