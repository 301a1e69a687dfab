"""Lineage: from a run and its datasets to logged models, their metrics, and their versions."""

from __future__ import annotations

from tests.mlflow.differential.steps import MISSING, Step, delete, get, post, raw

_MODELS = "logged-models"


def _model(symbol: str, exp: str = "exp", **more: object) -> Step:
    body = {"experiment_id": f"<{exp}>", "name": symbol, **more}
    return post(f"there is the model {symbol}", _MODELS, body, bind={symbol: "model.info.model_id"})


def _run(symbol: str) -> Step:
    body = {"experiment_id": "<exp>", "run_name": symbol, "start_time": 1}
    return post(f"there is the run {symbol}", "runs/create", body, bind={symbol: "run.info.run_id"})


def _point(
    name: str, run: str, key: str, value: float, step: int, model: str = "", dataset: str = ""
) -> Step:
    body: dict[str, object] = {"run_id": f"<{run}>", "key": key, "value": value, "step": step}
    body["timestamp"] = 100 + step
    if model:
        body["model_id"] = f"<{model}>"
    if dataset:
        body |= {"dataset_name": dataset, "dataset_digest": "d1"}
    return post(name, "runs/log-metric", body)


def _read_run(name: str, run: str) -> Step:
    return get(name, "runs/get", {"run_id": f"<{run}>"})


def _read_model(name: str, model: str, error: str | None = None) -> Step:
    return get(name, f"{_MODELS}/<{model}>", error=error)


def _outputs(name: str, run: str, models: list[object]) -> Step:
    return post(name, "runs/outputs", {"run_id": f"<{run}>", "models": models})


def _search(name: str, **body: object) -> Step:
    return post(name, f"{_MODELS}/search", {"experiment_ids": ["<exp>"], **body})


_POPULATION = [
    post(
        "there is an experiment of lineages",
        "experiments/create",
        {"name": "model lineage"},
        bind={"exp": "experiment_id"},
    ),
    post(
        "there is another experiment of lineages",
        "experiments/create",
        {"name": "other model lineage"},
        bind={"other": "experiment_id"},
    ),
    _run("trained"),
    _run("judged"),
    _run("unread"),
    _model("net", source_run_id="<trained>"),
    _model("rival", source_run_id="<trained>"),
    _model("abroad", exp="other"),
]

_EDGES = [
    _outputs(
        "a run puts out two models",
        "trained",
        [{"model_id": "<net>", "step": 5}, {"model_id": "<rival>"}],
    ),
    _outputs("a model of another experiment is put out too", "trained", [{"model_id": "<abroad>"}]),
    _outputs("an output names its model", "unread", [{"step": 3}]),
    _outputs("a negative step is a step", "judged", [{"model_id": "<net>", "step": -1}]),
    post(
        "a run takes in a dataset and a model at once",
        "runs/log-inputs",
        {
            "run_id": "<judged>",
            "datasets": [
                {
                    "dataset": {
                        "name": "iris",
                        "digest": "d1",
                        "source_type": "local",
                        "source": "{}",
                    },
                    "tags": [{"key": "mlflow.data.context", "value": "eval"}],
                }
            ],
            "models": [{"model_id": "<net>"}, {"model_id": "<net>"}],
        },
    ),
    post(
        "a run takes in another model later",
        "runs/log-inputs",
        {"run_id": "<judged>", "models": [{"model_id": "<rival>"}]},
    ),
    _read_run("the run shows what it has put out", "trained"),
    _read_run("the run shows what it has taken in", "judged"),
    post(
        "a search shows both",
        "runs/search",
        {
            "experiment_ids": ["<exp>"],
            "filter": "attributes.run_name != 'unread'",
            "order_by": ["attributes.run_name"],
        },
    ),
]

