"""The mlflow plug-in: `mlflow.set_tracking_uri("eventtrack://host:5000")`.

An unmodified mlflow script, and all of its autologging, then logs through the trainer's spool: log
calls write to the local disk and return.  Questions, and what needs an answer, go to the server as
ever, after what was logged before them.

Entry points in pyproject.toml name the functions below, and `AsOfHeader`, to mlflow.  mlflow is
imported only when it asks for them.
Source: mlflow 3.17, `tracking/_tracking_service/registry` and neighbours.
"""

from typing import Any

from eventtrack.client.options import server_url
from eventtrack.mlflow_plugin.as_of import AsOfHeader as AsOfHeader


def tracking_store(store_uri: str | None = None, artifact_uri: str | None = None, **_: Any) -> Any:
    """Make the tracking store of an `eventtrack://` URI."""
    from eventtrack.mlflow_plugin.tracking import SpooledStore

    return SpooledStore(server_url(store_uri or ""))


def registry_store(store_uri: str | None = None, tracking_uri: str | None = None) -> Any:
    """Make the model registry store of an `eventtrack://` URI."""
    from eventtrack.mlflow_plugin.registry import make_registry_store

    return make_registry_store(server_url(store_uri or ""))


def artifact_repository(
    artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None
) -> Any:
    """Make the repository of an `mlflow-artifacts:` URI, for eventtrack's servers and others."""
    from eventtrack.mlflow_plugin.artifacts import make_repository

    return make_repository(artifact_uri, tracking_uri, registry_uri)
