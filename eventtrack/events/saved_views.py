"""Facts about saved views of the web UI: stream `saved-view/<id>`; the actor is who did it."""

from eventtrack.events.fact import Fact


class SavedViewCreated(Fact, frozen=True, kw_only=True, tag="SavedViewCreated/1"):
    """SavedViewCreated: somebody keeps what a table of these experiments looks like.

    state: JSON whose meaning is the UI's own.
    """

    view_id: str
    name: str
    experiment_ids: list[str]
    state: str
    created_at_ms: int


class SavedViewUpdated(Fact, frozen=True, kw_only=True, tag="SavedViewUpdated/1"):
    """SavedViewUpdated: its name or its state changed; None leaves the field as it was."""

    view_id: str
    updated_at_ms: int
    name: str | None = None
    state: str | None = None


class SavedViewDeleted(Fact, frozen=True, kw_only=True, tag="SavedViewDeleted/1"):
    """SavedViewDeleted: the view is gone."""

    view_id: str
