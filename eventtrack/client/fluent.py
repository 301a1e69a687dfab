"""The functions of `import eventtrack as et`: MLflow's names, and `init` with `run.log`.

The active run is kept per thread and per asyncio task (a context variable); a thread that started
none logs to the run the process started last.
"""

import contextvars
import getpass
import threading
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from eventtrack.client import process
from eventtrack.client.active import ActiveRun
from eventtrack.client.automatic import capture_into
from eventtrack.client.entities import Experiment, Metric, RunEntity
from eventtrack.client.inputs import dataset_of
from eventtrack.client.options import Options, options, rank, server_url, variable
from eventtrack.client.queries import Queries, table_of
from eventtrack.wire import ingest as wire

PARENT_TAG = "mlflow.parentRunId"
DESCRIPTION_TAG = "mlflow.note.content"


class _Chosen:
    """What `set_tracking_uri` and `set_experiment` chose for this process."""

    tracking_uri: str | None = None
    experiment: str | None = None
    experiment_id: str | None = None


_stack: contextvars.ContextVar[tuple[ActiveRun, ...]] = contextvars.ContextVar(
    "eventtrack runs", default=()
)
_started: list[ActiveRun] = []
_started_lock = threading.Lock()
_last: list[ActiveRun] = []


# Where to log


def set_tracking_uri(uri: str) -> None:
    """Log to this server from now on.  ValueError when the URI names none."""
    server_url(uri)
    _Chosen.tracking_uri = uri


def get_tracking_uri() -> str:
    """The server that is logged to."""
    return _Chosen.tracking_uri or variable("EVENTTRACK_TRACKING_URI")


def set_experiment(
    experiment_name: str | None = None, experiment_id: str | None = None
) -> "ChosenExperiment":
    """New runs belong to this experiment, which is made when it is not there."""
    if (experiment_name is None) == (experiment_id is None):
        raise ValueError("set_experiment needs either experiment_name or experiment_id")
    _Chosen.experiment, _Chosen.experiment_id = experiment_name, experiment_id
    return ChosenExperiment(experiment_name, experiment_id)


class ChosenExperiment:
    """An experiment that may not be on the server yet: asked for when a field is read."""

    def __init__(self, name: str | None, experiment_id: str | None) -> None:
        self._name = name
        self._experiment_id = experiment_id

    def _found(self) -> Experiment:
        queries = Queries(get_tracking_uri())
        if self._name is None:
            return queries.experiment(self._experiment_id or "0")
        return queries.experiment_by_name(self._name)

    @property
    def name(self) -> str:
        """Its name."""
        return self._name if self._name is not None else self._found().name

    @property
    def experiment_id(self) -> str:
        """Its id; asks the server, which knows it once a run was started."""
        return self._experiment_id or self._found().experiment_id


# Runs


def init(
    experiment: str | None = None,
    name: str | None = None,
    config: Mapping[str, Any] | None = None,
    *,
    id: str | None = None,
    tags: Mapping[str, Any] | None = None,
    tracking_uri: str | None = None,
    mode: str | None = None,
    spool_dir: str | Path | None = None,
    strict: bool | None = None,
    capture: object = None,
) -> ActiveRun:
    """Start a run, the short way: `run = init(...)`, `run.log({...}, step=i)`, `run.finish()`.

    id: resume this run, or join it when other processes write it too.  mode: online, offline or
    disabled.  spool_dir: where log calls are kept until the server has them.  strict: raise on what
    is otherwise reported.  capture: False, or names of what to capture (see README).
    Raises ValueError when an option makes no sense, OSError when there is no place for the spool.
    """
    if tracking_uri is not None and mode not in ("offline", "disabled"):
        set_tracking_uri(tracking_uri)
    found = options(
        tracking_uri=tracking_uri or _Chosen.tracking_uri,
        mode=mode,
        spool_dir=spool_dir,
        strict=strict,
        capture=capture,
    )
    run = _start(
        found,
        run_id=id,
        experiment=experiment,
        experiment_id=None,
        name=name,
        tags=dict(tags or {}),
    )
    if config:
        run.log_params(config)
    _push(run)
    return run


def start_run(
    run_id: str | None = None,
    experiment_id: str | None = None,
    run_name: str | None = None,
    nested: bool = False,
    parent_run_id: str | None = None,
    tags: Mapping[str, Any] | None = None,
    description: str | None = None,
    log_system_metrics: bool | None = None,
) -> ActiveRun:
    """Start a run, or resume one by its id; a context manager that ends it.

    nested: inside the active run, which becomes its parent.
    """
    found_tags = dict(tags or {})
    parent = parent_run_id
    current = _own_run()
    if current is not None and not nested and parent is None:
        raise RuntimeError(
            f"Run with UUID {current.run_id} is already active. To start a new run, first end the "
            "current run with end_run(). To start a nested run, call start_run with nested=True"
        )
    if parent is None and nested and current is not None:
        parent = current.run_id
    if parent is not None:
        found_tags[PARENT_TAG] = parent
    if description is not None:
        found_tags[DESCRIPTION_TAG] = description
    found = options(tracking_uri=_Chosen.tracking_uri)
    if log_system_metrics is not None:
        wanted = found.capture - {"system"} | ({"system"} if log_system_metrics else set())
        found = options(tracking_uri=_Chosen.tracking_uri, capture=sorted(wanted))
    run = _start(
        found,
        run_id=run_id,
        experiment=None,
        experiment_id=experiment_id,
        name=run_name,
        tags=found_tags,
    )
    _push(run)
    return run


