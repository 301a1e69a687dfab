"""The table of runs: POST runs/table and runs/groups, GET columns and values."""

import msgspec
from aiohttp import web

from eventtrack.errors import InvalidParameter
from eventtrack.server.dispatch import Handle
from eventtrack.server.door import Door
from eventtrack.server.moment import AS_OF
from eventtrack.server.native.queries import integer_of
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
from projections.search.reader import Reader
from projections.table.columns import Column, Kind, checked
from projections.table.groups import Group, GroupBy, group_runs
from projections.table.listing import (
    ORDER_MAX,
    By,
    Question,
    first_runs,
    flowing,
    flows,
    leads,
    list_runs,
    plain,
)
from projections.table.names import NAMED, names_of, values_of_column
from projections.table.rows import Row, rows_of

LIMIT = 100
LIMIT_MAX = 1000
COLUMNS_MAX = 200
BY_MAX = 8

COLUMNS = 1000
NAMES_MAX = 10_000
VALUES = 20
VALUES_MAX = 1000

KINDS: dict[str, Kind] = {
    "attributes": "attributes",
    "params": "params",
    "tags": "tags",
    "metrics": "metrics",
}
OFFSET_MAX = 2**53


class Table(msgspec.Struct, forbid_unknown_fields=True):
    """Request of runs/table.

    experiment_ids: empty for all active experiments; position: of an earlier answer, to page on
    through the very same list; glance: that list is not needed, which for the newest runs is a
    tenth of the work.
    """

    experiment_ids: list[str] = []
    filter: str = ""
    view: str = "ACTIVE_ONLY"
    columns: list[Column] = []
    order_by: list[By] = []
    offset: int = 0
    limit: int = LIMIT
    position: str | None = None
    glance: bool = False


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
        reader = await door.current()
        try:
            check_columns("columns", asked.columns, COLUMNS_MAX)
            question = question_of(asked.experiment_ids, asked.filter, asked.view, asked.order_by)
            position, total, ids = await page(door, reader, question, asked)
        except InvalidFilter as error:
            raise refused(error) from error
        rows = await rows_of(reader, ids, asked.columns)
        return json_of(TableAnswer(str(position), total, asked.offset, rows))

    return handle


class Groups(msgspec.Struct, forbid_unknown_fields=True):
    """Request of runs/groups; by: what runs of a group have in common, columns: what is told."""

    by: list[Column]
    columns: list[Column] = []
    experiment_ids: list[str] = []
    filter: str = ""
    view: str = "ACTIVE_ONLY"
    order_by: list[GroupBy] = []
    offset: int = 0
    limit: int = LIMIT
    position: str | None = None


class GroupsAnswer(msgspec.Struct):
    """A page of groups; position and total as in a table."""

    position: str
    total: int
    offset: int
    groups: list[Group]


