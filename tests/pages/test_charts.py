"""Charts as numbers: whatever is logged, the picture stays in its frame and hides no spike."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventtrack.server.pages.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, chart_of
from projections.metrics.history import Points
from projections.metrics.numbers import DOUBLE_MAX

INT64 = st.integers(-(2**63), 2**63 - 1)


def points_of(
    values: list[float], steps: list[int] | None = None, times: list[int] | None = None
) -> Points:
    count = len(values)
    return Points(
        np.array(steps if steps is not None else range(count), "<i8"),
        np.array(times if times is not None else range(count), "<i8"),
        np.array(values, "<f8"),
    )


def corners(path: str) -> list[tuple[float, float]]:
    pairs = (each.split(",") for each in re.split("[ML]", path.rstrip("Z"))[1:])
    return [(float(x), float(y)) for x, y in pairs]


@given(st.lists(st.tuples(INT64, st.integers(0, 2**62), st.floats()), max_size=40))
def test_every_corner_lies_in_the_frame(rows: list[tuple[int, int, float]]) -> None:
    steps, times, values = [row[0] for row in rows], [row[1] for row in rows], [r[2] for r in rows]
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        chart = chart_of("loss", points_of(values, steps, times), 1.0)
    for x, y in corners(chart.line) + corners(chart.band) + chart.dots:
        assert LEFT <= x <= WIDTH - RIGHT
        assert TOP <= y <= HEIGHT - BOTTOM
    finite = [each for each in values if abs(each) < DOUBLE_MAX]
    assert chart.missing == len(values) - len(finite)
    assert bool(chart.line) == bool(finite)


@pytest.mark.parametrize("at", [0, 1, 49_999, 77_777, 99_999])
def test_one_point_among_many_stays_visible(at: int) -> None:
    values = [0.0] * 100_000
    values[at] = 1.0
    chart = chart_of("loss", points_of(values), 0.0)
    assert min(y for _, y in corners(chart.band)) == TOP
    assert len(corners(chart.band)) <= 2 * WIDTH
    assert (chart.least, chart.greatest) == (0.0, 1.0)


def test_the_latest_value_is_shown_as_mlflow_has_it() -> None:
    assert chart_of("loss", points_of([1.0, 2.0, float("nan")]), "NaN").latest == "NaN"


def test_points_of_one_step_are_drawn_over_time() -> None:
    chart = chart_of("loss", points_of([3.0, 1.0, 2.0], [5, 5, 5], [1000, 2000, 3500]), 2.0)
    assert chart.x_axis == "seconds, all at step 5"
    assert chart.x_labels == ("0", "2.5")
    assert len({x for x, _ in corners(chart.line)}) == 3


def test_a_constant_lies_in_the_middle_with_one_label() -> None:
    chart = chart_of("loss", points_of([5.0, 5.0]), 5.0)
    assert chart.y_labels == [("5", (TOP + HEIGHT - BOTTOM) / 2)]


def test_the_labels_of_a_narrow_range_differ() -> None:
    chart = chart_of("loss", points_of([1.000001, 1.000002]), 1.0)
    assert [text for text, _ in chart.y_labels] == ["1.000002", "1.000001"]


def test_infinity_does_not_flatten_the_rest() -> None:
    chart = chart_of("loss", points_of([1.0, 2.0, float("inf"), -DOUBLE_MAX]), DOUBLE_MAX)
    assert (chart.least, chart.greatest, chart.missing) == (1.0, 2.0, 2)
