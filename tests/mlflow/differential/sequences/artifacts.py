"""Artifacts: upload, download, ranges, listing, deletion, and paths that try to get out."""

from __future__ import annotations

from tests.mlflow.differential.steps import (
    AJAX,
    INVALID,
    MISSING,
    PROXY,
    Known,
    Query,
    Step,
    get,
    post,
    raw,
)

_BYTES = bytes(range(256)) * 8
_ROOT = "<exp>/<run>/artifacts"
_FILE_HEADERS = (
    "content-type",
    "content-disposition",
    "content-length",
    "content-range",
    "accept-ranges",
    "x-content-type-options",
)


def _put(name: str, path: str, body: bytes, error: str | int | None = None) -> Step:
    return raw(name, "PUT", f"{PROXY}artifacts/{path}", body, error=error)


def _load(name: str, path: str, error: str | int | None = None, **known: object) -> Step:
    headers = {key: str(value) for key, value in known.items()}
    facts: Known = {
        "error": error,
        "headers": headers,
        "same_headers": _FILE_HEADERS,
        "given_headers": ("etag", "last-modified"),
    }
    return raw(name, "GET", f"{PROXY}artifacts/{path}", **facts)


def _list(name: str, query: Query = (), error: str | int | None = None) -> Step:
    return get(name, PROXY + "artifacts", query, error=error)


def _run_list(name: str, error: str | int | None = None, **query: str) -> Step:
    return get(name, "artifacts/list", {"run_id": "<run>", **query}, error=error)


_SETUP = [
    post(
        "there is an experiment for artifacts",
        "experiments/create",
        {"name": "artifacts"},
        bind={"exp": "experiment_id"},
    ),
    post(
        "there is a run for artifacts",
        "runs/create",
        {"experiment_id": "<exp>", "run_name": "artifacts", "start_time": 1},
        bind={"run": "run.info.run_id"},
    ),
    _run_list("a run begins without artifacts"),
]

_TRANSFER = [
    _put("a file is uploaded", f"{_ROOT}/data.bin", _BYTES),
    _load("the file is downloaded", f"{_ROOT}/data.bin"),
    _put("an upload replaces", f"{_ROOT}/data.bin", _BYTES[::-1]),
    _load("the replacement is downloaded", f"{_ROOT}/data.bin"),
    _put("directories are made on the way", f"{_ROOT}/a/b/deep.txt", b"deep"),
    _put("a file may be empty", f"{_ROOT}/a/empty", b""),
    _load("the empty file is downloaded", f"{_ROOT}/a/empty"),
    _put("a name may hold blanks and Unicode", f"{_ROOT}/a%20b/gr%C3%B6%C3%9Fe.csv", b"x,y\n"),
    _load("a name with blanks is downloaded", f"{_ROOT}/a%20b/gr%C3%B6%C3%9Fe.csv"),
    _put("a name may hold a percent sign", f"{_ROOT}/100%25.txt", b"percent"),
    _put("a name may hold a plus", f"{_ROOT}/a+b.txt", b"plus"),
    _load("a plus stays a plus", f"{_ROOT}/a+b.txt"),
    *(
        step
        for ending in (
            "json",
            "html",
            "png",
            "yaml",
            "md",
            "py",
            "pkl",
            "csv",
            "svg",
            "unknown",
            "tar.gz",
        )
        for step in (
            _put(f"a .{ending} is uploaded", f"{_ROOT}/kinds/file.{ending}", b"<b>kind</b>"),
            _load(f"a .{ending} has its content type", f"{_ROOT}/kinds/file.{ending}"),
        )
    ),
    _put("MLmodel is uploaded", f"{_ROOT}/kinds/MLmodel", b"flavors: {}\n"),
    _load("MLmodel has its content type", f"{_ROOT}/kinds/MLmodel"),
    _put("an upload outside any run is fine", "elsewhere/file.txt", b"free"),
    _load("a missing file", f"{_ROOT}/nothing.txt", MISSING),
    _load("a file in a missing directory", f"{_ROOT}/no/thing.txt", MISSING),
    _load("a directory is no file", f"{_ROOT}/a", 400),
    _put("a directory is no target", f"{_ROOT}/a/", b"x", 400),
    _put("a temporary name is no target", f"{_ROOT}/.artifact.uploading.x", b"x", INVALID),
    raw("HEAD is answered like GET", "HEAD", f"{PROXY}artifacts/{_ROOT}/data.bin"),
]

_RANGES = [
    _load(f"the range {span} is answered", f"{_ROOT}/data.bin", error, Range=span)
    for span, error in (
        ("bytes=0-9", None),
        ("bytes=2000-", None),
        ("bytes=-5", None),
        ("bytes=5-5", None),
        ("bytes=0-99999", None),
        ("bytes=99999-", 416),
    )
]

