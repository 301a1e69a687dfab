"""The language: what is accepted and means what, what is refused and why (rows F, G1, G2, G7)."""

import pytest

from projections.search.dialects import EXPERIMENTS, LOGGED_MODELS, RUNS, Dialect
from projections.search.errors import InvalidFilter, InvalidOrder
from projections.search.grammar import COMPARISONS_MAX, And, Comparison, parse_filter, parse_order


def meaning(text: str, dialect: Dialect = RUNS) -> list[tuple[str, str, str, object]]:
    """The comparisons of a filter."""
    parts = parse_filter(text, dialect).parts
    found = [part for part in parts if isinstance(part, Comparison)]
    assert len(found) == len(parts)
    return [(each.entity, each.key, each.op, each.value) for each in found]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("metrics.a < 1", ("metric", "a", "<", 1.0)),
        ("metric.a>=-1", ("metric", "a", ">=", -1.0)),
        ("metrics.a<.5", ("metric", "a", "<", 0.5)),
        ("metrics.a != 5.", ("metric", "a", "!=", 5.0)),
        ("metrics.a = 1e-3", ("metric", "a", "=", 0.001)),
        ("metrics.a <= 1E400", ("metric", "a", "<=", float("inf"))),
        ("metrics.`val loss` > 0", ("metric", "val loss", ">", 0.0)),
        ('metrics."val/loss" > 0', ("metric", "val/loss", ">", 0.0)),
        ("metrics.'val-loss' > 0", ("metric", "val-loss", ">", 0.0)),
        ("`metrics`.`a` > 0", ("metric", "a", ">", 0.0)),
        ("metrics.a.b.c > 0", ("metric", "a.b.c", ">", 0.0)),
        ("metrics.1a > 0", ("metric", "1a", ">", 0.0)),
        ("metrics.日本 > 0", ("metric", "日本", ">", 0.0)),
        ("params.a = 'x'", ("param", "a", "=", "x")),
        ('param.a != "x"', ("param", "a", "!=", "x")),
        ("parameter.a like '%x_'", ("param", "a", "LIKE", "%x_")),
        ("parameters.a iLIKE 'x'", ("param", "a", "ILIKE", "x")),
        ("params.a = ''", ("param", "a", "=", "")),
        ("params.a = 'it''s'", ("param", "a", "=", "it''s")),
        ("params.a = 'it\\'s'", ("param", "a", "=", "it\\'s")),
        ('params.a = "it\'s"', ("param", "a", "=", "it's")),
        ("params.a = 'x AND y'", ("param", "a", "=", "x AND y")),
        ("params.a IS NULL", ("param", "a", "IS NULL", None)),
        ("params.order is  not\nnull", ("param", "order", "IS NOT NULL", None)),
        ("tags.mlflow.user = 'me'", ("tag", "mlflow.user", "=", "me")),
        ("tag.`a-b` IS NOT NULL", ("tag", "a-b", "IS NOT NULL", None)),
        ("status = 'FINISHED'", ("attribute", "status", "=", "FINISHED")),
        ("attributes.status != 'x'", ("attribute", "status", "!=", "x")),
        ("attribute.user_id LIKE 'x'", ("attribute", "user_id", "LIKE", "x")),
        ("attr.artifact_uri ILIKE 'x'", ("attribute", "artifact_uri", "ILIKE", "x")),
        ("run.run_name = 'x'", ("attribute", "run_name", "=", "x")),
        ("`run name` = 'x'", ("attribute", "run_name", "=", "x")),
        ("attributes.\"Run name\" = 'x'", ("attribute", "run_name", "=", "x")),
        ("attributes.'Run Name' = 'x'", ("attribute", "run_name", "=", "x")),
        ("run_id IN ('x')", ("attribute", "run_id", "IN", ("x",))),
        ("run_id in('x', \"y\")", ("attribute", "run_id", "IN", ("x", "y"))),
        ("run_id NOT  IN ('x',)", ("attribute", "run_id", "NOT IN", ("x",))),
        ("start_time > 5", ("attribute", "start_time", ">", 5)),
        ("created <= 1.5", ("attribute", "start_time", "<=", 1.5)),
        ("Created = 1e3", ("attribute", "start_time", "=", 1000.0)),
        ("end_time != 99999999999999999999", ("attribute", "end_time", "!=", 1e20)),
        ("dataset.name = 'x'", ("dataset", "name", "=", "x")),
        ("datasets.digest IN ('x', 'y')", ("dataset", "digest", "IN", ("x", "y"))),
        ("dataset.`context` NOT IN ('x')", ("dataset", "context", "NOT IN", ("x",))),
    ],
)
def test_a_comparison_about_runs_means(text: str, meant: tuple[str, str, str, object]) -> None:
    assert meaning(text) == [meant]
    assert meaning(f"  {text}\n AND ") == [meant]


