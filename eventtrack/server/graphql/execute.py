"""Executes GraphQL over the REST functions (section 18 of the REST reference).

graphql-core is imported at the first query: the server starts without it.
"""

import functools
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from importlib import resources
from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import web

from eventtrack.errors import EventtrackError, InvalidParameter
from eventtrack.server.calls import Call
from eventtrack.server.dispatch import Handle
from eventtrack.server.door import Door
from eventtrack.server.mlflow import (
    artifacts,
    datasets,
    experiments,
    history,
    model_versions,
    runs,
)
from eventtrack.server.mlflow.endpoint import Answer, decode_object, json_response
from eventtrack.server.mlflow.wire import Message, missing
from projections.search.errors import InvalidFilter

if TYPE_CHECKING:
    from graphql import DocumentNode, GraphQLResolveInfo, GraphQLSchema, SelectionSetNode

API_ERROR = "apiError"
"""The one field that is no protobuf's; refusals are in `errors`."""

_UNSET = {"String": "", "LongString": 0, "Int": 0, "Float": 0.0, "Boolean": False}

ROOT_FIELDS_MAX = 10
DEPTH_MAX = 10
SELECTIONS_MAX = 1000

_FUNCTIONS: dict[str, tuple[Message, Callable[[Door, Call, Any], Awaitable[Answer]]]] = {
    "mlflowGetExperiment": (Message(experiments.GetExperiment), experiments.get),
    "mlflowGetRun": (Message(runs.GetRun), runs.get),
    "mlflowListArtifacts": (Message(artifacts.ListArtifacts), artifacts.list_run),
    "mlflowGetMetricHistoryBulkInterval": (
        Message(history.GetHistoryBulkInterval),
        history.get_history_bulk_interval,
    ),
    "mlflowSearchRuns": (Message(runs.SearchRuns), runs.search),
    "mlflowSearchModelVersions": (
        Message(model_versions.SearchModelVersions),
        model_versions.search,
    ),
    "mlflowSearchDatasets": (Message(datasets.SearchDatasets), datasets.search),
}


class _Context(msgspec.Struct):
    door: Door
    call: Call


def graphql(door: Door) -> Handle:
    """GET or POST /graphql: status 200 with `data` and `errors`, also when there are errors."""

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        asked = decode_object(await request.read())
        query, variables = asked.get("query"), asked.get("variables")
        if not isinstance(query, str):
            raise missing("query")
        if variables is not None and not isinstance(variables, dict):
            raise InvalidParameter("'variables' must be a JSON object.")
        name = asked.get("operationName")
        answer = await _execute(_Context(door, Call(request)), query, variables, name)
        return json_response(msgspec.json.encode(answer))

    return handle


async def _execute(
    context: _Context, query: str, variables: dict[str, Any] | None, name: Any
) -> dict[str, Any]:
    from graphql import GraphQLError, execute, parse, validate

    schema = _schema()
    try:
        document = parse(query)
        _check_size(document)
    except GraphQLError as error:
        return {"data": None, "errors": [error.message]}
    faults = validate(schema, document)
    if faults:
        return {"data": None, "errors": [fault.message for fault in faults]}
    result = execute(
        schema,
        document,
        variable_values=variables,
        operation_name=name if isinstance(name, str) else None,
        context_value=context,
        field_resolver=_resolve_field,
    )
    if isinstance(result, Awaitable):
        result = await result
    errors = [error.message for error in result.errors] if result.errors else None
    return {"data": result.data, "errors": errors}


@functools.cache
def _schema() -> "GraphQLSchema":
    from graphql import GraphQLObjectType, GraphQLScalarType, build_schema

    schema = build_schema(
        resources.files("eventtrack.server.graphql").joinpath("schema.graphql").read_text()
    )
    long_string = schema.type_map["LongString"]
    assert isinstance(long_string, GraphQLScalarType)
    # How a scalar built from SDL is given its serializer.
    long_string.serialize = str  # type: ignore[assignment]
    for root in (schema.query_type, schema.mutation_type):
        assert isinstance(root, GraphQLObjectType)
        for field_name, field in root.fields.items():
            field.resolve = _resolve_root if field_name in _FUNCTIONS else _resolve_echo
    run = schema.type_map["MlflowRunExtension"]
    assert isinstance(run, GraphQLObjectType)
    run.fields["experiment"].resolve = _resolve_experiment
    run.fields["modelVersions"].resolve = _resolve_versions
    return schema


