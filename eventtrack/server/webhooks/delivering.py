"""When deliveries are made: lanes side by side, each in order, failures again and again for a day.

A lane is one webhook and one model.  One that fails waits, ever longer; no other waits with it.
"""

import asyncio
import contextlib
import logging
import random
import uuid
from collections import Counter
from collections.abc import Callable

from eventtrack.commands.webhooks import stream_of
from eventtrack.events import Position
from eventtrack.events.webhooks import WebhookCreated, WebhookUpdated
from eventtrack.log import EventLog, LogError
from eventtrack.projector.live import Live
from eventtrack.server.webhooks.outbox import Outbox, Waiting
from eventtrack.server.webhooks.payloads import payload_of
from eventtrack.server.webhooks.sending import Answered, Sender
from projections import webhooks
from projections.views import ViewsStopped

LOOK_SECONDS = 0.25
"""Pause between two looks at what is to be delivered."""

TAKEN_MAX = 500
"""Deliveries taken on at once: so many are in memory."""

LANES_MAX = 256
LANES_OF_WEBHOOK_MAX = 4
"""Deliveries under way at once: in all, and to one webhook, so that a slow one leaves room."""

FIRST_PAUSE_SECONDS = 1.0
PAUSE_SECONDS_MAX = 600.0
"""Before a delivery is tried again: doubled each time, and up to half of it left to chance."""

GIVEN_UP_SECONDS = 24 * 3600.0
"""A delivery that fails when it has waited for so long is not tried again."""

TROUBLE_SECONDS = 5.0
"""Pause when the log or the views cannot be read."""

CLOSING_SECONDS = 2.0
"""So long may deliveries that are under way take when the server stops."""

logger = logging.getLogger("eventtrack.webhooks")


