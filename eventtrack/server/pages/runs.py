"""The page of one run: overview, charts, params, metrics, tags, datasets, artifacts."""

import asyncio
from typing import Any

import msgspec
from aiohttp import web

from eventtrack.artifacts import FileInfo
from eventtrack.artifacts.errors import ArtifactError
from eventtrack.artifacts.paths import safe_path
from eventtrack.errors import EventtrackError
from eventtrack.server.dispatch import PATH_PARAMETERS, Handle
from eventtrack.server.door import Door
from eventtrack.server.mlflow.artifacts import located
from eventtrack.server.pages.charts import Chart, chart_of
from eventtrack.server.pages.experiments import is_number, no_experiment
from eventtrack.server.pages.html import fault, page
from projections import console, documents, experiments, leases
from projections.metrics.history import LARGE_POINTS
from projections.views import Views

CHARTS_ON_PAGE = 60
CONSOLE_LINES = 200


def run(door: Door) -> Handle:
    """GET /experiments/{experiment_id}/runs/{run_id}."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        reader = await door.current()
        run_id = request[PATH_PARAMETERS]["run_id"]
        found = await documents.get_run(reader, run_id)
        if found is None:
            return fault(
                404,
                f"There is no run {run_id[:64]}",
                "It may be on another server, or the address may be mistyped. Look for it here:",
            )
        experiment = await experiments.get(reader, found.experiment_id)
        if experiment is None:
            return no_experiment(str(found.experiment_id))
        metrics = _list(found.metrics)
        asked = request.query.get("charts_from", "")
        start = int(asked) if is_number(asked) else 0
        drawn = metrics[start : start + CHARTS_ON_PAGE]
        folder = request.query.get("path", "")
        printed = await console.tail(reader, run_id, lines_max=CONSOLE_LINES)
        files, problem = await _files(door, found.artifact_uri, folder)
        return page(
            "run.html",
            run=found,
            lost=run_id in await leases.lost_among(reader, [run_id]),
            printed=printed.lines[-CONSOLE_LINES:],
            experiment=experiment,
            charts=[await _chart(door, reader, run_id, each) for each in drawn],
            charts_from=start,
            charts_on_page=CHARTS_ON_PAGE,
            metrics=metrics,
            params=_list(found.params),
            tags=_list(found.tags),
            datasets=_list(found.dataset_inputs),
            folder=folder,
            files=files,
            files_problem=problem,
        )

    return handle


async def _chart(door: Door, reader: Views, run_id: str, metric: dict[str, Any]) -> Chart:
    """One metric drawn; a long history in a thread, so that other requests are not held up."""
    points = await door.history(reader, run_id, metric["key"])
    if len(points) < LARGE_POINTS:
        return chart_of(metric["key"], points, metric["value"])
    return await asyncio.to_thread(chart_of, metric["key"], points, metric["value"])


async def _files(door: Door, root_uri: str, folder: str) -> tuple[list[FileInfo], str]:
    """The entries of a folder of the run, or why there are none to show."""
    try:
        path = safe_path(folder)
        store, root = located(door, root_uri)
        return await store.list(f"{root}/{path}" if path else root), ""
    except (ArtifactError, EventtrackError) as error:
        return [], str(error)
    except web.HTTPServiceUnavailable as error:
        return [], error.text or ""


def _list(encoded: bytes | None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = msgspec.json.decode(encoded or b"[]")
    return found
