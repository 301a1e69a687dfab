"""The digest chain: each event's digest covers its header, its payload's digest and its forerunner.

Because the chain holds payload *digests*, a payload can be erased for good and the chain still
verifies.  SHA-256 throughout.
"""

from hashlib import sha256

import msgspec

_header = msgspec.msgpack.Encoder()

DIGEST_BYTES = 32


def genesis(log_id: str) -> bytes:
    """The digest that stands before the first event of the log with this id."""
    return sha256(b"eventtrack log " + log_id.encode()).digest()


def payload_digest(payload: bytes) -> bytes:
    """The digest that stands in the chain for a payload."""
    return sha256(payload).digest()


def link(
    previous: bytes,
    position: int,
    stream: str,
    version: int | None,
    recorded_at: int,
    actor: str,
    digest_of_payload: bytes,
) -> bytes:
    """The digest of an event, given the one before it."""
    header = _header.encode((position, stream, version, recorded_at, actor))
    return sha256(previous + header + digest_of_payload).digest()
