"""What every route works with, handed in ready-made by the assembly."""

from collections.abc import Callable
from pathlib import Path

import msgspec

from eventtrack.artifacts import ArtifactStore
from eventtrack.commands.handler import Handler
from eventtrack.commands.receiver import Receiver
from eventtrack.events import Position
from eventtrack.projector.projector import Projector
from eventtrack.server.liveness import Liveness
from projections.metrics.history import Histories
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
    views: Views
    histories: Histories
    projector: Projector
    artifacts: ArtifactStore | None
    artifact_root: str
    data: Path

    async def current(self) -> Views:
        """The views, once they hold everything that was acknowledged before this call."""
        await self.projector.arrive()
        return self.views

    async def current_histories(self) -> Histories:
        """The metric histories, as current as `current` is."""
        await self.projector.arrive()
        return self.histories
