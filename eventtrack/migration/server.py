"""A running MLflow server (or another eventtrack), through its REST API.

A search does not tell which models a run read, so each run is asked for once more; histories are
asked for metric by metric.  Logged models that are deleted are not shown by the API.
"""

import itertools
import urllib.parse
from collections.abc import Iterator
from typing import Any

from eventtrack.commands.import_registry import SourceRegisteredModel, SourceVersion
from eventtrack.commands.importing import (
    Label,
    SourceExperiment,
    SourceModel,
    SourceRun,
)
from eventtrack.commands.model_versions import NONE
from eventtrack.events.datasets import DatasetInput, ModelOutput
from eventtrack.events.metrics import Series
from eventtrack.migration import (
    PIECE_POINTS,
    RUNS_AT_ONCE,
    Size,
    SourceError,
)
from eventtrack.migration.gathering import series_of
from eventtrack.migration.http_api import Api, NotThere

API = "/api/2.0/mlflow"
API_3 = "/api/3.0/mlflow"
ARTIFACTS = "/api/2.0/mlflow-artifacts/artifacts"
FILE_BYTES = 1 << 20

EXPERIMENTS_PAGE = 1000
POINTS_PAGE = 25_000
TRACES_PAGE = 500
IS_PROMPT = "tags.`mlflow.prompt.is_prompt`"

TRACE_PAGES_MAX = 40
"""Traces are only counted, so not all of them are asked for."""


