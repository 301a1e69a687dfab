"""The UI's files over HTTP: compressed, kept by browsers, under a policy, never missing mutely."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from eventtrack.server.ui import POLICY, BuiltFiles, File, coding_for, index
from eventtrack.ui import DIST
from tests.rest import Rest
from tests.servers import eventtrack_server


@pytest.fixture(scope="module")
def rest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    with eventtrack_server(tmp_path_factory.mktemp("ui") / "data") as server:
        rest = Rest(server.port)
        yield rest
        rest.close()


def assets_of(rest: Rest) -> list[str]:
    status, headers, body = rest.ask("GET", "/")
    assert status == 200
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    found = re.findall(r'(?:src|href)="\./(assets/[^"]+)"', body.decode())
    assert any(name.endswith(".js") for name in found)
    return found


def test_the_page_runs_nothing_inline_and_nothing_from_elsewhere(rest: Rest) -> None:
    _, headers, body = rest.ask("GET", "/")
    assert headers["Content-Security-Policy"] == POLICY
    assert "unsafe" not in POLICY
    text = body.decode()
    assert re.findall(r"<script[^>]*>([^<]*)</script>", text) == [""]
    assert not re.search(r"\s(style|on\w+)=|<style|https?://", text)


def test_assets_are_kept_for_ever_and_the_page_is_asked_for_anew(rest: Rest) -> None:
    assert rest.ask("GET", "/")[1]["Cache-Control"] == "no-cache"
    for name in assets_of(rest):
        status, headers, _ = rest.ask("GET", f"/{name}")
        assert status == 200
        assert "immutable" in headers["Cache-Control"]
        assert re.search(r"-[\w-]{8}\.\w+$", name), "an asset's name holds a digest"


@pytest.mark.parametrize("coding", ["br", "gzip", ""])
def test_a_browser_gets_the_smallest_variant_that_it_takes(rest: Rest, coding: str) -> None:
    script = next(name for name in assets_of(rest) if name.endswith(".js"))
    accepted = {"br": "gzip, deflate, br", "gzip": "gzip, br;q=0", "": "identity"}[coding]
    _, headers, body = rest.ask("GET", f"/{script}", headers={"Accept-Encoding": accepted})
    assert headers.get("Content-Encoding", "") == coding
    assert headers["Vary"] == "Accept-Encoding"
    assert headers["Content-Type"].startswith("text/javascript")
    plain = (DIST / script).read_bytes()
    if coding == "gzip":
        body = gzip.decompress(body)
    if coding == "br":
        assert len(body) < len(plain) / 2
    else:
        assert body == plain


@pytest.mark.parametrize("accepted", ["br", "identity"])
def test_what_a_browser_has_is_not_sent_again(rest: Rest, accepted: str) -> None:
    for path in ("/", *(f"/{name}" for name in assets_of(rest))):
        _, headers, _ = rest.ask("GET", path, headers={"Accept-Encoding": accepted})
        known = {"If-None-Match": headers["Etag"], "Accept-Encoding": accepted}
        status, again, body = rest.ask("GET", path, headers=known)
        assert (status, body) == (304, b"")
        assert again["Etag"] == headers["Etag"]
        other = {**known, "If-None-Match": '"other"'}
        assert rest.ask("GET", path, headers=other)[0] == 200


@pytest.mark.parametrize(
    "path", ["/assets/none.js", "/assets/..%2Findex.html", "/assets/..%2f__init__.py", "/assets/"]
)
def test_only_built_files_are_served(rest: Rest, path: str) -> None:
    assert rest.ask("GET", path)[0] == 404


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("", ""),
        ("br", "br"),
        ("gzip", "gzip"),
        ("gzip;q=1.0, br;q=0.5", "br"),
        ("br;q=0, gzip", "gzip"),
        ("br;q=0.0,gzip;q=0.000", ""),
        ("*", "br"),
        ("*;q=0", ""),
        ("deflate", ""),
    ],
)
def test_the_coding_follows_what_is_accepted(accepted: str, coding: str) -> None:
    file = File("text/html", {"": b"1", "br": b"2", "gzip": b"3"}, "digest")
    assert coding_for(accepted, file) == coding


async def test_a_checkout_that_was_not_built_says_how_to_build(tmp_path: Path) -> None:
    files = BuiltFiles(tmp_path / "dist")
    answer = await index(files)(make_mocked_request("GET", "/"))
    assert isinstance(answer, web.Response)
    assert answer.status == 503
    assert "scripts/build_ui.py" in (answer.text or "")
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "index.html").write_text("built")
    assert (await index(files)(make_mocked_request("GET", "/"))).status == 200


def first_load(name: str = "index.html") -> set[str]:
    """The files that the page names, and the scripts that these import at once."""
    text = (DIST / name).read_text()
    if name == "index.html":
        named = re.findall(r'(?:src|href)="\./(assets/[^"]+)"', text)
    elif name.endswith(".js"):
        at_once = re.findall(r'\bimport\s*(?:[\w{}$*,\s]+from\s*)?"\./([^"]+)"', text)
        named = [f"assets/{each}" for each in at_once]
    else:
        named = []
    return {name}.union(*(first_load(each) for each in named))


def test_the_first_load_is_light() -> None:
    """The budget: 120 KB, compressed with gzip, for everything that the page loads at first."""
    names = first_load()
    assert any(name.endswith(".css") for name in names)
    # Icons and the like, which the script asks for, are counted as well.
    names |= {f"assets/{path.name}" for path in (DIST / "assets").glob("*.svg")}
    assert sum((DIST / f"{name}.gz").stat().st_size for name in names) <= 120_000


def test_pages_that_are_not_opened_are_not_loaded() -> None:
    scripts = {f"assets/{path.name}" for path in (DIST / "assets").glob("*.js")}
    later = scripts - first_load()
    assert any("sanitize" in name for name in later), "the markdown parser waits for some markdown"
    assert any("/page-" in name for name in later), "the run's page waits for a run"
