"""From a request's method and path to its handler.

aiohttp's own application and router cost a third of the time of a small request; this server needs
two dictionaries and a few patterns, on aiohttp's low-level server.
"""

import re
from collections.abc import Awaitable, Callable
from urllib.parse import unquote

from aiohttp import web

from eventtrack.errors import EndpointNotFound, MethodNotAllowed

Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]

PATH_PARAMETERS = web.RequestKey("path_parameters", dict[str, str])
"""Where a request keeps the parts of its path that a route names: `request[PATH_PARAMETERS]`."""

ROUTE = web.RequestKey("route", str)
"""Where a request keeps its route: a path, or the pattern that it matched."""

_PLACEHOLDER = re.compile(r"\{(\w+)(\.\.\.)?\}")


class Dispatch:
    """The routes.  A path may hold `{name}` for one segment and `{name...}` for all the rest."""

    def __init__(self) -> None:
        self._exact: dict[str, dict[str, Handle]] = {}
        self._patterns: dict[str, tuple[re.Pattern[str], dict[str, Handle]]] = {}

    def add(self, method: str, path: str, handler: Handle) -> None:
        """Add a route; HEAD is answered where GET is."""
        if "{" in path:
            pattern = _PLACEHOLDER.sub(
                lambda found: f"(?P<{found[1]}>.*)" if found[2] else f"(?P<{found[1]}>[^/]+)", path
            )
            methods = self._patterns.setdefault(path, (re.compile(pattern, re.DOTALL), {}))[1]
        else:
            methods = self._exact.setdefault(path, {})
        assert method not in methods, f"two routes for {method} {path}"
        methods[method] = handler
        if method == "GET":
            methods["HEAD"] = handler

    def routes(self) -> list[tuple[str, str]]:
        """Every (method, path)."""
        tables = {**self._exact, **{path: table for path, (_, table) in self._patterns.items()}}
        return [(method, path) for path, methods in tables.items() for method in methods]

    def find(self, request: web.BaseRequest) -> Handle:
        """The handler of a request; raises EndpointNotFound or MethodNotAllowed."""
        path = request.raw_path
        methods = self._exact.get(path)
        if methods is None:
            path = request.rel_url.raw_path
            methods = self._exact.get(path) or self._match(request, path)
        # A pattern has noted itself already.
        request.setdefault(ROUTE, path)
        handler = methods.get(request.method)
        if handler is None:
            allowed = ", ".join(sorted(methods))
            raise MethodNotAllowed(request.method, allowed)
        return handler

    def _match(self, request: web.BaseRequest, path: str) -> dict[str, Handle]:
        """Match on the raw path, so that an encoded slash does not end a segment."""
        for route, (pattern, methods) in self._patterns.items():
            found = pattern.fullmatch(path)
            if found is not None:
                request[ROUTE] = route
                request[PATH_PARAMETERS] = {
                    name: unquote(value) for name, value in found.groupdict().items()
                }
                return methods
        raise EndpointNotFound(f"There is no endpoint {path[:200]!r}.")
