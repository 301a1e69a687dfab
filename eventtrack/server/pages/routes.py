"""The pages' routes: (method, path, maker of the handler)."""

from collections.abc import Callable

from aiohttp import web

from eventtrack.errors import EventtrackError
from eventtrack.server.dispatch import Handle
from eventtrack.server.door import Door
from eventtrack.server.pages import experiments, runs, static
from eventtrack.server.pages.html import fault
from projections.views import ViewsStopped

Make = Callable[[Door], Handle]


def faults_as_pages(make: Make) -> Make:
    """The same page, whose refusals are pages too, not the API's JSON."""

    def made(door: Door) -> Handle:
        handle = make(door)

        async def answer(request: web.BaseRequest) -> web.StreamResponse:
            try:
                return await handle(request)
            except EventtrackError as error:
                return fault(error.status, "This page cannot be shown", error.message)
            except ViewsStopped as error:
                return fault(
                    503,
                    "The pages cannot be shown now",
                    f"{error}. Nothing is lost: what was acknowledged is in the log. The server's "
                    "output tells why; restart the server when the cause is gone.",
                )

        return answer

    return made


ROUTES: tuple[tuple[str, str, Make], ...] = (
    ("GET", "/experiments", faults_as_pages(experiments.index)),
    ("GET", "/experiments/{experiment_id}", faults_as_pages(experiments.experiment)),
    ("GET", "/experiments/{experiment_id}/runs/{run_id}", faults_as_pages(runs.run)),
    *(("GET", f"/static-files/{name}", static.static(name)) for name in static.FILES),
)
