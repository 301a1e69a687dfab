"""Views that answer no new request, closed when the last request that works with them is done."""

import asyncio
import weakref

from projections.views import Connections, Views


class Retirement:
    """Views on their way out."""

    def __init__(self) -> None:
        self._retired: set[Connections] = set()
        self._closing: set[asyncio.Task[None]] = set()

    def retire(self, views: Views) -> None:
        """Close these views when nobody holds them any more; the caller lets go of them too."""
        connections, loop = views.connections, asyncio.get_running_loop()
        self._retired.add(connections)

        def close() -> None:
            if connections in self._retired:
                self._retired.discard(connections)
                task = loop.create_task(connections.close())
                self._closing.add(task)
                task.add_done_callback(self._closing.discard)

        def unused() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(close)

        weakref.finalize(views, unused).atexit = False

    async def close(self) -> None:
        """Close them all, waiting for the queries that run."""
        await asyncio.gather(*self._closing)
        for connections in self._retired:
            await connections.close()
        self._retired.clear()
