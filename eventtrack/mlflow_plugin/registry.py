"""The model registry store: mlflow's own REST store, after what was logged before."""

import functools
from typing import Any

from mlflow.store.model_registry.rest_store import RestStore
from mlflow.utils.credentials import get_default_host_creds

from eventtrack.client import process
from eventtrack.mlflow_plugin.tracking import FLUSH_SECONDS


class RegistryStore(RestStore):
    """Asks the server, once it has what this process logged (a model version names a run)."""

    def _call_endpoint(self, *arguments: Any, **named: Any) -> Any:
        process.flush(FLUSH_SECONDS)
        return super()._call_endpoint(*arguments, **named)


def make_registry_store(url: str) -> RegistryStore:
    """The registry store of a server."""
    return RegistryStore(functools.partial(get_default_host_creds, url))
