"""The mlflow-artifacts proxy: bytes through the server, streamed both ways (section 6).

A write is answered after the bytes are durable and the event that records them is too.
"""

import mimetypes
import posixpath
import re
import unicodedata
import urllib.parse
from collections.abc import AsyncIterator

import msgspec
from aiohttp import hdrs, web

from eventtrack.artifacts import ArtifactStore, Part, Stored
from eventtrack.artifacts.errors import (
    ArtifactError,
    ArtifactIsDirectory,
    ArtifactNotFound,
    ArtifactStoreUnavailable,
    InvalidArtifactPath,
    UnknownUpload,
)
from eventtrack.artifacts.paths import safe_path
from eventtrack.errors import (
    DoesNotExist,
    EventtrackError,
    InvalidParameter,
    NotSupported,
    Unavailable,
)
from eventtrack.events.artifacts import ArtifactsDeleted, ArtifactStored
from eventtrack.server.calls import Call, actor_of
from eventtrack.server.dispatch import PATH_PARAMETERS, Handle
from eventtrack.server.door import Door
from eventtrack.server.mlflow.wire import Int64, invalid, missing

PARTS_MAX = 10_000
_RUN_PATH = re.compile(r"[^/]+/([0-9a-zA-Z_\-]+)/artifacts/.+")
_TOKEN = re.compile(r"[\w!#$%&'*+\-.^`|~]+", re.ASCII)
_TEXT_SUFFIXES = frozenset(
    [
        ".txt",
        ".log",
        ".yaml",
        ".yml",
        ".json",
        ".js",
        ".py",
        ".csv",
        ".tsv",
        ".md",
        ".rst",
        ".jsonnet",
        ".cfg",
        ".conf",
        ".ini",
        ".sh",
    ]
)


class FileBody(msgspec.Struct, omit_defaults=True, frozen=True):
    """A file or folder on the wire; size in bytes, left out for folders and empty files."""

    path: str
    is_dir: bool
    file_size: int | None = None


def store_of(door: Door) -> ArtifactStore:
    """The cellar, or a refusal when this server keeps no artifacts."""
    if door.artifacts is None:
        raise web.HTTPServiceUnavailable(
            text="Endpoint disabled: this server was started with --no-serve-artifacts. To let it "
            "keep artifacts, start it with --serve-artifacts."
        )
    return door.artifacts


def writable_store_of(door: Door) -> ArtifactStore:
    """The cellar to put something in or take something out of."""
    door.check_writable()
    return store_of(door)


def refused(error: ArtifactError) -> EventtrackError:
    """A store's refusal as ours."""
    if isinstance(error, ArtifactNotFound):
        return DoesNotExist(str(error))
    if isinstance(error, InvalidArtifactPath | ArtifactIsDirectory | UnknownUpload):
        return InvalidParameter(str(error))
    if isinstance(error, ArtifactStoreUnavailable):
        return Unavailable(str(error))
    return EventtrackError(str(error))


def _path_of(request: web.BaseRequest) -> str:
    # The route gives the path percent-decoded once, as it is meant.
    try:
        return safe_path(request[PATH_PARAMETERS]["artifact_path"])
    except ArtifactError as error:
        raise refused(error) from error


def upload(door: Door) -> Handle:
    """PUT mlflow-artifacts/artifacts/{artifact_path...}."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        writable_store_of(door)
        path = _path_of(request)
        if not path or request[PATH_PARAMETERS]["artifact_path"].endswith("/"):
            return _detail(400, "The path must name a file, not a folder.")
        await store_body(door, path, chunks_of(request), actor_of(request))
        return web.Response(content_type="application/json")

    return handle


async def chunks_of(request: web.BaseRequest) -> AsyncIterator[bytes]:
    """A request's body as it arrives; a body that breaks off is an error, not a short file."""
    async for chunk in request.content.iter_any():
        yield chunk


async def store_body(door: Door, path: str, chunks: AsyncIterator[bytes], actor: str) -> Stored:
    """Store bytes and record that they are there."""
    try:
        stored = await writable_store_of(door).put(path, chunks)
    except ArtifactError as error:
        raise refused(error) from error
    await _record(door, stored, actor)
    return stored


async def _record(door: Door, stored: Stored, actor: str) -> None:
    fact = ArtifactStored(path=stored.path, size=stored.size, sha256=stored.sha256)
    await door.handler.note(await _stream_of(door, stored.path), fact, actor)


