"""Erasing for good: what is in the deleted stage, and old enough.

The fact of an erasure is durable before anything is erased, so that an erasure which was
interrupted is known, and finished by the next one.
"""

from eventtrack.commands import experiments, logged_models, registered_models, runs
from eventtrack.commands.handler import DECISIONS_MAX, Handler, contended
from eventtrack.commands.state import DELETED
from eventtrack.errors import DoesNotExist, InvalidParameter
from eventtrack.events import Fact, Position
from eventtrack.events.erasures import (
    ExperimentErased,
    LoggedModelErased,
    RegisteredModelErased,
    RunErased,
)
from eventtrack.log import Entry, EventLog


class Erasing:
    """Erases runs, experiments and models.  Each method returns the bytes it erased."""

    def __init__(self, log: EventLog, handler: Handler) -> None:
        self._log = log
        self._handler = handler

    async def erase_run(self, run_id: str, reason: str, actor: str) -> int:
        """Erase a deleted run; InvalidParameter when it is active."""
        hot = self._handler.hot
        state = await hot.run(run_id)
        _check_deleted("run", run_id, state.lifecycle_stage)
        stream = runs.stream_of(run_id)
        events, size = await self._log.measure(stream)
        fact = RunErased(run_id=run_id, events=events, bytes=size, reason=reason)
        position = await self._note(stream, fact, actor)
        hot.forget(hot.runs, run_id)
        await self.finish(stream, position)
        return size

    async def erase_model(self, model_id: str, reason: str, actor: str) -> int:
        """Erase a logged model that is deleted, or whose experiment is; else InvalidParameter."""
        hot = self._handler.hot
        state = await hot.model(model_id)
        experiment = await hot.experiment(state.experiment_id)
        if experiment.lifecycle_stage != DELETED:
            _check_deleted("logged model", model_id, state.lifecycle_stage)
        stream = logged_models.stream_of(model_id)
        events, size = await self._log.measure(stream)
        fact = LoggedModelErased(model_id=model_id, events=events, bytes=size, reason=reason)
        position = await self._note(stream, fact, actor)
        hot.forget(hot.models, model_id)
        await self.finish(stream, position)
        return size

    async def erase_registered_model(
        self, registered_model_id: str, reason: str, actor: str
    ) -> int:
        """Erase a deleted registered model with its versions; another may have its name."""
        hot = self._handler.hot
        state = await hot.registered_model(registered_model_id)
        if state is None:
            raise DoesNotExist(f"There is no registered model with the id {registered_model_id}.")
        _check_deleted("registered model", state.name, state.lifecycle_stage)
        stream = registered_models.stream_of(registered_model_id)
        events, size = await self._log.measure(stream)
        fact = RegisteredModelErased(
            registered_model_id=registered_model_id, events=events, bytes=size, reason=reason
        )
        position = await self._note(stream, fact, actor)
        hot.forget(hot.registered_models, registered_model_id)
        await self.finish(stream, position)
        return size

    async def erase_experiment(self, experiment_id: str, reason: str, actor: str) -> int:
        """Erase a deleted experiment whose runs and models are erased already; its name is free."""
        hot = self._handler.hot
        async with hot.lock("experiments"):
            state = await hot.experiment(experiment_id)
            _check_deleted("experiment", experiment_id, state.lifecycle_stage)
            stream = experiments.stream_of(experiment_id)
            events, size = await self._log.measure(stream)
            fact = ExperimentErased(
                experiment_id=experiment_id, events=events, bytes=size, reason=reason
            )
            position = await self._note(stream, fact, actor)
            hot.forget(hot.experiments, experiment_id)
        name_stream = experiments.name_stream_of(state.name)
        await self._log.erase(name_stream, position)
        await self.finish(stream, position)
        return size

    async def finish(self, stream: str, position: Position) -> int:
        """Erase what a stream had before the erasure at this position; returns how many events."""
        return await self._log.erase(stream, position)

    async def _note(self, stream: str, fact: Fact, actor: str) -> Position:
        async with self._handler.hot.lock(stream):
            for _ in range(DECISIONS_MAX):
                version = await self._log.version(stream)
                entries = [Entry(stream, fact, version + 1)]
                position = await self._handler.append(entries, actor)
                if position is not None:
                    return position
        raise contended(stream)


def _check_deleted(noun: str, key: str, stage: str) -> None:
    if stage != DELETED:
        raise InvalidParameter(
            f"The {noun} {key} is not in the deleted stage, so it is not erased: delete it first."
        )
