"""The pages as bytes: statuses, escaping, the policy, paging, caching."""

import re
from pathlib import Path

from tests.pages.conftest import HOSTILE, Site
from tests.rest import Rest
from tests.servers import eventtrack_server


def test_pages_carry_a_policy_that_runs_no_inline_script(site: Site) -> None:
    status, headers, body = site.rest.ask("GET", "/")
    assert status == 200
    policy = headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert HOSTILE.encode() not in body
    assert b"<script>" not in body
    assert not re.search(rb"style=|onclick=", body)


def test_what_is_not_there_is_a_page_that_says_so(site: Site) -> None:
    for path in ("/experiments/999", "/experiments/x", "/experiments/1/runs/nope"):
        status, headers, body = site.rest.ask("GET", path)
        assert status == 404
        assert headers["Content-Type"].startswith("text/html")
        assert b"There is no" in body


def test_a_bad_filter_is_shown_where_it_is(site: Site) -> None:
    status, _, body = site.rest.ask(
        "GET", f"/experiments/{site.experiment_id}?filter=metrics.x+%3C"
    )
    assert status == 400
    assert b'role="alert"' in body
    assert b"metrics.x &lt;" in body


def test_runs_come_in_pages_of_a_hundred(site: Site) -> None:
    experiment_id = site.rest.post("experiments/create", name="many")["experiment_id"]
    for number in range(130):
        site.rest.create_run(experiment_id, run_name=f"run-{number}")
    _, _, first = site.rest.ask(
        "GET", f"/experiments/{experiment_id}?filter=status+%3D+%27RUNNING%27"
    )
    further = re.search(rb'rel="next" href="([^"]+)"', first)
    assert further is not None
    link = further[1].decode().replace("&amp;", "&")
    _, _, second = site.rest.ask("GET", f"/experiments/{experiment_id}{link}")
    names = re.findall(rb">(run-\d+)</a>", first + second)
    assert len(names) == len(set(names)) == 130


def test_the_style_is_cached_by_its_content(site: Site) -> None:
    _, headers, _ = site.rest.ask("GET", "/static-files/style.css")
    assert "max-age" in headers["Cache-Control"]
    known = {"If-None-Match": headers["Etag"]}
    assert site.rest.ask("GET", "/static-files/style.css", headers=known)[0] == 304


def test_a_new_server_shows_the_lines_to_paste(tmp_path: Path) -> None:
    with eventtrack_server(tmp_path / "data") as server:
        rest = Rest(server.port)
        _, _, body = rest.ask("GET", "/")
        assert f'mlflow.set_tracking_uri("{server.url}")'.encode() in body
        rest.close()
