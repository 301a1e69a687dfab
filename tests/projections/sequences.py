"""Sequences of commands that hypothesis makes up."""

import contextlib

import msgspec
from hypothesis import strategies as st

from eventtrack import columns
from eventtrack.commands.datasets import LogInputs, LogOutputs
from eventtrack.commands.erasing import Erasing
from eventtrack.commands.experiments import (
    CreateExperiment,
    DeleteExperiment,
    DeleteExperimentTag,
    ExperimentCommand,
    RenameExperiment,
    RestoreExperiment,
    SetExperimentTag,
)
from eventtrack.commands.logged_models import (
    STATUSES as MODEL_STATUSES,
)
from eventtrack.commands.logged_models import (
    CreateLoggedModel,
    DeleteLoggedModel,
    DeleteLoggedModelTag,
    FinalizeLoggedModel,
    LoggedModelCommand,
    LogLoggedModelParams,
    SetLoggedModelTags,
)
from eventtrack.commands.runs import (
    STATUSES,
    CreateRun,
    DeleteRun,
    DeleteRunTag,
    LogParams,
    RestoreRun,
    RunCommand,
    SetRunTags,
    UpdateRun,
)
from eventtrack.errors import InvalidParameter
from eventtrack.events.corrections import PointsRetracted
from eventtrack.events.datasets import DatasetInput, ModelOutput
from eventtrack.events.metrics import Series
from tests.projections import made
from tests.projections.model import Point
from tests.projections.registry_steps import changed_registered_models, new_versions
from tests.projections.webhook_steps import changed_webhooks, new_webhooks, prompts
from tests.projections.world import Step, World, keys, names, pairs, texts, which
from tests.support import ACTOR

# Experiments


@st.composite
def new_experiments(draw: st.DrawFn) -> Step:
    command = CreateExperiment(name=draw(names), tags=dict(draw(pairs)))

    async def do(world: World) -> None:
        world.experiments.append(await world.handler.create_experiment(command, ACTOR))

    return Step(repr(command), do)


@st.composite
def renamed_experiments(draw: st.DrawFn) -> Step:
    number, name = draw(which), draw(names)

    async def do(world: World) -> None:
        experiment_id = world.experiments[number % len(world.experiments)]
        command = RenameExperiment(experiment_id=experiment_id, name=name)
        await world.handler.rename_experiment(command, ACTOR)

    return Step(f"rename experiment {number} to {name}", do)


@st.composite
def changed_experiments(draw: st.DrawFn) -> Step:
    number, key, value = draw(which), draw(keys), draw(texts)
    commands: list[ExperimentCommand] = [
        SetExperimentTag(experiment_id="", key=key, value=value),
        SetExperimentTag(experiment_id="", key=key, value=value),
        DeleteExperimentTag(experiment_id="", key=key),
        DeleteExperiment(experiment_id=""),
        RestoreExperiment(experiment_id=""),
        RestoreExperiment(experiment_id=""),
    ]
    command = draw(st.sampled_from(commands))

    async def do(world: World) -> None:
        experiment_id = world.experiments[number % len(world.experiments)]
        meant = msgspec.structs.replace(command, experiment_id=experiment_id)
        await world.handler.change_experiment(meant, ACTOR)

    return Step(f"experiment {number}: {command}", do)


# Runs


@st.composite
def new_runs(draw: st.DrawFn) -> Step:
    number, name, tags = draw(which), draw(texts), draw(pairs)

    async def do(world: World) -> None:
        experiment_id = world.experiments[number % len(world.experiments)]
        command = CreateRun(
            experiment_id=experiment_id, user_id="ada", run_name=name, start_time_ms=5, tags=tags
        )
        world.runs.append((await world.handler.create_run(command, ACTOR)).run_id)

    return Step(f"new run in experiment {number} {name!r} {tags}", do)