class Deliveries:
    """Makes the deliveries.  delivered, failed, given_up: requests counted since the start."""

    def __init__(
        self,
        log: EventLog,
        log_id: str,
        live: Live,
        outbox: Outbox,
        sender: Sender,
        now_ms: Callable[[], int],
    ) -> None:
        self._log = log
        self._log_id = uuid.uuid5(uuid.NAMESPACE_OID, log_id)
        self._live = live
        self._outbox = outbox
        self._sender = sender
        self._now_ms = now_ms
        self._random = random.Random()
        self._wake = asyncio.Event()
        self._under_way: dict[int, tuple[Waiting, asyncio.Task[None]]] = {}
        self._looked: Position | None = None
        self._task: asyncio.Task[None] | None = None
        self.delivered = 0
        self.failed = 0
        self.given_up = 0

    @property
    def waiting(self) -> int:
        """Deliveries that are not made yet."""
        return self._outbox.waiting

    def start(self) -> None:
        """Follow the log from where the outbox stands."""
        self._task = asyncio.get_running_loop().create_task(self._follow(), name="webhooks")

    async def hasten(self, webhook_id: str) -> None:
        """Try again at once what waits for a webhook: it was changed, or has just answered."""
        await self._outbox.hasten(webhook_id, self._now_ms())
        self._wake.set()

    async def close(self) -> None:
        """Stop; what is under way gets a moment, and is made again when that is not enough."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        tasks = [task for _, task in self._under_way.values()]
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=CLOSING_SECONDS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._outbox.close()

    async def _follow(self) -> None:
        while True:
            pause = LOOK_SECONDS
            self._wake.clear()
            try:
                await self.look()
            except (ViewsStopped, LogError) as error:
                logger.warning("webhooks wait: %s", error)
                pause = TROUBLE_SECONDS
            except Exception:
                logger.exception("webhooks wait for a fault to pass")
                pause = TROUBLE_SECONDS
            # Not wait_for: in Python 3.11 it loses a cancellation that comes with its result.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._wake.wait()

    async def look(self) -> None:
        """Take on what happened since the last look, and start what is due."""
        head = self._log.head()
        if head != self._looked:
            await self._take()
            self._looked = head
        if self._outbox.waiting:
            await self._start_due()

    async def rest(self) -> None:
        """Return when nothing is under way."""
        while self._under_way:
            await asyncio.wait([task for _, task in self._under_way.values()])

    async def _take(self) -> None:
        """Take on what happened since."""
        while True:
            views = await self._live.current()
            found = await webhooks.deliveries_after(views, self._outbox.taken, TAKEN_MAX)
            if not found:
                return
            asked = [(each.position, each.webhook_id, each.registered_model_id) for each in found]
            await self._outbox.take(asked, self._now_ms())

    async def _start_due(self) -> None:
        """Start a delivery in every lane whose time has come, as far as there is room."""
        while len(self._under_way) < LANES_MAX:
            now_ms = self._now_ms()
            of_webhook = Counter(waiting.webhook_id for waiting, _ in self._under_way.values())
            full = [each for each, count in of_webhook.items() if count >= LANES_OF_WEBHOOK_MAX]
            found = await self._outbox.due(
                now_ms, self._under_way, full, LANES_MAX - len(self._under_way)
            )
            started = 0
            for waiting in found:
                if of_webhook[waiting.webhook_id] < LANES_OF_WEBHOOK_MAX:
                    of_webhook[waiting.webhook_id] += 1
                    self._start(waiting)
                    started += 1
            if not started:
                return

    def _start(self, waiting: Waiting) -> None:
        task = asyncio.get_running_loop().create_task(self._make(waiting), name="webhook")
        self._under_way[waiting.lane] = (waiting, task)

        def ended(_: asyncio.Task[None]) -> None:
            del self._under_way[waiting.lane]
            self._wake.set()

        task.add_done_callback(ended)

    async def _make(self, waiting: Waiting) -> None:
        try:
            await self._try(waiting)
        except (ViewsStopped, LogError) as error:
            logger.warning("a webhook waits: %s", error)
            due_at_ms = self._now_ms() + int(TROUBLE_SECONDS * 1000)
            await self._outbox.failed(waiting, due_at_ms, counts=False)
        except Exception as error:
            logger.exception("a delivery cannot be made")
            what = f"event {waiting.position} to webhook {waiting.webhook_id}"
            await self._missed(waiting, what, Answered(error=type(error).__name__))

    async def _try(self, waiting: Waiting) -> None:
        views = await self._live.current()
        delivery = await webhooks.delivery_at(views, waiting.position, waiting.webhook_id)
        webhook = await webhooks.get(views, waiting.webhook_id)
        recorded = await self._log.event_at(waiting.position)
        if delivery is None or webhook is None or recorded is None:
            # The webhook was disabled or deleted since.
            await self._outbox.made(waiting, self._now_ms())
            return
        body = payload_of(delivery.event, delivery.name, recorded)
        answered = await self.send(webhook, self._delivery_id(delivery), body)
        if answered.is_success:
            self.delivered += 1
            await self._outbox.made(waiting, self._now_ms())
            return
        what = f"{delivery.event} of {delivery.name!r} to webhook {webhook.name}"
        await self._missed(waiting, what, answered)

    async def _missed(self, waiting: Waiting, what: str, answered: Answered) -> None:
        """Try again later, or give up."""
        self.failed += 1
        told = f"{what} ({answered.words})"
        now_ms = self._now_ms()
        if now_ms - waiting.taken_at_ms >= GIVEN_UP_SECONDS * 1000:
            self.given_up += 1
            logger.error("gave up telling %s", told)
            await self._outbox.made(waiting, now_ms)
            return
        pause = self._pause(waiting.failures, answered)
        level = logging.INFO if waiting.failures else logging.WARNING
        logger.log(level, "could not tell %s; again in %.0f s", told, pause)
        await self._outbox.failed(waiting, now_ms + int(pause * 1000), counts=True)

    async def send(self, webhook: webhooks.Webhook, delivery_id: str, body: bytes) -> Answered:
        """Send a body to a webhook, signed with its secret as it is now."""
        secret = await self._secret(webhook.webhook_id)
        seconds = self._now_ms() // 1000
        return await self._sender.send(webhook.url, secret, delivery_id, seconds, body)

    async def _secret(self, webhook_id: str) -> str:
        """The secret, which only the log holds; "" when there is none."""
        secret = ""
        async for recorded in self._log.read_stream(stream_of(webhook_id)):
            match recorded.event:
                case WebhookCreated(secret=found) | WebhookUpdated(secret=found):
                    secret = secret if found is None else found.reveal()
        return secret

    def _delivery_id(self, delivery: webhooks.Delivery) -> str:
        """The same for every try, after a restart and a rebuild of the views too."""
        return str(uuid.uuid5(self._log_id, f"{delivery.position}/{delivery.webhook_id}"))

    def _pause(self, failures: int, answered: Answered) -> float:
        longest = min(FIRST_PAUSE_SECONDS * 2.0 ** min(failures, 30), PAUSE_SECONDS_MAX)
        pause = longest * self._random.uniform(0.5, 1)
        return max(pause, min(answered.retry_after_seconds, PAUSE_SECONDS_MAX))
