"""The mlflow plug-in beyond what mlflow's own scripts show: it does not wait for the server."""

import time
from pathlib import Path

from tests.client.test_logging import history, run_of
from tests.client.trainer import start, train
from tests.rest import Rest
from tests.servers import ServerProcess, eventtrack_server, free_port


def test_an_mlflow_script_trains_on_while_the_server_is_away(tmp_path: Path, spool: Path) -> None:
    port = free_port()
    script = """
        import mlflow, time, sys, pathlib
        mlflow.set_experiment("plug-in")
        with mlflow.start_run() as run:
            print(run.info.run_id, flush=True)
            sys.stdin.readline()
            slowest = 0
            for i in range(200):
                before = time.perf_counter()
                mlflow.log_metric("loss", i, step=i)
                slowest = max(slowest, time.perf_counter() - before)
            mlflow.log_params({"lr": 0.1})
            pathlib.Path("a.txt").write_text("artifact")
            mlflow.log_artifact("a.txt", "kept")
            print("logged", flush=True)
            sys.stdin.readline()
        print("ended", flush=True)
    """
    url = f"eventtrack://127.0.0.1:{port}"
    with eventtrack_server(tmp_path / "data", port=port) as server:
        trainer = start(script, url, spool, MLFLOW_TRACKING_URI=url, MLFLOW_DISABLE_TELEMETRY="1")
        assert trainer.stdout is not None
        assert trainer.stdin is not None
        run_id = trainer.stdout.readline().strip()
        server.kill()
    trainer.stdin.write("go on\n")
    trainer.stdin.flush()
    assert trainer.stdout.readline() == "logged\n", "with no server there"
    with eventtrack_server(tmp_path / "data", port=port):
        output, errors = trainer.communicate("end\n", timeout=100)
        assert trainer.returncode == 0, errors
        assert "ended" in output
        rest = Rest(port)
        assert history(rest, run_id, "loss") == [(i, float(i)) for i in range(200)]
        assert run_of(rest, run_id)["info"]["status"] == "FINISHED"
        status, _, body = rest.ask("GET", f"/get-artifact?run_uuid={run_id}&path=kept/a.txt")
        assert (status, body) == (200, b"artifact")
        rest.close()


def test_rules_that_need_no_server_are_refused_at_once(server: ServerProcess, spool: Path) -> None:
    url = server.url.replace("http:", "eventtrack:")
    train(
        """
        import mlflow
        from mlflow.exceptions import MlflowException

        def refused(call, said):
            try:
                call()
            except MlflowException as error:
                assert said in str(error), error
                return
            raise AssertionError(said)

        with mlflow.start_run() as run:
            mlflow.log_param("lr", 1)
            refused(lambda: mlflow.log_param("lr", 2), "Changing param values is not allowed")
            refused(lambda: mlflow.log_metric("a!b", 2), "Names may only contain")
            refused(lambda: mlflow.log_metric("a", "x"), "a")
        client = mlflow.MlflowClient()
        refused(lambda: client.log_metric("nobody", "a", 1), "nobody")
        client.delete_run(run.info.run_id)
        refused(lambda: client.log_metric(run.info.run_id, "a", 1), "'active' state")
        """,
        url,
        spool,
        MLFLOW_TRACKING_URI=url,
        MLFLOW_DISABLE_TELEMETRY="1",
    )


def test_a_run_that_stays_open_is_lost_when_its_process_is_gone(
    server: ServerProcess, rest: Rest, spool: Path
) -> None:
    url = server.url.replace("http:", "eventtrack:")
    output, _ = train(
        """
        import mlflow
        client = mlflow.MlflowClient()
        run = client.create_run("0")
        client.log_metric(run.info.run_id, "a", 1)
        print(run.info.run_id)
        """,
        url,
        spool,
        MLFLOW_TRACKING_URI=url,
        MLFLOW_DISABLE_TELEMETRY="1",
        EVENTTRACK_LEASE_SECONDS="1",
    )
    deadline = time.monotonic() + 30
    path = f"/api/eventtrack/1/runs/{output.strip()}"
    while b'"lost":true' not in rest.ask("GET", path)[2]:
        assert time.monotonic() < deadline
        time.sleep(0.2)
