"""The model registry: from a fitted model to `models:/name@champion`, and what leads there."""

from __future__ import annotations

import os
import warnings

import mlflow
import numpy as np
from mlflow import MlflowClient
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression

from tests.mlflow.client.refusal import refusal

EXPERIMENT = os.environ["EXPERIMENT"]
NAME = EXPERIMENT.rpartition(" ")[2]
FEATURES, TARGETS = make_classification(n_samples=60, n_features=4, random_state=0)


def check_a_model_is_registered_promoted_and_served(client: MlflowClient) -> None:
    first = LogisticRegression(C=0.5).fit(FEATURES, TARGETS)
    second = LogisticRegression(C=5).fit(FEATURES, TARGETS)
    with mlflow.start_run() as run:
        info = mlflow.sklearn.log_model(
            first, name="clf", registered_model_name=NAME, pip_requirements=["mlflow"]
        )
        again = mlflow.sklearn.log_model(second, name="clf2", pip_requirements=["mlflow"])
    assert str(info.registered_model_version) == "1"
    version = mlflow.register_model(again.model_uri, NAME, tags={"from": "second"})
    assert (version.version, version.run_id, version.status) == ("2", run.info.run_id, "READY")
    by_run = mlflow.register_model(f"runs:/{run.info.run_id}/clf2", NAME)
    assert by_run.version == "3"

    client.set_registered_model_alias(NAME, "champion", "1")
    assert client.get_model_version_by_alias(NAME, "champion").version == "1"
    served = mlflow.sklearn.load_model(f"models:/{NAME}@champion")
    assert np.array_equal(served.predict(FEATURES), first.predict(FEATURES))
    client.set_registered_model_alias(NAME, "champion", "2")
    for uri in (f"models:/{NAME}@champion", f"models:/{NAME}/2", f"models:/{NAME}/latest"):
        served = mlflow.pyfunc.load_model(uri)
        assert np.array_equal(served.predict(FEATURES), second.predict(FEATURES)), uri
    assert client.get_model_version(NAME, "2").aliases == ["champion"]
    assert client.get_registered_model(NAME).aliases == {"champion": "2"}
    linked = client.get_logged_model(info.model_id).tags["mlflow.modelVersions"]
    assert f'"name": "{NAME}"' in linked


def check_versions_change(client: MlflowClient) -> None:
    client.update_model_version(NAME, "1", "the first")
    client.set_model_version_tag(NAME, "1", "checked", "yes")
    client.delete_model_version_tag(NAME, "2", "from")
    read = client.get_model_version(NAME, "1")
    assert (read.description, read.tags) == ("the first", {"checked": "yes"})
    assert client.get_model_version(NAME, "2").tags == {}
    client.transition_model_version_stage(NAME, "1", "Production")
    moved = client.transition_model_version_stage(
        NAME, "2", "production", archive_existing_versions=True
    )
    assert moved.current_stage == "Production"
    stages = {each.version: each.current_stage for each in client.get_latest_versions(NAME)}
    assert stages == {"1": "Archived", "2": "Production", "3": "None"}
    copied = client.copy_model_version(f"models:/{NAME}@champion", f"{NAME}-copy")
    assert (copied.version, copied.source) == ("1", f"models:/{NAME}/2")
    served = mlflow.pyfunc.load_model(f"models:/{NAME}-copy/1")
    assert len(served.predict(FEATURES)) == 60
    found = client.search_model_versions(f"name = '{NAME}'", order_by=["version_number ASC"])
    assert [each.version for each in found] == ["1", "2", "3"]
    (one,) = client.search_model_versions(
        f"name = '{NAME}' AND tags.checked = 'yes'", max_results=5
    )
    assert one.version == "1"
    client.delete_model_version(NAME, "3")
    assert "not found" in refusal(lambda: client.get_model_version(NAME, "3"))[1]
    after = client.create_model_version(NAME, "s3://bucket/model")
    assert after.version == "4"


def check_models_change(client: MlflowClient) -> None:
    client.update_registered_model(NAME, "what it is for")
    client.set_registered_model_tag(NAME, "team", "vision")
    (found,) = client.search_registered_models(f"name = '{NAME}' AND tags.team = 'vision'")
    assert (found.name, found.description) == (NAME, "what it is for")
    client.rename_registered_model(NAME, f"{NAME}-renamed")
    assert client.get_model_version_by_alias(f"{NAME}-renamed", "champion").version == "2"
    client.rename_registered_model(f"{NAME}-renamed", NAME)
    _, said = refusal(lambda: client.rename_registered_model(f"{NAME}-copy", NAME))
    assert "already exists" in said
    assert "already exists" in refusal(lambda: client.create_registered_model(NAME))[1]
    client.delete_registered_model(f"{NAME}-copy")
    assert "not found" in refusal(lambda: client.get_registered_model(f"{NAME}-copy"))[1]
    assert "latest" in refusal(lambda: client.set_registered_model_alias(NAME, "latest", "1"))[1]
    client.delete_registered_model_alias(NAME, "champion")
    assert "not found" in refusal(lambda: client.get_model_version_by_alias(NAME, "champion"))[1]


def check_prompts(client: MlflowClient) -> None:
    name = f"{NAME}-prompt"
    made = mlflow.genai.register_prompt(
        name=name, template="Hello {{name}}", commit_message="first", tags={"tone": "kind"}
    )
    assert made.version == 1
    mlflow.genai.register_prompt(name=name, template="Good day, {{name}}")
    assert mlflow.genai.load_prompt(f"prompts:/{name}/1").format(name="you") == "Hello you"
    mlflow.genai.set_prompt_alias(name, "live", version=2)
    assert mlflow.genai.load_prompt(f"prompts:/{name}@live").template == "Good day, {{name}}"
    found = mlflow.genai.search_prompts(filter_string=f"name = '{name}'")
    assert [each.name for each in found] == [name]
    # Prompts and models share the names, but not the lists.
    assert name not in [each.name for each in client.search_registered_models()]
    assert "prompt" in refusal(lambda: client.create_registered_model(name))[1].lower()


def main() -> None:
    warnings.simplefilter("ignore", FutureWarning)
    mlflow.set_experiment(EXPERIMENT)
    client = MlflowClient()
    check_a_model_is_registered_promoted_and_served(client)
    check_versions_change(client)
    check_models_change(client)
    check_prompts(client)


if __name__ == "__main__":
    main()
