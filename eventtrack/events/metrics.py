"""Facts about metrics: stream `run/<run_id>`, one event for each log call, columnar."""

from collections.abc import Iterable, Iterator

import msgspec

from eventtrack import columns
from eventtrack.events.fact import Fact

NO_RANK = -1


class Series(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Points of one metric in the order they were logged, in raw columns of `eventtrack.columns`.

    steps: i64; timestamps: i64 milliseconds since 1970; values: f64, NaN and infinities as they
    are.  The three columns have the same length.  `model_id`, `dataset_name` and `dataset_digest`
    say which logged model was measured on which dataset; `rank` which process of a distributed run
    logged it, NO_RANK when it is not known.
    """

    key: str
    steps: bytes
    timestamps: bytes
    values: bytes
    model_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""
    rank: int = NO_RANK

    def points(self) -> Iterator[tuple[int, int, float]]:
        """Each point as (step, timestamp in milliseconds, value)."""
        return zip(
            columns.unpack_ints(self.steps),
            columns.unpack_ints(self.timestamps),
            columns.unpack_floats(self.values),
            strict=True,
        )


class Table(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Points of metrics that were logged together: one step and one timestamp for all keys.

    The columns are stored ones of `eventtrack.columns`; each holds `points` entries.  The labels
    are those of `Series`.
    """

    points: int
    steps: bytes
    timestamps: bytes
    values: dict[str, bytes]
    model_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""
    rank: int = NO_RANK

    def series(self) -> Iterator[Series]:
        """The points of each metric, unpacked.  ValueError when a column is broken."""
        steps = columns.raw_of(self.steps, self.points)
        timestamps = columns.raw_of(self.timestamps, self.points)
        for key, values in self.values.items():
            yield Series(
                key=key,
                steps=steps,
                timestamps=timestamps,
                values=columns.raw_of(values, self.points),
                model_id=self.model_id,
                dataset_name=self.dataset_name,
                dataset_digest=self.dataset_digest,
                rank=self.rank,
            )


class MetricsLogged(Fact, frozen=True, kw_only=True, tag="MetricsLogged/2"):
    """MetricsLogged: one log call's points, however many; version 2 shares steps between keys."""

    run_id: str
    tables: list[Table]
    experiment_id: str = ""

    def series(self) -> Iterator[Series]:
        """The points of each metric, unpacked, in the order they were logged."""
        for table in self.tables:
            yield from table.series()


def tables_of(series: Iterable[Series]) -> list[Table]:
    """Gather series into tables: those with equal steps, timestamps and labels share one."""
    gathered: dict[tuple[object, ...], dict[str, bytes]] = {}
    for each in series:
        shared = (
            each.steps,
            each.timestamps,
            each.model_id,
            each.dataset_name,
            each.dataset_digest,
            each.rank,
        )
        values = gathered.setdefault(shared, {})
        if each.key in values:
            # The same metric at the same steps once more: a table holds a metric once.
            values = gathered.setdefault((*shared, len(gathered)), {})
        values[each.key] = columns.store_floats(each.values)
    return [_table(shared, values) for shared, values in gathered.items()]


def _table(shared: tuple[object, ...], values: dict[str, bytes]) -> Table:
    steps, timestamps, model_id, dataset_name, dataset_digest, rank = shared[:6]
    assert isinstance(steps, bytes)
    assert isinstance(timestamps, bytes)
    assert isinstance(rank, int)
    return Table(
        points=len(steps) // columns.ENTRY_BYTES,
        steps=columns.store_ints(steps),
        timestamps=columns.store_ints(timestamps),
        values=values,
        model_id=str(model_id),
        dataset_name=str(dataset_name),
        dataset_digest=str(dataset_digest),
        rank=rank,
    )
