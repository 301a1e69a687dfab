"""What a training script logs is with the server when it ends; real processes, a real server."""

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.client.trainer import start, sync, train
from tests.rest import Rest
from tests.servers import ServerProcess, eventtrack_server, free_port


def run_of(rest: Rest, run_id: str) -> dict[str, Any]:
    found: dict[str, Any] = rest.get("runs/get", run_id=run_id)["run"]
    return found


def data_of(rest: Rest, run_id: str, what: str) -> dict[str, Any]:
    return {each["key"]: each["value"] for each in run_of(rest, run_id)["data"].get(what, [])}


def history(rest: Rest, run_id: str, key: str) -> list[tuple[int, float]]:
    found = rest.get("metrics/get-history", run_id=run_id, metric_key=key).get("metrics", [])
    return sorted((point["step"], point["value"]) for point in found)


def artifact(rest: Rest, run_id: str, path: str) -> bytes:
    status, _, body = rest.ask("GET", f"/get-artifact?run_uuid={run_id}&path={path}")
    assert status == 200, body
    return body


def test_the_short_form(server: ServerProcess, rest: Rest, spool: Path) -> None:
    output, errors = train(
        """
        import eventtrack as et
        run = et.init(experiment="short", name="first", config={"lr": 0.1, "opt": {"name": "sgd"}})
        for i in range(1000):
            run.log({"loss": 1 / (i + 1), "acc": i}, step=i)
        run.log({"loss": 7})
        run.finish()
        print(run.id)
        """,
        server.url,
        spool,
    )
    run_id = output.strip()
    assert errors == ""
    run = run_of(rest, run_id)
    assert (run["info"]["status"], run["info"]["run_name"]) == ("FINISHED", "first")
    assert data_of(rest, run_id, "params") == {"lr": "0.1", "opt/name": "sgd"}
    assert history(rest, run_id, "acc") == [(step, float(step)) for step in range(1000)]
    assert history(rest, run_id, "loss")[-1] == (1000, 7.0)
    experiment = rest.get("experiments/get-by-name", experiment_name="short")["experiment"]
    assert experiment["experiment_id"] == run["info"]["experiment_id"]
    assert list(spool.iterdir()) == [], "nothing is left behind"


GUIDE = """
    import eventtrack as mlflow
    import pathlib, sys

    mlflow.set_tracking_uri(sys.argv[1] if len(sys.argv) > 1 else mlflow.get_tracking_uri())
    experiment = mlflow.set_experiment("guide")
    with mlflow.start_run(run_name="parent", tags={"team": "a"}, description="a *note*") as run:
        assert mlflow.active_run().info.run_id == run.info.run_id
        mlflow.log_param("lr", 0.01)
        mlflow.log_params({"epochs": 3, "batch": 64})
        for epoch in range(3):
            mlflow.log_metric("loss", 1 / (epoch + 1), step=epoch)
            mlflow.log_metrics({"acc": epoch / 3, "f1": epoch / 4}, step=epoch)
        mlflow.set_tag("stage", "dev")
        mlflow.set_tags({"a": 1, "b": 2})
        mlflow.log_text("hello", "notes/hello.txt")
        mlflow.log_dict({"x": [1, 2]}, "config.json")
        mlflow.log_table({"q": ["a", "b"], "n": [1, 2]}, "table.json")
        pathlib.Path("model").mkdir(exist_ok=True)
        pathlib.Path("model/weights.bin").write_bytes(b"w" * 1000)
        mlflow.log_artifact("model/weights.bin", "weights")
        mlflow.log_artifacts("model", "copy")
        mlflow.log_input({"name": "train", "digest": "d", "source": "s3://b/k"}, context="training")
        with mlflow.start_run(nested=True, run_name="child") as child:
            mlflow.log_metric("loss", 9.0)
        assert mlflow.active_run().info.run_id == run.info.run_id
    assert mlflow.active_run() is None
    assert mlflow.last_active_run() is not None
    found = mlflow.get_run(run.info.run_id)
    assert found.data.metrics["loss"] == 1 / 3, found.data.metrics
    assert found.data.params["epochs"] == "3"
    assert found.info.status == "FINISHED"
    runs = mlflow.search_runs(
        experiment_names=["guide"], filter_string="metrics.acc > 0.5", output_format="list"
    )
    assert [each.info.run_id for each in runs] == [run.info.run_id]
    frame = mlflow.search_runs([experiment.experiment_id], order_by=["metrics.loss DESC"])
    assert list(frame["run_id"]) == [child.info.run_id, run.info.run_id]
    assert list(frame["metrics.loss"]) == [9.0, 1 / 3]
    print(run.info.run_id, child.info.run_id)
"""


