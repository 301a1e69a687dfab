"""Searches for runs: each operator on each kind of field, order, scope, pages (rows F1-F20)."""

import base64
import json
import math

import pytest

from projections.search.errors import InvalidFilter, InvalidOrder, InvalidPageToken
from projections.search.reader import Page, View
from projections.search.runs import find_runs
from tests.projections.search.views import MemoryViews, Run


@pytest.fixture
def views() -> MemoryViews:
    return MemoryViews()


async def found(views: MemoryViews, text: str = "", *order_by: str) -> list[str]:
    return (await page(views, text, *order_by)).ids


async def page(
    views: MemoryViews,
    text: str = "",
    *order_by: str,
    experiment_ids: tuple[int, ...] = (1,),
    view: View = "active",
    max_results: int = 100,
    page_token: str = "",
) -> Page:
    return await find_runs(
        views,
        experiment_ids=experiment_ids,
        filter=text,
        order_by=order_by,
        view=view,
        max_results=max_results,
        page_token=page_token,
    )


@pytest.mark.parametrize(
    ("comparison", "ids"),
    [
        ("= 0", ["zero"]),
        ("!= 0", ["high", "low", "nan", "top"]),
        ("< 1", ["low", "zero"]),
        ("<= 1", ["low", "one", "zero"]),
        ("> 0", ["high", "one", "top"]),
        (">= 0", ["high", "one", "top", "zero"]),
        ("< 1e999", ["high", "low", "one", "top", "zero"]),
        ("= 1.7976931348623157e308", ["high", "top"]),
        ("<= -1.7976931348623157e308", ["low"]),
    ],
)
async def test_metrics_are_compared_as_numbers_and_nan_only_differs(
    views: MemoryViews, comparison: str, ids: list[str]
) -> None:
    values = {"zero": 0.0, "one": 1.0, "nan": math.nan, "top": 1.7976931348623157e308}
    for run_id, value in {**values, "high": math.inf, "low": -math.inf}.items():
        views.add_run(Run(run_id, metrics={"m": value, "other": 0.5}))
    views.add_run(Run("without", metrics={"other": 0.0}))
    wanted = sorted([*ids, "one"]) if comparison == "!= 0" else ids
    assert await found(views, f"metrics.m {comparison}") == wanted


@pytest.mark.parametrize("entity", ["param", "tag"])
@pytest.mark.parametrize(
    ("comparison", "ids"),
    [
        ("= 'Ab'", ["Ab"]),
        ("!= 'Ab'", ["A*b", "ab", "ab?"]),
        ("LIKE 'A%'", ["A*b", "Ab"]),
        ("LIKE 'a_'", ["ab"]),
        ("LIKE 'A*b'", ["A*b"]),
        ("LIKE '%?'", ["ab?"]),
        ("LIKE '[Aa]b'", []),
        ("ILIKE 'AB'", ["Ab", "ab"]),
        ("ILIKE '%B_'", ["ab?"]),
        ("IS NULL", ["without"]),
        ("IS NOT NULL", ["A*b", "Ab", "ab", "ab?"]),
    ],
)
async def test_params_and_tags_are_compared_as_text_and_absent_ones_never_match(
    views: MemoryViews, entity: str, comparison: str, ids: list[str]
) -> None:
    for value in ("Ab", "ab", "A*b", "ab?"):
        pairs = {"k": value, "other": "Ab"}
        views.add_run(Run(value, **{f"{entity}s": pairs}))  # type: ignore[arg-type]  # by name
    views.add_run(Run("without", params={"other": "Ab"}, tags={"other": "Ab"}))
    assert await found(views, f"{entity}s.k {comparison}") == ids


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("status = 'FINISHED'", ["a"]),
        ("status = 'finished'", []),
        ("status ILIKE 'fin%'", ["a"]),
        ("user_id != 'me'", ["b"]),
        ("artifact_uri LIKE '%/1/b'", ["b"]),
        ("run_id IN ('a', 'b', 'a', 'x')", ["b", "a"]),
        ("run_id NOT IN ('a')", ["b"]),
        ("run_id = 'a'", ["a"]),
        ("start_time > 1", ["b"]),
        ("created <= 1.5", ["a"]),
        ("end_time = 5", ["a"]),
        ("end_time != 6", ["a"]),
        ("end_time < 1e999", ["a"]),
    ],
)
async def test_attributes_are_compared(views: MemoryViews, text: str, ids: list[str]) -> None:
    views.add_run(Run("a", status="FINISHED", start_time=1, end_time=5))
    views.add_run(Run("b", user_id="you", start_time=2))
    assert await found(views, text) == ids


