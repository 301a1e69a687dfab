"""Facts about versions of registered models: stream `registered-model/<id>`."""

from eventtrack.events.fact import Fact


class ModelVersionCreated(Fact, frozen=True, kw_only=True, tag="ModelVersionCreated/1"):
    """ModelVersionCreated: the model has this version from now on; numbers are never reused.

    source: as the client gave it; storage_location: where the files are; run_id, model_id: the run
    and the logged model that it comes from, "" when none; description: None when it has none;
    updated_at_ms: None when it is the time of creation.
    """

    registered_model_id: str
    version: int
    source: str
    storage_location: str
    created_at_ms: int
    run_id: str = ""
    run_link: str = ""
    model_id: str = ""
    description: str | None = None
    tags: dict[str, str] = {}
    stage: str = "None"
    updated_at_ms: int | None = None


class ModelVersionDescribed(Fact, frozen=True, kw_only=True, tag="ModelVersionDescribed/1"):
    """ModelVersionDescribed: this is its description from now on; None: it has none."""

    registered_model_id: str
    version: int
    description: str | None
    updated_at_ms: int


class ModelVersionStaged(Fact, frozen=True, kw_only=True, tag="ModelVersionStaged/1"):
    """ModelVersionStaged: the version is in this stage: None, Staging, Production or Archived."""

    registered_model_id: str
    version: int
    stage: str
    updated_at_ms: int


class ModelVersionTagSet(Fact, frozen=True, kw_only=True, tag="ModelVersionTagSet/1"):
    """ModelVersionTagSet: the tag has this value from now on."""

    registered_model_id: str
    version: int
    key: str
    value: str


class ModelVersionTagDeleted(Fact, frozen=True, kw_only=True, tag="ModelVersionTagDeleted/1"):
    """ModelVersionTagDeleted: the tag is gone."""

    registered_model_id: str
    version: int
    key: str


class ModelVersionDeleted(Fact, frozen=True, kw_only=True, tag="ModelVersionDeleted/1"):
    """ModelVersionDeleted: the version is hidden, and these aliases, which named it, are gone."""

    registered_model_id: str
    version: int
    updated_at_ms: int
    aliases: list[str] = []


class ModelVersionRestored(Fact, frozen=True, kw_only=True, tag="ModelVersionRestored/1"):
    """ModelVersionRestored: its deletion was taken back; its aliases are set by their own facts."""

    registered_model_id: str
    version: int
    updated_at_ms: int
