"""All that the real mlflow client sees at a store, as JSON that two stores can be compared by.

`python -m tests.migration.seen URI`
"""

import json
import math
import sys
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import ViewType


def everything(client: MlflowClient) -> dict[str, Any]:
    """Experiments, runs with histories, inputs and outputs, logged models, by their ids."""
    experiments = client.search_experiments(view_type=ViewType.ALL)
    ids = [each.experiment_id for each in experiments]
    runs = client.search_runs(ids, run_view_type=ViewType.ALL, max_results=1000)
    models = client.search_logged_models(ids)
    return {
        "experiments": {each.experiment_id: dict(each) for each in experiments},
        # A search does not give the models that a run read.
        "runs": {
            each.info.run_id: run_seen(client, client.get_run(each.info.run_id)) for each in runs
        },
        "models": {each.model_id: model_seen(each) for each in models},
        "registered": registered_seen(client),
    }


def run_seen(client: MlflowClient, run: Any) -> dict[str, Any]:
    info = dict(run.info)
    return {
        "info": {key: value for key, value in info.items() if not key.startswith("_")},
        "params": run.data.params,
        "tags": run.data.tags,
        "latest": {key: repr(finite(value)) for key, value in sorted(run.data.metrics.items())},
        "histories": {
            key: sorted(
                {
                    (point.step, point.timestamp, repr(finite(point.value)))
                    for point in client.get_metric_history(run.info.run_id, key)
                }
            )
            for key in sorted(run.data.metrics)
        },
        "datasets": sorted(
            [dict(each.dataset), sorted([tag.key, tag.value] for tag in each.tags)]
            for each in run.inputs.dataset_inputs
        ),
        "read": sorted(each.model_id for each in run.inputs.model_inputs),
        "made": sorted([each.model_id, each.step] for each in run.outputs.model_outputs)
        if run.outputs
        else [],
    }


def registered_seen(client: MlflowClient) -> dict[str, Any]:
    """Registered models and prompts with their versions, and where aliases lead."""
    prompts = "tags.`mlflow.prompt.is_prompt` = 'true'"
    models = [*client.search_registered_models(), *client.search_registered_models(prompts)]
    versions = [*client.search_model_versions(), *client.search_model_versions(prompts)]
    return {
        each.name: {
            "description": each.description or "",
            "created": each.creation_timestamp,
            "updated": each.last_updated_timestamp,
            "tags": each._tags,
            "aliases": {name: int(version) for name, version in each.aliases.items()},
            "latest": sorted(int(version.version) for version in each.latest_versions),
            "versions": {
                version.version: version_seen(client, version)
                for version in versions
                if version.name == each.name
            },
        }
        for each in models
    }


def version_seen(client: MlflowClient, version: Any) -> dict[str, Any]:
    is_model = "mlflow.prompt.is_prompt" not in version._tags
    return {
        "created": version.creation_timestamp,
        "updated": version.last_updated_timestamp,
        "description": version.description or "",
        "stage": version.current_stage,
        "source": version.source,
        "files": is_model and client.get_model_version_download_uri(version.name, version.version),
        "run": version.run_id or "",
        "link": version.run_link or "",
        "tags": version._tags,
        "status": version.status,
    }


def finite(value: float) -> float:
    """Infinities as MLflow's databases and wire have them; its files do not."""
    return math.copysign(sys.float_info.max, value) if math.isinf(value) else value


def model_seen(model: Any) -> dict[str, Any]:
    return {
        "name": model.name,
        "experiment": model.experiment_id,
        "location": model.artifact_location,
        "created": model.creation_timestamp,
        "updated": model.last_updated_timestamp,
        "status": str(model.status),
        "type": model.model_type,
        "run": model.source_run_id,
        "params": model.params,
        "tags": model.tags,
        "metrics": sorted(
            [each.key, each.value, each.timestamp, each.step, each.run_id, each.dataset_digest]
            for each in model.metrics or []
        ),
    }


if __name__ == "__main__":
    json.dump(everything(MlflowClient(sys.argv[1])), sys.stdout, default=str, sort_keys=True)