_LISTS = [
    _run_list("a run's artifacts are listed"),
    _run_list("paths in a run's directory are run-relative", path="a"),
    _run_list("a deeper directory is listed", path="a/b"),
    _run_list("a file lists nothing", path="data.bin"),
    _run_list("a missing directory lists nothing", path="nothing"),
    _run_list("a directory with a blank is listed", path="a b"),
    get("a list needs a run", "artifacts/list", error=INVALID),
    get("an unknown run lists nothing", "artifacts/list", {"run_id": "0" * 32}, error=MISSING),
    get("run_uuid names the run of a list", "artifacts/list", {"run_uuid": "<run>"}),
    _list("the proxy lists names only", {"path": _ROOT}),
    _list("the proxy lists a deeper directory", {"path": f"{_ROOT}/a"}),
    _list("the proxy lists nothing for a file", {"path": f"{_ROOT}/data.bin"}),
    _list("the proxy lists nothing for what is missing", {"path": "nothing/here"}),
]

_ESCAPES = [
    *(
        _run_list(f"a list may not go to {path!r}", INVALID, path=path)
        for path in (
            "..",
            "../x",
            "a/../../x",
            "/etc",
            "%2e%2e/x",
            "%252e%252e/x",
            "a#b",
            "file:///etc",
        )
    ),
    *(
        _list(f"the proxy may not list {path!r}", {"path": path}, INVALID)
        for path in ("..", "../x", "/etc", "%2e%2e", "a/%2e%2e/%2e%2e", "a#b")
    ),
    *(
        _load(f"a download may not go to {path!r}", path, INVALID)
        for path in (
            "%2e%2e/secret",
            "a/%2e%2e/%2e%2e/secret",
            "%252e%252e/secret",
            "%25252e%25252e/secret",
            "..%2fsecret",
            "a%2f..%2f..%2fsecret",
            "%2fetc/passwd",
            "a%23b",
        )
    ),
    *(
        _put(f"an upload may not go to {path!r}", path, b"x", INVALID)
        for path in (
            "%2e%2e/evil",
            "a/%2e%2e/%2e%2e/evil",
            "%252e%252e/evil",
            "%2ftmp/evil",
            "a%23b",
        )
    ),
    *(
        raw(
            f"a deletion may not go to {path!r}",
            "DELETE",
            f"{PROXY}artifacts/{path}",
            error=INVALID,
        )
        for path in ("%2e%2e/x", "a/%2e%2e/%2e%2e/x", "%252e%252e/x")
    ),
]


def _page(name: str, query: Query, error: str | int | None = None) -> Step:
    facts: Known = {"error": error, "same_headers": ("content-type", "x-content-type-options")}
    return raw(name, "GET", "/get-artifact", None, query, **facts)


def _upload(name: str, query: Query, body: bytes, error: str | int | None = None) -> Step:
    return raw(name, "POST", AJAX + "upload-artifact", body, query, error=error)


_PAGES = [
    _page("the page shows a file", {"run_id": "<run>", "path": "data.bin"}),
    _page("the page knows run_uuid", {"run_uuid": "<run>", "path": "a/b/deep.txt"}),
    _page("the page misses a file", {"run_id": "<run>", "path": "nothing.txt"}, MISSING),
    _page("the page stays in the run", {"run_id": "<run>", "path": "../x"}, INVALID),
    _page("the page shows no directory", {"run_id": "<run>", "path": "a"}, INVALID),
    _page("the page needs a path", {"run_id": "<run>"}, 400),
    _page("the page needs a known run", {"run_id": "0" * 32, "path": "x"}, MISSING),
    _upload("the page uploads a file", {"run_uuid": "<run>", "path": "ui/note.txt"}, b"note"),
    _load("the page's file is downloaded", f"{_ROOT}/ui/note.txt"),
    _upload("the page uploads no nothing", {"run_uuid": "<run>", "path": "ui/e"}, b"", INVALID),
    _upload("the page uploads into the run", {"run_uuid": "<run>", "path": "../e"}, b"x", INVALID),
    _upload("the page's upload needs a path", {"run_uuid": "<run>"}, b"x", INVALID),
    _upload("the page's upload needs a run", {"path": "ui/e"}, b"x", INVALID),
    _upload(
        "the page uploads at most 10 MiB",
        {"run_uuid": "<run>", "path": "ui/big"},
        b"x" * (10 * 1024 * 1024 + 1),
        INVALID,
    ),
]


def _delete(name: str, path: str) -> Step:
    return raw(name, "DELETE", f"{PROXY}artifacts/{path}")


_DELETION = [
    post("the run is deleted", "runs/delete", {"run_id": "<run>"}),
    _load("a deleted run's file is downloaded", f"{_ROOT}/data.bin"),
    _put("a deleted run still takes files", f"{_ROOT}/late.txt", b"late"),
    _run_list("a deleted run's artifacts are listed"),
    _delete("a file is deleted", f"{_ROOT}/data.bin"),
    _load("a deleted file is gone", f"{_ROOT}/data.bin", MISSING),
    _delete("a deletion of nothing is no error", f"{_ROOT}/data.bin"),
    _delete("a directory is deleted with all in it", f"{_ROOT}/a"),
    _run_list("the rest is still listed"),
    _load("a deleted directory's file is gone", f"{_ROOT}/a/b/deep.txt", MISSING),
]

STEPS = [*_SETUP, *_TRANSFER, *_RANGES, *_LISTS, *_ESCAPES, *_PAGES, *_DELETION]
