"""Operations on the views: folding the log anew beside the live ones."""

import contextlib
from collections.abc import AsyncIterator

import msgspec

from eventtrack.operations import OperationFailed, Report, Site
from eventtrack.projector.child import BuildFailed
from eventtrack.projector.live import RebuildUnderWay
from projections.builtin import BUILT_IN


class RebuildViews(msgspec.Struct, frozen=True):
    """Fold the log anew for these projections; for all when none is named."""

    names: list[str] = []


async def rebuild(site: Site, arguments: RebuildViews) -> AsyncIterator[Report]:
    """Build new views beside the live ones and switch; queries are answered all the while."""
    known = [projection.name for projection in BUILT_IN]
    for name in arguments.names:
        if name not in known:
            raise OperationFailed(f"there is no projection {name!r}; there are {', '.join(known)}")
    folded = 0
    try:
        async with contextlib.aclosing(site.live.rebuild(arguments.names)) as rebuilding:
            async for position, head in rebuilding:
                folded = int(position)
                yield Report(stage="folding the log", done=folded, total=int(head), unit="events")
    except (RebuildUnderWay, BuildFailed) as error:
        raise OperationFailed(str(error)) from error
    names = arguments.names or known
    yield Report(
        said=f"rebuilt {', '.join(names)} from {folded} events",
        result={"projections": names, "events": folded},
    )
