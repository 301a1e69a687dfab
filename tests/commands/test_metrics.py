"""Metrics: points become columns, losing nothing, and bad ones are refused by name."""

import math
import struct

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventtrack import limits
from eventtrack.commands.metrics import check_batch_sizes, logged, many_series, one_series
from eventtrack.errors import InvalidParameter
from eventtrack.events.metrics import MetricsLogged, Series, Table
from tests.support import BRIEF, refused


class Point(msgspec.Struct):
    key: str
    value: float = 1.0
    timestamp: int = 0
    step: int = 0
    model_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""


int64s = st.integers(limits.INT64_MIN, limits.INT64_MAX)
points = st.lists(
    st.builds(
        Point,
        key=st.sampled_from(["loss", "acc", "a/b"]),
        value=st.floats(),
        timestamp=st.integers(0, limits.INT64_MAX),
        step=int64s,
        model_id=st.sampled_from(["", "m-1"]),
        dataset_name=st.sampled_from(["", "train"]),
    ),
    max_size=30,
)


def bits(value: float) -> bytes:
    return struct.pack("<d", value)


@settings(BRIEF, max_examples=200)
@given(batch=points)
def test_every_point_is_in_its_series_in_the_order_of_the_batch(batch: list[Point]) -> None:
    series = many_series(batch)
    labels = [(s.key, s.model_id, s.dataset_name, s.dataset_digest) for s in series]
    assert len(set(labels)) == len(labels)
    for label, each in zip(labels, series, strict=True):
        expected = [
            (p.step, p.timestamp, bits(p.value))
            for p in batch
            if (p.key, p.model_id, p.dataset_name, p.dataset_digest) == label
        ]
        assert [(s, t, bits(v)) for s, t, v in each.points()] == expected
    firsts = dict.fromkeys((p.key, p.model_id, p.dataset_name, p.dataset_digest) for p in batch)
    assert labels == list(firsts), "in the order in which they first appear"


@settings(BRIEF, max_examples=50)
@given(value=st.floats(), timestamp=st.integers(0, limits.INT64_MAX), step=int64s)
def test_one_point_is_packed_as_a_batch_of_one(value: float, timestamp: int, step: int) -> None:
    batch = many_series([Point("loss", value, timestamp, step)])
    assert batch == [one_series("loss", value, timestamp, step)]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.0, 5e-324])
def test_values_are_kept_as_they_are(value: float) -> None:
    ((_, _, kept),) = one_series("loss", value, 0, 0).points()
    assert bits(kept) == bits(value)


def test_a_negative_timestamp_is_refused() -> None:
    with refused(InvalidParameter, "Invalid value -1", "'timestamp'", "nonnegative"):
        one_series("loss", 1.0, -1, 0)
    with refused(InvalidParameter, "'metrics[1].timestamp'", "nonnegative"):
        many_series([Point("loss"), Point("loss", timestamp=-5)])


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("u$", "Names may only contain"),
        ("a/../b", "must not resolve to other names"),
        ("k" * 251, "'Metric name' exceeds the maximum length of 250"),
    ],
)
def test_a_bad_name_is_refused_and_placed(key: str, said: str) -> None:
    with refused(InvalidParameter, said):
        one_series(key, 1.0, 0, 0)
    with refused(InvalidParameter, said):
        many_series([Point("loss"), Point(key)])


def test_the_message_says_which_of_a_batch_is_bad() -> None:
    with refused(InvalidParameter, '"u$"', "'metrics[2].name'"):
        many_series([Point("a"), Point("b"), Point("u$")])
    with refused(InvalidParameter, "'name'"):
        one_series("u$", 1.0, 0, 0)


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ((1001, 0, 0), "at most 1000 metrics. Got 1001 metrics"),
        ((0, 101, 0), "at most 100 params. Got 101 params"),
        ((0, 0, 101), "at most 100 tags. Got 101 tags"),
        ((900, 51, 50), "at most 1000 metrics, params and tags in total. Got 1001"),
    ],
)
def test_a_batch_over_its_limits_is_refused(sizes: tuple[int, int, int], said: str) -> None:
    with refused(InvalidParameter, said):
        check_batch_sizes(*sizes)


@pytest.mark.parametrize("sizes", [(0, 0, 0), (1000, 0, 0), (800, 100, 100)])
def test_a_batch_within_its_limits_is_taken(sizes: tuple[int, int, int]) -> None:
    check_batch_sizes(*sizes)


def test_the_event_says_whose_points_they_are() -> None:
    series = [Series(key="k", steps=b"", timestamps=b"", values=b"")]
    assert logged("r", "1", series) == MetricsLogged(
        run_id="r",
        experiment_id="1",
        tables=[Table(points=0, steps=b"", timestamps=b"", values={"k": b""})],
    )
