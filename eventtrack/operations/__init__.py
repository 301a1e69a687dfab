"""What an operator does to a data folder, with a server running on it or without one.

An operation is an async generator: it yields reports while it works and is done when it ends.  The
command line runs it itself when no server runs; else the server runs it and streams the reports
over its control socket.  `table.py` lists them all.
"""

from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec

from eventtrack.artifacts import ArtifactStore
from eventtrack.commands.corrections import Corrections
from eventtrack.commands.handler import Handler
from eventtrack.commands.state import StateReader
from eventtrack.log import EventLog
from eventtrack.projector.live import Live
from eventtrack.projector.past import Pasts
from eventtrack.settings import Settings


class Site(msgspec.Struct, frozen=True):
    """The open parts that an operation works on.

    artifacts: None under --no-serve-artifacts; alone: no server runs.
    """

    settings: Settings
    log: EventLog
    live: Live
    pasts: Pasts
    states: StateReader
    handler: Handler
    corrections: Corrections
    artifacts: ArtifactStore | None
    alone: bool


class Report(msgspec.Struct, frozen=True, omit_defaults=True):
    """What an operation says while it works.

    said: a line for people.  stage, done, total, unit: progress, total None while not known.
    result: what the operation found or did, for --json; at most one report has it.
    """

    said: str = ""
    stage: str = ""
    done: int | None = None
    total: int | None = None
    unit: str = ""
    result: dict[str, Any] | None = None


class OperationFailed(Exception):
    """The operation cannot be done; the message says why and what to do."""


Function = Callable[[Site, Any], AsyncIterator[Report]]
