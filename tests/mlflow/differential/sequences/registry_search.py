"""The searches of the model registry: filters, orders, pages, prompts apart from models."""

from __future__ import annotations

from tests.mlflow.differential.steps import INVALID, Step, delete, get, patch, post

Error = str | int | None

_MODELS = "registered-models/search"
_VERSIONS = "model-versions/search"

# name, tags, sources of its versions with their tags
_POPULATED: tuple[tuple[str, dict[str, str], tuple[tuple[str, dict[str, str]], ...]], ...] = (
    (
        "search_a",
        {"team": "red", "size": "1"},
        (("s3://a/1", {"env": "dev"}), ("s3://a/2", {"env": "Prod"})),
    ),
    ("search_B", {"team": "Red"}, (("s3://b/1", {}), ("gs://b/2", {"env": "dev", "k": "v"}))),
    ("search_c", {}, ()),
    (
        "search_p",
        {"mlflow.prompt.is_prompt": "true", "team": "red"},
        (("dummy-source", {"mlflow.prompt.is_prompt": "true", "mlflow.prompt.text": "hi"}),),
    ),
)


def _tags(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in tags.items()]


def _population() -> list[Step]:
    steps = []
    for name, tags, versions in _POPULATED:
        body = {"name": name, "tags": _tags(tags)}
        steps.append(post(f"there is {name}", "registered-models/create", body))
        for number, (source, version_tags) in enumerate(versions, 1):
            body = {"name": name, "source": source, "tags": _tags(version_tags)}
            if source.startswith("gs:"):
                body["run_id"] = "a" * 32
            steps.append(post(f"{name} has version {number}", "model-versions/create", body))
    return [
        *steps,
        post(
            "there is a version of search_a that is deleted",
            "model-versions/create",
            {"name": "search_a", "source": "s3://a/3"},
        ),
        delete("it is deleted", "model-versions/delete", {"name": "search_a", "version": "3"}),
        post(
            "a version has an alias",
            "registered-models/alias",
            {"name": "search_a", "alias": "x", "version": "1"},
        ),
        patch(
            "search_c is changed last",
            "registered-models/update",
            {"name": "search_c", "description": "d"},
        ),
    ]


def _search(path: str, what: str, error: Error = None, **query: object) -> Step:
    verb = "refused" if error else "answered"
    return get(f"{what} {verb}: {query}", path, query, error=error)


_HERE = "name LIKE 'search_%'"


def _here(text: str) -> str:
    """The filter, of what is made here: other tests may have made models of their own."""
    return text if "name" in text or "OR" in text else f"{text} AND {_HERE}"


_MODEL_FILTERS: tuple[tuple[str, Error], ...] = (
    (_HERE, None),
    ("name = 'search_a'", None),
    ("name != 'search_a' AND name LIKE 'search_%'", None),
    ("name ILIKE 'SEARCH_b'", None),
    ("name IN ('search_a', 'search_c')", None),
    ("name NOT IN ('search_a') AND name LIKE 'search_%'", None),
    ("tags.team = 'red'", None),
    ("tag.team = 'red'", None),
    ("tags.team != 'red'", None),
    ("tags.team ILIKE 'RED'", None),
    ("tags.team = 'red' AND tags.size = '1'", None),
    ("tags.`team` LIKE 'r%'", None),
    ("attribute.name = 'search_a'", None),
    ("tags.`mlflow.prompt.is_prompt` = 'true' AND name LIKE 'search_%'", None),
    ("tags.`mlflow.prompt.is_prompt` != 'false' AND name LIKE 'search_%'", None),
    ("tags.`mlflow.prompt.is_prompt` != 'true' AND name LIKE 'search_%'", None),
    ("tags.`mlflow.prompt.is_prompt` = 'false' AND name LIKE 'search_%'", None),
    ("version = '1'", INVALID),
    ("name = search_a", INVALID),
    ("name > 'a'", INVALID),
    ("tags.team IN ('red')", INVALID),
    ("tags.team IS NULL", 500),
    ("params.x = '1'", INVALID),
    ("name = 'a' OR name = 'b'", INVALID),
    ("name", INVALID),
)

