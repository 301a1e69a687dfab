"""Where the files of a model version may be."""

from __future__ import annotations

from tests.mlflow.differential.steps import INTERNAL, INVALID, MISSING, Step, delete, get, post, raw

Error = str | int | None


def _make(name: str, source: str, error: Error = None, **body: object) -> Step:
    full = {"name": "sourced", "source": source, **body}
    return post(name, "model-versions/create", full, error=error)


_RUN = {"run_id": "<run>"}
_MODEL = {"model_id": "<model>"}
_OF_RUN = "mlflow-artifacts:/<exp>/<run>/artifacts"
_OF_MODEL = "mlflow-artifacts:/<exp>/models/<model>/artifacts"

_POPULATION = [
    post(
        "there is an experiment",
        "experiments/create",
        {"name": "sources"},
        bind={"exp": "experiment_id"},
    ),
    post(
        "there is a run",
        "runs/create",
        {"experiment_id": "<exp>", "run_name": "r", "start_time": 1},
        bind={"run": "run.info.run_id"},
    ),
    post(
        "there is a logged model",
        "logged-models",
        {"experiment_id": "<exp>", "name": "logged", "source_run_id": "<run>"},
        bind={"model": "model.info.model_id"},
    ),
    post(
        "there is a deleted logged model",
        "logged-models",
        {"experiment_id": "<exp>", "name": "gone"},
        bind={"gone": "model.info.model_id"},
    ),
    delete("it is deleted", "logged-models/<gone>"),
    post("there is a registered model", "registered-models/create", {"name": "sourced"}),
]

_ACCEPTED = [
    _make("an object store's path", "s3://bucket/path"),
    _make("a run's URI", "runs:/<run>/model", **_RUN),
    _make("a run's artifacts", f"{_OF_RUN}/model", **_RUN),
    _make("all of a run's artifacts", _OF_RUN, **_RUN),
    _make("a logged model's URI", "models:/<model>", **_MODEL),
    _make("a logged model's URI with its run", "models:/<model>", **_MODEL, **_RUN),
    _make("a logged model's artifacts", f"{_OF_MODEL}/x", **_MODEL),
    _make("a run that need not exist, for an object store", "gs://b/p", run_id="0" * 32),
    _make("a version by its number", "models:/sourced/2"),
    _make("a version by its number, with its run", "models:/sourced/2", **_RUN),
    _make("the latest version", "models:/sourced/latest"),
    post(
        "an alias is set",
        "registered-models/alias",
        {"name": "sourced", "alias": "champion", "version": "5"},
    ),
    _make("a version by its alias", "models:/sourced@champion"),
    post(
        "a stage is set",
        "model-versions/transition-stage",
        {"name": "sourced", "version": "5", "stage": "Production"},
    ),
    _make("a version by its stage", "models:/sourced/production"),
    get("the logged model tells its versions", "logged-models/<model>"),
    *(
        get(
            f"the files of version {number} are where it says",
            "model-versions/get-download-uri",
            {"name": "sourced", "version": number},
        )
        for number in range(1, 14)
    ),
]

_REFUSED = [
    _make("a run's URI without the run", "runs:/<run>/model", INVALID),
    _make("a run's URI with another run", "runs:/<run>/model", INVALID, run_id="0" * 32),
    _make("a run's artifacts without the run", f"{_OF_RUN}/model", INVALID),
    _make("a run's artifacts with an unknown run", f"{_OF_RUN}/model", INVALID, run_id="0" * 32),
    _make("artifacts above a run's", "mlflow-artifacts:/<exp>", INVALID, **_RUN),
    _make("artifacts beside a run's", f"{_OF_RUN}2/model", INVALID, **_RUN),
    _make("artifacts climbed to", f"{_OF_RUN}/../x", INVALID, **_RUN),
    _make("artifacts climbed to in disguise", f"{_OF_RUN}/%2e%2e/x", INVALID, **_RUN),
    _make("artifacts climbed to in double disguise", f"{_OF_RUN}/%252e%252e/x", INVALID, **_RUN),
    _make("a logged model's URI without the model", "models:/<model>", INVALID),
    _make("a logged model's URI with its run alone", "models:/<model>", INVALID, **_RUN),
    _make("a logged model's URI with another model", "models:/<model>", INVALID, model_id="m-x"),
    _make("a deleted logged model", "models:/<gone>", INTERNAL, model_id="<gone>"),
    _make("a run's URI with a logged model", "runs:/<run>/model", INVALID, **_MODEL),
    _make("a run's artifacts with a logged model", f"{_OF_RUN}/model", INVALID, **_MODEL),
    _make("a local path", "/etc", INVALID),
    _make("a local path with a run", "/etc", INVALID, **_RUN),
    _make("a local path with a logged model", "/etc", INVALID, **_MODEL),
    _make("a local file", "file:///etc/passwd", INVALID, **_RUN),
    _make("a relative path", "here", INVALID, **_RUN),
    _make("a host", "http://example.com/model", INVALID),
    _make("a host of artifacts", "mlflow-artifacts://example.com/<exp>/<run>", INVALID, **_RUN),
    _make("an object store climbed out of", "s3://bucket/a/../b", INVALID),
    _make("an unknown version", "models:/sourced/99", MISSING),
    _make("an unknown model's version", "models:/unknown/1", MISSING),
    _make("an unknown alias", "models:/sourced@nobody", INVALID),
    _make("a stage without versions", "models:/sourced/Staging", INTERNAL),
    _make("a version with another run", "models:/sourced/2", INVALID, run_id="0" * 32),
    _make("a version with a logged model it is not of", "models:/sourced/2", INVALID, **_MODEL),
    _make("a models URI with a host", "models://host/sourced/1", INVALID),
    _make("a models URI with too many parts", "models:/a/b/c", INVALID),
    _make("a models URI of nothing", "models:/", INVALID),
]

_FILES = [
    raw(
        "a file is in the run",
        "PUT",
        "/api/2.0/mlflow-artifacts/artifacts/<exp>/<run>/artifacts/model/MLmodel",
        b"flavors: {}\n",
    ),
    *(
        raw(
            f"the page reads a file of version {number}",
            "GET",
            "/model-versions/get-artifact",
            None,
            {"name": "sourced", "version": number, "path": path},
            # MLflow's server cannot read its own artifacts by a run's URI.
            error=INTERNAL if number == 2 else None,
        )
        for number, path in ((2, "MLmodel"), (3, "MLmodel"), (4, "model/MLmodel"))
    ),
    raw(
        "the page reads files of versions that are there",
        "GET",
        "/model-versions/get-artifact",
        None,
        {"name": "sourced", "version": 99, "path": "MLmodel"},
        error=MISSING,
    ),
    raw(
        "the page reads inside the version only",
        "GET",
        "/model-versions/get-artifact",
        None,
        {"name": "sourced", "version": 3, "path": "../x"},
        error=INVALID,
    ),
]

STEPS = [*_POPULATION, *_ACCEPTED, *_REFUSED, *_FILES]
