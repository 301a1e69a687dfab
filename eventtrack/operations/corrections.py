"""Operations that take events back or put right what was logged."""

from collections.abc import AsyncIterator

import msgspec

from eventtrack.events.corrections import PointsRetracted
from eventtrack.operations import OperationFailed, Report, Site


class Undo(msgspec.Struct, frozen=True):
    """Take back the events at these positions, the last first.  actor: who asks."""

    positions: list[int]
    reason: str
    actor: str


async def undo(site: Site, arguments: Undo) -> AsyncIterator[Report]:
    """Append what takes the events back."""
    _check_writable(site)
    done = []
    for position in sorted(set(arguments.positions), reverse=True):
        taken = await site.corrections.undo(position, arguments.reason, arguments.actor)
        done.append(msgspec.to_builtins(taken))
        yield Report(
            said=f"undid {taken.event} of {taken.stream} at {position} with "
            f"{', '.join(taken.facts) or 'nothing to change'}"
        )
    yield Report(result={"undone": done})


class CorrectParam(msgspec.Struct, frozen=True):
    """Give a param of a run another value."""

    run_id: str
    key: str
    value: str
    reason: str
    actor: str


async def correct_param(site: Site, arguments: CorrectParam) -> AsyncIterator[Report]:
    """Append the correction."""
    _check_writable(site)
    await site.corrections.correct_param(
        arguments.run_id, arguments.key, arguments.value, arguments.reason, arguments.actor
    )
    yield Report(
        said=f"param {arguments.key!r} of run {arguments.run_id} is {arguments.value!r} now",
        result={"run_id": arguments.run_id, "key": arguments.key, "value": arguments.value},
    )


class RetractPoints(msgspec.Struct, frozen=True):
    """Hide points of a metric of a run."""

    points: PointsRetracted
    actor: str


async def retract_points(site: Site, arguments: RetractPoints) -> AsyncIterator[Report]:
    """Append the retraction."""
    _check_writable(site)
    points = arguments.points
    count = await site.corrections.retract(points, arguments.actor)
    yield Report(
        said=f"{count} points of {points.key!r} of run {points.run_id} are hidden; eventtrack undo "
        "brings them back",
        result={"run_id": points.run_id, "key": points.key, "points": count},
    )


def _check_writable(site: Site) -> None:
    if site.settings.read_only:
        raise OperationFailed("the running server is read-only: start it without --read-only")
