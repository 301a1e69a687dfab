"""What waits to be stored is bounded: beyond it writes are refused, and nothing is dropped."""

import asyncio

import pytest

from eventtrack.events import Position
from eventtrack.log import LogBusy
from eventtrack.log.group_commit import GroupCommit, Waiting


class Disk:
    """A commit that takes as long as the test lets it."""

    def __init__(self) -> None:
        self.free = asyncio.Event()
        self.stored: list[bytes] = []

    async def commit(self, group: list[Waiting]) -> None:
        await self.free.wait()
        for waiting in group:
            self.stored += waiting.payloads
            waiting.succeed(Position(len(self.stored)))


async def test_more_than_may_wait_is_refused_and_taken_when_there_is_room() -> None:
    disk = Disk()
    group = GroupCommit(disk.commit, waiting_bytes_max=100)
    taken = [group.submit((), [bytes(40)], (), "a") for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(LogBusy, match="80 bytes wait to be stored already, and at most 100 may"):
        group.submit((), [bytes(40)], (), "a")
    disk.free.set()
    assert await asyncio.gather(*taken) == [1, 2]
    assert await group.submit((), [bytes(40)], (), "a") == 3
    assert (group.waiting_bytes, group.waiting_bytes_peak) == (0, 80)
    assert len(disk.stored) == 3


async def test_one_write_larger_than_the_bound_is_taken_alone() -> None:
    disk = Disk()
    group = GroupCommit(disk.commit, waiting_bytes_max=100)
    disk.free.set()
    assert await group.submit((), [bytes(1000)], (), "a") == 1
