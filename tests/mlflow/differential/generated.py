"""Hypothesis strategies for conversations: commands over a few runs, filters over a population.

Keys, names and values come from small sets, so that commands meet: the same param twice, a tag
deleted and set again, a point logged after a later one.  Some of every set is invalid.
"""

from __future__ import annotations

import itertools
import math
import uuid
from collections.abc import Sequence

from hypothesis import strategies as st

from tests.mlflow.differential.steps import Step, delete, get, patch, post

RUNS = ("<run0>", "<run1>", "<run2>")
MODELS = ("<model0>", "<model1>")
METRIC_KEYS = ("a", "b/c d", "größe")
_BAD_KEYS = ("a$", "../a", "", "k" * 251)

_numbers = itertools.count()
# Servers that outlive one session meet these names again.
_session = uuid.uuid4().hex

runs = st.sampled_from(RUNS)
models = st.sampled_from(MODELS)
metric_keys = st.sampled_from(METRIC_KEYS + METRIC_KEYS + _BAD_KEYS)
text_keys = st.sampled_from(("p", "q.r", "größe", "mlflow.runName", "p", "q.r", *_BAD_KEYS))
texts = st.one_of(
    st.sampled_from(("", "1", "2", "v" * 9000)),
    # SQLite ends a text at NUL and UTF-8 has no lone surrogates; both are another test's matter.
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8),
)


def _spelled(value: float) -> object:
    if math.isnan(value):
        return "NaN"
    return value if math.isfinite(value) else ("Infinity" if value > 0 else "-Infinity")


values = st.one_of(
    st.sampled_from((0.0, -0.0, 1.0, 2, -1, "3.5", True, "NaN", "Infinity", "-Infinity")),
    st.floats().map(_spelled),
    st.integers(-(2**70), 2**70),
)
small = st.integers(0, 3)
timestamps = st.one_of(small, small, st.integers(-1, 2**63 - 1), small.map(str))
steps = st.one_of(small, small, st.integers(-(2**63), 2**63 - 1), small.map(str), st.none())


@st.composite
def _metric(draw: st.DrawFn) -> dict[str, object]:
    body: dict[str, object] = {"key": draw(metric_keys), "value": draw(values)}
    body["timestamp"] = draw(timestamps)
    step = draw(steps)
    if step is not None:
        body["step"] = step
    return body


def _of_model(metric: dict[str, object], model: str) -> dict[str, object]:
    # MLflow refuses a model's second value at one step and time (row M16): here there is but one.
    value = (int(str(metric["timestamp"])) + int(str(metric.get("step", 0)))) % 5
    return {**metric, "value": value, "model_id": model}


Fields = st.SearchStrategy[dict[str, object]]

_pair: Fields = st.fixed_dictionaries({"key": text_keys, "value": texts})
_key: Fields = st.fixed_dictionaries({"key": text_keys})


def _one(path: str, body: Fields) -> st.SearchStrategy[Step]:
    return st.builds(lambda run, fields: post("", path, {"run_id": run, **fields}), runs, body)


def _lists(**lists: st.SearchStrategy[object]) -> Fields:
    return st.fixed_dictionaries({}, optional=lists)


_batch = _lists(
    metrics=st.lists(_metric(), max_size=6),
    params=st.lists(_pair, max_size=3),
    tags=st.lists(_pair, max_size=3),
)
_change = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(("RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED", "X", 3)),
        "end_time": st.integers(0, 9),
        "run_name": st.sampled_from(("", "new", "größe")),
    },
)
_dataset = st.builds(
    lambda name, digest, source, context: {
        "tags": [{"key": "mlflow.data.context", "value": context}] if context else [],
        "dataset": {"name": name, "digest": digest, "source_type": "s", "source": source},
    },
    st.sampled_from(("iris", "wine", "n" * 501)),
    st.sampled_from(("1", "2")),
    st.sampled_from(("here", "there")),
    st.sampled_from(("", "train", "test")),
)
# One at a time: a model linked again would make MLflow refuse the others with it (row D8).
_outputs = st.lists(
    st.fixed_dictionaries(
        {"model_id": st.sampled_from((*MODELS, "m-unknown"))}, optional={"step": small}
    ),
    min_size=1,
    max_size=1,
)


