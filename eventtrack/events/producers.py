"""Facts about who sends natively: stream `producer/<producer>`, checked, so that one of two wins.

The event is appended together with what the request held, so a request is in the log whole, once.
"""

from eventtrack.events.fact import Fact


class EntriesReceived(Fact, frozen=True, kw_only=True, tag="EntriesReceived/1"):
    """EntriesReceived: a native ingest request was stored.

    sequence: the number it began at; following: the number the producer's next request begins at.
    """

    producer: str
    sequence: int
    following: int
