"""A destination as the operator writes it -> the store for it."""

import urllib.parse
from pathlib import Path

from eventtrack.artifacts import ArtifactStore
from eventtrack.artifacts.errors import ArtifactStoreUnavailable
from eventtrack.artifacts.local import LocalStore

REMOTE_SCHEMES = ("s3", "gs", "az", "abfs", "abfss", "adl", "azure")


def open_store(destination: str) -> ArtifactStore:
    """The store at a local path, a file: URI, or an object store's URL (extra `remote`)."""
    scheme = urllib.parse.urlsplit(destination).scheme.lower()
    if scheme in REMOTE_SCHEMES:
        from eventtrack.artifacts.object_store import ObjectStore

        return ObjectStore.open(destination)
    if scheme == "file":
        return LocalStore(Path(urllib.parse.unquote(urllib.parse.urlsplit(destination).path)))
    if "://" in destination:
        raise ArtifactStoreUnavailable(
            f"artifacts cannot be kept at {destination}: give a folder, or a URL that begins with "
            "s3://, gs:// or az://"
        )
    return LocalStore(Path(destination).expanduser().absolute())
