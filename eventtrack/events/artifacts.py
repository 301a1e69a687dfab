"""Facts about artifact bytes that went through the server: stream `run/<run_id>` or `artifacts`.

The bytes lie in the cellar; the fact is written after they are durable.
"""

from eventtrack.events.fact import Fact


class ArtifactStored(Fact, frozen=True, kw_only=True, tag="ArtifactStored/1"):
    """ArtifactStored: `path` (from the artifact root) holds `size` bytes with this SHA-256."""

    path: str
    size: int
    sha256: str


class ArtifactsDeleted(Fact, frozen=True, kw_only=True, tag="ArtifactsDeleted/1"):
    """ArtifactsDeleted: the file at `path`, or the folder with all it held, is gone."""

    path: str
