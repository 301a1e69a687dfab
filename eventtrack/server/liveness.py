"""Who was heard from, and which leased runs are lost for their silence.

A sign of life without content (a heartbeat) is kept in memory only: after a restart of the server
every running run has a whole lease to be heard from.
"""

import asyncio
import logging
import time
from collections.abc import Callable, Iterable

from eventtrack.commands.handler import Handler
from eventtrack.errors import EventtrackError
from eventtrack.projector.live import Live
from projections import leases

LOOK_SECONDS = 5.0
"""Pause between two looks for lost runs."""

logger = logging.getLogger("eventtrack.liveness")


class Liveness:
    """Notes signs of life, and notes the loss of runs in the log.  actor: for the envelope."""

    def __init__(
        self,
        handler: Handler,
        live: Live,
        actor: str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._handler = handler
        self._live = live
        self._actor = actor
        self._clock = clock
        self._started = clock()
        self._heard: dict[str, float] = {}
        self._task: asyncio.Task[None] | None = None

    def heard(self, run_ids: Iterable[str]) -> None:
        """These runs live."""
        now = self._clock()
        for run_id in run_ids:
            self._heard[run_id] = now

    async def look(self) -> list[str]:
        """Note the loss of every run that is silent for longer than its lease; returns them."""
        running = await leases.running(await self._live.current())
        now = self._clock()
        lost = []
        for lease in running:
            silent = now - self._heard.get(lease.run_id, self._started)
            if silent > lease.lease_seconds:
                # It may be logged to by clients that know no lease: the log has heard them.
                silent = min(silent, await self._handler.silence_ms(lease.run_id) / 1000)
                self._heard[lease.run_id] = now - silent
            if silent > lease.lease_seconds:
                heard_at_ms = self._handler.now_ms() - int(silent * 1000)
                await self._handler.lose_run(lease.run_id, heard_at_ms, self._actor)
                lost.append(lease.run_id)
        known = {lease.run_id for lease in running}.difference(lost)
        self._heard = {run_id: at for run_id, at in self._heard.items() if run_id in known}
        return lost

    def start(self) -> None:
        """Look from time to time."""
        self._task = asyncio.get_running_loop().create_task(self._follow(), name="liveness")

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                for run_id in await self.look():
                    logger.info("run %s is lost: it was silent for its lease", run_id)
            except EventtrackError as error:
                # The log or the views are unavailable for now; the next look tries again.
                logger.warning("could not look for lost runs: %s", error)
            except Exception:
                logger.exception("could not look for lost runs")

    async def close(self) -> None:
        """Stop looking."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
