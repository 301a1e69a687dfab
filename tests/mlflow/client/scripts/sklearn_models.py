"""Autologging of a scikit-learn fit, a model logged by hand, and the API of logged models."""

from __future__ import annotations

import os

import mlflow
import numpy as np
from mlflow import MlflowClient
from mlflow.entities import LoggedModelStatus
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression

from tests.mlflow.client.refusal import refusal

EXPERIMENT = os.environ["EXPERIMENT"]
FEATURES, TARGETS = make_classification(n_samples=60, n_features=4, random_state=0)


def check_autologging() -> None:
    mlflow.sklearn.autolog()
    with mlflow.start_run() as run:
        fitted = LogisticRegression(C=0.5, max_iter=50).fit(FEATURES, TARGETS)
    mlflow.sklearn.autolog(disable=True)
    read = mlflow.get_run(run.info.run_id)
    assert read.info.status == "FINISHED"
    assert read.data.params["C"] == "0.5"
    assert read.data.params["max_iter"] == "50"
    assert read.data.metrics["training_score"] == fitted.score(FEATURES, TARGETS)
    assert read.data.tags["estimator_name"] == "LogisticRegression"
    assert read.inputs is not None
    assert read.outputs is not None
    (dataset,) = read.inputs.dataset_inputs
    assert {tag.key: tag.value for tag in dataset.tags} == {"mlflow.data.context": "train"}
    (output,) = read.outputs.model_outputs
    loaded = mlflow.sklearn.load_model(f"models:/{output.model_id}")
    assert np.array_equal(loaded.predict(FEATURES), fitted.predict(FEATURES))


def check_a_logged_model() -> None:
    fitted = LogisticRegression().fit(FEATURES, TARGETS)
    with mlflow.start_run() as run:
        info = mlflow.sklearn.log_model(fitted, name="model", pip_requirements=["mlflow"])
        mlflow.log_metric("acc", 0.75, step=1, model_id=info.model_id)
    assert info.model_uri == f"models:/{info.model_id}"
    for uri in (info.model_uri, f"runs:/{run.info.run_id}/model"):
        loaded = mlflow.pyfunc.load_model(uri)
        assert np.array_equal(loaded.predict(FEATURES), fitted.predict(FEATURES)), uri
    model = mlflow.get_logged_model(info.model_id)
    assert model.status == LoggedModelStatus.READY
    assert model.source_run_id == run.info.run_id
    assert [(metric.key, metric.value) for metric in model.metrics or []] == [("acc", 0.75)]
    files = MlflowClient().list_logged_model_artifacts(info.model_id)
    assert "MLmodel" in [file.path for file in files]


def check_the_api_of_logged_models(client: MlflowClient, experiment_id: str) -> None:
    created = client.create_logged_model(
        experiment_id,
        name="handmade",
        params={f"p{number}": str(number) for number in range(150)},
        tags={"colour": "red"},
        model_type="tree",
    )
    assert created.status == LoggedModelStatus.PENDING
    model_id = created.model_id
    assert client.finalize_logged_model(model_id, "READY").status == LoggedModelStatus.READY
    client.set_logged_model_tags(model_id, {"colour": "blue", "size": "1"})
    client.delete_logged_model_tag(model_id, "size")
    client.log_model_params(model_id, {"late": "1"})
    read = client.get_logged_model(model_id)
    assert read.tags == {"colour": "blue"}
    assert len(read.params) == 151
    assert read.model_type == "tree"
    assert read.params["late"] == "1"

    found = client.search_logged_models([experiment_id], filter_string="params.p7 = '7'")
    assert [model.model_id for model in found] == [model_id]
    by_metric = client.search_logged_models(
        [experiment_id],
        filter_string="metrics.acc > 0.5",
        order_by=[{"field_name": "metrics.acc", "ascending": False}],
    )
    assert [model.name for model in by_metric] == ["model"]
    page = client.search_logged_models([experiment_id], max_results=2)
    rest = client.search_logged_models([experiment_id], max_results=2, page_token=page.token)
    assert [model.name for model in [*page, *rest]] == ["handmade", "model", "model"]

    client.delete_logged_model(model_id)
    code, _ = refusal(lambda: client.get_logged_model(model_id))
    assert code == "RESOURCE_DOES_NOT_EXIST"


if __name__ == "__main__":
    where = mlflow.set_experiment(EXPERIMENT).experiment_id
    check_autologging()
    check_a_logged_model()
    check_the_api_of_logged_models(MlflowClient(), where)