_METRICS = [
    _point("a model is measured while it is trained", "trained", "acc", 0.5, 1, "net"),
    _point("and a step later", "trained", "acc", 0.6, 2, "net"),
    _point("and out of order", "trained", "acc", 0.4, 0, "net"),
    _point("a run has points of its own under the same key", "trained", "acc", 0.1, 3),
    _point("another run measures it on a dataset", "judged", "acc", 0.7, 1, "net", "iris"),
    _point("and on another dataset", "judged", "acc", 0.8, 1, "rival", "wine"),
    _point("a dataset without a model is the run's", "judged", "loss", 0.2, 1, "", "iris"),
    _point("a model abroad is measured here", "judged", "acc", 0.9, 2, "abroad", "iris"),
    _read_model("the model has the points of both runs", "net"),
    _read_model("the rival has its own", "rival"),
    _read_model("the model abroad has them", "abroad"),
    _read_run("the training run has the last of its points", "trained"),
    _read_run("the judging run has the last of its points", "judged"),
    get(
        "the history holds the points of the run and of its models",
        "metrics/get-history",
        {"run_id": "<trained>", "metric_key": "acc"},
    ),
    get(
        "the history of a judging run",
        "metrics/get-history",
        {"run_id": "<judged>", "metric_key": "acc"},
    ),
    _search("models by a metric of any run", filter="metrics.acc > 0.65"),
    _search(
        "models by a metric on a dataset",
        filter="metrics.acc > 0.65",
        datasets=[{"dataset_name": "iris", "dataset_digest": "d1"}],
    ),
    _search("models in the order of a metric", order_by=[{"field_name": "metrics.acc"}]),
    post(
        "models of two experiments",
        f"{_MODELS}/search",
        {"experiment_ids": ["<exp>", "<other>"], "order_by": [{"field_name": "name"}]},
    ),
    _search("models of a run", filter="source_run_id = '<trained>'"),
]

_VERSIONS = [
    post("there is a name to register under", "registered-models/create", {"name": "lineage"}),
    post(
        "a logged model becomes a version",
        "model-versions/create",
        {
            "name": "lineage",
            "source": "models:/<net>",
            "run_id": "<trained>",
            "model_id": "<net>",
        },
    ),
    _read_model("the logged model knows its version", "net"),
    _search(
        "models by the version they have", filter="tags.`mlflow.modelVersions` LIKE '%lineage%'"
    ),
    get("the version knows its model", "model-versions/get", {"name": "lineage", "version": "1"}),
    get(
        "the version's files are the model's",
        "model-versions/get-download-uri",
        {"name": "lineage", "version": "1"},
    ),
]

_LOSSES = [
    post("the training run is deleted", "runs/delete", {"run_id": "<trained>"}),
    _read_model("its models stay", "net"),
    _search("its models are still found"),
    post("the training run is restored", "runs/restore", {"run_id": "<trained>"}),
    delete("a model is deleted", f"{_MODELS}/<rival>"),
    _read_run("its run still shows it", "trained"),
    _point("a deleted model is still measured", "judged", "late", 1.0, 1, "rival"),
    get("a deleted model shows it", f"{_MODELS}/<rival>", {"allow_deleted": "true"}),
    _search("a deleted model is not found by it", filter="metrics.late > 0"),
    get(
        "a deleted model's files are not listed",
        f"{_MODELS}/<rival>/artifacts/directories",
        error=MISSING,
    ),
    raw(
        "a model's file that is not there",
        "GET",
        "/ajax-api/2.0/mlflow/logged-models/<net>/artifacts/files",
        None,
        {"artifact_file_path": "nothing"},
        error=MISSING,
    ),
    post("the other experiment is deleted", "experiments/delete", {"experiment_id": "<other>"}),
    _read_model("a model of a deleted experiment is read", "abroad"),
    post(
        "a model of a deleted experiment is searched",
        f"{_MODELS}/search",
        {"experiment_ids": ["<other>"]},
    ),
    post(
        "a deleted experiment takes no model",
        _MODELS,
        {"experiment_id": "<other>", "name": "too late"},
        error="INVALID_PARAMETER_VALUE",
    ),
]

STEPS = [*_POPULATION, *_EDGES, *_METRICS, *_VERSIONS, *_LOSSES]
