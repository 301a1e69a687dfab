"""MLflow's artifact listings and the UI's shortcuts: the artifacts of runs and logged models.

Sections 5, 7 and 19 of the REST reference.  A run's listing has run-relative paths, the proxy's
(`proxy.py`) has names.
"""

import posixpath
import urllib.parse
from collections.abc import AsyncIterator

import msgspec
from aiohttp import web

from eventtrack import limits
from eventtrack.artifacts import ArtifactStore
from eventtrack.artifacts.errors import ArtifactError
from eventtrack.artifacts.paths import safe_path
from eventtrack.commands.model_sources import path_in_run, run_of, scheme_of
from eventtrack.commands.model_versions import parse_version
from eventtrack.errors import (
    BadRequest,
    InvalidParameter,
    NotSupported,
    RequestTooLarge,
)
from eventtrack.server.calls import Call, actor_of
from eventtrack.server.dispatch import PATH_PARAMETERS, Handle
from eventtrack.server.door import Door
from eventtrack.server.mlflow import logged_models, model_versions, runs
from eventtrack.server.mlflow.proxy import (
    FileBody,
    refused,
    send_file,
    store_body,
    store_of,
)
from eventtrack.server.mlflow.wire import missing

SCHEME = "mlflow-artifacts:"


class ListArtifacts(msgspec.Struct):
    """Request of artifacts/list."""

    run_id: str | None = None
    run_uuid: str | None = None
    path: str | None = None
    page_token: str | None = None


class ListArtifactsAnswer(msgspec.Struct, omit_defaults=True):
    """Response of artifacts/list; a file's path lists nothing."""

    root_uri: str
    files: list[FileBody] | None = None


async def list_run(door: Door, call: Call, message: ListArtifacts) -> ListArtifactsAnswer:
    """GET artifacts/list."""
    run = await runs.find(door, runs.run_id_of(message.run_id, message.run_uuid))
    return await _list(door, run.artifact_uri, message.path or "")


class ListLoggedModelArtifacts(msgspec.Struct):
    """Request of logged-models/{model_id}/artifacts/directories."""

    model_id: str
    artifact_directory_path: str | None = None
    page_token: str | None = None


async def list_model(
    door: Door, call: Call, message: ListLoggedModelArtifacts
) -> ListArtifactsAnswer:
    """GET logged-models/{model_id}/artifacts/directories."""
    model = await logged_models.find(door, message.model_id)
    return await _list(door, model.artifact_location, message.artifact_directory_path or "")


async def _list(door: Door, root_uri: str, path: str) -> ListArtifactsAnswer:
    try:
        path = safe_path(path)
        store, root = located(door, root_uri)
        found = await store.list(posixpath.join(root, path) if path else root)
    except ArtifactError as error:
        raise refused(error) from error
    files = [
        FileBody(
            posixpath.join(path, each.name), each.is_dir, None if each.is_dir else each.size or None
        )
        for each in found
    ]
    return ListArtifactsAnswer(root_uri, files or None)


def located(door: Door, root_uri: str) -> tuple[ArtifactStore, str]:
    """The store and the path in it of an artifact location that this server keeps (row A3)."""
    if root_uri.startswith(SCHEME):
        return store_of(door), urllib.parse.urlsplit(root_uri).path.lstrip("/")
    raise NotSupported(
        f"The artifacts are at {root_uri}, which clients reach directly: this server only lists "
        "and sends what it keeps itself (mlflow-artifacts:)."
    )


def get_run_artifact(door: Door) -> Handle:
    """GET /get-artifact: one file of a run, as an attachment."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        run_id = runs.run_id_of(request.query.get("run_id"), request.query.get("run_uuid"))
        path = request.query.get("path")
        if not path:
            raise missing("path")
        run = await runs.find(door, run_id)
        return await _send(request, door, run.artifact_uri, path)

    return handle


def get_model_artifact(door: Door) -> Handle:
    """GET logged-models/{model_id}/artifacts/files: one file of a logged model."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        path = request.query.get("artifact_file_path")
        if not path:
            raise BadRequest('Request must include the "artifact_file_path" query parameter.')
        model = await logged_models.find(door, request[PATH_PARAMETERS]["model_id"])
        return await _send(request, door, model.artifact_location, path)

    return handle


async def _send(
    request: web.BaseRequest, door: Door, root_uri: str, path: str
) -> web.StreamResponse:
    try:
        relative = safe_path(path)
        store, root = located(door, root_uri)
    except ArtifactError as error:
        raise refused(error) from error
    try:
        return await send_file(request, store, posixpath.join(root, relative))
    except ArtifactError as error:
        raise refused(error) from error


def get_model_version_artifact(door: Door) -> Handle:
    """GET /model-versions/get-artifact: one file of a model version."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        for field in ("name", "version", "path"):
            if not request.query.get(field):
                raise missing(field)
        name, number = request.query["name"], parse_version(request.query["version"])
        version = await model_versions.find(door, name, number)
        root = version.storage_location or version.source
        if scheme_of(root) == "runs":
            run = await runs.find(door, run_of(root))
            root = posixpath.join(run.artifact_uri, path_in_run(root))
        return await _send(request, door, root, request.query["path"])

    return handle


def upload_artifact(door: Door) -> Handle:
    """POST upload-artifact: a small file from the UI into a run's folder."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        run_id, path = request.query.get("run_uuid"), request.query.get("path")
        if not run_id:
            raise missing("run_uuid")
        if not path:
            raise missing("path")
        if (request.content_length or 0) > limits.UI_UPLOAD_BYTES_MAX:
            raise InvalidParameter(
                f"Artifact size is too large. Max size is {limits.UI_UPLOAD_BYTES_MAX} bytes; log "
                "larger files with a client."
            )
        run = await runs.find(door, run_id)
        body = await request.read()
        if not body:
            raise InvalidParameter("The request has no body: send the file's bytes.")
        if len(body) > limits.UI_UPLOAD_BYTES_MAX:
            raise RequestTooLarge(f"The file is over {limits.UI_UPLOAD_BYTES_MAX} bytes.")
        try:
            relative = safe_path(path)
            _, root = located(door, run.artifact_uri)
        except ArtifactError as error:
            raise refused(error) from error
        await store_body(door, posixpath.join(root, relative), _once(body), actor_of(request))
        return web.Response(content_type="application/json")

    return handle


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body
