"""A receiver of webhooks: aiohttp on a thread of its own, so that the test may wait or be busy."""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from tests.servers import HOST, free_port

WAIT_SECONDS = 60.0


@dataclass(frozen=True)
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic)

    @property
    def message(self) -> dict[str, Any]:
        """The body as JSON."""
        decoded: dict[str, Any] = json.loads(self.body)
        return decoded

    @property
    def event(self) -> str:
        return f"{self.message['entity']}.{self.message['action']}"

    @property
    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = self.message["data"]
        return data

    @property
    def delivery_id(self) -> str:
        return self.headers["X-MLflow-Delivery-Id"]


class Receiver:
    """Takes whatever comes; `answer` decides on the status, `hold` keeps answers back."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.port = free_port()
        self.url = f"{'http' if tls is None else 'https'}://{HOST}:{self.port}"
        self.received: list[Received] = []
        self.answer: Callable[[Received], int] = lambda _: 200
        self.hold: Callable[[Received], bool] = lambda _: False
        self.headers: dict[str, str] = {}
        self.text = "thanks"
        self.under_way = 0
        self.under_way_peak = 0
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._runner: web.ServerRunner | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def start(self) -> None:
        """Listen."""
        self._do(self._start())

    def stop(self) -> None:
        """Listen no more; the port stays ours to listen on again."""
        self._do(self._stop())

    def wait_for(self, count: int, seconds: float = WAIT_SECONDS) -> list[Received]:
        """What was received, once there are so many."""
        return self.wait_until(lambda received: len(received) >= count, seconds)

    def wait_until(
        self, enough: Callable[[list[Received]], object], seconds: float = WAIT_SECONDS
    ) -> list[Received]:
        """What was received, once it is enough."""
        with self._changed:
            if not self._changed.wait_for(lambda: bool(enough(self.received)), seconds):
                told = [(each.path, each.event, each.data) for each in self.received]
                raise AssertionError(f"not enough came in {seconds} s: {told}")
            return list(self.received)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, coroutine: Any) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    async def _start(self) -> None:
        self._runner = web.ServerRunner(web.Server(self._handle), shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(
            self._runner, HOST, self.port, reuse_address=True, ssl_context=self._tls
        ).start()

    async def _stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _handle(self, request: web.BaseRequest) -> web.Response:
        received = Received(request.path, dict(request.headers), await request.read())
        status = self.answer(received)
        with self._changed:
            self.received.append(received)
            self.under_way += 1
            self.under_way_peak = max(self.under_way_peak, self.under_way)
            self._changed.notify_all()
        try:
            while self.hold(received):
                await asyncio.sleep(0.02)
        finally:
            self.under_way -= 1
        return web.Response(status=status, text=self.text, headers=self.headers)
