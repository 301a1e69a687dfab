"""The search for experiments: filters, orders, views and pages."""

from __future__ import annotations

from tests.mlflow.differential.steps import INVALID, Step, get, post

_TAGS = {"a": ("red", "1"), "b": ("Red", "2"), "c": ("green", None), "d": (None, "10")}


def _create(name: str, colour: str | None, size: str | None) -> Step:
    tags = [
        {"key": key, "value": value}
        for key, value in (("colour", colour), ("size", size))
        if value is not None
    ]
    return post(
        f"there is an experiment {name}",
        "experiments/create",
        {"name": f"hunt {name}", "tags": tags},
        bind={f"hunt_{name}": "experiment_id"},
    )


def _search(name: str, error: str | None = None, **body: object) -> Step:
    return post(name, "experiments/search", {"max_results": 100, **body}, error=error)


def _filter(text: str, error: str | None = None) -> Step:
    verb = "is refused" if error else "is answered"
    mine = text if error else f"{text} AND name LIKE 'hunt %'"
    return _search(f"the filter {text!r} {verb}", error, filter=mine)


def _order(*items: str, error: str | None = None) -> Step:
    verb = "refused" if error else "answered"
    name = f"the order {', '.join(items)!r} is {verb}"
    return _search(name, error, filter="name LIKE 'hunt %'", order_by=list(items))


_FILTERS = [
    _filter(text)
    for text in (
        "name = 'hunt a'",
        "name != 'hunt a'",
        "name LIKE 'hunt _'",
        "name LIKE 'HUNT %'",
        "name ILIKE 'HUNT %'",
        "attribute.name = 'hunt a'",
        'name = "hunt a"',
        "experiment_id = '<hunt_a>'",
        "experiment_id != '<hunt_a>'",
        "experiment_id IN ('<hunt_a>', '<hunt_b>')",
        "experiment_id NOT IN ('<hunt_a>', '<hunt_b>')",
        "creation_time > 0",
        "creation_time >= 1700000000000",
        "creation_time < 1700000000000",
        "last_update_time > 1700000000000",
        "last_update_time != 0",
        "tag.colour = 'red'",
        "tags.colour = 'red'",
        "tags.colour != 'red'",
        "tags.colour LIKE '%e%'",
        "tags.colour ILIKE 'RED'",
        "tags.`colour` = 'red'",
        "tags.colour IS NULL",
        "tags.size IS NOT NULL",
        "tags.colour = 'red' AND tags.size = '1'",
        "tags.absent != 'x'",
        "tags.colour = 'red' and tags.colour = 'green'",
    )
] + [
    _filter(text, INVALID)
    for text in (
        "name",
        "name = ",
        "name = hunt",
        "name == 'hunt a'",
        "name <> 'hunt a'",
        "name > 'hunt a'",
        "name = 'a' OR name = 'b'",
        "(name = 'a')",
        "nothing = 'a'",
        "attributes.name = 'a'",
        "metrics.a = 1",
        "creation_time > '5'",
        "creation_time LIKE 'x'",
        "experiment_id > '1'",
        "tags.colour > 'red'",
        "tags.colour IN ('red')",
        "tags.colour = 5",
        "name = 'a';",
        " ",
    )
]

_ORDERS = [
    _order("name"),
    _order("name DESC"),
    _order("name asc"),
    _order("experiment_id"),
    _order("experiment_id DESC"),
    _order("creation_time"),
    _order("creation_time DESC"),
    _order("last_update_time DESC"),
    _order("attribute.name DESC"),
    _order("tags.colour", error=INVALID),
    _order("nothing", error=INVALID),
    _order("name sideways", error=INVALID),
]

_PAGES = [
    _search("the newest experiment comes first", filter="name LIKE 'hunt %'"),
    post(
        "a page holds at most max_results",
        "experiments/search",
        {"max_results": 2, "filter": "name LIKE 'hunt %'"},
        bind={"hunt_page": "next_page_token"},
    ),
    post(
        "the next page goes on",
        "experiments/search",
        {"max_results": 2, "filter": "name LIKE 'hunt %'", "page_token": "<hunt_page>"},
    ),
    post(
        "a full last page has no token",
        "experiments/search",
        {"max_results": 4, "filter": "name LIKE 'hunt %'"},
    ),
    _search("rubbish is no page token", INVALID, page_token="rubbish"),
    post("max_results is required", "experiments/search", {}, error=INVALID),
    _search("max_results may not be 0", INVALID, max_results=0),
    _search("max_results may not be negative", INVALID, max_results=-1),
    _search("max_results may not exceed 50000", INVALID, max_results=50001),
    _search("max_results may be text that holds a number", max_results="50000", filter="name = ''"),
    _search("max_results may not be other text", INVALID, max_results="many"),
    get(
        "the search answers GET too",
        "experiments/search",
        {"max_results": 10, "filter": "name LIKE 'hunt %'", "order_by": ["name DESC"]},
    ),
    get("a GET needs max_results too", "experiments/search", error=INVALID),
]

_VIEWS = [
    post("one of them is deleted", "experiments/delete", {"experiment_id": "<hunt_b>"}),
    _search("deleted ones are not found by default", filter="name LIKE 'hunt %'"),
    *(
        _search(f"the view {view!r} is known", filter="name LIKE 'hunt %'", view_type=view)
        for view in ("ACTIVE_ONLY", "DELETED_ONLY", "ALL", 1, 2, 3)
    ),
    _search("an unknown view counts as none", filter="name LIKE 'hunt %'", view_type="SOME"),
    get(
        "a GET names its view",
        "experiments/search",
        {"max_results": 10, "filter": "name LIKE 'hunt %'", "view_type": "DELETED_ONLY"},
    ),
]

STEPS = [
    *(_create(name, *tags) for name, tags in _TAGS.items()),
    *_FILTERS,
    *_ORDERS,
    *_PAGES,
    *_VIEWS,
]
