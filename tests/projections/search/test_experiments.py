"""Searches for experiments: filters, orders, stages, pages (rows G1, G2)."""

import pytest

from projections.search.errors import InvalidOrder, InvalidPageToken
from projections.search.experiments import find_experiments
from projections.search.reader import Page, View
from tests.projections.search.views import MemoryViews


@pytest.fixture
def views() -> MemoryViews:
    views = MemoryViews()
    views.add_experiment(0, "Default", created=5, updated=9)
    views.add_experiment(1, "alpha", created=7, updated=7, tags={"team": "Red", "x y": "1"})
    views.add_experiment(2, "Alpha_2", created=7, updated=8, tags={"team": "blue"})
    views.add_experiment(10, "gone", stage="deleted", created=6, updated=6, tags={"team": "Red"})
    return views


async def page(
    views: MemoryViews,
    text: str = "",
    *order_by: str,
    view: View = "active",
    max_results: int = 100,
    page_token: str = "",
) -> Page:
    return await find_experiments(
        views,
        filter=text,
        order_by=order_by,
        view=view,
        max_results=max_results,
        page_token=page_token,
    )


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", ["1", "2", "0"]),
        ("name = 'alpha'", ["1"]),
        ("name != 'alpha'", ["2", "0"]),
        ("name LIKE 'Alpha%'", ["2"]),
        ("attribute.name ILIKE 'alpha%'", ["1", "2"]),
        ("experiment_id = '01'", ["1"]),
        ("experiment_id != '1'", ["2", "0"]),
        ("experiment_id IN ('0', '2', '7')", ["2", "0"]),
        ("experiment_id NOT IN ('0', '2')", ["1"]),
        ("creation_time > 5", ["1", "2"]),
        ("creation_time <= 99999999999999999999", ["1", "2", "0"]),
        ("last_update_time < 8", ["1"]),
        ("tags.team = 'Red'", ["1"]),
        ("tags.team != 'Red'", ["2"]),
        ("tag.team ILIKE 'BL%'", ["2"]),
        ("tags.`x y` LIKE '_'", ["1"]),
        ("tags.team IS NULL", ["0"]),
        ("tags.team IS NOT NULL AND creation_time = 7", ["1", "2"]),
    ],
)
async def test_experiments_are_filtered(views: MemoryViews, text: str, ids: list[str]) -> None:
    assert await page(views, text) == Page(ids, None)


@pytest.mark.parametrize(
    ("order_by", "ids"),
    [
        ([], ["1", "2", "10", "0"]),
        (["name"], ["2", "0", "1", "10"]),
        (["attribute.name DESC"], ["10", "1", "0", "2"]),
        (["experiment_id"], ["0", "1", "2", "10"]),
        (["experiment_id DESC", "name"], ["10", "2", "1", "0"]),
        (["creation_time"], ["0", "10", "2", "1"]),
        (["creation_time DESC", "last_update_time"], ["1", "2", "10", "0"]),
        (["creation_time", "creation_time DESC", "experiment_id"], ["0", "10", "1", "2"]),
        (["last_update_time DESC"], ["0", "2", "1", "10"]),
    ],
)
async def test_experiments_are_ordered_and_paged(
    views: MemoryViews, order_by: list[str], ids: list[str]
) -> None:
    assert (await page(views, "", *order_by, view="all")).ids == ids
    found: list[str] = []
    token: str | None = ""
    while token is not None:
        part = await page(views, "", *order_by, view="all", max_results=1, page_token=token)
        found += part.ids
        token = part.next_page_token
    assert found == ids


async def test_stages_are_kept_apart(views: MemoryViews) -> None:
    assert (await page(views, view="deleted")).ids == ["10"]
    assert (await page(views, view="active")).ids == ["1", "2", "0"]


async def test_tags_are_no_order(views: MemoryViews) -> None:
    with pytest.raises(InvalidOrder, match="a tag cannot be ordered by, only attribute"):
        await page(views, "", "tags.team")


async def test_a_page_token_is_good_for_its_order_alone(views: MemoryViews) -> None:
    token = (await page(views, max_results=1)).next_page_token
    assert token is not None
    with pytest.raises(InvalidPageToken):
        await page(views, "", "name", page_token=token)


async def test_new_experiments_move_no_other_between_pages(views: MemoryViews) -> None:
    first = await page(views, max_results=1)
    assert first.ids == ["1"]
    assert first.next_page_token is not None
    views.add_experiment(11, "newest", created=100)
    second = await page(views, max_results=5, page_token=first.next_page_token)
    assert second == Page(["2", "0"], None)
