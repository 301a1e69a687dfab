"""Facts about metrics: stream `run/<run_id>`, one event for each log call, columnar."""

from collections.abc import Iterator

import msgspec

from eventtrack import columns
from eventtrack.events.fact import Fact


class Series(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Points of one metric in the order they were logged, packed as in `eventtrack.columns`.

    steps: i64; timestamps: i64 milliseconds since 1970; values: f64, NaN and infinities as they
    are.  The three columns have the same length.  `model_id`, `dataset_name` and `dataset_digest`
    say which logged model was measured on which dataset.
    """

    key: str
    steps: bytes
    timestamps: bytes
    values: bytes
    model_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""

    def points(self) -> Iterator[tuple[int, int, float]]:
        """Each point as (step, timestamp in milliseconds, value)."""
        return zip(
            columns.unpack_ints(self.steps),
            columns.unpack_ints(self.timestamps),
            columns.unpack_floats(self.values),
            strict=True,
        )


class MetricsLogged(Fact, frozen=True, kw_only=True, tag="MetricsLogged/1"):
    """MetricsLogged: one log call's points, however many."""

    run_id: str
    series: list[Series]
    experiment_id: str = ""