def test_the_examples_of_mlflows_guide(server: ServerProcess, rest: Rest, spool: Path) -> None:
    output, _ = train(GUIDE, server.url, spool)
    run_id, child_id = output.split()
    tags = data_of(rest, run_id, "tags")
    assert tags["mlflow.note.content"] == "a *note*"
    assert (tags["team"], tags["stage"], tags["a"]) == ("a", "dev", "1")
    assert data_of(rest, child_id, "tags")["mlflow.parentRunId"] == run_id
    assert artifact(rest, run_id, "notes/hello.txt") == b"hello"
    assert json.loads(artifact(rest, run_id, "config.json")) == {"x": [1, 2]}
    assert json.loads(artifact(rest, run_id, "table.json"))["data"] == [["a", 1], ["b", 2]]
    assert artifact(rest, run_id, "weights/weights.bin") == b"w" * 1000
    assert artifact(rest, run_id, "copy/weights.bin") == b"w" * 1000
    inputs = run_of(rest, run_id)["inputs"]["dataset_inputs"][0]
    assert inputs["dataset"]["name"] == "train"
    assert inputs["tags"] == [{"key": "mlflow.data.context", "value": "training"}]


def test_figures_and_images(server: ServerProcess, rest: Rest, spool: Path) -> None:
    output, errors = train(
        """
        import numpy, matplotlib
        matplotlib.use("agg")
        from matplotlib import pyplot
        import eventtrack as et
        with et.start_run() as run:
            figure, axes = pyplot.subplots()
            axes.plot([1, 2])
            et.log_figure(figure, "plots/line.png")
            et.log_image(numpy.zeros((4, 5, 3)), "black.png")
            et.log_image(numpy.ones((4, 5), dtype="uint8"), key="seen", step=3)
        print(run.info.run_id)
        """,
        server.url,
        spool,
    )
    run_id = output.strip()
    assert errors == ""
    assert artifact(rest, run_id, "plots/line.png").startswith(b"\x89PNG")
    assert artifact(rest, run_id, "black.png").startswith(b"\x89PNG")
    files = rest.get("artifacts/list", run_id=run_id, path="images")["files"]
    assert files[0]["path"].startswith("images/seen%step%3%timestamp%")


def test_training_goes_on_while_the_server_is_away_and_all_arrives_later_once(
    tmp_path: Path, spool: Path
) -> None:
    port = free_port()
    script = """
        import eventtrack as et, time, sys
        run = et.init(experiment="outage", strict=True)
        print(run.id, flush=True)
        for i in range(400):
            run.log({"loss": i}, step=i)
            time.sleep(0.01)
        run.log_text("late", "late.txt")
        run.finish()
    """
    with start(script, f"http://127.0.0.1:{port}", spool) as trainer:
        assert trainer.stdout is not None
        run_id = trainer.stdout.readline().strip()
        for _ in range(3):
            with eventtrack_server(tmp_path / "data", port=port) as server:
                time.sleep(0.7)
                server.kill()
            time.sleep(0.3)
        with eventtrack_server(tmp_path / "data", port=port):
            _, errors = trainer.communicate(timeout=60)
            assert trainer.returncode == 0, errors
            rest = Rest(port)
            assert history(rest, run_id, "loss") == [(i, float(i)) for i in range(400)]
            assert artifact(rest, run_id, "late.txt") == b"late"
            assert run_of(rest, run_id)["info"]["status"] == "FINISHED"
            rest.close()
    assert "what is logged is kept in" in errors
    assert list(spool.iterdir()) == []


