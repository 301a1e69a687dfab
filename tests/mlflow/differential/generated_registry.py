"""Hypothesis strategies for conversations about the model registry.

Three names, of which one is free at first, a few numbers, aliases and stages: so commands meet, and
a name is taken, freed and taken again.  Some of every set is invalid.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Mapping

from hypothesis import strategies as st

from tests.mlflow.differential.steps import Step, delete, get, patch, post

NAMES = ("<name0>", "<name1>", "<name2>")
NUMBERS = ("1", "2", "3")
ALIASES = ("champion", "shadow_2")

_numbers = itertools.count()
# Servers that outlive one session meet these names again.
_session = uuid.uuid4().hex

names = st.sampled_from((*NAMES, *NAMES, *NAMES, "nobody", "", "a/b"))
numbers = st.sampled_from((*NUMBERS, *NUMBERS, *NUMBERS, "0", "-1", "9", "one", ""))
aliases = st.sampled_from((*ALIASES, *ALIASES, *ALIASES, "latest", "v1", "a b", ""))
stages = st.sampled_from(("None", "Staging", "staging", "Production", "Archived", "Testing", ""))
keys = st.sampled_from(("k", "größe", "k", "a$", ""))
texts = st.sampled_from(("", "1", "größe", "v" * 6000))
_tag = st.fixed_dictionaries({"key": keys, "value": texts})
_tags = st.lists(_tag, max_size=2)
_sources = st.sampled_from(
    (
        "s3://bucket/model",
        "runs:/<run>/model",
        "mlflow-artifacts:/<exp>/<run>/artifacts/model",
        "models:/<name0>/1",
        "models:/<name1>@champion",
        "/etc",
        "",
    )
)

Fields = Mapping[str, st.SearchStrategy[object]]
Send = Callable[..., Step]


Steps = st.SearchStrategy[Step]


def _said(send: Send, path: str, fields: Fields, optional: Fields | None = None) -> Steps:
    bodies = st.fixed_dictionaries(dict(fields), optional=dict(optional or {}))
    return bodies.map(lambda body: send("", path, body))


_NAME: Fields = {"name": names}
_VERSION: Fields = {"name": names, "version": numbers}
_ALIAS: Fields = {"name": names, "alias": aliases}

_create_model = _said(
    post, "registered-models/create", _NAME, {"description": texts, "tags": _tags}
)
_create_version = _said(
    post,
    "model-versions/create",
    {"name": names, "source": _sources},
    {
        "run_id": st.sampled_from(("<run>", "0" * 32, "")),
        "run_link": st.just("https://example.com/run"),
        "description": texts,
        "tags": _tags,
    },
)
# The number that the model has most likely.
_create_plain = st.sampled_from(NAMES).map(
    lambda name: post("", "model-versions/create", {"name": name, "source": "s3://bucket/model"})
)
_move = _said(
    post,
    "model-versions/transition-stage",
    {**_VERSION, "stage": stages},
    {"archive_existing_versions": st.booleans()},
)

# Not to its own name: that changes nothing here, not even times (`registry.py`).
_rename = st.lists(names, min_size=2, max_size=2, unique=True).map(
    lambda both: post("", "registered-models/rename", {"name": both[0], "new_name": both[1]})
)

command = st.one_of(
    _create_model,
    _create_version,
    _create_plain,
    _create_plain,
    _move,
    _move,
    _rename,
    _said(patch, "registered-models/update", _NAME, {"description": texts}),
    _said(delete, "registered-models/delete", _NAME),
    _said(post, "registered-models/set-tag", {**_NAME, "key": keys, "value": texts}),
    _said(delete, "registered-models/delete-tag", {**_NAME, "key": keys}),
    _said(post, "registered-models/alias", {**_ALIAS, "version": numbers}),
    _said(post, "registered-models/alias", {**_ALIAS, "version": numbers}),
    _said(delete, "registered-models/alias", _ALIAS),
    _said(patch, "model-versions/update", _VERSION, {"description": texts}),
    _said(delete, "model-versions/delete", _VERSION),
    _said(post, "model-versions/set-tag", {**_VERSION, "key": keys, "value": texts}),
    _said(delete, "model-versions/delete-tag", {**_VERSION, "key": keys}),
    _said(get, "registered-models/get", _NAME),
    _said(get, "registered-models/alias", _ALIAS),
    _said(
        post,
        "registered-models/get-latest-versions",
        _NAME,
        {"stages": st.lists(stages, max_size=2)},
    ),
    _said(get, "model-versions/get", _VERSION),
    _said(get, "model-versions/get-download-uri", _VERSION),
)
# Not fewer, because reading everything back costs more than the commands themselves.
commands = st.lists(command, min_size=6, max_size=30)


def opening() -> list[Step]:
    """A run, two registered models with a version each, and a third name that is free."""
    stem = f"registry {_session} {next(_numbers)}"
    return [
        post("", "experiments/create", {"name": stem}, bind={"exp": "experiment_id"}),
        post(
            "",
            "runs/create",
            {"experiment_id": "<exp>", "run_name": "r", "start_time": 1},
            bind={"run": "run.info.run_id"},
        ),
        *(
            post(
                "",
                "registered-models/create",
                {"name": f"{stem} {letter}"},
                bind={name.strip("<>"): "registered_model.name"},
            )
            for name, letter in zip(NAMES, "abc", strict=True)
        ),
        delete("", "registered-models/delete", {"name": NAMES[2]}),
        *(
            post("", "model-versions/create", {"name": name, "source": "s3://bucket/model"})
            for name in NAMES[:2]
        ),
    ]


_HERE = f"name IN ({', '.join(repr(name) for name in NAMES)})"


def closing() -> list[Step]:
    """Everything that can be read about the three names."""
    return [
        *(get("", "registered-models/get", {"name": name}) for name in NAMES),
        *(
            get("", "registered-models/alias", {"name": name, "alias": alias})
            for name in NAMES
            for alias in (*ALIASES, "latest")
        ),
        get("", "registered-models/search", {"filter": _HERE, "order_by": ["name DESC"]}),
        get(
            "",
            "registered-models/search",
            {"filter": _HERE, "order_by": ["last_updated_timestamp DESC"]},
        ),
        get("", "model-versions/search", {"filter": _HERE}),
        get(
            "",
            "model-versions/search",
            {"filter": _HERE, "order_by": ["name", "version_number ASC"]},
        ),
    ]


_filters = st.one_of(
    st.builds("name {} '{}'".format, st.sampled_from(("=", "!=", "LIKE", "ILIKE")), names),
    st.builds("tags.{} {} '{}'".format, st.just("k"), st.sampled_from(("=", "!=", "LIKE")), texts),
    st.sampled_from(("run_id = '<run>'", "source_path LIKE 's3%'", "version_number > 1")),
    st.builds("version_number {} {}".format, st.sampled_from(("=", "<", ">=", "!=")), numbers),
    st.sampled_from(("current_stage = 'None'", "aliases = 'champion'", "name", "name = x", "")),
)
_orders = st.lists(
    st.sampled_from(
        (
            "name",
            "name DESC",
            "last_updated_timestamp",
            "timestamp DESC",
            "version_number DESC",
            "creation_timestamp",
            "x",
        )
    ),
    max_size=2,
)
search = st.builds(
    lambda path, some, order, most: get(
        "",
        path,
        {
            "filter": " AND ".join([_HERE, *filter(None, some)]),
            "order_by": order,
            **({"max_results": most} if most else {}),
        },
    ),
    st.sampled_from(("registered-models/search", "model-versions/search")),
    st.lists(_filters, max_size=2),
    _orders,
    st.sampled_from((None, 1, 2, 0, 100_000_000)),
)
searches = st.lists(search, min_size=1, max_size=6)
