"""A page of webhooks, the newest first."""

from projections.search.ordering import Key
from projections.search.pages import find_page
from projections.search.reader import Page, Reader
from projections.search.tokens import decode_token

_SEARCH = "webhooks"

_KEYS = (
    Key("creation_timestamp", "w.creation_timestamp", "integer", descending=True),
    Key("position", "w.position", "integer", descending=True),
    Key("webhook_id", "w.webhook_id", "text"),
)


async def find_webhooks(reader: Reader, *, max_results: int, page_token: str) -> Page:
    """The ids of a page; raises InvalidPageToken."""
    place = decode_token(page_token, _KEYS, _SEARCH) if page_token else None
    return await find_page(reader, "webhooks w", [], _KEYS, place, max_results, _SEARCH)
