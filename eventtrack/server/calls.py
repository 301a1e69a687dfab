"""Who calls: what the envelope and the server's log say about a request."""

import binascii
from base64 import b64decode

from aiohttp import web

ANONYMOUS = "anonymous"


class Call:
    """A request seen from behind the door; `actor` is `user@address`."""

    __slots__ = ("request",)

    def __init__(self, request: web.BaseRequest) -> None:
        self.request = request

    @property
    def actor(self) -> str:
        """Who asks, for the log's envelope."""
        return actor_of(self.request)


def actor_of(request: web.BaseRequest) -> str:
    """The user of HTTP Basic authentication, if any is sent, and the address it comes from.

    Nobody has checked the password: the name says who the client claims to be.
    """
    user = ANONYMOUS
    header = request.headers.get("Authorization")
    if header is not None and header[:6].lower() == "basic ":
        try:
            user = b64decode(header[6:], validate=True).decode().partition(":")[0] or ANONYMOUS
        except (binascii.Error, UnicodeDecodeError):
            user = ANONYMOUS
    return f"{user}@{request.remote or 'unknown'}"
