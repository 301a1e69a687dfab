"""Questions to the server, over MLflow's REST API; what this process logged is sent first."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

import msgspec

from eventtrack.client import entities, process
from eventtrack.client.entities import Experiment, Metric, RunEntity
from eventtrack.client.options import server_url, variable
from eventtrack.client.transport import Connection

_API = "/api/2.0/mlflow/"
_PAGE = 1000
_VIEWS = {1: "ACTIVE_ONLY", 2: "DELETED_ONLY", 3: "ALL"}


class Queries:
    """Asks one server.  Raises `transport.Unreachable` or `transport.Refusal`."""

    def __init__(self, tracking_uri: str | None = None) -> None:
        self._uri = server_url(tracking_uri or variable("EVENTTRACK_TRACKING_URI"))

    def get(self, endpoint: str, **fields: Any) -> bytes:
        """GET an MLflow endpoint."""
        return self._ask("GET", f"{_API}{endpoint}?{urlencode(fields)}", None)

    def post(self, endpoint: str, **fields: Any) -> bytes:
        """POST to an MLflow endpoint."""
        return self._ask("POST", _API + endpoint, msgspec.json.encode(fields))

    def _ask(self, method: str, path: str, body: bytes | None) -> bytes:
        process.flush()
        connection = Connection(self._uri)
        try:
            return connection.request(method, path, body, {"Content-Type": "application/json"})
        finally:
            connection.close()

    def run(self, run_id: str) -> RunEntity:
        """The run with this id."""
        return entities.read_run(self.get("runs/get", run_id=run_id))

    def experiment(self, experiment_id: str) -> Experiment:
        """The experiment with this id."""
        return entities.read_experiment(self.get("experiments/get", experiment_id=experiment_id))

    def experiment_by_name(self, name: str) -> Experiment:
        """The experiment of this name."""
        body = self.get("experiments/get-by-name", experiment_name=name)
        return entities.read_experiment(body)

    def history(self, run_id: str, key: str) -> list[Metric]:
        """Every point of a metric, by time and step."""
        body = self.get("metrics/get-history", run_id=run_id, metric_key=key)
        return entities.read_history(body)

    def search(
        self,
        experiment_ids: Sequence[str],
        filter_string: str,
        view: int,
        runs_max: int,
        order_by: Sequence[str],
    ) -> list[RunEntity]:
        """The runs that MLflow's filter finds, page after page."""
        found: list[RunEntity] = []
        token = ""
        while len(found) < runs_max:
            fields: dict[str, Any] = {
                "experiment_ids": list(experiment_ids),
                "filter": filter_string,
                "run_view_type": _VIEWS.get(view, str(view)),
                "max_results": min(_PAGE, runs_max - len(found)),
                "order_by": list(order_by),
            }
            if token:
                fields["page_token"] = token
            page, token = entities.read_runs(self.post("runs/search", **fields))
            found += page
            if not token:
                break
        return found

    def all_experiment_ids(self) -> list[str]:
        """The ids of all active experiments."""
        ids: list[str] = []
        token = ""
        while True:
            fields: dict[str, Any] = {"max_results": _PAGE}
            if token:
                fields["page_token"] = token
            body = msgspec.json.decode(self.post("experiments/search", **fields))
            ids += [each["experiment_id"] for each in body.get("experiments", [])]
            token = body.get("next_page_token", "")
            if not token:
                return ids


def table_of(runs: Sequence[RunEntity]) -> Any:
    """Runs as a pandas DataFrame with MLflow's columns.  ImportError without pandas."""
    import pandas as pd

    rows = [
        {
            "run_id": run.info.run_id,
            "experiment_id": run.info.experiment_id,
            "status": run.info.status,
            "artifact_uri": run.info.artifact_uri,
            "start_time": _moment(pd, run.info.start_time),
            "end_time": _moment(pd, run.info.end_time),
            **{f"metrics.{key}": value for key, value in run.data.metrics.items()},
            **{f"params.{key}": value for key, value in run.data.params.items()},
            **{f"tags.{key}": value for key, value in run.data.tags.items()},
        }
        for run in runs
    ]
    return pd.DataFrame(rows)


def _moment(pd: Any, milliseconds: int | None) -> Any:
    return pd.NaT if milliseconds is None else pd.Timestamp(milliseconds, unit="ms", tz="UTC")
