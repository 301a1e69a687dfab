"""Brings in a source's model registry: where the rules of `import_registry.py` meet the log."""

from collections.abc import Sequence

from eventtrack.commands import import_registry
from eventtrack.commands.handler import DECISIONS_MAX, Handler, contended, entries_of
from eventtrack.commands.import_registry import SourceRegisteredModel, import_stream_of
from eventtrack.commands.importer import ACTOR_PREFIX, CHANGED, NEW, SAME, Outcome, taken_of
from eventtrack.commands.importing import Refused, Taken
from eventtrack.commands.registered_models import check_name, name_stream_of, stream_of
from eventtrack.commands.state import ACTIVE, StateReader
from eventtrack.events import Fact
from eventtrack.events.imports import ImportProgressed
from eventtrack.events.registered_models import RegisteredModelNameClaimed
from eventtrack.log import Entry, EventLog


class RegistryImporter:
    """Executes the import of registered models; the parameters are those of `Importer`."""

    def __init__(
        self, log: EventLog, states: StateReader, handler: Handler, source: str, *, dry: bool
    ) -> None:
        self._log = log
        self._states = states
        self._handler = handler
        self._hot = handler.hot
        self._source = source
        self._actor = f"{ACTOR_PREFIX}{source}"
        self._dry = dry
        self._planned: set[str] = set()

    async def model(
        self, model: SourceRegisteredModel, *, rename: bool
    ) -> tuple[Outcome, list[str]]:
        """Bring in a registered model with its versions; says why some were left out.

        Raises importing.Refused, InvalidParameter.
        """
        check_name(model.name)
        stream = import_stream_of(model)
        async with self._hot.lock("registered models"), self._hot.lock(stream):
            for _ in range(DECISIONS_MAX):
                taken = await taken_of(self._log, stream)
                if taken.target:
                    done = await self._again(model, stream, taken)
                else:
                    done = await self._first(model, stream, taken, rename)
                if done is not None:
                    return done
        raise contended(f"registered model {model.name!r}")

    async def _append(
        self, entries: list[Entry], stream: str, noted: Sequence[ImportProgressed], taken: Taken
    ) -> bool:
        entries += entries_of(stream, noted, taken.version)
        return self._dry or await self._handler.append(entries, self._actor) is not None

    async def _first(
        self, model: SourceRegisteredModel, stream: str, taken: Taken, rename: bool
    ) -> tuple[Outcome, list[str]] | None:
        name = await self._name(model.name, rename)
        name_stream = name_stream_of(name)
        claims = await self._log.version(name_stream)
        model_id = self._handler.new_id()
        facts = import_registry.created(model, model_id, name)
        entries = entries_of(stream_of(model_id), facts, 0)
        claimed = RegisteredModelNameClaimed(registered_model_id=model_id, name=name)
        entries.append(Entry(name_stream, claimed, claims + 1))
        noted = import_registry.model_noted(model, model_id, taken, self._source, [])
        if not await self._append(entries, stream, noted, taken):
            return None
        self._planned.add(name)
        return Outcome(name, NEW), []

    async def _name(self, name: str, rename: bool) -> str:
        if await self._is_free(name):
            return name
        if not rename:
            raise Refused(
                f"registered model {name!r} was left out, because another model has its name here: "
                "rename one of them, or bring it in under another name with --rename-conflicts"
            )
        number, free = 1, f"{name} (imported)"
        while not await self._is_free(free):
            number += 1
            free = f"{name} (imported {number})"
        return free

    async def _is_free(self, name: str) -> bool:
        # In a dry run what was planned is not there to be found.
        if name in self._planned:
            return False
        return await self._states.registered_model_id_of_name(name) is None

    async def _again(
        self, model: SourceRegisteredModel, stream: str, taken: Taken
    ) -> tuple[Outcome, list[str]] | None:
        own_stream = stream_of(taken.target)
        async with self._hot.lock(own_stream):
            state = await self._hot.registered_model(taken.target)
            if state is None or state.lifecycle_stage != ACTIVE:
                # It was deleted here, and stays so.
                return Outcome(model.name, SAME), []
            decided = import_registry.changed(model, state, taken)
            facts: list[Fact] = decided.facts
            refused = [import_registry.refusal(model, number) for number in decided.refused]
            noted = import_registry.model_noted(
                model, taken.target, taken, self._source, decided.refused
            )
            if not noted:
                return Outcome(state.name, SAME), refused
            entries = entries_of(own_stream, facts, state.version)
            appended = await self._append(entries, stream, noted, taken)
            self._hot.forget(self._hot.registered_models, taken.target)
            if not appended:
                return None
            return Outcome(state.name, CHANGED if facts else SAME), refused