async def test_the_name_is_filtered_by_its_tag_and_ordered_by_its_column(
    views: MemoryViews,
) -> None:
    views.add_run(Run("a", name="z", tags={"mlflow.runName": "tagged"}))
    views.add_run(Run("b", name="tagged"))
    assert await found(views, "run_name = 'tagged'") == ["a"]
    assert await found(views, "`Run Name` != 'x'") == ["a"]
    assert await found(views, "", "run_name") == ["b", "a"]


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("dataset.name = 'd1'", ["both", "one"]),
        ("dataset.name != 'd1'", ["both"]),
        ("dataset.name IN ('d2', 'd3')", ["both"]),
        ("dataset.name NOT IN ('d1')", ["both"]),
        ("dataset.context = 'train'", ["both"]),
        ("dataset.context != 'train'", []),
        ("dataset.digest LIKE 'X%'", ["one"]),
        ("dataset.digest ILIKE 'X%'", ["both", "one"]),
        ("dataset.name = 'd1' AND dataset.digest = 'x2'", ["both"]),
    ],
)
async def test_a_dataset_comparison_asks_for_one_dataset_that_fits(
    views: MemoryViews, text: str, ids: list[str]
) -> None:
    views.add_run(Run("one", datasets=[("d1", "X1", None)]))
    views.add_run(Run("both", datasets=[("d1", "x1", "train"), ("d2", "x2", None)]))
    views.add_run(Run("none"))
    assert await found(views, text) == ids


async def test_comparisons_of_one_key_are_about_one_value(views: MemoryViews) -> None:
    views.add_run(Run("low", metrics={"m": 0.2}))
    views.add_run(Run("high", metrics={"m": 0.8, "n": 0.2}))
    assert await found(views, "metrics.m > 0.5 AND metrics.m < 0.5") == []
    assert await found(views, "metrics.m > 0.5 AND metrics.n < 0.5") == ["high"]


async def test_values_then_nan_then_absent_in_both_directions(views: MemoryViews) -> None:
    for run_id, value in {"1": 1.0, "2": math.nan, "3": math.inf, "4": -math.inf}.items():
        views.add_run(Run(run_id, metrics={"m": value}))
    views.add_run(Run("5"))
    assert await found(views, "", "metrics.m") == ["4", "1", "3", "2", "5"]
    assert await found(views, "", "metrics.m DESC") == ["3", "1", "4", "2", "5"]


async def test_params_and_tags_are_ordered_as_text(views: MemoryViews) -> None:
    for run_id, value in {"1": "10", "2": "9", "3": "B", "4": "a", "5": "ä"}.items():
        views.add_run(Run(run_id, params={"k": value}, tags={"k": value}))
    views.add_run(Run("6"))
    assert await found(views, "", "params.k") == ["1", "2", "3", "4", "5", "6"]
    assert await found(views, "", "tags.k DESC") == ["5", "4", "3", "2", "1", "6"]


async def test_ties_go_by_start_time_newest_first_then_by_id(views: MemoryViews) -> None:
    for run_id, start_time in {"b": 1, "a": 1, "c": 2}.items():
        views.add_run(Run(run_id, start_time=start_time, metrics={"m": 1.0}))
    assert await found(views) == ["c", "a", "b"]
    assert await found(views, "", "metrics.m DESC") == ["c", "a", "b"]
    assert await found(views, "", "status", "start_time") == ["a", "b", "c"]
    assert await found(views, "", "end_time", "run_id DESC") == ["c", "b", "a"]


async def test_unset_end_times_come_last(views: MemoryViews) -> None:
    for run_id, end_time in {"a": None, "b": 2, "c": 1}.items():
        views.add_run(Run(run_id, end_time=end_time))
    assert await found(views, "", "end_time") == ["c", "b", "a"]
    assert await found(views, "", "end_time DESC") == ["b", "c", "a"]


async def test_one_field_stands_in_one_entry_of_the_order(views: MemoryViews) -> None:
    with pytest.raises(InvalidOrder, match="the metric 'a' stands in two entries"):
        await found(views, "", "metrics.a", "metric.`a` DESC")
    with pytest.raises(InvalidOrder, match="the attribute 'start_time' stands in two entries"):
        await found(views, "", "created", "start_time")
    with pytest.raises(InvalidOrder, match="more than 32 entries"):
        await found(views, "", *(f"metrics.m{number}" for number in range(33)))
    assert await found(views, "", *(f"metrics.m{number}" for number in range(32))) == []


