"""How long and how often a delivery is tried, with a clock that the test moves."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from eventtrack.commands.model_versions import CreateModelVersion
from eventtrack.commands.reach import Reach
from eventtrack.commands.registered_models import CreateRegisteredModel
from eventtrack.commands.registry import Registry
from eventtrack.commands.webhooks import CreateWebhook, Webhooks
from eventtrack.events import Position
from eventtrack.server.states import ViewStates
from eventtrack.server.webhooks.delivering import (
    GIVEN_UP_SECONDS,
    LOOK_SECONDS,
    PAUSE_SECONDS_MAX,
    Deliveries,
)
from eventtrack.server.webhooks.names import Names
from eventtrack.server.webhooks.outbox import Outbox
from eventtrack.server.webhooks.sending import Sender
from tests.support import ACTOR, open_stack
from tests.webhooks.receiver import Receiver

REACH = Reach("http://127.0.0.1")
EVENTS = ["registered_model.created", "model_version.created"]


class Bench:
    """Deliveries on a stack, one webhook for everything, and a clock."""

    def __init__(self, registry: Registry, outbox: Outbox, deliveries: Deliveries) -> None:
        self.registry = registry
        self.outbox = outbox
        self.deliveries = deliveries
        self.now_ms = 1_700_000_000_000
        self.is_closed = False

    async def look(self) -> None:
        """Take on what happened, start what is due, and wait for the end of it."""
        await self.deliveries.look()
        await self.deliveries.rest()

    async def pause_ms(self) -> int:
        """How long the next lane waits."""
        due = await self.outbox.next_due(())
        assert due is not None
        return due - self.now_ms


@contextlib.asynccontextmanager
async def bench(folder: Path, url: str) -> AsyncIterator[Bench]:
    async with open_stack(folder, follow=True) as stack:
        log, states = stack.log, ViewStates(stack.live)
        outbox = await Outbox.open(folder / "outbox.db", log.log_id, log.head())
        names = Names()
        deliveries = Deliveries(
            log, log.log_id, stack.live, outbox, Sender(REACH, names), lambda: made.now_ms
        )
        made = Bench(Registry(log, stack.handler, states), outbox, deliveries)
        command = CreateWebhook(name="w", url=url, events=EVENTS)
        await Webhooks(log, stack.handler, states, REACH).create(command, ACTOR)
        try:
            yield made
        finally:
            if not made.is_closed:
                await deliveries.close()
            await names.close()


async def test_pauses_double_up_to_a_limit_and_leave_half_to_chance(tmp_path: Path) -> None:
    with Receiver() as receiver:
        receiver.answer = lambda _: 500
        async with bench(tmp_path, receiver.url) as made:
            await made.registry.create_model(CreateRegisteredModel(name="m"), ACTOR)
            await made.look()
            pauses = []
            for _ in range(12):
                pauses.append(await made.pause_ms())
                made.now_ms += pauses[-1]
                await made.look()
            for number, pause in enumerate(pauses):
                longest = min(1000 * 2**number, PAUSE_SECONDS_MAX * 1000)
                assert longest / 2 - 1 <= pause <= longest
            assert len({pause / 2**number for number, pause in enumerate(pauses)}) > 6


async def test_a_receiver_is_left_alone_as_long_as_it_asks(tmp_path: Path) -> None:
    with Receiver() as receiver:
        receiver.answer = lambda _: 429
        receiver.headers = {"Retry-After": "120"}
        async with bench(tmp_path, receiver.url) as made:
            await made.registry.create_model(CreateRegisteredModel(name="m"), ACTOR)
            await made.look()
            assert await made.pause_ms() == 120_000
            receiver.headers = {"Retry-After": "99999999"}
            made.now_ms += 120_000
            await made.look()
            assert await made.pause_ms() == PAUSE_SECONDS_MAX * 1000


async def test_nothing_is_tried_before_its_time(tmp_path: Path) -> None:
    with Receiver() as receiver:
        receiver.answer = lambda _: 500
        async with bench(tmp_path, receiver.url) as made:
            await made.registry.create_model(CreateRegisteredModel(name="m"), ACTOR)
            await made.look()
            made.now_ms += await made.pause_ms() - 1
            await made.look()
            assert len(receiver.received) == 1
            made.now_ms += 1
            await made.look()
            assert len(receiver.received) == 2


async def test_after_a_day_a_delivery_is_given_up_and_the_next_one_tried(tmp_path: Path) -> None:
    with Receiver() as receiver:
        receiver.answer = lambda _: 500
        async with bench(tmp_path, receiver.url) as made:
            await made.registry.create_model(CreateRegisteredModel(name="old"), ACTOR)
            await made.look()
            made.now_ms += int(GIVEN_UP_SECONDS * 1000) - 1
            await made.look()
            assert (made.deliveries.given_up, made.deliveries.waiting) == (0, 1)
            version = CreateModelVersion(name="old", source="s3://bucket/model")
            await made.registry.create_version(version, ACTOR)
            made.now_ms += await made.pause_ms() + 1
            await made.look()
            assert (made.deliveries.given_up, made.deliveries.waiting) == (1, 1)
            receiver.answer = lambda _: 200
            await made.look()
            events = [each.event for each in receiver.received]
            assert events == [EVENTS[0], EVENTS[0], EVENTS[0], EVENTS[1]]
            assert (made.deliveries.delivered, made.deliveries.waiting) == (1, 0)


async def test_a_long_backlog_is_on_the_disk_and_not_in_memory(tmp_path: Path) -> None:
    outbox = await Outbox.open(tmp_path / "outbox.db", "log", Position(0))
    lanes, each = 50, 40
    for number in range(lanes * each):
        asked = (Position(number + 1), "w", f"m{number % lanes}")
        await outbox.take([asked], 1_000 + number)
    assert outbox.waiting == lanes * each
    found = await outbox.due(10_000, (), (), 10)
    assert [waiting.position for waiting in found] == list(range(1, 11)), "the first of each lane"
    assert await outbox.due(10_000, (), ("w",), 10) == []
    await outbox.made(found[0], 10_000)
    await outbox.close()

    again = await Outbox.open(tmp_path / "outbox.db", "log", Position(5_000))
    assert (again.taken, again.waiting) == (lanes * each, lanes * each - 1)
    positions = {waiting.position for waiting in await again.due(10_000, (), (), 100)}
    assert lanes + 1 in positions, "the next of that lane"
    assert 1 not in positions
    await again.close()


@pytest.mark.parametrize(("log_id", "head"), [("another", 5_000), ("log", 3)])
async def test_the_outbox_of_another_log_or_of_its_future_begins_anew(
    tmp_path: Path, log_id: str, head: int
) -> None:
    outbox = await Outbox.open(tmp_path / "outbox.db", "log", Position(0))
    await outbox.take([(Position(9), "w", "m")], 1)
    await outbox.close()
    again = await Outbox.open(tmp_path / "outbox.db", log_id, Position(head))
    assert (again.taken, again.waiting) == (head, 0)
    assert await again.due(10_000, (), (), 10) == []
    await again.close()


@pytest.mark.parametrize("ticks", range(6))
async def test_stopping_at_the_moment_of_a_wakening_stops(tmp_path: Path, ticks: int) -> None:
    """A cancellation that comes together with what was waited for must not be lost."""
    async with bench(tmp_path, "http://127.0.0.1:9/") as made:
        made.deliveries.start()
        await made.deliveries.hasten("nobody")
        await asyncio.sleep(LOOK_SECONDS / 4)
        await made.deliveries.hasten("nobody")
        for _ in range(ticks):
            await asyncio.sleep(0)
        async with asyncio.timeout(20):
            await made.deliveries.close()
            made.is_closed = True
