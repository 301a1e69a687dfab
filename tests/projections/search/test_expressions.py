"""Our own filter language: it means what plain Python says, and a refusal names its place."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projections.runs import number_of
from projections.search.errors import InvalidFilter
from projections.search.expressions import parse_expression
from projections.table.listing import Question, list_runs
from tests.projections.search import oracle, strategies
from tests.projections.search.strategies import KEYS, TEXTS
from tests.projections.search.views import MemoryViews, Run, answer

Holds = Callable[[Run], bool]
Meant = tuple[Holds, str]
"""What a filter means, and the filter."""

DOUBLE_MAX = oracle.DOUBLE_MAX


def found(views: MemoryViews, text: str) -> set[str]:
    ids = answer(list_runs(views, Question((1, 2), text, "all")))
    assert len(set(ids)) == len(ids)
    return set(ids)


def quoted(text: str) -> str:
    return f'"{text}"' if "'" in text else f"'{text}'"


def compare(value: Any, op: str, other: Any) -> bool:
    """An operator on a value that is there."""
    match op.split():
        case ["NOT", *rest]:
            return not compare(value, " ".join(rest), other)
        case ["BETWEEN"]:
            return bool(other[0] <= value <= other[1])
    return oracle._compare(value, op, other)


ordered = ["=", "!=", "<", "<=", ">", ">="]
many = ["IN", "NOT IN", "BETWEEN", "NOT BETWEEN"]
patterns = ["LIKE", "NOT LIKE", "ILIKE", "NOT ILIKE"]


@st.composite
def operations(draw: st.DrawFn, *, texts: bool) -> tuple[str, Any, str]:
    """(operator, value, how both are written)."""
    ops = ordered + many + (patterns if texts else [])
    op = draw(st.sampled_from(ops))
    values = st.sampled_from(TEXTS) if texts else strategies.numbers
    written = quoted if texts else str

    def value_of(text: str) -> Any:
        return text if texts else float(text)

    if op in many:
        size = 2 if op.endswith("BETWEEN") else draw(st.integers(1, 3))
        some = [draw(values) for _ in range(size)]
        joint = " and " if op.endswith("BETWEEN") else ", "
        listed = joint.join(written(each) for each in some)
        shown = listed if op.endswith("BETWEEN") else f"({listed})"
        return op, [value_of(each) for each in some], f"{op.lower()} {shown}"
    one = draw(values)
    return op, value_of(one), f"{op} {written(one)}"


@st.composite
def names(draw: st.DrawFn, prefixes: list[str], key: str) -> str:
    plain = key.replace(".", "").replace("/", "").isalnum()
    quote = draw(st.sampled_from(["`", '"', "'", *([""] if plain else [])]))
    return f"{draw(st.sampled_from(prefixes))}.{quote}{key}{quote}"


def number(run: Run, key: str, of: str) -> float | None:
    """A number of a metric; None where the run has none."""
    if key not in run.metrics:
        return None
    values = [*run.before.get(key, []), run.metrics[key]]
    finite = [value for value in values if math.isfinite(value)]
    match of:
        case "first":
            return values[0]
        case "count":
            return len(values)
        case "min" | "max":
            return (min if of == "min" else max)(finite) if finite else None
    return values[-1]


@st.composite
def metrics(draw: st.DrawFn) -> Meant:
    key = draw(st.sampled_from(KEYS))
    of = draw(st.sampled_from(["", "last", "min", "max", "first", "count"]))
    name = draw(names(["metrics", "metric"], key)) + (f":{of}" if of else "")
    if draw(st.integers(0, 5)) == 0:
        null = draw(st.booleans())
        words = "is null" if null else "IS NOT NULL"
        return lambda run: (number(run, key, of) is None) == null, f"{name} {words}"
    op, other, text = draw(operations(texts=False))

    def holds(run: Run) -> bool:
        value = number(run, key, of)
        if value is None:
            return False
        if math.isnan(value):
            return op in ("!=", "NOT IN", "NOT BETWEEN")
        limits = other if isinstance(other, list) else [other]
        if any(abs(each) >= DOUBLE_MAX for each in limits):
            value = max(-DOUBLE_MAX, min(DOUBLE_MAX, value))
        return compare(value, op, other)

    return holds, f"{name} {text}"


@st.composite
def pairs(draw: st.DrawFn) -> Meant:
    entity, key = draw(st.sampled_from(["param", "tag"])), draw(st.sampled_from(KEYS))
    name = draw(names([entity, f"{entity}s"], key))
    texts = entity == "tag" or draw(st.booleans())
    if draw(st.integers(0, 5)) == 0:
        return lambda run: key in getattr(run, f"{entity}s"), f"{name} is not null"
    op, other, text = draw(operations(texts=texts))

    def holds(run: Run) -> bool:
        value: Any = getattr(run, f"{entity}s").get(key)
        if value is not None and not texts:
            value = number_of(value)
        return value is not None and compare(value, op, other)

    return holds, f"{name} {text}"


def end_of(run: Run) -> int | None:
    return run.end_time or None


ATTRIBUTES: dict[str, Callable[[Run], Any]] = {
    "name": lambda run: run.name,
    "attributes.status": lambda run: run.status,
    "user": lambda run: run.user_id,
    "experiment_id": lambda run: str(run.experiment_id),
    "lifecycle_stage": lambda run: run.stage,
    "start_time": lambda run: run.start_time,
    "attr.end_time": end_of,
    "duration": lambda run: (run.end_time or 0) - run.start_time if run.end_time else None,
    "changed": lambda run: None,
    "run_name": lambda run: run.tags.get("mlflow.runName"),
}
TIMES = ("start_time", "attr.end_time", "duration", "changed")


@st.composite
def attributes(draw: st.DrawFn) -> Meant:
    name, value_of = draw(st.sampled_from(sorted(ATTRIBUTES.items())))
    if draw(st.integers(0, 5)) == 0:
        return lambda run: value_of(run) is None, f"{name} IS NULL"
    op, other, text = draw(operations(texts=name not in TIMES))

    def holds(run: Run) -> bool:
        value = value_of(run)
        return value is not None and compare(value, op, other)

    return holds, f"{name} {text}"


@st.composite
def others(draw: st.DrawFn) -> Meant:
    match draw(st.sampled_from(["free", "lost", "dataset"])):
        case "free":
            text = draw(st.sampled_from(TEXTS))
            fold = oracle._like(f"%{''}%", "", fold=True)
            assert fold
            return lambda run: lower(text) in lower(run.name), quoted(text)
        case "lost":
            wanted = draw(st.booleans())
            return lambda run: not wanted, f"lost = {str(wanted).lower()}"
    key = draw(st.sampled_from(["name", "digest", "context"]))
    op, other, text = draw(operations(texts=True))
    field = ("name", "digest", "context").index(key)
    return (
        lambda run: any(
            each[field] is not None and compare(each[field], op, other) for each in run.datasets
        ),
        f"dataset.{key} {text}",
    )


def lower(text: str) -> str:
    """As SQLite: ASCII letters alone."""
    return "".join(each.lower() if each.isascii() else each for each in text)


leaves = st.one_of(metrics(), pairs(), attributes(), others())


def expressions() -> st.SearchStrategy[Meant]:
    """Leaves joined by AND, OR, NOT and brackets, with what they mean."""

    def join(parts: st.SearchStrategy[Meant]) -> st.SearchStrategy[Meant]:
        return st.one_of(
            st.tuples(parts, parts).map(
                lambda two: (
                    lambda run: two[0][0](run) and two[1][0](run),
                    f"({two[0][1]}) and ({two[1][1]})",
                )
            ),
            st.tuples(parts, parts).map(
                lambda two: (
                    lambda run: two[0][0](run) or two[1][0](run),
                    f"(({two[0][1]})OR {two[1][1]})",
                )
            ),
            parts.map(lambda one: (lambda run: not one[0](run), f"NOT ({one[1]})")),
        )

    return st.recursive(leaves, join, max_leaves=5)


@st.composite
def worlds(draw: st.DrawFn) -> list[Run]:
    runs = draw(strategies.runs(8))
    for run in runs:
        for key in run.metrics:
            run.before[key] = draw(st.lists(st.sampled_from(strategies.NUMBERS), max_size=2))
    return runs


@settings(max_examples=600, deadline=None)
@given(world=worlds(), meant=expressions())
def test_any_expression_means_what_python_says(world: list[Run], meant: Meant) -> None:
    views = MemoryViews()
    for run in world:
        views.add_run(run)
    holds, text = meant
    assert found(views, text) == {run.run_id for run in world if holds(run)}


@settings(max_examples=300, deadline=None)
@given(data=st.data(), world=strategies.runs())
def test_whatever_mlflows_filter_takes_means_the_same(
    data: st.DataObject, world: list[Run]
) -> None:
    comparisons, text = data.draw(strategies.filters([run.run_id for run in world]))
    views = MemoryViews()
    for run in world:
        run.end_time = run.end_time or None
        views.add_run(run)
    expected = {run.run_id for run in world if oracle.holds(run, comparisons)}
    assert found(views, text) == expected


def ids_of(text: str) -> str:
    views = MemoryViews()
    for number_, name in enumerate(["a", "b", "c", "d"]):
        views.add_run(
            Run(
                name,
                name=f"run-{name}_%",
                metrics={"m": float(number_), "a:b": 1.0},
                params={"lr": ["0.1", "1e-1", "auto", "2"][number_]},
            )
        )
    return "".join(sorted(found(views, text)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("metrics.m = 0 OR metrics.m = 1 AND metrics.m = 2", "a"),
        ("(metrics.m = 0 OR metrics.m = 1) AND metrics.m > 0", "b"),
        ("NOT metrics.m = 0 AND NOT metrics.m = 1", "cd"),
        ("NOT NOT metrics.m = 0", "a"),
        ("params.lr = 0.1", "ab"),
        ("params.lr = '0.1'", "a"),
        ("params.lr BETWEEN 0 AND 1 AND metrics.m < 1", "a"),
        ("params.lr IN (2, 3,) OR params.lr = 'auto'", "cd"),
        ("'RUN-A'", "a"),
        ("'_%'", "abcd"),
        ('"run" and not "d"', "abc"),
        ("metrics.`a:b`:count = 1 and", "abcd"),
        ("metrics.`a:b` = 1", "abcd"),
        ("lost = true", ""),
        ("", "abcd"),
        ("  ", "abcd"),
    ],
)
def test_what_filters_find(text: str, expected: str) -> None:
    assert ids_of(text) == expected


@pytest.mark.parametrize(
    ("text", "at", "said"),
    [
        ("metrics.m <", 11, "found the end"),
        ("metrics.m < 'x'", 12, "a number without quotes"),
        ("(metrics.m < 1", 14, "AND, OR or )"),
        ("metrics.m < 1)", 13, "AND, OR or the end"),
        ("metrics.m < 1 resnet", 14, "AND, OR or the end"),
        ("resnet", 0, "in quotes"),
        ("status", 6, "found the end"),
        ("metrics.m < 1 OR colour = 1", 17, "not one of the attribute keys"),
        ("  params.lr:min = 1", 2, "only metrics"),
        ("params.lr IN (1, 'x')", 17, "do not go together"),
        ("lost = 1", 7, "true or false"),
        ("tags.t = 1", 9, "a text in quotes"),
        ("name = 'x", 7, "not closed"),
        ("NOT " * 60 + "lost = true", 200, "more than 50 levels"),
        (" AND ".join(["lost = true"] * 257), 256 * 16, "more than 256 comparisons"),
        (f"metrics.m IN ({', '.join('1' for _ in range(1001))})", 14 + 3000, "more than 1000"),
        ("name = '\ud800'", 8, "surrogate"),
    ],
)
def test_a_refusal_names_its_place(text: str, at: int, said: str) -> None:
    with pytest.raises(InvalidFilter, match=said.replace(")", "\\)")) as caught:
        parse_expression(text)
    assert caught.value.at == at


WORDS = """metrics.a :min params. name lost = < != IN NOT AND OR ( ) , 'x' "y" ' 1 true BETWEEN IS
    NULL LIKE ;"""
scraps = st.lists(st.sampled_from(WORDS.split()), max_size=10).map(" ".join)


@settings(max_examples=600, deadline=None)
@given(text=scraps | st.text(st.characters(exclude_categories=())))
def test_any_text_is_answered_or_refused_at_a_place(text: str) -> None:
    views = MemoryViews()
    views.add_run(Run("r", metrics={"a": 1.0}))
    refusal: InvalidFilter | None = None
    try:
        found(views, text)
    except InvalidFilter as error:
        refusal = error
    assert refusal is None or (refusal.at is not None and 0 <= refusal.at <= len(text))
