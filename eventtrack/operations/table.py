"""Every operation by its name.  Their modules are imported at first use."""

import importlib
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from eventtrack.operations import OperationFailed, Report, Site


class Operation(msgspec.Struct, frozen=True):
    """Where an operation is: module below `eventtrack.operations`, function, arguments' class."""

    module: str
    function: str
    arguments: str


OPERATIONS: dict[str, Operation] = {
    "rebuild-views": Operation("views", "rebuild", "RebuildViews"),
    "gc": Operation("erasing", "collect", "Collect"),
    "compact-log": Operation("erasing", "compact", "Compact"),
    "import": Operation("importing", "bring_in", "Import"),
    "backup": Operation("backup", "backup", "Backup"),
    "list-artifacts": Operation("artifacts", "list_artifacts", "ListArtifacts"),
    "download-artifacts": Operation("artifacts", "download", "DownloadArtifacts"),
    "upload-artifacts": Operation("artifacts", "upload", "UploadArtifacts"),
    "undo": Operation("corrections", "undo", "Undo"),
    "correct-param": Operation("corrections", "correct_param", "CorrectParam"),
    "set-model-alias": Operation("registry", "set_alias", "SetModelAlias"),
    "stage-model-version": Operation("registry", "stage_version", "StageModelVersion"),
    "retract-points": Operation("corrections", "retract_points", "RetractPoints"),
}


def run(site: Site, name: str, arguments: bytes) -> AsyncIterator[Report]:
    """Begin the operation of this name with its arguments as JSON."""
    operation = OPERATIONS.get(name)
    if operation is None:
        raise OperationFailed(f"this release knows no operation {name!r}: use the same release")
    module = importlib.import_module(f"eventtrack.operations.{operation.module}")
    try:
        decoded: Any = msgspec.json.decode(arguments, type=getattr(module, operation.arguments))
    except msgspec.ValidationError as error:
        raise OperationFailed(f"{name}: {error}") from error
    reports: AsyncIterator[Report] = getattr(module, operation.function)(site, decoded)
    return reports
