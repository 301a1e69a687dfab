"""Export: runs and metrics as files that other tools read, JSON Lines or Parquet.

A file appears under its name when it is whole.  Memory holds a page of runs, or one series.
"""

import importlib
import math
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Literal, Protocol

import msgspec

from projections import documents
from projections.metrics.history import read_points
from projections.metrics.packing import Points
from projections.metrics.series import NO_RANK, list_series, ranks_of
from projections.search.runs import find_runs
from projections.views import Views

Format = Literal["jsonl", "parquet"]

RUNS_IN_PAGE = 500
POINTS_IN_PIECE = 50_000

ROWS_IN_GROUP = 250_000
"""Rows that a Parquet file packs together; readers skip by groups, and small ones pack badly."""

PARTIAL = ".partial"


class CannotExport(Exception):
    """What is asked for cannot be written; the message says what to do."""


class Chosen(msgspec.Struct, frozen=True):
    """Which runs: of these experiments, all when none is named, that pass MLflow's filter."""

    experiment_ids: Sequence[int]
    filter: str = ""
    view: Literal["active", "deleted", "all"] = "active"


class Writer(Protocol):
    """Writes rows of one kind to one file."""

    def write(self, columns: dict[str, Sequence[Any]]) -> None:
        """Add rows, given as columns."""
        ...

    def close(self) -> None:
        """Finish the file."""
        ...


