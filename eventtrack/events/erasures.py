"""Facts about what was erased for good: the last event of a stream, whose payloads are gone.

The fact is durable before the first payload is erased, so an erasure that was interrupted is found
and finished.
"""

from eventtrack.events.fact import Fact


class RunErased(Fact, frozen=True, kw_only=True, tag="RunErased/1"):
    """RunErased: the payloads of the run's events up to here, `bytes` in all, are erased."""

    run_id: str
    events: int
    bytes: int
    reason: str = ""


class ExperimentErased(Fact, frozen=True, kw_only=True, tag="ExperimentErased/1"):
    """ExperimentErased: as RunErased, for an experiment; its id is never given out again."""

    experiment_id: str
    events: int
    bytes: int
    reason: str = ""


class LoggedModelErased(Fact, frozen=True, kw_only=True, tag="LoggedModelErased/1"):
    """LoggedModelErased: as RunErased, for a logged model."""

    model_id: str
    events: int
    bytes: int
    reason: str = ""


class RegisteredModelErased(Fact, frozen=True, kw_only=True, tag="RegisteredModelErased/1"):
    """RegisteredModelErased: as RunErased, for a registered model with its versions."""

    registered_model_id: str
    events: int
    bytes: int
    reason: str = ""


ERASURES = RunErased | ExperimentErased | LoggedModelErased | RegisteredModelErased
