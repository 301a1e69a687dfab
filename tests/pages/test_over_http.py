"""The pages as bytes: statuses, escaping, the policy, paging, sorting, caching."""

import html
import re
from pathlib import Path

import pytest

from eventtrack.server.pages import experiments, runs
from tests.pages.conftest import HOSTILE, STARTED_MS, Site
from tests.rest import Rest
from tests.servers import eventtrack_server


def text_of(site: Site, path: str, status: int = 200) -> str:
    answered, headers, body = site.rest.ask("GET", path)
    assert answered == status
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    return body.decode()


def next_of(text: str) -> str:
    found = re.search(r'rel="next" href="([^"]+)"', text)
    assert found is not None
    return html.unescape(found[1])


@pytest.mark.parametrize("path", ["/experiments", "/experiments/{e}", "/experiments/{e}/runs/{r}"])
def test_hostile_texts_are_escaped_under_a_policy_against_inline_code(
    site: Site, path: str
) -> None:
    path = path.format(e=site.hostile_id, r=site.hostile_run_id)
    _, headers, _ = site.rest.ask("GET", path)
    policy = headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    text = text_of(site, path)
    assert html.escape(HOSTILE, quote=False).replace("'", "&#39;") in text
    assert "<script>" not in text
    assert not re.search(r"<[^>]*\s(style|on\w+)=", text)


def test_a_filter_comes_back_escaped(site: Site) -> None:
    text = text_of(site, f"/experiments/{site.experiment_id}?filter=%22%3E%3Cscript%3E", 400)
    assert 'value="&#34;&gt;&lt;script&gt;"' in text
    assert "<script>" not in text


@pytest.mark.parametrize(
    "path",
    [
        "/experiments/999",
        "/experiments/x",
        "/experiments/%FF",
        "/experiments/1/runs/nope",
        "/experiments/99999999999999999999/runs/%00",
    ],
)
def test_what_is_not_there_is_a_page_that_says_so(site: Site, path: str) -> None:
    text = text_of(site, path, 404)
    assert "There is no" in text
    assert '<a href="/experiments">All experiments</a>' in text


@pytest.mark.parametrize("field", ["filter", "order_by"])
def test_a_mistake_is_shown_at_its_field(site: Site, field: str) -> None:
    text = text_of(site, f"/experiments/{site.experiment_id}?{field}=metrics.x+%3C", 400)
    found = re.search(
        r'id="(\w+)"[^>]*aria-invalid="true"[^>]*>\n<p id="problem"[^>]*>(.*)</p>', text
    )
    assert found is not None
    assert found[1] == field
    assert "metrics.x &lt;" in found[2]


def test_a_page_that_was_never_given_out_is_no_mistake_of_the_filter(site: Site) -> None:
    text = text_of(site, f"/experiments/{site.experiment_id}?page=x", 400)
    assert "page_token" in text
    assert "aria-invalid" not in text
    assert "no such page" in text_of(site, "/experiments?page=x", 400)


def test_runs_come_in_pages_of_a_hundred(site: Site) -> None:
    experiment_id = site.rest.post("experiments/create", name="many")["experiment_id"]
    for number in range(130):
        site.rest.create_run(experiment_id, run_name=f"run-{number}")
    path = f"/experiments/{experiment_id}"
    first = text_of(site, f"{path}?filter=status+%3D+%27RUNNING%27&order_by=run_name+ASC")
    second = text_of(site, path + next_of(first))
    assert 'rel="next"' not in second
    names = re.findall(r">(run-\d+)</a>", first + second)
    assert names == sorted({f"run-{number}" for number in range(130)})
    assert re.findall(r">(run-\d+)</a>", first) == names[: experiments.RUNS_ON_PAGE]