class JsonLines:
    """One JSON object a line; a NaN and infinities are the texts that MLflow uses for them."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, columns: dict[str, Sequence[Any]]) -> None:
        """See `Writer.write`."""
        names = list(columns)
        for row in zip(*columns.values(), strict=True):
            line = {name: _plain(value) for name, value in zip(names, row, strict=True)}
            self._file.write(msgspec.json.encode(line) + b"\n")

    def close(self) -> None:
        """See `Writer.close`."""
        self._file.flush()


class Parquet:
    """A Parquet file; params, tags and latest metrics are maps, times are milliseconds."""

    def __init__(self, file: IO[bytes], kind: str) -> None:
        self._arrow = _pyarrow()
        parquet = importlib.import_module("pyarrow.parquet")
        self._schema = self._arrow.schema(_fields(self._arrow, kind))
        self._writer = parquet.ParquetWriter(file, self._schema, compression="zstd")
        self._waiting: list[Any] = []
        self._rows = 0

    def write(self, columns: dict[str, Sequence[Any]]) -> None:
        """See `Writer.write`."""
        arrow = self._arrow
        arrays = []
        for field in self._schema:
            values = columns[field.name]
            if arrow.types.is_map(field.type):
                values = [list(each.items()) for each in values]
            arrays.append(arrow.array(values, field.type))
        batch = arrow.RecordBatch.from_arrays(arrays, schema=self._schema)
        self._waiting.append(batch)
        self._rows += batch.num_rows
        if self._rows >= ROWS_IN_GROUP:
            self._write_group()

    def _write_group(self) -> None:
        table = self._arrow.Table.from_batches(self._waiting, self._schema)
        self._writer.write_table(table, row_group_size=ROWS_IN_GROUP)
        self._waiting, self._rows = [], 0

    def close(self) -> None:
        """See `Writer.close`."""
        if self._waiting:
            self._write_group()
        self._writer.close()


def check_format(chosen: Format) -> None:
    """Raise CannotExport when the library for a format is missing."""
    if chosen == "parquet":
        _pyarrow()


async def export_runs(views: Views, chosen: Chosen, path: Path, format: Format) -> int:
    """Write one row per run; returns how many."""
    count = 0
    with _file(path) as file:
        writer: Writer = JsonLines(file) if format == "jsonl" else Parquet(file, "runs")
        async for run_ids in _pages(views, chosen):
            latest = await _latest(views, run_ids)
            found = [
                _run(each, latest.get(each.run_id, {}))
                for each in await documents.get_runs(views, run_ids)
            ]
            if found:
                writer.write({name: [run[name] for run in found] for name in found[0]})
            count += len(found)
        writer.close()
    _finish(path)
    return count


async def export_metrics(views: Views, chosen: Chosen, path: Path, format: Format) -> int:
    """Write one row per distinct point and rank; returns how many."""
    count = 0
    with _file(path) as file:
        writer: Writer = JsonLines(file) if format == "jsonl" else Parquet(file, "metrics")
        async for run_ids in _pages(views, chosen):
            for run_id in run_ids:
                async for key, rank, points in _series(views, run_id):
                    for columns in _columns(run_id, key, rank, points):
                        writer.write(columns)
                    count += len(points)
        writer.close()
    _finish(path)
    return count


async def _pages(views: Views, chosen: Chosen) -> AsyncIterator[list[str]]:
    experiment_ids = list(chosen.experiment_ids)
    if not experiment_ids:
        rows = await views.fetchall("SELECT experiment_id FROM experiments")
        experiment_ids = [experiment_id for (experiment_id,) in rows]
    token: str | None = ""
    while token is not None:
        page = await find_runs(
            views,
            experiment_ids=experiment_ids,
            filter=chosen.filter,
            order_by=[],
            view=chosen.view,
            max_results=RUNS_IN_PAGE,
            page_token=token,
        )
        yield list(page.ids)
        token = page.next_page_token


async def _series(views: Views, run_id: str) -> AsyncIterator[tuple[str, int | None, Points]]:
    for each in await list_series(views, run_id):
        for rank in await ranks_of(views, run_id, each.key):
            points = await read_points(views, run_id, each.key, rank)
            yield each.key, None if rank == NO_RANK else rank, points


def _columns(
    run_id: str, key: str, rank: int | None, points: Points
) -> Iterator[dict[str, Sequence[Any]]]:
    for start in range(0, len(points), POINTS_IN_PIECE):
        some = points.slice(start, start + POINTS_IN_PIECE)
        count = len(some)
        yield {
            "run_id": [run_id] * count,
            "key": [key] * count,
            "step": some.steps.tolist(),
            "timestamp": some.timestamps.tolist(),
            "value": some.values.tolist(),
            "rank": [rank] * count,
        }


async def _latest(views: Views, run_ids: Sequence[str]) -> dict[str, dict[str, float]]:
    """The latest values of runs, by run and key; infinities as they are, unlike on the wire."""
    latest: dict[str, dict[str, float]] = {}
    for run_id, key, value, is_nan in await views.fetchall(
        """SELECT run_id, key, value, is_nan FROM latest_metrics
           WHERE run_id IN (SELECT value FROM json_each(?)) ORDER BY run_id, key""",
        (msgspec.json.encode(run_ids).decode(),),
    ):
        latest.setdefault(run_id, {})[key] = math.nan if is_nan else value
    return latest


def _run(run: documents.RunDocument, latest: dict[str, float]) -> dict[str, Any]:
    def entries(encoded: bytes | None) -> dict[str, str]:
        return {each["key"]: each["value"] for each in msgspec.json.decode(encoded or b"[]")}

    return {
        "run_id": run.run_id,
        "experiment_id": str(run.experiment_id),
        "name": run.name,
        "user_id": run.user_id,
        "status": run.status,
        "lifecycle_stage": run.lifecycle_stage,
        "start_time": run.start_time,
        "end_time": run.end_time,
        "artifact_uri": run.artifact_uri,
        "params": entries(run.params),
        "tags": entries(run.tags),
        "metrics": latest,
    }


def _fields(arrow: Any, kind: str) -> list[tuple[str, Any]]:
    text, whole = arrow.string(), arrow.int64()
    if kind == "metrics":
        return [
            ("run_id", text),
            ("key", text),
            ("step", whole),
            ("timestamp", whole),
            ("value", arrow.float64()),
            ("rank", arrow.int32()),
        ]
    names = ("run_id", "experiment_id", "name", "user_id", "status", "lifecycle_stage")
    return [
        *[(name, text) for name in names],
        ("start_time", whole),
        ("end_time", whole),
        ("artifact_uri", text),
        ("params", arrow.map_(text, text)),
        ("tags", arrow.map_(text, text)),
        ("metrics", arrow.map_(text, arrow.float64())),
    ]


def _pyarrow() -> Any:
    try:
        return importlib.import_module("pyarrow")
    except ImportError as error:
        raise CannotExport(
            "Parquet needs pyarrow: pip install 'eventtrack[parquet]', or export jsonl"
        ) from error


def _file(path: Path) -> IO[bytes]:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.with_name(path.name + PARTIAL).open("wb")


def _finish(path: Path) -> None:
    path.with_name(path.name + PARTIAL).replace(path)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        if value != value:
            return "NaN"
        return "Infinity" if value > 0 else "-Infinity"
    return value
