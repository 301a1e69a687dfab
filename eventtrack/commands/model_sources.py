"""Where a model version's files may come from (row V6): pure checks of its source.

A version that named a foreign place would make whoever loads it read from there, with the rights of
the server or of the one who loads.  So a source lies in the artifacts of the run or logged model
that the request names, or is an object store's URI, which its reader needs the rights for himself.
"""

import os
import pathlib
import re
import urllib.parse
from typing import NoReturn

import msgspec

from eventtrack.errors import InvalidParameter

SOURCE_PATTERN = "MLFLOW_CREATE_MODEL_VERSION_SOURCE_VALIDATION_REGEX"
"""Environment variable of the operator: sources must match it, when it is set."""

PROMPT_SOURCES = ("dummy-source", "prompt-template")
"""What the senders of prompts put where a source is required."""

HOST_SCHEMES = frozenset(
    ["ftp", "sftp", "hdfs", "viewfs", "http", "https", "r2", "b2", "abfss", "mlflow-artifacts"]
)
"""Schemes whose URIs name the host to connect to; `mlflow-artifacts:/` without a host is ours."""

_PROXY_ROUTE = ["api", "2.0", "mlflow-artifacts", "artifacts"]


class ModelUri(msgspec.Struct, frozen=True, kw_only=True):
    """What a `models:/` URI names: a logged model, or a registered model's version, stage, alias.

    With nothing but a name it is the latest version.
    """

    model_id: str = ""
    name: str = ""
    version: int | None = None
    stage: str = ""
    alias: str = ""


def refuse(source: str, field: str) -> NoReturn:
    """The refusal of a source that lies outside of what the request names."""
    raise InvalidParameter(
        f"Invalid model version source: '{source}'. The {field} request parameter must identify "
        "the resource that contains the source."
    )


def check_pattern(source: str) -> None:
    """The operator's own rule, if there is one."""
    pattern = os.environ.get(SOURCE_PATTERN)
    if pattern and not re.search(pattern, source):
        raise InvalidParameter(
            f"Invalid model version source: '{source}'. It must match what this server's operator "
            f"set in {SOURCE_PATTERN}."
        )


def check_prompt_source(source: str) -> None:
    """A prompt has no files (row V13)."""
    if source not in PROMPT_SOURCES:
        raise InvalidParameter(
            f"Invalid prompt source: '{source}'. Prompt sources must use an MLflow placeholder: "
            f"{' or '.join(PROMPT_SOURCES)}."
        )


def check_host(source: str) -> None:
    """Refuse URIs that name a host to connect to (row I7)."""
    parts = _split(source)
    if parts.scheme in HOST_SCHEMES and (parts.netloc or parts.scheme != "mlflow-artifacts"):
        raise InvalidParameter(
            f"Invalid model version source: '{source}'. The scheme '{parts.scheme}' names a host; "
            "use the artifact location of a run or logged model."
        )


def is_local(source: str) -> bool:
    """Is it a path on a disk?"""
    parts = _split(source)
    return parts.scheme in ("", "file") or re.fullmatch("[a-z]", parts.scheme) is not None


def check_normal(source: str) -> None:
    """Refuse relative paths and their disguises in a URI."""
    text = _undisguised(source)
    path = re.sub("/+", "/", _split(text).path.rstrip("/"))
    resolved = pathlib.PurePosixPath(os.path.normpath(path)).as_posix() if path else ""
    if "\0" in path or ".." in text.split("/") or (path.startswith("/") and resolved != path):
        raise InvalidParameter(
            f"Invalid model version source: '{source}'. If supplying a source as an http, https, "
            "local file path, ftp, objectstore, or mlflow-artifacts uri, an absolute path must be "
            "provided without relative path references present. Please provide an absolute path."
        )


def check_local(source: str, root: str | None, field: str) -> None:
    """A local path lies in the local artifact folder of the run or model; None: there is none."""
    if root is not None and is_local(root):
        inner, outer = _resolved(source), _resolved(root)
        if outer == inner or outer in inner.parents:
            return
    raise InvalidParameter(
        f"Invalid model version source: '{source}'. To use a local path as a model version source, "
        f"the {field} request parameter has to be specified and the local path has to be contained "
        f"within the artifact directory of the run specified by the {field}."
    )


def is_proxied(source: str) -> bool:
    """Does it name artifacts that this server keeps?"""
    parts = _split(source)
    if parts.scheme == "mlflow-artifacts":
        return True
    path = _parts(source)[2]
    length = len(_PROXY_ROUTE)
    return parts.scheme in ("http", "https") and any(
        path[at : at + length] == _PROXY_ROUTE for at in range(len(path) - length + 1)
    )


def is_within(source: str, root: str) -> bool:
    """Does a URI lie at or below another?"""
    scheme, authority, path = _parts(source)
    root_scheme, root_authority, root_path = _parts(root)
    return (
        (scheme, authority) == (root_scheme, root_authority)
        and bool(root_path)
        and path[: len(root_path)] == root_path
    )


def run_of(source: str) -> str:
    """The run that a `runs:/RUN/path` URI names, "" when it names none."""
    parts = _split(source)
    if parts.netloc:
        return ""
    return parts.path.lstrip("/").partition("/")[0]


def path_in_run(source: str) -> str:
    """The path in the run's artifacts of a `runs:/RUN/path` URI."""
    return _split(source).path.lstrip("/").partition("/")[2]


def parse_model_uri(source: str) -> ModelUri:
    """Read a `models:/` URI; InvalidParameter when it is none."""
    parts = urllib.parse.urlparse(source, allow_fragments=False)
    segments = parts.path.lstrip("/").split("/")
    if parts.netloc or not parts.path.startswith("/") or len(segments) > 2 or not segments[0]:
        refuse(source, "model_id")
    if len(segments) == 2:
        name, suffix = segments
        if not suffix.strip():
            refuse(source, "model_id")
        if suffix.isdecimal():
            return ModelUri(name=name, version=int(suffix[:10]))
        return ModelUri(name=name, stage="" if suffix.lower() == "latest" else suffix)
    name, at, alias = segments[0].rpartition("@")
    if at:
        if not alias.strip() or not name:
            refuse(source, "model_id")
        return ModelUri(name=name, alias=alias)
    return ModelUri(model_id=segments[0])


def scheme_of(source: str) -> str:
    """A source's scheme in small letters, "" for a path."""
    return _split(source).scheme


def _split(uri: str) -> urllib.parse.SplitResult:
    try:
        return urllib.parse.urlsplit(uri)
    except ValueError as error:
        raise InvalidParameter(f"Invalid model version source: '{uri}': {error}.") from None


def _parts(uri: str) -> tuple[str, str, list[str]]:
    parts = _split(uri)
    path = [_unquoted(each) for each in parts.path.split("/") if each]
    return parts.scheme, parts.netloc.lower(), path


def _unquoted(text: str) -> str:
    for _ in range(10):
        decoded = urllib.parse.unquote(text)
        if decoded == text:
            break
        text = decoded
    return text


def _undisguised(text: str) -> str:
    while (decoded := urllib.parse.unquote_plus(text)) != text:
        text = decoded
    return text


def _resolved(path: str) -> pathlib.Path:
    if path.startswith("file:"):
        path = urllib.parse.unquote(_split(path).path)
    return pathlib.Path(path).resolve()
