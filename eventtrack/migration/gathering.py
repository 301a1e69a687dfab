"""Rows of points in any order -> series, in the order of the rows."""

from collections.abc import Sequence

import numpy as np

from eventtrack.commands.importing import Label
from eventtrack.events.metrics import Series


def series_of(
    labels: Sequence[str] | Sequence[Label],
    steps: Sequence[int],
    timestamps: Sequence[int],
    values: Sequence[float | None],
) -> list[Series]:
    """Gather points by their label, a metric's key or the whole label; a value of None is NaN."""
    names = list(dict.fromkeys(labels))
    places = {name: place for place, name in enumerate(names)}
    belongs = np.fromiter(map(places.__getitem__, labels), np.int32, len(labels))
    columns = [
        np.array(steps, "<i8"),
        np.array(timestamps, "<i8"),
        np.array(values, "<f8"),
    ]
    if len(names) > 1:
        order = np.argsort(belongs, kind="stable")
        columns = [column[order] for column in columns]
    ends = np.cumsum(np.bincount(belongs, minlength=len(names))).tolist()
    found = []
    start = 0
    for name, end in zip(names, ends, strict=True):
        key, model_id, dataset_name, dataset_digest = (
            (name, "", "", "") if isinstance(name, str) else name
        )
        found.append(
            Series(
                key=key,
                steps=columns[0][start:end].tobytes(),
                timestamps=columns[1][start:end].tobytes(),
                values=columns[2][start:end].tobytes(),
                model_id=model_id,
                dataset_name=dataset_name,
                dataset_digest=dataset_digest,
            )
        )
        start = end
    return found
