"""Whatever is sent again, by whomever, with restarts between: every entry is in the log once."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventtrack.columns import pack_float, pack_int
from eventtrack.commands.ingest import Command, EndRun, LogTable, StartRun
from eventtrack.commands.receiver import Receiver, Request
from eventtrack.commands.runs import LogParams, SetRunTags
from eventtrack.errors import OutOfSequence
from eventtrack.events.metrics import MetricsLogged, Table
from eventtrack.events.producers import EntriesReceived
from tests.support import ACTOR, BRIEF, Stack, make_handler, open_stack, read_all

RUNS = ["r0", "r1"]


def request_of(producer: str, number: int) -> Request:
    """The producer's request of this number, always the same."""
    run_id = RUNS[number % 2]
    name = f"{producer}-{number}"
    point = Table(
        points=1,
        steps=pack_int(number),
        timestamps=pack_int(1),
        values={producer: pack_float(number)},
    )
    commands: list[Command] = [
        StartRun(run_id=run_id, experiment_id="0"),
        LogParams(run_id=run_id, params=[(name, "1")], batch=True),
        LogTable(run_id=run_id, table=point),
        SetRunTags(run_id=run_id, tags=[("last", name)], batch=True),
    ]
    if number % 5 == 4:
        commands.append(EndRun(run_id=run_id, status="FINISHED", end_time_ms=number))
    return Request(
        commands=list(enumerate(commands)),
        producer=producer,
        sequence=number,
        following=number + 1,
    )


deeds = st.lists(
    st.tuples(
        st.sampled_from(["send", "again", "together", "ahead", "restart"]),
        st.sampled_from(["p", "q"]),
    ),
    max_size=14,
)


@BRIEF
@given(deeds)
def test_every_request_is_stored_once(what: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(play(Path(folder), what))


async def play(folder: Path, what: list[tuple[str, str]]) -> None:
    async with open_stack(folder, follow=True) as stack:
        await stack.handler.ensure_default_experiment(ACTOR)
        receiver = Receiver(stack.handler)
        sent = Counter[str]()
        for deed, producer in what:
            following = sent[producer]
            match deed:
                case "restart":
                    receiver = restarted(stack)
                case "send":
                    await receiver.receive(request_of(producer, following), ACTOR)
                    sent[producer] += 1
                case "again" if following:
                    received = await receiver.receive(request_of(producer, following - 1), ACTOR)
                    assert received.repeated
                    assert received.following == following
                case "together":
                    # The same request twice at once, through two servers on one log.
                    other = restarted(stack)
                    answers = await asyncio.gather(
                        receiver.receive(request_of(producer, following), ACTOR),
                        other.receive(request_of(producer, following), ACTOR),
                    )
                    assert sorted(each.repeated for each in answers) == [False, True]
                    sent[producer] += 1
                case "ahead" if following:
                    await refused_ahead(receiver.receive, request_of(producer, following + 1))
        await check(stack, sent)


def restarted(stack: Stack) -> Receiver:
    handler = make_handler(stack.log, stack.live, lambda: "f" * 32)
    return Receiver(handler)


async def refused_ahead(
    receive: Callable[[Request, str], Awaitable[object]], request: Request
) -> None:
    with pytest.raises(OutOfSequence) as caught:
        await receive(request, ACTOR)
    assert caught.value.expected == request.sequence - 1


async def check(stack: Stack, sent: "Counter[str]") -> None:
    events = [recorded.event for recorded in await read_all(stack.log)]
    received = [event for event in events if isinstance(event, EntriesReceived)]
    points = [
        (series.key, step)
        for event in events
        if isinstance(event, MetricsLogged)
        for series in event.series()
        for step, _, _ in series.points()
    ]
    for producer, count in sent.items():
        mine = [event.sequence for event in received if event.producer == producer]
        assert mine == list(range(count))
        assert [step for key, step in points if key == producer] == list(range(count))


async def test_a_request_stored_while_it_is_decided_is_not_stored_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another server stores the same request between the look at the producer and the append."""
    async with open_stack(tmp_path, follow=True) as stack:
        await stack.handler.ensure_default_experiment(ACTOR)
        other = Receiver(stack.handler)
        receiver = restarted(stack)
        decide = receiver._decide

        async def decide_late(commands: Sequence[tuple[int, Command]]) -> object:
            monkeypatch.setattr(receiver, "_decide", decide)
            await other.receive(request_of("p", 0), ACTOR)
            return await decide(commands)

        monkeypatch.setattr(receiver, "_decide", decide_late)
        received = await receiver.receive(request_of("p", 0), ACTOR)
        assert received.repeated
        await check(stack, Counter({"p": 1}))
