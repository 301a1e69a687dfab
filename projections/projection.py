"""What a projection is: a name, a version, tables, how each event changes them.

A projection is disposable: its tables follow from the log alone, so it has no clock, no randomness
and no I/O but its own tables.  Changing what its handlers do, or its tables, means raising its
version, and the next start rebuilds it.
"""

import re
import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

from eventtrack.events import Fact, Recorded
from projections.rows import Rows

_TABLE = re.compile(r"CREATE TABLE (\w+)")

Handler = Callable[[Rows, Any, Recorded], None]
Finisher = Callable[[Rows, sqlite3.Connection], None]
F = TypeVar("F", bound=Handler)
G = TypeVar("G", bound=Finisher)


class Projection:
    """One family of views.

    name: unique, kept in the views file with the version; tables: the DDL of the tables it owns;
    packed: those whose rows depend on how the events were cut into batches, though what they hold
    does not.
    """

    def __init__(
        self, name: str, *, version: int, tables: str, packed: tuple[str, ...] = ()
    ) -> None:
        self.packed = packed
        self.name = name
        self.version = version
        self.tables = tables
        self.handlers: dict[type[Fact], Handler] = {}
        self.finishers: list[Finisher] = []
        self.alone: set[type[Fact]] = set()

    @property
    def table_names(self) -> list[str]:
        """The tables it owns."""
        return _TABLE.findall(self.tables)

    def on(self, *event_types: type[Fact]) -> Callable[[F], F]:
        """Decorate the handler of these events: `handler(rows, event, recorded)`."""

        def register(handler: F) -> F:
            for event_type in event_types:
                assert event_type not in self.handlers, f"{self.name} handles {event_type} twice"
                self.handlers[event_type] = handler
            return handler

        return register

    def on_alone(self, event_type: type[Fact]) -> Callable[[F], F]:
        """As `on`, for an event that changes what was written: it has a batch of its own."""
        self.alone.add(event_type)
        return self.on(event_type)

    def finish(self, finisher: G) -> G:
        """Decorate what runs at the end of a batch, in its transaction, rows already written."""
        self.finishers.append(finisher)
        return finisher
