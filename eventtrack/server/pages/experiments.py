"""The page of all experiments, and the page of one experiment's runs."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
from aiohttp import web

from eventtrack.server.dispatch import PATH_PARAMETERS, Handle
from eventtrack.server.door import Door
from eventtrack.server.pages.html import fault, page
from projections import documents, leases
from projections import experiments as views
from projections.search.errors import InvalidFilter, InvalidOrder, InvalidPageToken
from projections.search.experiments import find_experiments
from projections.search.runs import find_runs
from projections.views import Views

RUNS_ON_PAGE = 100
EXPERIMENTS_ON_PAGE = 100
COLUMNS_MAX = 8


class ExperimentRow(msgspec.Struct, frozen=True):
    """An experiment as the table shows it; changed: the newest run's start, or its own change."""

    experiment: views.Experiment
    runs: int
    changed: int


class Row(msgspec.Struct, frozen=True):
    """A run as the table shows it."""

    run: documents.RunDocument
    params: dict[str, str]
    metrics: dict[str, Any]


class Column(msgspec.Struct, frozen=True):
    """A column to sort by: its key, the query that sorts by it, and how it is sorted now."""

    key: str
    query: dict[str, str]
    sorted: str


def index(door: Door) -> Handle:
    """GET /: the experiments, newest first."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        reader = await door.current()
        try:
            found = await find_experiments(
                reader,
                filter="",
                order_by=[],
                view="active",
                max_results=EXPERIMENTS_ON_PAGE,
                page_token=request.query.get("page", ""),
            )
        except InvalidPageToken:
            return fault(400, "This list has no such page", "Start at its beginning:")
        listed = await views.get_many(reader, [int(each) for each in found.ids])
        counts = await _counts(reader)
        rows = []
        for each in listed:
            number, newest = counts.get(each.experiment_id, (0, 0))
            rows.append(ExperimentRow(each, number, max(newest, each.last_update_time)))
        host = request.headers.get("Host", "127.0.0.1:5000")
        return page(
            "index.html",
            rows=rows,
            empty=not counts,
            url=f"{request.scheme}://{host}",
            next_page={"page": found.next_page_token} if found.next_page_token else None,
        )

    return handle


def experiment(door: Door) -> Handle:
    """GET /experiments/{experiment_id}: its runs with latest metrics and params."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        reader = await door.current()
        number = request[PATH_PARAMETERS]["experiment_id"]
        found = await views.get(reader, int(number)) if is_number(number) else None
        if found is None:
            return no_experiment(number)
        query = request.query
        asked = {"filter": query.get("filter", ""), "order_by": query.get("order_by", "")}
        problem, place, runs, token = "", "", [], None
        try:
            result = await find_runs(
                reader,
                experiment_ids=[found.experiment_id],
                filter=asked["filter"].strip(),
                order_by=[asked["order_by"]] if asked["order_by"].strip() else [],
                view="active",
                max_results=RUNS_ON_PAGE,
                page_token=query.get("page", ""),
            )
            runs, token = await documents.get_runs(reader, result.ids), result.next_page_token
        except InvalidFilter as error:
            problem, place = str(error), _place(error)
        rows = [_row(run) for run in runs]
        lost = await leases.lost_among(reader, [run.run_id for run in runs])
        metrics = _counted([row.metrics for row in rows])
        params = _counted([row.params for row in rows])
        return page(
            "experiment.html",
            status=400 if problem else 200,
            experiment=found,
            rows=rows,
            lost=lost,
            names={key: _column(asked, f"attributes.{key}", key) for key in _SORTABLE},
            metrics=[_column(asked, f"metrics.{_quoted(key)}", key) for key in _common(metrics)],
            params=[_column(asked, f"params.{_quoted(key)}", key) for key in _common(params)],
            hidden=sum(max(0, len(counted) - COLUMNS_MAX) for counted in (metrics, params)),
            problem=problem,
            place=place,
            asked=asked,
            later=asked if "page" in query else None,
            next_page={**asked, "page": token} if token else None,
        )

    return handle


_SORTABLE = ("run_name", "status", "start_time", "user_id")


def no_experiment(number: str) -> web.Response:
    """The page for an experiment that is not there."""
    return fault(
        404,
        f"There is no experiment {number[:50]}",
        "It may be on another server, or the address may be mistyped. These are here:",
    )


def is_number(text: str) -> bool:
    """Whether this is a number that fits a column of the views."""
    return text.isascii() and text.isdecimal() and len(text) < 18


async def _counts(reader: Views) -> dict[int, tuple[int, int]]:
    """Per experiment its active runs and the newest one's start; an index has both."""
    rows = await reader.fetchall(
        """SELECT experiment_id, count(*), max(start_time) FROM runs
           WHERE lifecycle_stage = 'active' GROUP BY experiment_id"""
    )
    return {experiment_id: (number, newest) for experiment_id, number, newest in rows}


def _place(error: InvalidFilter) -> str:
    """The form's field that the refusal is about, or "" for none of them."""
    if isinstance(error, InvalidOrder):
        return "order_by"
    return "" if isinstance(error, InvalidPageToken) else "filter"


def _column(asked: dict[str, str], field: str, key: str) -> Column:
    """A column whose heading sorts by it, and the other way round when it is sorted already."""
    now = asked["order_by"].strip()
    # Of metrics one looks for the greatest first, of names for the start of the alphabet.
    first, other = ("DESC", "ASC") if field.startswith("metrics.") else ("ASC", "DESC")
    direction = other if now == f"{field} {first}" else first
    state = {f"{field} ASC": "ascending", f"{field} DESC": "descending"}.get(now, "")
    return Column(key, {**asked, "order_by": f"{field} {direction}"}, state)


def _quoted(key: str) -> str:
    return "`" + key.replace("`", "``") + "`"


def _row(run: documents.RunDocument) -> Row:
    params = msgspec.json.decode(run.params or b"[]")
    metrics = msgspec.json.decode(run.metrics or b"[]")
    return Row(
        run,
        {each["key"]: each["value"] for each in params},
        {each["key"]: each["value"] for each in metrics},
    )


def _counted(mappings: Sequence[dict[str, Any]]) -> Counter[str]:
    return Counter(key for mapping in mappings for key in mapping)


def _common(counted: Counter[str]) -> list[str]:
    """The keys that most rows have, in alphabetical order."""
    return sorted(key for key, _ in counted.most_common(COLUMNS_MAX))
