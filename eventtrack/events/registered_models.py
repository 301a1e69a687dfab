"""Facts about registered models.

Streams `registered-model/<id>`, which holds its versions' facts too (`model_versions.py`), so that
an expected version makes version numbers unique; and `registered-model-name/<digest of the name>`.
The id is the server's own: a model can be renamed, and a deleted one's name taken by another.
"""

from eventtrack.events.fact import Fact


class RegisteredModelCreated(Fact, frozen=True, kw_only=True, tag="RegisteredModelCreated/1"):
    """RegisteredModelCreated: a registered model (or prompt) exists from now on.

    updated_at_ms: None when it is the time of creation.
    """

    registered_model_id: str
    name: str
    created_at_ms: int
    description: str = ""
    tags: dict[str, str] = {}
    updated_at_ms: int | None = None


class RegisteredModelNameClaimed(
    Fact, frozen=True, kw_only=True, tag="RegisteredModelNameClaimed/1"
):
    """RegisteredModelNameClaimed: the name belongs to this model; its stream is the name's own."""

    registered_model_id: str
    name: str


class RegisteredModelNameReleased(
    Fact, frozen=True, kw_only=True, tag="RegisteredModelNameReleased/1"
):
    """RegisteredModelNameReleased: the name is free again, its model was renamed or deleted."""

    registered_model_id: str
    name: str


class RegisteredModelRenamed(Fact, frozen=True, kw_only=True, tag="RegisteredModelRenamed/1"):
    """RegisteredModelRenamed: its versions and aliases follow."""

    registered_model_id: str
    name: str
    previous_name: str
    updated_at_ms: int


class RegisteredModelDescribed(Fact, frozen=True, kw_only=True, tag="RegisteredModelDescribed/1"):
    """RegisteredModelDescribed: this is its description from now on."""

    registered_model_id: str
    description: str
    updated_at_ms: int


class RegisteredModelTagSet(Fact, frozen=True, kw_only=True, tag="RegisteredModelTagSet/1"):
    """RegisteredModelTagSet: the tag has this value from now on."""

    registered_model_id: str
    key: str
    value: str


class RegisteredModelTagDeleted(Fact, frozen=True, kw_only=True, tag="RegisteredModelTagDeleted/1"):
    """RegisteredModelTagDeleted: the tag is gone."""

    registered_model_id: str
    key: str


class RegisteredModelAliasSet(Fact, frozen=True, kw_only=True, tag="RegisteredModelAliasSet/1"):
    """RegisteredModelAliasSet: the alias names this version from now on, and no other."""

    registered_model_id: str
    alias: str
    version: int


class RegisteredModelAliasDeleted(
    Fact, frozen=True, kw_only=True, tag="RegisteredModelAliasDeleted/1"
):
    """RegisteredModelAliasDeleted: the alias names nothing."""

    registered_model_id: str
    alias: str


class RegisteredModelDeleted(Fact, frozen=True, kw_only=True, tag="RegisteredModelDeleted/1"):
    """RegisteredModelDeleted: the model is hidden with its versions, tags and aliases."""

    registered_model_id: str
    updated_at_ms: int


class RegisteredModelRestored(Fact, frozen=True, kw_only=True, tag="RegisteredModelRestored/1"):
    """RegisteredModelRestored: its deletion was taken back; all of it is there again."""

    registered_model_id: str
    updated_at_ms: int