async def _stream_of(door: Door, path: str) -> str:
    """The stream of the run that a path lies under, else that of all artifacts."""
    found = _RUN_PATH.fullmatch(path)
    if found is not None and await door.handler.run_exists(found[1]):
        return f"run/{found[1]}"
    return "artifacts"


def download(door: Door) -> Handle:
    """GET mlflow-artifacts/artifacts/{artifact_path...}, whole or a range."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await send_file(request, store_of(door), _path_of(request))
        except ArtifactIsDirectory as error:
            return _detail(400, str(error))
        except ArtifactError as error:
            raise refused(error) from error

    return handle


async def send_file(
    request: web.BaseRequest, store: ArtifactStore, path: str
) -> web.StreamResponse:
    """Send a stored file as an attachment; ranges and conditions as HTTP has them (row A7).

    Raises ArtifactError when there is no such file.
    """
    found = await store.find(path)
    name = posixpath.basename(path)
    headers: dict[str, str] = {
        hdrs.CONTENT_DISPOSITION: _disposition(name),
        hdrs.CONTENT_TYPE: _content_type(name),
    }
    if found.local_path is not None:
        return web.FileResponse(found.local_path, chunk_size=1 << 20, headers=headers)
    return await _stream(request, store, path, found.size, headers)


async def _stream(
    request: web.BaseRequest, store: ArtifactStore, path: str, size: int, headers: dict[str, str]
) -> web.StreamResponse:
    try:
        asked = request.http_range
        start, end, _ = asked.indices(size)
        partial = asked.start is not None or asked.stop is not None
    except ValueError:
        start, end, partial = 0, 0, True
    if partial and start >= end and size:
        return web.Response(status=416, headers={hdrs.CONTENT_RANGE: f"bytes */{size}"})
    response = web.StreamResponse(status=206 if partial else 200, headers=headers)
    response.headers[hdrs.ACCEPT_RANGES] = "bytes"
    response.headers["X-Content-Type-Options"] = "nosniff"
    if partial:
        response.headers[hdrs.CONTENT_RANGE] = f"bytes {start}-{end - 1}/{size}"
    response.content_length = end - start
    await response.prepare(request)
    if request.method != "HEAD":
        async for chunk in store.read(path, start, end):
            await response.write(chunk)
    await response.write_eof()
    return response


def _content_type(name: str) -> str:
    suffix = posixpath.splitext(name)[1].lower()
    if suffix in _TEXT_SUFFIXES or name in ("MLmodel", "MLproject"):
        return "text/plain"
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


def _disposition(name: str) -> str:
    """The name for the browser's dialogue; one that is not ASCII is given twice (RFC 6266)."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    if _TOKEN.fullmatch(plain):
        text = f"attachment; filename={plain}"
    else:
        escaped = plain.replace("\\", "\\\\").replace('"', '\\"')
        text = f'attachment; filename="{escaped}"'
    if plain != name:
        text += f"; filename*=UTF-8''{urllib.parse.quote(name, safe='')}"
    return text


def _detail(status: int, message: str) -> web.Response:
    """MLflow's shape for errors of these two routes (row E11)."""
    body = msgspec.json.encode({"detail": message})
    return web.Response(status=status, body=body, content_type="application/json")


class ListFiles(msgspec.Struct):
    """Request of GET mlflow-artifacts/artifacts."""

    path: str | None = None


class ListFilesAnswer(msgspec.Struct, omit_defaults=True):
    """Response of GET mlflow-artifacts/artifacts: names, relative to the asked path."""

    files: list[FileBody] | None = None


async def list_files(door: Door, call: Call, message: ListFiles) -> ListFilesAnswer:
    """GET mlflow-artifacts/artifacts."""
    try:
        found = await store_of(door).list(safe_path(message.path or ""))
    except ArtifactError as error:
        raise refused(error) from error
    files = [
        FileBody(each.name, each.is_dir, None if each.is_dir else each.size or None)
        for each in found
    ]
    return ListFilesAnswer(files or None)


class DeleteFiles(msgspec.Struct):
    """Request of DELETE mlflow-artifacts/artifacts/{artifact_path...}."""

    artifact_path: str


