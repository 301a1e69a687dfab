"""Facts about logged models: stream `logged-model/<model_id>`."""

from eventtrack.events.fact import Fact


class LoggedModelCreated(Fact, frozen=True, kw_only=True, tag="LoggedModelCreated/1"):
    """LoggedModelCreated: a model was announced; its files follow (status PENDING)."""

    model_id: str
    experiment_id: str
    name: str
    artifact_location: str
    status: str
    created_at_ms: int
    model_type: str = ""
    source_run_id: str = ""
    params: dict[str, str] = {}
    tags: dict[str, str] = {}


class LoggedModelFinalized(Fact, frozen=True, kw_only=True, tag="LoggedModelFinalized/1"):
    """LoggedModelFinalized: the upload ended, well or badly."""

    model_id: str
    status: str
    updated_at_ms: int


class LoggedModelParamsLogged(Fact, frozen=True, kw_only=True, tag="LoggedModelParamsLogged/1"):
    """LoggedModelParamsLogged: params that the model did not have before."""

    model_id: str
    params: dict[str, str]


class LoggedModelTagsSet(Fact, frozen=True, kw_only=True, tag="LoggedModelTagsSet/1"):
    """LoggedModelTagsSet: these tags have these values from now on."""

    model_id: str
    tags: dict[str, str]


class LoggedModelTagDeleted(Fact, frozen=True, kw_only=True, tag="LoggedModelTagDeleted/1"):
    """LoggedModelTagDeleted: the tag is gone."""

    model_id: str
    key: str


class LoggedModelDeleted(Fact, frozen=True, kw_only=True, tag="LoggedModelDeleted/1"):
    """LoggedModelDeleted: the model is hidden from get and search; its files stay."""

    model_id: str
    updated_at_ms: int
