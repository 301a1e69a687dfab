"""The child process that builds views beside a server (`eventtrack.projector.child`)."""

import asyncio
import contextlib
import gc
import os
import sys
import threading

import msgspec

from eventtrack.assembly import open_log
from eventtrack.events import Position
from eventtrack.projector.building import build
from eventtrack.projector.child import Task
from eventtrack.settings import Settings
from projections.builtin import BUILT_IN

NICE = 10
"""Serving comes first where cores are few."""

GC_ALLOCATIONS = 500_000
"""Allocations between collections: batches of events are no cycles, and looking through them again
and again took four fifths of the time of reading them."""

NEAR_EVENTS = 1_000
"""So near to the head the server takes over."""


async def main() -> None:
    """Do what stdin says; progress goes to stdout as lines of `position head`."""
    task = msgspec.json.decode(sys.stdin.buffer.readline(), type=Task)
    threading.Thread(target=_die_with_the_parent, daemon=True).start()
    gc.freeze()
    gc.set_threshold(GC_ALLOCATIONS, 50, 50)
    settings = Settings(backend_store_uri=task.log)
    async with open_log(settings, read_only=True) as log:

        async def is_near() -> bool:
            before = log.head()
            await log.refresh()
            return log.count_after(before) < NEAR_EVENTS

        await build(log, log.log_id, BUILT_IN, task.order, _report, is_near)


def _report(position: Position, head: Position) -> None:
    sys.stdout.write(f"{position} {head}\n")
    sys.stdout.flush()


def _die_with_the_parent() -> None:
    # Not through sys.stdin, whose lock would be held when the interpreter ends.
    while os.read(0, 1024):
        continue
    os._exit(1)


if __name__ == "__main__":
    with contextlib.suppress(OSError):
        os.nice(NICE)
    asyncio.run(main())