async def delete(door: Door, call: Call, message: DeleteFiles) -> None:
    """DELETE mlflow-artifacts/artifacts/{artifact_path...}: recursive, done twice done once."""
    try:
        path = safe_path(message.artifact_path)
        if not path:
            raise InvalidParameter("Invalid path: the root of all artifacts is not deleted.")
        await writable_store_of(door).delete(path)
    except ArtifactError as error:
        raise refused(error) from error
    await door.handler.note(await _stream_of(door, path), ArtifactsDeleted(path=path), call.actor)


# Multipart uploads (row A11): the parts come back to this server


class CreateMultipart(msgspec.Struct):
    """Request of mpu/create; `path` is the local file's name."""

    path: str
    artifact_path: str | None = None
    num_parts: Int64 | None = None


class Credential(msgspec.Struct, frozen=True):
    """Where a part is put."""

    url: str
    part_number: int
    headers: dict[str, str] = msgspec.field(default_factory=dict)


class CreateMultipartAnswer(msgspec.Struct):
    """Response of mpu/create."""

    upload_id: str
    credentials: list[Credential]


async def create_multipart(
    door: Door, call: Call, message: CreateMultipart
) -> CreateMultipartAnswer:
    """POST mpu/create/{artifact_path...}."""
    parts = message.num_parts if message.num_parts is not None else 1
    if not 1 <= parts <= PARTS_MAX:
        raise invalid(parts, "num_parts", f"Hint: it must be from 1 to {PARTS_MAX}.")
    try:
        upload_id = await writable_store_of(door).create_multipart(_target(message))
    except ArtifactError as error:
        raise refused(error) from error
    host = call.request.headers.get("Host", "localhost")
    scheme = call.request.headers.get("X-Forwarded-Proto", call.request.scheme)
    base = f"{scheme}://{host}/api/2.0/mlflow-artifacts/mpu/parts/{upload_id}"
    return CreateMultipartAnswer(
        upload_id, [Credential(f"{base}/{number}", number) for number in range(1, parts + 1)]
    )


def put_part(door: Door) -> Handle:
    """PUT mpu/parts/{upload_id}/{part_number}: where our credentials point."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        parameters = request[PATH_PARAMETERS]
        if not parameters["part_number"].isdecimal():
            raise invalid(parameters["part_number"], "part_number")
        try:
            etag = await writable_store_of(door).put_part(
                parameters["upload_id"], int(parameters["part_number"][:9]), chunks_of(request)
            )
        except ArtifactError as error:
            raise refused(error) from error
        return web.Response(headers={hdrs.ETAG: f'"{etag}"'})

    return handle


class PartIn(msgspec.Struct):
    """A part as the client names it at the end."""

    part_number: Int64 | None = None
    etag: str | None = None
    url: str | None = None


class CompleteMultipart(msgspec.Struct):
    """Request of mpu/complete."""

    path: str
    upload_id: str
    parts: list[PartIn]
    artifact_path: str | None = None


async def complete_multipart(door: Door, call: Call, message: CompleteMultipart) -> None:
    """POST mpu/complete/{artifact_path...}."""
    parts = []
    for index, part in enumerate(message.parts):
        if part.part_number is None:
            raise missing(f"parts[{index}].part_number")
        if part.etag is None:
            raise missing(f"parts[{index}].etag")
        parts.append(Part(part.part_number, part.etag))
    try:
        stored = await writable_store_of(door).complete_multipart(
            _target(message), message.upload_id, parts
        )
    except ArtifactError as error:
        raise refused(error) from error
    await _record(door, stored, call.actor)


class AbortMultipart(msgspec.Struct):
    """Request of mpu/abort."""

    path: str
    upload_id: str
    artifact_path: str | None = None


async def abort_multipart(door: Door, call: Call, message: AbortMultipart) -> None:
    """POST mpu/abort/{artifact_path...}."""
    try:
        await writable_store_of(door).abort_multipart(message.upload_id)
    except ArtifactError as error:
        raise refused(error) from error


def _target(message: CreateMultipart | CompleteMultipart) -> str:
    """The folder of the URL and the name of the client's file."""
    name = posixpath.basename(message.path.replace("\\", "/"))
    return safe_path(posixpath.join(message.artifact_path or "", name))


class Presigned(msgspec.Struct):
    """Request of presigned/{artifact_path...}."""

    artifact_path: str


async def presigned(door: Door, call: Call, message: Presigned) -> None:
    """GET presigned/{artifact_path...}: not offered, and not advertised by server-info."""
    store_of(door)
    raise NotSupported(
        "Presigned download URLs are not supported by this server: download through it."
    )
