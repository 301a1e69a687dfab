"""MLflow's server basics: version, server-info, the small probes of its UI (sections 18, 19)."""

import msgspec
from aiohttp import web

from eventtrack.server.calls import Call
from eventtrack.server.door import Door

MLFLOW_VERSION = "3.17.2"
"""The MLflow release whose wire this server speaks; clients parse it before they send spans."""


class Nothing(msgspec.Struct):
    """A request without fields."""


class ServerInfo(msgspec.Struct):
    """Response of server-info: what clients may rely on (rows A11, A13, H8)."""

    store_type: str = "SqlStore"
    workspaces_enabled: bool = False
    trace_archival_enabled: bool = False
    multipart_uploads_enabled: bool = True
    multipart_downloads_enabled: bool = False
    presigned_upload_run_id_supported: bool = False
    presigned_upload_model_id_supported: bool = False
    features_enabled: dict[str, bool] = msgspec.field(default_factory=lambda: {"gateway": False})


async def server_info(door: Door, call: Call, message: Nothing) -> ServerInfo:
    """GET server-info."""
    return ServerInfo(multipart_uploads_enabled=door.artifacts is not None)


async def version(request: web.BaseRequest) -> web.Response:
    """GET /version: the bare version of the wire."""
    return web.Response(text=MLFLOW_VERSION)
