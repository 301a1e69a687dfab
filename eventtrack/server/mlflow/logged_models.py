"""MLflow's logged models (section 7 of the REST reference)."""

import enum

import msgspec

from eventtrack.commands import experiments as experiment_commands
from eventtrack.commands import logged_models as commands
from eventtrack.server.calls import Call
from eventtrack.server.door import Door
from eventtrack.server.mlflow.shared import (
    KeyValue,
    KeyValueIn,
    key_values,
    page_size,
    pairs_of,
)
from eventtrack.server.mlflow.wire import Int32, missing
from projections import logged_models as views
from projections.metrics.numbers import clamped
from projections.search.logged_models import LoggedModelOrder, find_logged_models

SEARCH_DEFAULT = 50
SEARCH_MAX = 2**31 - 1


class LoggedModelStatus(enum.IntEnum):
    """How far a model's upload is."""

    LOGGED_MODEL_STATUS_UNSPECIFIED = 0
    LOGGED_MODEL_PENDING = 1
    LOGGED_MODEL_READY = 2
    LOGGED_MODEL_UPLOAD_FAILED = 3


class LoggedModelInfo(msgspec.Struct, omit_defaults=True, frozen=True, kw_only=True):
    """A logged model's info on the wire; times in milliseconds since 1970."""

    model_id: str
    experiment_id: str
    name: str
    creation_timestamp_ms: int
    last_updated_timestamp_ms: int
    artifact_uri: str
    status: str
    model_type: str
    source_run_id: str
    tags: list[KeyValue] | None = None


class LoggedModelMetric(msgspec.Struct, omit_defaults=True, frozen=True, kw_only=True):
    """A metric of a logged model on the wire."""

    key: str
    value: float | str
    timestamp: int
    step: int = msgspec.field(default_factory=int)
    dataset_name: str | None = None
    dataset_digest: str | None = None
    model_id: str
    run_id: str


class LoggedModelData(msgspec.Struct, omit_defaults=True, frozen=True):
    """A logged model's params and metrics on the wire."""

    params: list[KeyValue] | None = None
    metrics: list[LoggedModelMetric] | None = None


class LoggedModelBody(msgspec.Struct, frozen=True):
    """A logged model on the wire."""

    info: LoggedModelInfo
    data: LoggedModelData


class LoggedModelAnswer(msgspec.Struct, frozen=True):
    """One logged model."""

    model: LoggedModelBody


def body_of(model: views.LoggedModel) -> LoggedModelBody:
    """The wire's form of a logged model."""
    info = LoggedModelInfo(
        model_id=model.model_id,
        experiment_id=str(model.experiment_id),
        name=model.name,
        creation_timestamp_ms=model.creation_timestamp_ms,
        last_updated_timestamp_ms=model.last_updated_timestamp_ms,
        artifact_uri=model.artifact_location,
        status=model.status,
        model_type=model.model_type,
        source_run_id=model.source_run_id,
        tags=key_values(model.tags),
    )
    metrics = [
        LoggedModelMetric(
            key=metric.key,
            value="NaN" if metric.value != metric.value else clamped(metric.value),
            timestamp=metric.timestamp,
            step=metric.step,
            dataset_name=metric.dataset_name,
            dataset_digest=metric.dataset_digest,
            model_id=model.model_id,
            run_id=metric.run_id,
        )
        for metric in model.metrics
    ]
    return LoggedModelBody(info, LoggedModelData(key_values(model.params), metrics or None))


async def find(door: Door, model_id: str, *, deleted_too: bool = False) -> views.LoggedModel:
    """The model with this id; DoesNotExist when there is none or it is deleted."""
    model = await views.get(await door.current(), model_id)
    if model is None or (model.lifecycle_stage != "active" and not deleted_too):
        raise commands.no_such_model(model_id)
    return model


async def _answer(door: Door, model_id: str) -> LoggedModelAnswer:
    return LoggedModelAnswer(body_of(await find(door, model_id, deleted_too=True)))


class CreateLoggedModel(msgspec.Struct):
    """Request of POST logged-models."""

    experiment_id: str
    name: str | None = None
    model_type: str | None = None
    source_run_id: str | None = None
    params: list[KeyValueIn] | None = None
    tags: list[KeyValueIn] | None = None


async def create(door: Door, call: Call, message: CreateLoggedModel) -> LoggedModelAnswer:
    """POST logged-models."""
    command = commands.CreateLoggedModel(
        experiment_id=message.experiment_id,
        name=message.name or "",
        model_type=message.model_type or "",
        source_run_id=message.source_run_id or "",
        params=pairs_of(message.params, "params"),
        tags=pairs_of(message.tags, "tags"),
    )
    return await _answer(door, await door.handler.create_logged_model(command, call.actor))


class FinalizeLoggedModel(msgspec.Struct):
    """Request of PATCH logged-models/{model_id}."""

    model_id: str
    status: LoggedModelStatus