def run_groups(door: Door) -> Handle:
    """POST runs/groups."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        asked = await body_of(request, Groups)
        bounded("limit", asked.limit, 0, LIMIT_MAX)
        bounded("offset", asked.offset, 0, OFFSET_MAX)
        if not asked.by:
            raise InvalidParameter(
                "Invalid value for parameter 'by': name at least one column that runs of a group "
                "have in common."
            )
        reader = await door.current()
        try:
            check_columns("by", asked.by, BY_MAX)
            check_columns("columns", asked.columns, COLUMNS_MAX)
            check_order(asked)
            question = question_of(asked.experiment_ids, asked.filter, asked.view, [])
            key = (question, tuple(asked.by), tuple(asked.columns), tuple(asked.order_by))

            async def make() -> list[Group]:
                _, ids = await listed(door, reader, question, None)
                return await group_runs(reader, ids, asked.by, asked.columns, asked.order_by)

            position, groups = await door.listings.get(
                reader,
                key,
                make,
                flows=flows(question) or any(map(flowing, (*asked.by, *asked.columns))),
                moment=AS_OF.get(),
                position=position_of(asked.position),
            )
        except InvalidFilter as error:
            raise refused(error) from error
        some = groups[asked.offset : asked.offset + asked.limit]
        return json_of(GroupsAnswer(str(position), len(groups), asked.offset, some))

    return handle


def check_order(asked: Groups) -> None:
    """Groups are ordered by what is known of them; InvalidParameter."""
    if len(asked.order_by) > ORDER_MAX:
        raise InvalidParameter(f"Invalid value for parameter 'order_by': at most {ORDER_MAX}.")
    for entry in asked.order_by:
        if entry.column is not None and entry.column not in (*asked.by, *asked.columns):
            raise InvalidParameter(
                f"Invalid value for parameter 'order_by': {entry.column.kind}."
                f"{entry.column.key[:100]} is neither in 'by' nor in 'columns'."
            )


async def listed(
    door: Door, reader: Reader, question: Question, position: int | None
) -> tuple[int, list[str]]:
    """(position, ids of all runs in order)."""
    return await door.listings.get(
        reader,
        question,
        lambda: list_runs(reader, question),
        flows=flows(question),
        moment=AS_OF.get(),
        position=position,
    )


async def page(
    door: Door, reader: Reader, question: Question, asked: Table
) -> tuple[int, int, list[str]]:
    """(position, length of the list, ids of the runs on the page asked for)."""
    end = asked.offset + asked.limit
    if asked.glance and asked.position is None and leads(question) and end <= LIMIT_MAX:
        position, ids = await door.listings.held(
            reader, question, flows=flows(question), moment=AS_OF.get()
        )
        if ids is None:
            total, first = await first_runs(reader, question, end)
            return position, total, first[asked.offset :]
    else:
        position, ids = await listed(door, reader, question, position_of(asked.position))
    return position, len(ids), ids[asked.offset : end]


def run_columns(door: Door) -> Handle:
    """GET columns?experiment=&prefix=&kind=&limit="""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        kinds = request.query.getall("kind", []) or NAMED
        for kind in kinds:
            if kind not in NAMED:
                raise InvalidParameter(
                    f"Invalid value {kind[:100]!r} for parameter 'kind': {', '.join(NAMED)}."
                )
        limit = limit_of(request, COLUMNS, NAMES_MAX)
        found = await names_of(
            await door.current(),
            experiments_of(request.query.getall("experiment", [])),
            kinds=[kind for kind in NAMED if kind in kinds],
            prefix=request.query.get("prefix", ""),
            limit=limit,
        )
        return json_of({"columns": found})

    return handle


def run_values(door: Door) -> Handle:
    """GET values?kind=&key=&prefix=&limit=&experiment="""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        query = request.query
        kind, key = query.get("kind", ""), query.get("key", "")
        if kind not in KINDS:
            raise InvalidParameter(
                f"Invalid value {kind[:100]!r} for parameter 'kind': {', '.join(KINDS)}."
            )
        if not key:
            raise InvalidParameter("Missing value for required parameter 'key': name the column.")
        try:
            found = await values_of_column(
                await door.current(),
                experiments_of(query.getall("experiment", [])),
                kind=KINDS[kind],
                key=key,
                prefix=query.get("prefix", ""),
                limit=limit_of(request, VALUES, VALUES_MAX),
            )
        except InvalidFilter as error:
            raise refused(error) from error
        return json_of({"values": found})

    return handle


def limit_of(request: web.BaseRequest, usual: int, most: int) -> int:
    """The query's `limit`; InvalidParameter."""
    asked = integer_of(request, "limit")
    return usual if asked is None else bounded("limit", asked, 1, most)


def check_columns(name: str, columns: list[Column], most: int) -> None:
    """Columns that can be asked for, not too many; InvalidParameter, InvalidFilter."""
    if len(columns) > most:
        raise InvalidParameter(
            f"Invalid value for parameter '{name}': it has {len(columns)}, at most {most} are "
            "allowed. Ask for those that are seen."
        )
    for column in columns:
        checked(column)


def question_of(experiment_ids: list[str], filter: str, view: str, order_by: list[By]) -> Question:
    """What is asked for; InvalidParameter, InvalidFilter."""
    if view not in VIEWS:
        raise InvalidParameter(
            f"Invalid value {view[:100]!r} for parameter 'view': {', '.join(VIEWS)}."
        )
    for by in order_by:
        checked(by.column)
    return Question(experiments_of(experiment_ids), filter, VIEWS[view], plain(order_by))
