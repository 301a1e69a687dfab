"""What can be done to the saved views of the web UI."""

import msgspec

from eventtrack.commands.state import SavedViewState
from eventtrack.errors import DoesNotExist, InvalidParameter
from eventtrack.events import Fact
from eventtrack.events.saved_views import SavedViewCreated, SavedViewDeleted, SavedViewUpdated
from eventtrack.limits import (
    SAVED_VIEW_EXPERIMENTS_MAX,
    SAVED_VIEW_NAME_CHARS_MAX,
    SAVED_VIEW_STATE_BYTES_MAX,
)


class CreateSavedView(msgspec.Struct, frozen=True, kw_only=True):
    """Keep a view; experiment_ids: those whose table it is of; state: JSON."""

    name: str
    experiment_ids: list[str]
    state: str


class UpdateSavedView(msgspec.Struct, frozen=True, kw_only=True):
    """Change a view; None leaves the field as it is."""

    view_id: str
    name: str | None = None
    state: str | None = None


class DeleteSavedView(msgspec.Struct, frozen=True, kw_only=True):
    """Remove a view."""

    view_id: str


SavedViewCommand = UpdateSavedView | DeleteSavedView


def stream_of(view_id: str) -> str:
    """The stream of a saved view's events."""
    return f"saved-view/{view_id}"


def no_such_view(view_id: str) -> DoesNotExist:
    """The refusal when a view is not there, or deleted."""
    return DoesNotExist(f"Saved view with ID '{view_id[:100]}' not found.")


def create(command: CreateSavedView, *, view_id: str, now_ms: int) -> SavedViewCreated:
    """Decide on a new view."""
    _check(command.name, command.state)
    if not 1 <= len(command.experiment_ids) <= SAVED_VIEW_EXPERIMENTS_MAX:
        raise InvalidParameter(
            f"Invalid value for parameter 'experiment_ids': it has {len(command.experiment_ids)}, "
            f"from 1 to {SAVED_VIEW_EXPERIMENTS_MAX} are allowed."
        )
    return SavedViewCreated(
        view_id=view_id,
        name=command.name,
        experiment_ids=command.experiment_ids,
        state=command.state,
        created_at_ms=now_ms,
    )


def decide(state: SavedViewState, command: SavedViewCommand, now_ms: int) -> list[Fact]:
    """Decide on a change to one view."""
    if isinstance(command, DeleteSavedView):
        return [SavedViewDeleted(view_id=state.view_id)]
    _check(command.name, command.state)
    name = None if command.name == state.name else command.name
    new_state = None if command.state == state.state else command.state
    if name is None and new_state is None:
        return []
    return [
        SavedViewUpdated(view_id=state.view_id, updated_at_ms=now_ms, name=name, state=new_state)
    ]


def _check(name: str | None, state: str | None) -> None:
    if name is not None and not 1 <= len(name) <= SAVED_VIEW_NAME_CHARS_MAX:
        raise InvalidParameter(
            f"Invalid value for parameter 'name': it has {len(name)} characters, from 1 to "
            f"{SAVED_VIEW_NAME_CHARS_MAX} are allowed."
        )
    if state is not None and len(state.encode()) > SAVED_VIEW_STATE_BYTES_MAX:
        raise InvalidParameter(
            f"Invalid value for parameter 'state': it has {len(state.encode())} bytes of JSON, at "
            f"most {SAVED_VIEW_STATE_BYTES_MAX} are allowed."
        )
