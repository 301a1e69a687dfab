"""A database of `mlflow server`: MLflow's tables, of any release from 1.0 on, in SQL that all know.

Columns and tables that a release did not have yet count as empty.  Nothing is locked: a server may
go on writing, and what it writes meanwhile is brought over by the next import.  Points come in the
order in which they were inserted, where the engine keeps it (SQLite's rowid), else by time.

MLflow stores a point that measures a logged model twice, with the run and with the model; here it
is one point with the model's label.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

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

NEEDED = ("experiments", "runs", "metrics", "params", "tags")

CARRIED = frozenset(
    [
        *NEEDED,
        "experiment_tags",
        "latest_metrics",
        "datasets",
        "inputs",
        "input_tags",
        "logged_models",
        "logged_model_metrics",
        "logged_model_params",
        "logged_model_tags",
        "registered_models",
        "registered_model_tags",
        "registered_model_aliases",
        "model_versions",
        "model_version_tags",
        "alembic_version",
    ]
)
"""Tables whose rows are brought over, or follow from what is."""

MODEL_STATUSES = (
    "LOGGED_MODEL_STATUS_UNSPECIFIED",
    "LOGGED_MODEL_PENDING",
    "LOGGED_MODEL_READY",
    "LOGGED_MODEL_UPLOAD_FAILED",
)

DELETED_STAGE = "Deleted_Internal"
"""The stage of a version whose row is kept for its number alone."""

Row = tuple[Any, ...]


class Engine(Protocol):
    """A database engine.  Parameters are `?`; no SQL holds that sign or `%` otherwise."""

    name: str
    insertion_order: str

    def columns(self) -> dict[str, set[str]]:
        """Each table with its columns."""
        ...

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        """All rows of a SELECT."""
        ...

    def pages(self, sql: str, parameters: Sequence[Any], size: int) -> Iterator[list[Row]]:
        """The rows of a SELECT, so many at a time."""
        ...

    def close(self) -> None:
        """Let go of the database."""
        ...


class DatabaseSource:
    """A `Source` in the tables of a tracking database."""

    def __init__(self, engine: Engine) -> None:
        self.name = engine.name
        self._engine = engine
        self._columns = engine.columns()
        missing = [table for table in NEEDED if table not in self._columns]
        if missing:
            raise SourceError(
                f"{engine.name} is not the database of an MLflow server: it has no table "
                f"{' and no table '.join(missing)}"
            )
        self._measured = self._has_rows("logged_model_metrics")

    def close(self) -> None:
        """See `Source.close`."""
        self._engine.close()

    def _has_rows(self, table: str) -> bool:
        if table not in self._columns:
            return False
        return bool(self._engine.rows(f"SELECT 1 FROM {table} LIMIT 1"))

    def _count(self, table: str) -> int:
        return int(self._engine.rows(f"SELECT count(*) FROM {table}")[0][0])

    def _select(self, table: str, *wanted: str) -> str:
        """A SELECT of these columns; NULL in the place of those the release did not have."""
        there = self._columns.get(table, set())
        return "SELECT " + ", ".join(
            column if column in there else f"NULL AS {column}" for column in wanted
        )

    def _select_from(self, table: str, *wanted: str) -> str:
        return f"{self._select(table, *wanted)} FROM {table}"

    def size(self) -> Size:
        """See `Source.size`."""
        return Size(runs=self._count("runs"), points=self._count("metrics"))

    def experiments(self) -> Iterator[SourceExperiment]:
        """See `Source.experiments`."""
        tags = self._pairs("experiment_tags", "experiment_id", "key", "value")
        sql = self._select_from(
            "experiments",
            "experiment_id",
            "name",
            "artifact_location",
            "lifecycle_stage",
            "creation_time",
            "last_update_time",
        )
        for number, name, location, stage, created, updated in self._engine.rows(
            f"{sql} ORDER BY experiment_id"
        ):
            yield SourceExperiment(
                experiment_id=str(number),
                name=name,
                artifact_location=location or "",
                lifecycle_stage=stage or "active",
                created_at_ms=created or 0,
                updated_at_ms=updated or created or 0,
                tags=tags.get(number, {}),
            )

    def _pairs(
        self, table: str, owner: str, key: str, value: str, among: Sequence[Any] | None = None
    ) -> dict[Any, dict[str, str]]:
        """Keys and values by their owner; a value that is NULL is the empty string."""
        if table not in self._columns:
            return {}
        sql = self._select_from(table, owner, key, value)
        parameters: Sequence[Any] = ()
        if among is not None:
            sql += f" WHERE {owner} IN ({_marks(among)})"
            parameters = among
        found: dict[Any, dict[str, str]] = {}
        for whose, name, text in self._engine.rows(f"{sql} ORDER BY {owner}, {key}", parameters):
            found.setdefault(whose, {})[name] = text or ""
        return found

    def models(self, experiment: SourceExperiment) -> Iterator[SourceModel]:
        """See `Source.models`."""
        if "logged_models" not in self._columns:
            return
        sql = self._select_from(
            "logged_models",
            "model_id",
            "name",
            "artifact_location",
            "status",
            "lifecycle_stage",
            "creation_timestamp_ms",
            "last_updated_timestamp_ms",
            "model_type",
            "source_run_id",
        )
        sql += " WHERE experiment_id = ? ORDER BY creation_timestamp_ms, model_id"
        number = (int(experiment.experiment_id),)
        for page in self._engine.pages(sql, number, RUNS_AT_ONCE):
            ids = [row[0] for row in page]
            params = self._pairs("logged_model_params", "model_id", "param_key", "param_value", ids)
            tags = self._pairs("logged_model_tags", "model_id", "tag_key", "tag_value", ids)
            for model_id, name, location, status, stage, created, updated, kind, run_id in page:
                yield SourceModel(
                    model_id=model_id,
                    name=name,
                    artifact_location=location,
                    status=MODEL_STATUSES[status],
                    lifecycle_stage=stage or "active",
                    created_at_ms=created,
                    updated_at_ms=updated,
                    model_type=kind or "",
                    source_run_id=run_id or "",
                    params=params.get(model_id, {}),
                    tags=tags.get(model_id, {}),
                )

    def runs(self, experiment: SourceExperiment) -> Iterator[list[SourceRun]]:
        """See `Source.runs`."""
        sql = self._select_from(
            "runs",
            "run_uuid",
            "name",
            "user_id",
            "status",
            "start_time",
            "end_time",
            "artifact_uri",
            "lifecycle_stage",
        )
        sql += " WHERE experiment_id = ? ORDER BY start_time, run_uuid"
        number = (int(experiment.experiment_id),)
        for page in self._engine.pages(sql, number, RUNS_AT_ONCE):
            ids = [row[0] for row in page]
            params = self._pairs("params", "run_uuid", "key", "value", ids)
            tags = self._pairs("tags", "run_uuid", "key", "value", ids)
            datasets = self._datasets(ids)
            read = self._edges("RUN_INPUT", "MODEL_INPUT", ids)
            made = self._edges("RUN_OUTPUT", "MODEL_OUTPUT", ids)
            yield [
                SourceRun(
                    run_id=run_id,
                    # Before 1.29 the name was a tag alone.
                    name=name or tags.get(run_id, {}).get("mlflow.runName", ""),
                    user_id=user or "",
                    status=status or "RUNNING",
                    start_time_ms=start or 0,
                    end_time_ms=end,
                    artifact_uri=uri or "",
                    lifecycle_stage=stage or "active",
                    params=params.get(run_id, {}),
                    tags=tags.get(run_id, {}),
                    datasets=datasets.get(run_id, []),
                    input_models=[model_id for model_id, _ in read.get(run_id, ())],
                    output_models=[
                        ModelOutput(model_id=model_id, step=step)
                        for model_id, step in made.get(run_id, ())
                    ],
                )
                for run_id, name, user, status, start, end, uri, stage in page
            ]

    def _datasets(self, run_ids: Sequence[str]) -> dict[str, list[DatasetInput]]:
        if "inputs" not in self._columns or "datasets" not in self._columns:
            return {}
        rows = self._engine.rows(
            f"""SELECT i.destination_id, i.input_uuid, d.name, d.digest, d.dataset_source_type,
                       d.dataset_source, d.dataset_schema, d.dataset_profile
                FROM inputs i JOIN datasets d ON d.dataset_uuid = i.source_id
                WHERE i.source_type = 'DATASET' AND i.destination_type = 'RUN'
                  AND i.destination_id IN ({_marks(run_ids)})
                ORDER BY i.destination_id, d.name, d.digest""",
            run_ids,
        )
        inputs = [row[1] for row in rows]
        tags: dict[Any, dict[str, str]] = {}
        for start in range(0, len(inputs), RUNS_AT_ONCE):
            some = inputs[start : start + RUNS_AT_ONCE]
            tags |= self._pairs("input_tags", "input_uuid", "name", "value", some)
        found: dict[str, list[DatasetInput]] = {}
        for run_id, input_id, name, digest, kind, source, schema, profile in rows:
            found.setdefault(run_id, []).append(
                DatasetInput(
                    name=name,
                    digest=digest,
                    source_type=kind,
                    source=source,
                    schema=schema,
                    profile=profile,
                    tags=tags.get(input_id, {}),
                )
            )
        return found

    def _edges(
        self, source_type: str, destination_type: str, run_ids: Sequence[str]
    ) -> dict[str, list[tuple[str, int]]]:
        """Logged models that runs read or made: run id -> (model id, step)."""
        if "inputs" not in self._columns:
            return {}
        sql = self._select_from("inputs", "source_id", "destination_id", "step")
        found: dict[str, list[tuple[str, int]]] = {}
        for run_id, model_id, step in self._engine.rows(
            f"""{sql} WHERE source_type = ? AND destination_type = ?
                  AND source_id IN ({_marks(run_ids)}) ORDER BY source_id, destination_id""",
            (source_type, destination_type, *run_ids),
        ):
            found.setdefault(run_id, []).append((model_id, step or 0))
        return found

    # Metrics

    def point_counts(self, run: SourceRun) -> dict[str, int] | None:
        """See `Source.point_counts`."""
        rows = self._engine.rows(
            "SELECT key, count(*) FROM metrics WHERE run_uuid = ? GROUP BY key", (run.run_id,)
        )
        return dict(rows)

    def history(self, run: SourceRun) -> Iterator[list[Series]]:
        """See `Source.history`."""
        measured = self._measurements(run.run_id) if self._measured else {}
        is_nan = "is_nan" if "is_nan" in self._columns["metrics"] else "NULL"
        sql = self._select("metrics", "key", "step", "timestamp")
        # One column less to fetch: NULL becomes NaN in the arrays.
        sql += f", CASE WHEN {is_nan} THEN NULL ELSE value END"
        sql += f" FROM metrics WHERE run_uuid = ? ORDER BY {self._engine.insertion_order}"
        for page in self._engine.pages(sql, (run.run_id,), PIECE_POINTS):
            keys, steps, timestamps, values = zip(*page, strict=True)
            # Releases before 1.0 had no steps.
            steps = steps if steps[0] is not None else (0,) * len(page)
            if measured:
                yield _labelled(measured, keys, steps, timestamps, values)
            else:
                yield series_of(keys, steps, timestamps, values)

    def _measurements(self, run_id: str) -> dict[tuple[str, int, int], list[Label]]:
        """(key, step, timestamp) -> the logged models that the point measures."""
        found: dict[tuple[str, int, int], list[Label]] = {}
        for key, step, timestamp, model_id, name, digest in self._engine.rows(
            """SELECT metric_name, metric_step, metric_timestamp_ms, model_id, dataset_name,
                      dataset_digest
               FROM logged_model_metrics WHERE run_id = ? ORDER BY model_id""",
            (run_id,),
        ):
            label = (key, model_id, name or "", digest or "")
            found.setdefault((key, step, timestamp), []).append(label)
        return found

    # The model registry

    def registered_models(self) -> Iterator[SourceRegisteredModel]:
        """See `Source.registered_models`."""
        if "registered_models" not in self._columns:
            return
        tags = self._pairs("registered_model_tags", "name", "key", "value")
        aliases = self._pairs("registered_model_aliases", "name", "alias", "version")
        sql = self._select_from(
            "registered_models", "name", "description", "creation_time", "last_updated_time"
        )
        for name, description, created, updated in self._engine.rows(f"{sql} ORDER BY name"):
            yield SourceRegisteredModel(
                name=name,
                description=description or "",
                created_at_ms=created or 0,
                updated_at_ms=updated or created or 0,
                tags=tags.get(name, {}),
                aliases={alias: int(version) for alias, version in aliases.get(name, {}).items()},
                versions=self._versions(name),
            )

    def _versions(self, name: str) -> list[SourceVersion]:
        tags: dict[int, dict[str, str]] = {}
        if "model_version_tags" in self._columns:
            for version, key, value in self._engine.rows(
                "SELECT version, key, value FROM model_version_tags WHERE name = ?", (name,)
            ):
                tags.setdefault(version, {})[key] = value or ""
        sql = self._select_from(
            "model_versions",
            "version",
            "source",
            "storage_location",
            "run_id",
            "description",
            "current_stage",
            "run_link",
            "creation_time",
            "last_updated_time",
        )
        return [
            SourceVersion(
                version=version,
                source=source or "",
                storage_location=location or "",
                run_id=run_id or "",
                description=description,
                stage=NONE if stage in (None, DELETED_STAGE) else stage,
                run_link=link or "",
                created_at_ms=created or 0,
                updated_at_ms=updated or created or 0,
                tags=tags.get(version, {}),
                deleted=stage == DELETED_STAGE,
            )
            for (
                version,
                source,
                location,
                run_id,
                description,
                stage,
                link,
                created,
                updated,
            ) in self._engine.rows(f"{sql} WHERE name = ? ORDER BY version", (name,))
        ]

    def not_carried(self) -> dict[str, int]:
        """See `Source.not_carried`: every table that has rows and is not in CARRIED."""
        counts = {table: self._count(table) for table in sorted(self._columns.keys() - CARRIED)}
        if "workspaces" in counts:
            # Every database has the one that MLflow makes itself.
            counts["workspaces"] -= 1
        return {table: count for table, count in counts.items() if count}


def _labelled(
    measured: dict[tuple[str, int, int], list[Label]],
    keys: Sequence[str],
    steps: Sequence[int],
    timestamps: Sequence[int],
    values: Sequence[float | None],
) -> list[Series]:
    rows = [
        (label, step, timestamp, value)
        for key, step, timestamp, value in zip(keys, steps, timestamps, values, strict=True)
        for label in measured.get((key, step, timestamp), ((key, "", "", ""),))
    ]
    labels, all_steps, all_times, all_values = zip(*rows, strict=True)
    return series_of(labels, all_steps, all_times, all_values)


def _marks(values: Sequence[Any]) -> str:
    return ", ".join("?" * len(values))