def test_a_killed_trainer_leaves_everything_for_the_next_start(
    server: ServerProcess, rest: Rest, spool: Path
) -> None:
    killed = """
        import eventtrack as et, os, signal
        run = et.init(experiment="killed")
        print(run.id, flush=True)
        for i in range(20_000):
            run.log({"loss": i}, step=i)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    # Nothing is sent before the end: all of it must come from the spool.
    output, _ = train(killed, server.url, spool, -signal.SIGKILL, EVENTTRACK_FLUSH_SECONDS="60")
    run_id = output.strip()
    train(
        """
        import eventtrack as et, time, pathlib, os
        with et.init(experiment="killed") as run:
            spools = pathlib.Path(os.environ["EVENTTRACK_SPOOL_DIR"])
            deadline = time.monotonic() + 30
            while len([p for p in spools.iterdir() if p.is_dir()]) > 1:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        """,
        server.url,
        spool,
    )
    assert history(rest, run_id, "loss") == [(i, float(i)) for i in range(20_000)]
    assert run_of(rest, run_id)["info"]["status"] == "RUNNING"


def test_what_is_left_is_named_and_sync_sends_it(tmp_path: Path, spool: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    output, errors = train(
        """
        import eventtrack as et
        run = et.init(experiment="left", name="x")
        for i in range(100):
            run.log({"loss": i, "acc": -i}, step=i)
        run.log_text("t", "t.txt")
        run.end()
        print(run.id)
        """,
        url,
        spool,
        EVENTTRACK_EXIT_TIMEOUT_SECONDS="0.5",
    )
    assert "202 values and changes and 1 files have not reached the server yet" in errors
    assert f"eventtrack sync {spool}" in errors
    dry = sync(spool, "--dry-run")
    assert "202 values and changes, 1 files" in dry.stdout
    down = sync(spool)
    assert down.returncode == 1
    assert "they are kept" in down.stderr
    with eventtrack_server(tmp_path / "data", port=port):
        done = sync(spool)
        assert (done.returncode, "sent to" in done.stdout) == (0, True), done.stderr
        rest = Rest(port)
        assert history(rest, output.strip(), "acc") == [(i, float(-i)) for i in range(100)]
        assert artifact(rest, output.strip(), "t.txt") == b"t"
        rest.close()
        assert "Nothing waits" in sync(spool).stdout


def test_offline_needs_no_server_and_disabled_does_nothing(
    server: ServerProcess, rest: Rest, spool: Path
) -> None:
    script = """
        import eventtrack as et
        run = et.init(experiment="modes", config={"a": 1})
        run.log({"loss": 0.5})
        run.set_tag("t", 1)
        run.log_text("x", "x.txt")
        run.finish()
        print(run.id)
    """
    output, errors = train(script, "http://nowhere.invalid:1", spool, EVENTTRACK_MODE="offline")
    assert "logged offline" in errors
    done = sync(spool, "--tracking-uri", server.url)
    assert done.returncode == 0, done.stderr
    assert history(rest, output.strip(), "loss") == [(0, 0.5)]
    assert artifact(rest, output.strip(), "x.txt") == b"x"
    nothing = spool.parent / "nothing"
    _, errors = train(script, "http://nowhere.invalid:1", nothing, EVENTTRACK_MODE="disabled")
    assert errors == ""
    assert not nothing.exists()


def test_what_cannot_be_logged_is_reported_once_and_never_raises(
    server: ServerProcess, rest: Rest, spool: Path
) -> None:
    output, errors = train(
        """
        import eventtrack as et
        run = et.init(experiment="odd")
        class Odd:
            def __float__(self):
                raise RuntimeError("no")
        for i in range(3):
            run.log({"good": i, "text": "abc", "odd": Odd(), "none": None, "loss!": i}, step=i)
        run.log({"nested": {"a": 1, "b": {"c": 2}}})
        run.log({"huge": 10 ** 400, "nan": float("nan"), "inf": float("inf")})
        run.log({1: 2})
        run.log(None)
        run.log({"x": 1}, step="three")
        run.log({"x": 1}, step=2 ** 70)
        run.log_artifact("/does/not/exist")
        run.log_param("p", object)
        run.log_param("p", "other")
        run.set_tags(None)
        run.log_metric(None, 3)
        run.finish()
        print(run.id)
        """,
        server.url,
        spool,
    )
    run_id = output.strip()
    assert history(rest, run_id, "good") == [(0, 0.0), (1, 1.0), (2, 2.0)]
    assert history(rest, run_id, "loss_") == [(0, 0.0), (1, 1.0), (2, 2.0)]
    assert history(rest, run_id, "nested/b/c") == [(3, 2.0)]
    assert len(history(rest, run_id, "inf")) == 1
    assert errors.count("'text' is no number") == 1
    assert "there is no file /does/not/exist" in errors
    assert "Changing param values is not allowed" in errors
    assert (spool / "refused.jsonl").read_text().count("\n") == 1
    assert "Traceback" not in errors


def test_a_thread_beside_the_loop_does_not_disturb_its_steps(
    server: ServerProcess, rest: Rest, spool: Path
) -> None:
    output, errors = train(
        """
        import threading
        import eventtrack as et
        run = et.init(experiment="steps")
        stop = threading.Event()
        def beside():
            i = 0
            while not stop.is_set():
                run.log_metrics({"beside": i}, step=0)
                i += 1
        thread = threading.Thread(target=beside)
        thread.start()
        for i in range(5000):
            run.log({"loss": i})
        stop.set()
        thread.join()
        for i in range(200):
            run.log({"loss": 0}, step=i + 0.5)
        run.finish()
        print(run.id)
        """,
        server.url,
        spool,
    )
    assert history(rest, output.strip(), "loss") == [(i, float(i)) for i in range(5000)]
    assert errors.count("must be a whole number") == 50
    assert errors.count("what else is wrong is not reported") == 1


def test_strict_raises(server: ServerProcess, spool: Path) -> None:
    train(
        """
        import eventtrack as et
        run = et.init(experiment="strict", strict=True)
        for wrong in (lambda: run.log({"a": "b"}), lambda: run.log_artifact("/does/not/exist")):
            try:
                wrong()
            except (ValueError, OSError):
                continue
            raise AssertionError("nothing was raised")
        try:
            et.init(tracking_uri="ftp://x")
        except ValueError as error:
            assert "http://" in str(error)
        else:
            raise AssertionError("nothing was raised")
        """,
        server.url,
        spool,
    )


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_child_processes_log_to_the_same_run(
    server: ServerProcess, rest: Rest, spool: Path, method: str, tmp_path: Path
) -> None:
    script = tmp_path / "job.py"
    script.write_text(
        f"""
