"""The entrance of every request: an id, the protection, errors as bytes, the server's own log."""

import itertools
import logging
import time
import uuid
from collections.abc import Awaitable, Callable

from aiohttp import HttpVersion11, web

from eventtrack.errors import (
    EventtrackError,
    InvalidParameter,
    RequestTooLarge,
    TooBusy,
    Unavailable,
)
from eventtrack.events import Position
from eventtrack.server import moment
from eventtrack.server.dispatch import ROUTE, Dispatch
from eventtrack.server.mlflow.errors import response_of
from eventtrack.server.native.errors import response_of as native_response_of
from eventtrack.server.protection import Protection
from eventtrack.server.telemetry import Requests
from projections.search.errors import InvalidFilter
from projections.views import ViewsStopped

logger = logging.getLogger("eventtrack.request")

SLOW_SECONDS = 1.0
REQUEST_ID = "X-Request-ID"
_ID_CHARS_MAX = 100
EVENT_STREAM = "text/event-stream"
"""Such answers go on for as long as somebody follows."""

OTHER = "other"
"""The route of what has none, and the method of what no route has."""

_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))

NATIVE_PREFIX = "/api/eventtrack/"
_UNCHECKED_HOST = frozenset(("/health", "/version"))


class Entrance:
    """Takes every request in.

    position_of: what a moment in words is in the log; access_log: log each request, not only
    failed and slow ones.
    """

    def __init__(
        self,
        dispatch: Dispatch,
        protection: Protection,
        requests: Requests,
        position_of: Callable[[str], Awaitable[Position]],
        *,
        access_log: bool,
    ) -> None:
        self._position_of = position_of
        self._requests = requests
        self._find = dispatch.find
        self._protection = protection
        self._access_log = access_log
        self._prefix = uuid.uuid4().hex[:8]
        self._numbers = itertools.count(1)

    def next_id(self) -> str:
        """An id for a request that brings none."""
        return f"{self._prefix}-{next(self._numbers)}"

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Check, answer, mark the answer, log."""
        headers = request.headers
        request_id = headers.get(REQUEST_ID) or self.next_id()
        started = time.perf_counter()
        cause: BaseException | None = None
        response: web.StreamResponse | None = _refusal(request, self._protection)
        if response is None:
            try:
                words, request = moment.take(request)
                if words:
                    response = await self._serve_past(request, words)
                else:
                    response = await self._serve(request)
            except EventtrackError as error:
                response = _answer(request, error)
            except Exception as error:
                response, cause = _translate(error, request_id)
        if not response.prepared:
            self._mark(request, response, request_id)
        seconds = time.perf_counter() - started
        # aiohttp's parser in Python lets any word pass for a method; each would be a series.
        method = request.method if request.method in _METHODS else OTHER
        self._requests.count(request.get(ROUTE, OTHER), method, response.status, seconds)
        slow = seconds > SLOW_SECONDS and response.content_type != EVENT_STREAM
        if self._access_log or response.status >= 500 or slow:
            _write_log(request, request_id, response.status, seconds, cause)
        return response

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        handler = self._find(request)
        if "Expect" in request.headers:
            await _expected(request)
        return await handler(request)

    async def _serve_past(self, request: web.BaseRequest, words: str) -> web.StreamResponse:
        """Answer from the views of an earlier moment."""
        position = await self._position_of(words)
        token = moment.AS_OF.set(position)
        try:
            response = await self._serve(request)
        finally:
            moment.AS_OF.reset(token)
        if not response.prepared:
            response.headers[moment.HEADER] = str(position)
        return response

    def _mark(
        self, request: web.BaseRequest, response: web.StreamResponse, request_id: str
    ) -> None:
        marks = response.headers
        marks[REQUEST_ID] = request_id[:_ID_CHARS_MAX]
        marks["X-Content-Type-Options"] = "nosniff"
        marks["X-Frame-Options"] = "SAMEORIGIN"
        origin = request.headers.get("Origin")
        if origin is not None:
            marks.update(self._protection.cors_headers(origin, request.headers.get("Host", "")))


async def _expected(request: web.BaseRequest) -> None:
    """Tell a client that asks before it sends a large body to go on."""
    if request.headers["Expect"].lower() != "100-continue":
        raise web.HTTPExpectationFailed(text="The only expectation met is 100-continue.")
    if request.version == HttpVersion11:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # These bytes are not part of the answer that follows.
        request.writer.output_size = 0


def _answer(request: web.BaseRequest, error: EventtrackError) -> web.Response:
    """A refusal in the words of the protocol it was asked in."""
    native = request.path.startswith(NATIVE_PREFIX)
    response = native_response_of(error) if native else response_of(error)
    if isinstance(error, TooBusy):
        response.headers["Retry-After"] = str(error.retry_after_seconds)
    return response


def _refusal(request: web.BaseRequest, protection: Protection) -> web.Response | None:
    """The answer to a request that may not enter, or None; preflights are answered here too."""
    host = request.headers.get("Host", "")
    if not protection.host_allowed(host) and request.path not in _UNCHECKED_HOST:
        return web.Response(
            status=403,
            text="Invalid Host header - possible DNS rebinding attack detected. If this name is "
            "yours, start the server with --allowed-hosts and name it.",
        )
    origin = request.headers.get("Origin")
    if origin is None:
        return None
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        return _preflight(request, origin, host, protection)
    if not protection.write_allowed(request.method, origin, host):
        return web.Response(
            status=403,
            text="Cross-origin request blocked. If this origin is yours, start the server with "
            "--cors-allowed-origins and name it.",
        )
    return None


def _preflight(
    request: web.BaseRequest, origin: str, host: str, protection: Protection
) -> web.Response:
    if not protection.origin_allowed(origin, host):
        return web.Response(status=400, text="Disallowed CORS origin")
    asked = request.headers.get("Access-Control-Request-Headers", "*")
    return web.Response(
        text="OK",
        headers={
            "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
            "Access-Control-Allow-Headers": asked,
            "Access-Control-Max-Age": "600",
        },
    )


def _translate(
    error: Exception, request_id: str
) -> tuple[web.StreamResponse, BaseException | None]:
    """An exception that is no refusal of ours, as an answer; the cause, if worth a log line."""
    if isinstance(error, InvalidFilter):
        return response_of(InvalidParameter(str(error))), None
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        refusal: EventtrackError = RequestTooLarge(
            f"The request body is too large ({error.text}); send it in several requests, or start "
            "the server with a larger --request-mebibytes-max."
        )
        return response_of(refusal), None
    if isinstance(error, web.HTTPException):
        return error, None
    if isinstance(error, ConnectionError):
        # The client went away in the middle of its request: there is nobody left to answer.
        return web.Response(status=499), None
    if isinstance(error, ViewsStopped):
        return response_of(Unavailable(f"{error}; see the server's log")), error
    internal = EventtrackError(
        f"The server failed to answer; its log has the cause under request id {request_id}."
    )
    return response_of(internal), error


def _write_log(
    request: web.BaseRequest,
    request_id: str,
    status: int,
    seconds: float,
    cause: BaseException | None,
) -> None:
    fields = {
        "request_id": request_id,
        "method": request.method,
        "path": request.path,
        "status": status,
        "milliseconds": round(seconds * 1000, 1),
        "remote": request.remote,
    }
    if cause is not None:
        logger.error("request failed", extra={"fields": fields}, exc_info=cause)
    elif seconds > SLOW_SECONDS:
        logger.warning("slow request", extra={"fields": fields})
    else:
        logger.info("request", extra={"fields": fields})
