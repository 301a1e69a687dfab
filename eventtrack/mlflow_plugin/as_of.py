"""`EVENTTRACK_AS_OF`: every request of an unmodified mlflow client asks about that moment."""

import os

VARIABLE = "EVENTTRACK_AS_OF"
HEADER = "X-Eventtrack-As-Of"


class AsOfHeader:
    """What mlflow calls a request header provider."""

    def in_context(self) -> bool:
        """Is a moment named?"""
        return bool(os.environ.get(VARIABLE))

    def request_headers(self) -> dict[str, str]:
        """The header that names it."""
        return {HEADER: os.environ[VARIABLE]}
