"""Datasets and models a run reads, models it makes: what went in, what came out?

Handles  RunInputsLogged, RunOutputsLogged, RunErased
Tables   datasets, dataset_descriptions, run_datasets, run_models, run_input_documents
"""

import sqlite3
from hashlib import sha256

import msgspec

from eventtrack.events import Recorded
from eventtrack.events.datasets import DatasetInput, RunInputsLogged, RunOutputsLogged
from eventtrack.events.erasures import RunErased
from projections.projection import Projection
from projections.rows import Rows

datasets = Projection(
    "datasets",
    version=2,
    tables="""
    -- A dataset is (experiment, name, digest); its first writer's description is kept.
    CREATE TABLE datasets (
        experiment_id INTEGER NOT NULL, name TEXT NOT NULL, digest TEXT NOT NULL,
        source_type TEXT NOT NULL, source TEXT NOT NULL, schema TEXT, profile TEXT,
        PRIMARY KEY (experiment_id, name, digest)
    ) STRICT, WITHOUT ROWID;

    -- Every description that a run gave, by its digest: when the first writer's is erased the next
    -- one counts.
    CREATE TABLE dataset_descriptions (
        digest TEXT PRIMARY KEY,
        source_type TEXT NOT NULL, source TEXT NOT NULL, schema TEXT, profile TEXT
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE run_datasets (
        run_id TEXT NOT NULL,
        experiment_id INTEGER NOT NULL,
        name TEXT NOT NULL,
        digest TEXT NOT NULL,
        context TEXT,                            -- value of the tag mlflow.data.context
        tags TEXT NOT NULL,                      -- JSON list of {"key", "value"}
        ordinal INTEGER NOT NULL,                -- grows in the order of logging
        description TEXT NOT NULL,               -- its digest
        PRIMARY KEY (run_id, name, digest)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX run_datasets_described ON run_datasets (description);
    CREATE INDEX run_datasets_of_experiment ON run_datasets (experiment_id, name, digest, context);

    CREATE TABLE run_models (
        run_id TEXT NOT NULL,
        direction TEXT NOT NULL,                 -- 'input' or 'output'
        model_id TEXT NOT NULL,
        step INTEGER NOT NULL,
        ordinal INTEGER NOT NULL,
        PRIMARY KEY (run_id, direction, model_id)
    ) STRICT, WITHOUT ROWID;

    -- The inputs and outputs of a run, ready encoded as the wire's JSON lists.
    CREATE TABLE run_input_documents (
        run_id TEXT PRIMARY KEY,
        dataset_inputs BLOB NOT NULL, model_inputs BLOB NOT NULL, model_outputs BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    """,
)

CONTEXT_TAG = "mlflow.data.context"

_encoder = msgspec.json.Encoder()


class _Tag(msgspec.Struct):
    key: str
    value: str


class _Dataset(msgspec.Struct, omit_defaults=True):
    name: str
    digest: str
    source_type: str
    source: str
    schema: str | None = None
    profile: str | None = None


class _Input(msgspec.Struct, omit_defaults=True):
    dataset: _Dataset
    tags: msgspec.Raw | None = None


class _ModelInput(msgspec.Struct):
    model_id: str


class _ModelOutput(msgspec.Struct):
    model_id: str
    step: int


@datasets.on(RunInputsLogged)
def inputs_logged(rows: Rows, event: RunInputsLogged, at: Recorded) -> None:
    """The datasets, one edge each; the tags of the first log of an edge are kept (rule D1)."""
    for ordinal, dataset in enumerate(event.datasets):
        _put_dataset(rows, event, dataset, at.position * 1000 + ordinal)
    for ordinal, model_id in enumerate(event.model_ids):
        rows.write(
            "INSERT OR IGNORE INTO run_models VALUES (?, 'input', ?, 0, ?)",
            (event.run_id, model_id, at.position * 1000 + ordinal),
        )
    rows.touch("run inputs", event.run_id)


