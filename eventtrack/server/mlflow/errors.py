"""Our refusals as MLflow's error JSON: `{"error_code", "message", "sqlstate", "error_class"}`.

Source: rows E1 to E3 of the semantics reference.
"""

import msgspec
from aiohttp import web

from eventtrack.errors import EventtrackError, MethodNotAllowed

_CLASSES = {
    "INVALID_PARAMETER_VALUE": ("KAM00", "INVALID_PARAMETER_VALUE"),
    "BAD_REQUEST": ("KAM00", "INVALID_PARAMETER_VALUE"),
    "RESOURCE_DOES_NOT_EXIST": ("KAM00", "RESOURCE_NOT_FOUND"),
    "RESOURCE_ALREADY_EXISTS": ("KAM00", "RESOURCE_ALREADY_EXISTS"),
    "INTERNAL_ERROR": ("XXM00", "CLIENT_INTERNAL_ERROR"),
    "TEMPORARILY_UNAVAILABLE": ("XXM00", "CLIENT_INTERNAL_ERROR"),
}


class ErrorBody(msgspec.Struct, omit_defaults=True):
    """What a client reads; it needs only the first two."""

    error_code: str
    message: str
    sqlstate: str | None = None
    error_class: str | None = None


def response_of(error: EventtrackError) -> web.Response:
    """The response to a refused request."""
    sqlstate, error_class = _CLASSES.get(error.error_code, (None, None))
    body = ErrorBody(error.error_code, error.message, sqlstate, error_class)
    headers = {"Allow": error.allowed} if isinstance(error, MethodNotAllowed) else None
    return web.Response(
        status=error.status,
        body=msgspec.json.encode(body),
        content_type="application/json",
        headers=headers,
    )
