"""The tracking store: mlflow's own REST store, with log calls that go to the spool."""

import functools
import threading
from collections.abc import Sequence
from typing import Any

from mlflow.entities import LifecycleStage, RunInfo, RunStatus
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.store.tracking.rest_store import RestStore
from mlflow.tracking._tracking_service import utils
from mlflow.utils.credentials import get_default_host_creds
from mlflow.utils.validation import (
    _validate_batch_log_data,
    _validate_batch_log_limits,
    _validate_metric,
    _validate_param,
    _validate_run_id,
    _validate_tag,
)

from eventtrack.client import process
from eventtrack.client.options import Options, options, rank
from eventtrack.client.run import Run
from eventtrack.wire import ingest as wire

FLUSH_SECONDS = 30.0
"""How long a question waits for what was logged before it."""

_TLS = "eventtrack+https"
_TERMINAL = ("FINISHED", "FAILED", "KILLED")


class _Logged:
    """A run that this process logs to, and what it knows of it."""

    def __init__(self, run: Run, info: RunInfo, params: dict[str, str]) -> None:
        self.run = run
        self.info = info
        self.params = params


class SpooledStore(RestStore):
    """Logs through the spool; everything else is mlflow's REST store."""

    def __init__(self, url: str) -> None:
        super().__init__(functools.partial(get_default_host_creds, url))
        self._url = url
        self._logged: dict[str, _Logged] = {}
        self._logged_lock = threading.RLock()

    # Questions come after what was logged before them

    def _call_endpoint(self, *arguments: Any, **named: Any) -> Any:
        process.flush(FLUSH_SECONDS)
        return super()._call_endpoint(*arguments, **named)

    # Log calls

    def log_metric(self, run_id: str, metric: Any) -> None:
        """Log a point of a metric."""
        _validate_metric(metric.key, metric.value, metric.timestamp, metric.step)
        self._log_points(self._of(run_id).run, [metric])

    def log_param(self, run_id: str, param: Any) -> None:
        """Log a param, once."""
        checked = _validate_param(param.key, param.value)
        self._log_params(self._of(run_id), [checked])

    def set_tag(self, run_id: str, tag: Any) -> None:
        """Set a tag."""
        checked = _validate_tag(tag.key, tag.value)
        self._of(run_id).run.set_tag(checked.key, checked.value)

    def log_batch(
        self, run_id: str, metrics: Sequence[Any], params: Sequence[Any], tags: Sequence[Any]
    ) -> None:
        """Log points, params and tags together."""
        _validate_run_id(run_id)
        checked_metrics, checked_params, checked_tags = _validate_batch_log_data(
            metrics, params, tags
        )
        _validate_batch_log_limits(metrics, params, tags)
        logged = self._of(run_id)
        if checked_params:
            self._log_params(logged, checked_params)
        self._log_points(logged.run, checked_metrics)
        if checked_tags:
            logged.run.set_tags({tag.key: tag.value for tag in checked_tags})

    def _log_points(self, run: Run, metrics: Sequence[Any]) -> None:
        rows: dict[tuple[Any, ...], dict[str, float]] = {}
        for metric in metrics:
            labels = (
                metric.step,
                metric.timestamp,
                metric.model_id,
                metric.dataset_name,
                metric.dataset_digest,
            )
            row = rows.setdefault(labels, {})
            if metric.key in row:
                # The same metric at the same moment once more: a row of its own.
                row = rows.setdefault((*labels, len(rows)), {})
            row[metric.key] = metric.value
        for labels, row in rows.items():
            step, timestamp, model_id, name, digest = labels[:5]
            if model_id or name:
                run.log_metrics(
                    row,
                    step,
                    timestamp=timestamp,
                    model_id=model_id,
                    dataset_name=name or "",
                    dataset_digest=digest or "",
                )
            else:
                run.log_metrics(row, step, timestamp=timestamp)

    def _log_params(self, logged: _Logged, params: Sequence[Any]) -> None:
        changed = [
            {"key": p.key, "old_value": logged.params[p.key], "new_value": p.value}
            for p in params
            if logged.params.get(p.key, p.value) != p.value
        ]
        if changed:
            raise MlflowException(
                f"Changing param values is not allowed. Params were already logged='{changed}' for "
                f"run ID='{logged.run.run_id}'.",
                INVALID_PARAMETER_VALUE,
            )
        logged.params.update({param.key: param.value for param in params})
        logged.run.log_params({param.key: param.value for param in params})

    # The life of a run

    def update_run_info(
        self, run_id: str, run_status: Any, end_time: int | None, run_name: str | None
    ) -> Any:
        """End a run through the spool; what else changes it goes to the server."""
        status = None if run_status is None else RunStatus.to_string(run_status)
        with self._logged_lock:
            known = self._logged.get(run_id)
            if known is not None and status in _TERMINAL and not run_name:
                del self._logged[run_id]
                known.run.end(status, end_time)
                return RunInfo(
                    run_id=run_id,
                    experiment_id=known.info.experiment_id,
                    user_id=known.info.user_id,
                    status=status,
                    start_time=known.info.start_time,
                    end_time=end_time,
                    lifecycle_stage=known.info.lifecycle_stage,
                    artifact_uri=known.info.artifact_uri,
                    run_name=known.info.run_name,
                )
        return super().update_run_info(run_id, run_status, end_time, run_name)

    def create_run(
        self, experiment_id: str, user_id: str, start_time: int, tags: Any, run_name: str | None
    ) -> Any:
        """Create a run; the server answers with its name and where its artifacts go."""
        created = super().create_run(experiment_id, user_id, start_time, tags, run_name)
        self._follow(created.info, {})
        return created

    def delete_run(self, run_id: str) -> None:
        """Delete a run: what is logged to it from now on is refused."""
        self._forget(run_id)
        super().delete_run(run_id)

    def delete_experiment(self, experiment_id: str) -> None:
        """Delete an experiment and its runs."""
        with self._logged_lock:
            for run_id, logged in list(self._logged.items()):
                if logged.info.experiment_id == experiment_id:
                    self._forget(run_id)
        super().delete_experiment(experiment_id)

    def _forget(self, run_id: str) -> None:
        with self._logged_lock:
            known = self._logged.pop(run_id, None)
        if known is not None:
            known.run.leave()

    def _of(self, run_id: str) -> _Logged:
        """The run to log to: one that is there and active, which is asked for once."""
        with self._logged_lock:
            known = self._logged.get(run_id)
            if known is None:
                found = self.get_run(run_id)
                if found.info.lifecycle_stage != LifecycleStage.ACTIVE:
                    raise MlflowException(
                        f"The run {run_id} must be in the 'active' state. Current state is "
                        f"{found.info.lifecycle_stage}.",
                        INVALID_PARAMETER_VALUE,
                    )
                known = self._follow(found.info, dict(found.data.params))
            return known

    def _follow(self, info: Any, params: dict[str, str]) -> _Logged:
        found = self._options()
        run = Run(found, info.run_id, rank=rank())
        if info.status == "RUNNING":
            run.start(
                wire.RunStart(
                    run_id=info.run_id,
                    experiment_id=info.experiment_id,
                    lease_seconds=found.lease_seconds,
                    join=True,
                )
            )
        else:
            # It has ended: what is added to it is no sign that it runs again.
            run.leave()
        self._know_artifacts(info)
        logged = self._logged[info.run_id] = _Logged(run, info, params)
        return logged

    def _know_artifacts(self, info: Any) -> None:
        """Tell mlflow where a run's artifacts go, so that it need not ask while nobody answers."""
        known = getattr(utils, "_artifact_repos_cache", None)
        if known is not None and info.run_id not in known:
            uri = self._url.replace("http", "eventtrack", 1).replace("eventtracks", _TLS, 1)
            known[info.run_id] = get_artifact_repository(info.artifact_uri, tracking_uri=uri)

    def _options(self) -> Options:
        return options(tracking_uri=self._url, capture=False)
