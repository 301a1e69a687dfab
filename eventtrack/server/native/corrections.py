"""Undo and correction: POST undo, runs/{run_id}/params/correct, runs/{run_id}/metrics/retract."""

import msgspec

from eventtrack.commands.corrections import Taken
from eventtrack.errors import InvalidParameter
from eventtrack.events.corrections import PointsRetracted
from eventtrack.limits import INT64_MAX, INT64_MIN
from eventtrack.server.calls import Call
from eventtrack.server.door import Door
from eventtrack.server.mlflow.wire import Int64, missing

POSITIONS_MAX = 100


class Undo(msgspec.Struct):
    """Take back the events at these positions, the last first."""

    positions: list[Int64] | None = None
    reason: str | None = None


class UndoAnswer(msgspec.Struct):
    """What was taken back, in the order it was."""

    undone: list[Taken]


async def undo(door: Door, call: Call, message: Undo) -> UndoAnswer:
    """POST undo."""
    if not message.positions:
        raise missing("positions")
    if len(message.positions) > POSITIONS_MAX:
        raise InvalidParameter(
            f"Invalid value for parameter 'positions': it has {len(message.positions)}, at most "
            f"{POSITIONS_MAX} are allowed. Undo them in several requests."
        )
    corrections = door.corrections
    done = [
        await corrections.undo(position, message.reason or "", call.actor)
        for position in sorted(set(message.positions), reverse=True)
    ]
    return UndoAnswer(done)


class CorrectParam(msgspec.Struct):
    """Give a param another value."""

    run_id: str
    key: str
    value: str
    reason: str | None = None


async def correct_param(door: Door, call: Call, message: CorrectParam) -> None:
    """POST runs/{run_id}/params/correct."""
    await door.corrections.correct_param(
        message.run_id, message.key, message.value, message.reason or "", call.actor
    )


class Retract(msgspec.Struct):
    """Hide points of a metric between two steps, both included; all of them when left out."""

    run_id: str
    key: str
    first_step: Int64 | None = None
    last_step: Int64 | None = None
    rank: Int64 | None = None
    reason: str | None = None


class RetractAnswer(msgspec.Struct):
    """How many points are hidden now."""

    points: int


async def retract(door: Door, call: Call, message: Retract) -> RetractAnswer:
    """POST runs/{run_id}/metrics/retract."""
    fact = PointsRetracted(
        run_id=message.run_id,
        key=message.key,
        first_step=INT64_MIN if message.first_step is None else message.first_step,
        last_step=INT64_MAX if message.last_step is None else message.last_step,
        rank=message.rank,
        reason=message.reason or "",
    )
    return RetractAnswer(await door.corrections.retract(fact, call.actor))
