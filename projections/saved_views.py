"""Saved views: which views of the web UI are kept for experiment E, and whose are they?

Handles  SavedViewCreated, SavedViewUpdated, SavedViewDeleted
Tables   saved_views, saved_view_experiments
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from eventtrack.events import Recorded
from eventtrack.events.saved_views import SavedViewCreated, SavedViewDeleted, SavedViewUpdated
from projections.projection import Projection
from projections.rows import Rows
from projections.views import Views

saved_views = Projection(
    "saved_views",
    version=1,
    tables="""
    CREATE TABLE saved_views (
        view_id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        owner TEXT NOT NULL,                     -- who made it
        state TEXT NOT NULL,                     -- JSON of the web UI's own
        created_at INTEGER NOT NULL,             -- milliseconds since 1970
        updated_at INTEGER NOT NULL,
        updated_by TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE saved_view_experiments (
        experiment_id INTEGER NOT NULL, view_id TEXT NOT NULL,
        PRIMARY KEY (experiment_id, view_id)
    ) STRICT, WITHOUT ROWID;
    """,
)


@saved_views.on(SavedViewCreated)
def created(rows: Rows, event: SavedViewCreated, at: Recorded) -> None:
    """A row for the view, and one for each of its experiments."""
    user = _user_of(at)
    when = event.created_at_ms
    rows.write(
        "INSERT OR IGNORE INTO saved_views VALUES (?, ?, ?, ?, ?, ?, ?)",
        (event.view_id, event.name, user, event.state, when, when, user),
    )
    for experiment_id in event.experiment_ids:
        rows.write(
            "INSERT OR IGNORE INTO saved_view_experiments VALUES (?, ?)",
            (int(experiment_id), event.view_id),
        )


@saved_views.on(SavedViewUpdated)
def updated(rows: Rows, event: SavedViewUpdated, at: Recorded) -> None:
    """Name and state, as far as the event holds them."""
    rows.write(
        """UPDATE saved_views SET name = coalesce(?, name), state = coalesce(?, state),
               updated_at = ?, updated_by = ? WHERE view_id = ?""",
        (event.name, event.state, event.updated_at_ms, _user_of(at), event.view_id),
    )


@saved_views.on(SavedViewDeleted)
def deleted(rows: Rows, event: SavedViewDeleted, at: Recorded) -> None:
    """The view goes."""
    for table in ("saved_views", "saved_view_experiments"):
        rows.write(f"DELETE FROM {table} WHERE view_id = ?", (event.view_id,))


def _user_of(at: Recorded) -> str:
    user, _, _ = at.actor.rpartition("@")
    return user


class SavedView(msgspec.Struct, frozen=True):
    """A view as its row has it; times in milliseconds since 1970."""

    view_id: str
    name: str
    owner: str
    state: str
    created_at: int
    updated_at: int
    updated_by: str
    experiment_ids: list[str]


_SELECT = """
    SELECT v.*, (SELECT json_group_array(CAST(experiment_id AS TEXT)) FROM (
        SELECT experiment_id FROM saved_view_experiments e WHERE e.view_id = v.view_id
        ORDER BY experiment_id)) FROM saved_views v"""


async def get(views: Views, view_id: str) -> SavedView | None:
    """The view with this id."""
    row = await views.fetchone(f"{_SELECT} WHERE v.view_id = ?", (view_id,))
    return _view(row) if row else None


async def list_views(views: Views, experiment_ids: Sequence[int]) -> list[SavedView]:
    """The views of these experiments, all when none is named, by name."""
    where: str = ""
    params: tuple[object, ...] = ()
    if experiment_ids:
        where = """WHERE v.view_id IN (
            SELECT view_id FROM saved_view_experiments
            WHERE experiment_id IN (SELECT value FROM json_each(?)))"""
        params = (msgspec.json.encode(list(experiment_ids)).decode(),)
    rows = await views.fetchall(f"{_SELECT} {where} ORDER BY v.name, v.view_id", params)
    return [_view(row) for row in rows]


def _view(row: tuple[Any, ...]) -> SavedView:
    *columns, experiment_ids = row
    view: SavedView = msgspec.convert(
        dict(zip(SavedView.__struct_fields__, columns, strict=False))
        | {"experiment_ids": msgspec.json.decode(experiment_ids)},
        SavedView,
    )
    return view
