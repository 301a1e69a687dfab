"""Group commit: whoever waits while a commit runs joins the next one, and one fsync serves all."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from eventtrack import limits
from eventtrack.events import Position
from eventtrack.log import Check, Entry, LogBusy, LogUnavailable


class Waiting:
    """An append that waits for its commit."""

    __slots__ = ("actor", "checks", "done", "entries", "payloads")

    def __init__(
        self,
        entries: Sequence[Entry],
        payloads: Sequence[bytes],
        checks: Sequence[Check],
        actor: str,
        done: "asyncio.Future[Position]",
    ) -> None:
        self.entries = entries
        self.payloads = payloads
        self.checks = checks
        self.actor = actor
        self.done = done

    def fail(self, error: Exception) -> None:
        """Answer with an error, unless the asker went away."""
        if not self.done.done():
            self.done.set_exception(error)

    def succeed(self, position: Position) -> None:
        """Answer with the position, unless the asker went away."""
        if not self.done.done():
            self.done.set_result(position)


class GroupCommit:
    """Collects appends and hands them, in order, to one commit at a time.

    commit: stores a group durably and answers every member; it must not raise.
    group_max: appends in one commit, so that a burst cannot hold the first asker for long.
    waiting_bytes_max: payloads that may wait; further appends are refused, so that memory is
    bounded however fast they come.
    """

    def __init__(
        self,
        commit: Callable[[list[Waiting]], Awaitable[None]],
        group_max: int = 4096,
        waiting_bytes_max: int = limits.BACKLOG_BYTES_MAX,
    ) -> None:
        self._commit = commit
        self._group_max = group_max
        self._waiting_bytes_max = waiting_bytes_max
        self.waiting_bytes = 0
        self.waiting_bytes_peak = 0
        self._waiting: list[Waiting] = []
        self._closing = False
        self._worker: asyncio.Task[None] | None = None

    def submit(
        self,
        entries: Sequence[Entry],
        payloads: Sequence[bytes],
        checks: Sequence[Check],
        actor: str,
    ) -> "asyncio.Future[Position]":
        """Queue an append, already encoded; the future is done when it is durable or refused."""
        if self._closing:
            raise LogUnavailable("the log is closing; nothing was stored: try again")
        size = sum(map(len, payloads))
        if self.waiting_bytes and self.waiting_bytes + size > self._waiting_bytes_max:
            raise LogBusy(
                f"{self.waiting_bytes} bytes wait to be stored already, and at most "
                f"{self._waiting_bytes_max} may; nothing was stored: try again in a moment"
            )
        self.waiting_bytes += size
        self.waiting_bytes_peak = max(self.waiting_bytes_peak, self.waiting_bytes)
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Position] = loop.create_future()
        self._waiting.append(Waiting(entries, payloads, checks, actor, done))
        if self._worker is None:
            self._worker = loop.create_task(self._work(), name="group commit")
        return done

    async def _work(self) -> None:
        while self._waiting:
            group = self._waiting[: self._group_max]
            del self._waiting[: self._group_max]
            await self._commit(group)
            self.waiting_bytes -= sum(len(p) for each in group for p in each.payloads)
        # No await between the test above and here, so no append can slip in unseen.
        self._worker = None

    @property
    def depth(self) -> int:
        """How many appends wait for the next commit."""
        return len(self._waiting)

    async def close(self) -> None:
        """Refuse new appends and finish those that wait."""
        self._closing = True
        if self._worker is not None:
            await self._worker
