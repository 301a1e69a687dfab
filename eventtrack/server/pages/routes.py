"""The pages' routes: (method, path, maker of the handler)."""

from collections.abc import Callable

from eventtrack.server.dispatch import Handle
from eventtrack.server.door import Door
from eventtrack.server.pages import experiments, runs, static

ROUTES: tuple[tuple[str, str, Callable[[Door], Handle]], ...] = (
    ("GET", "/", experiments.index),
    ("GET", "/experiments/{experiment_id}", experiments.experiment),
    ("GET", "/experiments/{experiment_id}/runs/{run_id}", runs.run),
    *(("GET", f"/static-files/{name}", static.static(name)) for name in static.FILES),
)
