"""`eventtrack server` as whoever runs it meets it: banner, refusals, variables, restart."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

from tests.rest import Rest
from tests.servers import clean_environment, eventtrack_server, free_port

COMMAND = str(Path(sys.executable).with_name("eventtrack"))


def run_server(*args: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a server that is expected to refuse to start."""
    return subprocess.run(
        [COMMAND, "server", *args],
        capture_output=True,
        text=True,
        timeout=30,
        env=clean_environment(env),
        check=False,
    )


def test_the_banner_says_where_the_data_is_and_what_to_paste(tmp_path: Path) -> None:
    with eventtrack_server(tmp_path / "data") as server:
        banner = server.log()
        assert str(tmp_path / "data") in banner
        assert f'mlflow.set_tracking_uri("{server.url}")' in banner


def test_a_taken_port_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = run_server("--port", str(port), "--data", str(tmp_path / "data"))
    assert done.returncode == 1
    assert f"127.0.0.1:{port}" in done.stderr
    assert "--port" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_data_folder_that_another_server_uses_is_refused(tmp_path: Path) -> None:
    with eventtrack_server(tmp_path / "data") as server:
        done = run_server("--port", str(free_port()), "--data", str(tmp_path / "data"))
        assert done.returncode == 1
        assert str(tmp_path / "data") in done.stderr
        assert str(server.process.pid) in done.stderr
        assert "Traceback" not in done.stderr


def test_a_foreign_database_is_left_alone(tmp_path: Path) -> None:
    foreign = tmp_path / "mlflow.db"
    foreign.write_bytes(b"not an event log, and somebody's only copy\n" * 100)
    done = run_server("--backend-store-uri", f"sqlite:///{foreign}", "--data", str(tmp_path / "d"))
    assert done.returncode == 1
    assert str(foreign) in done.stderr
    assert foreign.read_bytes().startswith(b"not an event log")


def test_a_store_we_cannot_be_is_refused_by_name(tmp_path: Path) -> None:
    done = run_server("--backend-store-uri", "postgresql://db/mlflow")
    assert done.returncode == 2
    assert "postgresql" in done.stderr
    assert "sqlite:///" in done.stderr


def test_settings_come_from_mlflows_variables_too(tmp_path: Path) -> None:
    log = tmp_path / "elsewhere" / "events.db"
    env = {"MLFLOW_BACKEND_STORE_URI": f"sqlite:///{log}", "MLFLOW_SERVE_ARTIFACTS": "false"}
    with eventtrack_server(tmp_path / "data", env=env) as server:
        rest = Rest(server.port)
        status, _, body = rest.ask("GET", "/api/2.0/mlflow-artifacts/artifacts?path=x")
        assert (status, b"--serve-artifacts" in body) == (503, True)
        location = rest.get("experiments/get", experiment_id="0")["experiment"]["artifact_location"]
        assert location == str(tmp_path / "data" / "artifacts" / "0")
        rest.close()
    assert log.exists()


def test_ui_is_an_alias_of_server() -> None:
    done = subprocess.run([COMMAND, "ui", "--help"], capture_output=True, text=True, check=True)
    assert "--default-artifact-root" in done.stdout


def test_ctrl_c_ends_the_server_cleanly(tmp_path: Path) -> None:
    with eventtrack_server(tmp_path / "data") as server:
        os.killpg(server.process.pid, signal.SIGINT)
        assert server.process.wait(30) == 0
        assert "Traceback" not in server.log()


def test_the_views_can_be_deleted_between_two_starts(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with eventtrack_server(data) as server:
        rest = Rest(server.port)
        run_id = rest.create_run(run_name="kept")
        rest.post("runs/log-parameter", run_id=run_id, key="p", value="1")
        before = rest.get("runs/get", run_id=run_id)
        rest.close()
    for file in data.glob("log-views.db*"):
        file.unlink()
    with eventtrack_server(data) as server:
        rest = Rest(server.port)
        assert rest.get("runs/get", run_id=run_id) == before
        rest.close()