def _start(
    found: Options,
    *,
    run_id: str | None,
    experiment: str | None,
    experiment_id: str | None,
    name: str | None,
    tags: dict[str, Any],
) -> ActiveRun:
    place = rank()
    shared = run_id
    if shared is None and PARENT_TAG not in tags:
        # All processes of a job write one run; the second run of a process is its own.
        shared = variable("EVENTTRACK_RUN_ID") if not _last else None
    leads = place <= 0 or not shared
    run = ActiveRun(found, shared or uuid.uuid4().hex, rank=place, leads=leads)
    if experiment is None and experiment_id is None:
        experiment, experiment_id = _Chosen.experiment, _Chosen.experiment_id
    if experiment is None and experiment_id is None:
        experiment = variable("EVENTTRACK_EXPERIMENT_NAME")
    run.run_name = name or ""
    run.start(
        wire.RunStart(
            run_id=run.run_id,
            experiment=experiment or "",
            experiment_id=experiment_id or "",
            name=name or "",
            user=_user(),
            start_time=run.start_time,
            tags={key: str(value) for key, value in tags.items()},
            lease_seconds=found.lease_seconds,
            join=not leads,
        )
    )
    capture_into(run)
    with _started_lock:
        _started.append(run)
        _last[:] = [run]
    run.at_end(lambda: _pop(run))
    return run


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""


def _push(run: ActiveRun) -> None:
    _stack.set((*_stack.get(), run))


def _pop(run: ActiveRun) -> None:
    _stack.set(tuple(each for each in _stack.get() if each is not run))
    with _started_lock:
        if run in _started:
            _started.remove(run)


def _own_run() -> ActiveRun | None:
    """The run that this thread or task started last and has not ended."""
    return next((run for run in reversed(_stack.get()) if run.status == "RUNNING"), None)


def active_run() -> ActiveRun | None:
    """The run that is being logged to, or None."""
    own = _own_run()
    if own is not None:
        return own
    with _started_lock:
        return _started[-1] if _started else None


def last_active_run() -> ActiveRun | None:
    """The run that is active, or was last."""
    return active_run() or (_last[0] if _last else None)


def end_run(status: str = "FINISHED") -> None:
    """End the active run, if there is one."""
    run = active_run()
    if run is not None:
        run.finish(status)


def _current() -> ActiveRun:
    """The active run, started when there is none, as MLflow does."""
    return active_run() or start_run()


def flush(timeout_seconds: float = 60.0) -> bool:
    """Wait until the server has everything that was logged; False if it has not by then."""
    return process.flush(timeout_seconds)


# Logging to the active run


def log(data: Mapping[str, Any], step: int | None = None) -> None:
    """See `Run.log`."""
    _current().log(data, step)


def log_metric(
    key: str, value: Any, step: int | None = None, timestamp: int | None = None, **labels: Any
) -> None:
    """See `Run.log_metric`."""
    _of(labels).log_metric(key, value, step, timestamp, **labels)


def log_metrics(
    metrics: Mapping[str, Any],
    step: int | None = None,
    timestamp: int | None = None,
    **labels: Any,
) -> None:
    """See `Run.log_metrics`."""
    _of(labels).log_metrics(metrics, step, timestamp=timestamp, **labels)


def _of(labels: dict[str, Any]) -> ActiveRun:
    """The run that labels name with `run_id`, else the active one."""
    labels.pop("synchronous", None)
    run_id = labels.pop("run_id", None)
    current = _current()
    if run_id is None or run_id == current.run_id:
        return current
    with _started_lock:
        for run in _started:
            if run.run_id == run_id:
                return run
    raise ValueError(f"run {run_id} is not being logged by this process: start_run(run_id=...)")


def log_param(key: str, value: Any, synchronous: bool | None = None) -> Any:
    """See `Run.log_param`."""
    return _current().log_param(key, value)


def log_params(
    params: Mapping[str, Any], synchronous: bool | None = None, run_id: str | None = None
) -> None:
    """See `Run.log_params`."""
    _of({"run_id": run_id}).log_params(params)


def set_tag(key: str, value: Any, synchronous: bool | None = None) -> None:
    """See `Run.set_tag`."""
    _current().set_tag(key, value)


