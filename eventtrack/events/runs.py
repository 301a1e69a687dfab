"""Facts about runs, their params and their tags: stream `run/<run_id>`."""

from eventtrack.events.fact import Fact


class RunCreated(Fact, frozen=True, kw_only=True, tag="RunCreated/1"):
    """RunCreated: a run started; the name was generated at decide time when none was given."""

    run_id: str
    experiment_id: str
    name: str
    user_id: str
    status: str
    start_time_ms: int
    artifact_uri: str
    tags: dict[str, str] = {}


class RunUpdated(Fact, frozen=True, kw_only=True, tag="RunUpdated/1"):
    """RunUpdated: status or end time changed; None leaves the field as it was."""

    run_id: str
    status: str | None = None
    end_time_ms: int | None = None


class RunRenamed(Fact, frozen=True, kw_only=True, tag="RunRenamed/1"):
    """RunRenamed: the run's name changed; the tag that mirrors it changes by its own fact."""

    run_id: str
    name: str


class RunTagsSet(Fact, frozen=True, kw_only=True, tag="RunTagsSet/1"):
    """RunTagsSet: these tags have these values from now on."""

    run_id: str
    tags: dict[str, str]


class RunTagDeleted(Fact, frozen=True, kw_only=True, tag="RunTagDeleted/1"):
    """RunTagDeleted: the tag is gone."""

    run_id: str
    key: str


class ParamsLogged(Fact, frozen=True, kw_only=True, tag="ParamsLogged/1"):
    """ParamsLogged: params that the run did not have before; a param is written once."""

    run_id: str
    params: dict[str, str]


class RunDeleted(Fact, frozen=True, kw_only=True, tag="RunDeleted/1"):
    """RunDeleted: the run is in the deleted stage; everything it logged stays."""

    run_id: str


class RunRestored(Fact, frozen=True, kw_only=True, tag="RunRestored/1"):
    """RunRestored: the run is active again."""

    run_id: str
