"""The page of all experiments, and the page of one experiment's runs."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec
from aiohttp import web

from eventtrack.server.dispatch import PATH_PARAMETERS, Handle
from eventtrack.server.door import Door
from eventtrack.server.pages.html import fault, page
from projections import documents
from projections import experiments as views
from projections.search.errors import InvalidFilter
from projections.search.experiments import find_experiments
from projections.search.runs import find_runs

RUNS_ON_PAGE = 100
EXPERIMENTS_ON_PAGE = 500
COLUMNS_MAX = 8


class Row(msgspec.Struct):
    """A run as the table shows it."""

    run: documents.RunDocument
    params: dict[str, str]
    metrics: dict[str, Any]


def index(door: Door) -> Handle:
    """GET /: the experiments, newest first."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        reader = await door.current()
        found = await find_experiments(
            reader,
            filter="",
            order_by=[],
            view="active",
            max_results=EXPERIMENTS_ON_PAGE,
            page_token="",
        )
        listed = await views.get_many(reader, [int(each) for each in found.ids])
        counts = await reader.fetchall(
            """SELECT experiment_id, count(*) FROM runs WHERE lifecycle_stage = 'active'
               GROUP BY experiment_id"""
        )
        host = request.headers.get("Host", "127.0.0.1:5000")
        return page(
            "index.html",
            experiments=listed,
            counts=dict(counts),
            url=f"{request.scheme}://{host}",
        )

    return handle


def experiment(door: Door) -> Handle:
    """GET /experiments/{experiment_id}: its runs with latest metrics and params."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        reader = await door.current()
        number = request[PATH_PARAMETERS]["experiment_id"]
        found = await views.get(reader, int(number)) if _is_id(number) else None
        if found is None:
            return no_experiment(number)
        query = request.query
        text, order = query.get("filter", ""), query.get("order_by", "")
        problem, runs, token = "", [], None
        try:
            result = await find_runs(
                reader,
                experiment_ids=[found.experiment_id],
                filter=text.strip(),
                order_by=[order] if order.strip() else [],
                view="active",
                max_results=RUNS_ON_PAGE,
                page_token=query.get("page", ""),
            )
            runs, token = await documents.get_runs(reader, result.ids), result.next_page_token
        except InvalidFilter as error:
            problem = str(error)
        rows = [_row(run) for run in runs]
        further = {"filter": text, "order_by": order, "page": token} if token else None
        return page(
            "experiment.html",
            status=400 if problem else 200,
            experiment=found,
            rows=rows,
            metric_keys=_common([row.metrics for row in rows]),
            param_keys=_common([row.params for row in rows]),
            filter=text,
            order_by=order,
            problem=problem,
            next_page=further,
        )

    return handle


def no_experiment(number: str) -> web.Response:
    """The page for an experiment that is not there."""
    return fault(
        404, f"There is no experiment {number[:50]}", "It may be on another server: see the list."
    )


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 18


def _row(run: documents.RunDocument) -> Row:
    params = msgspec.json.decode(run.params or b"[]")
    metrics = msgspec.json.decode(run.metrics or b"[]")
    return Row(
        run,
        {each["key"]: each["value"] for each in params},
        {each["key"]: each["value"] for each in metrics},
    )


def _common(mappings: Sequence[dict[str, Any]]) -> list[str]:
    """The keys that most rows have, in alphabetical order."""
    counts = Counter(key for mapping in mappings for key in mapping)
    return sorted(key for key, _ in counts.most_common(COLUMNS_MAX))
