"""The buffered writer that handlers write to: a batch of events becomes a few `executemany` calls.

Statements reach the database in the order they were written; neighbours with the same SQL go
together.  Handlers never see the connection, so they cannot commit, and replay differs from live
only in the size of its batches.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


class Rows:
    """One batch's changes, not yet written.

    kept: what lives on from batch to batch of one views file.  It may only ever be a hint (a count,
    a cache): it starts empty at every start, and no answer may depend on it.
    """

    def __init__(self, kept: dict[str, Any] | None = None) -> None:
        self._kept = {} if kept is None else kept
        self._groups: list[tuple[str, list[Sequence[Any]]]] = []
        self._folds: dict[str, Any] = {}
        self.touched: defaultdict[str, dict[str, None]] = defaultdict(dict)

    def write(self, sql: str, parameters: Sequence[Any]) -> None:
        """Queue a statement."""
        if self._groups and self._groups[-1][0] == sql:
            self._groups[-1][1].append(parameters)
        else:
            self._groups.append((sql, [parameters]))

    def fold(self, name: str, make: Callable[[], T]) -> T:
        """Get the batch's own accumulator of this name, made on first use."""
        found: T | None = self._folds.get(name)
        if found is None:
            found = self._folds[name] = make()
        return found

    def keep(self, name: str, make: Callable[[], T]) -> T:
        """Get what is kept under this name from batch to batch, made on first use."""
        found: T | None = self._kept.get(name)
        if found is None:
            found = self._kept[name] = make()
        return found

    def touch(self, what: str, key: str) -> None:
        """Remember that something changed, for a finisher to refresh once a batch."""
        self.touched[what][key] = None

    def flush(self, connection: sqlite3.Connection) -> None:
        """Write what was queued, in order, and forget it."""
        groups, self._groups = self._groups, []
        for sql, parameters in groups:
            if len(parameters) == 1:
                connection.execute(sql, parameters[0])
            else:
                connection.executemany(sql, parameters)
