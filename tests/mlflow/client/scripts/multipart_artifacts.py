"""Large files: upload in parts, which the client tries when told to, whatever the store can do."""

from __future__ import annotations

import os
from pathlib import Path

# The client reads these when it is imported.
os.environ["MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD"] = "true"
os.environ["MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE"] = str(5 * 1024 * 1024)
os.environ["MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE"] = str(5 * 1024 * 1024)
os.environ["MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD"] = "true"
os.environ["MLFLOW_MULTIPART_DOWNLOAD_MINIMUM_FILE_SIZE"] = str(5 * 1024 * 1024)
os.environ["MLFLOW_MULTIPART_DOWNLOAD_CHUNK_SIZE"] = str(5 * 1024 * 1024)

import mlflow

EXPERIMENT = os.environ["EXPERIMENT"]

if __name__ == "__main__":
    content = os.urandom(23 * 1024 * 1024 + 17)
    Path("large.bin").write_bytes(content)
    Path("small.bin").write_bytes(content[:1000])
    mlflow.set_experiment(EXPERIMENT)
    with mlflow.start_run() as run:
        mlflow.log_artifact("large.bin")
        mlflow.log_artifact("large.bin", "deep/er")
        mlflow.log_artifact("small.bin", "deep/er")
    client = mlflow.MlflowClient()
    (deep, large) = client.list_artifacts(run.info.run_id)
    assert (deep.path, deep.is_dir) == ("deep", True)
    assert (large.path, large.file_size) == ("large.bin", len(content))
    folder = Path(client.download_artifacts(run.info.run_id, "deep/er", "."))
    assert (folder / "large.bin").read_bytes() == content
    assert (folder / "small.bin").read_bytes() == content[:1000]
