"""The table of runs: POST runs/table."""

import msgspec
from aiohttp import web

from eventtrack.errors import InvalidParameter
from eventtrack.server.dispatch import Handle
from eventtrack.server.door import Door
from eventtrack.server.moment import AS_OF
from eventtrack.server.native.requests import (
    VIEWS,
    body_of,
    bounded,
    experiments_of,
    json_of,
    position_of,
    refused,
)
from projections.search.errors import InvalidFilter
from projections.table.columns import Column, checked
from projections.table.listing import By, Question, flows, list_runs
from projections.table.rows import Row, rows_of

LIMIT = 100
LIMIT_MAX = 1000
COLUMNS_MAX = 200
OFFSET_MAX = 2**53


class Table(msgspec.Struct, forbid_unknown_fields=True):
    """Request of runs/table.

    experiment_ids: empty for all active experiments; position: of an earlier answer, to page on
    through the very same list.
    """

    experiment_ids: list[str] = []
    filter: str = ""
    view: str = "ACTIVE_ONLY"
    columns: list[Column] = []
    order_by: list[By] = []
    offset: int = 0
    limit: int = LIMIT
    position: str | None = None


class TableAnswer(msgspec.Struct):
    """A page of the table; position: where the list stands, total: its length."""

    position: str
    total: int
    offset: int
    rows: list[Row]


def run_table(door: Door) -> Handle:
    """POST runs/table."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        asked = await body_of(request, Table)
        bounded("limit", asked.limit, 0, LIMIT_MAX)
        bounded("offset", asked.offset, 0, OFFSET_MAX)
        if len(asked.columns) > COLUMNS_MAX:
            raise InvalidParameter(
                f"Invalid value for parameter 'columns': it has {len(asked.columns)}, at most "
                f"{COLUMNS_MAX} are allowed. Ask for those that are seen."
            )
        reader = await door.current()
        try:
            for column in asked.columns:
                checked(column)
            question = question_of(asked.experiment_ids, asked.filter, asked.view, asked.order_by)
            position, ids = await door.listings.get(
                reader,
                question,
                lambda: list_runs(reader, question),
                flows=flows(question),
                moment=AS_OF.get(),
                position=position_of(asked.position),
            )
        except InvalidFilter as error:
            raise refused(error) from error
        some = ids[asked.offset : asked.offset + asked.limit]
        rows = await rows_of(reader, some, asked.columns)
        return json_of(TableAnswer(str(position), len(ids), asked.offset, rows))

    return handle


def question_of(experiment_ids: list[str], filter: str, view: str, order_by: list[By]) -> Question:
    """What is asked for; InvalidParameter, InvalidFilter."""
    if view not in VIEWS:
        raise InvalidParameter(
            f"Invalid value {view[:100]!r} for parameter 'view': {', '.join(VIEWS)}."
        )
    for by in order_by:
        checked(by.column)
    return Question(experiments_of(experiment_ids), filter, VIEWS[view], tuple(order_by))
