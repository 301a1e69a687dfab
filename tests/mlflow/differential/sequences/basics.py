"""The server itself: health, version, abilities, routes, methods, hosts and origins."""

from __future__ import annotations

from tests.mlflow.differential.steps import AJAX, INVALID, Known, Step, get, post, raw

_FORBIDDEN = 403
_LOCAL = {"Origin": "http://localhost:3000"}
_CORS = ("access-control-allow-origin", "access-control-allow-credentials")
_DEFAULT = b'{"max_results": 1, "filter": "name = \'Default\'"}'
_ELSEWHERE = {"Origin": "http://elsewhere.example"}


def _from(
    name: str,
    method: str,
    headers: dict[str, str],
    error: int | None = None,
    same_headers: tuple[str, ...] = (),
) -> Step:
    facts: Known = {"headers": headers, "error": error, "same_headers": same_headers}
    if method == "GET":
        return raw(name, method, "experiments/get", None, {"experiment_id": "0"}, **facts)
    facts["headers"] = {"Content-Type": "application/json", **headers}
    return raw(name, method, "experiments/search", _DEFAULT, **facts)


def _ask_first(name: str, origin: dict[str, str], error: int | None) -> Step:
    headers = {**origin, "Access-Control-Request-Method": "POST"}
    facts: Known = {"headers": headers, "error": error, "same_headers": _CORS}
    return raw(name, "OPTIONS", "/api/2.0/mlflow/runs/create", **facts)


def _host(name: str, host: str, error: int | None = None) -> Step:
    return _from(name, "GET", {"Host": host}, error)


STEPS: list[Step] = [
    raw("the server is healthy", "GET", "/health"),
    raw("health is asked with HEAD too", "HEAD", "/health"),
    raw("the version is that of MLflow", "GET", "/version"),
    get("the server says what it can", "/api/3.0/mlflow/server-info"),
    get("the page asks the same", "/ajax-api/3.0/mlflow/server-info"),
    raw("an unknown route", "GET", "/api/2.0/mlflow/planets/list", error=404),
    raw("an unknown version of a route", "GET", "/api/9.0/mlflow/runs/get", error=404),
    raw("an unknown API", "GET", "/api/2.0/preview/mlflow/runs/get", error=404),
    raw("an unknown page", "GET", "/nothing/here", error=404),
    raw("a route with a slash at the end", "GET", "/api/2.0/mlflow/runs/get/", error=404),
    raw("traces of version 3 are unknown to 2", "GET", "/api/2.0/mlflow/unified-traces", error=404),
    raw("a POST route is not read", "GET", "/api/2.0/mlflow/runs/create", error=405),
    raw("a GET route is not written", "POST", "/api/2.0/mlflow/runs/get", error=405),
    raw("a POST route is not put", "PUT", "/api/2.0/mlflow/runs/log-batch", error=405),
    raw("a POST route is not deleted", "DELETE", "/api/2.0/mlflow/runs/delete", error=405),
    get("the ajax twin of a GET", AJAX + "experiments/get", {"experiment_id": "0"}),
    post(
        "the ajax twin of a POST",
        AJAX + "experiments/search",
        {"max_results": 1, "filter": "name = 'Default'"},
    ),
    post("the ajax twin of a refusal", AJAX + "experiments/create", {}, error=INVALID),
    *(
        _host(f"the host {host} is welcome", host)
        for host in (
            "localhost",
            "localhost:5000",
            "127.0.0.1:1",
            "[::1]:5000",
            "0.0.0.0:5000",
            "10.1.2.3:5000",
            "192.168.1.1",
            "172.16.0.1:80",
            "172.31.255.1",
        )
    ),
    *(
        _host(f"the host {host} is a stranger", host, _FORBIDDEN)
        for host in (
            "mlflow:5000",
            "evil.example",
            "evil.example:5000",
            "172.32.0.1",
            "8.8.8.8",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
        )
    ),
    raw("health is told to strangers", "GET", "/health", headers={"Host": "evil.example"}),
    raw("the version is told to strangers", "GET", "/version", headers={"Host": "evil.example"}),
    _from("a page from elsewhere may not write", "POST", _ELSEWHERE, _FORBIDDEN),
    _from("a page from elsewhere may read", "GET", _ELSEWHERE),
    _from("a page from this machine may write", "POST", _LOCAL),
    _from("a page from 127.0.0.1 may write", "POST", {"Origin": "http://127.0.0.1:5000"}),
    _from("a page from [::1] may write", "POST", {"Origin": "http://[::1]:5000"}),
    _from(
        "a page from a look-alike may not write",
        "POST",
        {"Origin": "http://localhost.evil.example"},
        _FORBIDDEN,
    ),
    _from("a page from nowhere may not write", "POST", {"Origin": "null"}, _FORBIDDEN),
    raw(
        "an artifact from elsewhere is not stored",
        "PUT",
        "/api/2.0/mlflow-artifacts/artifacts/evil.txt",
        b"x",
        headers=_ELSEWHERE,
        error=_FORBIDDEN,
    ),
    _from("a page from this machine is told that it may read", "GET", _LOCAL, same_headers=_CORS),
    _from("a page from elsewhere is not told so", "GET", _ELSEWHERE, same_headers=_CORS[:1]),
    _ask_first("a page from this machine asks before it writes", _LOCAL, None),
    _ask_first("a page from elsewhere asks in vain", _ELSEWHERE, 400),
    raw(
        "answers are not sniffed nor framed",
        "GET",
        "/health",
        same_headers=("x-content-type-options", "x-frame-options"),
    ),
]
