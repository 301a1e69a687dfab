"""Asynchronous logging: threads of the client send batches, and all of it arrives, once."""

from __future__ import annotations

import os

os.environ["MLFLOW_ENABLE_ASYNC_LOGGING"] = "true"

import mlflow

EXPERIMENT = os.environ["EXPERIMENT"]
POINTS = 500

if __name__ == "__main__":
    mlflow.set_experiment(EXPERIMENT)
    with mlflow.start_run() as run:
        for step in range(POINTS):
            mlflow.log_metric("loss", 1 / (step + 1), step=step)
            mlflow.log_metrics({"acc": step * 0.5, "f1": -step}, step=step)
        for number in range(60):
            mlflow.log_param(f"p{number}", number)
            mlflow.set_tag(f"t{number}", number)
        # Asked not to wait, the client gives a handle instead of nothing.
        assert mlflow.log_params({"last": "param"}) is not None
    mlflow.flush_async_logging()

    client = mlflow.MlflowClient()
    read = client.get_run(run.info.run_id)
    assert read.info.status == "FINISHED"
    assert read.data.metrics == {
        "loss": 1 / POINTS,
        "acc": (POINTS - 1) * 0.5,
        "f1": -(POINTS - 1),
    }
    assert len(read.data.params) == 61
    assert sum(key.startswith("t") for key in read.data.tags) == 60
    for key in ("loss", "acc", "f1"):
        history = client.get_metric_history(run.info.run_id, key)
        assert sorted(point.step for point in history) == list(range(POINTS)), key
