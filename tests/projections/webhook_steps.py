"""Steps of sequences with webhooks, which are told of what other steps do in the registry."""

import contextlib

from hypothesis import strategies as st

from eventtrack.commands.model_versions import CreateModelVersion
from eventtrack.commands.registered_models import (
    IS_PROMPT_TAG,
    CreateRegisteredModel,
    DeleteRegisteredModelTag,
    RegisteredModelCommand,
    SetRegisteredModelTag,
)
from eventtrack.commands.webhooks import ACTIONS, CreateWebhook, UpdateWebhook
from eventtrack.errors import AlreadyExists
from tests.projections.registry_steps import model_names
from tests.projections.world import Step, World, which
from tests.support import ACTOR

PROMPT = [(IS_PROMPT_TAG, "true")]
EVENTS = [f"{entity}.{action}" for entity, actions in ACTIONS.items() for action in actions]
some_events = st.lists(st.sampled_from(EVENTS), min_size=1, max_size=8)
statuses = st.sampled_from(["ACTIVE", "DISABLED"])


@st.composite
def new_webhooks(draw: st.DrawFn) -> Step:
    """A webhook for some events."""
    events, status, secret = draw(some_events), draw(statuses), draw(st.sampled_from(["", "s"]))

    async def do(world: World) -> None:
        command = CreateWebhook(
            name="w", url="https://example.com/", events=events, status=status, secret=secret
        )
        world.webhooks.append(await world.hooks.create(command, ACTOR))

    return Step(f"new webhook {status} {events}", do)


@st.composite
def changed_webhooks(draw: st.DrawFn) -> Step:
    """Any change of a webhook."""
    number = draw(which)
    command = draw(
        st.one_of(
            st.just("delete"),
            st.builds(UpdateWebhook, status=statuses),
            st.builds(UpdateWebhook, events=some_events),
            st.builds(UpdateWebhook, name=st.sampled_from(["v", "-"]), secret=st.just("t")),
        )
    )

    async def do(world: World) -> None:
        if not world.webhooks:
            return
        webhook_id = world.webhooks[number % len(world.webhooks)]
        if isinstance(command, UpdateWebhook):
            await world.hooks.update(webhook_id, command, ACTOR)
        else:
            await world.hooks.delete(webhook_id, ACTOR)

    return Step(f"webhook {number}: {command}", do)


@st.composite
def prompts(draw: st.DrawFn) -> Step:
    """A version of a prompt that is made when it is not there; or what made it one changes."""
    name, is_version = draw(model_names), draw(st.booleans())
    changes: list[RegisteredModelCommand] = [
        SetRegisteredModelTag(key=IS_PROMPT_TAG, value="true"),
        SetRegisteredModelTag(key=IS_PROMPT_TAG, value="false"),
        DeleteRegisteredModelTag(key=IS_PROMPT_TAG),
    ]
    command = draw(st.sampled_from(changes))

    async def do(world: World) -> None:
        if not is_version:
            await world.registry.change_model(name, command, ACTOR)
            return
        with contextlib.suppress(AlreadyExists):
            await world.registry.create_model(CreateRegisteredModel(name=name, tags=PROMPT), ACTOR)
        version = CreateModelVersion(name=name, source="dummy-source", tags=PROMPT)
        await world.registry.create_version(version, ACTOR)

    return Step(f"prompt {name} {'version' if is_version else command}", do)
