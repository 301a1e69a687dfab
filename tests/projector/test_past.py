"""The past is what a fresh replay up to there gives, for one run and for everything."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventtrack.commands.runs import LogParams
from eventtrack.events import Position
from eventtrack.projector.building import Order, build
from eventtrack.projector.past import PastNotReady, Pasts
from projections import documents, leases
from projections.builtin import BUILT_IN
from projections.metrics.history import encode_points, read_points
from projections.metrics.series import list_series
from projections.views import Views
from tests.projections.sequences import sequences
from tests.projections.world import Step, World
from tests.support import (
    ACTOR,
    BRIEF,
    COMMON,
    Stack,
    answers,
    fold,
    open_stack,
    open_views,
    read_all,
)


@asynccontextmanager
async def open_pasts(stack: Stack, folder: Path, **options: float) -> AsyncIterator[Pasts]:
    """Pasts that are all folded as if they were far from one another."""

    async def build_here(order: Order) -> AsyncGenerator[tuple[Position, Position], None]:
        yield Position(0), stack.log.head()
        await build(stack.log, stack.log.log_id, BUILT_IN, order)

    log = stack.log
    pasts = Pasts(log, log.log_id, folder, BUILT_IN, build_here, stack.live, **options)  # type: ignore[arg-type]
    try:
        yield pasts
    finally:
        await pasts.close()


async def of_run(views: Views, run_id: str) -> list[object]:
    """What views answer about one run, as bytes."""
    found: list[object] = [repr(each) for each in await documents.get_runs(views, [run_id])]
    found.append(await leases.lease_of(views, run_id))
    for series in await list_series(views, run_id):
        found.append(repr(series))
        found.append(encode_points(await read_points(views, run_id, series.key), series.key))
    return found


async def check(folder: Path, sequence: list[Step], cuts: list[int]) -> None:
    async with open_stack(folder) as stack, open_pasts(stack, folder / "past") as pasts:
        world = World(stack.log, stack.live)
        await world.begin()
        for step in sequence:
            await step.happen(world)
        events = await read_all(stack.log)
        for number, cut in enumerate(cuts):
            position = Position(cut % (int(stack.log.head()) + 1))
            fresh = folder / f"fresh-{number}.db"
            until = [recorded for recorded in events if recorded.position <= position]
            fold(fresh, [until] if until else [])
            async with open_views(fresh) as views:
                assert await answers(await pasts.whole(position)) == await answers(views)
                for run_id in world.runs:
                    past = await pasts.of_run(run_id, position)
                    assert await of_run(past, run_id) == await of_run(views, run_id)


def run(sequence: list[Step], cuts: list[int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(check(Path(folder), sequence, cuts))


cuts = st.lists(st.integers(0, 500), min_size=1, max_size=3)


@settings(BRIEF, max_examples=15)
@given(sequence=sequences, cuts=cuts)
def test_as_of_equals_a_fresh_replay_up_to_there(sequence: list[Step], cuts: list[int]) -> None:
    run(sequence, cuts)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@settings(COMMON, max_examples=1000)
@given(sequence=sequences, cuts=cuts)
def test_as_of_equals_a_fresh_replay_for_many_sequences(
    sequence: list[Step], cuts: list[int]
) -> None:
    run(sequence, cuts)


async def params(stack: Stack, count: int) -> str:
    """A run with params logged one after another: position of the first is 4."""
    world = World(stack.log, stack.live)
    await world.begin()
    for number in range(count):
        command = LogParams(run_id=world.runs[0], params=[(f"p{number:03}", "1")])
        await stack.handler.change_run(command, ACTOR)
    return world.runs[0]


async def count_params(views: Views) -> int:
    return len(await views.fetchall("SELECT key FROM run_params"))


async def test_no_more_files_are_kept_than_may_be_and_the_last_used_stay(tmp_path: Path) -> None:
    folder = tmp_path / "past"
    async with open_stack(tmp_path) as stack, open_pasts(stack, folder, files_max=3) as pasts:
        await params(stack, 30)
        first = int(stack.log.head()) - 30
        for count in (5, 10, 15):
            assert await count_params(await pasts.whole(Position(first + count))) == count
        held = await pasts.whole(Position(first + 5))
        for count in (20, 25):
            assert await count_params(await pasts.whole(Position(first + count))) == count
        assert len(list(folder.glob("*.db"))) == 3
        # Whoever still works with one that is gone from the disk is not disturbed.
        assert await count_params(held) == 5
        assert await count_params(await pasts.whole(Position(first + 5))) == 5


async def test_files_of_an_earlier_start_are_used_and_useless_ones_deleted(tmp_path: Path) -> None:
    folder = tmp_path / "past"
    async with open_stack(tmp_path) as stack:
        await params(stack, 10)
        middle = Position(int(stack.log.head()) - 5)
        async with open_pasts(stack, folder) as pasts:
            await pasts.whole(middle)
        made = (folder / f"{middle}.db").stat().st_ino
        (folder / "3.db").write_bytes(b"torn")
        async with open_pasts(stack, folder) as pasts:
            assert await count_params(await pasts.whole(middle)) == 5
            assert (folder / f"{middle}.db").stat().st_ino == made
            await pasts.whole(stack.log.head())
            assert sorted(path.stem for path in folder.glob("*.db")) == sorted(
                [str(middle), str(stack.log.head())]
            )


async def test_who_asks_at_the_same_time_waits_for_the_same_views(tmp_path: Path) -> None:
    async with open_stack(tmp_path) as stack, open_pasts(stack, tmp_path / "past") as pasts:
        run_id = await params(stack, 5)
        head = stack.log.head()
        found = await asyncio.gather(*[pasts.of_run(run_id, head) for _ in range(5)])
        assert len(set(map(id, found))) == 1
        whole = await asyncio.gather(*[pasts.whole(head) for _ in range(5)])
        assert len(set(map(id, whole))) == 1


async def test_a_past_that_takes_long_says_so_and_is_there_later(tmp_path: Path) -> None:
    async with (
        open_stack(tmp_path) as stack,
        open_pasts(stack, tmp_path / "past", wait_seconds=0.0) as pasts,
    ):
        await params(stack, 5)
        position = Position(int(stack.log.head()) - 1)
        with pytest.raises(PastNotReady, match=f"position {position} is being folded"):
            await pasts.whole(position)
        while True:
            try:
                views = await pasts.whole(position)
            except PastNotReady:
                await asyncio.sleep(0.01)
            else:
                break
        assert await count_params(views) == 4
