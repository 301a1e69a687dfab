"""What every route works with, handed in ready-made by the assembly."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from eventtrack.artifacts import ArtifactStore
from eventtrack.commands.handler import Handler
from eventtrack.commands.receiver import Receiver
from eventtrack.events import Position
from eventtrack.projector.live import Live
from eventtrack.server.liveness import Liveness
from projections.metrics.history import Histories, Points
from projections.views import Views


class Door(msgspec.Struct, frozen=True):
    """The parts behind the door.

    artifacts: None under --no-serve-artifacts; artifact_root: of new experiments; head: the
    position of the last durable event.
    """

    handler: Handler
    receiver: Receiver
    liveness: Liveness
    head: Callable[[], Position]
    live: Live
    histories: Histories
    artifacts: ArtifactStore | None
    artifact_root: str
    data: Path

    async def current(self) -> Views:
        """The views, once they hold everything that was acknowledged before this call."""
        return await self.live.current()

    async def history(self, views: Views, run_id: str, key: str) -> Points:
        """All distinct points of a series in these views, sorted."""
        return await self.histories.read(views, run_id, key)
