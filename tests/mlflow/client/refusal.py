"""What the client says when the server refuses, for the scripts."""

from __future__ import annotations

from collections.abc import Callable

from mlflow.exceptions import MlflowException


def refusal(action: Callable[[], object]) -> tuple[str | None, str]:
    """The error_code and the message with which the server refuses `action`; (None, "") if not."""
    try:
        action()
    except MlflowException as error:
        return error.error_code, str(error)
    return None, ""