def test_every_experiment_and_every_chart_is_reached(tmp_path: Path) -> None:
    with eventtrack_server(tmp_path / "data") as server:
        rest = Rest(server.port)
        names = [f"experiment-{number}" for number in range(experiments.EXPERIMENTS_ON_PAGE + 1)]
        for name in names:
            rest.post("experiments/create", name=name)
        keys = [f"metric-{number:03}" for number in range(runs.CHARTS_ON_PAGE + 1)]
        run_id = rest.create_run("0")
        metrics = [{"key": key, "value": 1.0, "step": 0, "timestamp": 1} for key in keys]
        rest.post("runs/log-batch", run_id=run_id, metrics=metrics)
        for path, pattern, wanted in (
            ("/experiments", r">(experiment-\d+)</a>", names),
            (f"/experiments/0/runs/{run_id}", r"<strong>(metric-\d+)</strong>", keys),
        ):
            first = rest.ask("GET", path)[2].decode()
            second = rest.ask("GET", path + next_of(first))[2].decode()
            assert sorted(re.findall(pattern, first + second)) == sorted(wanted)
        rest.close()


def test_the_list_tells_of_each_experiments_runs(site: Site) -> None:
    row = re.search(
        r"cifar10 baselines</a></td>(.*?)</tr>", text_of(site, "/experiments"), re.DOTALL
    )
    assert row is not None
    assert '<td class="right">14</td>' in row[1]
    site.rest.create_run(site.hostile_id, run_name="late", start_time=STARTED_MS * 2)
    assert "2083-06-" in text_of(site, "/experiments")


def test_the_table_shows_users_latest_metrics_and_params(site: Site) -> None:
    text = text_of(site, f"/experiments/{site.experiment_id}?filter=run_name+%3D+'resnet18-03'")
    run = site.rest.post(
        "runs/search",
        experiment_ids=[site.experiment_id],
        filter="attributes.run_name = 'resnet18-03'",
    )["runs"][0]
    shown = re.findall(r"<td[^>]*>([^<]*)</td>", text)
    assert run["info"]["user_id"] in shown
    for metric in run["data"]["metrics"]:
        assert f"{metric['value']:.5g}" in shown
    for param in run["data"]["params"]:
        assert param["value"] in shown


def test_a_heading_sorts_and_then_turns_round(site: Site) -> None:
    path = f"/experiments/{site.experiment_id}"

    def heading(text: str) -> re.Match[str]:
        found = re.search(r'<th([^>]*)><a href="([^"]+)" title="val/loss">', text)
        assert found is not None
        return found

    text = text_of(site, path)
    orders = []
    for state in ("descending", "ascending"):
        text = text_of(site, path + html.unescape(heading(text)[2]))
        assert f'aria-sort="{state}"' in heading(text)[1]
        orders.append(re.findall(r">(resnet18-\d+)</a>", text))
    assert len(orders[0]) == 14
    assert orders[0] == orders[1][::-1]


def test_a_metric_that_ends_in_nan_says_so(site: Site) -> None:
    run_id = site.rest.create_run("0", run_name="diverged")
    for step, value in enumerate([1.0, 2.0, "NaN"]):
        site.rest.post(
            "runs/log-metric", run_id=run_id, key="loss", value=value, step=step, timestamp=9 - step
        )
    text = text_of(site, f"/experiments/0/runs/{run_id}")
    assert "<strong>loss</strong> <span>NaN</span>" in text
    assert "last NaN, min 1, max 2; 3 points, 1 not finite" in text


def test_files_are_kept_for_ever_under_the_name_of_their_content(site: Site) -> None:
    named = re.findall(r'"(/static-files/[^"]+)"', text_of(site, "/experiments"))
    assert len(set(named)) == 3
    for path in named:
        status, headers, body = site.rest.ask("GET", path)
        assert (status, bool(body)) == (200, True)
        assert "immutable" in headers["Cache-Control"]
        plain = path.partition("?")[0]
        assert site.rest.ask("GET", plain)[1]["Cache-Control"] == "no-cache"
        for known in (headers["Etag"], f'"other", W/{headers["Etag"]}', "*"):
            answer = site.rest.ask("GET", plain, headers={"If-None-Match": known})
            assert (answer[0], answer[2]) == (304, b"")
        assert site.rest.ask("GET", plain, headers={"If-None-Match": '"other"'})[0] == 200


def test_a_new_server_shows_the_lines_to_paste(tmp_path: Path) -> None:
    with eventtrack_server(tmp_path / "data") as server:
        rest = Rest(server.port)
        _, _, body = rest.ask("GET", "/experiments")
        assert f'mlflow.set_tracking_uri("{server.url}")'.encode() in body
        rest.close()
