"""Building views in a process of its own, so that the server's loop and its core stay free.

The child is `eventtrack.cli.building`.  It gets a `Task` as JSON on its stdin, and says its
progress on stdout; it ends when its stdin is closed, so it never outlives whoever asked.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec

from eventtrack.events import Position
from eventtrack.projector.building import Order
from eventtrack.projector.live import Build


class Task(msgspec.Struct, frozen=True):
    """What the child is to do with which log."""

    log: str
    order: Order


class BuildFailed(Exception):
    """The child could not build the views; the message has its last words."""


def in_a_child(log_path: Path) -> Build:
    """Build views of this log in child processes."""

    async def build(order: Order) -> AsyncGenerator[tuple[Position, Position], None]:
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "eventtrack.cli.building",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stderr is not None
        words = asyncio.ensure_future(child.stderr.read())
        try:
            task = Task(str(log_path), order)
            child.stdin.write(msgspec.json.encode(task) + b"\n")
            await child.stdin.drain()
            async for line in child.stdout:
                position, head = map(int, line.split())
                yield Position(position), Position(head)
            if await child.wait() != 0:
                said = (await words).decode(errors="replace").strip().splitlines()
                raise BuildFailed(
                    f"the new views could not be built: {said[-1] if said else child.returncode}"
                )
        finally:
            if child.returncode is None:
                child.kill()
                await child.wait()
            child.stdin.close()
            await asyncio.gather(words, return_exceptions=True)

    return build