async def finalize(door: Door, call: Call, message: FinalizeLoggedModel) -> LoggedModelAnswer:
    """PATCH logged-models/{model_id}."""
    command = commands.FinalizeLoggedModel(model_id=message.model_id, status=message.status.name)
    await door.handler.change_logged_model(command, call.actor)
    return await _answer(door, message.model_id)


class GetLoggedModel(msgspec.Struct):
    """Request of GET logged-models/{model_id}."""

    model_id: str
    allow_deleted: bool | None = None


async def get(door: Door, call: Call, message: GetLoggedModel) -> LoggedModelAnswer:
    """GET logged-models/{model_id}."""
    deleted_too = bool(message.allow_deleted)
    return LoggedModelAnswer(body_of(await find(door, message.model_id, deleted_too=deleted_too)))


class LoggedModelId(msgspec.Struct):
    """Request of DELETE logged-models/{model_id}."""

    model_id: str


async def delete(door: Door, call: Call, message: LoggedModelId) -> None:
    """DELETE logged-models/{model_id}."""
    command = commands.DeleteLoggedModel(model_id=message.model_id)
    await door.handler.change_logged_model(command, call.actor)


class DatasetFilter(msgspec.Struct):
    """A dataset that metric filters of a search are restricted to."""

    dataset_name: str | None = None
    dataset_digest: str | None = None


class OrderBy(msgspec.Struct):
    """An order of a search; `ascending` by default."""

    field_name: str | None = None
    ascending: bool | None = None
    dataset_name: str | None = None
    dataset_digest: str | None = None


class SearchLoggedModels(msgspec.Struct):
    """Request of POST logged-models/search."""

    experiment_ids: list[str] | None = None
    filter: str | None = None
    datasets: list[DatasetFilter] | None = None
    max_results: Int32 | None = None
    order_by: list[OrderBy] | None = None
    page_token: str | None = None


class SearchLoggedModelsAnswer(msgspec.Struct, omit_defaults=True):
    """Response of POST logged-models/search."""

    models: list[LoggedModelBody] | None = None
    next_page_token: str | None = None


async def search(door: Door, call: Call, message: SearchLoggedModels) -> SearchLoggedModelsAnswer:
    """POST logged-models/search."""
    if message.experiment_ids is None:
        raise missing("experiment_ids")
    datasets = []
    for index, dataset in enumerate(message.datasets or ()):
        if not dataset.dataset_name:
            raise missing(f"datasets[{index}].dataset_name")
        datasets.append((dataset.dataset_name, dataset.dataset_digest))
    orders = []
    for index, order in enumerate(message.order_by or ()):
        if not order.field_name:
            raise missing(f"order_by[{index}].field_name")
        orders.append(
            LoggedModelOrder(
                order.field_name,
                order.ascending is not False,
                order.dataset_name,
                order.dataset_digest,
            )
        )
    reader = await door.current()
    page = await find_logged_models(
        reader,
        experiment_ids=[experiment_commands.parse_id(each) for each in message.experiment_ids],
        filter=message.filter or "",
        datasets=datasets,
        order_by=orders,
        max_results=page_size(message.max_results, SEARCH_DEFAULT, SEARCH_MAX),
        page_token=message.page_token or "",
    )
    found = await views.get_many(reader, page.ids)
    return SearchLoggedModelsAnswer([body_of(each) for each in found] or None, page.next_page_token)


class SetLoggedModelTags(msgspec.Struct):
    """Request of PATCH logged-models/{model_id}/tags."""

    model_id: str
    tags: list[KeyValueIn] | None = None


async def set_tags(door: Door, call: Call, message: SetLoggedModelTags) -> None:
    """PATCH logged-models/{model_id}/tags."""
    command = commands.SetLoggedModelTags(
        model_id=message.model_id, tags=pairs_of(message.tags, "tags")
    )
    await door.handler.change_logged_model(command, call.actor)


class DeleteLoggedModelTag(msgspec.Struct):
    """Request of DELETE logged-models/{model_id}/tags/{tag_key}."""

    model_id: str
    tag_key: str


async def delete_tag(door: Door, call: Call, message: DeleteLoggedModelTag) -> None:
    """DELETE logged-models/{model_id}/tags/{tag_key}."""
    command = commands.DeleteLoggedModelTag(model_id=message.model_id, key=message.tag_key)
    await door.handler.change_logged_model(command, call.actor)


class LogLoggedModelParams(msgspec.Struct):
    """Request of POST logged-models/{model_id}/params."""

    model_id: str
    params: list[KeyValueIn] | None = None


async def log_params(door: Door, call: Call, message: LogLoggedModelParams) -> None:
    """POST logged-models/{model_id}/params."""
    command = commands.LogLoggedModelParams(
        model_id=message.model_id, params=pairs_of(message.params, "params")
    )
    await door.handler.change_logged_model(command, call.actor)
