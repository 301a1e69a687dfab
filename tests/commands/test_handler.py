"""The handler over a real log and real views: conflicts, races, retries, what is cached."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from eventtrack.commands.datasets import LogInputs, LogOutputs
from eventtrack.commands.experiments import (
    CreateExperiment,
    DeleteExperiment,
    RenameExperiment,
    RestoreExperiment,
    SetExperimentTag,
    stream_of,
)
from eventtrack.commands.handler import DECISIONS_MAX, Handler
from eventtrack.commands.logged_models import (
    CreateLoggedModel,
    DeleteLoggedModel,
    LogLoggedModelParams,
    SetLoggedModelTags,
)
from eventtrack.commands.metrics import one_series
from eventtrack.commands.runs import (
    CreateRun,
    DeleteRun,
    LogParams,
    RestoreRun,
    SetRunTags,
    UpdateRun,
)
from eventtrack.commands.state import RunState
from eventtrack.errors import (
    AlreadyExists,
    BadRequest,
    Conflict,
    DoesNotExist,
    InvalidParameter,
    Unavailable,
)
from eventtrack.events import Position
from eventtrack.events.artifacts import ArtifactStored
from eventtrack.events.datasets import DatasetInput, ModelOutput
from eventtrack.events.experiments import ExperimentDeleted
from eventtrack.events.metrics import Series
from eventtrack.events.runs import ParamsLogged, RunTagsSet
from eventtrack.log import Check, Entry, LogUnavailable
from eventtrack.log.sqlite import SqliteLog
from eventtrack.server.states import ViewStates
from projections import experiments, logged_models, runs
from projections.metrics.history import read_points
from tests.support import ACTOR, Stack, facts, make_handler, open_stack, read_all, refused


class Meddling(SqliteLog):
    """The log with another writer on it, who acts just before an append of ours."""

    before: list[Callable[[], Awaitable[object]]]

    async def append(
        self, entries: Sequence[Entry], *, actor: str, checks: Sequence[Check] = ()
    ) -> Position:
        if self.before:
            await self.before.pop(0)()
        return await super().append(entries, actor=actor, checks=checks)

    async def slip_in(self, entry: Entry) -> None:
        """Append as the other writer."""
        await super().append([entry], actor="other@elsewhere")


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    async with open_stack(tmp_path, follow=True) as stack:
        await stack.handler.ensure_default_experiment(ACTOR)
        yield stack


@pytest.fixture
async def meddled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Stack, Meddling]]:
    monkeypatch.setattr("tests.support.SqliteLog", Meddling)
    monkeypatch.setattr(Meddling, "before", [], raising=False)
    async with open_stack(tmp_path, follow=True) as stack:
        await stack.handler.ensure_default_experiment(ACTOR)
        assert isinstance(stack.log, Meddling)
        stack.log.before = []
        yield stack, stack.log


def restarted(stack: Stack) -> Handler:
    """Another handler on the same log: nothing is in its cache."""
    return make_handler(stack.log, stack.live, lambda: "f" * 32)


async def new_run(stack: Stack, experiment_id: str = "0") -> str:
    state = await stack.handler.create_run(CreateRun(experiment_id=experiment_id), ACTOR)
    return state.run_id


async def view_of(stack: Stack, run_id: str) -> runs.Run:
    await stack.projector.arrive()
    found = await runs.get(stack.views, run_id)
    assert found is not None
    return found


def loss(step: int = 1, value: float = 0.5) -> list[Series]:
    return [one_series("loss", value, 1, step)]


# Experiments


async def test_the_first_experiment_is_the_default_one_and_comes_once(stack: Stack) -> None:
    await stack.handler.ensure_default_experiment(ACTOR)
    await restarted(stack).ensure_default_experiment(ACTOR)
    found = await experiments.get_many(stack.views, [0, 1])
    assert [(each.name, each.artifact_location) for each in found] == [
        ("Default", "mlflow-artifacts:/0")
    ]


async def test_a_deleted_default_experiment_stays_deleted(stack: Stack) -> None:
    await stack.handler.change_experiment(DeleteExperiment(experiment_id="0"), ACTOR)
    await restarted(stack).ensure_default_experiment(ACTOR)
    await stack.projector.arrive()
    (found,) = await experiments.get_many(stack.views, [0, 1])
    assert found.lifecycle_stage == "deleted"


async def test_ids_are_numbered_and_never_given_twice(stack: Stack) -> None:
    made = [
        await stack.handler.create_experiment(CreateExperiment(name=f"e{n}"), ACTOR)
        for n in range(3)
    ]
    await stack.handler.change_experiment(DeleteExperiment(experiment_id="3"), ACTOR)
    made.append(await restarted(stack).create_experiment(CreateExperiment(name="e3"), ACTOR))
    assert made == ["1", "2", "3", "4"]


async def test_of_many_who_create_one_name_exactly_one_does(stack: Stack) -> None:
    outcomes = await asyncio.gather(
        *(stack.handler.create_experiment(CreateExperiment(name="x"), ACTOR) for _ in range(16)),
        *(restarted(stack).create_experiment(CreateExperiment(name="x"), ACTOR) for _ in range(4)),
        return_exceptions=True,
    )
    assert [outcome for outcome in outcomes if isinstance(outcome, str)] == ["1"]
    losers = [outcome for outcome in outcomes if isinstance(outcome, AlreadyExists)]
    assert len(losers) == 19
    await stack.projector.arrive()
    assert await experiments.greatest_id(stack.views) == 1


async def test_different_names_at_once_all_get_an_id_of_their_own(stack: Stack) -> None:
    made = await asyncio.gather(
        *(stack.handler.create_experiment(CreateExperiment(name=f"e{n}"), ACTOR) for n in range(16))
    )
    assert sorted(map(int, made)) == list(range(1, 17))


async def test_a_deleted_experiments_name_stays_taken(stack: Stack) -> None:
    await stack.handler.create_experiment(CreateExperiment(name="x"), ACTOR)
    await stack.handler.change_experiment(DeleteExperiment(experiment_id="1"), ACTOR)
    with refused(AlreadyExists, "deleted stage"):
        await stack.handler.create_experiment(CreateExperiment(name="x"), ACTOR)


async def test_a_released_name_can_be_taken_again_and_again(stack: Stack) -> None:
    handler = stack.handler
    await handler.create_experiment(CreateExperiment(name="a"), ACTOR)
    for turn in range(3):
        there, back = ("b", "a") if turn % 2 == 0 else ("a", "b")
        await handler.rename_experiment(RenameExperiment(experiment_id="1", name=there), ACTOR)
        made = await handler.create_experiment(CreateExperiment(name=back), ACTOR)
        await handler.rename_experiment(
            RenameExperiment(experiment_id=made, name=f"c{turn}"), ACTOR
        )
    await stack.projector.arrive()
    names = [each.name for each in await experiments.get_many(stack.views, [1, 2, 3, 4])]
    assert names == ["b", "c0", "c1", "c2"]


async def test_of_two_who_rename_to_one_name_one_does(stack: Stack) -> None:
    for name in "ab":
        await stack.handler.create_experiment(CreateExperiment(name=name), ACTOR)
    outcomes = await asyncio.gather(
        *(
            stack.handler.rename_experiment(
                RenameExperiment(experiment_id=experiment_id, name="c"), ACTOR
            )
            for experiment_id in "12"
        ),
        return_exceptions=True,
    )
    assert [type(outcome) for outcome in outcomes] == [type(None), AlreadyExists]


async def test_an_unknown_experiment_is_refused(stack: Stack) -> None:
    with refused(DoesNotExist, "No Experiment with id=7 exists"):
        await stack.handler.change_experiment(DeleteExperiment(experiment_id="7"), ACTOR)
    with refused(DoesNotExist, "No Experiment with id=7 exists"):
        await stack.handler.rename_experiment(RenameExperiment(experiment_id="7", name="x"), ACTOR)
    with refused(DoesNotExist, "No Experiment with id=7 exists"):
        await new_run(stack, "7")
    with refused(BadRequest, "'experiment_id'"):
        await new_run(stack, "")
    with refused(InvalidParameter, "Invalid experiment ID"):
        await new_run(stack, "x")


async def test_another_writing_of_an_id_is_the_same_experiment(stack: Stack) -> None:
    """MLflow reads ids as numbers; streams must not depend on how they are written."""
    await stack.handler.create_experiment(CreateExperiment(name="x"), ACTOR)
    handler = restarted(stack)
    tag = SetExperimentTag(experiment_id="01", key="k", value="v")
    await handler.change_experiment(tag, ACTOR)
    await handler.rename_experiment(RenameExperiment(experiment_id="+1", name="y"), ACTOR)
    state = await handler.create_run(CreateRun(experiment_id=" 1"), ACTOR)
    await handler.create_logged_model(CreateLoggedModel(experiment_id="001"), ACTOR)
    await handler.change_experiment(DeleteExperiment(experiment_id="01"), ACTOR)
    assert await stack.log.version(stream_of("1")) == 4
    assert {event.stream for event in await read_all(stack.log)} & {
        stream_of(each) for each in ("01", "+1", " 1", "001")
    } == set()
    with refused(InvalidParameter, "'active' state"):
        await handler.log_metrics(state.run_id, loss(), ACTOR)


# Conflicts


async def test_on_a_conflict_the_command_is_decided_again_on_the_new_state(
    meddled: tuple[Stack, Meddling],
) -> None:
    stack, log = meddled
    run_id = await new_run(stack)
    other = Entry(f"run/{run_id}", ParamsLogged(run_id=run_id, params={"a": "1"}), 2)
    log.before = [lambda: log.slip_in(other)]
    await stack.handler.change_run(LogParams(run_id=run_id, params=[("a", "1"), ("b", "2")]), ACTOR)
    assert facts(await read_all(log))[-2:] == [
        ParamsLogged(run_id=run_id, params={"a": "1"}),
        ParamsLogged(run_id=run_id, params={"b": "2"}),
    ]
    await stack.projector.arrive()
    assert await runs.params_of(stack.views, run_id) == {"a": "1", "b": "2"}


async def test_a_conflict_can_turn_into_a_refusal(meddled: tuple[Stack, Meddling]) -> None:
    stack, log = meddled
    run_id = await new_run(stack)
    other = Entry(f"run/{run_id}", ParamsLogged(run_id=run_id, params={"a": "1"}), 2)
    log.before = [lambda: log.slip_in(other)]
    with refused(InvalidParameter, "already logged with value='1'"):
        await stack.handler.change_run(LogParams(run_id=run_id, params=[("a", "2")]), ACTOR)


async def test_a_run_is_not_created_in_an_experiment_deleted_meanwhile(
    meddled: tuple[Stack, Meddling],
) -> None:
    stack, log = meddled
    await new_run(stack)
    deleted = Entry(stream_of("0"), ExperimentDeleted(experiment_id="0", updated_at_ms=1), 2)
    log.before = [lambda: log.slip_in(deleted)]
    with refused(InvalidParameter, "experiment 0 must be in the 'active' state"):
        await new_run(stack)


async def test_a_name_taken_meanwhile_is_refused(meddled: tuple[Stack, Meddling]) -> None:
    stack, log = meddled

    async def other() -> None:
        log.before = []
        await restarted(stack).create_experiment(CreateExperiment(name="x"), "other@elsewhere")

    log.before = [other]
    with refused(AlreadyExists, "Experiment(name=x)"):
        await stack.handler.create_experiment(CreateExperiment(name="x"), ACTOR)
    log.before = [other_name(stack, log)]
    assert await stack.handler.create_experiment(CreateExperiment(name="z"), ACTOR) == "3"


def other_name(stack: Stack, log: Meddling) -> Callable[[], Awaitable[object]]:
    async def create() -> None:
        log.before = []
        await restarted(stack).create_experiment(CreateExperiment(name="y"), "other@elsewhere")

    return create


async def test_who_always_comes_second_gives_up_with_a_word(
    meddled: tuple[Stack, Meddling],
) -> None:
    stack, log = meddled
    run_id = await new_run(stack)

    def slip(turn: int) -> Callable[[], Awaitable[object]]:
        tags = RunTagsSet(run_id=run_id, tags={"turn": str(turn)})
        return lambda: log.slip_in(Entry(f"run/{run_id}", tags, turn + 2))

    log.before = [slip(turn) for turn in range(DECISIONS_MAX)]
    with refused(Conflict, f"run/{run_id}", "try again"):
        await stack.handler.change_run(LogParams(run_id=run_id, params=[("a", "1")]), ACTOR)
    await stack.handler.change_run(LogParams(run_id=run_id, params=[("a", "1")]), ACTOR)


async def test_a_log_that_cannot_store_is_told_to_the_client(
    meddled: tuple[Stack, Meddling],
) -> None:
    stack, log = meddled
    run_id = await new_run(stack)

    async def fail() -> None:
        raise LogUnavailable("disk full; nothing was stored")

    commands: list[Callable[[], Awaitable[object]]] = [
        lambda: stack.handler.log_metrics(run_id, loss(), ACTOR),
        lambda: stack.handler.change_run(LogParams(run_id=run_id, params=[("a", "1")]), ACTOR),
        lambda: stack.handler.create_experiment(CreateExperiment(name="x"), ACTOR),
        lambda: new_run(stack),
    ]
    before = log.head()
    for command in commands:
        log.before = [fail]
        with refused(Unavailable, "disk full"):
            await command()
    assert log.head() == before
    for command in commands:
        await command()
    assert await runs_params(stack, run_id) == {"a": "1"}


async def runs_params(stack: Stack, run_id: str) -> dict[str, str]:
    await stack.projector.arrive()
    return await runs.params_of(stack.views, run_id)


# Runs


async def test_of_different_values_of_one_param_exactly_one_wins(stack: Stack) -> None:
    run_id = await new_run(stack)
    handlers = [stack.handler, restarted(stack), restarted(stack)]
    outcomes = await asyncio.gather(
        *(
            handlers[n % 3].change_run(LogParams(run_id=run_id, params=[("p", str(n))]), ACTOR)
            for n in range(24)
        ),
        return_exceptions=True,
    )
    winners = [outcome.params["p"] for outcome in outcomes if isinstance(outcome, RunState)]
    losers = [outcome for outcome in outcomes if isinstance(outcome, InvalidParameter)]
    assert (len(winners), len(losers)) == (1, 23)
    assert await runs_params(stack, run_id) == {"p": winners[0]}


async def test_params_logged_at_once_are_all_there(stack: Stack) -> None:
    run_id = await new_run(stack)
    await asyncio.gather(
        *(
            stack.handler.change_run(LogParams(run_id=run_id, params=[(f"p{n}", "1")]), ACTOR)
            for n in range(40)
        ),
        *(stack.handler.log_metrics(run_id, loss(n), ACTOR) for n in range(40)),
    )
    assert len(await runs_params(stack, run_id)) == 40
    assert len(await read_points(stack.views, run_id, "loss")) == 40


async def test_a_change_answers_with_the_new_state(stack: Stack) -> None:
    run_id = await new_run(stack)
    state = await stack.handler.change_run(
        UpdateRun(run_id=run_id, status="FINISHED", end_time_ms=9, run_name="good"), ACTOR
    )
    assert (state.status, state.end_time_ms, state.name) == ("FINISHED", 9, "good")
    view = await view_of(stack, run_id)
    assert (view.status, view.end_time, view.name) == ("FINISHED", 9, "good")


async def test_nothing_new_is_no_event(stack: Stack) -> None:
    run_id = await new_run(stack)
    command = LogParams(run_id=run_id, params=[("p", "1")])
    await stack.handler.change_run(command, ACTOR)
    head = stack.log.head()
    for again in (command, SetRunTags(run_id=run_id, tags=[]), RestoreRun(run_id=run_id)):
        await stack.handler.change_run(again, ACTOR)
    await stack.handler.log_metrics(run_id, [], ACTOR)
    await stack.handler.log_batch(run_id, [], [("p", "1")], [], ACTOR)
    assert stack.log.head() == head


@pytest.mark.parametrize("cold", [False, True])
async def test_a_deleted_run_takes_no_metrics_until_it_is_restored(
    stack: Stack, cold: bool
) -> None:
    run_id = await new_run(stack)
    await stack.handler.change_run(DeleteRun(run_id=run_id), ACTOR)
    handler = restarted(stack) if cold else stack.handler
    for series in (loss(), []):
        with refused(InvalidParameter, f"The run {run_id} must be in the 'active' state"):
            await handler.log_metrics(run_id, series, ACTOR)
    with refused(InvalidParameter, f"The run {run_id} must be in the 'active' state"):
        await handler.log_batch(run_id, loss(), [("p", "1")], [], ACTOR)
    await handler.change_run(RestoreRun(run_id=run_id), ACTOR)
    await handler.log_metrics(run_id, loss(), ACTOR)


async def test_a_deleted_experiment_stops_the_runs_that_are_cached(stack: Stack) -> None:
    experiment_id = await stack.handler.create_experiment(CreateExperiment(name="x"), ACTOR)
    run_id, other = await new_run(stack, experiment_id), await new_run(stack)
    await stack.handler.log_metrics(run_id, loss(), ACTOR)
    delete = DeleteExperiment(experiment_id=experiment_id)
    await stack.handler.change_experiment(delete, ACTOR)
    with refused(InvalidParameter, "'active' state"):
        await stack.handler.log_metrics(run_id, loss(), ACTOR)
    await stack.handler.log_metrics(other, loss(), ACTOR)
    await stack.handler.change_experiment(RestoreExperiment(experiment_id=experiment_id), ACTOR)
    await stack.handler.log_metrics(run_id, loss(2), ACTOR)
    await stack.projector.arrive()
    assert len(await read_points(stack.views, run_id, "loss")) == 2


async def test_a_run_that_nobody_created_takes_nothing(stack: Stack) -> None:
    assert not await stack.handler.run_exists("nobody")
    assert await stack.handler.run_exists(await new_run(stack))
    with refused(DoesNotExist, "Run with id=nobody not found"):
        await stack.handler.log_metrics("nobody", loss(), ACTOR)
    with refused(DoesNotExist, "Run with id=nobody not found"):
        await stack.handler.change_run(DeleteRun(run_id="nobody"), ACTOR)
    with refused(DoesNotExist, "Run with id=nobody not found"):
        await stack.handler.log_batch("nobody", loss(), [], [], ACTOR)


class Held(ViewStates):
    """The first state is read at once and handed over when the test says so; others at once."""

    def __init__(self, stack: Stack) -> None:
        super().__init__(stack.live)
        self.read = asyncio.Event()
        self.hand_over = asyncio.Event()

    async def run(self, run_id: str) -> RunState | None:
        state = await super().run(run_id)
        if not self.read.is_set():
            self.read.set()
            await self.hand_over.wait()
        return state


def held_handler(stack: Stack) -> tuple[Handler, Held]:
    states = Held(stack)
    return Handler(stack.log, states, artifact_root="mlflow-artifacts:/"), states


async def test_a_state_that_arrives_late_does_not_revive_a_deleted_run(stack: Stack) -> None:
    """Two commands find the cache empty; the older state must not stay in it."""
    run_id = await new_run(stack)
    handler, states = held_handler(stack)
    logging = asyncio.create_task(handler.log_metrics(run_id, loss(1), ACTOR))
    await states.read.wait()
    deleted = await handler.change_run(DeleteRun(run_id=run_id), ACTOR)
    assert deleted.lifecycle_stage == "deleted"
    states.hand_over.set()
    await asyncio.gather(logging, return_exceptions=True)
    with refused(InvalidParameter, "'active' state"):
        await handler.log_metrics(run_id, loss(2), ACTOR)


async def test_a_state_that_arrives_late_does_not_outlive_its_experiment(stack: Stack) -> None:
    run_id = await new_run(stack)
    handler, states = held_handler(stack)
    logging = asyncio.create_task(handler.log_metrics(run_id, loss(1), ACTOR))
    await states.read.wait()
    await handler.change_experiment(DeleteExperiment(experiment_id="0"), ACTOR)
    states.hand_over.set()
    await asyncio.gather(logging, return_exceptions=True)
    with refused(InvalidParameter, "'active' state"):
        await handler.log_metrics(run_id, loss(2), ACTOR)


async def test_more_runs_than_are_cached_can_be_logged_to(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eventtrack.commands.hot_states.STATES_CACHED_MAX", 8)
    run_ids = [await new_run(stack) for _ in range(20)]
    for step in range(2):
        for run_id in run_ids:
            await stack.handler.log_metrics(run_id, loss(step), ACTOR)
            await stack.handler.change_run(
                LogParams(run_id=run_id, params=[(f"p{step}", "1")]), ACTOR
            )
    await stack.projector.arrive()
    for run_id in run_ids:
        assert await runs.params_of(stack.views, run_id) == {"p0": "1", "p1": "1"}
        assert len(await read_points(stack.views, run_id, "loss")) == 2


# Batches


async def test_a_batch_is_one_append_and_metrics_take_no_version(stack: Stack) -> None:
    run_id = await new_run(stack)
    batch = (loss(), [("p", "1")], [("mlflow.runName", "good"), ("t", "1")])
    await stack.handler.log_batch(run_id, *batch, ACTOR)
    events = [each for each in await read_all(stack.log) if each.stream == f"run/{run_id}"]
    assert [(type(each.event).__name__, each.version) for each in events] == [
        ("RunCreated", 1),
        ("ParamsLogged", 2),
        ("MetricsLogged", None),
        ("RunRenamed", 3),
        ("RunTagsSet", 4),
    ]
    assert {each.recorded_at for each in events[1:]} == {events[1].recorded_at}
    await stack.handler.change_run(SetRunTags(run_id=run_id, tags=[("t", "2")]), ACTOR)
    assert (await view_of(stack, run_id)).name == "good"


@pytest.mark.parametrize(
    ("params", "tags", "said"),
    [
        ([("p", "2")], [("t", "1")], "Params were already logged"),
        ([("q", "1"), ("q", "1")], [("t", "1")], "Duplicate parameter keys"),
        ([("q", "1"), ("$", "1")], [("t", "1")], "'params[1].key'"),
        ([("q", "1")], [("t", "1"), ("$", "1")], "'tags[1].key'"),
    ],
)
async def test_of_a_refused_batch_nothing_is_stored(
    stack: Stack, params: list[tuple[str, str]], tags: list[tuple[str, str]], said: str
) -> None:
    run_id = await new_run(stack)
    await stack.handler.log_batch(run_id, [], [("p", "1")], [], ACTOR)
    head = stack.log.head()
    with refused(InvalidParameter, said):
        await stack.handler.log_batch(run_id, loss(), params, tags, ACTOR)
    assert stack.log.head() == head


async def test_a_batch_of_metrics_for_an_unknown_model_is_refused_whole(stack: Stack) -> None:
    run_id = await new_run(stack)
    unknown = Series(key="k", steps=bytes(8), timestamps=bytes(8), values=bytes(8), model_id="m-0")
    head = stack.log.head()
    for params in ([], [("p", "1")]):
        with refused(BadRequest, "no logged model with ID 'm-0'"):
            await stack.handler.log_batch(run_id, [*loss(), unknown], params, [], ACTOR)
    assert stack.log.head() == head


# Inputs, outputs, logged models, facts


async def test_inputs_and_outputs_can_be_logged_again(stack: Stack) -> None:
    run_id = await new_run(stack)
    dataset = DatasetInput(name="d", digest="1", source_type="local", source="{}")
    for step in (1, 2):
        inputs = LogInputs(run_id=run_id, datasets=[dataset], model_ids=["m-1"])
        await stack.handler.change_run(inputs, ACTOR)
        outputs = LogOutputs(run_id=run_id, models=[ModelOutput(model_id="m-2", step=step)])
        await stack.handler.change_run(outputs, ACTOR)
    await stack.projector.arrive()
    rows = await stack.views.fetchall("SELECT model_id, step FROM run_models ORDER BY model_id")
    assert rows == [("m-1", 0), ("m-2", 1)], "the first step is kept"
    assert await stack.views.fetchall("SELECT count(*) FROM run_datasets") == [(1,)]


async def test_the_life_of_a_logged_model(stack: Stack) -> None:
    command = CreateLoggedModel(experiment_id="0", name="net", params=[("a", "1")])
    model_id = await stack.handler.create_logged_model(command, ACTOR)
    assert model_id.startswith("m-")
    run_id = await new_run(stack)
    measured = Series(
        key="acc", steps=bytes(8), timestamps=bytes(8), values=bytes(8), model_id=model_id
    )
    await restarted(stack).log_metrics(run_id, [measured], ACTOR)
    for handler in (stack.handler, restarted(stack)):
        with refused(BadRequest, "already logged: ['a']"):
            await handler.change_logged_model(
                LogLoggedModelParams(model_id=model_id, params=[("a", "1")]), ACTOR
            )
    await stack.handler.change_logged_model(DeleteLoggedModel(model_id=model_id), ACTOR)
    await stack.handler.change_logged_model(
        SetLoggedModelTags(model_id=model_id, tags=[("t", "1")]), ACTOR
    )
    await stack.projector.arrive()
    model = await logged_models.get(stack.views, model_id)
    assert model is not None
    assert (model.lifecycle_stage, model.params, model.tags) == ("deleted", {"a": "1"}, {"t": "1"})
    assert [metric.run_id for metric in model.metrics] == [run_id]
    with refused(DoesNotExist, "Logged model with ID 'm-none' not found"):
        await stack.handler.change_logged_model(DeleteLoggedModel(model_id="m-none"), ACTOR)


async def test_no_model_is_made_in_an_experiment_that_is_not_there(stack: Stack) -> None:
    with refused(DoesNotExist, "No Experiment with id=9 exists"):
        await stack.handler.create_logged_model(CreateLoggedModel(experiment_id="9"), ACTOR)
    with refused(InvalidParameter, "Invalid experiment ID"):
        await stack.handler.create_logged_model(CreateLoggedModel(experiment_id="x"), ACTOR)


async def test_a_fact_about_bytes_is_noted(stack: Stack) -> None:
    fact = ArtifactStored(path="0/r/artifacts/a", size=1, sha256="00")
    await stack.handler.note("artifacts", fact, ACTOR)
    last = (await read_all(stack.log))[-1]
    assert (last.stream, last.version, last.actor, last.event) == ("artifacts", None, ACTOR, fact)
