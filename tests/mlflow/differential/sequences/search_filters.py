"""The search for runs: what a filter may say."""

from __future__ import annotations

from tests.mlflow.differential.steps import INVALID, Step, post

_EXPERIMENTS = ["<exp>", "<exp2>"]


def _search(name: str, error: str | int | None = None, **body: object) -> Step:
    full = {"experiment_ids": _EXPERIMENTS, **body}
    return post(name, "runs/search", full, error=error)


def _filter(text: str, error: str | int | None = None) -> Step:
    verb = "refused" if error else "answered"
    return _search(f"the filter {text!r} is {verb}", error, filter=text)


_METRIC_FILTERS = [
    *(_filter(f"metrics.loss {operator} 0.5") for operator in ("=", "!=", ">", ">=", "<", "<=")),
    *(
        _filter(text)
        for text in (
            "metric.loss = 0.25",
            "metrics.`a b/c` = 1",
            'metrics."a b/c" = 1',
            "metrics.acc < -0.5",
            "metrics.loss > 1e300",
            "metrics.loss = 99",
            "metrics.loss<1",
            "metrics.absent != 1",
            "metrics.loss > 0.1 AND metrics.acc > 0.1",
            "metrics.loss > 0.1 and metrics.loss < 0.3",
        )
    ),
    *(
        _filter(text, INVALID)
        for text in (
            "metrics.loss = '0.5'",
            "metrics.loss LIKE '0.5'",
            "metrics.loss == 0.5",
            "metrics.loss <> 0.5",
            "metrics.loss = high",
            "metrics.loss",
            "metrics.loss = ",
            "metrics.loss IN (1, 2)",
            "metrics.loss BETWEEN 1 AND 2",
            "metrics.loss = 1 OR metrics.loss = 2",
            "NOT metrics.loss = 1",
            "(metrics.loss = 1)",
            "metrics.a.loss = '1'",
            "Metrics.loss = 1",
            "metrics.loss = 1;",
            " ",
        )
    ),
]

_TEXT_FILTERS = [
    *(
        _filter(text)
        for text in (
            "",
            "params.opt = 'adam'",
            "params.opt != 'adam'",
            "params.opt LIKE 'a%'",
            "params.opt ILIKE 'A%'",
            "params.opt like '_dam'",
            "param.opt = 'sgd'",
            "parameter.opt = 'sgd'",
            "parameters.opt = 'sgd'",
            "params.lr = ''",
            'params.lr = "0.1"',
            "params.lr IS NULL",
            "params.lr IS NOT NULL",
            "params.lr is null",
            "params.lr = '0.1' AND params.opt = 'sgd'",
            "tags.team = 'red'",
            "tag.team = 'red'",
            "tags.team != 'red'",
            "tags.team LIKE '%e%'",
            "tags.team ILIKE 'RED'",
            "tags.team IS NULL",
            "tags.team IS NOT NULL",
            "tags.`a b/c-d` = 'x'",
            'tags."a b/c-d" = "x"',
            'tags.team = "it\'s"',
            "tags.quote = 'say \"hi\"'",
            "tags.mlflow.runName = 'alpha'",
            "tags.`mlflow.runName` LIKE 'gamma%'",
            "tags.team = 'red' AND params.lr = '0.1' AND metrics.loss < 1",
            "tags.team = 'red' AND",
            "tags. = 'x'",
            "tags.team = 'red' params.lr = '0.1'",
        )
    ),
    *(
        _filter(text, INVALID)
        for text in (
            "params.lr = 0.1",
            "params.lr > '0.1'",
            "params.lr IN ('0.1', '10')",
            "params.lr = `0.1`",
            "tags.team IN ('red')",
            "tags.team > 'red'",
            "tags.team = red",
            "tags.team = 5",
            "tags.a b = 'x'",
            "tags = 'x'",
            "planets.mars = 'x'",
            "tags.team = 'it's'",
            "'red' = tags.team",
            "tags.team IS 'red'",
            "tags.team LIKE 5",
            "tags.team = 'a', tags.team = 'b'",
        )
    ),
]

_ATTRIBUTE_FILTERS = [
    *(
        _filter(text)
        for text in (
            "run_id = '<run0>'",
            "attributes.run_id = '<run0>'",
            "attribute.run_id != '<run0>'",
            "attr.run_id LIKE '<run0>'",
            "run.run_id IN ('<run0>', '<run1>')",
            "run_id NOT IN ('<run0>', '<run1>')",
            "run_id IN ('<run0>')",
            "run_name = 'alpha'",
            "attributes.run_name ILIKE 'BETA'",
            "run_name LIKE 'gamma\\_1'",
            "run_name LIKE 'gamma_%'",
            "`run name` = 'alpha'",
            "attributes.`Run Name` = 'alpha'",
            "run_name = 'ζeta'",
            "status = 'FINISHED'",
            "attributes.status != 'FINISHED'",
            "status = 'finished'",
            "status LIKE 'F%'",
            "status ILIKE 'f%'",
            "user_id = 'ann'",
            "user_id ILIKE 'BOB'",
            "artifact_uri LIKE '%artifacts'",
            "start_time > 300",
            "attributes.start_time <= 300",
            "start_time != 300",
            "created > 300",
            "attributes.Created = 100",
            "end_time > 0",
            "end_time != 250",
        )
    ),
    *(
        _filter(text, INVALID)
        for text in (
            "run_id > 'a'",
            "run_id IN ()",
            "run_id IN (1, 2)",
            "run_id IN 'a'",
            "run_name IN ('alpha')",
            "status IN ('FINISHED')",
            "status > 'A'",
            "start_time > '300'",
            "start_time LIKE '3%'",
            "start_time = noon",
            "experiment_id = '1'",
            "lifecycle_stage = 'active'",
            "attributes.nothing = 'x'",
            "nothing = 'x'",
            "run_name = 5",
        )
    ),
]

_DATASET_FILTERS = [
    *(
        _filter(text)
        for text in (
            "dataset.name = 'iris'",
            "datasets.name != 'iris'",
            "dataset.name LIKE 'W%'",
            "dataset.name ILIKE 'w%'",
            "dataset.digest = 'd1'",
            "dataset.context = 'train'",
            "dataset.context IN ('train', 'x')",
            "dataset.name NOT IN ('iris')",
            "dataset.name IN ('iris', 'Wine')",
            "dataset.name = 'iris' AND dataset.context = 'test'",
        )
    ),
    *(
        _filter(text, INVALID)
        for text in ("dataset.name > 'a'", "dataset.source = 's'", "dataset.name = 5")
    ),
]

STEPS = [*_METRIC_FILTERS, *_TEXT_FILTERS, *_ATTRIBUTE_FILTERS, *_DATASET_FILTERS]
