"""Small random worlds and the filters and orders one can ask of them."""

import math

from hypothesis import strategies as st

from tests.projections.search.oracle import Comparison, Order
from tests.projections.search.views import Run

KEYS = ["a", "b", "a b", "end", "x/y", "a.b"]
TEXTS = [
    "",
    "x",
    "X",
    "xy",
    "x_",
    "x%",
    "a*b",
    "[x]",
    "?",
    "ä",
    "Ä",
    "it's",
    'say "x"',
    "1",
    "%",
    "_y",
]
NUMBERS = [0.0, -0.0, 1.0, -1.5, 0.5, 1e300, math.inf, -math.inf, math.nan]
TIMES = [0, 1, 5, 10**12]
STATUSES = ["RUNNING", "FINISHED", "FAILED"]

texts = st.sampled_from(TEXTS)
pairs = st.dictionaries(st.sampled_from(KEYS), texts, max_size=4)


def runs(count: int = 12) -> st.SearchStrategy[list[Run]]:
    """Runs of two experiments, with few different values, so that ties are common."""
    ids = st.integers(0, 2**128 - 1).map("{:032x}".format)
    run = st.builds(
        Run,
        run_id=ids,
        experiment_id=st.sampled_from([1, 1, 2]),
        name=texts,
        user_id=texts,
        status=st.sampled_from(STATUSES),
        start_time=st.sampled_from(TIMES),
        end_time=st.sampled_from([None, *TIMES]),
        stage=st.sampled_from(["active", "active", "active", "deleted"]),
        metrics=st.dictionaries(st.sampled_from(KEYS), st.sampled_from(NUMBERS), max_size=4),
        params=pairs,
        tags=st.dictionaries(st.sampled_from([*KEYS, "mlflow.runName"]), texts, max_size=4),
        datasets=st.lists(
            st.tuples(texts, st.sampled_from(["1", "2"]), st.sampled_from([None, "train", "eval"])),
            max_size=2,
            unique_by=lambda dataset: dataset[:2],
        ),
    )
    return st.lists(run, max_size=count, unique_by=lambda each: each.run_id)


numbers = st.sampled_from(
    [
        "0",
        "1",
        "-1.5",
        ".5",
        "5",
        "1e300",
        "1e400",
        "-1e400",
        "1.7976931348623157e308",
        "1000000000000",
    ]
)
ordered_ops = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
text_ops = st.sampled_from(["=", "!=", "LIKE", "ILIKE"])
list_ops = st.sampled_from(["IN", "NOT IN"])
null_ops = st.sampled_from(["IS NULL", "IS NOT NULL"])
keys = st.sampled_from(KEYS)

Written = tuple[Comparison, str]
"""A comparison and one way to write it."""


def _quoted(text: str) -> str:
    return f'"{text}"' if "'" in text else f"'{text}'"


@st.composite
def _identifiers(draw: st.DrawFn, prefixes: list[str], key: str) -> str:
    quotes = ["`", '"', "'"]
    if key.replace(".", "").isalnum():
        quotes.append("")
    quote = draw(st.sampled_from(quotes))
    return f"{draw(st.sampled_from(prefixes))}.{quote}{key}{quote}"


@st.composite
def _metric(draw: st.DrawFn) -> Written:
    key, op, text = draw(keys), draw(ordered_ops), draw(numbers)
    name = draw(_identifiers(["metric", "metrics"], key))
    return ("metric", key, op, float(text)), f"{name} {op} {text}"


@st.composite
def _pair(draw: st.DrawFn) -> Written:
    entity, key = draw(st.sampled_from(["param", "tag"])), draw(keys)
    name = draw(_identifiers([entity, f"{entity}s"], key))
    if draw(st.booleans()):
        op = draw(null_ops)
        return (entity, key, op, None), f"{name} {op.lower()}"
    op, text = draw(text_ops), draw(texts)
    return (entity, key, op, text), f"{name} {op} {_quoted(text)}"


@st.composite
def _attribute(draw: st.DrawFn) -> Written:
    key = draw(st.sampled_from(["run_name", "status", "user_id", "artifact_uri"]))
    prefix = draw(st.sampled_from(["", "attribute.", "attributes.", "attr.", "run."]))
    op, text = draw(text_ops), draw(st.sampled_from([*TEXTS, *STATUSES, "%1/%", "F%"]))
    return ("attribute", key, op, text), f"{prefix}{key}{op.join('  ')}{_quoted(text)}"


@st.composite
def _time(draw: st.DrawFn) -> Written:
    key, op, text = (
        draw(st.sampled_from(["start_time", "end_time"])),
        draw(ordered_ops),
        draw(numbers),
    )
    name = "Created" if key == "start_time" else key
    return ("attribute", key, op, float(text)), f"{name}{op}{text}"


@st.composite
def _run_id(draw: st.DrawFn, ids: list[str]) -> Written:
    known = st.sampled_from([*ids, "nobody"])
    if draw(st.booleans()):
        op, one = draw(st.sampled_from(["=", "!="])), draw(known)
        return ("attribute", "run_id", op, one), f"run_id {op} '{one}'"
    op, some = draw(list_ops), draw(st.lists(known, min_size=1, max_size=4))
    return ("attribute", "run_id", op, some), f"run_id {op} ({', '.join(map(repr, some))})"


@st.composite
def _dataset(draw: st.DrawFn) -> Written:
    key = draw(st.sampled_from(["name", "digest", "context"]))
    values = st.sampled_from([*TEXTS, "1", "2", "train", "eval"])
    if draw(st.booleans()):
        op, text = draw(text_ops), draw(values)
        return ("dataset", key, op, text), f"dataset.{key} {op} {_quoted(text)}"
    op, some = draw(list_ops), draw(st.lists(values, min_size=1, max_size=3))
    return ("dataset", key, op, some), f"datasets.{key} {op} ({', '.join(map(_quoted, some))})"


def filters(ids: list[str], max_size: int = 3) -> st.SearchStrategy[tuple[list[Comparison], str]]:
    """Comparisons, and a filter that says them."""
    each = st.one_of(_metric(), _pair(), _attribute(), _time(), _run_id(ids), _dataset())
    return st.lists(each, max_size=max_size).map(
        lambda found: ([meant for meant, _ in found], " AND ".join(text for _, text in found))
    )


@st.composite
def orders(draw: st.DrawFn, max_size: int = 3) -> tuple[list[Order], list[str]]:
    """Orders, and the order_by that says them."""
    attributes = ["start_time", "end_time", "run_name", "status", "user_id", "run_id"]
    fields: st.SearchStrategy[tuple[str, str]] = st.one_of(
        st.tuples(st.sampled_from(["metric", "param", "tag"]), keys),
        st.tuples(st.just("attribute"), st.sampled_from(attributes)),
    )
    meant, written = [], []
    for entity, key in draw(st.lists(fields, max_size=max_size, unique=True)):
        descending = draw(st.booleans())
        name = key if entity == "attribute" else f"{entity}s.`{key}`"
        meant.append((entity, key, descending))
        written.append(f"{name} {'DESC' if descending else 'asc'}")
    return meant, written
