"""Views in memory for searches: the real tables, filled by hand, read as the server reads them."""

import asyncio
import math
import sqlite3
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from projections.builtin import BUILT_IN
from projections.runs import number_of

T = TypeVar("T")


def answer(question: Coroutine[Any, Any, T]) -> T:
    """What a question comes to; usable inside hypothesis tests."""
    return asyncio.run(question)


@dataclass
class Run:
    """A run with all that can be searched for; before: earlier values of its metrics."""

    run_id: str
    experiment_id: int = 1
    name: str = "run"
    user_id: str = "me"
    status: str = "RUNNING"
    start_time: int = 0
    end_time: int | None = None
    stage: str = "active"
    metrics: dict[str, float] = field(default_factory=dict)
    before: dict[str, list[float]] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    datasets: list[tuple[str, str, str | None]] = field(default_factory=list)

    @property
    def artifact_uri(self) -> str:
        return f"mlflow-artifacts:/{self.experiment_id}/{self.run_id}"


@dataclass
class Model:
    """A logged model; metrics are (key, timestamp, step, value, dataset name, digest)."""

    model_id: str
    experiment_id: int = 1
    name: str = "model"
    status: str = "LOGGED_MODEL_PENDING"
    model_type: str = ""
    source_run_id: str = ""
    created: int = 0
    updated: int = 0
    stage: str = "active"
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    metrics: list[tuple[str, int, int, float, str | None, str | None]] = field(default_factory=list)


def _number(value: float) -> tuple[float, bool]:
    return (0.0, True) if math.isnan(value) else (value, False)


def _extent(run: Run, key: str) -> tuple[Any, ...]:
    """The rest of a metric's row."""
    values = [*run.before.get(key, []), run.metrics[key]]
    finite = [value for value in values if math.isfinite(value)]
    first = None if math.isnan(values[0]) else values[0]
    extremes = (min(finite), max(finite)) if finite else (None, None)
    return *_number(values[-1]), len(values) - 1, 0, 0, 0, first, *extremes, len(values)


class MemoryViews:
    """A Reader over an in-memory database."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:")
        for projection in BUILT_IN:
            self.connection.executescript(projection.tables)
        self.statements: list[str] = []

    async def fetchall(self, sql: str, params: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        self.statements.append(sql)
        return self.connection.execute(sql, tuple(params)).fetchall()

    def _insert(self, table: str, *rows: Sequence[object]) -> None:
        if rows:
            marks = ", ".join("?" for _ in rows[0])
            self.connection.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)

    def add_run(self, run: Run) -> None:
        self._insert(
            "runs",
            (
                run.run_id,
                run.experiment_id,
                run.name,
                run.user_id,
                run.status,
                run.start_time,
                run.end_time,
                run.artifact_uri,
                run.stage,
            ),
        )
        self._insert(
            "run_params",
            *((run.run_id, key, value, number_of(value)) for key, value in run.params.items()),
        )
        self._insert("run_tags", *((run.run_id, *item) for item in run.tags.items()))
        self._insert(
            "latest_metrics",
            *((run.run_id, key, *_extent(run, key)) for key in run.metrics),
        )
        self._insert(
            "run_datasets",
            *(
                (run.run_id, run.experiment_id, name, digest, context, "[]", ordinal, "")
                for ordinal, (name, digest, context) in enumerate(run.datasets)
            ),
        )

    def add_model(self, model: Model) -> None:
        self._insert(
            "logged_models",
            (
                model.model_id,
                model.experiment_id,
                model.name,
                f"mlflow-artifacts:/{model.model_id}",
                model.created,
                model.updated,
                model.status,
                model.stage,
                model.model_type,
                model.source_run_id,
            ),
        )
        for table in ("params", "tags"):
            pairs: dict[str, str] = getattr(model, table)
            self._insert(
                f"logged_model_{table}", *((model.model_id, *item) for item in pairs.items())
            )
        self._insert(
            "logged_model_metrics",
            *(
                (model.model_id, key, timestamp, step, "r", *_number(value), name, digest)
                for key, timestamp, step, value, name, digest in model.metrics
            ),
        )

    def add_experiment(
        self,
        experiment_id: int,
        name: str,
        *,
        stage: str = "active",
        created: int = 0,
        updated: int = 0,
        tags: dict[str, str] | None = None,
    ) -> None:
        self._insert("experiments", (experiment_id, name, "uri", stage, created, updated))
        self._insert("experiment_tags", *((experiment_id, *item) for item in (tags or {}).items()))