def _experiment(path: str, **fields: st.SearchStrategy[object]) -> st.SearchStrategy[Step]:
    return st.builds(
        lambda body: post("", f"experiments/{path}", {"experiment_id": "<exp>", **body}),
        st.fixed_dictionaries(fields),
    )


def _model(path: str, field: str, items: st.SearchStrategy[object]) -> st.SearchStrategy[Step]:
    send = post if path == "/params" else patch
    return st.builds(
        lambda model, item: send(
            "", f"logged-models/{model}{path}", {"model_id": model, field: item}
        ),
        models,
        items,
    )


_free_pairs = st.lists(
    st.fixed_dictionaries({"key": st.sampled_from(("p", "q")), "value": texts}),
    max_size=2,
    unique_by=lambda pair: pair["key"],
)

command = st.one_of(
    _one("runs/log-metric", _metric()),
    _one("runs/log-metric", st.builds(_of_model, _metric(), models)),
    _one("runs/log-batch", _batch),
    _one("runs/log-batch", _batch),
    _one("runs/log-parameter", _pair),
    _one("runs/set-tag", _pair),
    _one("runs/delete-tag", _key),
    _one("runs/update", _change),
    _one("runs/delete", st.just({})),
    _one("runs/restore", st.just({})),
    _one("runs/restore", st.just({})),
    _one("runs/log-inputs", _lists(datasets=st.lists(_dataset, max_size=3))),
    _one("runs/outputs", st.fixed_dictionaries({"models": _outputs})),
    _experiment("delete"),
    _experiment("restore"),
    _experiment("restore"),
    _experiment("set-experiment-tag", key=text_keys, value=texts),
    _experiment("delete-experiment-tag", key=text_keys),
    _model("", "status", st.sampled_from(("LOGGED_MODEL_READY", "LOGGED_MODEL_UPLOAD_FAILED"))),
    _model("/tags", "tags", _free_pairs),
    _model("/params", "params", _free_pairs),
    models.map(lambda model: delete("", f"logged-models/{model}")),
)
# Not fewer, because reading everything back costs more than the commands themselves.
commands = st.lists(command, min_size=6, max_size=30)


def opening() -> list[Step]:
    """A new experiment with its runs and models."""
    name = f"generated {_session} {next(_numbers)}"
    where = {"experiment_id": "<exp>"}
    return [
        post("", "experiments/create", {"name": name}, bind={"exp": "experiment_id"}),
        *(
            post(
                "",
                "runs/create",
                {**where, "run_name": f"run {start}", "start_time": start},
                bind={run.strip("<>"): "run.info.run_id"},
            )
            for start, run in enumerate(RUNS)
        ),
        *(
            post(
                "",
                "logged-models",
                {**where, "name": f"model {number}"},
                bind={model.strip("<>"): "model.info.model_id"},
            )
            for number, model in enumerate(MODELS)
        ),
    ]


def closing(said: Sequence[Step]) -> list[Step]:
    """Everything that can be read about what `said` may have changed."""
    histories = [
        get("", "metrics/get-history", {"run_id": run, "metric_key": key})
        for run in RUNS
        for key in METRIC_KEYS
        if any(step.body and run.encode() in step.body and b'"value"' in step.body for step in said)
    ]
    return [
        get("", "experiments/get", {"experiment_id": "<exp>"}),
        *(get("", "runs/get", {"run_id": run}) for run in RUNS),
        *histories,
        *(get("", f"logged-models/{model}", {"allow_deleted": "true"}) for model in MODELS),
        post("", "runs/search", {"experiment_ids": ["<exp>"], "run_view_type": "ALL"}),
    ]
