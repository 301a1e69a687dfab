"""Which deliveries a history calls for: the views against a plain reading of the same events."""

import asyncio
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from eventtrack.commands.erasing import Erasing
from eventtrack.commands.importer import ACTOR_PREFIX
from eventtrack.commands.registered_models import CreateRegisteredModel
from eventtrack.commands.webhooks import CreateWebhook
from eventtrack.events import START, Recorded
from eventtrack.events import model_versions as versions
from eventtrack.events import registered_models as models
from eventtrack.events import webhooks as hooks
from projections.webhooks import Delivery, deliveries_after, delivery_at
from tests.projections.registry_steps import changed_registered_models, new_versions
from tests.projections.sequences import undone
from tests.projections.webhook_steps import EVENTS, changed_webhooks, new_webhooks, prompts
from tests.projections.world import Step, World
from tests.support import ACTOR, BRIEF, open_stack, read_all

PROMPT = "mlflow.prompt.is_prompt"


def named(fact: object, is_prompt: bool) -> str:
    """What a fact of the registry is called by webhooks; "" when they are not told of it."""
    noun = "prompt" if is_prompt else "model"
    match fact:
        case models.RegisteredModelCreated():
            return "prompt.created" if is_prompt else "registered_model.created"
        case models.RegisteredModelTagSet():
            return "prompt_tag.set" if is_prompt else ""
        case models.RegisteredModelTagDeleted():
            return "prompt_tag.deleted" if is_prompt else ""
        case models.RegisteredModelAliasSet():
            return "prompt_alias.created" if is_prompt else "model_version_alias.created"
        case models.RegisteredModelAliasDeleted():
            return "prompt_alias.deleted" if is_prompt else "model_version_alias.deleted"
        case versions.ModelVersionCreated(tags=tags):
            return f"{'prompt' if tags.get(PROMPT) == 'true' else 'model'}_version.created"
        case versions.ModelVersionTagSet():
            return f"{noun}_version_tag.set"
        case versions.ModelVersionTagDeleted():
            return f"{noun}_version_tag.deleted"
    return ""


def expected_of(events: list[Recorded]) -> list[tuple[int, str, str, str]]:
    """(position, webhook, model's name, event), event after event."""
    active: dict[str, bool] = {}
    asked: dict[str, list[str]] = {}
    names: dict[str, str] = {}
    prompts: dict[str, bool] = {}
    told: list[tuple[int, str, str, str]] = []
    for recorded in events:
        fact = recorded.event
        match fact:
            case hooks.WebhookCreated(webhook_id=webhook_id):
                active[webhook_id] = fact.status == "ACTIVE"
                asked[webhook_id] = fact.events
            case hooks.WebhookUpdated(webhook_id=webhook_id):
                asked[webhook_id] = fact.events or asked[webhook_id]
                active[webhook_id] = (
                    active[webhook_id] if fact.status is None else fact.status == "ACTIVE"
                )
            case hooks.WebhookDeleted(webhook_id=webhook_id):
                active[webhook_id] = False
            case models.RegisteredModelCreated(registered_model_id=model_id):
                names[model_id] = fact.name
                prompts[model_id] = fact.tags.get(PROMPT) == "true"
            case models.RegisteredModelRenamed(registered_model_id=model_id):
                names[model_id] = fact.name
            case models.RegisteredModelTagSet(registered_model_id=model_id, key=key):
                prompts[model_id] = fact.value == "true" if key == PROMPT else prompts[model_id]
            case models.RegisteredModelTagDeleted(registered_model_id=model_id, key=key):
                prompts[model_id] = prompts[model_id] and key != PROMPT
        told = [each for each in told if active[each[1]]]
        model_id = getattr(fact, "registered_model_id", "")
        name = named(fact, prompts.get(model_id, False))
        for webhook_id in sorted(active):
            if active[webhook_id] and name in asked[webhook_id]:
                told.append((recorded.position, webhook_id, names[model_id], name))
    return told


async def check(folder: Path, sequence: list[Step]) -> None:
    async with open_stack(folder) as stack:
        world = World(stack.log, stack.live)
        await world.begin()
        # Two who want to know everything, one of whom is left alone by most sequences.
        for name in ("all", "all.2"):
            command = CreateWebhook(name=name, url="https://example.com/", events=EVENTS)
            world.webhooks.append(await world.hooks.create(command, ACTOR))
        for step in sequence:
            await step.happen(world)
        views = await stack.live.current()
        expected = expected_of(await read_all(stack.log))
        found: list[Delivery] = []
        while page := await deliveries_after(views, found[-1].position if found else START, 3):
            found += page
        assert [(e.position, e.webhook_id, e.name, e.event) for e in found] == expected
        for each in found:
            assert await delivery_at(views, each.position, each.webhook_id) == each


steps = st.one_of(
    new_versions(),
    changed_registered_models(),
    changed_registered_models(),
    changed_registered_models(),
    changed_registered_models(),
    new_webhooks(),
    changed_webhooks(),
    changed_webhooks(),
    prompts(),
    prompts(),
    undone(),
)


async def test_what_is_imported_happened_elsewhere(tmp_path: Path) -> None:
    async with open_stack(tmp_path) as stack:
        world = World(stack.log, stack.live)
        command = CreateWebhook(name="all", url="https://example.com/", events=EVENTS)
        await world.hooks.create(command, ACTOR)
        for number, actor in enumerate((f"{ACTOR_PREFIX}sqlite:///old.db", ACTOR)):
            await world.registry.create_model(CreateRegisteredModel(name=f"m{number}"), actor)
        found = await deliveries_after(await stack.live.current(), START, 9)
        assert [each.name for each in found] == ["m1"]


async def test_nothing_is_left_of_a_model_that_was_erased(tmp_path: Path) -> None:
    async with open_stack(tmp_path) as stack:
        world = World(stack.log, stack.live)
        command = CreateWebhook(name="all", url="https://example.com/", events=EVENTS)
        await world.hooks.create(command, ACTOR)
        await world.registry.create_model(CreateRegisteredModel(name="erased"), ACTOR)
        (found,) = await deliveries_after(await stack.live.current(), START, 9)
        await world.registry.delete_model("erased", ACTOR)
        erasing = Erasing(stack.log, world.handler)
        await erasing.erase_registered_model(found.registered_model_id, "", ACTOR)
        views = await stack.live.current()
        assert await deliveries_after(views, START, 9) == []
        assert await views.fetchall("SELECT * FROM webhook_models") == []


@settings(BRIEF, max_examples=60)
@given(sequence=st.lists(steps, min_size=10, max_size=40))
def test_deliveries_are_those_that_the_history_calls_for(sequence: list[Step]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(check(Path(folder), sequence))
