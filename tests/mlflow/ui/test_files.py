"""`eventtrack server --ui mlflow` serves the installed mlflow's built UI, or says why not."""

import gzip
import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rest import Rest
from tests.servers import clean_environment, eventtrack_server


def installed() -> Path:
    spec = importlib.util.find_spec("mlflow")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "server" / "js" / "build"


@pytest.fixture(scope="module")
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    with eventtrack_server(tmp_path_factory.mktemp("ui"), "--ui", "mlflow") as server:
        opened = Rest(server.port)
        yield opened
        opened.close()


def scripts(index: str) -> list[str]:
    return re.findall(r'(?:src|href)="([^"]+\.(?:js|css))"', index)


def test_the_index_is_mlflows_and_is_asked_for_again(rest: Rest) -> None:
    status, headers, body = rest.ask("GET", "/")
    assert status == 200
    assert body == (installed() / "index.html").read_bytes()
    assert headers["Content-Type"] == "text/html"
    assert headers["Cache-Control"] == "no-cache"
    again, _, nothing = rest.ask("GET", "/", headers={"If-None-Match": headers["Etag"]})
    assert (again, nothing) == (304, b"")


def test_what_the_index_names_is_there_and_kept_for_ever(rest: Rest) -> None:
    names = scripts(rest.ask("GET", "/")[2].decode())
    assert len(names) >= 2
    for name in names:
        status, headers, body = rest.ask("GET", f"/{name}")
        assert status == 200, name
        assert body == (installed() / name.removeprefix("static-files/")).read_bytes()
        assert "immutable" in headers["Cache-Control"]
        kind = "text/css" if name.endswith(".css") else "text/javascript"
        assert headers["Content-Type"] == kind


def test_a_browser_gets_scripts_packed(rest: Rest) -> None:
    name = next(each for each in scripts(rest.ask("GET", "/")[2].decode()) if each.endswith(".js"))
    _, headers, packed = rest.ask("GET", f"/{name}", headers={"Accept-Encoding": "gzip, br"})
    assert headers["Content-Encoding"] == "gzip"
    assert headers["Vary"] == "Accept-Encoding"
    plain = rest.ask("GET", f"/{name}")[2]
    assert gzip.decompress(packed) == plain
    assert len(packed) < len(plain) / 2


@pytest.mark.parametrize(
    ("name", "kind"),
    [("favicon.ico", "image/vnd.microsoft.icon"), ("manifest.json", "application/json")],
)
def test_a_name_without_a_digest_is_asked_for_again(rest: Rest, name: str, kind: str) -> None:
    status, headers, _ = rest.ask("GET", f"/static-files/{name}")
    assert status == 200
    assert headers["Content-Type"] == kind
    assert headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "path", ["nothing.js", "../../__init__.py", "%2e%2e/%2e%2e/handlers.py", ""]
)
def test_nothing_but_the_build_is_served(rest: Rest, path: str) -> None:
    assert rest.ask("GET", f"/static-files/{path}")[0] == 404


def test_the_pages_of_eventtrack_stay_where_they_are(rest: Rest) -> None:
    status, headers, body = rest.ask("GET", "/eventtrack")
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b"<title>eventtrack" in body


def test_without_mlflow_the_server_does_not_start_and_says_what_to_install(tmp_path: Path) -> None:
    # None in sys.modules is what Python itself takes for "not to be found".
    code = (
        "import sys; sys.modules['mlflow'] = None\n"
        "from eventtrack.cli import main\n"
        f"main(['server', '--ui', 'mlflow', '--port', '0', '--data', {str(tmp_path / 'd')!r}])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=30,
        env=clean_environment(),
        check=False,
    )
    assert done.returncode == 1
    assert "pip install 'eventtrack[mlflow]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_ui_is_refused(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("eventtrack")), "server", "--ui", "wandb"]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=30, env=clean_environment(), check=False
    )
    assert done.returncode == 2
    assert "'eventtrack', 'mlflow'" in done.stderr
