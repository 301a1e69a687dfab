"""Who sends natively, and what of it was stored: exactly once, by numbers (invariant 7).

A producer numbers what it sends: each request begins where the one before ended.  A request that
was stored before is acknowledged and not stored again.
"""

from eventtrack import limits
from eventtrack.commands.state import ProducerState
from eventtrack.errors import InvalidParameter, OutOfSequence
from eventtrack.events.producers import EntriesReceived


def stream_of(producer: str) -> str:
    """The stream of a producer's events."""
    return f"producer/{producer}"


def check(producer: str, sequence: int, following: int) -> None:
    """The form of a producer's name and numbers."""
    if not producer.isascii() or not producer.isprintable() or " " in producer:
        raise InvalidParameter(
            "Invalid value for parameter 'producer' supplied: use printable ASCII without spaces, "
            "for example a random UUID."
        )
    if len(producer) > limits.PRODUCER_CHARS_MAX:
        raise InvalidParameter(
            f"'producer' exceeds the maximum length of {limits.PRODUCER_CHARS_MAX} characters: "
            f"it has {len(producer)}."
        )
    if not 0 <= sequence < following <= limits.INT64_MAX:
        raise InvalidParameter(
            f"Invalid value {sequence} for parameter 'sequence' supplied: numbers start at 0 and "
            f"'following' ({following}) must be greater; left out it is sequence + 1."
        )


def is_repeat(state: ProducerState, sequence: int, following: int) -> bool:
    """Whether all of a request was stored before.

    Raises OutOfSequence when a part of it was, or when something before it is missing.
    """
    if sequence == state.following:
        return False
    if following <= state.following:
        return True
    raise OutOfSequence(state.producer, sequence, state.following)


def received(producer: str, sequence: int, following: int) -> EntriesReceived:
    """The fact that the request was stored."""
    return EntriesReceived(producer=producer, sequence=sequence, following=following)
