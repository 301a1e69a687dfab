"""How the native API's questions are read: a JSON body into a struct, the query into lists."""

from typing import TypeVar

import msgspec
from aiohttp import web

from eventtrack.commands import experiments
from eventtrack.errors import InvalidFilterText, InvalidParameter
from eventtrack.server.mlflow.endpoint import check_content_type
from eventtrack.wire.ingest import JSON_TYPE
from projections.search.errors import InvalidFilter
from projections.search.reader import View

S = TypeVar("S")

VIEWS: dict[str, View] = {"ACTIVE_ONLY": "active", "DELETED_ONLY": "deleted", "ALL": "all"}


async def body_of(request: web.BaseRequest, kind: type[S]) -> S:
    """The JSON body; InvalidParameter names the field that is wrong."""
    check_content_type(request)
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except msgspec.ValidationError as error:
        raise InvalidParameter(f"Invalid request: {error}.") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidParameter(f"The request body is not valid JSON: {error}.") from error


def experiments_of(given: list[str]) -> tuple[int, ...]:
    """Ids of experiments, each once, as numbers; raises what `parse_id` raises."""
    return tuple(sorted({experiments.parse_id(each) for each in given}))


def bounded(name: str, value: int, least: int, most: int) -> int:
    """The value, if it is within its limits; InvalidParameter."""
    if not least <= value <= most:
        raise InvalidParameter(
            f"Invalid value {value} for parameter '{name}': from {least} to {most}."
        )
    return value


def position_of(given: str | None) -> int | None:
    """The position that an earlier answer told; InvalidParameter when it is none."""
    if given is None:
        return None
    if not (given.isascii() and given.isdigit()) or len(given) > 19:
        raise InvalidParameter(
            f"Invalid value {given[:100]!r} for parameter 'position': the one that an earlier "
            "answer told, or none."
        )
    return int(given)


def refused(error: InvalidFilter) -> InvalidFilterText:
    """What a search refuses, with the place where the filter cannot be understood."""
    return InvalidFilterText(str(error), error.at)


def json_of(answer: object) -> web.Response:
    """A 200 with JSON."""
    return web.Response(body=msgspec.json.encode(answer), content_type=JSON_TYPE)
