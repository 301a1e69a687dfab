"""A folder of TensorBoard's event files: each folder in it that holds some is a run.

The run is named by its path; its id follows from the whole path of the log folder and from it, so
the same folder imported twice is the same runs.  The experiment has the name that is asked for,
else the log folder's.  Points have the time at which they were written; a run begins with its first
and ends with its last, unless the hparams plug-in says more.  Its hyperparameters become params.
Images, histograms and the like are counted, not carried over.
"""

import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from eventtrack.commands.import_registry import SourceRegisteredModel
from eventtrack.commands.importing import SourceExperiment, SourceModel, SourceRun
from eventtrack.events.metrics import Series
from eventtrack.migration import PIECE_POINTS, Size, SourceError
from eventtrack.migration.gathering import series_of
from eventtrack.migration.tfevents import (
    Other,
    Scalar,
    SessionEnd,
    SessionStart,
    items_of,
)

PATTERN = "*tfevents*"

STATUSES = {1: "FINISHED", 2: "FAILED", 3: "RUNNING"}

_FORBIDDEN = re.compile(r"[^/\w.\- :]")


class TensorBoard:
    """A `Source` in a log folder.

    experiment: the name of the experiment to put the runs into, the folder's when empty.
    """

    def __init__(self, folder: Path, experiment: str) -> None:
        self.name = folder.as_uri()
        self._folder = folder
        self._experiment = experiment or folder.name
        self._runs = sorted({path.parent for path in folder.rglob(PATTERN) if path.is_file()})
        self._files: dict[str, list[Path]] = {}
        self._others: dict[str, int] = {}
        if not self._runs:
            raise SourceError(f"there is no event file of TensorBoard (*tfevents*) below {folder}")

    def close(self) -> None:
        """See `Source.close`: no file stays open."""

    def size(self) -> Size:
        """See `Source.size`."""
        return Size(runs=len(self._runs))

    def experiments(self) -> Iterator[SourceExperiment]:
        """See `Source.experiments`."""
        yield SourceExperiment(experiment_id="", name=self._experiment)

    def models(self, experiment: SourceExperiment) -> Iterator[SourceModel]:
        """See `Source.models`: there are none."""
        return iter(())

    def runs(self, experiment: SourceExperiment) -> Iterator[list[SourceRun]]:
        """See `Source.runs`."""
        for folder in self._runs:
            yield [self._run(folder)]

    def _run(self, folder: Path) -> SourceRun:
        path = folder.relative_to(self._folder).as_posix()
        run_id = sha256(f"{self.name}\n{path}".encode()).hexdigest()[:32]
        files = sorted(each for each in folder.glob(PATTERN) if each.is_file())
        self._files[run_id] = files
        first = last = 0.0
        params: dict[str, str] = {}
        started = ended = 0.0
        status = "FINISHED"
        for item in _items(files):
            match item:
                case Scalar(wall_time=at):
                    first, last = min(first or at, at), max(last, at)
                case SessionStart(hparams=hparams, start_time=at):
                    params |= hparams
                    started = at
                case SessionEnd(status=code, end_time=at):
                    status, ended = STATUSES.get(code, status), at
                case Other(plugin=plugin):
                    self._others[plugin] = self._others.get(plugin, 0) + 1
        name = self._folder.name if path == "." else path
        end = round((ended or last) * 1000)
        return SourceRun(
            run_id=run_id,
            name=name,
            status=status,
            start_time_ms=round((started or first) * 1000),
            end_time_ms=end if end and status != "RUNNING" else None,
            params=params,
            tags={"mlflow.runName": name, "tensorboard.logdir": str(folder)},
        )

    def point_counts(self, run: SourceRun) -> dict[str, int] | None:
        """See `Source.point_counts`: counting is reading."""
        return None

    def history(self, run: SourceRun) -> Iterator[list[Series]]:
        """See `Source.history`."""
        points: list[Scalar] = []
        for item in _items(self._files[run.run_id]):
            if isinstance(item, Scalar):
                points.append(item)
                if len(points) >= PIECE_POINTS:
                    yield _series(points)
                    points = []
        if points:
            yield _series(points)

    def registered_models(self) -> Iterator[SourceRegisteredModel]:
        """See `Source.registered_models`: there are none."""
        return iter(())

    def not_carried(self) -> dict[str, int]:
        """See `Source.not_carried`: what other plug-ins show."""
        return {plugin or "other data": count for plugin, count in sorted(self._others.items())}


def _items(files: list[Path]) -> Iterator[Scalar | SessionStart | SessionEnd | Other]:
    for path in files:
        yield from items_of(path)


def _series(points: list[Scalar]) -> list[Series]:
    return series_of(
        [_key(each.tag) for each in points],
        [each.step for each in points],
        [round(each.wall_time * 1000) for each in points],
        [each.value for each in points],
    )


def _key(tag: str) -> str:
    """A tag as the key of a metric, which holds fewer characters."""
    return _FORBIDDEN.sub("_", tag).strip("/") or "_"
