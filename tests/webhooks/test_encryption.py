"""Over https: the receiver's certificate must be good, for the name in the URL."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from collections.abc import Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.rest import Rest
from tests.servers import eventtrack_server
from tests.webhooks.hooks import make_webhook
from tests.webhooks.receiver import Receiver


def certified(folder: Path, names: Sequence[x509.GeneralName]) -> tuple[ssl.SSLContext, Path]:
    """What a server needs to prove these names, and the file that says whom to trust for it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    trusted, whole = folder / "trusted.pem", folder / "whole.pem"
    trusted.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    whole.write_bytes(private + trusted.read_bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(whole)
    return context, trusted


LOOPBACK = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
OTHER = x509.DNSName("other.example.com")


@pytest.mark.parametrize(
    ("name", "is_trusted", "said"),
    [
        (LOOPBACK, True, ""),
        (LOOPBACK, False, "CERTIFICATE_VERIFY_FAILED"),
        (OTHER, True, "CERTIFICATE_VERIFY_FAILED"),
    ],
)
def test_a_receiver_must_prove_who_it_is(
    tmp_path: Path, name: x509.GeneralName, is_trusted: bool, said: str
) -> None:
    context, trusted = certified(tmp_path, [name])
    env = {"SSL_CERT_FILE": str(trusted)} if is_trusted else {}
    hosts = ("--webhook-hosts", "127.0.0.0/8")
    with Receiver(context) as receiver, eventtrack_server(tmp_path, *hosts, env=env) as server:
        rest = Rest(server.port)
        webhook_id = make_webhook(rest, receiver.url)
        result = rest.post(f"webhooks/{webhook_id}/test")["result"]
        rest.close()
        assert result["success"] is not bool(said)
        assert said in result.get("error_message", "")
        assert len(receiver.received) == (0 if said else 1)
