"""Where artifacts are, told briefly: thousands of locations, a few roots."""

import posixpath
import urllib.parse


class Places:
    """Counts locations by their root."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def add(self, location: str) -> None:
        """Count the location of a run's or a model's artifacts."""
        root = _root_of(location)
        self._counts[root] = self._counts.get(root, 0) + 1

    def counts(self) -> dict[str, int]:
        """root -> how many."""
        return dict(sorted(self._counts.items()))


def _root_of(location: str) -> str:
    """All but <experiment>/<run>/artifacts or <experiment>/models/<model>/artifacts."""
    if not location:
        return "(no location)"
    scheme, separator, _ = location.partition(":")
    if separator and "/" not in scheme:
        split = urllib.parse.urlsplit(location)
        host = split.netloc.rpartition("@")[2]
        prefix, path = f"{scheme}:" + (f"//{host}" if host or "://" in location else ""), split.path
    else:
        prefix, path = "", location
    segments = path.rstrip("/").split("/")
    if segments[-1:] == ["artifacts"]:
        drop = 4 if segments[-3:-2] == ["models"] else 3
        segments = segments[:-drop]
    return prefix + (posixpath.join("/", *segments) if path.startswith("/") else "/".join(segments))
