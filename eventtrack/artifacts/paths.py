"""Artifact paths from the wire: what may not leave the root is refused (row A1)."""

import re
import urllib.parse

from eventtrack.artifacts.errors import InvalidArtifactPath

TEMPORARY_PREFIX = ".artifact.uploading."
"""Names of files that are being written; no artifact may have one."""

_DECODINGS_MAX = 10
_DRIVE = re.compile(r"^[a-zA-Z]:")


def safe_path(text: str) -> str:
    """Check a path, in whatever encoding it comes, and return it relative and normalised.

    The empty string is the root.  Raises InvalidArtifactPath.
    """
    # Only as it came: in `loss%step%17`, as MLflow's log_image names files, %17 is no character.
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise InvalidArtifactPath("Invalid path: it must not hold control characters")
    decoded = text
    for _ in range(_DECODINGS_MAX):
        further = urllib.parse.unquote(decoded)
        if further == decoded:
            break
        _check(decoded)
        decoded = further
    else:
        raise InvalidArtifactPath("Invalid path: it is percent-encoded too many times over")
    _check(decoded)
    # What is checked in every decoding is used as it came: `%25` in a name stays `%25`.
    segments = [segment for segment in text.split("/") if segment not in ("", ".")]
    if any(segment.startswith(TEMPORARY_PREFIX) for segment in segments):
        raise InvalidArtifactPath(
            f"Invalid path: names that begin with {TEMPORARY_PREFIX!r} are reserved"
        )
    return "/".join(segments)


def _check(path: str) -> None:
    segments = path.replace("\\", "/").split("/")
    if ".." in segments:
        raise InvalidArtifactPath("Invalid path: it must not hold '..'")
    if path.startswith(("/", "\\")) or _DRIVE.match(path):
        raise InvalidArtifactPath("Invalid path: it must not be absolute")
    if "#" in path:
        raise InvalidArtifactPath("Invalid path: it must not hold '#'")
    if path.lower().startswith("file:"):
        raise InvalidArtifactPath("Invalid path: it must not be a file URI")
