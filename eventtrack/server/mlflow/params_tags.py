"""MLflow's single params and tags of runs: log-parameter, set-tag, delete-tag (section 3)."""

import msgspec

from eventtrack.commands import runs as commands
from eventtrack.server.calls import Call
from eventtrack.server.door import Door
from eventtrack.server.mlflow.runs import run_id_of


class LogParam(msgspec.Struct):
    """Request of runs/log-parameter; an absent value is the empty string."""

    key: str
    run_id: str | None = None
    run_uuid: str | None = None
    value: str | None = None


async def log_param(door: Door, call: Call, message: LogParam) -> None:
    """POST runs/log-parameter."""
    run_id = run_id_of(message.run_id, message.run_uuid)
    command = commands.LogParams(run_id=run_id, params=[(message.key, message.value or "")])
    await door.handler.change_run(command, call.actor)


class SetTag(msgspec.Struct):
    """Request of runs/set-tag; an absent value is the empty string."""

    key: str
    run_id: str | None = None
    run_uuid: str | None = None
    value: str | None = None


async def set_tag(door: Door, call: Call, message: SetTag) -> None:
    """POST runs/set-tag."""
    run_id = run_id_of(message.run_id, message.run_uuid)
    command = commands.SetRunTags(run_id=run_id, tags=[(message.key, message.value or "")])
    await door.handler.change_run(command, call.actor)


class DeleteTag(msgspec.Struct):
    """Request of runs/delete-tag."""

    run_id: str
    key: str


async def delete_tag(door: Door, call: Call, message: DeleteTag) -> None:
    """POST runs/delete-tag."""
    command = commands.DeleteRunTag(run_id=message.run_id, key=message.key)
    await door.handler.change_run(command, call.actor)