def _put_dataset(rows: Rows, event: RunInputsLogged, dataset: DatasetInput, ordinal: int) -> None:
    rows.write(
        "INSERT OR IGNORE INTO datasets VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            int(event.experiment_id),
            dataset.name,
            dataset.digest,
            dataset.source_type,
            dataset.source,
            dataset.schema,
            dataset.profile,
        ),
    )
    tags = _encoder.encode([_Tag(key, value) for key, value in dataset.tags.items()])
    described = dataset.source_type, dataset.source, dataset.schema, dataset.profile
    description = sha256(msgspec.msgpack.encode(described)).hexdigest()
    rows.write(
        "INSERT OR IGNORE INTO dataset_descriptions VALUES (?, ?, ?, ?, ?)",
        (description, *described),
    )
    rows.write(
        "INSERT OR IGNORE INTO run_datasets VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            event.run_id,
            int(event.experiment_id),
            dataset.name,
            dataset.digest,
            dataset.tags.get(CONTEXT_TAG),
            tags.decode(),
            ordinal,
            description,
        ),
    )


@datasets.on(RunOutputsLogged)
def outputs_logged(rows: Rows, event: RunOutputsLogged, at: Recorded) -> None:
    """One edge for each model; the first step is kept (rule D8)."""
    for ordinal, model in enumerate(event.models):
        rows.write(
            "INSERT OR IGNORE INTO run_models VALUES (?, 'output', ?, ?, ?)",
            (event.run_id, model.model_id, model.step, at.position * 1000 + ordinal),
        )
    rows.touch("run inputs", event.run_id)


@datasets.on_alone(RunErased)
def erased(rows: Rows, event: RunErased, at: Recorded) -> None:
    """What the run read and made goes, at the end of this event's own batch."""
    rows.touch("runs erased", event.run_id)


@datasets.finish
def erase(rows: Rows, connection: sqlite3.Connection) -> None:
    """Remove a run's edges; datasets that others read too have the next writer's description."""
    for run_id in rows.touched["runs erased"]:
        used = connection.execute(
            "SELECT experiment_id, name, digest FROM run_datasets WHERE run_id = ?", (run_id,)
        ).fetchall()
        for table in ("run_datasets", "run_models", "run_input_documents"):
            connection.execute(f"DELETE FROM {table} WHERE run_id = ?", (run_id,))
        for dataset in used:
            connection.execute(
                "DELETE FROM datasets WHERE (experiment_id, name, digest) = (?, ?, ?)", dataset
            )
            connection.execute(
                """INSERT INTO datasets
                   SELECT r.experiment_id, r.name, r.digest, source_type, source, schema, profile
                   FROM run_datasets r JOIN dataset_descriptions d ON d.digest = r.description
                   WHERE (experiment_id, name, r.digest) = (?, ?, ?) ORDER BY ordinal LIMIT 1""",
                dataset,
            )
            for (other,) in connection.execute(
                "SELECT run_id FROM run_datasets WHERE (experiment_id, name, digest) = (?, ?, ?)",
                dataset,
            ):
                rows.touch("run inputs", other)
    if rows.touched["runs erased"]:
        connection.execute(
            """DELETE FROM dataset_descriptions
               WHERE digest NOT IN (SELECT description FROM run_datasets)"""
        )


@datasets.finish
def refresh_documents(rows: Rows, connection: sqlite3.Connection) -> None:
    """Encode the inputs and outputs of every run that the batch touched."""
    connection.executemany(
        """INSERT INTO run_input_documents VALUES (?, ?, ?, ?)
           ON CONFLICT DO UPDATE SET dataset_inputs = excluded.dataset_inputs,
               model_inputs = excluded.model_inputs, model_outputs = excluded.model_outputs""",
        [(run_id, *_documents(connection, run_id)) for run_id in rows.touched["run inputs"]],
    )


def _documents(connection: sqlite3.Connection, run_id: str) -> tuple[bytes, bytes, bytes]:
    inputs = [
        _Input(_Dataset(*dataset), msgspec.Raw(tags.encode()) if tags != "[]" else None)
        for tags, *dataset in connection.execute(
            """SELECT r.tags, d.name, d.digest, d.source_type, d.source, d.schema, d.profile
               FROM run_datasets r JOIN datasets d USING (experiment_id, name, digest)
               WHERE r.run_id = ? ORDER BY r.ordinal""",
            (run_id,),
        )
    ]
    models = """SELECT model_id, step FROM run_models
                WHERE run_id = ? AND direction = ? ORDER BY ordinal"""
    read = [_ModelInput(model_id) for model_id, _ in connection.execute(models, (run_id, "input"))]
    made = [_ModelOutput(*row) for row in connection.execute(models, (run_id, "output"))]
    return _encoder.encode(inputs), _encoder.encode(read), _encoder.encode(made)
