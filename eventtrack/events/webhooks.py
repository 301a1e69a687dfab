"""Facts about webhooks: stream `webhook/<id>`.

`events` names what a webhook is told of, as `registered_model.created`.  The secret that signs the
deliveries is a `Secret`: the log holds it, nothing shows it.
"""

from eventtrack.events.fact import Fact
from eventtrack.events.secret import Secret


class WebhookCreated(Fact, frozen=True, kw_only=True, tag="WebhookCreated/1"):
    """WebhookCreated: the URL is told of these events from now on, while the status is ACTIVE.

    secret: None when deliveries are not signed.
    """

    webhook_id: str
    name: str
    url: str
    events: list[str]
    created_at_ms: int
    status: str = "ACTIVE"
    description: str = ""
    secret: Secret | None = None


class WebhookUpdated(Fact, frozen=True, kw_only=True, tag="WebhookUpdated/1"):
    """WebhookUpdated: what is not None is so from now on; an empty secret: no more signatures."""

    webhook_id: str
    updated_at_ms: int
    name: str | None = None
    url: str | None = None
    events: list[str] | None = None
    status: str | None = None
    description: str | None = None
    secret: Secret | None = None


class WebhookDeleted(Fact, frozen=True, kw_only=True, tag="WebhookDeleted/1"):
    """WebhookDeleted: the URL is told of nothing any more, not of what still waits either."""

    webhook_id: str
    deleted_at_ms: int
