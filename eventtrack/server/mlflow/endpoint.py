"""One way for every JSON route: request -> message -> function -> JSON."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web

from eventtrack.errors import InvalidParameter
from eventtrack.server.calls import Call
from eventtrack.server.dispatch import PATH_PARAMETERS
from eventtrack.server.door import Door
from eventtrack.server.mlflow.wire import Message

JSON_TYPE = "application/json"

Answer = msgspec.Struct | bytes | AsyncIterator[bytes] | None
"""A response message, ready bytes, bytes still to be made, or None for `{}`."""

Function = Callable[[Door, Call, Any], Awaitable[Answer]]

_encoder = msgspec.json.Encoder()


def json_response(answer: msgspec.Struct | bytes | None) -> web.Response:
    """A 200 with a JSON object."""
    if answer is None:
        body = b"{}"
    elif isinstance(answer, bytes):
        body = answer
    else:
        body = _encoder.encode(answer)
    return web.Response(body=body, content_type=JSON_TYPE)


def endpoint(
    door: Door, message: type[msgspec.Struct], function: Function
) -> Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]:
    """Make an aiohttp handler of a function from message to answer."""
    reader = Message(message)

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        raw = await read_raw(request, reader)
        raw.update(request.get(PATH_PARAMETERS, {}))
        answer = await function(door, Call(request), reader.convert(raw))
        if isinstance(answer, AsyncIterator):
            return await _stream(request, answer)
        return json_response(answer)

    return handle


async def _stream(request: web.BaseRequest, parts: AsyncIterator[bytes]) -> web.StreamResponse:
    response = web.StreamResponse()
    response.content_type = JSON_TYPE
    response.headers["X-Content-Type-Options"] = "nosniff"
    await response.prepare(request)
    if request.method != "HEAD":
        async for part in parts:
            await response.write(part)
    await response.write_eof()
    return response


async def read_raw(request: web.BaseRequest, reader: Message) -> dict[str, Any]:
    """The request's fields: a GET's query, or its JSON body if it has no query (row P9)."""
    if request.method in ("GET", "HEAD"):
        if request.query_string:
            return reader.from_query(request.query)
        body = await request.read()
        return decode_object(body) if body else {}
    check_content_type(request)
    return decode_object(await request.read())


def check_content_type(request: web.BaseRequest) -> None:
    """POST and PUT must say that they carry JSON (row P11); PATCH and DELETE need not."""
    if request.headers.get("Content-Type") == JSON_TYPE:
        return
    if request.method in ("POST", "PUT") and request.content_type != JSON_TYPE:
        raise InvalidParameter(
            f"Bad Request. Content-Type must be {JSON_TYPE}, "
            f"not {request.headers.get('Content-Type', 'absent')!r}."
        )


def decode_object(body: bytes) -> dict[str, Any]:
    """A JSON body as an object; a JSON string that holds one is decoded again (old clients)."""
    if not body:
        return {}
    try:
        decoded = msgspec.json.decode(body)
        if isinstance(decoded, str):
            decoded = msgspec.json.decode(decoded)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidParameter(
            f"The request body is not valid JSON: {error}. NaN and infinities are sent as the "
            'strings "NaN", "Infinity" and "-Infinity".'
        ) from error
    if decoded is None:
        return {}
    if not isinstance(decoded, dict):
        raise InvalidParameter(
            f"The request body must be a JSON object, not a {type(decoded).__name__}."
        )
    return decoded
