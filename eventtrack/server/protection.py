"""Who may talk to the server: host and origin checks against DNS rebinding and foreign pages.

Source: rows H2 to H5 of the semantics reference; unlike the original, a page of the server's own
origin may write under whatever allowed host name it was opened.
"""

import fnmatch
import ipaddress
from urllib.parse import urlsplit

VERDICTS_MAX = 1000

_LOCAL_NAMES = frozenset(("localhost", "127.0.0.1", "::1", "0.0.0.0"))
_SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))


def _list(text: str) -> list[str]:
    return [each.strip().lower() for each in text.split(",") if each.strip()]


def _hostname(host: str) -> str | None:
    """The name in a Host header, without its port; None when it is malformed."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _is_private(name: str) -> bool:
    if name in _LOCAL_NAMES:
        return True
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or address.is_private


class Protection:
    """The checks of one server.  Answers are remembered: clients send the same few headers."""

    def __init__(self, allowed_hosts: str, allowed_origins: str) -> None:
        self._hosts = _list(allowed_hosts)
        self._origins = _list(allowed_origins)
        self._verdicts: dict[str, bool] = {}

    def host_allowed(self, host: str) -> bool:
        """Whether a Host header may be served."""
        verdict = self._verdicts.get(host)
        if verdict is None:
            verdict = self._judge_host(host.lower())
            if len(self._verdicts) >= VERDICTS_MAX:
                self._verdicts.clear()
            self._verdicts[host] = verdict
        return verdict

    def _judge_host(self, host: str) -> bool:
        name = _hostname(host)
        if name is None:
            return False
        for allowed in self._hosts:
            if "*" in allowed:
                if fnmatch.fnmatchcase(host, allowed) or fnmatch.fnmatchcase(name, allowed):
                    return True
            elif allowed in (host, name):
                return True
        return _is_private(name)

    def write_allowed(self, method: str, origin: str, host: str) -> bool:
        """Whether a page of this origin may send this request; scripts send no origin."""
        return method in _SAFE_METHODS or self.origin_allowed(origin, host)

    def origin_allowed(self, origin: str, host: str) -> bool:
        """Whether pages of this origin are trusted."""
        origin = origin.lower()
        if "*" in self._origins or origin in self._origins:
            return True
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        if any("*" in each and fnmatch.fnmatchcase(origin, each) for each in self._origins):
            return True
        return parts.hostname in _LOCAL_NAMES or parts.netloc == host.lower()

    def cors_headers(self, origin: str, host: str) -> dict[str, str]:
        """The headers that let a trusted page read the answer; empty for others."""
        if not self.origin_allowed(origin, host):
            return {}
        if "*" in self._origins:
            return {"Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": "*"}
        return {
            "Access-Control-Allow-Origin": origin,
            "Access-Control-Allow-Credentials": "true",
            "Access-Control-Expose-Headers": "*",
            "Vary": "Origin",
        }
