"""The search for runs: what order means, which runs are seen, and how pages go on."""

from __future__ import annotations

from tests.mlflow.differential.steps import INTERNAL, INVALID, Step, get, post

_EXPERIMENTS = ["<exp>", "<exp2>"]


def _search(name: str, error: str | int | None = None, **body: object) -> Step:
    return post(name, "runs/search", {"experiment_ids": _EXPERIMENTS, **body}, error=error)


def _order(*items: str, error: str | None = None) -> Step:
    verb = "refused" if error else "answered"
    return _search(f"the order {', '.join(items)!r} is {verb}", error, order_by=list(items))


_ORDERS = [
    _search("without an order the newest run comes first"),
    *(
        _order(item)
        for item in (
            "metrics.loss",
            "metrics.loss ASC",
            "metrics.loss DESC",
            "metrics.acc desc",
            "metrics.`a b/c`",
            'metric."a b/c" DESC',
            "metrics.absent",
            "params.lr",
            "params.lr DESC",
            "params.opt asc",
            "tags.team",
            "tags.team DESC",
            "tags.`a b/c-d` DESC",
            "start_time",
            "attributes.start_time ASC",
            "attribute.start_time DESC",
            "created",
            "attributes.Created DESC",
            "end_time",
            "end_time DESC",
            "run_name",
            "attributes.run_name DESC",
            "status",
            "attributes.status DESC",
            "user_id",
        )
    ),
    _order("status", "start_time ASC"),
    _order("user_id", "metrics.loss DESC", "params.lr"),
    _order("metrics.loss", "start_time ASC"),
    _order("tags.team DESC", "start_time"),
    *(
        _order(item, error=INVALID)
        for item in (
            "nothing",
            "attributes.nothing",
            "metrics",
            "metrics.loss SIDEWAYS",
            "metrics.loss ASC DESC",
            "metrics.loss,",
            "metrics.loss, params.lr",
            "experiment_id",
            "`run name`",
            "  metrics.loss   DESC  ",
            "lifecycle_stage",
            "dataset.name",
            "planets.mars",
            "",
            " ",
        )
    ),
    _search("the order is a list", INVALID, order_by="metrics.loss"),
    _search("the order is a list of texts", INVALID, order_by=[1]),
    _search("an empty order is no order", order_by=[]),
    _order("metrics.loss", "metrics.loss DESC", error=INTERNAL),
]

_WHERE = [
    post("without experiments nothing is found", "runs/search", {}),
    post("an empty list of experiments finds nothing", "runs/search", {"experiment_ids": []}),
    post("an unknown experiment is ignored", "runs/search", {"experiment_ids": ["99999", "<exp>"]}),
    post(
        "an experiment named twice counts once",
        "runs/search",
        {"experiment_ids": ["<exp>", "<exp>"]},
    ),
    post("an experiment id is a number", "runs/search", {"experiment_ids": ["x"]}, error=INVALID),
    post("the experiments are a list", "runs/search", {"experiment_ids": "<exp>"}, error=INVALID),
    _search("a null filter is none", filter=None),
    _search("a filter is text", INVALID, filter=5),
    _search("an empty object is no filter", INVALID, filter={}),
    _search("an empty list is no filter", INVALID, filter=[]),
    _search("a null order is none", order_by=None),
    post(
        "the ajax twin finds the same",
        "/ajax-api/2.0/mlflow/runs/search",
        {"experiment_ids": _EXPERIMENTS, "filter": "metrics.loss < 1"},
    ),
    get("the search for runs is no GET", "runs/search", {"experiment_ids": ["<exp>"]}, error=405),
]

_PAGES = [
    post(
        "a page of runs holds max_results",
        "runs/search",
        {"experiment_ids": _EXPERIMENTS, "max_results": 3, "order_by": ["start_time ASC"]},
        bind={"page2": "next_page_token"},
    ),
    post(
        "the second page of runs goes on",
        "runs/search",
        {
            "experiment_ids": _EXPERIMENTS,
            "max_results": 3,
            "order_by": ["start_time ASC"],
            "page_token": "<page2>",
        },
        bind={"page3": "next_page_token"},
    ),
    post(
        "the last page of runs has no token",
        "runs/search",
        {
            "experiment_ids": _EXPERIMENTS,
            "max_results": 3,
            "order_by": ["start_time ASC"],
            "page_token": "<page3>",
        },
    ),
    _search("exactly one page of runs has no token", max_results=7),
    _search("one more than all has no token", max_results=8),
    _search("max_results may be text that holds a number", max_results="2"),
    _search("max_results may be an integral float", max_results=2.0),
    _search("max_results may be 50000", max_results=50000),
    _search("max_results may not be 50001", INVALID, max_results=50001),
    _search("max_results may not be 0", INVALID, max_results=0),
    _search("max_results may not be negative", INVALID, max_results=-1),
    _search("max_results is no word", INVALID, max_results="many"),
    _search("rubbish is no page token", INVALID, page_token="rubbish"),
    _search("base64 of rubbish is no page token", INVALID, page_token="cnViYmlzaA=="),
    _search("an empty page token is none", page_token=""),
    *(
        post(
            f"pages in the order {order!r}, page {page}",
            "runs/search",
            {
                "experiment_ids": _EXPERIMENTS,
                "max_results": 2,
                "order_by": [order],
                **({"page_token": f"<token{column}>"} if page else {}),
            },
            bind={f"token{column}": "next_page_token"},
        )
        for column, order in enumerate(("metrics.loss DESC", "params.lr", "tags.team DESC"))
        for page in range(4)
    ),
]

_VIEWS = [
    post("alpha is deleted", "runs/delete", {"run_id": "<run0>"}),
    post("delta is deleted", "runs/delete", {"run_id": "<run4>"}),
    _search("deleted runs are not found by default"),
    *(
        _search(f"the view {view!r} of runs is known", run_view_type=view)
        for view in ("ACTIVE_ONLY", "DELETED_ONLY", "ALL", 1, 2, 3)
    ),
    _search("an unknown view of runs counts as none", run_view_type="SOME"),
    _search("a view and a filter", run_view_type="ALL", filter="metrics.loss < 1"),
    post("the second experiment is deleted", "experiments/delete", {"experiment_id": "<exp2>"}),
    _search("runs of a deleted experiment are deleted", run_view_type="DELETED_ONLY"),
    _search("runs of a deleted experiment are not active"),
]

STEPS = [*_ORDERS, *_WHERE, *_PAGES, *_VIEWS]
