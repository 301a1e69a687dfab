"""The search for logged models: filters, orders over attributes and metrics, pages."""

from __future__ import annotations

from tests.mlflow.differential.steps import INVALID, Step, patch, post

# name, type, status, params, tags, metrics as (key, value, step, dataset)
_MODELS: tuple[
    tuple[str, str, str, dict[str, str], dict[str, str], tuple[tuple[str, object, int, str], ...]],
    ...,
] = (
    (
        "one",
        "tree",
        "READY",
        {"depth": "3"},
        {"team": "red"},
        (("acc", 0.5, 1, ""), ("acc", 0.9, 2, "iris")),
    ),
    ("two", "tree", "PENDING", {"depth": "10"}, {"team": "Red"}, (("acc", 0.7, 1, "iris"),)),
    (
        "Three",
        "linear",
        "UPLOAD_FAILED",
        {},
        {},
        (("acc", 0.6, 1, "wine"), ("odd", "NaN", 1, "wine")),
    ),
    ("four", "", "READY", {"depth": ""}, {"team": "green"}, ()),
)


def _populate(number: int) -> list[Step]:
    name, kind, status, params, tags, metrics = _MODELS[number]
    symbol = f"model{number}"
    steps = [
        post(
            f"there is a model {name}",
            "logged-models",
            {
                "experiment_id": "<exp>",
                "name": name,
                "source_run_id": "<run>" if number % 2 else "",
                **({"model_type": kind} if kind else {}),
                "params": [{"key": key, "value": value} for key, value in params.items()],
                "tags": [{"key": key, "value": value} for key, value in tags.items()],
            },
            bind={symbol: "model.info.model_id"},
        ),
        patch(
            f"the model {name} is {status}",
            f"logged-models/<{symbol}>",
            {"model_id": f"<{symbol}>", "status": f"LOGGED_MODEL_{status}"},
        ),
    ]
    for key, value, step, dataset in metrics:
        body = {"run_id": "<run>", "key": key, "value": value, "timestamp": 10 + step, "step": step}
        data = {"dataset_name": dataset, "dataset_digest": "d1"} if dataset else {}
        body |= {"model_id": f"<{symbol}>", **data}
        steps.append(post(f"the model {name} has {key} {value}", "runs/log-metric", body))
    return steps


def _search(name: str, error: str | int | None = None, **body: object) -> Step:
    full = {"experiment_ids": ["<exp>"], **body}
    return post(name, "logged-models/search", full, error=error)


def _filter(text: str, error: str | int | None = None) -> Step:
    verb = "refused" if error else "answered"
    return _search(f"the filter {text!r} is {verb}", error, filter=text)


def _order(*items: dict[str, object], error: str | int | None = None) -> Step:
    return _search(
        f"the order {items!r} is {'refused' if error else 'answered'}", error, order_by=items
    )


_POPULATION = [
    post(
        "there is an experiment for searching models",
        "experiments/create",
        {"name": "logged model search"},
        bind={"exp": "experiment_id"},
    ),
    post(
        "there is a run for searching models",
        "runs/create",
        {"experiment_id": "<exp>", "run_name": "models", "start_time": 1},
        bind={"run": "run.info.run_id"},
    ),
    *(step for number in range(len(_MODELS)) for step in _populate(number)),
]

_FILTERS = [
    *(
        _filter(text)
        for text in (
            "",
            "name = 'one'",
            "name != 'one'",
            "attributes.name LIKE 't%'",
            "name ILIKE 'T%'",
            "name IN ('one', 'two')",
            "name NOT IN ('one', 'two')",
            "model_id = '<model0>'",
            "model_type = 'tree'",
            "model_type != 'tree'",
            "source_run_id = '<run>'",
            "creation_timestamp > 0",
            "creation_time > 0",
            "last_updated_timestamp < 5",
            "metrics.acc > 0.6",
            "metrics.acc = 0.5",
            "metrics.acc != 0.7",
            "metrics.acc < 1e10",
            "metrics.absent > 0",
            "metrics.odd != 5",
            "metrics.odd < 5",
            "params.depth = '3'",
            "params.depth != '3'",
            "params.depth LIKE '1%'",
            "params.depth IN ('3', '10')",
            "tags.team = 'red'",
            "tags.team ILIKE 'RED'",
            "tags.team != 'red'",
            "tags.team = 'red' AND params.depth = '3'",
            "name = one",
            "name = 'one' and metrics.acc > 0.1",
        )
    ),
    *(
        _filter(text, INVALID)
        for text in (
            "name",
            "name > 'one'",
            "nothing = 'x'",
            "metrics.acc LIKE '0.5'",
            "params.depth > '3'",
            "planets.mars = 'x'",
            "name = 'one' OR name = 'two'",
            "tag.team = 'red'",
        )
    ),
]

_ORDERS = [
    _search("without an order the newest model comes first"),
    *(
        _order({"field_name": field, "ascending": ascending})
        for field in ("name", "creation_timestamp", "metrics.acc", "model_type")
        for ascending in (True, False)
    ),
    _order({"field_name": "metrics.odd"}),
    _order({"field_name": "name"}),
    _order({"field_name": "creation_time"}),
    _order({"field_name": "metrics.absent"}, {"field_name": "name"}),
    _order({"field_name": "metrics.acc", "dataset_name": "iris", "ascending": False}),
    _order({"field_name": "metrics.acc", "dataset_name": "iris", "dataset_digest": "d1"}),
    _order({"field_name": "planets"}, error=INVALID),
    _order({"ascending": True}, error=INVALID),
    _search("models on a dataset", datasets=[{"dataset_name": "iris"}]),
    _search(
        "models on a dataset's digest", datasets=[{"dataset_name": "iris", "dataset_digest": "d1"}]
    ),
    _search(
        "models on another digest", datasets=[{"dataset_name": "iris", "dataset_digest": "no"}]
    ),
    _search(
        "a metric on a dataset", datasets=[{"dataset_name": "iris"}], filter="metrics.acc > 0.8"
    ),
    _search("a dataset needs a name", INVALID, datasets=[{"dataset_digest": "d1"}]),
]

_PAGES = [
    post(
        "a page of models",
        "logged-models/search",
        {"experiment_ids": ["<exp>"], "max_results": 3},
        bind={"models_page": "next_page_token"},
    ),
    _search("the next page of models", max_results=3, page_token="<models_page>"),
    _search("a token of another query", INVALID, filter="name = 'one'", page_token="<models_page>"),
    _search("exactly one page of models", max_results=4),
    post("models need experiments", "logged-models/search", {}, error=INVALID),
    post(
        "no experiments have no models",
        "logged-models/search",
        {"experiment_ids": []},
    ),
    post(
        "an unknown experiment has no models",
        "logged-models/search",
        {"experiment_ids": ["99999"]},
    ),
]

STEPS = [*_POPULATION, *_FILTERS, *_ORDERS, *_PAGES]