class Server:
    """A `Source` that answers MLflow's REST API."""

    def __init__(self, api: Api) -> None:
        self.name = api.name
        self._api = api
        self._keys: dict[str, list[str]] = {}
        self._measured: dict[str, dict[tuple[str, int, int], list[Label]]] = {}
        self._experiment_ids: list[str] = []
        try:
            api.post(f"{API}/experiments/search", max_results=1)
        except NotThere as error:
            raise SourceError(f"{api.name} does not answer MLflow's API: {error}") from error

    def close(self) -> None:
        """See `Source.close`."""
        self._api.close()

    def size(self) -> Size:
        """See `Source.size`: the API does not count."""
        return Size()

    def experiments(self) -> Iterator[SourceExperiment]:
        """See `Source.experiments`."""
        for page in self._api.pages(
            "POST",
            f"{API}/experiments/search",
            view_type="ALL",
            max_results=EXPERIMENTS_PAGE,
            order_by=["experiment_id ASC"],
        ):
            for each in page.get("experiments", ()):
                self._experiment_ids.append(each["experiment_id"])
                created = int(each.get("creation_time", 0))
                yield SourceExperiment(
                    experiment_id=each["experiment_id"],
                    name=each["name"],
                    artifact_location=each.get("artifact_location", ""),
                    lifecycle_stage=each.get("lifecycle_stage", "active"),
                    created_at_ms=created,
                    updated_at_ms=int(each.get("last_update_time", created)),
                    tags=_pairs(each.get("tags")),
                )

    def models(self, experiment: SourceExperiment) -> Iterator[SourceModel]:
        """See `Source.models`."""
        pages = self._api.pages(
            "POST",
            f"{API}/logged-models/search",
            experiment_ids=[experiment.experiment_id],
            max_results=RUNS_AT_ONCE,
        )
        while True:
            try:
                page = next(pages, None)
            except NotThere:
                # A server before 3.0 has none.
                return
            if page is None:
                return
            for each in page.get("models", ()):
                yield self._model(each["info"], each.get("data", {}))

    def _model(self, info: dict[str, Any], data: dict[str, Any]) -> SourceModel:
        for point in data.get("metrics", ()):
            of_run = self._measured.setdefault(point.get("run_id", ""), {})
            place = (point["key"], int(point.get("step", 0)), int(point["timestamp"]))
            of_run.setdefault(place, []).append(
                (
                    point["key"],
                    info["model_id"],
                    point.get("dataset_name", ""),
                    point.get("dataset_digest", ""),
                )
            )
        created = int(info["creation_timestamp_ms"])
        return SourceModel(
            model_id=info["model_id"],
            name=info["name"],
            artifact_location=info["artifact_uri"],
            status=info["status"],
            created_at_ms=created,
            updated_at_ms=int(info.get("last_updated_timestamp_ms", created)),
            model_type=info.get("model_type", ""),
            source_run_id=info.get("source_run_id", ""),
            params=_pairs(data.get("params")),
            tags=_pairs(info.get("tags")),
        )

    def runs(self, experiment: SourceExperiment) -> Iterator[list[SourceRun]]:
        """See `Source.runs`."""
        for page in self._api.pages(
            "POST",
            f"{API}/runs/search",
            experiment_ids=[experiment.experiment_id],
            run_view_type="ALL",
            max_results=RUNS_AT_ONCE,
            order_by=["attributes.start_time ASC"],
        ):
            yield [self._run(each["info"]["run_id"]) for each in page.get("runs", ())]

    def _run(self, run_id: str) -> SourceRun:
        try:
            found = self._api.get(f"{API}/runs/get", run_id=run_id)["run"]
        except NotThere as error:
            raise SourceError(f"run {run_id} was erased meanwhile: import again") from error
        info, data = found["info"], found.get("data", {})
        inputs, outputs = found.get("inputs", {}), found.get("outputs", {})
        self._keys[run_id] = [each["key"] for each in data.get("metrics", ())]
        end = info.get("end_time")
        return SourceRun(
            run_id=run_id,
            name=info.get("run_name", ""),
            user_id=info.get("user_id", ""),
            status=info.get("status", "RUNNING"),
            start_time_ms=int(info.get("start_time", 0)),
            end_time_ms=int(end) if end is not None else None,
            artifact_uri=info.get("artifact_uri", ""),
            lifecycle_stage=info.get("lifecycle_stage", "active"),
            params=_pairs(data.get("params")),
            tags=_pairs(data.get("tags")),
            datasets=[_dataset(each) for each in inputs.get("dataset_inputs", ())],
            input_models=[each["model_id"] for each in inputs.get("model_inputs", ())],
            output_models=[
                ModelOutput(model_id=each["model_id"], step=int(each.get("step", 0)))
                for each in outputs.get("model_outputs", ())
            ],
        )

    def point_counts(self, run: SourceRun) -> dict[str, int] | None:
        """See `Source.point_counts`: the API does not count."""
        return None

    def history(self, run: SourceRun) -> Iterator[list[Series]]:
        """See `Source.history`."""
        measured = self._measured.get(run.run_id, {})
        gathered: list[tuple[Label, int, int, float]] = []
        for key in self._keys[run.run_id]:
            for page in self._history(run.run_id, key):
                for point in page.get("metrics", ()):
                    step, timestamp = int(point.get("step", 0)), int(point.get("timestamp", 0))
                    labels = measured.get((key, step, timestamp), ((key, "", "", ""),))
                    value = float(point.get("value", 0))
                    gathered += [(label, step, timestamp, value) for label in labels]
                if len(gathered) >= PIECE_POINTS:
                    yield _series(gathered)
                    gathered = []
        if gathered:
            yield _series(gathered)

    def _history(self, run_id: str, key: str) -> Iterator[dict[str, Any]]:
        return self._api.pages(
            "GET",
            f"{API}/metrics/get-history",
            run_id=run_id,
            metric_key=key,
            max_results=POINTS_PAGE,
        )

    # The model registry

    def registered_models(self) -> Iterator[SourceRegisteredModel]:
        """See `Source.registered_models`; a search hides prompts unless it asks for them."""
        for kind in (f"{IS_PROMPT} != 'true'", f"{IS_PROMPT} = 'true'"):
            try:
                versions = self._versions(kind)
                for page in self._api.pages(
                    "GET", f"{API}/registered-models/search", filter=kind, max_results=100
                ):
                    for each in page.get("registered_models", ()):
                        yield _registered(each, versions.get(each["name"], []))
            except NotThere:
                return

    def _versions(self, kind: str) -> dict[str, list[SourceVersion]]:
        """Each model's versions by number."""
        found: dict[str, list[SourceVersion]] = {}
        for page in self._api.pages(
            "GET",
            f"{API}/model-versions/search",
            filter=kind,
            max_results=10_000,
            order_by=["name ASC", "version_number ASC"],
        ):
            for each in page.get("model_versions", ()):
                found.setdefault(each["name"], []).append(self._version(each))
        return found

    def _version(self, found: dict[str, Any]) -> SourceVersion:
        return SourceVersion(
            version=int(found["version"]),
            source=found.get("source", ""),
            storage_location=self._location(found["name"], found),
            run_id=found.get("run_id", ""),
            model_id=found.get("model_id", ""),
            description=found.get("description"),
            stage=found.get("current_stage", NONE),
            run_link=found.get("run_link", ""),
            created_at_ms=int(found.get("creation_timestamp", 0)),
            updated_at_ms=int(found.get("last_updated_timestamp", 0)),
            tags=_pairs(found.get("tags")),
        )

    def _location(self, name: str, version: dict[str, Any]) -> str:
        """Where the files of a version are, when its source is another model."""
        source: str = version.get("source", "")
        if not source.startswith("models:"):
            return source
        answer = self._api.get(
            f"{API}/model-versions/get-download-uri", name=name, version=version["version"]
        )
        return str(answer.get("artifact_uri", source))

    # Artifacts that the server keeps

    def files(self, folder: str) -> Iterator[tuple[str, int]]:
        """(path below the folder, size) of every file in a folder of the server's store."""
        waiting = [""]
        while waiting:
            below = waiting.pop()
            path = f"{folder}/{below}" if below else folder
            try:
                found = self._api.get(f"{ARTIFACTS}", path=path).get("files", ())
            except NotThere:
                continue
            for each in found:
                inner = f"{below}/{each['path']}" if below else each["path"]
                if each.get("is_dir"):
                    waiting.append(inner)
                else:
                    yield inner, int(each.get("file_size", 0))

    def file(self, path: str) -> Iterator[bytes]:
        """The bytes of a file in the server's store."""
        try:
            yield from self._api.stream(f"{ARTIFACTS}/{urllib.parse.quote(path)}", FILE_BYTES)
        except NotThere as error:
            raise SourceError(f"artifact {path} went away meanwhile: import again") from error

    # What is not brought over

    def not_carried(self) -> dict[str, int]:
        """See `Source.not_carried`: what the API shows of it."""
        counts = {
            "webhooks": self._count("GET", f"{API}/webhooks", "webhooks"),
        }
        traces = sum(self._traces(each) for each in self._experiment_ids)
        counts["traces"] = traces
        return {what: count for what, count in counts.items() if count}

    def _traces(self, experiment_id: str) -> int:
        location = {
            "type": "MLFLOW_EXPERIMENT",
            "mlflow_experiment": {"experiment_id": experiment_id},
        }
        return self._count(
            "POST",
            f"{API_3}/traces/search",
            "traces",
            locations=[location],
            max_results=TRACES_PAGE,
        )

    def _count(self, method: str, path: str, field: str, **fields: Any) -> int:
        """How many there are, as far as TRACE_PAGES_MAX pages show; 0 without the endpoint."""
        try:
            pages = self._api.pages(method, path, **fields)
            return sum(
                len(page.get(field, ())) for page in itertools.islice(pages, TRACE_PAGES_MAX)
            )
        except NotThere:
            return 0


def _registered(found: dict[str, Any], versions: list[SourceVersion]) -> SourceRegisteredModel:
    return SourceRegisteredModel(
        name=found["name"],
        description=found.get("description", ""),
        created_at_ms=int(found.get("creation_timestamp", 0)),
        updated_at_ms=int(found.get("last_updated_timestamp", 0)),
        tags=_pairs(found.get("tags")),
        aliases={each["alias"]: int(each["version"]) for each in found.get("aliases", ())},
        versions=versions,
    )


def _pairs(found: list[dict[str, str]] | None) -> dict[str, str]:
    return {each["key"]: each.get("value", "") for each in found or ()}


def _dataset(found: dict[str, Any]) -> DatasetInput:
    dataset = found["dataset"]
    return DatasetInput(
        name=dataset["name"],
        digest=dataset["digest"],
        source_type=dataset["source_type"],
        source=dataset["source"],
        schema=dataset.get("schema"),
        profile=dataset.get("profile"),
        tags=_pairs(found.get("tags")),
    )


def _series(points: list[tuple[Label, int, int, float]]) -> list[Series]:
    labels, steps, timestamps, values = zip(*points, strict=True)
    return series_of(labels, steps, timestamps, values)
