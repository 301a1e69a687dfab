"""Facts about who still lives: stream `run/<run_id>`.

A process that logs natively promises to be heard from.  A run that is silent for longer than its
lease is lost; anything it logs later revives it.
"""

from eventtrack.events.fact import Fact


class RunLeased(Fact, frozen=True, kw_only=True, tag="RunLeased/1"):
    """RunLeased: the run promises to be heard from at least every so many seconds."""

    run_id: str
    lease_seconds: int


class RunLost(Fact, frozen=True, kw_only=True, tag="RunLost/1"):
    """RunLost: nothing was heard from the running run for a lease; last heard at, if it is known.

    heard_at_ms: milliseconds since 1970.
    """

    run_id: str
    heard_at_ms: int
