"""Rules on single values, shared by the nouns: names, lengths, times.

Pure; they raise InvalidParameter.

Source of the rules: MLflow 3.17 `utils/validation` (rows M4 to M6 of the semantics reference).
"""

import os
import posixpath
import re

from eventtrack import limits
from eventtrack.errors import InvalidParameter

_KEY = re.compile(r"[/\w.\- :]*")
_RUN_ID = re.compile(r"[a-zA-Z0-9][\w\-]{0,255}")

_GOOD_KEYS: set[str] = set()
_GOOD_KEYS_MAX = 100_000


def check_key(key: str, path: str, what: str) -> None:
    """A metric, param or tag key: characters, path-likeness, length.

    path: the field as the message names it, for example `metrics[0].name`; what: for the length
    message, for example `Metric name`.  Keys found good are remembered: a training loop sends the
    same few for ever.
    """
    if key in _GOOD_KEYS:
        return
    if _KEY.fullmatch(key) is None:
        raise InvalidParameter(
            f"Invalid value {_quoted(key)} for parameter '{path}' supplied: Names may only contain "
            "alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), colons (:) and "
            "slashes (/)."
        )
    if key != posixpath.normpath(key) or key == "." or key.startswith("..") or key.startswith("/"):
        raise InvalidParameter(
            f"Invalid value {_quoted(key)} for parameter '{path}' supplied: Names may be treated "
            "as files in certain cases, and must not resolve to other names when treated as such. "
            f"This name would resolve to {posixpath.normpath(key)!r}."
        )
    if len(key) > limits.ENTITY_KEY_CHARS_MAX:
        raise InvalidParameter(
            f"'{what}' exceeds the maximum length of {limits.ENTITY_KEY_CHARS_MAX} characters: "
            f"it has {len(key)}."
        )
    if len(_GOOD_KEYS) >= _GOOD_KEYS_MAX:
        _GOOD_KEYS.clear()
    _GOOD_KEYS.add(key)


def check_length(value: str, what: str, chars_max: int) -> None:
    """Refuse a value that is too long."""
    if len(value) > chars_max:
        raise InvalidParameter(
            f"'{what}' exceeds the maximum length of {chars_max} characters: it has {len(value)}."
        )


def cut(value: str, what: str, chars_max: int) -> str:
    """Cut a value to its length as MLflow does, or refuse it under
    MLFLOW_TRUNCATE_LONG_VALUES=false.
    """
    if len(value) <= chars_max:
        return value
    if os.environ.get("MLFLOW_TRUNCATE_LONG_VALUES", "true").lower() in ("false", "0"):
        check_length(value, what, chars_max)
    return value[:chars_max]


def check_run_id(run_id: str) -> None:
    """The form of a run id: letters, digits, underscores and dashes, at most 256 characters."""
    if _RUN_ID.fullmatch(run_id) is None:
        raise InvalidParameter(
            f"Invalid value {_quoted(run_id)} for parameter 'run_id' supplied: a run ID starts "
            "with a letter or digit and holds letters, digits, underscores and dashes, at most "
            f"{limits.RUN_ID_CHARS_MAX} characters."
        )


def check_timestamp(timestamp_ms: int, path: str) -> None:
    """A metric's timestamp in milliseconds since 1970 is never negative."""
    if timestamp_ms < 0:
        raise InvalidParameter(
            f"Invalid value {timestamp_ms} for parameter '{path}' supplied: Timestamp must be a "
            "nonnegative long (64-bit integer)."
        )


def _quoted(text: str) -> str:
    shown = text if len(text) <= 100 else text[:100] + "..."
    return '"' + shown + '"'
