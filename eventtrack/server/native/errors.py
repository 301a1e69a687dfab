"""Our refusals as the native protocol's error JSON (`eventtrack.wire.ingest.ErrorAnswer`)."""

import msgspec
from aiohttp import web

from eventtrack.errors import (
    EventtrackError,
    InvalidFilterText,
    MethodNotAllowed,
    OutOfSequence,
)
from eventtrack.wire import ingest as wire


def response_of(error: EventtrackError) -> web.Response:
    """The response to a refused request."""
    expected = error.expected if isinstance(error, OutOfSequence) else None
    at = error.at if isinstance(error, InvalidFilterText) else None
    body = wire.ErrorAnswer(error.error_code, error.message, expected, at)
    return web.Response(
        status=error.status,
        body=msgspec.json.encode(body),
        content_type=wire.JSON_TYPE,
        headers={"Allow": error.allowed} if isinstance(error, MethodNotAllowed) else None,
    )
