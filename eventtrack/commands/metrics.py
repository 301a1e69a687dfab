"""What can be done with metrics: log them, unchecked; the hot path of the whole server.

Source of the rules: rows M3 to M5, M9, M10, M12, M16 of the semantics reference.
"""

from array import array
from collections.abc import Sequence
from typing import Protocol

from eventtrack import columns, limits
from eventtrack.commands.validation import check_key, check_timestamp
from eventtrack.errors import InvalidParameter
from eventtrack.events.metrics import NO_RANK, MetricsLogged, Series, Table, tables_of


class Point(Protocol):
    """A metric's point as the door decodes it; timestamp in milliseconds since 1970."""

    key: str
    value: float
    timestamp: int
    step: int
    model_id: str
    dataset_name: str
    dataset_digest: str


def one_series(key: str, value: float, timestamp: int, step: int) -> Series:
    """Pack a single point of a run's metric."""
    check_key(key, "name", "Metric name")
    check_timestamp(timestamp, "timestamp")
    return Series(
        key=key,
        steps=columns.pack_int(step),
        timestamps=columns.pack_int(timestamp),
        values=columns.pack_float(value),
    )


def many_series(points: Sequence[Point]) -> list[Series]:
    """Pack a batch of points, one series for each (key, model, dataset), in order of appearance."""
    gathered: dict[tuple[str, str, str, str], tuple[list[int], list[int], list[float]]] = {}
    for index, point in enumerate(points):
        timestamp = point.timestamp
        label = (point.key, point.model_id, point.dataset_name, point.dataset_digest)
        found = gathered.get(label)
        if found is None:
            check_key(point.key, f"metrics[{index}].name", "Metric name")
            found = gathered[label] = ([], [], [])
        if timestamp < 0:
            check_timestamp(timestamp, f"metrics[{index}].timestamp")
        found[0].append(point.step)
        found[1].append(timestamp)
        found[2].append(point.value)
    return [_packed(label, *gathered[label]) for label in gathered]


def series_of(
    keys: list[str], steps: list[int], timestamps: list[int], values: list[float]
) -> list[Series]:
    """Pack a batch of points without labels, one series for each key, in order of appearance.

    The usual layouts, all points of one key after the other or all keys of one step after the
    other, are cut into columns by slices, with no look at single points.
    """
    names = list(dict.fromkeys(keys))
    for index, name in enumerate(names):
        check_key(name, f"metrics[{index}].name", "Metric name")
    if min(timestamps) < 0:
        index = next(index for index, timestamp in enumerate(timestamps) if timestamp < 0)
        check_timestamp(timestamps[index], f"metrics[{index}].timestamp")
    count, each = len(names), len(keys) // len(names)
    if keys == names * each:
        cuts = [slice(place, None, count) for place in range(count)]
    elif keys == [name for name in names for _ in range(each)]:
        cuts = [slice(place * each, (place + 1) * each) for place in range(count)]
    else:
        places: dict[str, list[int]] = {name: [] for name in names}
        for place, name in enumerate(keys):
            places[name].append(place)
        return [
            _packed(
                (name, "", "", ""),
                [steps[place] for place in of_key],
                [timestamps[place] for place in of_key],
                [values[place] for place in of_key],
            )
            for name, of_key in places.items()
        ]
    all_steps, all_times = array("q", steps), array("q", timestamps)
    all_values = array("d", values)
    return [
        Series(
            key=name,
            steps=columns.raw(all_steps[cut]),
            timestamps=columns.raw(all_times[cut]),
            values=columns.raw(all_values[cut]),
        )
        for name, cut in zip(names, cuts, strict=True)
    ]


def _packed(
    label: tuple[str, str, str, str], steps: list[int], timestamps: list[int], values: list[float]
) -> Series:
    key, model_id, dataset_name, dataset_digest = label
    single = len(steps) == 1
    return Series(
        key=key,
        steps=columns.pack_int(steps[0]) if single else columns.pack_ints(steps),
        timestamps=columns.pack_int(timestamps[0]) if single else columns.pack_ints(timestamps),
        values=columns.pack_float(values[0]) if single else columns.pack_floats(values),
        model_id=model_id,
        dataset_name=dataset_name,
        dataset_digest=dataset_digest,
    )