async def _resolve_root(source: Any, info: "GraphQLResolveInfo", **arguments: Any) -> Any:
    message, function = _FUNCTIONS[info.field_name]
    asked = {_snake(key): value for key, value in (arguments.get("input") or {}).items()}
    return await _answer(info.context, message, function, asked)


async def _answer(
    context: _Context,
    message: Message,
    function: Callable[[Door, Call, Any], Awaitable[Answer]],
    asked: dict[str, Any],
) -> Any:
    from graphql import GraphQLError

    try:
        answer = await function(context.door, context.call, message.convert(asked))
    except (EventtrackError, InvalidFilter) as error:
        raise GraphQLError(str(error)) from error
    assert not isinstance(answer, AsyncIterator), "no field of the schema answers with a stream"
    encoded = answer if isinstance(answer, bytes) else msgspec.json.encode(answer)
    return msgspec.json.decode(encoded)


async def _resolve_experiment(source: Any, info: "GraphQLResolveInfo") -> Any:
    message, function = _FUNCTIONS["mlflowGetExperiment"]
    asked = {"experiment_id": source["info"]["experiment_id"]}
    return (await _answer(info.context, message, function, asked))["experiment"]


async def _resolve_versions(source: Any, info: "GraphQLResolveInfo") -> Any:
    message, function = _FUNCTIONS["mlflowSearchModelVersions"]
    asked = {"filter": f"run_id = '{source['info']['run_id']}'"}
    return (await _answer(info.context, message, function, asked)).get("model_versions", [])


def _resolve_echo(source: Any, info: "GraphQLResolveInfo", **arguments: Any) -> Any:
    return {"output": arguments.get("inputString")}


def _resolve_field(source: Any, info: "GraphQLResolveInfo", **arguments: Any) -> Any:
    """A field of a JSON object; a NaN metric has no value here, since Float cannot say it."""
    value = source.get(_snake(info.field_name))
    if value is None:
        return _unset(info)
    return None if value == "NaN" and info.field_name == "value" else value


def _unset(info: "GraphQLResolveInfo") -> Any:
    """What protobuf gives for a field that the JSON leaves out: no text, 0, nothing in a list."""
    from graphql import GraphQLList, GraphQLObjectType

    kind = info.return_type
    if info.field_name == API_ERROR:
        return None
    if isinstance(kind, GraphQLList):
        return []
    if isinstance(kind, GraphQLObjectType):
        return {}
    return _UNSET.get(str(kind))


def _snake(name: str) -> str:
    return re.sub(r"([A-Z])", lambda found: "_" + found[1].lower(), name)


def _check_size(document: "DocumentNode") -> None:
    """Refuse queries that ask for too much at once."""
    from graphql import GraphQLError, OperationDefinitionNode

    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            if len(definition.selection_set.selections) > ROOT_FIELDS_MAX:
                raise GraphQLError(f"a query can have at most {ROOT_FIELDS_MAX} root fields")
            if _count(definition.selection_set, 1) > SELECTIONS_MAX:
                raise GraphQLError(f"a query can have at most {SELECTIONS_MAX} selections")


def _count(selections: "SelectionSetNode | None", depth: int) -> int:
    from graphql import FieldNode, GraphQLError, InlineFragmentNode

    if selections is None:
        return 0
    if depth > DEPTH_MAX:
        raise GraphQLError(f"a query can be at most {DEPTH_MAX} deep")
    total = 0
    for each in selections.selections:
        total += 1
        if isinstance(each, FieldNode | InlineFragmentNode):
            total += _count(each.selection_set, depth + 1)
    return total