_VERSION_FILTERS: tuple[tuple[str, Error], ...] = (
    (_HERE, None),
    ("name = 'search_a'", None),
    ("name IN ('search_a', 'search_B')", None),
    (f"run_id = '{'a' * 32}'", None),
    (f"run_id IN ('{'a' * 32}', 'b')", None),
    ("run_id != 'x' AND name LIKE 'search_%'", None),
    ("source_path LIKE 's3://%' AND name LIKE 'search_%'", None),
    ("source_path = 's3://b/1'", None),
    ("version_number = 2 AND name LIKE 'search_%'", None),
    ("version_number = '2' AND name LIKE 'search_%'", None),
    ("version_number > 1 AND name LIKE 'search_%'", None),
    ("version_number >= 1 AND name LIKE 'search_%'", None),
    ("version_number != 1 AND name LIKE 'search_%'", None),
    ("tags.env = 'dev'", None),
    ("tags.env ILIKE 'prod'", None),
    ("tags.env = 'dev' AND tags.k = 'v'", None),
    ("attribute.name = 'search_a' AND version_number < 2", None),
    ("tags.`mlflow.prompt.is_prompt` = 'true' AND name LIKE 'search_%'", None),
    ("tags.`mlflow.prompt.is_prompt` != 'true' AND name LIKE 'search_%'", None),
    ("tags.`mlflow.prompt.is_prompt` = 'false' AND name LIKE 'search_%'", None),
    ("current_stage = 'None'", INVALID),
    ("creation_timestamp > 1", INVALID),
    ("version_number = 1.5", INVALID),
    ("version_number = 'x'", INVALID),
    ("version_number LIKE '1'", INVALID),
    ("source_path IN ('a')", INVALID),
    ("tags.env IN ('dev')", INVALID),
    ("run_id = 5", INVALID),
    ("name = 'a' OR name = 'b'", INVALID),
)

_MODEL_ORDERS: tuple[tuple[list[str], Error], ...] = (
    (["name"], None),
    (["name DESC"], None),
    (["last_updated_timestamp DESC"], None),
    (["timestamp ASC"], None),
    (["last_updated_timestamp", "name DESC"], None),
    (["creation_timestamp"], INVALID),
    (["description"], INVALID),
    (["tags.team"], INVALID),
    (["name", "name DESC"], "INTERNAL_ERROR"),
)

_VERSION_ORDERS: tuple[tuple[list[str], Error], ...] = (
    (["name", "version_number"], None),
    (["name DESC"], None),
    (["version_number DESC"], None),
    (["creation_timestamp"], None),
    (["creation_timestamp DESC"], None),
    (["last_updated_timestamp"], None),
    (["last_updated_timestamp DESC", "name"], None),
    (["run_id"], INVALID),
    (["source_path"], INVALID),
    (["name", "name"], "INTERNAL_ERROR"),
)

STEPS = [
    *_population(),
    *(_search(_MODELS, "models", error, filter=_here(text)) for text, error in _MODEL_FILTERS),
    *(
        _search(_VERSIONS, "versions", error, filter=_here(text))
        for text, error in _VERSION_FILTERS
    ),
    *(
        _search(_MODELS, "models", error, filter=_HERE, order_by=order)
        for order, error in _MODEL_ORDERS
    ),
    *(
        _search(_VERSIONS, "versions", error, filter=_HERE, order_by=order)
        for order, error in _VERSION_ORDERS
    ),
    get(
        "the first page of models",
        _MODELS,
        {"filter": _HERE, "max_results": 2},
        bind={"models": "next_page_token"},
    ),
    get(
        "the second page of models",
        _MODELS,
        {"filter": _HERE, "max_results": 2, "page_token": "<models>"},
    ),
    get(
        "the first page of versions",
        _VERSIONS,
        {"filter": _HERE, "max_results": 3},
        bind={"versions": "next_page_token"},
    ),
    get(
        "the second page of versions",
        _VERSIONS,
        {"filter": _HERE, "max_results": 3, "page_token": "<versions>"},
    ),
    _search(_MODELS, "models", INVALID, max_results=1001),
    _search(_MODELS, "models", INVALID, max_results="x"),
    _search(_VERSIONS, "versions", INVALID, max_results=0),
    _search(_VERSIONS, "versions", INVALID, max_results=200_001),
    _search(_MODELS, "models", INVALID, page_token="rubbish"),
    _search(_VERSIONS, "versions", INVALID, page_token="rubbish"),
]
