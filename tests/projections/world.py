"""The world in which sequences of commands happen, and what they are made of.

A step names the run, experiment or model it means by a number, taken modulo how many there are;
what the rules refuse is part of the sequence.
"""

import contextlib
import random
from collections.abc import Awaitable, Callable
from itertools import count

import msgspec
from hypothesis import strategies as st

from eventtrack.commands.corrections import Corrections
from eventtrack.commands.handler import Handler
from eventtrack.commands.reach import Reach
from eventtrack.commands.registry import Registry
from eventtrack.commands.runs import CreateRun
from eventtrack.commands.webhooks import Webhooks
from eventtrack.errors import EventtrackError
from eventtrack.log import EventLog
from eventtrack.projector.live import Live
from eventtrack.server.states import ViewStates
from tests.support import ACTOR, ROOT

# Few names and values, so that they meet.
names = st.sampled_from(["a", "b", "A", "ä/1"])
keys = st.sampled_from(["k", "k2", "loss", "a/b", "mlflow.runName", "$bad"])
texts = st.sampled_from(["", "1", "2", "ü\n", "x" * 8100])
which = st.integers(0, 5)
pairs = st.lists(st.tuples(keys, texts), max_size=3)


class World:
    """A stack under test, what exists in it, and a handler that can be started anew."""

    def __init__(self, log: EventLog, live: Live) -> None:
        self.log = log
        self.live = live
        self.experiments: list[str] = []
        self.runs: list[str] = []
        self.models: list[str] = []
        self.webhooks: list[str] = []
        self._now, self._ids = count(1_000), count(1)
        self._random = random.Random(7)
        self.restart()

    def restart(self) -> None:
        """A handler that remembers nothing."""
        self.handler = Handler(
            self.log,
            ViewStates(self.live),
            artifact_root=ROOT,
            now_ms=lambda: next(self._now),
            new_id=lambda: f"{next(self._ids):032x}",
            source=self._random,
        )
        self.registry = Registry(self.log, self.handler, ViewStates(self.live))
        self.hooks = Webhooks(self.log, self.handler, ViewStates(self.live), Reach())
        self.corrections = Corrections(self.log, self.handler, ViewStates(self.live))

    async def begin(self) -> None:
        """One experiment, one run."""
        await self.handler.ensure_default_experiment(ACTOR)
        self.experiments.append("0")
        self.runs.append(
            (await self.handler.create_run(CreateRun(experiment_id="0"), ACTOR)).run_id
        )


Do = Callable[[World], Awaitable[object]]


class Step(msgspec.Struct, frozen=True):
    """One step: what it says, and what it does."""

    says: str
    do: Do

    def __repr__(self) -> str:
        return self.says if len(self.says) < 300 else f"{self.says[:300]}..."

    async def happen(self, world: World) -> None:
        """Do it, if the rules allow."""
        with contextlib.suppress(EventtrackError):
            await self.do(world)