@pytest.mark.parametrize("joint", [" AND ", " and ", "\nAnd\t"])
def test_comparisons_are_joined_with_and_in_any_case(joint: str) -> None:
    text = joint.join(["metrics.a < 1", "params.b = 'x'", "tags.c IS NULL"])
    assert [key for _, key, _, _ in meaning(text)] == ["a", "b", "c"]


def test_a_quote_needs_no_blank_before_and() -> None:
    assert len(meaning("params.a='x'and params.b='y'AND run_id IN('z')")) == 2 + 1


def test_no_filter_is_no_comparison() -> None:
    assert parse_filter("", RUNS) == And(())


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (" ", "expected the name of a field"),
        ("AND", "position 1: expected the name of a field"),
        ("metrics.a", "expected an operator (metrics.a takes =, !=, <, <=, >, >=), found the end"),
        ("metrics.a =", "expected a number without quotes, found the end"),
        ("metrics.a = '1'", "position 13: expected a number without quotes, found '1'"),
        ("metrics.a = nan", "expected a number without quotes, found nan"),
        ("metrics.a = +1", "position 13: '+1'"),
        ("metrics.a = 1_000", "position 13: '1_000'"),
        ("metrics.a = 0x10", "position 13: '0x10'"),
        ("metrics.a == 1", "position 11: == does not work here, metrics.a takes =, !="),
        ("metrics.a <> 1", "position 11: <> does not work here"),
        ("metrics.a LIKE 'x'", "position 11: LIKE does not work here"),
        ("metrics.a IS NULL", "position 11: IS NULL does not work here"),
        ("metrics.a IN (1)", "position 11: IN does not work here"),
        ("metrics.a-b = 1", "position 10: '-b'"),
        ("metrics. a = 1", "position 1: a key must follow metrics. without a blank"),
        ("Metrics.a = 1", "position 1: 'Metrics' is not one of the prefixes metrics, params"),
        ("`metrics.a` = 1", "'metrics.a' is not one of the attribute keys run_id"),
        ("params.a = 1", "position 12: expected a string in quotes"),
        ("params.a = x", "found x"),
        ("params.a = `x`", "found `x`"),
        ("params.a = 'x", "position 12: the quote ' that opens here is not closed"),
        ("params.a < 'x'", "< does not work here, params.a takes =, !=, LIKE, ILIKE, IS NULL"),
        ("params.a NOT LIKE 'x'", "NOT LIKE does not work here"),
        ("params.a RLIKE 'x'", "RLIKE does not work here"),
        ("params.a BETWEEN 'x' AND 'y'", "BETWEEN does not work here"),
        ("params.a IN ('x')", "IN does not work here"),
        ("params.a IS 'x'", "expected NULL or NOT NULL after IS, found 'x'"),
        ("tags.a NOT", "NOT does not work here"),
        ("status IN ('x')", "position 8: IN does not work here"),
        ("status > 'x'", "> does not work here"),
        ("run_id IN ()", "position 12: expected a string in quotes"),
        ("run_id IN (1)", "expected a string in quotes (run_id IN ('a', 'b')), found 1"),
        ("run_id IN 'x'", "expected a list of strings in parentheses"),
        ("run_id IN ('x' 'y')", "expected a comma or the end of the list"),
        ("run_id IN ('x'", "expected a comma or the end of the list"),
        ("run_id IN (,'x')", "position 12: expected a string in quotes"),
        ("run_id = ('x')", "expected a string in quotes"),
        ("start_time > '5'", "expected a number without quotes, found '5'"),
        ("experiment_id = '1'", "'experiment_id' is not one of the attribute keys run_id"),
        ("lifecycle_stage = 'active'", "'lifecycle_stage' is not one of the attribute keys"),
        ("CREATED > 1", "'CREATED' is not one of the attribute keys"),
        ("dataset.foo = 'x'", "'foo' is not one of the dataset keys name, digest, context"),
        ("dataset.name IS NULL", "IS NULL does not work here"),
        ("1 < metrics.a", "position 1: expected the name of a field"),
        ("'status' = 'x'", "position 1: expected the name of a field"),
        ("params.a = 'x' OR params.b = 'y'", "position 16: expected AND (OR, NOT and parentheses"),
        ("(params.a = 'x')", "position 1: expected the name of a field"),
        ("NOT params.a = 'x'", "position 1: expected the name of a field"),
        ("params.a = 'x' AND AND params.b = 'y'", "position 20: expected the name of a field"),
        ("params.a = 'x' params.b = 'y'", "position 16: expected AND"),
        ("params.a = 'x';", "position 15: ';' is not allowed"),
        ("params.a = 'x' -- remark", "position 16: '--'"),
        ("params.a = '\ud800'", "position 13: half of a surrogate pair"),
    ],
)
def test_a_filter_is_refused_with_its_place_and_what_is_allowed(text: str, why: str) -> None:
    with pytest.raises(InvalidFilter) as refused:
        parse_filter(text, RUNS)
    assert str(refused.value).startswith(f"Invalid filter {text!r}: ")
    assert why in str(refused.value)


