"""Seven runs in two experiments, made so that every filter and order tells some of them apart."""

from __future__ import annotations

from tests.mlflow.differential.steps import Step, post

# name, experiment, start time, status, metrics, params, tags; one line per run.
_RUNS: tuple[tuple[str, str, int, str, dict[str, object], dict[str, str], dict[str, str]], ...] = (
    (
        "alpha",
        "<exp>",
        100,
        "FINISHED",
        {"loss": 0.5, "acc": 0.9},
        {"lr": "0.1", "opt": "sgd"},
        {"team": "red"},
    ),
    (
        "Beta",
        "<exp>",
        200,
        "FAILED",
        {"loss": 0.25},
        {"lr": "0.01", "opt": "Adam"},
        {"team": "Red"},
    ),
    (
        "gamma_1",
        "<exp>",
        300,
        "RUNNING",
        {"loss": "NaN", "acc": -1},
        {"opt": "adam"},
        {"team": "green"},
    ),
    ("gamma%2", "<exp>", 400, "KILLED", {"loss": "Infinity"}, {"lr": "10"}, {"a b/c-d": "x"}),
    (
        "delta",
        "<exp2>",
        500,
        "SCHEDULED",
        {"loss": "-Infinity", "a b/c": 1},
        {"lr": ""},
        {"team": ""},
    ),
    ("epsilon", "<exp2>", 600, "FINISHED", {"acc": 0.9, "loss": 0.5}, {}, {"team": "it's"}),
    ("ζeta", "<exp2>", 700, "RUNNING", {}, {"lr": "0.1"}, {"quote": 'say "hi"'}),
)


def _populate(number: int) -> list[Step]:
    name, experiment, start, status, metrics, params, tags = _RUNS[number]
    run = f"<run{number}>"
    return [
        post(
            f"there is a run {name}",
            "runs/create",
            {
                "experiment_id": experiment,
                "run_name": name,
                "start_time": start,
                "user_id": "ann" if number % 2 else "Bob",
                "tags": [{"key": key, "value": value} for key, value in tags.items()],
            },
            bind={f"run{number}": "run.info.run_id"},
        ),
        post(
            f"the run {name} has metrics and params",
            "runs/log-batch",
            {
                "run_id": run,
                "metrics": [
                    {"key": key, "value": value, "timestamp": 1, "step": 1}
                    for key, value in metrics.items()
                ],
                "params": [{"key": key, "value": value} for key, value in params.items()],
            },
        ),
        post(
            f"the run {name} is {status}",
            "runs/update",
            {"run_id": run, "status": status, **({"end_time": start + 50} if number % 2 else {})},
        ),
    ]


def steps(experiments: str) -> list[Step]:
    """Make the runs in two experiments whose names begin with `experiments`."""
    return [
        *(
            post(
                f"there is the experiment {symbol} for searches",
                "experiments/create",
                {"name": f"{experiments} {symbol}"},
                bind={symbol: "experiment_id"},
            )
            for symbol in ("exp", "exp2")
        ),
        *(step for number in range(len(_RUNS)) for step in _populate(number)),
        post(
            "alpha's first loss was high",
            "runs/log-metric",
            {"run_id": "<run0>", "key": "loss", "value": 99, "timestamp": 0, "step": 0},
        ),
        post(
            "alpha used a dataset for training",
            "runs/log-inputs",
            {
                "run_id": "<run0>",
                "datasets": [
                    {
                        "tags": [{"key": "mlflow.data.context", "value": "train"}],
                        "dataset": {
                            "name": "iris",
                            "digest": "d1",
                            "source_type": "x",
                            "source": "s",
                        },
                    },
                    {
                        "tags": [{"key": "mlflow.data.context", "value": "test"}],
                        "dataset": {
                            "name": "Wine",
                            "digest": "d2",
                            "source_type": "x",
                            "source": "s",
                        },
                    },
                ],
            },
        ),
    ]


STEPS = steps("search")
