"""Searches for logged models: filters, datasets, orders, pages (rows G7-G9, Q3, Q8)."""

import math

import pytest

from projections.search.errors import InvalidOrder, InvalidPageToken
from projections.search.logged_models import LoggedModelOrder, find_logged_models
from projections.search.reader import Page
from tests.projections.search.views import MemoryViews, Model

D1, D2 = ("d1", "1"), ("d2", "2")


@pytest.fixture
def views() -> MemoryViews:
    views = MemoryViews()
    views.add_model(
        Model(
            "m-a",
            name="net",
            status="LOGGED_MODEL_READY",
            model_type="agent",
            source_run_id="r1",
            created=5,
            updated=9,
            params={"lr": "0.1"},
            tags={"stage": "prod"},
            metrics=[("acc", 1, 0, 0.5, *D1), ("acc", 2, 0, 0.9, *D2), ("loss", 1, 0, 1.0, *D1)],
        )
    )
    views.add_model(
        Model(
            "m-b",
            name="Net",
            created=7,
            updated=8,
            params={"lr": "0.2"},
            metrics=[("acc", 1, 1, 0.7, None, None), ("acc", 1, 0, 0.95, *D1)],
        )
    )
    views.add_model(
        Model(
            "m-c", experiment_id=2, name="tree", created=7, metrics=[("acc", 1, 0, math.nan, *D2)]
        )
    )
    views.add_model(Model("m-d", name="net", stage="deleted", created=9))
    views.add_model(Model("m-e", name="fail", status="LOGGED_MODEL_UPLOAD_FAILED", created=1))
    return views


async def page(
    views: MemoryViews,
    text: str = "",
    *order_by: LoggedModelOrder,
    datasets: list[tuple[str, str | None]] | None = None,
    experiment_ids: tuple[int, ...] = (1, 2),
    max_results: int = 50,
    page_token: str = "",
) -> Page:
    return await find_logged_models(
        views,
        experiment_ids=experiment_ids,
        filter=text,
        datasets=datasets or [],
        order_by=order_by,
        max_results=max_results,
        page_token=page_token,
    )


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", ["m-b", "m-c", "m-a", "m-e"]),
        ("name = 'net'", ["m-a"]),
        ("attributes.name ILIKE 'NET'", ["m-b", "m-a"]),
        ("name NOT IN ('net', 'Net')", ["m-c", "m-e"]),
        ("model_id IN ('m-a', 'm-d')", ["m-a"]),
        ("model_type = 'agent'", ["m-a"]),
        ("source_run_id != ''", ["m-a"]),
        ("experiment_id = '2'", ["m-c"]),
        ("artifact_location LIKE '%m-a'", ["m-a"]),
        ("creation_time >= 7", ["m-b", "m-c"]),
        ("last_updated_timestamp > 8", ["m-a"]),
        ("status = 'READY'", ["m-a"]),
        ("status != 'READY'", ["m-b", "m-c", "m-e"]),
        ("status IN ('FAILED', 'READY')", ["m-a", "m-e"]),
        ("status = 'LOGGED_MODEL_UPLOAD_FAILED'", ["m-e"]),
        ("status LIKE 'PEND%'", ["m-b", "m-c"]),
        ("status ILIKE 'logged_model_r%'", ["m-a"]),
        ("params.lr = 0.1", ["m-a"]),
        ("params.lr != '0.1'", ["m-b"]),
        ("tags.stage IN ('prod', 'dev')", ["m-a"]),
        ("metrics.acc > 0.8", ["m-b", "m-a"]),
        ("metrics.acc > 0.8 AND metrics.acc < 0.6", ["m-a"]),
        ("metrics.acc != 0.5", ["m-b", "m-c", "m-a"]),
        ("metrics.acc < 1e999", ["m-b", "m-a"]),
    ],
)
async def test_logged_models_are_filtered(views: MemoryViews, text: str, ids: list[str]) -> None:
    assert await page(views, text) == Page(ids, None)


@pytest.mark.parametrize(
    ("datasets", "text", "ids"),
    [
        ([D1], "metrics.acc > 0.8", ["m-b"]),
        ([D1, D2], "metrics.acc > 0.8", ["m-b", "m-a"]),
        ([("d2", None)], "metrics.acc > 0.8", ["m-a"]),
        ([("d2", "other")], "metrics.acc > 0.8", []),
        ([("d2", None)], "", ["m-c", "m-a"]),
        ([D1], "name = 'Net'", ["m-b"]),
    ],
)
async def test_datasets_narrow_metrics_down(
    views: MemoryViews, datasets: list[tuple[str, str | None]], text: str, ids: list[str]
) -> None:
    assert (await page(views, text, datasets=datasets)).ids == ids


@pytest.mark.parametrize(
    ("orders", "ids"),
    [
        ([LoggedModelOrder("metrics.acc")], ["m-b", "m-a", "m-c", "m-e"]),
        ([LoggedModelOrder("metrics.acc", False)], ["m-a", "m-b", "m-c", "m-e"]),
        ([LoggedModelOrder("metrics.acc", True, "d1")], ["m-a", "m-b", "m-c", "m-e"]),
        ([LoggedModelOrder("metrics.acc", False, "d2", "2")], ["m-a", "m-c", "m-b", "m-e"]),
        ([LoggedModelOrder("name")], ["m-b", "m-e", "m-a", "m-c"]),
        ([LoggedModelOrder("status")], ["m-b", "m-c", "m-a", "m-e"]),
        ([LoggedModelOrder("creation_time")], ["m-e", "m-a", "m-b", "m-c"]),
        ([LoggedModelOrder("model_id", False)], ["m-e", "m-c", "m-b", "m-a"]),
        (
            [LoggedModelOrder("experiment_id", False), LoggedModelOrder("name", False)],
            ["m-c", "m-a", "m-e", "m-b"],
        ),
    ],
)
async def test_logged_models_are_ordered_and_paged(
    views: MemoryViews, orders: list[LoggedModelOrder], ids: list[str]
) -> None:
    assert (await page(views, "", *orders)).ids == ids
    found: list[str] = []
    token: str | None = ""
    while token is not None:
        part = await page(views, "", *orders, max_results=1, page_token=token)
        found += part.ids
        token = part.next_page_token
    assert found == ids


@pytest.mark.parametrize("field", ["foo", "params.lr", "metrics.", "attributes.name", "", "\ud800"])
async def test_other_orders_are_refused(views: MemoryViews, field: str) -> None:
    with pytest.raises(InvalidOrder, match="Invalid order_by"):
        await page(views, "", LoggedModelOrder(field))


async def test_a_page_token_is_good_for_the_very_same_search(views: MemoryViews) -> None:
    token = (await page(views, max_results=1)).next_page_token
    assert token is not None
    assert (await page(views, page_token=token)).ids == ["m-c", "m-a", "m-e"]
    with pytest.raises(InvalidPageToken):
        await page(views, "name = 'net'", page_token=token)
    with pytest.raises(InvalidPageToken):
        await page(views, page_token=token, experiment_ids=(1,))
    with pytest.raises(InvalidPageToken):
        await page(views, page_token=token, datasets=[D1])
    with pytest.raises(InvalidPageToken):
        await page(views, "", LoggedModelOrder("name"), page_token=token)
    with pytest.raises(InvalidPageToken):
        await page(views, page_token="e30=")


async def test_without_experiments_there_are_no_models(views: MemoryViews) -> None:
    assert await page(views, experiment_ids=()) == Page([], None)
