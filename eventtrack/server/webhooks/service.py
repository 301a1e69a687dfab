"""What the endpoints ask of webhooks: the commands, after a look at where a URL leads; examples."""

import asyncio
import ipaddress
import uuid
from collections.abc import Callable
from urllib.parse import urlsplit

from eventtrack.commands import webhooks as commands
from eventtrack.commands.reach import Reach, literal
from eventtrack.errors import InvalidParameter
from eventtrack.server.webhooks.delivering import Deliveries
from eventtrack.server.webhooks.names import Names
from eventtrack.server.webhooks.payloads import example_of
from eventtrack.server.webhooks.sending import Answered
from projections.webhooks import Webhook

LOOK_UP_SECONDS = 5.0


class WebhookService:
    """Executes commands, looks names up, sends examples."""

    def __init__(
        self,
        webhooks: commands.Webhooks,
        reach: Reach,
        names: Names,
        deliveries: Deliveries,
        now_ms: Callable[[], int],
    ) -> None:
        self._webhooks = webhooks
        self._now_ms = now_ms
        self._reach = reach
        self._names = names
        self.deliveries = deliveries

    async def create(self, command: commands.CreateWebhook, actor: str) -> str:
        """Make a webhook and return its id."""
        commands.check_name(command.name)
        await self._check_host(command.url)
        return await self._webhooks.create(command, actor)

    async def update(self, webhook_id: str, command: commands.UpdateWebhook, actor: str) -> None:
        """Change a webhook; what waits for it is tried anew."""
        if command.url is not None:
            await self._check_host(command.url)
        await self._webhooks.update(webhook_id, command, actor)
        await self.deliveries.hasten(webhook_id)

    async def delete(self, webhook_id: str, actor: str) -> None:
        """Delete a webhook."""
        await self._webhooks.delete(webhook_id, actor)

    async def send_example(self, webhook: Webhook, event: str) -> Answered:
        """Send an example of an event; when the receiver takes it, what waits is tried at once."""
        body = example_of(event, self._now_ms() * 1000)
        answered = await self.deliveries.send(webhook, str(uuid.uuid4()), body)
        if answered.is_success:
            await self.deliveries.hasten(webhook.webhook_id)
        return answered

    async def _check_host(self, url: str) -> None:
        """Refuse a URL whose host leads where deliveries may not go, as far as one can see now.

        It is judged again at every connection.
        """
        host = self._reach.check_url(url)
        if literal(host) is not None:
            return
        try:
            async with asyncio.timeout(LOOK_UP_SECONDS):
                found = await self._names.addresses(host)
        except (OSError, UnicodeError, TimeoutError) as error:
            raise InvalidParameter(
                f"Cannot resolve Webhook URL hostname {host[:300]!r}: {error or 'no answer'}. "
                "Correct it, or make it known to this server's resolver."
            ) from error
        for text in found:
            self._reach.check(urlsplit(url).scheme, host, ipaddress.ip_address(text))