import multiprocessing, sys
import eventtrack as et

def work(run_id, number):
    run = et.active_run() or et.start_run(run_id=run_id)
    assert run.run_id == run_id
    for i in range(100):
        run.log({{f"w{{number}}": i}}, step=i)

if __name__ == "__main__":
    context = multiprocessing.get_context("{method}")
    with et.start_run() as run:
        run.log({{"main": 1}})
        children = [context.Process(target=work, args=(run.run_id, n)) for n in range(3)]
        for child in children:
            child.start()
        for i in range(100):
            run.log({{"main": i}}, step=i + 1)
        for child in children:
            child.join()
            assert child.exitcode == 0
    print(run.run_id)
"""
    )
    call = f"import subprocess, sys; sys.exit(subprocess.call([sys.executable, {str(script)!r}]))"
    output, _ = train(call, server.url, spool)
    run_id = output.strip()
    for number in range(3):
        assert history(rest, run_id, f"w{number}") == [(i, float(i)) for i in range(100)]
    assert len(history(rest, run_id, "main")) == 101
    assert run_of(rest, run_id)["info"]["status"] == "FINISHED"
    assert list(spool.iterdir()) == []


def test_threads_and_tasks_have_their_own_active_run(
    server: ServerProcess, rest: Rest, spool: Path
) -> None:
    output, _ = train(
        """
        import asyncio, threading
        import eventtrack as et

        async def task(name):
            with et.start_run(run_name=name) as run:
                for i in range(20):
                    et.log_metric(name, i, step=i)
                    await asyncio.sleep(0)
                assert et.active_run() is run
            return run.run_id

        async def main():
            return await asyncio.gather(*(asyncio.create_task(task(f"t{n}")) for n in range(4)))

        ids = asyncio.run(main())
        with et.start_run() as shared:
            def log(n):
                for i in range(500):
                    et.log_metric("shared", n, step=n * 500 + i)
            threads = [threading.Thread(target=log, args=(n,)) for n in range(4)]
            [t.start() for t in threads]
            [t.join() for t in threads]
        print(*ids, shared.run_id)
        """,
        server.url,
        spool,
    )
    *ids, shared = output.split()
    for number, run_id in enumerate(ids):
        assert history(rest, run_id, f"t{number}") == [(i, float(i)) for i in range(20)]
        assert len(run_of(rest, run_id)["data"]["metrics"]) == 1
    assert [step for step, _ in history(rest, shared, "shared")] == list(range(2000))


def test_many_ranks_write_one_run_and_the_first_ends_it(
    server: ServerProcess, rest: Rest, spool: Path
) -> None:
    script = """
        import eventtrack as et, time
        run = et.init(experiment="ranks", config={"lr": 1})
        for i in range(50):
            run.log({"loss": run.rank * 1000 + i}, step=i)
        run.finish()
    """
    run_id = "distributed-1"
    ranks = [
        start(script, server.url, spool, RANK=str(rank), EVENTTRACK_RUN_ID=run_id)
        for rank in range(3)
    ]
    for each in ranks:
        _, errors = each.communicate(timeout=60)
        assert (each.returncode, errors) == (0, "")
    assert len(history(rest, run_id, "loss")) == 150, "MLflow's wire shows the merged series"
    assert run_of(rest, run_id)["info"]["status"] == "FINISHED"
    assert data_of(rest, run_id, "params") == {"lr": "1"}


def test_a_restart_that_logs_steps_again_keeps_both_attempts(
    server: ServerProcess, rest: Rest, spool: Path
) -> None:
    script = """
        import eventtrack as et, sys
        run = et.init(experiment="attempts", id="attempt-run")
        for i in (2, 0, 1):
            run.log({"loss": i + float(ATTEMPT)}, step=i)
        run.finish()
    """
    for attempt in (0, 10):
        train(script.replace("ATTEMPT", str(attempt)), server.url, spool)
    assert history(rest, "attempt-run", "loss") == [
        (step, step + attempt) for step in range(3) for attempt in (0.0, 10.0)
    ]


def test_importing_is_light(spool: Path) -> None:
    output, _ = train(
        """
        import sys
        import eventtrack as et
        et.init
        heavy = ("aiohttp", "aiosqlite", "click", "numpy", "pcodec", "projections", "jinja2",
                 "eventtrack.server", "eventtrack.log", "eventtrack.events", "psutil")
        print([name for name in heavy if name in sys.modules])
        """,
        "http://localhost:1",
        spool,
    )
    assert output.strip() == "[]"
