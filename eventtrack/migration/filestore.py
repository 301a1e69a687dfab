"""A folder of MLflow's file store (`mlruns`): a folder for each experiment, run and logged model.

    <experiment>/meta.yaml  tags/<key>  datasets/<id>/meta.yaml  models/<model>/...
    <experiment>/<run>/meta.yaml  params/<key>  tags/<key>  metrics/<key>  inputs/<id>/meta.yaml
    .trash/<experiment>     experiments that were deleted
    models/<name>           the model registry

A metric's file has a line for each point, `timestamp value [step [dataset digest]]`, a logged
model's `timestamp value step run_id [dataset digest]`.  Both hold a point that measures a model;
here it is one point with the model's label.  A last line without its end is being written; it
comes with the next import.  The YAML is read with PyYAML, the extra `filestore`.
"""

from collections.abc import Iterator
from pathlib import Path
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
from eventtrack.migration.database import DELETED_STAGE, MODEL_STATUSES
from eventtrack.migration.gathering import series_of

META = "meta.yaml"
TRASH = ".trash"
RESERVED = frozenset(["tags", "datasets", "traces", "models"])

RUN_STATUSES = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}

Point = tuple[Label, int, int, float]
"""(label, step, timestamp, value)."""


class FileStore:
    """A `Source` in a folder."""

    def __init__(self, folder: Path) -> None:
        self.name = folder.as_uri()
        self._folder = folder
        if not any(self._experiment_folders()):
            raise SourceError(
                f"{folder} is not MLflow's folder of runs (mlruns): no folder in it has a {META}. "
                "Event files of TensorBoard are imported with --from tensorboard"
            )
        self._read_yaml = _yaml_reader()
        self._run_folders: dict[str, Path] = {}
        self._measured: dict[str, list[Point]] = {}

    def close(self) -> None:
        """See `Source.close`: no file stays open."""

    def size(self) -> Size:
        """See `Source.size`."""
        return Size(runs=sum(1 for each in self._experiment_folders() for _ in _runs_in(each)))

    def _experiment_folders(self) -> Iterator[Path]:
        for parent in (self._folder, self._folder / TRASH):
            for folder in _folders(parent):
                if folder.name not in (TRASH, "models") and (folder / META).is_file():
                    yield folder

    def _meta(self, folder: Path, *needed: str) -> dict[str, Any]:
        path = folder / META
        try:
            found = self._read_yaml(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise SourceError(f"{path} cannot be read: {error}") from error
        if not isinstance(found, dict):
            raise SourceError(f"{path} is empty or broken: mend it, or move its folder away")
        for field in needed:
            if field not in found:
                raise SourceError(f"{path} does not say {field!r}: mend it, or move it away")
        return found

    def _folder_of(self, experiment: SourceExperiment) -> Path:
        """Its folder is named by its id."""
        there = self._folder / experiment.experiment_id
        return there if there.exists() else self._folder / TRASH / experiment.experiment_id

    def experiments(self) -> Iterator[SourceExperiment]:
        """See `Source.experiments`."""
        for folder in sorted(self._experiment_folders()):
            meta = self._meta(folder, "name")
            yield SourceExperiment(
                experiment_id=folder.name,
                name=str(meta["name"]),
                artifact_location=meta.get("artifact_location") or "",
                lifecycle_stage="deleted" if folder.parent.name == TRASH else "active",
                created_at_ms=meta.get("creation_time") or 0,
                updated_at_ms=meta.get("last_update_time") or meta.get("creation_time") or 0,
                tags=_texts(folder / "tags"),
            )

    def models(self, experiment: SourceExperiment) -> Iterator[SourceModel]:
        """See `Source.models`."""
        for folder in _folders(self._folder_of(experiment) / "models"):
            meta = self._meta(folder, "model_id", "name", "artifact_location", "creation_timestamp")
            created = meta["creation_timestamp"]
            yield SourceModel(
                model_id=meta["model_id"],
                name=meta["name"],
                artifact_location=meta["artifact_location"],
                status=_model_status(meta.get("status")),
                lifecycle_stage=meta.get("lifecycle_stage") or "active",
                created_at_ms=created,
                updated_at_ms=meta.get("last_updated_timestamp") or created,
                model_type=meta.get("model_type") or "",
                source_run_id=meta.get("source_run_id") or "",
                params=_texts(folder / "params"),
                tags=_texts(folder / "tags"),
            )

    def runs(self, experiment: SourceExperiment) -> Iterator[list[SourceRun]]:
        """See `Source.runs`."""
        folder = self._folder_of(experiment)
        self._measured = self._measurements(folder)
        page: list[SourceRun] = []
        for run in _runs_in(folder):
            page.append(self._run(folder, run))
            if len(page) == RUNS_AT_ONCE:
                yield page
                page = []
        if page:
            yield page

    def _run(self, experiment: Path, folder: Path) -> SourceRun:
        meta = self._meta(folder)
        tags = _texts(folder / "tags")
        status = meta.get("status")
        inputs = [
            self._meta(each, "source_type", "source_id") for each in _folders(folder / "inputs")
        ]
        outputs = [
            self._meta(each, "destination_type", "destination_id")
            for each in _folders(folder / "outputs")
        ]
        run_id = str(meta.get("run_id") or meta.get("run_uuid") or folder.name)
        self._run_folders[run_id] = folder
        return SourceRun(
            run_id=run_id,
            # Before 1.29 the name was a tag alone.
            name=meta.get("run_name") or meta.get("name") or tags.get("mlflow.runName", ""),
            user_id=meta.get("user_id") or "",
            status=RUN_STATUSES.get(status, "RUNNING") if isinstance(status, int) else str(status),
            start_time_ms=meta.get("start_time") or 0,
            end_time_ms=meta.get("end_time"),
            artifact_uri=meta.get("artifact_uri") or "",
            lifecycle_stage=meta.get("lifecycle_stage") or "active",
            params=_texts(folder / "params"),
            tags=tags,
            datasets=self._datasets(experiment, inputs),
            input_models=[each["source_id"] for each in inputs if each["source_type"] == "MODEL"],
            output_models=[
                ModelOutput(model_id=each["destination_id"], step=each.get("step") or 0)
                for each in outputs
                if each["destination_type"] == "MODEL_OUTPUT"
            ],
        )

    def _datasets(self, experiment: Path, inputs: list[dict[str, Any]]) -> list[DatasetInput]:
        found = []
        for each in inputs:
            folder = experiment / "datasets" / str(each["source_id"])
            if each["source_type"] != "DATASET" or not folder.exists():
                continue
            meta = self._meta(folder, "name", "digest", "source_type", "source")
            found.append(
                DatasetInput(
                    name=meta["name"],
                    digest=meta["digest"],
                    source_type=meta["source_type"],
                    source=meta["source"],
                    schema=meta.get("schema"),
                    profile=meta.get("profile"),
                    tags={key: str(value) for key, value in (each.get("tags") or {}).items()},
                )
            )
        return found

    # Metrics

    def point_counts(self, run: SourceRun) -> dict[str, int] | None:
        """See `Source.point_counts`: counting lines is reading them."""
        return None

    def _measurements(self, experiment: Path) -> dict[str, list[Point]]:
        """run id -> points of logged models that it measured."""
        found: dict[str, list[Point]] = {}
        for model in _folders(experiment / "models"):
            for key, path in _files(model / "metrics"):
                for words in _lines(path):
                    timestamp, value, step, run_id, *dataset = words
                    *name, digest = dataset or [""]
                    label = (key, model.name, " ".join(name), digest)
                    point = (label, int(step), int(timestamp), float(value))
                    found.setdefault(run_id, []).append(point)
        return found

    def history(self, run: SourceRun) -> Iterator[list[Series]]:
        """See `Source.history`."""
        folder = self._run_folders[run.run_id]
        labels: dict[tuple[str, int, int], list[Label]] = {}
        for label, step, timestamp, _ in self._measured.get(run.run_id, ()):
            labels.setdefault((label[0], step, timestamp), []).append(label)
        gathered: list[Point] = []
        for key, path in _files(folder / "metrics"):
            for words in _lines(path):
                at, value, *rest = words
                timestamp, step = int(at), int(rest[0]) if rest else 0
                # A dataset's name may hold spaces.
                name, digest = (" ".join(rest[1:-1]), rest[-1]) if len(rest) > 2 else ("", "")
                which = labels.get((key, step, timestamp), [(key, "", name, digest)])
                gathered += [(each, step, timestamp, float(value)) for each in which]
                if len(gathered) >= PIECE_POINTS:
                    yield _series(gathered)
                    gathered = []
        if gathered:
            yield _series(gathered)

    # The model registry

    def registered_models(self) -> Iterator[SourceRegisteredModel]:
        """See `Source.registered_models`."""
        for folder in _folders(self._folder / "models"):
            if not (folder / META).is_file():
                continue
            meta = self._meta(folder, "name")
            yield SourceRegisteredModel(
                name=str(meta["name"]),
                description=meta.get("description") or "",
                created_at_ms=meta.get("creation_timestamp") or 0,
                updated_at_ms=meta.get("last_updated_timestamp") or 0,
                tags=_texts(folder / "tags"),
                aliases={key: int(each) for key, each in _texts(folder / "aliases").items()},
                versions=sorted(
                    (
                        self._version(each)
                        for each in _folders(folder)
                        if each.name.startswith("version-") and (each / META).is_file()
                    ),
                    key=lambda each: each.version,
                ),
            )

    def _version(self, folder: Path) -> SourceVersion:
        meta = self._meta(folder, "version")
        stage = meta.get("current_stage") or NONE
        return SourceVersion(
            version=int(meta["version"]),
            source=meta.get("source") or "",
            storage_location=meta.get("storage_location") or "",
            run_id=meta.get("run_id") or "",
            model_id=meta.get("model_id") or "",
            description=meta.get("description"),
            stage=NONE if stage == DELETED_STAGE else stage,
            run_link=meta.get("run_link") or "",
            created_at_ms=meta.get("creation_timestamp") or 0,
            updated_at_ms=meta.get("last_updated_timestamp") or 0,
            tags=_texts(folder / "tags"),
            deleted=stage == DELETED_STAGE,
        )

    def not_carried(self) -> dict[str, int]:
        """See `Source.not_carried`."""
        traces = [
            trace for each in self._experiment_folders() for trace in _folders(each / "traces")
        ]
        assessments = [found for each in traces for found in _files(each / "assessments")]
        counts = {
            "assessments": len(assessments),
            "traces": len(traces),
        }
        return {what: count for what, count in counts.items() if count}


def _yaml_reader() -> Any:
    try:
        import yaml
    except ImportError:
        raise SourceError(
            "reading a folder of runs needs PyYAML: pip install 'eventtrack[filestore]'"
        ) from None
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    def read(text: str) -> Any:
        try:
            return yaml.load(text, loader)
        except yaml.YAMLError as error:
            raise ValueError(str(error)) from error

    return read


def _runs_in(experiment: Path) -> Iterator[Path]:
    for folder in _folders(experiment):
        if folder.name not in RESERVED and (folder / META).is_file():
            yield folder


def _folders(parent: Path) -> list[Path]:
    """The folders in a folder by name; none when it is not there."""
    try:
        return sorted(each for each in parent.iterdir() if each.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """(key, file) of each file: a key with slashes is a path."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path


def _texts(folder: Path) -> dict[str, str]:
    """Each file's key and what it holds."""
    try:
        return {key: path.read_bytes().decode("utf-8") for key, path in _files(folder)}
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{folder} cannot be read: {error}") from error


def _lines(path: Path) -> Iterator[list[str]]:
    """The words of each whole line."""
    try:
        whole, _, _ = path.read_text(encoding="utf-8").rpartition("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path} cannot be read: {error}") from error
    for line in whole.split("\n"):
        if words := line.split():
            if len(words) < 2:
                raise SourceError(f"{path} has a line that is no point: {line!r}")
            yield words


def _series(points: list[Point]) -> list[Series]:
    labels, steps, timestamps, values = zip(*points, strict=True)
    return series_of(labels, steps, timestamps, values)


def _model_status(status: Any) -> str:
    """READY, FAILED, ..., as a number or a name."""
    if isinstance(status, int):
        return MODEL_STATUSES[status]
    names = {"PENDING": 1, "READY": 2, "FAILED": 3}
    return MODEL_STATUSES[names.get(str(status).rpartition(".")[2], 0)]