async def test_a_filter_of_the_greatest_size_is_answered(views: MemoryViews) -> None:
    views.add_run(Run("a", metrics={"m": 1.0}, params={"p": "x" * 6000}))
    texts = ["metrics.m < 2"] * 128 + [f"params.p LIKE '{'x%' * 3000}'"] * 128
    assert await found(views, " AND ".join(texts)) == ["a"]
    ids = ", ".join(f"'{number}'" for number in range(40_000))
    assert await found(views, f"run_id IN ('a', {ids})") == ["a"]


async def test_experiments_and_stages_are_kept_apart(views: MemoryViews) -> None:
    for experiment_id in (1, 2, 3):
        for stage in ("active", "deleted"):
            views.add_run(Run(f"{experiment_id}{stage}", experiment_id, stage=stage))
    assert (await page(views, view="active")).ids == ["1active"]
    assert (await page(views, view="deleted")).ids == ["1deleted"]
    assert (await page(views, view="all")).ids == ["1active", "1deleted"]
    both = await page(views, experiment_ids=(3, 1, 1, 99, 2**70), view="active")
    assert both.ids == ["1active", "3active"]
    assert (await page(views, experiment_ids=())).ids == []
    assert (await page(views, experiment_ids=(2**70,))).ids == []


async def test_mistakes_are_refused_even_where_no_experiment_is_asked(views: MemoryViews) -> None:
    with pytest.raises(InvalidFilter):
        await page(views, "metrics.a = ", experiment_ids=())


async def test_there_is_a_next_page_if_and_only_if_another_run_exists(views: MemoryViews) -> None:
    for number in range(4):
        views.add_run(Run(str(number)))
    first = await page(views, max_results=2)
    assert first.ids == ["0", "1"]
    assert first.next_page_token is not None
    assert await page(views, max_results=2, page_token=first.next_page_token) == Page(
        ["2", "3"], None
    )
    assert await page(views, max_results=4) == Page(["0", "1", "2", "3"], None)


async def test_a_page_token_is_good_for_its_order_alone(views: MemoryViews) -> None:
    for number in range(3):
        views.add_run(Run(str(number), metrics={"m": float(number)}))
    token = (await page(views, "", "metrics.m", max_results=1)).next_page_token
    assert token is not None
    same = await page(views, "", "metric.`m` ASC", page_token=token)
    assert same.ids == ["1", "2"]
    for order in ((), ("metrics.m DESC",), ("metrics.n",), ("metrics.m", "status")):
        with pytest.raises(InvalidPageToken, match="belongs to another search"):
            await page(views, "", *order, page_token=token)


@pytest.mark.parametrize(
    "body", ["{}", '{"offset": 0}', '{"offset": 100}', "[]", "null", "x", "", '{"after": []}']
)
async def test_page_tokens_of_others_are_refused(views: MemoryViews, body: str) -> None:
    token = base64.b64encode(body.encode()).decode() or "="
    with pytest.raises(InvalidPageToken, match="Invalid page_token"):
        await page(views, page_token=token)


async def test_page_tokens_with_changed_values_are_refused(views: MemoryViews) -> None:
    views.add_run(Run("a"))
    views.add_run(Run("b"))
    token = (await page(views, max_results=1)).next_page_token
    assert token is not None
    body = json.loads(base64.urlsafe_b64decode(token))
    for after in ([], [0], ["0", "a"], [0.5, "a"], [2**63, "a"], [True, "a"], [0, None], [0, 1]):
        forged = json.dumps({**body, "after": after}).encode()
        with pytest.raises(InvalidPageToken, match="it is damaged"):
            await page(views, page_token=base64.urlsafe_b64encode(forged).decode())


async def test_pages_go_on_through_infinities_nan_and_absent_values(views: MemoryViews) -> None:
    values = [math.inf, -math.inf, math.nan, 0.1, 1e308, math.nan]
    for number, value in enumerate(values):
        views.add_run(Run(str(number), metrics={"m": value}))
    views.add_run(Run("6"))
    views.add_run(Run("7"))
    for order in ("metrics.m", "metrics.m DESC"):
        ids: list[str] = []
        token: str | None = ""
        while token is not None:
            part = await page(views, "", order, max_results=1, page_token=token)
            ids += part.ids
            token = part.next_page_token
        assert ids == await found(views, "", order)
