"""What questions about runs are answered with: the fields and names MLflow's objects have."""

from typing import Any

import msgspec


class RunInfo(msgspec.Struct):
    """What a run is; times in milliseconds since 1970."""

    run_id: str
    experiment_id: str = ""
    run_name: str = ""
    user_id: str = ""
    status: str = "RUNNING"
    start_time: int | None = None
    end_time: int | None = None
    artifact_uri: str = ""
    lifecycle_stage: str = "active"


class Metric(msgspec.Struct):
    """A metric's last point; timestamp in milliseconds since 1970."""

    key: str
    value: float
    timestamp: int
    step: int


class RunData(msgspec.Struct):
    """What a run logged: params, tags, and the last value of each metric."""

    params: dict[str, str] = {}
    tags: dict[str, str] = {}
    metrics: dict[str, float] = {}


class RunEntity(msgspec.Struct):
    """A run as the server has it."""

    info: RunInfo
    data: RunData


class Experiment(msgspec.Struct):
    """An experiment as the server has it; times in milliseconds since 1970."""

    experiment_id: str
    name: str
    artifact_location: str = ""
    lifecycle_stage: str = "active"
    creation_time: int | None = None
    last_update_time: int | None = None
    tags: dict[str, str] = {}


class _Pair(msgspec.Struct):
    key: str
    value: str


class _Data(msgspec.Struct):
    params: list[_Pair] = []
    tags: list[_Pair] = []
    metrics: list[dict[str, Any]] = []


class _Run(msgspec.Struct):
    info: RunInfo
    data: _Data = msgspec.field(default_factory=_Data)


class _OneRun(msgspec.Struct):
    run: _Run


class _ManyRuns(msgspec.Struct):
    runs: list[_Run] = []
    next_page_token: str = ""


class _Experiment(msgspec.Struct):
    experiment_id: str
    name: str
    artifact_location: str = ""
    lifecycle_stage: str = "active"
    creation_time: int | None = None
    last_update_time: int | None = None
    tags: list[_Pair] = []


class _OneExperiment(msgspec.Struct):
    experiment: _Experiment


class _History(msgspec.Struct):
    metrics: list[dict[str, Any]] = []


def read_run(body: bytes) -> RunEntity:
    """The answer of runs/get."""
    return _entity(msgspec.json.decode(body, type=_OneRun).run)


def read_runs(body: bytes) -> tuple[list[RunEntity], str]:
    """The answer of runs/search: runs, and the token of the next page."""
    found = msgspec.json.decode(body, type=_ManyRuns)
    return [_entity(run) for run in found.runs], found.next_page_token


def read_experiment(body: bytes) -> Experiment:
    """The answer of experiments/get and get-by-name."""
    found = msgspec.json.decode(body, type=_OneExperiment).experiment
    fields = msgspec.structs.asdict(found)
    fields["tags"] = {pair.key: pair.value for pair in found.tags}
    return Experiment(**fields)


def read_history(body: bytes) -> list[Metric]:
    """The answer of metrics/get-history."""
    found = msgspec.json.decode(body, type=_History).metrics
    return [
        Metric(each["key"], float(each["value"]), int(each["timestamp"]), int(each.get("step", 0)))
        for each in found
    ]


def _entity(run: _Run) -> RunEntity:
    return RunEntity(
        run.info,
        RunData(
            {pair.key: pair.value for pair in run.data.params},
            {pair.key: pair.value for pair in run.data.tags},
            {metric["key"]: float(metric["value"]) for metric in run.data.metrics},
        ),
    )
