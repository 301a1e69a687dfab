"""Steps of sequences in the model registry; two names, so that they meet."""

import contextlib

from hypothesis import strategies as st

from eventtrack.commands.model_versions import (
    STAGES,
    CreateModelVersion,
    DeleteVersion,
    DeleteVersionTag,
    DescribeVersion,
    SetVersionTag,
    TransitionVersion,
    VersionCommand,
)
from eventtrack.commands.registered_models import (
    CreateRegisteredModel,
    DeleteAlias,
    DeleteRegisteredModelTag,
    DescribeRegisteredModel,
    RegisteredModelCommand,
    SetAlias,
    SetRegisteredModelTag,
)
from eventtrack.errors import AlreadyExists
from tests.projections.world import Step, World, keys, pairs, texts, which
from tests.support import ACTOR

model_names = st.sampled_from(["n1", "n2"])
numbers = st.integers(1, 3)
aliases = st.sampled_from(["champion", "best"])


@st.composite
def new_versions(draw: st.DrawFn) -> Step:
    """A version of a model that is made when it is not there."""
    name, tags, number = draw(model_names), draw(pairs), draw(which)
    of_logged, description = draw(st.booleans()), draw(texts)

    async def do(world: World) -> None:
        with contextlib.suppress(AlreadyExists):
            await world.registry.create_model(CreateRegisteredModel(name=name, tags=tags), ACTOR)
        model_id = world.models[number % len(world.models)] if of_logged and world.models else None
        source = f"models:/{model_id}" if model_id else "s3://bucket/model"
        command = CreateModelVersion(
            name=name, source=source, model_id=model_id, description=description, tags=tags
        )
        await world.registry.create_version(command, ACTOR)

    return Step(f"new version of {name} {tags}, logged model {number if of_logged else None}", do)


@st.composite
def changed_registered_models(draw: st.DrawFn) -> Step:
    """Any change of a model or a version."""
    name, other, number = draw(model_names), draw(model_names), draw(numbers)
    key, text, alias = draw(keys), draw(texts), draw(aliases)
    stage, archive = draw(st.sampled_from(STAGES)), draw(st.booleans())
    commands: list[RegisteredModelCommand | VersionCommand | str] = [
        "rename",
        "delete",
        DescribeRegisteredModel(description=text),
        SetRegisteredModelTag(key=key, value=text),
        DeleteRegisteredModelTag(key=key),
        SetAlias(alias=alias, version=number),
        SetAlias(alias=alias, version=number),
        DeleteAlias(alias=alias),
        DescribeVersion(version=number, description=text),
        TransitionVersion(version=number, stage=stage, archive_existing=archive),
        SetVersionTag(version=number, key=key, value=text),
        DeleteVersionTag(version=number, key=key),
        DeleteVersion(version=number),
    ]
    command = draw(st.sampled_from(commands))

    async def do(world: World) -> None:
        match command:
            case "rename":
                await world.registry.rename_model(name, other, ACTOR)
            case "delete":
                await world.registry.delete_model(name, ACTOR)
            case (
                DescribeVersion()
                | TransitionVersion()
                | SetVersionTag()
                | DeleteVersionTag()
                | DeleteVersion()
            ):
                await world.registry.change_version(name, command, ACTOR)
            case str():
                raise AssertionError(command)
            case _:
                await world.registry.change_model(name, command, ACTOR)

    return Step(f"registered model {name}: {command} {other}", do)
