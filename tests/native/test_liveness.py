"""Leases over real views, with a clock of the test's own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from eventtrack.commands.ingest import EndRun, StartRun
from eventtrack.commands.receiver import Receiver, Request
from eventtrack.commands.runs import SetRunTags
from eventtrack.server.liveness import Liveness
from projections import leases
from tests.support import ACTOR, Stack, open_stack


class Clock:
    """Seconds, for the leases, the log and the handler alike."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def stack(tmp_path: Path, clock: Clock) -> AsyncIterator[Stack]:
    async with open_stack(
        tmp_path, follow=True, clock_us=lambda: int(clock.now * 1_000_000)
    ) as stack:
        stack.handler.now_ms = lambda: int(clock.now * 1000)
        await stack.handler.ensure_default_experiment(ACTOR)
        yield stack


async def test_a_run_is_lost_once_after_its_lease_and_not_before(
    stack: Stack, clock: Clock
) -> None:
    receiver = Receiver(stack.handler)
    liveness = Liveness(stack.handler, stack.live, ACTOR, clock)
    starts = [
        StartRun(run_id=run_id, experiment_id="0", lease_seconds=60) for run_id in ("a", "b", "c")
    ]
    starts.append(StartRun(run_id="unleased", experiment_id="0"))
    await receiver.receive(Request(commands=list(enumerate(starts))), ACTOR)
    liveness.heard(["a", "b", "c"])
    clock.now = 50
    liveness.heard(["a"])
    end = EndRun(run_id="c", status="FINISHED", end_time_ms=1)
    await receiver.receive(Request(commands=[(0, end)]), ACTOR)
    clock.now = 61
    assert await liveness.look() == ["b"]
    assert await liveness.look() == []
    await stack.projector.arrive()
    assert await leases.lost_among(stack.views, ["a", "b", "c", "unleased"]) == {"b"}
    clock.now = 111
    assert await liveness.look() == ["a"]


async def test_after_a_restart_every_run_has_a_whole_lease_to_be_heard_from(
    stack: Stack, clock: Clock
) -> None:
    start = StartRun(run_id="a", experiment_id="0", lease_seconds=60)
    await Receiver(stack.handler).receive(Request(commands=[(0, start)]), ACTOR)
    clock.now = 1000
    restarted = Liveness(stack.handler, stack.live, ACTOR, clock)
    clock.now = 1060
    assert await restarted.look() == []
    clock.now = 1061
    assert await restarted.look() == ["a"]


async def test_a_leased_run_that_others_log_to_is_not_lost(stack: Stack, clock: Clock) -> None:
    """Its own process is dead, but a client that knows no lease goes on with the run."""
    liveness = Liveness(stack.handler, stack.live, ACTOR, clock)
    start = StartRun(run_id="a", experiment_id="0", lease_seconds=60)
    await Receiver(stack.handler).receive(Request(commands=[(0, start)]), ACTOR)
    for now in (50.0, 100.0, 150.0):
        clock.now = now
        tags = SetRunTags(run_id="a", tags=[("epoch", str(now))])
        await stack.handler.change_run(tags, ACTOR)
        clock.now = now + 20
        assert await liveness.look() == []
    clock.now = 211.0
    assert await liveness.look() == ["a"]