@st.composite
def run_commands(draw: st.DrawFn) -> RunCommand | LogInputs | LogOutputs:
    dataset = DatasetInput(
        name=draw(names),
        digest=draw(st.sampled_from(["1", "2"])),
        source_type="local",
        source=draw(texts),
        schema=draw(st.none() | texts),
        tags={"mlflow.data.context": draw(texts)[:10]} if draw(st.booleans()) else {},
    )
    output = ModelOutput(model_id=f"m-{draw(which)}", step=draw(which))
    commands: list[RunCommand | LogInputs | LogOutputs] = [
        UpdateRun(run_id="", status=draw(st.sampled_from(STATUSES)), end_time_ms=9),
        UpdateRun(run_id="", run_name=draw(names)),
        LogParams(run_id="", params=draw(pairs)),
        LogParams(run_id="", params=draw(pairs)),
        SetRunTags(run_id="", tags=draw(pairs)),
        SetRunTags(run_id="", tags=draw(pairs)),
        DeleteRunTag(run_id="", key=draw(keys)),
        DeleteRun(run_id=""),
        RestoreRun(run_id=""),
        RestoreRun(run_id=""),
        LogInputs(run_id="", datasets=[dataset], model_ids=[f"m-{draw(which)}"]),
        LogOutputs(run_id="", models=[output]),
    ]
    return draw(st.sampled_from(commands))


@st.composite
def changed_runs(draw: st.DrawFn) -> Step:
    number, command = draw(which), draw(run_commands())

    async def do(world: World) -> None:
        meant = msgspec.structs.replace(command, run_id=world.runs[number % len(world.runs)])
        await world.handler.change_run(meant, ACTOR)

    return Step(f"run {number}: {command}", do)


# Metrics


def measured(world: World, points: list[Point], key: str, model: int | None) -> Series:
    """A series, of a logged model when there is one of this number."""
    series = made.series(points, key)
    if model is None or not world.models:
        return series
    model_id = world.models[model % len(world.models)]
    return msgspec.structs.replace(
        series, model_id=model_id, dataset_name="train", dataset_digest="1"
    )


@st.composite
def logged_batches(draw: st.DrawFn) -> Step:
    number, key = draw(which), draw(st.sampled_from(["loss", "acc"]))
    points = draw(st.lists(made.points, min_size=1, max_size=8))
    model = draw(st.none() | which)
    params, tags = draw(st.just([]) | pairs), draw(st.just([]) | pairs)

    async def do(world: World) -> None:
        run_id = world.runs[number % len(world.runs)]
        series = [measured(world, points, key, model)]
        await world.handler.log_batch(run_id, series, params, tags, ACTOR)

    return Step(f"run {number}: {key} {points} of model {model}, {params}, {tags}", do)


@st.composite
def logged_points_one_by_one(draw: st.DrawFn) -> Step:
    """A training loop whose every point is looked at, so that segments pile up."""
    number, first = draw(which), draw(st.integers(-3, 3))
    length = draw(st.sampled_from([3, 18]))

    async def do(world: World) -> None:
        for step in range(first, first + length):
            point = Series(
                key="loss",
                steps=columns.pack_int(step),
                timestamps=columns.pack_int(step % 3),
                values=columns.pack_float(step / 2),
            )
            await world.handler.log_metrics(world.runs[number % len(world.runs)], [point], ACTOR)
            await world.live.projector.arrive()

    return Step(f"run {number}: {length} points from step {first}, one by one", do)


# Logged models


@st.composite
def new_models(draw: st.DrawFn) -> Step:
    number, name, params, tags = draw(which), draw(names), draw(pairs), draw(pairs)

    async def do(world: World) -> None:
        command = CreateLoggedModel(
            experiment_id=world.experiments[number % len(world.experiments)],
            name=name,
            source_run_id=world.runs[0],
            params=params,
            tags=tags,
        )
        world.models.append(await world.handler.create_logged_model(command, ACTOR))

    return Step(f"new model in experiment {number} {name!r} {params} {tags}", do)


@st.composite
def changed_models(draw: st.DrawFn) -> Step:
    number = draw(which)
    commands: list[LoggedModelCommand] = [
        FinalizeLoggedModel(model_id="", status=draw(st.sampled_from(MODEL_STATUSES))),
        LogLoggedModelParams(model_id="", params=draw(pairs)),
        SetLoggedModelTags(model_id="", tags=draw(pairs)),
        DeleteLoggedModelTag(model_id="", key=draw(keys)),
        DeleteLoggedModel(model_id=""),
    ]
    command = draw(st.sampled_from(commands))

    async def do(world: World) -> None:
        if world.models:
            model_id = world.models[number % len(world.models)]
            meant = msgspec.structs.replace(command, model_id=model_id)
            await world.handler.change_logged_model(meant, ACTOR)

    return Step(f"model {number}: {command}", do)


