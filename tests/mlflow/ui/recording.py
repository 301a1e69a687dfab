"""Records what MLflow's web UI asks a server on a page, with the answers."""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec
from playwright.sync_api import Error, Page, Request

ASSETS = "/static-files/"
INTENDED = {
    "/ajax-api/2.0/mlflow/users/current": "MLflow without accounts has no such route either, "
    "from which the UI concludes that nobody signs in",
    "/ajax-api/2.0/mlflow/experiments/get-by-name": "before it creates an experiment the UI asks "
    "whether the name is free",
    "/ajax-api/2.0/mlflow/registered-models/get": "and likewise whether a model's name is",
    "/ajax-api/3.0/mlflow/review-queues/get-or-create-user": "the review page makes a queue when "
    "it is opened; without traces there is nothing to review (501)",
}
"""Requests that fail, and why that is right."""

ELSEWHERE = "https://mlflow.org/"
"""Pictures of MLflow's documentation, on the pages of features that nobody uses yet."""

HARMLESS = "ResizeObserver loop completed with undelivered notifications"
"""Chromium's remark that a table's size was settled one frame later."""

# The assistant greets everybody on their first visit and hides a third of the page.  Not in frames:
# one that shows an artifact is sandboxed and has no storage.
WITHOUT_THE_ASSISTANT = (
    "if (self === top)"
    " localStorage.setItem('mlflow.assistant.fab.autoOpenedOnFirstLoad_v1', 'true')"
)

QUIET_MS = 800.0
"""A page that has asked for nothing for so long has all it wants."""
SETTLE_MS_MAX = 20_000.0


class Exchange(msgspec.Struct, frozen=True):
    """A request of the UI and its answer; body and answer are JSON where they can be read so."""

    method: str
    path: str
    query: str
    body: Any
    status: int
    answer: Any

    @property
    def name(self) -> str:
        """Method and path; for GraphQL the operation too."""
        operation = self.body.get("operationName") if isinstance(self.body, dict) else None
        return f"{self.method} {self.path}" + (f" {operation}" if operation else "")

    @property
    def key(self) -> tuple[str, str, str]:
        """The whole request."""
        return self.name, self.query, json.dumps(self.body)


class Recorder:
    """Listens to one page: what it asks for, and what its console complains about."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._open: set[Request] = set()
        self._finished: list[Request] = []
        self._complaints: list[str] = []
        page.on("request", self._begin)
        page.on("requestfinished", self._finish)
        page.on("requestfailed", self._fail)
        page.on("console", self._console)
        page.on("pageerror", lambda error: self._complaints.append(f"page error: {error}"))

    def _begin(self, request: Request) -> None:
        # Of a shared worker's script Playwright never hears that it has come.
        if not request.url.endswith(".worker.js"):
            self._open.add(request)

    def _finish(self, request: Request) -> None:
        self._open.discard(request)
        self._finished.append(request)

    def _fail(self, request: Request) -> None:
        self._open.discard(request)
        # Chromium aborts some when it leaves a page or begins a download.
        if request.failure != "net::ERR_ABORTED":
            self._complaints.append(f"failed: {request.url}: {request.failure}")

    def _console(self, message: Any) -> None:
        if message.type == "error":
            self._complaints.append(f"console: {message.text} {message.location.get('url', '')}")

    def settle(self, quiet_ms: float = QUIET_MS) -> list[str]:
        """Wait until the page asks for nothing more; the addresses that are not answered yet."""
        waited, quiet, step = 0.0, 0.0, 100.0
        while quiet < quiet_ms and waited < SETTLE_MS_MAX:
            before = len(self._finished)
            self._page.wait_for_timeout(step)
            waited += step
            still = not self._open and before == len(self._finished)
            quiet = quiet + step if still else 0.0
        return [request.url for request in self._open]

    def take(self) -> tuple[list[Exchange], list[str]]:
        """What was asked of the API, and what was complained about, since the last call."""
        finished, self._finished = self._finished, []
        complaints, self._complaints = self._complaints, []
        return [exchange(each) for each in finished if _is_asked(each)], complaints


def _is_asked(request: Request) -> bool:
    """Of the server, and no file of the UI: a preview is a blob that the page makes itself."""
    parts = urlsplit(request.url)
    return parts.scheme == "http" and ASSETS not in parts.path


def exchange(request: Request) -> Exchange:
    """Read a finished request."""
    parts = urlsplit(request.url)
    response = request.response()
    status, answer = 0, None
    if response is not None:
        status = response.status
        try:
            answer = readable(response.body())
        except Error:
            answer = "(the browser did not keep it)"
    body = readable((request.post_data or "").encode())
    return Exchange(request.method, parts.path, parts.query, body, status, answer)


def readable(content: bytes) -> Any:
    """JSON, or how many bytes."""
    if not content:
        return None
    try:
        return json.loads(content)
    except ValueError:
        return f"({len(content)} bytes)"


def unexpected(
    exchanges: list[Exchange], complaints: list[str], also: Sequence[str] = ()
) -> list[str]:
    """What failed without being intended, in words.  also: complaints that are right here."""
    known = (*INTENDED, ELSEWHERE, HARMLESS, *also)
    failed = [
        f"{each.name}?{each.query} answered {each.status}: {each.answer}"
        for each in exchanges
        if each.status >= 400 and not each.path.endswith(tuple(INTENDED))
    ]
    return failed + [each for each in complaints if not any(word in each for word in known)]
