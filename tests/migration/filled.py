"""A run and a logged model with files, written with the real mlflow client.

`python -m tests.migration.filled URI LOCATION` fills an experiment whose artifacts are at LOCATION.
"""

import json
import sys
import tempfile
from pathlib import Path

import mlflow
from mlflow import MlflowClient

FILES = {
    "notes.txt": "hello",
    "plots/loss.txt": "x" * 300_000,
    "plots/deep/ü and spaces.txt": "deep",
    "empty.txt": "",
}


def fill(client: MlflowClient, experiment_id: str) -> tuple[str, str]:
    """(run id, model id), both with files, and a registered version made of the model."""
    run_id: str = client.create_run(experiment_id, run_name="with files").info.run_id
    for path, text in FILES.items():
        client.log_text(run_id, text, path)
    client.create_run(experiment_id, run_name="without files")
    model = client.create_logged_model(experiment_id, "net", run_id)
    with tempfile.TemporaryDirectory() as folder:
        for path, text in FILES.items():
            file = Path(folder, path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        client.log_model_artifacts(model.model_id, folder)
    client.finalize_logged_model(model.model_id, "READY")
    client.create_registered_model("net")
    client.create_model_version("net", f"models:/{model.model_id}", model_id=model.model_id)
    return run_id, model.model_id


if __name__ == "__main__":
    uri, location = sys.argv[1:]
    # Where the registry looks for logged models.
    mlflow.set_tracking_uri(uri)
    client = MlflowClient(uri, uri)
    print(json.dumps(fill(client, client.create_experiment("local", location))))
