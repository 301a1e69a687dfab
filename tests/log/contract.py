"""What every engine promises.  A new backend subclasses `EventLogContract` and runs all of it.

The tests know nothing of positions but that they grow: a partitioned engine has holes in them.
"""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from eventtrack.events import START, Position, Recorded
from eventtrack.log import (
    Check,
    Entry,
    EventLog,
    LogUnavailable,
    Stored,
    WrongVersion,
    chain,
)
from tests.support import ACTOR, fact, number_of, read_all


def entry(stream: str, number: int, version: int | None = None) -> Entry:
    return Entry(stream, fact(number), version)


def numbers(events: list[Recorded]) -> list[int]:
    return [number_of(event) for event in events]


async def stream_of(log: EventLog, stream: str) -> list[int]:
    return [number_of(event) async for event in log.read_stream(stream)]


async def stored(log: EventLog) -> list[Stored]:
    return [row async for row in log.read_stored()]


class EventLogContract(ABC):
    """The promises.  A subclass, named Test..., says how its engine is opened and made to fail."""

    @abstractmethod
    async def open(self, folder: Path) -> EventLog:
        """Open the engine's log in this folder, creating it when absent."""

    @abstractmethod
    def without_space(self, folder: Path) -> AbstractContextManager[None]:
        """While the context is open, the engine cannot store anything large."""

    @pytest.fixture
    async def log(self, tmp_path: Path) -> AsyncIterator[EventLog]:
        log = await self.open(tmp_path)
        yield log
        await log.close()

    # Appending

    async def test_an_event_is_read_back_as_it_was_appended(self, log: EventLog) -> None:
        position = await log.append([entry("run/r", 7, 1)], actor=ACTOR)
        (event,) = await log.read(START)
        assert event.position == position == log.head()
        assert (event.stream, event.version, event.actor) == ("run/r", 1, ACTOR)
        assert event.event == fact(7)
        assert event.recorded_at > 0
        assert len(event.digest) == chain.DIGEST_BYTES

    async def test_entries_of_one_append_stand_together_and_in_order(self, log: EventLog) -> None:
        entries = [entry(f"s/{number % 3}", number) for number in range(200)]
        others = [log.append([entry("other", 1000 + n)], actor=ACTOR) for n in range(20)]
        position, *_ = await asyncio.gather(log.append(entries, actor=ACTOR), *others)
        events = numbers(await read_all(log))
        start = events.index(0)
        assert events[start : start + 200] == list(range(200))
        assert (await read_all(log))[start + 199].position == position

    async def test_an_append_with_one_wrong_version_stores_nothing(self, log: EventLog) -> None:
        before = log.head()
        with pytest.raises(WrongVersion):
            await log.append([entry("a", 1), entry("b", 2, 1), entry("c", 3, 5)], actor=ACTOR)
        assert log.head() == before
        assert await read_all(log) == []
        assert await log.version("b") == 0

    async def test_a_stream_that_does_not_exist_is_at_version_0(self, log: EventLog) -> None:
        assert await log.version("run/none") == 0
        await log.append([entry("run/none", 1, 1)], actor=ACTOR)
        assert await log.version("run/none") == 1

    async def test_the_first_event_is_refused_when_the_stream_exists(self, log: EventLog) -> None:
        await log.append([entry("name/x", 1, 1)], actor=ACTOR)
        with pytest.raises(WrongVersion) as caught:
            await log.append([entry("name/x", 2, 1)], actor=ACTOR)
        assert (caught.value.stream, caught.value.expected, caught.value.actual) == ("name/x", 0, 1)
        assert await stream_of(log, "name/x") == [1]

    @pytest.mark.parametrize("version", [1, 2, 4, 100])
    async def test_a_wrong_expected_version_is_refused(self, log: EventLog, version: int) -> None:
        await log.append([entry("s", 1, 1), entry("s", 2, 2)], actor=ACTOR)
        with pytest.raises(WrongVersion):
            await log.append([entry("s", 3, version)], actor=ACTOR)
        assert await stream_of(log, "s") == [1, 2]
        await log.append([entry("s", 3, 3)], actor=ACTOR)
        assert await stream_of(log, "s") == [1, 2, 3]

    async def test_versions_of_several_streams_are_expected_together(self, log: EventLog) -> None:
        await log.append([entry("a", 1, 1), entry("b", 2, 1)], actor=ACTOR)
        await log.append([entry("a", 3, 2), entry("b", 4, 2), entry("c", 5, 1)], actor=ACTOR)
        with pytest.raises(WrongVersion):
            await log.append([entry("a", 6, 3), entry("b", 7, 2)], actor=ACTOR)
        assert [await log.version(each) for each in "abc"] == [2, 2, 1]
        assert await stream_of(log, "a") == [1, 3]

    async def test_unchecked_events_leave_the_version_alone(self, log: EventLog) -> None:
        await log.append([entry("run/r", 1, 1)], actor=ACTOR)
        await log.append([entry("run/r", 2), entry("run/r", 3)], actor=ACTOR)
        await log.append([entry("run/r", 4), entry("run/r", 5, 2), entry("run/r", 6)], actor=ACTOR)
        assert await log.version("run/r") == 2
        assert await stream_of(log, "run/r") == [1, 2, 3, 4, 5, 6]

    async def test_a_check_holds_a_stream_that_is_only_read(self, log: EventLog) -> None:
        await log.append([entry("experiment/1", 1, 1)], actor=ACTOR)
        await log.append([entry("run/a", 2, 1)], actor=ACTOR, checks=[Check("experiment/1", 1)])
        await log.append([entry("experiment/1", 3, 2)], actor=ACTOR)
        with pytest.raises(WrongVersion) as caught:
            await log.append([entry("run/b", 4, 1)], actor=ACTOR, checks=[Check("experiment/1", 1)])
        assert caught.value.stream == "experiment/1"
        assert await log.version("run/b") == 0
        await log.append([entry("run/b", 5, 1)], actor=ACTOR, checks=[Check("experiment/2", 0)])
        assert await log.version("experiment/1") == 2, "a check takes no version"

    async def test_a_check_can_name_a_stream_the_append_also_writes(self, log: EventLog) -> None:
        await log.append([entry("s", 1, 1)], actor=ACTOR)
        await log.append([entry("s", 2)], actor=ACTOR, checks=[Check("s", 1)])
        await log.append([entry("s", 3, 2)], actor=ACTOR, checks=[Check("s", 1)])
        with pytest.raises(WrongVersion):
            await log.append([entry("s", 4)], actor=ACTOR, checks=[Check("s", 1)])

    # Concurrency

    async def test_of_appends_that_wait_together_only_the_conflicting_are_refused(
        self, log: EventLog
    ) -> None:
        """They may share one commit; each is still judged alone, in the order of asking."""
        await log.append([entry("warm", 0, 1)], actor=ACTOR)
        outcomes = await asyncio.gather(
            log.append([entry("s", 1, 1)], actor=ACTOR),
            log.append([entry("s", 2, 1)], actor=ACTOR),
            log.append([entry("s", 3)], actor=ACTOR),
            log.append([entry("s", 4, 2)], actor=ACTOR, checks=[Check("t", 0)]),
            log.append([entry("t", 5, 1), entry("s", 6, 9)], actor=ACTOR),
            log.append([entry("t", 7, 1)], actor=ACTOR),
            log.append([entry("u", 8, 1)], actor=ACTOR, checks=[Check("t", 0)]),
            return_exceptions=True,
        )
        refused = [isinstance(outcome, WrongVersion) for outcome in outcomes]
        assert refused == [False, True, False, False, True, False, True]
        assert await stream_of(log, "s") == [1, 3, 4]
        assert await stream_of(log, "t") == [7]
        assert await log.version("u") == 0

    async def test_64_writers_at_once_all_get_their_own_position(self, log: EventLog) -> None:
        async def write(writer: int) -> None:
            for turn in range(5):
                position = await log.append([entry(f"run/{writer}", turn)], actor=f"w{writer}")
                assert position <= log.head(), "acknowledged means durable"
                positions.append(position)

        positions: list[int] = []
        await asyncio.gather(*(write(writer) for writer in range(64)))
        assert len(set(positions)) == len(positions) == 64 * 5
        events = await read_all(log)
        assert sorted(positions) == [event.position for event in events]
        for writer in range(64):
            assert await stream_of(log, f"run/{writer}") == list(range(5))
            assert {event.actor for event in events if event.stream == f"run/{writer}"} == {
                f"w{writer}"
            }

    async def test_of_64_first_events_of_one_stream_one_is_stored(self, log: EventLog) -> None:
        outcomes = await asyncio.gather(
            *(log.append([entry("name/x", n, 1)], actor=ACTOR) for n in range(64)),
            return_exceptions=True,
        )
        winners = [n for n, outcome in enumerate(outcomes) if isinstance(outcome, int)]
        losers = [outcome for outcome in outcomes if isinstance(outcome, WrongVersion)]
        assert (len(winners), len(losers)) == (1, 63)
        assert await stream_of(log, "name/x") == winners

    async def test_writers_that_retry_on_conflict_lose_nothing(self, log: EventLog) -> None:
        async def write(number: int) -> None:
            while True:
                version = await log.version("s")
                try:
                    await log.append([entry("s", number, version + 1)], actor=ACTOR)
                except WrongVersion:
                    continue
                return

        await asyncio.gather(*(write(number) for number in range(16)))
        assert sorted(await stream_of(log, "s")) == list(range(16))
        versions = [event.version for event in await read_all(log)]
        assert versions == list(range(1, 17))

    async def test_a_version_is_told_only_when_its_event_can_be_read(self, log: EventLog) -> None:
        """Else a state read after its version could be older than the version."""

        async def write() -> Position:
            for version in range(1, 101):
                await log.append([entry("s", version, version)], actor=ACTOR)
            return log.head()

        writing = asyncio.create_task(write())
        while not writing.done():
            version = await log.version("s")
            head = log.head()
            events = [e async for e in log.read_stream("s") if e.position <= head]
            assert len(events) >= version
        await writing
        for turn in range(60):
            # A stream nobody has asked for yet.
            stream = f"new/{turn}"
            writing = asyncio.create_task(log.append([entry(stream, 1, 1)], actor=ACTOR))
            while not writing.done():
                await asyncio.sleep(0)
                version = await log.version(stream)
                head = log.head()
                events = [e async for e in log.read_stream(stream) if e.position <= head]
                assert len(events) >= version

    async def test_an_asker_who_goes_away_disturbs_nobody(self, log: EventLog) -> None:
        leaving = asyncio.create_task(log.append([entry("s", 1)], actor=ACTOR))
        staying = asyncio.create_task(log.append([entry("s", 2)], actor=ACTOR))
        await asyncio.sleep(0)
        leaving.cancel()
        await staying
        with pytest.raises(asyncio.CancelledError):
            await leaving
        await log.append([entry("s", 3)], actor=ACTOR)
        assert (await stream_of(log, "s"))[-2:] == [2, 3]

    async def test_what_cannot_be_encoded_fails_only_its_asker(self, log: EventLog) -> None:
        lone = "\ud800"
        bad_event = Entry("s", fact(2).__class__(run_id=lone, tags={}))
        outcomes = await asyncio.gather(
            log.append([entry("s", 1)], actor=ACTOR),
            log.append([entry("s", 2), bad_event], actor=ACTOR),
            log.append([entry(f"s/{lone}", 3)], actor=ACTOR),
            log.append([entry("s", 4)], actor=f"{lone}@host"),
            log.append([entry("s", 5)], actor=ACTOR, checks=[Check(lone, 0)]),
            log.append([entry("s", 6)], actor=ACTOR),
            return_exceptions=True,
        )
        failed = [isinstance(outcome, UnicodeEncodeError) for outcome in outcomes]
        assert failed == [False, True, True, True, True, False]
        assert numbers(await read_all(log)) == [1, 6]

    # Reading

    async def test_reading_goes_on_after_a_position(self, log: EventLog) -> None:
        positions = [await log.append([entry("s", n)], actor=ACTOR) for n in range(10)]
        for n, position in enumerate(positions):
            assert numbers(await log.read(position)) == list(range(n + 1, 10))
        assert await log.read(log.head()) == []

    async def test_a_page_has_at_most_what_was_asked_and_at_least_one(self, log: EventLog) -> None:
        await log.append([entry("s", n) for n in range(50)], actor=ACTOR)
        assert numbers(await log.read(START, events_max=7)) == list(range(7))
        assert numbers(await log.read(START, bytes_max=1)) == [0]
        page = await log.read(START, bytes_max=200)
        assert 1 < len(page) < 50
        read: list[Recorded] = []
        while page := await log.read(read[-1].position if read else START, events_max=7):
            read += page
        assert numbers(read) == list(range(50))

    async def test_a_stream_is_read_alone_in_order_and_from_a_position(self, log: EventLog) -> None:
        for n in range(30):
            await log.append([entry(f"s/{n % 3}", n)], actor=ACTOR)
        assert await stream_of(log, "s/1") == list(range(1, 30, 3))
        middle = [e.position async for e in log.read_stream("s/1")][4]
        rest = [number_of(e) async for e in log.read_stream("s/1", middle)]
        assert rest == [16, 19, 22, 25, 28]
        assert await stream_of(log, "s/none") == []

    async def test_stored_rows_are_the_events_as_bytes(self, log: EventLog) -> None:
        await log.append([entry("a", 1, 1), entry("b", 2)], actor=ACTOR)
        events, rows = await read_all(log), await stored(log)
        for event, row in zip(events, rows, strict=True):
            assert row.payload is not None
            assert row.payload_digest == chain.payload_digest(row.payload)
            assert (row.position, row.stream, row.version, row.recorded_at, row.actor) == (
                event.position,
                event.stream,
                event.version,
                event.recorded_at,
                event.actor,
            )
            assert row.digest == event.digest

    async def test_waiting_ends_when_the_head_passes(self, log: EventLog) -> None:
        waiting = asyncio.create_task(log.wait(log.head()))
        await asyncio.sleep(0)
        assert not waiting.done()
        position = await log.append([entry("s", 1)], actor=ACTOR)
        await waiting
        await log.wait(START)
        further = asyncio.create_task(log.wait(position))
        await asyncio.sleep(0)
        assert not further.done()
        further.cancel()
        await log.append([entry("s", 2)], actor=ACTOR)

    async def test_a_tail_of_waits_and_reads_sees_every_event_once(self, log: EventLog) -> None:
        async def follow() -> None:
            position = START
            while len(seen) < 400:
                await log.wait(position)
                for event in await log.read(position, events_max=7):
                    seen.append(number_of(event))
                    position = event.position

        async def write(writer: int) -> None:
            for turn in range(10):
                await log.append([entry(f"run/{writer}", writer * 10 + turn)], actor=ACTOR)

        seen: list[int] = []
        await asyncio.gather(follow(), *(write(writer) for writer in range(40)))
        assert sorted(seen) == list(range(400))
        assert seen == numbers(await read_all(log))

    async def test_time_never_goes_back(self, log: EventLog) -> None:
        for n in range(20):
            await log.append([entry("s", n)], actor=ACTOR)
        times = [event.recorded_at for event in await read_all(log)]
        assert times == sorted(times)

    async def test_when_a_stream_was_last_recorded(self, tmp_path: Path) -> None:
        log = await self.open(tmp_path)
        assert await log.last_recorded("a") == 0
        for stream in ("a", "b", "a", "b"):
            await log.append([entry(stream, 1)], actor=ACTOR)
        events = await read_all(log)
        assert await log.last_recorded("a") == events[2].recorded_at
        assert await log.last_recorded("b") == events[3].recorded_at
        await log.close()

    # Opening and closing

    async def test_reopened_it_is_the_same_log(self, tmp_path: Path) -> None:
        log = await self.open(tmp_path)
        for n in range(20):
            await log.append([entry(f"s/{n % 4}", n, n // 4 + 1), entry("m", n)], actor=ACTOR)
        events, rows, head = await read_all(log), await stored(log), log.head()
        await log.close()
        log = await self.open(tmp_path)
        assert log.head() == head
        assert await read_all(log) == events
        assert await stored(log) == rows
        assert [await log.version(f"s/{n}") for n in range(5)] == [5, 5, 5, 5, 0]
        with pytest.raises(WrongVersion):
            await log.append([entry("s/0", 99, 5)], actor=ACTOR)
        position = await log.append([entry("s/0", 99, 6)], actor=ACTOR)
        assert position > head
        await log.close()

    async def test_closing_answers_who_waits_and_refuses_who_comes(self, tmp_path: Path) -> None:
        log = await self.open(tmp_path)
        waiting = [asyncio.create_task(log.append([entry("s", n)], actor=ACTOR)) for n in range(32)]
        await asyncio.sleep(0)
        await log.close()
        assert len({await each for each in waiting}) == 32
        with pytest.raises(LogUnavailable):
            await log.append([entry("s", 99)], actor=ACTOR)
        await log.close()
        log = await self.open(tmp_path)
        assert await stream_of(log, "s") == list(range(32))
        await log.close()

    # Faults

    async def test_without_space_it_refuses_whole_appends_and_recovers(
        self, tmp_path: Path
    ) -> None:
        log = await self.open(tmp_path)
        await log.append([entry("s", 0, 1)], actor=ACTOR)
        large = Entry("s", fact(1).__class__(run_id="r", tags={"number": "x" * (4 << 20)}), 2)
        with self.without_space(tmp_path):
            outcomes = await asyncio.gather(
                log.append([large], actor="somebody@new"),
                log.append([entry("new", 5, 1)], actor=ACTOR),
                return_exceptions=True,
            )
            assert [type(outcome) for outcome in outcomes] == [LogUnavailable, LogUnavailable]
            assert numbers(await read_all(log)) == [0]
            assert await log.version("s") == 1
            assert await log.version("new") == 0
        await log.append([entry("s", 1, 2)], actor="somebody@new")
        await log.append([entry("new", 2, 1)], actor=ACTOR)
        await log.close()
        log = await self.open(tmp_path)
        assert numbers(await read_all(log)) == [0, 1, 2]
        await log.close()