def logged(run_id: str, experiment_id: str, series: list[Series]) -> MetricsLogged:
    """The fact that these points were logged."""
    return MetricsLogged(run_id=run_id, experiment_id=experiment_id, tables=tables_of(series))


def check_batch_sizes(metrics: int, params: int, tags: int) -> None:
    """The limits of one log-batch request (row M9)."""
    for what, count, most in (
        ("metrics", metrics, limits.BATCH_METRICS_MAX),
        ("params", params, limits.BATCH_PARAMS_MAX),
        ("tags", tags, limits.BATCH_TAGS_MAX),
    ):
        if count > most:
            raise InvalidParameter(
                f"A batch logging request can contain at most {most} {what}. Got {count} {what}. "
                f"Please split up {what} across multiple requests and try again."
            )
    total = metrics + params + tags
    if total > limits.BATCH_ENTITIES_MAX:
        raise InvalidParameter(
            f"A batch logging request can contain at most {limits.BATCH_ENTITIES_MAX} metrics, "
            f"params and tags in total. Got {total}. Please split them up across multiple requests."
        )


# Columns that come ready-made over the native protocol


def int_column(column: bytes | list[int], path: str) -> bytes:
    """A raw column of steps or timestamps, from bytes or numbers."""
    if isinstance(column, bytes):
        return _whole(column, path)
    try:
        return columns.pack_ints(column)
    except OverflowError:
        raise InvalidParameter(f"'{path}' holds a number that does not fit in 64 bits.") from None


def float_column(column: bytes | list[float], path: str) -> bytes:
    """A raw column of values, from bytes or numbers."""
    return _whole(column, path) if isinstance(column, bytes) else columns.pack_floats(column)


def _whole(column: bytes, path: str) -> bytes:
    if len(column) % columns.ENTRY_BYTES:
        raise InvalidParameter(
            f"'{path}' has {len(column)} bytes, but each entry takes {columns.ENTRY_BYTES}."
        )
    return column


def check_times(timestamps: bytes, path: str) -> None:
    """A raw column of timestamps: none is negative."""
    # The highest byte of a little-endian entry holds its sign.
    signs = timestamps[columns.ENTRY_BYTES - 1 :: columns.ENTRY_BYTES]
    if signs and max(signs) > 127:
        check_timestamp(min(columns.unpack_ints(timestamps)), path)


def check_rank(rank: int) -> None:
    """The process of a distributed run; NO_RANK stands for none."""
    if not NO_RANK <= rank <= limits.INT32_MAX:
        raise InvalidParameter(
            f"Invalid value {rank} for parameter 'rank' supplied: ranks start at 0."
        )


def table(
    *,
    steps: bytes,
    timestamps: bytes,
    values: dict[str, bytes],
    rank: int,
    model_id: str,
    dataset_name: str,
    dataset_digest: str,
) -> Table:
    """Raw columns as a table to log: checked and packed."""
    check_rank(rank)
    check_times(timestamps, "timestamps")
    if len(timestamps) != len(steps):
        raise _uneven("timestamps", len(timestamps), len(steps))
    for key, column in values.items():
        check_key(key, f"values[{key!r}]", "Metric name")
        if len(column) != len(steps):
            raise _uneven(f"values[{key!r}]", len(column), len(steps))
    return Table(
        points=len(steps) // columns.ENTRY_BYTES,
        steps=columns.store_ints(steps),
        timestamps=columns.store_ints(timestamps),
        values={key: columns.store_floats(column) for key, column in values.items()},
        rank=rank,
        model_id=model_id,
        dataset_name=dataset_name,
        dataset_digest=dataset_digest,
    )


def _uneven(path: str, size: int, steps: int) -> InvalidParameter:
    return InvalidParameter(
        f"'{path}' has {size // columns.ENTRY_BYTES} entries and 'steps' "
        f"{steps // columns.ENTRY_BYTES}; all columns of an entry have one length."
    )
