"""MLflow's runs resource: create, get, update, delete, restore, search (section 2)."""

import enum

import msgspec

from eventtrack.commands import experiments as experiment_commands
from eventtrack.commands import runs as commands
from eventtrack.commands.state import RunState
from eventtrack.errors import BadRequest, InvalidParameter
from eventtrack.server.calls import Call
from eventtrack.server.door import Door
from eventtrack.server.mlflow.shared import KeyValueIn, ViewType, page_size, pairs_of
from eventtrack.server.mlflow.wire import Int32, Int64, missing
from projections import documents
from projections.search.runs import MAX_RESULTS_LIMIT, find_runs

SEARCH_DEFAULT = 1000

_encoder = msgspec.json.Encoder()


class RunStatus(enum.IntEnum):
    """A run's status (row R10)."""

    RUNNING = 1
    SCHEDULED = 2
    FINISHED = 3
    FAILED = 4
    KILLED = 5


class RunInfo(msgspec.Struct, omit_defaults=True, frozen=True, kw_only=True):
    """A run's info on the wire (row R7); times in milliseconds since 1970."""

    run_uuid: str
    experiment_id: str
    run_name: str
    user_id: str
    status: str
    start_time: int
    artifact_uri: str
    lifecycle_stage: str
    run_id: str
    end_time: int | None = None


def info_of(run: documents.RunDocument) -> RunInfo:
    """The wire's info of a run as the views have it; an end time of 0 is not shown (row R4)."""
    return RunInfo(
        run_uuid=run.run_id,
        run_id=run.run_id,
        experiment_id=str(run.experiment_id),
        run_name=run.name,
        user_id=run.user_id,
        status=run.status,
        start_time=run.start_time,
        end_time=run.end_time or None,
        artifact_uri=run.artifact_uri,
        lifecycle_stage=run.lifecycle_stage,
    )


def info_of_state(state: RunState) -> RunInfo:
    """The wire's info of a run that was just changed."""
    return RunInfo(
        run_uuid=state.run_id,
        run_id=state.run_id,
        experiment_id=state.experiment_id,
        run_name=state.name,
        user_id=state.user_id,
        status=state.status,
        start_time=state.start_time_ms,
        end_time=state.end_time_ms or None,
        artifact_uri=state.artifact_uri,
        lifecycle_stage=state.lifecycle_stage,
    )


def encode_run(run: documents.RunDocument, *, with_model_inputs: bool) -> bytes:
    """A run as JSON, woven from its stored pieces; empty lists are left out (row P1)."""
    return b"".join(
        (
            b'{"info":',
            _encoder.encode(info_of(run)),
            b',"data":',
            _object(metrics=run.metrics, params=run.params, tags=run.tags),
            b',"inputs":',
            _object(
                model_inputs=run.model_inputs if with_model_inputs else None,
                dataset_inputs=run.dataset_inputs,
            ),
            b',"outputs":',
            _object(model_outputs=run.model_outputs),
            b"}",
        )
    )


def _object(**lists: bytes | None) -> bytes:
    fields = [
        b'"%s":%s' % (name.encode(), encoded)
        for name, encoded in lists.items()
        if encoded is not None and encoded != b"[]"
    ]
    return b"{" + b",".join(fields) + b"}"


class CreateRun(msgspec.Struct):
    """Request of runs/create; times in milliseconds since 1970."""

    experiment_id: str | None = None
    user_id: str | None = None
    run_name: str | None = None
    start_time: Int64 | None = None
    tags: list[KeyValueIn] | None = None


async def create(door: Door, call: Call, message: CreateRun) -> bytes:
    """POST runs/create."""
    command = commands.CreateRun(
        experiment_id=message.experiment_id or "",
        user_id=message.user_id or "",
        run_name=message.run_name or "",
        start_time_ms=message.start_time or 0,
        tags=pairs_of(message.tags, "tags"),
    )
    state = await door.handler.create_run(command, call.actor)
    tags = [{"key": key, "value": value} for key, value in state.tags.items()]
    return b'{"run":{"info":%s,"data":{"tags":%s},"inputs":{}}}' % (
        _encoder.encode(info_of_state(state)),
        _encoder.encode(tags),
    )


class UpdateRun(msgspec.Struct):
    """Request of runs/update."""

    run_id: str | None = None
    run_uuid: str | None = None
    status: RunStatus | None = None
    end_time: Int64 | None = None
    run_name: str | None = None


class UpdateRunAnswer(msgspec.Struct):
    """Response of runs/update."""

    run_info: RunInfo


