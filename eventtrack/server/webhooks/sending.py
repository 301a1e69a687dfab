"""One request to a webhook: signed, bounded in time and size, to an address that is allowed.

The address is judged where the socket is made, which is after the name was looked up and just
before the connection: a name that stands for another address the next time (DNS rebinding), a
redirect, a proxy or an odd way to write an address lead nowhere else.
"""

import base64
import contextlib
import errno
import functools
import hashlib
import hmac
import ipaddress
import socket
from typing import Any

import aiohttp
import msgspec
import yarl

from eventtrack.commands.reach import Reach
from eventtrack.server.webhooks.names import Names

TIMEOUT_SECONDS = 30.0
CONNECT_SECONDS = 10.0

ANSWER_BYTES_MAX = 16 << 10
"""So much of an answer is read."""

DELIVERY_ID = "X-MLflow-Delivery-Id"
TIMESTAMP = "X-MLflow-Timestamp"
SIGNATURE = "X-MLflow-Signature"


class AddressRefused(OSError):
    """The host of a URL stands for an address that the server may not talk to."""


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a request: the receiver's status and the begin of its answer, or an error.

    retry_after_seconds: how long the receiver asks to be left alone.
    """

    status: int | None = None
    body: str | None = None
    error: str | None = None
    retry_after_seconds: int = 0

    @property
    def is_success(self) -> bool:
        """Has the receiver taken the delivery?  A redirect is not followed, so it has not."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def words(self) -> str:
        """For the server's log."""
        return self.error or f"the receiver answered {self.status}"


def signature_of(secret: str, delivery_id: str, timestamp: str, body: bytes) -> str:
    """The signature of a delivery; timestamp: as the header has it."""
    signed = f"{delivery_id}.{timestamp}.".encode() + body
    digest = hmac.new(secret.encode(), signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


class Sender:
    """Sends.  reach: which addresses are allowed; names: looks them up."""

    def __init__(self, reach: Reach, names: Names) -> None:
        self._reach = reach
        self._names = names

    async def send(
        self, url: str, secret: str, delivery_id: str, now_seconds: int, body: bytes
    ) -> Answered:
        """Send a body; secret: "" for no signature; now_seconds: since 1970.  Never raises."""
        timestamp = str(now_seconds)
        headers = {
            "Content-Type": "application/json",
            "Accept-Encoding": "identity",
            "User-Agent": "eventtrack",
            DELIVERY_ID: delivery_id,
            TIMESTAMP: timestamp,
        }
        if secret:
            headers[SIGNATURE] = signature_of(secret, delivery_id, timestamp, body)
        try:
            return await self._post(yarl.URL(url), headers, body)
        except TimeoutError:
            return Answered(error=f"no answer in {TIMEOUT_SECONDS:g} seconds")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Answered(error=f"{type(error).__name__}: {_said(error)}")

    async def _post(self, url: yarl.URL, headers: dict[str, str], body: bytes) -> Answered:
        host = url.host or ""
        # A connector for each request: none that was allowed once is used again later.
        connector = aiohttp.TCPConnector(
            socket_factory=functools.partial(self._socket, url.scheme, host),
            resolver=self._names,
            use_dns_cache=False,
            force_close=True,
        )
        session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS, connect=CONNECT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
        )
        async with (
            session,
            session.post(url, data=body, headers=headers, allow_redirects=False) as response,
        ):
            after = response.headers.get("Retry-After", "")
            return Answered(
                status=response.status,
                body=(await _begin(response.content)).decode(errors="replace"),
                retry_after_seconds=int(after) if after.isdecimal() and len(after) < 9 else 0,
            )

    def _socket(self, scheme: str, host: str, address_info: tuple[Any, ...]) -> socket.socket:
        """A socket to connect to this address; AddressRefused."""
        family, kind, protocol, _, (text, *_) = address_info
        try:
            address = ipaddress.ip_address(text)
        except ValueError as error:
            raise AddressRefused(
                errno.EACCES, f"{host!r} is no IP address in its usual form"
            ) from error
        if not self._reach.allows(scheme, host, address):
            raise AddressRefused(
                errno.EACCES,
                f"{host!r} resolves to {address}, which this server may not talk to "
                f"over {scheme}: see --webhook-hosts",
            )
        return socket.socket(family, kind, protocol)


async def _begin(content: aiohttp.StreamReader) -> bytes:
    """What can be had of an answer whose status is known, which alone decides."""
    found = b""
    with contextlib.suppress(TimeoutError, aiohttp.ClientError):
        while len(found) < ANSWER_BYTES_MAX:
            chunk = await content.read(ANSWER_BYTES_MAX - len(found))
            if not chunk:
                break
            found += chunk
    return found


def _said(error: Exception) -> str:
    """What is wrong, without the URL, whose path may be a secret itself."""
    if isinstance(error, aiohttp.InvalidURL):
        return "the URL cannot be used"
    return str(error)