def test_long_filters_are_cut_in_messages() -> None:
    with pytest.raises(InvalidFilter) as refused:
        parse_filter("params.a = '" + "x" * 100_000, RUNS)
    assert len(str(refused.value)) < 500


def test_filters_have_as_many_comparisons_as_sqlite_can_take() -> None:
    assert len(meaning(" AND ".join(["metrics.a < 1"] * COMPARISONS_MAX))) == COMPARISONS_MAX
    with pytest.raises(InvalidFilter, match="more than 256 comparisons"):
        parse_filter(" AND ".join(["metrics.a < 1"] * (COMPARISONS_MAX + 1)), RUNS)


def test_patterns_have_a_length_that_sqlite_can_take() -> None:
    with pytest.raises(InvalidFilter, match="position 15: a pattern of more than 16000 bytes"):
        parse_filter(f"params.a LIKE '{'%' * 16_001}'", RUNS)


@pytest.mark.parametrize(
    ("text", "entity", "key", "descending"),
    [
        ("metrics.a", "metric", "a", False),
        ("metrics.a ASC", "metric", "a", False),
        ("metric.`a b` desc", "metric", "a b", True),
        ("params.'a b'", "param", "a b", False),
        ('tags."a b" DeSc', "tag", "a b", True),
        ("tags.desc\tDESC", "tag", "desc", True),
        ("start_time", "attribute", "start_time", False),
        ("Created DESC", "attribute", "start_time", True),
        ("attributes.run_name", "attribute", "run_name", False),
        ("run.end_time ASC", "attribute", "end_time", False),
        (" user_id ", "attribute", "user_id", False),
    ],
)
def test_an_order_means(text: str, entity: str, key: str, descending: bool) -> None:
    order = parse_order(text, RUNS)
    assert (order.entity, order.key, order.descending) == (entity, key, descending)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "expected the name of a field"),
        ("desc", "'desc' is not one of the attribute keys"),
        ("metrics.a foo", "position 11: expected ASC, DESC or the end"),
        ("metrics.a DESC NULLS LAST", "position 16"),
        ("metrics.a, metrics.b", "expected ASC, DESC or the end: each entry names one field"),
        ("metrics.a-b", "position 10"),
        ("`Run Name`", "'Run Name' is not one of the attribute keys run_id, run_name"),
        ("experiment_id", "'experiment_id' is not one of the attribute keys"),
        ("dataset.name", "a dataset cannot be ordered by, only metric, param, tag, attribute"),
        ("foo.a", "'foo' is not one of the prefixes"),
    ],
)
def test_an_order_is_refused_with_its_reason(text: str, why: str) -> None:
    with pytest.raises(InvalidOrder) as refused:
        parse_order(text, RUNS)
    assert str(refused.value).startswith(f"Invalid order_by {text!r}: ")
    assert why in str(refused.value)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("name = 'x'", ("attribute", "name", "=", "x")),
        ("attribute.`name` ilike 'x%'", ("attribute", "name", "ILIKE", "x%")),
        ("experiment_id = ' 07'", ("attribute", "experiment_id", "=", "7")),
        ("experiment_id NOT IN ('1', '+2')", ("attribute", "experiment_id", "NOT IN", ("1", "2"))),
        ("creation_time > 5", ("attribute", "creation_time", ">", 5)),
        ("last_update_time <= -5", ("attribute", "last_update_time", "<=", -5)),
        ("tags.a LIKE 'x'", ("tag", "a", "LIKE", "x")),
        ("tag.a IS NULL", ("tag", "a", "IS NULL", None)),
    ],
)
def test_a_comparison_about_experiments_means(
    text: str, meant: tuple[str, str, str, object]
) -> None:
    assert meaning(text, EXPERIMENTS) == [meant]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("name IN ('x')", "IN does not work here, name takes =, !=, LIKE, ILIKE"),
        ("name IS NULL", "IS NULL does not work here"),
        ("attributes.name = 'x'", "'attributes' is not one of the prefixes attribute, tags, tag"),
        ("metrics.a = 1", "'metrics' is not one of the prefixes"),
        ("experiment_id = 1", "expected a string in quotes"),
        ("experiment_id > '1'", "> does not work here"),
        ("experiment_id = 'x'", "position 17: 'x' is not an experiment id"),
        ("experiment_id IN ('1', 'x')", "position 24: 'x' is not an experiment id"),
        ("creation_time > 5.0", "expected a whole number, found 5.0"),
        ("creation_time > '5'", "expected a whole number without quotes, found '5'"),
        ("lifecycle_stage = 'x'", "'lifecycle_stage' is not one of the attribute keys"),
    ],
)
def test_a_filter_about_experiments_is_refused(text: str, why: str) -> None:
    with pytest.raises(InvalidFilter) as refused:
        parse_filter(text, EXPERIMENTS)
    assert why in str(refused.value)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("name = 'x'", ("attribute", "name", "=", "x")),
        ('name = "x"', ("attribute", "name", "=", "x")),
        ("name = x", ("attribute", "name", "=", "x")),
        ("attributes.model_id IN ('x', \"y\")", ("attribute", "model_id", "IN", ("x", "y"))),
        ("experiment_id = 5", ("attribute", "experiment_id", "=", "5")),
        ("status = 'READY'", ("attribute", "status", "=", "LOGGED_MODEL_READY")),
        ("status != 'FAILED'", ("attribute", "status", "!=", "LOGGED_MODEL_UPLOAD_FAILED")),
        ("status IN ('PENDING')", ("attribute", "status", "IN", ("LOGGED_MODEL_PENDING",))),
        ("status = 'LOGGED_MODEL_READY'", ("attribute", "status", "=", "LOGGED_MODEL_READY")),
        ("status LIKE 'READ%'", ("attribute", "status", "LIKE", "READ%")),
        ("creation_time > 5", ("attribute", "creation_timestamp_ms", ">", 5)),
        ("attributes.creation_timestamp > 5", ("attribute", "creation_timestamp_ms", ">", 5)),
        ("last_updated_timestamp < 1.5", ("attribute", "last_updated_timestamp_ms", "<", 1.5)),
        ("metrics.val-loss < 1", ("metric", "val-loss", "<", 1.0)),
        ("params.lr = 0.10", ("param", "lr", "=", "0.10")),
        ("params.`a b` NOT IN ('x')", ("param", "a b", "NOT IN", ("x",))),
        ("tags.a ILIKE 'x'", ("tag", "a", "ILIKE", "x")),
    ],
)
def test_a_comparison_about_logged_models_means(
    text: str, meant: tuple[str, str, str, object]
) -> None:
    assert meaning(text, LOGGED_MODELS) == [meant]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("foo = 'x'", "'foo' is not one of the attribute keys name, model_id"),
        ("lifecycle_stage = 'x'", "'lifecycle_stage' is not one of the attribute keys"),
        ("metric.a = 1", "'metric' is not one of the prefixes attributes, metrics, params, tags"),
        ("metrics.a = '1'", "expected a number without quotes"),
        ("params.a IS NULL", "IS NULL does not work here"),
        ("params.a < 'x'", "< does not work here"),
    ],
)
def test_a_filter_about_logged_models_is_refused(text: str, why: str) -> None:
    with pytest.raises(InvalidFilter) as refused:
        parse_filter(text, LOGGED_MODELS)
    assert why in str(refused.value)
