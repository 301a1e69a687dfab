"""Whom this server may be told to talk to: public addresses over https, and whom the operator adds.

Without this rule anybody who may make a webhook could let the server knock at doors that are open
to it alone: the cloud's metadata service, databases, itself.
"""

import fnmatch
import ipaddress
import re
from urllib.parse import urlsplit

import msgspec

from eventtrack import limits
from eventtrack.errors import InvalidParameter

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

SETTING = "--webhook-hosts"

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NAT64_LOCAL = ipaddress.IPv6Network("64:ff9b:1::/48")


class _Allowed(msgspec.Struct, frozen=True):
    """An entry of the setting: a pattern of host names, or a network; plain: http as well."""

    plain: bool
    pattern: str
    network: Network | None

    def has(self, host: str, address: Address | None) -> bool:
        if self.network is not None:
            return address is not None and address in self.network
        return fnmatch.fnmatchcase(host, self.pattern)


class Reach:
    """The rule.

    allowed: the setting's entries, separated by commas: a host name, in which * stands for
    anything, an address or a network; `http://` before one allows it without encryption.
    """

    def __init__(self, allowed: str = "") -> None:
        self._allowed = [_entry(each.strip()) for each in allowed.split(",") if each.strip()]

    def check_url(self, url: str) -> str:
        """The host of a URL that deliveries may go to, as far as its text tells.

        InvalidParameter; what its name stands for is asked of `allows`, for each address.
        """
        if len(url) > limits.WEBHOOK_URL_CHARS_MAX:
            raise InvalidParameter(
                f"'url' exceeds the maximum length of {limits.WEBHOOK_URL_CHARS_MAX} characters: "
                f"it has {len(url)}."
            )
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError as error:
            raise _invalid(f"it is no URL: {error}") from error
        if parts.scheme not in self._schemes:
            raise InvalidParameter(
                f"Invalid webhook URL scheme: {parts.scheme[:100]!r}. Allowed schemes are: "
                f"{', '.join(self._schemes)}. A host that is named as http://HOST by {SETTING} may "
                "be reached without encryption."
            )
        if not host:
            raise InvalidParameter("Webhook URL must include a hostname: https://HOST/PATH.")
        if parts.username is not None or parts.password is not None:
            raise _invalid("it may hold no user and password: give a secret, which signs")
        if not url.isprintable() or " " in url:
            raise _invalid("it holds blanks or characters that cannot be printed")
        address = literal(host)
        if address is not None:
            self.check(parts.scheme, host, address)
        elif parts.scheme == "http" and not self._may_be_plain(host):
            raise _invalid(f"{host!r} may not be reached over http: use https, or {SETTING}")
        return host

    def check(self, scheme: str, host: str, address: Address) -> None:
        """Refuse an address that the host of a URL stands for; InvalidParameter."""
        if not self.allows(scheme, host, address):
            raise InvalidParameter(
                "Webhook URL must not resolve to a non-public IP address. "
                f"{host!r} resolves to {address}. The operator of this server may allow it with "
                f"{SETTING}."
            )

    def allows(self, scheme: str, host: str, address: Address) -> bool:
        """May this address be connected to, for a URL with this scheme and host?"""
        host = host.lower().rstrip(".")
        plain = scheme != "https"
        if not plain and is_public(address):
            return True
        plainly = embedded(address)
        return any(
            each.has(host, address) or each.has(host, plainly)
            for each in self._allowed
            if each.plain or not plain
        )

    @property
    def _schemes(self) -> list[str]:
        return ["https", "http"] if any(each.plain for each in self._allowed) else ["https"]

    def _may_be_plain(self, host: str) -> bool:
        """Names may stand for addresses of a network, which shows when they are looked up."""
        host = host.lower().rstrip(".")
        return any(
            each.plain and (each.network is not None or each.has(host, None))
            for each in self._allowed
        )


def literal(host: str) -> Address | None:
    """The address that a host is written as, None when it is a name.

    InvalidParameter for 127.1, 0x7f.1 and the like, which programs take for different addresses.
    """
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        last = host.rstrip(".").rpartition(".")[2]
        if ":" in host or last.isdigit() or last.lower().startswith("0x"):
            raise _invalid(f"{host!r} is no IP address in its usual form") from None
        return None


def embedded(address: Address) -> Address:
    """The IPv4 address that an IPv6 address carries, where it does."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.sixtofour is not None:
            return address.sixtofour
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def is_public(address: Address) -> bool:
    """Is it an address of the Internet, reached by everybody in the same way?"""
    if address in _NAT64_LOCAL:
        return False
    address = embedded(address)
    return address.is_global and not address.is_multicast


def _entry(text: str) -> _Allowed:
    plain = text.startswith("http://")
    host = text.removeprefix("http://").removeprefix("https://").rstrip("/").strip("[]").lower()
    try:
        return _Allowed(plain, host, ipaddress.ip_network(host, strict=False))
    except ValueError:
        if re.fullmatch(r"[\w.*-]+", host) is None:
            raise ValueError(
                f"{SETTING} {text!r} is neither a host name, such as ci.example.com or "
                "*.internal, nor an address, nor a network such as 10.0.0.0/8"
            ) from None
        return _Allowed(plain, host, None)


def _invalid(why: str) -> InvalidParameter:
    return InvalidParameter(f"Invalid value for parameter 'url': {why}.")