# Corrections


@st.composite
def undone(draw: st.DrawFn) -> Step:
    back = draw(st.integers(0, 30))

    async def do(world: World) -> None:
        position = max(1, int(world.log.head()) - back)
        await world.corrections.undo(position, "", ACTOR)

    return Step(f"undo the event {back} before the last", do)


@st.composite
def corrected_params(draw: st.DrawFn) -> Step:
    number, key, value = draw(which), draw(keys), draw(texts)

    async def do(world: World) -> None:
        run_id = world.runs[number % len(world.runs)]
        await world.corrections.correct_param(run_id, key, value, "", ACTOR)

    return Step(f"correct param {key} of run {number} to {value}", do)


@st.composite
def retracted_points(draw: st.DrawFn) -> Step:
    number, key = draw(which), draw(keys)
    first, rank = draw(st.integers(-5, 20)), draw(st.sampled_from([None, None, -1, 0, 1]))
    last = first + draw(st.sampled_from([0, 3, 100, 10**6]))

    async def do(world: World) -> None:
        run_id = world.runs[number % len(world.runs)]
        fact = PointsRetracted(run_id=run_id, key=key, first_step=first, last_step=last, rank=rank)
        await world.corrections.retract(fact, ACTOR)

    return Step(f"retract {key} of run {number}, steps {first} to {last}, rank {rank}", do)


# Erasure


@st.composite
def erased(draw: st.DrawFn) -> Step:
    number, noun = (
        draw(which),
        draw(st.sampled_from(["run", "run", "model", "experiment", "registered"])),
    )

    async def do(world: World) -> None:
        erasing = Erasing(world.log, world.handler)
        if noun == "run":
            await erasing.erase_run(world.runs[number % len(world.runs)], "", ACTOR)
        elif noun == "registered":
            views = await world.live.current()
            for (key,) in await views.fetchall("SELECT registered_model_id FROM registered_models"):
                with contextlib.suppress(InvalidParameter):
                    await erasing.erase_registered_model(key, "", ACTOR)
        elif noun == "model" and world.models:
            await erasing.erase_model(world.models[number % len(world.models)], "", ACTOR)
        elif noun == "experiment":
            experiment_id = world.experiments[number % len(world.experiments)]
            await world.handler.change_experiment(
                DeleteExperiment(experiment_id=experiment_id), ACTOR
            )
            views = await world.live.current()
            which_runs = "SELECT run_id FROM runs WHERE experiment_id = ?"
            for (run_id,) in await views.fetchall(which_runs, (int(experiment_id),)):
                await erasing.erase_run(run_id, "", ACTOR)
            which_models = "SELECT model_id FROM logged_models WHERE experiment_id = ?"
            for (model_id,) in await views.fetchall(which_models, (int(experiment_id),)):
                await erasing.erase_model(model_id, "", ACTOR)
            await erasing.erase_experiment(experiment_id, "", ACTOR)

    return Step(f"erase {noun} {number}", do)


# Time passes


async def _flush(world: World) -> None:
    await world.live.projector.arrive()


async def _restart(world: World) -> None:
    world.restart()


steps = st.one_of(
    new_experiments(),
    renamed_experiments(),
    changed_experiments(),
    new_runs(),
    new_runs(),
    changed_runs(),
    changed_runs(),
    changed_runs(),
    logged_batches(),
    logged_batches(),
    logged_batches(),
    logged_points_one_by_one(),
    new_models(),
    changed_models(),
    new_versions(),
    changed_registered_models(),
    changed_registered_models(),
    new_webhooks(),
    changed_webhooks(),
    prompts(),
    undone(),
    undone(),
    corrected_params(),
    retracted_points(),
    erased(),
    st.just(Step("flush", _flush)),
    st.just(Step("restart", _restart)),
)

sequences = st.lists(steps, min_size=20, max_size=60)
