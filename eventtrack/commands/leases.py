"""Leases: a run promises to be heard from, and is lost when it is not."""

from eventtrack import limits
from eventtrack.commands.state import ACTIVE, RunState
from eventtrack.errors import InvalidParameter
from eventtrack.events import Fact
from eventtrack.events.leases import RunLeased, RunLost


def lease(run_id: str, seconds: int) -> list[Fact]:
    """The facts of a run that asks for a lease; 0 asks for none."""
    if not 0 <= seconds <= limits.LEASE_SECONDS_MAX:
        raise InvalidParameter(
            f"Invalid value {seconds} for parameter 'lease_seconds' supplied: it goes from 0 (no "
            f"lease) to {limits.LEASE_SECONDS_MAX}."
        )
    return [RunLeased(run_id=run_id, lease_seconds=seconds)] if seconds else []


def lose(state: RunState, heard_at_ms: int) -> list[Fact]:
    """Decide that a run is lost, unless it has ended meanwhile."""
    if state.status != "RUNNING" or state.lifecycle_stage != ACTIVE:
        return []
    return [RunLost(run_id=state.run_id, heard_at_ms=heard_at_ms)]
