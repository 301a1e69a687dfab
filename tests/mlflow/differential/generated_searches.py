"""Hypothesis strategies for searches over the population of `sequences.search_population`."""

from __future__ import annotations

from hypothesis import strategies as st

_NUMBER_OPERATORS = ("=", "!=", ">", ">=", "<", "<=")
_TEXT_OPERATORS = ("=", "!=", "LIKE", "ILIKE", "like")
_SET_OPERATORS = ("IN", "NOT IN", "in")
_ODD_OPERATORS = ("==", "<>", "~", "IS", "BETWEEN", "")

_NUMBERS = ("0.5", "0.25", "-1", "1e3", "0", "100", "300", "9.9e307", "'0.5'", "x", "1.5.2")
_TEXTS = (
    "'red'",
    "'RED'",
    '"red"',
    "'%e%'",
    "'_lpha'",
    "'adam'",
    "'0.1'",
    "''",
    "'gamma%'",
    "'FINISHED'",
    "'F%'",
    "'iris'",
    "'train'",
    "'d1'",
    "'<run0>'",
    "red",
    "5",
    "'open",
)
_SETS = (
    "('<run0>', '<run1>')",
    "('iris')",
    "('iris', 'Wine')",
    "('train','x')",
    "()",
    "(1)",
    "'iris'",
)

_METRICS = ("metrics.loss", "metric.acc", "metrics.`a b/c`", 'metrics."loss"', "metrics.absent")
_TEXT_KEYS = (
    "params.lr",
    "param.opt",
    "parameters.`opt`",
    "params.absent",
    "tags.team",
    "tag.`a b/c-d`",
    "tags.mlflow.runName",
    "attributes.run_name",
    "run_name",
    "status",
    "attr.status",
    "user_id",
)
# Ids are made up by each server, so only texts that name them whole can find the same runs.
_IDS = ("run_id", "attributes.run_id", "artifact_uri")
_ID_TEXTS = ("'<run0>'", "'%/artifacts'", "'%/<run1>/%'", "'x'", "5")
_TIMES = ("start_time", "attributes.start_time", "end_time", "created")
_SETTABLE = ("dataset.name", "datasets.digest", "dataset.context")
_ODD_KEYS = (
    "nothing",
    "planets.mars",
    "tags",
    "experiment_id",
    "attributes.lifecycle_stage",
    "tags.",
)


def _comparison(
    keys: tuple[str, ...], operators: tuple[str, ...], operands: tuple[str, ...]
) -> st.SearchStrategy[str]:
    parts = (st.sampled_from(keys), st.sampled_from(operators), st.sampled_from(operands))
    return st.builds(lambda *texts: " ".join(texts), *parts)


_null = st.builds(
    lambda key, test: f"{key} {test}",
    st.sampled_from(_TEXT_KEYS[:6] + _METRICS[:1] + _TIMES[:1]),
    st.sampled_from(("IS NULL", "IS NOT NULL", "is null")),
)
_sound = st.one_of(
    _comparison(_METRICS, _NUMBER_OPERATORS, _NUMBERS[:8]),
    _comparison(_TEXT_KEYS, _TEXT_OPERATORS, _TEXTS[:15]),
    _comparison(_TEXT_KEYS[:7], _TEXT_OPERATORS, _TEXTS[:15]),
    _comparison(_TIMES, _NUMBER_OPERATORS, _NUMBERS[4:7]),
    _comparison(_SETTABLE, _TEXT_OPERATORS, _TEXTS[11:15]),
    _comparison(_SETTABLE, _SET_OPERATORS, _SETS[:4]),
    _comparison(_IDS, _TEXT_OPERATORS, _ID_TEXTS),
    _comparison(_IDS[:2], _SET_OPERATORS, _SETS),
    _null,
)
_odd = _comparison(
    _METRICS + _TEXT_KEYS + _TIMES + _SETTABLE + _ODD_KEYS,
    _NUMBER_OPERATORS + _TEXT_OPERATORS + _SET_OPERATORS + _ODD_OPERATORS,
    _NUMBERS + _TEXTS + _SETS,
)

filters = st.one_of(
    st.lists(_sound, max_size=3).map(" AND ".join),
    st.lists(_sound, min_size=1, max_size=2).map(" and ".join),
    st.lists(st.one_of(_sound, _odd), min_size=1, max_size=2).map(" AND ".join),
)

_ordered = st.builds(
    lambda key, direction: f"{key}{direction}",
    st.sampled_from(_METRICS + _TEXT_KEYS[:9] + _TIMES),
    st.sampled_from(("", " ASC", " DESC", " asc", " desc")),
)
orders = st.lists(_ordered, max_size=2)

searches: st.SearchStrategy[dict[str, object]] = st.fixed_dictionaries(
    {"filter": filters, "order_by": orders},
    optional={
        "max_results": st.integers(1, 8),
        "run_view_type": st.sampled_from(("ACTIVE_ONLY", "DELETED_ONLY", "ALL")),
    },
)
