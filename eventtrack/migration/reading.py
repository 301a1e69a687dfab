"""Reads a source in a thread of its own, so that the log is written meanwhile."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self, TypeVar

from eventtrack.migration import Source

T = TypeVar("T")


class Reader:
    """Asks a source, one question at a time: sources need not know of threads."""

    def __init__(self, open_source: Callable[[], Source]) -> None:
        self._open = open_source
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="import source")
        self.source: Source

    async def __aenter__(self) -> Self:
        """Open the source.  Raises SourceError."""
        try:
            self.source = await self.ask(self._open)
        except BaseException:
            self._thread.shutdown()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the source."""
        try:
            await self.ask(self.source.close)
        finally:
            self._thread.shutdown(wait=False)

    async def ask(self, question: Callable[[], T]) -> T:
        """Call the source in its thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, question)

    async def each(self, iterate: Callable[[], Iterator[T]]) -> AsyncGenerator[T, None]:
        """What an iterator of the source gives."""
        items = await self.ask(iterate)
        try:
            while (found := await self.ask(lambda: next(_boxed(items), None))) is not None:
                yield found[0]
        finally:
            close = getattr(items, "close", None)
            if close is not None:
                # The loop may be ending, and with it the thread.
                with contextlib.suppress(RuntimeError):
                    await self.ask(close)


def _boxed(items: Iterator[T]) -> Iterator[tuple[T]]:
    for item in items:
        yield (item,)
