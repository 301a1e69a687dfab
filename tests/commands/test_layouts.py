"""A batch becomes the same series whatever way its points are laid out."""

from hypothesis import given
from hypothesis import strategies as st

from eventtrack.commands.metrics import many_series, series_of
from tests.support import BRIEF


class Point:
    model_id = dataset_name = dataset_digest = ""

    def __init__(self, key: str, step: int, timestamp: int, value: float) -> None:
        self.key, self.step, self.timestamp, self.value = key, step, timestamp, value


keys = st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True)


@st.composite
def layouts(draw: st.DrawFn) -> list[str]:
    names, each = draw(keys), draw(st.integers(1, 5))
    return draw(
        st.sampled_from([names * each, [name for name in names for _ in range(each)]])
        | st.lists(st.sampled_from("abc"), min_size=1, max_size=12)
    )


@BRIEF
@given(layouts(), st.data())
def test_columns_cut_whole_are_those_gathered_point_by_point(
    names: list[str], data: st.DataObject
) -> None:
    points = [
        Point(name, data.draw(st.integers(-3, 3)), data.draw(st.integers(0, 9)), number / 2)
        for number, name in enumerate(names)
    ]
    cut = series_of(
        [point.key for point in points],
        [point.step for point in points],
        [point.timestamp for point in points],
        [point.value for point in points],
    )
    assert cut == many_series(points)
