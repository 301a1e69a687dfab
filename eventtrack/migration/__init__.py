"""Moving in: readers of what other trackers have stored, one module for each kind of source.

A source gives its experiments, then of each its logged models and its runs, and of each run the
metrics in pieces, so that nothing larger than a piece need be in memory.  It only reads, and knows
nothing of what was imported before: that is decided in `commands/importing.py`.  Everything here is
synchronous and runs in one thread of its own (`reading.py`).
"""

from collections.abc import Iterator
from typing import Protocol

import msgspec

from eventtrack.commands.import_registry import SourceRegisteredModel
from eventtrack.commands.importing import SourceExperiment, SourceModel, SourceRun
from eventtrack.events.metrics import Series

PIECE_POINTS = 250_000
"""Points that a source gives at a time."""

RUNS_AT_ONCE = 200


class SourceError(Exception):
    """The source cannot be read; the message says why and what to do."""


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """How much there is, as far as it is known without reading all of it."""

    runs: int | None = None
    points: int | None = None


class Source(Protocol):
    """What every source can be asked; all may raise SourceError.

    name: where it is, without secrets; it is part of every fact that the import writes.
    """

    name: str

    def size(self) -> Size:
        """How much there is to read, for the progress bar."""
        ...

    def experiments(self) -> Iterator[SourceExperiment]:
        """All experiments, deleted ones too."""
        ...

    def models(self, experiment: SourceExperiment) -> Iterator[SourceModel]:
        """The logged models of an experiment."""
        ...

    def runs(self, experiment: SourceExperiment) -> Iterator[list[SourceRun]]:
        """The runs of an experiment, deleted ones too, at most RUNS_AT_ONCE at a time."""
        ...

    def history(self, run: SourceRun) -> Iterator[list[Series]]:
        """The metrics of a run; a series may go on in the next piece."""
        ...

    def point_counts(self, run: SourceRun) -> dict[str, int] | None:
        """How many points each metric of a run has; None when that costs as much as reading."""
        ...

    def registered_models(self) -> Iterator[SourceRegisteredModel]:
        """The model registry, prompts too."""
        ...

    def not_carried(self) -> dict[str, int]:
        """What is there that an import does not bring over: its name -> how many."""
        ...

    def close(self) -> None:
        """Let go of the source."""
        ...
