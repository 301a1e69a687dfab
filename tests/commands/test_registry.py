"""Version numbers are given once, whoever asks, at whatever moment: two servers on one log."""

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventtrack.commands.model_versions import CreateModelVersion, DeleteVersion, SetVersionTag
from eventtrack.commands.registered_models import CreateRegisteredModel, SetAlias
from eventtrack.commands.registry import Registry
from eventtrack.errors import AlreadyExists, Conflict, DoesNotExist
from eventtrack.events.model_versions import ModelVersionCreated
from eventtrack.server.states import ViewStates
from tests.support import ACTOR, BRIEF, Stack, make_handler, open_stack, read_all

deeds = st.lists(
    st.tuples(
        st.sampled_from(["version", "version", "version", "delete", "tag", "alias", "rename"]),
        st.integers(0, 1),
        st.integers(1, 4),
    ),
    min_size=1,
    max_size=25,
)


def registry_of(stack: Stack) -> Registry:
    """A server of its own: it shares the log and nothing else."""
    return Registry(stack.log, make_handler(stack.log, stack.live), ViewStates(stack.live))


def created(name: str, number: int = 1) -> CreateModelVersion:
    return CreateModelVersion(name=name, source=f"s3://bucket/{number}")


async def act(registry: Registry, deed: str, number: int) -> int | None:
    """Do it, if the rules allow; the number of a version that was made."""
    try:
        match deed:
            case "version":
                return await registry.create_version(created("m", number), ACTOR)
            case "delete":
                await registry.change_version("m", DeleteVersion(version=number), ACTOR)
            case "tag":
                tag = SetVersionTag(version=number, key="k", value=str(number))
                await registry.change_version("m", tag, ACTOR)
            case "alias":
                await registry.change_model("m", SetAlias(alias="a", version=number), ACTOR)
            case "rename":
                await registry.rename_model("m", "n", ACTOR)
                await registry.rename_model("n", "m", ACTOR)
    except (DoesNotExist, Conflict):
        # A model that is being renamed is not there for a moment, a version may be deleted, the
        # other server may be faster again and again.
        return None
    return None


@BRIEF
@given(deeds=deeds)
def test_two_servers_never_give_one_number_twice(
    deeds: Sequence[tuple[str, int, int]],
) -> None:
    async def check(folder: Path) -> None:
        async with open_stack(folder) as stack:
            servers = [registry_of(stack), registry_of(stack)]
            await servers[0].create_model(CreateRegisteredModel(name="m"), ACTOR)
            made = await asyncio.gather(
                *(act(servers[which], deed, number) for deed, which, number in deeds)
            )
            numbers = sorted(number for number in made if number is not None)
            assert numbers == list(range(1, len(numbers) + 1))
            facts = [each.event for each in await read_all(stack.log)]
            logged = [fact.version for fact in facts if isinstance(fact, ModelVersionCreated)]
            assert sorted(logged) == numbers

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(check(Path(folder)))


async def test_a_name_is_given_once_however_many_ask(tmp_path: Path) -> None:
    async with open_stack(tmp_path) as stack:
        servers = [registry_of(stack), registry_of(stack)]
        done = await asyncio.gather(
            *(
                servers[n % 2].create_model(CreateRegisteredModel(name="m"), ACTOR)
                for n in range(9)
            ),
            return_exceptions=True,
        )
        refused = [each for each in done if each is not None]
        assert len(refused) == 8
        assert all(isinstance(each, AlreadyExists) for each in refused)


async def test_a_model_made_anew_begins_with_version_1_and_has_nothing_of_the_old_one(
    tmp_path: Path,
) -> None:
    async with open_stack(tmp_path) as stack:
        registry = registry_of(stack)
        for _ in range(2):
            await registry.create_model(CreateRegisteredModel(name="m"), ACTOR)
            assert await registry.create_version(created("m"), ACTOR) == 1
            assert await registry.create_version(created("m"), ACTOR) == 2
            await registry.change_version("m", DeleteVersion(version=2), ACTOR)
            assert await registry.create_version(created("m"), ACTOR) == 3
            await registry.delete_model("m", ACTOR)
        with pytest.raises(DoesNotExist, match="Registered Model with name=m not found"):
            await registry.create_version(created("m"), ACTOR)
