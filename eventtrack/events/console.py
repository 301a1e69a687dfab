"""Facts about what a run printed: stream `run/<run_id>`, one event for each shipment of lines."""

from collections.abc import Iterator

from eventtrack import columns
from eventtrack.events.fact import Fact
from eventtrack.events.metrics import NO_RANK


class ConsoleLogged(Fact, frozen=True, kw_only=True, tag="ConsoleLogged/1"):
    """ConsoleLogged: lines of one process, in the order it printed them.

    source: `stdout` or `stderr`; timestamps: a raw column of `eventtrack.columns` (i64 milliseconds
    since 1970), one for each line; lines: without their newlines; rank: as in `Series`.
    """

    run_id: str
    source: str
    timestamps: bytes
    lines: list[str]
    rank: int = NO_RANK

    def rows(self) -> Iterator[tuple[int, str]]:
        """Each line with its timestamp in milliseconds."""
        return zip(columns.unpack_ints(self.timestamps), self.lines, strict=True)
