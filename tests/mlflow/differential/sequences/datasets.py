"""Datasets that runs took in, models they took in and put out, and the summary of datasets."""

from __future__ import annotations

from tests.mlflow.differential.steps import AJAX, BAD_REQUEST, INVALID, MISSING, Step, get, post


def _dataset(name: object = "iris", digest: object = "d1", **more: object) -> dict[str, object]:
    return {"name": name, "digest": digest, "source_type": "local", "source": "s", **more}


def _input(dataset: object, **tags: object) -> dict[str, object]:
    named = [{"key": key.replace("__", "."), "value": value} for key, value in tags.items()]
    return {"dataset": dataset, **({"tags": named} if named else {})}


def _log(name: str, inputs: object, error: str | None = None, run: str = "<run>") -> Step:
    return post(name, "runs/log-inputs", {"run_id": run, "datasets": inputs}, error=error)


def _read(name: str, run: str = "run") -> Step:
    return get(name, "runs/get", {"run_id": f"<{run}>"})


_SETUP = [
    *(
        post(
            f"there is the experiment {symbol} for datasets",
            "experiments/create",
            {"name": f"datasets {symbol}"},
            bind={symbol: "experiment_id"},
        )
        for symbol in ("exp", "exp2")
    ),
    *(
        post(
            f"there is the run {symbol} for datasets",
            "runs/create",
            {"experiment_id": experiment, "run_name": symbol, "start_time": start},
            bind={symbol: "run.info.run_id"},
        )
        for symbol, experiment, start in (
            ("run", "<exp>", 1),
            ("other", "<exp>", 2),
            ("away", "<exp2>", 3),
        )
    ),
]

_INPUTS = [
    _log("a dataset is logged", [_input(_dataset(), mlflow__data__context="train", size="150")]),
    _read("the dataset is read back"),
    _log(
        "the same dataset keeps its first tags",
        [_input(_dataset(source="elsewhere"), mlflow__data__context="test")],
    ),
    _read("the first tags and source are read back"),
    _log(
        "a dataset has a schema and a profile",
        [_input(_dataset("wine", "d2", schema='{"a": 1}', profile='{"rows": 2}'))],
    ),
    _log(
        "another digest is another dataset",
        [
            _input(_dataset("iris", "d9"), mlflow__data__context="test"),
            _input(_dataset("iris", "d8")),
        ],
    ),
    _read("all datasets are read back"),
    _log(
        "another run keeps its own tags and the first source",
        [_input(_dataset(source="third"), mlflow__data__context="eval")],
        run="<other>",
    ),
    _read("the other run's dataset is read back", "other"),
    _log("another experiment has its own datasets", [_input(_dataset(source="s2"))], run="<away>"),
    _read("the other experiment's source is its own", "away"),
    _log("no datasets are no error", []),
    post("no list is no error", "runs/log-inputs", {"run_id": "<run>"}),
    _log("a digest may be absent", [_input({"name": "bare", "source_type": "x", "source": "s"})]),
    _log("a source may be absent", [_input({"name": "b2", "digest": "1", "source_type": "x"})]),
    _log(
        "a tag may be set twice",
        [
            {
                "dataset": _dataset("tagged", "t"),
                "tags": [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}],
            }
        ],
    ),
    _read("the bare datasets are read back"),
]

_REFUSALS = [
    post("inputs need a run", "runs/log-inputs", {"datasets": []}, error=INVALID),
    _log("an unknown run takes no dataset", [_input(_dataset())], MISSING, "0" * 32),
    _log("a run id of odd form takes no dataset", [_input(_dataset())], INVALID, "a/b"),
    _log("datasets are a list", "iris", INVALID),
    _log("a name of 501 characters is too long", [_input(_dataset("n" * 501))], INVALID),
    _log("a digest of 37 characters is too long", [_input(_dataset("n", "d" * 37))], INVALID),
    _log("a name of 500 characters fits", [_input(_dataset("n" * 500, "d" * 36))]),
    _log("a source is not endless", [_input(_dataset("n", "1", source="s" * 65536))], INVALID),
    _log("a schema is not endless", [_input(_dataset("n", "1", schema="s" * 1048576))], INVALID),
    _log("a tag's key is not endless", [_input(_dataset("n", "1"), **{"k" * 256: "v"})], INVALID),
    _log("a tag's value is not endless", [_input(_dataset("n", "1"), k="v" * 501)], INVALID),
    _log(
        "one bad dataset refuses all",
        [_input(_dataset("never", "1")), _input(_dataset("n" * 501, "1"))],
        INVALID,
    ),
    _read("a refused call leaves nothing"),
]

_MODELS = [
    post(
        "a run takes in a model",
        "runs/log-inputs",
        {"run_id": "<run>", "models": [{"model_id": "m-in"}]},
    ),
    _read("the model taken in is read back"),
    post(
        "the same model again is no error",
        "runs/log-inputs",
        {"run_id": "<run>", "models": [{"model_id": "m-in"}]},
    ),
    post(
        "a run puts out models",
        "runs/outputs",
        {"run_id": "<run>", "models": [{"model_id": "m-a", "step": 3}, {"model_id": "m-b"}]},
    ),
    _read("the models put out are read back"),
    post(
        "the same output again",
        "runs/outputs",
        {"run_id": "<run>", "models": [{"model_id": "m-a", "step": 3}]},
        error=BAD_REQUEST,
    ),
    post("outputs need models", "runs/outputs", {"run_id": "<run>"}, error=INVALID),
    post("outputs need a run", "runs/outputs", {"models": [{"model_id": "m"}]}, error=INVALID),
    post(
        "an unknown run puts out nothing",
        "runs/outputs",
        {"run_id": "0" * 32, "models": [{"model_id": "m-a", "step": 0}]},
        error=MISSING,
    ),
    post(
        "inputs and outputs are found by a search",
        "runs/search",
        {"experiment_ids": ["<exp>", "<exp2>"]},
    ),
]


def _summaries(name: str, error: str | None = None, **body: object) -> Step:
    return post(name, AJAX + "experiments/search-datasets", body, error=error)


_SUMMARIES = [
    _summaries("the datasets of an experiment are summed up", experiment_ids=["<exp>"]),
    _summaries("the datasets of two experiments", experiment_ids=["<exp>", "<exp2>"]),
    _summaries("an unknown experiment has no datasets", experiment_ids=["99999"]),
    _summaries("datasets need experiments", INVALID),
    _summaries("an empty list of experiments has no datasets", INVALID, experiment_ids=[]),
    _summaries("at most 20 experiments", INVALID, experiment_ids=[str(n) for n in range(21)]),
    _summaries("experiments of datasets are a list", INVALID, experiment_ids="<exp>"),
]

STEPS = [*_SETUP, *_INPUTS, *_REFUSALS, *_MODELS, *_SUMMARIES]
