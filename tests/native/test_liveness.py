"""Leases over real views, with a clock of the test's own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from eventtrack.commands.ingest import EndRun, StartRun
from eventtrack.commands.receiver import Receiver, Request
from eventtrack.server.liveness import Liveness
from projections import leases
from tests.support import ACTOR, Stack, open_stack


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    async with open_stack(tmp_path, follow=True) as stack:
        await stack.handler.ensure_default_experiment(ACTOR)
        yield stack


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_run_is_lost_once_after_its_lease_and_not_before(stack: Stack) -> None:
    clock = Clock()
    receiver = Receiver(stack.log, stack.handler)
    liveness = Liveness(stack.handler, stack.views, stack.projector, ACTOR, clock)
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


async def test_after_a_restart_every_run_has_a_whole_lease_to_be_heard_from(stack: Stack) -> None:
    clock = Clock()
    start = StartRun(run_id="a", experiment_id="0", lease_seconds=60)
    await Receiver(stack.log, stack.handler).receive(Request(commands=[(0, start)]), ACTOR)
    clock.now = 1000
    restarted = Liveness(stack.handler, stack.views, stack.projector, ACTOR, clock)
    clock.now = 1060
    assert await restarted.look() == []
    clock.now = 1061
    assert await restarted.look() == ["a"]
