"""The saved views of the web UI: GET and POST saved-views, PUT and DELETE saved-views/{view_id}."""

import msgspec
from aiohttp import web

from eventtrack.commands.saved_views import (
    CreateSavedView,
    DeleteSavedView,
    UpdateSavedView,
)
from eventtrack.server.calls import actor_of
from eventtrack.server.dispatch import PATH_PARAMETERS, Handle
from eventtrack.server.door import Door
from eventtrack.server.native.requests import body_of, experiments_of, json_of
from projections.saved_views import SavedView, list_views


class SavedViewAnswer(msgspec.Struct):
    """A saved view; state: as it was given; times in milliseconds since 1970."""

    view_id: str
    name: str
    owner: str
    experiment_ids: list[str]
    state: msgspec.Raw
    created_at: int
    updated_at: int
    updated_by: str


class Create(msgspec.Struct, forbid_unknown_fields=True):
    """Request of POST saved-views."""

    name: str
    experiment_ids: list[str]
    state: dict[str, msgspec.Raw]


class CreateAnswer(msgspec.Struct):
    """The new view's id."""

    view_id: str


class Update(msgspec.Struct, forbid_unknown_fields=True):
    """Request of PUT saved-views/{view_id}; what is left out stays as it is."""

    name: str | None = None
    state: dict[str, msgspec.Raw] | None = None


def listed(door: Door) -> Handle:
    """GET saved-views?experiment="""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        experiment_ids = experiments_of(request.query.getall("experiment", []))
        found = await list_views(await door.current(), experiment_ids)
        return json_of({"saved_views": [_answer(each) for each in found]})

    return handle


def create(door: Door) -> Handle:
    """POST saved-views."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        asked = await body_of(request, Create)
        command = CreateSavedView(
            name=asked.name,
            experiment_ids=[str(each) for each in experiments_of(asked.experiment_ids)],
            state=_text(asked.state),
        )
        return json_of(
            CreateAnswer(await door.handler.create_saved_view(command, actor_of(request)))
        )

    return handle


def update(door: Door) -> Handle:
    """PUT saved-views/{view_id}."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        asked = await body_of(request, Update)
        command = UpdateSavedView(
            view_id=request[PATH_PARAMETERS]["view_id"],
            name=asked.name,
            state=None if asked.state is None else _text(asked.state),
        )
        await door.handler.change_saved_view(command, actor_of(request))
        return json_of({})

    return handle


def delete(door: Door) -> Handle:
    """DELETE saved-views/{view_id}."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        command = DeleteSavedView(view_id=request[PATH_PARAMETERS]["view_id"])
        await door.handler.change_saved_view(command, actor_of(request))
        return json_of({})

    return handle


def _text(state: dict[str, msgspec.Raw]) -> str:
    return msgspec.json.encode(state).decode()


def _answer(view: SavedView) -> SavedViewAnswer:
    return SavedViewAnswer(
        view_id=view.view_id,
        name=view.name,
        owner=view.owner,
        experiment_ids=view.experiment_ids,
        state=msgspec.Raw(view.state.encode()),
        created_at=view.created_at,
        updated_at=view.updated_at,
        updated_by=view.updated_by,
    )
