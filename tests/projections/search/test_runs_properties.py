"""Whatever is asked of whatever runs: the rules say what is found, and pages lose nothing."""

import base64
import contextlib
import json
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projections.search import plan
from projections.search.errors import InvalidFilter, InvalidPageToken
from projections.search.reader import Page, Reader
from projections.search.runs import find_runs
from tests.projections.search import oracle, strategies
from tests.projections.search.views import MemoryViews, Run, answer

ways = st.none() | st.integers(0, 5)
"""None: the way the planner chooses; otherwise the number of one of all the ways there are."""


@contextlib.contextmanager
def going(way: int | None) -> Iterator[None]:
    async def choose(reader: Reader, search: plan.Search) -> plan.Source:
        found = plan.ways(search)
        return found[(way or 0) % len(found)]

    with pytest.MonkeyPatch.context() as patch:
        if way is not None:
            patch.setattr(plan, "choose", choose)
        yield


def views_of(runs: list[Run]) -> MemoryViews:
    views = MemoryViews()
    for run in runs:
        views.add_run(run)
    return views


def ask(
    views: MemoryViews,
    text: str = "",
    order_by: list[str] | None = None,
    *,
    experiment_ids: list[int] | None = None,
    view: str = "active",
    max_results: int = 1000,
    page_token: str = "",
) -> Page:
    return answer(
        find_runs(
            views,
            experiment_ids=experiment_ids or [1],
            filter=text,
            order_by=order_by or [],
            view=view,  # type: ignore[arg-type]  # drawn from the three
            max_results=max_results,
            page_token=page_token,
        )
    )


@settings(max_examples=400, deadline=None)
@given(data=st.data(), world=strategies.runs(), way=ways)
def test_a_search_finds_what_the_rules_say_in_their_order(
    data: st.DataObject, world: list[Run], way: int | None
) -> None:
    comparisons, text = data.draw(strategies.filters([run.run_id for run in world]))
    orders, order_by = data.draw(strategies.orders())
    experiments = data.draw(st.sampled_from([[1], [2], [1, 2], [2, 3]]))
    view, stages = data.draw(
        st.sampled_from(
            [("active", ["active"]), ("deleted", ["deleted"]), ("all", ["active", "deleted"])]
        )
    )
    wanted = [
        run
        for run in world
        if run.experiment_id in experiments
        and run.stage in stages
        and oracle.holds(run, comparisons)
    ]
    with going(way):
        page = ask(views_of(world), text, order_by, experiment_ids=experiments, view=view)
    assert page == Page(oracle.ordered(wanted, orders), None)


@settings(max_examples=200, deadline=None)
@given(
    data=st.data(),
    world=strategies.runs(16),
    orders=strategies.orders(),
    size=st.integers(1, 4),
    way=ways,
)
def test_runs_that_come_between_pages_move_no_other_run(
    data: st.DataObject,
    world: list[Run],
    orders: tuple[list[oracle.Order], list[str]],
    size: int,
    way: int | None,
) -> None:
    count = data.draw(st.integers(0, len(world)))
    there, later = world[:count], world[count:]
    comparisons, text = data.draw(strategies.filters([], max_size=1))
    views = views_of(there)
    found: list[str] = []
    token: str | None = ""
    with going(way):
        while token is not None:
            page = ask(views, text, orders[1], max_results=size, page_token=token)
            assert len(page.ids) == size or page.next_page_token is None
            found += page.ids
            token = page.next_page_token
            for _ in range(data.draw(st.integers(0, 2))):
                if later:
                    views.add_run(later.pop())
    assert len(found) == len(set(found))
    wanted = [
        run
        for run in there
        if run.experiment_id == 1 and run.stage == "active" and oracle.holds(run, comparisons)
    ]
    known = {run.run_id for run in there}
    assert [each for each in found if each in known] == oracle.ordered(wanted, orders[0])


@settings(max_examples=100, deadline=None)
@given(world=strategies.runs(), orders=strategies.orders(), size=st.integers(1, 3), way=ways)
def test_all_pages_together_are_the_one_big_page(
    world: list[Run],
    orders: tuple[list[oracle.Order], list[str]],
    size: int,
    way: int | None,
) -> None:
    views = views_of(world)
    whole = ask(views, order_by=orders[1])
    found: list[str] = []
    token: str | None = ""
    pages = 0
    with going(way):
        while token is not None:
            page = ask(views, order_by=orders[1], max_results=size, page_token=token)
            found += page.ids
            token = page.next_page_token
            pages += 1
    assert found == whole.ids
    assert pages == max(1, -(-len(found) // size))


# fmt: off
_WORDS = [
    "metrics.a", "params.", "tags.`a b`", "run_id", "status", "start_time", "dataset.name",
    "=", "!=", "<", ">=", "==", "LIKE", "ilike", "IN", "NOT", "AND", "or", "IS", "NULL", "desc",
    "'x'", '"y"', "'it''s'", "'", '"', "`", "(", ")", ",", ";", ".", "-", "-1", "1e5", "1e999",
    "5", "0.5", "a%", "\\'", "/*", "--", "\x00", "\ud800",
]
# fmt: on
scraps = st.lists(st.sampled_from(_WORDS), max_size=8).map(" ".join)
texts = st.text(st.characters(exclude_categories=())) | scraps


@settings(max_examples=600, deadline=None)
@given(text=texts, order_by=st.lists(texts, max_size=2))
def test_any_text_is_answered_or_refused(text: str, order_by: list[str]) -> None:
    views = views_of([Run("r", metrics={"a": 1.0}, params={"a": "x"}, tags={"a b": "y"})])
    for asked, order in ((text, []), ("", order_by)):
        try:
            ask(views, asked, order)
        except InvalidFilter as refusal:
            str(refusal).encode()


ORDERS = [[], ["metrics.a"], ["params.a DESC", "end_time"], ["status"], ["start_time"]]


@settings(max_examples=300, deadline=None)
@given(data=st.data(), order_by=st.sampled_from(ORDERS))
def test_any_page_token_is_answered_or_refused(data: st.DataObject, order_by: list[str]) -> None:
    views = views_of([Run("r1", metrics={"a": 1.0}), Run("r2", end_time=5), Run("r3")])
    token = ask(views, order_by=order_by, max_results=1).next_page_token
    assert token is not None
    body = json.loads(base64.urlsafe_b64decode(token))
    scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
    values = st.lists(scalars | st.lists(scalars, max_size=3), max_size=5)
    body["after"] = data.draw(values)
    forged = base64.urlsafe_b64encode(json.dumps(body).encode()).decode()
    text = data.draw(st.text(st.characters(exclude_categories=()), min_size=1))
    for given_token in (forged, text, token[:-1], token + "=", "{}", "e30="):
        with contextlib.suppress(InvalidPageToken):
            ask(views, order_by=order_by, page_token=given_token)
