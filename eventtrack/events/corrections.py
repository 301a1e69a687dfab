"""Facts that take something back or put it right, in the stream of what they are about."""

from eventtrack.events.fact import Fact


class Undone(Fact, frozen=True, kw_only=True, tag="Undone/1"):
    """Undone: the next `count` checked events of this stream take back the event at a position."""

    position: int
    count: int
    reason: str = ""


class RunReopened(Fact, frozen=True, kw_only=True, tag="RunReopened/1"):
    """RunReopened: the run has this status again, and no end time or the one it had before."""

    run_id: str
    status: str
    end_time_ms: int | None = None


class ParamCorrected(Fact, frozen=True, kw_only=True, tag="ParamCorrected/1"):
    """ParamCorrected: a param has another value from now on, or is gone when that is None.

    previous: what it was, None when it was not there.
    """

    run_id: str
    key: str
    value: str | None
    previous: str | None
    reason: str = ""


class PointsRetracted(Fact, frozen=True, kw_only=True, tag="PointsRetracted/1"):
    """PointsRetracted: points of a metric logged up to now are hidden; they stay in the log.

    first_step, last_step: both included; rank: of this process only, None for all.
    """

    run_id: str
    key: str
    first_step: int
    last_step: int
    rank: int | None = None
    reason: str = ""


class PointsReinstated(Fact, frozen=True, kw_only=True, tag="PointsReinstated/1"):
    """PointsReinstated: the points that the event at position `retraction` hid are back."""

    run_id: str
    retraction: int


class LoggedModelRestored(Fact, frozen=True, kw_only=True, tag="LoggedModelRestored/1"):
    """LoggedModelRestored: the model is shown again."""

    model_id: str
    updated_at_ms: int
