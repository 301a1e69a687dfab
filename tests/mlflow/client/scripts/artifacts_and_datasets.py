"""Artifacts of every kind, by the fluent API, the client and the command line; a logged dataset."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import mlflow
import numpy as np
import pandas as pd
from mlflow.cli import cli
from mlflow.data.pandas_dataset import from_pandas

from tests.mlflow.client.refusal import refusal

EXPERIMENT = os.environ["EXPERIMENT"]


def log_everything() -> str:
    mpl.use("Agg")
    from matplotlib import pyplot

    Path("tree/deep").mkdir(parents=True)
    Path("tree/deep/leaf.txt").write_text("leaf")
    Path("tree/größe 1.csv").write_text("a,b\n1,2\n")
    Path("tree/empty").write_bytes(b"")
    Path("data.bin").write_bytes(os.urandom(3_000_000))
    with mlflow.start_run() as run:
        mlflow.log_text("hello\n", "notes/hello.txt")
        mlflow.log_dict({"a": [1, 2]}, "conf/settings.json")
        mlflow.log_dict({"a": [1, 2]}, "conf/settings.yaml")
        figure, axes = pyplot.subplots()
        axes.plot([1, 2, 3])
        mlflow.log_figure(figure, "plots/line.png")
        mlflow.log_image(np.zeros((4, 4, 3), dtype=np.uint8), "plots/black.png")
        mlflow.log_artifact("data.bin")
        mlflow.log_artifact("data.bin", "copies")
        mlflow.log_artifacts("tree", "tree")
        mlflow.log_table({"question": ["a", "b"], "score": [1, 2]}, "table.json")
        mlflow.log_table({"question": ["c"], "score": [3]}, "table.json")
    run_id: str = run.info.run_id
    return run_id


def check_lists_and_downloads(run_id: str) -> None:
    client = mlflow.MlflowClient()
    root = client.list_artifacts(run_id)
    assert [(file.path, file.is_dir) for file in root] == [
        ("conf", True),
        ("copies", True),
        ("data.bin", False),
        ("notes", True),
        ("plots", True),
        ("table.json", False),
        ("tree", True),
    ]
    assert root[2].file_size == 3_000_000
    tree = client.list_artifacts(run_id, "tree")
    assert [file.path for file in tree] == ["tree/deep", "tree/empty", "tree/größe 1.csv"]
    assert client.list_artifacts(run_id, "data.bin") == []
    assert client.list_artifacts(run_id, "nothing") == []

    original = Path("data.bin").read_bytes()
    assert Path(client.download_artifacts(run_id, "data.bin")).read_bytes() == original
    everything = Path(mlflow.artifacts.download_artifacts(run_id=run_id, dst_path="down"))
    assert (everything / "copies/data.bin").read_bytes() == original
    assert (everything / "tree/deep/leaf.txt").read_text() == "leaf"
    assert (everything / "tree/größe 1.csv").read_text() == "a,b\n1,2\n"
    assert (everything / "tree/empty").read_bytes() == b""
    assert (everything / "plots/line.png").read_bytes().startswith(b"\x89PNG")
    uri = f"runs:/{run_id}/notes/hello.txt"
    assert mlflow.artifacts.load_text(uri) == "hello\n"
    assert mlflow.artifacts.load_dict(f"runs:/{run_id}/conf/settings.json") == {"a": [1, 2]}
    assert mlflow.artifacts.load_image(f"runs:/{run_id}/plots/black.png").size == (4, 4)
    table = mlflow.load_table("table.json", run_ids=[run_id])
    assert list(table["score"]) == [1, 2, 3]
    code, _ = refusal(lambda: client.download_artifacts(run_id, "nothing.txt"))
    assert code == "RESOURCE_DOES_NOT_EXIST"


def run_cli(*arguments: str) -> str:
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        cli.main(["artifacts", *arguments], standalone_mode=False)
    return printed.getvalue()


def check_the_command_line(run_id: str) -> None:
    run_cli("log-artifact", "--run-id", run_id, "--local-file", "tree/deep/leaf.txt")
    listed = json.loads(run_cli("list", "--run-id", run_id))
    assert {"path": "leaf.txt", "is_dir": False, "file_size": 4} in listed, listed
    # One call in a process of its own shows that the command needs nothing but the environment.
    arguments = ["download", "--run-id", run_id, "--artifact-path", "leaf.txt", "-d", "cli"]
    command = [sys.executable, "-m", "mlflow", "artifacts", *arguments]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    assert "leaf.txt" in done.stdout
    assert Path("cli/leaf.txt").read_text() == "leaf"


def check_a_dataset() -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0], "y": [0, 1]})
    dataset = from_pandas(frame, source="s3://bucket/data.csv", name="points")
    with mlflow.start_run() as run:
        mlflow.log_input(dataset, context="training", tags={"split": "all"})
        mlflow.log_input(dataset, context="testing")
    read = mlflow.get_run(run.info.run_id)
    assert read.inputs is not None
    (logged,) = read.inputs.dataset_inputs
    assert logged.dataset.name == "points"
    assert logged.dataset.digest == dataset.digest
    assert {tag.key: tag.value for tag in logged.tags} == {
        "mlflow.data.context": "training",
        "split": "all",
    }
    assert json.loads(str(logged.dataset.profile))["num_rows"] == 2
    assert mlflow.data.get_source(logged).to_dict() == {"uri": "s3://bucket/data.csv"}
    found = mlflow.search_runs(
        experiment_names=[EXPERIMENT],
        filter_string="dataset.name = 'points' AND dataset.context = 'training'",
        output_format="list",
    )
    assert [one.info.run_id for one in found] == [run.info.run_id]


if __name__ == "__main__":
    mlflow.set_experiment(EXPERIMENT)
    logged_run = log_everything()
    check_lists_and_downloads(logged_run)
    check_the_command_line(logged_run)
    check_a_dataset()
