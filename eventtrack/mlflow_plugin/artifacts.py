"""Artifacts behind `mlflow-artifacts:` URIs: copied to the spool, uploaded in the background.

mlflow's own repository refuses tracking URIs that are not http, so this one stands in its place for
every server, and behaves as ever for those of others.
"""

from pathlib import Path
from typing import Any

import mlflow
from mlflow.store.artifact.mlflow_artifacts_repo import MlflowArtifactsRepository

from eventtrack.client import process
from eventtrack.client.options import options, server_url
from eventtrack.client.uploads import spool_file, spool_folder
from eventtrack.mlflow_plugin.tracking import FLUSH_SECONDS


class SpooledRepository(MlflowArtifactsRepository):
    """Uploads through the spool; reads come after what was uploaded before them."""

    def __init__(self, artifact_uri: str, url: str, registry_uri: str | None) -> None:
        super().__init__(artifact_uri, tracking_uri=url, registry_uri=registry_uri)
        self._root = artifact_uri
        self._options = options(tracking_uri=url, capture=False)

    def log_artifact(self, local_file: str, artifact_path: str | None = None) -> None:
        """Copy a file to the spool."""
        spool_file(process.outlet(self._options), Path(local_file), artifact_path or "", self._root)

    def log_artifacts(self, local_dir: str, artifact_path: str | None = None) -> None:
        """Copy what is in a folder to the spool."""
        spool_folder(
            process.outlet(self._options), Path(local_dir), artifact_path or "", self._root
        )

    def list_artifacts(self, path: str | None = None) -> Any:
        """List what is there."""
        process.flush(FLUSH_SECONDS)
        return super().list_artifacts(path)

    def _download_file(self, remote_file_path: str, local_path: str) -> None:
        process.flush(FLUSH_SECONDS)
        super()._download_file(remote_file_path, local_path)

    def delete_artifacts(self, artifact_path: str | None = None) -> None:
        """Delete what is there."""
        process.flush(FLUSH_SECONDS)
        super().delete_artifacts(artifact_path)


def make_repository(artifact_uri: str, tracking_uri: str | None, registry_uri: str | None) -> Any:
    """A repository for a tracking URI, or for the one that mlflow is set to."""
    uri = tracking_uri or mlflow.get_tracking_uri()
    if uri.startswith(("eventtrack://", "eventtrack+https://")):
        return SpooledRepository(artifact_uri, server_url(uri), registry_uri)
    return MlflowArtifactsRepository(artifact_uri, tracking_uri, registry_uri)
