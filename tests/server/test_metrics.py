"""What Prometheus is told is what happened; routes are never as many as paths."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from eventtrack.counters import Histogram
from eventtrack.server.telemetry import HELP
from eventtrack.wire import ingest as wire
from tests.native.test_ingest import send, table
from tests.rest import Rest
from tests.servers import ServerProcess, eventtrack_server

README = (Path(__file__).parent.parent.parent / "README.md").read_text()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with eventtrack_server(tmp_path_factory.mktemp("data")) as process:
        yield process


@pytest.fixture
def rest(server: ServerProcess) -> Iterator[Rest]:
    rest = Rest(server.port)
    yield rest
    rest.close()


Values = dict[tuple[str, tuple[str, ...]], float]


def scrape(rest: Rest) -> Values:
    status, headers, body = rest.ask("GET", "/metrics")
    assert status == 200
    assert headers["Content-Type"].startswith("text/plain")
    return {
        (sample.name, tuple(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(body.decode())
        for sample in family.samples
    }


def test_what_is_logged_is_counted_whatever_way_it_comes(rest: Rest) -> None:
    run_id = rest.create_run()
    before = scrape(rest)
    for step in range(5):
        rest.post("runs/log-metric", run_id=run_id, key="a", value=1.0, timestamp=1, step=step)
    metrics = [{"key": "b", "value": 1.0, "timestamp": 1, "step": step} for step in range(7)]
    rest.post("runs/log-batch", run_id=run_id, metrics=metrics)
    send(rest, wire.Request(entries=[table(run_id, *range(11))]))
    after = scrape(rest)

    def grown(name: str, *labels: str) -> float:
        return after.get((name, labels), 0) - before.get((name, labels), 0)

    assert grown("eventtrack_ingested_points_total") == 5 + 7 + 11
    assert grown("eventtrack_events_total") == 7
    assert grown("eventtrack_events_bytes_total") > 0
    assert grown("eventtrack_commits_total") == grown("eventtrack_commit_seconds_count") == 7
    assert grown("eventtrack_commit_appends_sum") == 7
    prefix = "/api/2.0/mlflow/runs/"
    for route, count in ((f"{prefix}log-metric", 5), (f"{prefix}log-batch", 1), (wire.PATH, 1)):
        assert grown("eventtrack_requests_total", "POST", route, "200") == count
        assert grown("eventtrack_request_seconds_count", route) == count
    assert after["eventtrack_write_queue_bytes", ()] == 0
    assert after["eventtrack_write_queue_bytes_peak", ()] > 0


def test_the_views_catch_up(rest: Rest) -> None:
    run_id = rest.create_run()
    rest.post("runs/log-metric", run_id=run_id, key="a", value=1.0, timestamp=1)
    deadline = time.monotonic() + 20
    while scrape(rest)["eventtrack_projection_lag_events", ()] > 0:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    values = scrape(rest)
    assert values["eventtrack_projection_fault", ()] == 0
    assert values["eventtrack_projection_batch_events_count", ()] > 0
    assert values["eventtrack_projection_batches_total", ()] > 0
    assert values["process_resident_memory_bytes", ()] > 0


def test_routes_are_patterns(rest: Rest) -> None:
    for number in range(30):
        rest.ask("GET", f"/nothing/{number}")
        rest.ask("GET", f"/api/2.0/mlflow-artifacts/artifacts/{number}")
        rest.ask("GET", f"/assets/{number}?page={number}")
        rest.ask("GET", f"/health?{number}")
    routes = {labels[1] for name, labels in scrape(rest) if name == "eventtrack_requests_total"}
    assert {"other", "/health", "/assets/{name}"} <= routes
    assert "/api/2.0/mlflow-artifacts/artifacts/{artifact_path...}" in routes
    assert not any("29" in route for route in routes)


def test_invented_methods_are_one(tmp_path: Path) -> None:
    # Only aiohttp's parser in Python, used where its C parser is not built, lets them in.
    with eventtrack_server(tmp_path, env={"AIOHTTP_NO_EXTENSIONS": "1"}) as process:
        rest = Rest(process.port)
        for number in range(20):
            assert rest.ask(f"ODD{number}", "/health")[0] == 405
            assert rest.ask(f"ODD{number}", "/nothing")[0] == 404
        values = scrape(rest)
        rest.close()
    methods = {labels[0] for name, labels in values if name == "eventtrack_requests_total"}
    assert methods == {"GET", "other"}
    assert values["eventtrack_requests_total", ("other", "/health", "405")] == 20


def test_a_scrape_under_a_strange_name_is_refused(rest: Rest) -> None:
    assert rest.ask("GET", "/metrics", headers={"Host": "evil.example.com"})[0] == 403


def test_the_server_starts_without_the_library() -> None:
    code = "import sys, eventtrack.assembly; print('prometheus_client' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_histogram_counts_a_value_at_its_bound() -> None:
    histogram = Histogram((1, 2))
    for value in (0.5, 1, 1.5, 2, 9):
        histogram.observe(value)
    assert histogram.buckets() == [("1", 2), ("2", 4), ("+Inf", 5)]
    assert (histogram.observed, histogram.total) == (5, 14.0)


def test_every_metric_stands_in_the_readme(rest: Rest) -> None:
    exported = {name for name, _ in scrape(rest) if name.startswith("eventtrack_")}
    for name, meaning in HELP.items():
        assert f"| `{name}` | {meaning} |" in README
        assert any(each.startswith(name) for each in exported), name
    plain = {
        name.removesuffix("_bucket").removesuffix("_count").removesuffix("_sum")
        for name in exported
    }
    assert plain == HELP.keys()
