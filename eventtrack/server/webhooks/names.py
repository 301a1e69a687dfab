"""Looks host names up, on threads of its own.

A resolver that does not answer holds a thread for half a minute; those of the event loop, on which
artifacts are written too, are not to be held.
"""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor

from aiohttp.abc import AbstractResolver, ResolveResult

THREADS_MAX = 64


class Names(AbstractResolver):
    """Answers aiohttp, and whoever asks for the addresses alone."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS_MAX, thread_name_prefix="names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a host; OSError or UnicodeError when it has none."""
        found = await asyncio.get_running_loop().run_in_executor(
            self._threads, _look_up, host, port, family
        )
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=port,
                family=found_family,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for found_family, _, protocol, _, address in found
        ]

    async def addresses(self, host: str) -> list[str]:
        """The addresses of a host, as they are written."""
        return [each["host"] for each in await self.resolve(host)]

    async def close(self) -> None:
        """Let go of the threads; those that still wait for an answer end when it comes."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(
    host: str, port: int, family: socket.AddressFamily
) -> list[tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[object, ...]]]:
    # Addresses that this machine cannot reach are tried with the others, side by side.
    return socket.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)  # type: ignore[return-value]