async def update(door: Door, call: Call, message: UpdateRun) -> UpdateRunAnswer:
    """POST runs/update."""
    command = commands.UpdateRun(
        run_id=run_id_of(message.run_id, message.run_uuid),
        status=message.status.name if message.status else None,
        end_time_ms=message.end_time,
        run_name=message.run_name,
    )
    return UpdateRunAnswer(info_of_state(await door.handler.change_run(command, call.actor)))


class RunId(msgspec.Struct):
    """Request of runs/delete and runs/restore."""

    run_id: str


async def delete(door: Door, call: Call, message: RunId) -> None:
    """POST runs/delete."""
    await door.handler.change_run(commands.DeleteRun(run_id=message.run_id), call.actor)


async def restore(door: Door, call: Call, message: RunId) -> None:
    """POST runs/restore."""
    await door.handler.change_run(commands.RestoreRun(run_id=message.run_id), call.actor)


class GetRun(msgspec.Struct):
    """Request of runs/get."""

    run_id: str | None = None
    run_uuid: str | None = None


async def get(door: Door, call: Call, message: GetRun) -> bytes:
    """GET runs/get; deleted ones too."""
    run = await find(door, run_id_of(message.run_id, message.run_uuid))
    return b'{"run":%s}' % encode_run(run, with_model_inputs=True)


async def find(door: Door, run_id: str) -> documents.RunDocument:
    """The run with this id, deleted ones too; DoesNotExist when there is none."""
    run = await documents.get_run(await door.current(run_id), run_id)
    if run is None:
        raise commands.no_such_run(run_id)
    return run


def run_id_of(run_id: str | None, run_uuid: str | None) -> str:
    """The run a request names: `run_uuid` is an alias of `run_id` (row P13)."""
    found = run_id or run_uuid
    if not found:
        raise missing("run_id")
    return found


class SearchRuns(msgspec.Struct):
    """Request of runs/search."""

    experiment_ids: list[str] | None = None
    filter: str | None = None
    run_view_type: ViewType | None = None
    max_results: Int32 | None = None
    order_by: list[str] | None = None
    page_token: str | None = None


async def search(door: Door, call: Call, message: SearchRuns) -> bytes:
    """POST runs/search."""
    size = page_size(message.max_results, SEARCH_DEFAULT, MAX_RESULTS_LIMIT)
    experiment_ids = [experiment_commands.parse_id(each) for each in message.experiment_ids or ()]
    reader = await door.current()
    page = await find_runs(
        reader,
        experiment_ids=experiment_ids,
        filter=message.filter or "",
        order_by=message.order_by or [],
        view=(message.run_view_type or ViewType.ACTIVE_ONLY).view,
        max_results=size,
        page_token=message.page_token or "",
    )
    found = await documents.get_runs(reader, page.ids)
    parts = [encode_run(run, with_model_inputs=False) for run in found]
    fields = [b'"runs":[%s]' % b",".join(parts)] if parts else []
    if page.next_page_token is not None:
        fields.append(b'"next_page_token":' + _encoder.encode(page.next_page_token))
    return b"{" + b",".join(fields) + b"}"


class LogModel(msgspec.Struct):
    """Request of runs/log-model (deprecated)."""

    run_id: str
    model_json: str


MODEL_HISTORY_TAG = "mlflow.log-model.history"
_MODEL_FIELDS = ("artifact_path", "flavors", "utc_time_created", "run_id")


async def log_model(door: Door, call: Call, message: LogModel) -> None:
    """POST runs/log-model: append to the tag mlflow.log-model.history (row M17)."""
    try:
        model = msgspec.json.decode(message.model_json)
    except msgspec.DecodeError as error:
        raise InvalidParameter(
            f"Malformed model info in 'model_json': it is not valid JSON ({error})."
        ) from error
    if not isinstance(model, dict):
        raise InvalidParameter("Malformed model info in 'model_json': it must be a JSON object.")
    absent = [field for field in _MODEL_FIELDS if field not in model]
    if absent:
        raise InvalidParameter(
            f"Model json is missing mandatory fields: {absent} are required in 'model_json'."
        )
    run = await find(door, message.run_id)
    history = []
    for tag in msgspec.json.decode(run.tags or b"[]"):
        if tag["key"] == MODEL_HISTORY_TAG:
            history = _history(tag["value"])
    history.append(model)
    command = commands.SetRunTags(
        run_id=message.run_id, tags=[(MODEL_HISTORY_TAG, _encoder.encode(history).decode())]
    )
    await door.handler.change_run(command, call.actor)


def _history(text: str) -> list[object]:
    try:
        return msgspec.json.decode(text, type=list[object])
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise BadRequest(
            f"The tag {MODEL_HISTORY_TAG} of the run does not hold a JSON list ({error}); "
            "delete the tag and try again."
        ) from error
