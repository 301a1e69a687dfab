"""Views that stand still: a folder made by `eventtrack replay`, served with --read-only.

It holds `past.json`, which says what the views are of, and the views; no log.
"""

from pathlib import Path

import msgspec

from eventtrack.events import Position
from eventtrack.projector import viewsfile
from projections.builtin import BUILT_IN
from projections.views import Views

VIEWS = "views.db"
ABOUT = "past.json"


class About(msgspec.Struct, frozen=True):
    """What a folder of past views is of.

    recorded_at: of the last event, microseconds since 1970; artifacts: where the bytes are kept;
    artifact_root: of new experiments at that server.
    """

    log_id: str
    position: Position
    recorded_at: int
    artifacts: str
    artifact_root: str

    def write(self, folder: Path) -> None:
        """Note it in the folder."""
        (folder / ABOUT).write_bytes(msgspec.json.format(msgspec.json.encode(self)))


class NotPreserved(Exception):
    """The folder holds no past views that this release can serve; the message says why."""


def about(folder: Path) -> About | None:
    """What the folder's past views are of; None when it is no such folder."""
    try:
        return msgspec.json.decode((folder / ABOUT).read_bytes(), type=About)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:
        raise NotPreserved(f"{folder / ABOUT} cannot be read ({error})") from error


class Still:
    """Hands out the views of such a folder.  Make one with `await Still.open(...)`."""

    def __init__(self, views: Views, faults: dict[str, str]) -> None:
        self._views = views
        self._faults = faults

    @classmethod
    async def open(cls, folder: Path, log_id: str) -> "Still":
        """Open the folder's views; raises NotPreserved."""
        path = folder / VIEWS
        if viewsfile.state_of(path, log_id, BUILT_IN) != "complete":
            raise NotPreserved(
                f"{path} was not finished, or another release made it: run eventtrack replay again"
            )
        stopped = viewsfile.stopped_tables(path, BUILT_IN)
        faults = {
            each.name: stopped[table]
            for each in BUILT_IN
            for table in each.table_names[:1]
            if table in stopped
        }
        return cls(await Views.open(path, stopped=stopped), faults)

    @property
    def faults(self) -> dict[str, str]:
        """Projections that stopped while the views were made, and why."""
        return self._faults

    @property
    def fault(self) -> str | None:
        """The first of them, or None."""
        return next(iter(self._faults.values()), None)

    @property
    def is_answering(self) -> bool:
        """Do any of the views answer?"""
        return len(self._faults) < len(BUILT_IN)

    async def current(self) -> Views:
        """The views."""
        return self._views

    async def close(self) -> None:
        """Close the views."""
        await self._views.close()
