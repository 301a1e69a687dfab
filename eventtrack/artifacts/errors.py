"""What a store can refuse; the door words these for HTTP."""


class ArtifactError(Exception):
    """Base of the stores' errors."""


class ArtifactNotFound(ArtifactError):
    """There is no file at this path."""


class ArtifactIsDirectory(ArtifactError):
    """The path is a folder where a file is needed."""


class InvalidArtifactPath(ArtifactError):
    """The path could leave the root, or holds what no artifact's path may hold."""


class UnknownUpload(ArtifactError):
    """There is no multipart upload with this id, or a part of it is missing or another."""


class ArtifactStoreUnavailable(ArtifactError):
    """The disk or the remote store failed, or cannot be opened; nothing was stored."""