def set_tags(tags: Mapping[str, Any], synchronous: bool | None = None) -> None:
    """See `Run.set_tags`."""
    _current().set_tags(tags)


def log_artifact(
    local_path: str | Path, artifact_path: str | None = None, run_id: str | None = None
) -> None:
    """See `Run.log_artifact`."""
    _of({"run_id": run_id}).log_artifact(local_path, artifact_path)


def log_artifacts(
    local_dir: str | Path, artifact_path: str | None = None, run_id: str | None = None
) -> None:
    """See `Run.log_artifacts`."""
    _of({"run_id": run_id}).log_artifacts(local_dir, artifact_path)


def log_text(text: str, artifact_file: str, run_id: str | None = None) -> None:
    """See `ActiveRun.log_text`."""
    _of({"run_id": run_id}).log_text(text, artifact_file)


def log_dict(dictionary: Any, artifact_file: str, run_id: str | None = None) -> None:
    """See `ActiveRun.log_dict`."""
    _of({"run_id": run_id}).log_dict(dictionary, artifact_file)


def log_figure(
    figure: Any, artifact_file: str, *, save_kwargs: Mapping[str, Any] | None = None
) -> None:
    """See `ActiveRun.log_figure`."""
    _current().log_figure(figure, artifact_file, **(save_kwargs or {}))


def log_image(
    image: Any,
    artifact_file: str | None = None,
    key: str | None = None,
    step: int | None = None,
    timestamp: int | None = None,
    synchronous: bool | None = None,
) -> None:
    """See `ActiveRun.log_image`."""
    _current().log_image(image, artifact_file, key, step or 0, timestamp)


def log_table(data: Any, artifact_file: str, run_id: str | None = None) -> None:
    """See `ActiveRun.log_table`."""
    _of({"run_id": run_id}).log_table(data, artifact_file)


def log_input(
    dataset: Any,
    context: str | None = None,
    tags: Mapping[str, str] | None = None,
    **_unused: Any,
) -> None:
    """Note a dataset that the active run reads: MLflow's dataset objects, or a plain dict."""
    _current().log_inputs([dataset_of(dataset, context, tags)])


# Questions


def get_run(run_id: str) -> RunEntity:
    """The run as the server has it, with everything this process has logged."""
    return Queries(get_tracking_uri()).run(run_id)


def get_experiment(experiment_id: str) -> Experiment:
    """The experiment with this id."""
    return Queries(get_tracking_uri()).experiment(experiment_id)


def get_experiment_by_name(name: str) -> Experiment | None:
    """The experiment of this name, or None."""
    from eventtrack.client.transport import Refusal

    try:
        return Queries(get_tracking_uri()).experiment_by_name(name)
    except Refusal as refusal:
        if refusal.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise


def get_metric_history(run_id: str, key: str) -> list[Metric]:
    """Every point of a run's metric."""
    return Queries(get_tracking_uri()).history(run_id, key)


def search_runs(
    experiment_ids: Sequence[str] | None = None,
    filter_string: str = "",
    run_view_type: int = 1,
    max_results: int = 100_000,
    order_by: Sequence[str] | None = None,
    output_format: str = "pandas",
    search_all_experiments: bool = False,
    experiment_names: Sequence[str] | None = None,
) -> Any:
    """The runs that a filter in MLflow's language finds.

    output_format: `pandas` for a DataFrame with MLflow's columns, `list` for run objects.
    """
    queries = Queries(get_tracking_uri())
    ids = list(experiment_ids or ())
    for name in experiment_names or ():
        found = get_experiment_by_name(name)
        ids += [found.experiment_id] if found else []
    if search_all_experiments:
        ids = queries.all_experiment_ids()
    elif not ids and not experiment_names:
        name = _Chosen.experiment or variable("EVENTTRACK_EXPERIMENT_NAME")
        ids = [ChosenExperiment(name, _Chosen.experiment_id).experiment_id]
    runs = queries.search(ids, filter_string, run_view_type, max_results, order_by or ())
    if output_format == "list":
        return runs
    if output_format != "pandas":
        raise ValueError(f"output_format must be 'pandas' or 'list', not {output_format!r}")
    return table_of(runs)


__all__ = [
    "ActiveRun",
    "active_run",
    "end_run",
    "flush",
    "get_experiment",
    "get_experiment_by_name",
    "get_metric_history",
    "get_run",
    "get_tracking_uri",
    "init",
    "last_active_run",
    "log",
    "log_artifact",
    "log_artifacts",
    "log_dict",
    "log_figure",
    "log_image",
    "log_input",
    "log_metric",
    "log_metrics",
    "log_param",
    "log_params",
    "log_table",
    "log_text",
    "search_runs",
    "set_experiment",
    "set_tag",
    "set_tags",
    "set_tracking_uri",
    "start_run",
]
