"""Whom a webhook may name, and whom the server connects to, however the address is written."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import yarl

from eventtrack.commands.reach import Reach, is_public
from eventtrack.errors import InvalidParameter
from eventtrack.server.webhooks.names import Names
from eventtrack.server.webhooks.sending import Answered, Sender
from tests.support import refused
from tests.webhooks.receiver import Receiver

PRIVATE = (
    "127.0.0.1",
    "127.8.8.8",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "255.255.255.255",
    "224.0.0.1",
    "198.18.0.1",
    "::1",
    "::",
    "fe80::1",
    "fd00::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "2002:7f00:1::",
)
PUBLIC = ("8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808")


@pytest.mark.parametrize("text", PRIVATE)
def test_what_only_some_can_reach_is_private(text: str) -> None:
    assert not is_public(ipaddress.ip_address(text))
    host = f"[{text}]" if ":" in text else text
    with refused(InvalidParameter, "non-public IP address", "--webhook-hosts"):
        Reach().check_url(f"https://{host}/x")


@pytest.mark.parametrize("text", PUBLIC)
def test_what_everybody_reaches_is_public(text: str) -> None:
    assert is_public(ipaddress.ip_address(text))
    host = f"[{text}]" if ":" in text else text
    Reach().check_url(f"https://{host}/x")
    with refused(InvalidParameter, "Allowed schemes are: https"):
        Reach().check_url(f"http://{host}/x")


@pytest.mark.parametrize(
    "url",
    [
        "https://127.1/",
        "https://0177.0.0.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://127.0.0.0x1/",
        "https://[::1%lo]/",
        "https://user@example.com/",
        "https://:password@example.com/",
        "https:///path",
        "https://example.com:port/",
        "https://exa mple.com/",
        "https://example.com/\n",
        "https://[::1/",
        "ftp://example.com/",
        "example.com",
        "",
        "https://example.com/" + "x" * 2048,
    ],
)
def test_an_odd_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidParameter):
        Reach().check_url(url)


def allows(setting: str, url: str, address: str) -> bool:
    parsed = yarl.URL(url)
    reach = Reach(setting)
    try:
        reach.check_url(url)
    except InvalidParameter:
        return False
    return reach.allows(parsed.scheme, parsed.host or "", ipaddress.ip_address(address))


@pytest.mark.parametrize(
    ("setting", "url", "address", "expected"),
    [
        ("ci.example.com", "https://ci.example.com/", "10.0.0.1", True),
        ("ci.example.com", "https://CI.example.com./", "10.0.0.1", True),
        ("ci.example.com", "http://ci.example.com/", "10.0.0.1", False),
        ("http://ci.example.com", "http://ci.example.com/", "10.0.0.1", True),
        ("http://ci.example.com", "https://ci.example.com/", "10.0.0.1", True),
        ("http://ci.example.com", "http://ci.example.com/", "8.8.8.8", True),
        ("http://ci.example.com", "http://other.example.com/", "8.8.8.8", False),
        ("*.internal", "https://a.internal/", "10.0.0.1", True),
        ("*.internal", "https://internal.example.com/", "10.0.0.1", False),
        ("10.0.0.0/8", "https://anything.example.com/", "10.1.2.3", True),
        ("10.0.0.0/8", "https://anything.example.com/", "192.168.0.1", False),
        ("10.0.0.0/8", "https://10.1.2.3/", "10.1.2.3", True),
        ("10.0.0.0/8", "https://[::ffff:10.1.2.3]/", "::ffff:10.1.2.3", True),
        ("10.0.0.0/8", "http://10.1.2.3/", "10.1.2.3", False),
        ("http://10.0.0.0/8", "http://name/", "10.1.2.3", True),
        ("http://10.0.0.0/8", "http://name/", "8.8.8.8", False),
        ("fd00::/8", "https://[fd00::1]/", "fd00::1", True),
        ("*", "https://anything/", "127.0.0.1", True),
        ("*", "http://anything/", "127.0.0.1", False),
        ("a.example.com , 10.0.0.1", "https://10.0.0.1/", "10.0.0.1", True),
        ("", "https://example.com/", "8.8.8.8", True),
        ("", "https://example.com/", "10.0.0.1", False),
    ],
)
def test_the_operator_says_whom_else(setting: str, url: str, address: str, expected: bool) -> None:
    assert allows(setting, url, address) is expected


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as running:
        yield running


async def send(reach: Reach, url: str) -> Answered:
    names = Names()
    try:
        return await Sender(reach, names).send(url, "", "id", 1, b"{}")
    finally:
        await names.close()


async def test_a_name_that_turns_private_is_refused_at_the_connection(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The URL was looked up and was public when the webhook was made (DNS rebinding)."""
    real = socket.getaddrinfo

    def rebound(host: str, port: int, *args: Any, **kwargs: Any) -> Any:
        return real("127.0.0.1" if host == "rebound.example.com" else host, port, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", rebound)
    url = f"https://rebound.example.com:{receiver.port}/"
    Reach().check_url(url)
    answered = await send(Reach(), url)
    assert answered.status is None
    assert "'rebound.example.com' resolves to 127.0.0.1" in (answered.error or "")
    allowed = Reach("http://rebound.example.com")
    answered = await send(allowed, url.replace("https", "http"))
    assert answered.is_success, "the same address is reached where the operator says so"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "2130706433", "[::ffff:127.0.0.1]", "0"])
async def test_no_way_to_write_an_address_leads_home(receiver: Receiver, host: str) -> None:
    answered = await send(Reach(), f"https://{host}:{receiver.port}/")
    assert answered.status is None
    assert answered.error is not None
    assert receiver.received == []


async def test_a_proxy_of_the_environment_is_not_asked(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, receiver.url)
    answered = await send(Reach(), "https://127.0.0.1:1/")
    assert "may not talk to" in (answered.error or "")
    assert receiver.received == []


async def test_what_cannot_be_a_url_is_an_answer_without_the_url() -> None:
    answered = await send(Reach(), "https://:0/a-token-in-the-path")
    assert answered.error is not None
    assert "a-token-in-the-path" not in answered.error
