"""Datasets, as MLflow's objects or as plain dictionaries, on their way to the server."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from eventtrack.wire.ingest import Dataset

CONTEXT_TAG = "mlflow.data.context"


def dataset_of(dataset: Any, context: str | None, tags: Mapping[str, str] | None = None) -> Dataset:
    """A dataset to log.  ValueError when the object is no dataset.

    dataset: an object with MLflow's `to_dict()`, or a dict with `name` and, as far as known,
    `digest`, `source_type`, `source`, `schema`, `profile`.  context: for example `training`.
    """
    fields = dataset.to_dict() if hasattr(dataset, "to_dict") else dataset
    if not isinstance(fields, Mapping) or not fields.get("name"):
        raise ValueError(
            "log_input takes one of MLflow's dataset objects, or a dict with 'name' and what is "
            "known of 'digest', 'source_type', 'source', 'schema' and 'profile'"
        )
    found = {key: _text(value) for key, value in fields.items() if value is not None}
    source = found.get("source", "{}")
    digest = (
        found.get("digest")
        or hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()[:8]
    )
    labels = {str(key): str(value) for key, value in (tags or {}).items()}
    if context:
        labels[CONTEXT_TAG] = context
    return Dataset(
        name=found["name"],
        digest=digest,
        source_type=found.get("source_type", "local"),
        source=source,
        schema=found.get("schema"),
        profile=found.get("profile"),
        tags=labels,
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
