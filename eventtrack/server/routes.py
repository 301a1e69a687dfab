"""Every route of every facade in one table.

MLflow serves each JSON route twice, under /api and under /ajax-api (row H1).
"""

from collections.abc import Callable

import msgspec

from eventtrack.server import health, preview, ui
from eventtrack.server.dispatch import Dispatch, Handle
from eventtrack.server.door import Door
from eventtrack.server.graphql.execute import graphql
from eventtrack.server.mlflow import (
    absent,
    artifacts,
    basics,
    datasets,
    experiments,
    history,
    logged_models,
    metrics,
    model_versions,
    params_tags,
    proxy,
    registered_models,
    runs,
    webhooks,
)
from eventtrack.server.mlflow.endpoint import Function, endpoint
from eventtrack.server.mlflow.web_ui import WebUI
from eventtrack.server.native import (
    audit,
    charts,
    corrections,
    moments,
    queries,
    saved_views,
    stream,
)
from eventtrack.server.native import ingest as native_ingest
from eventtrack.server.native import metrics as native_metrics
from eventtrack.server.native import table as native_table


class Json(msgspec.Struct, frozen=True):
    """A JSON route: methods, path below the prefix, request message, function."""

    methods: str
    path: str
    message: type[msgspec.Struct]
    function: Function


class Plain(msgspec.Struct, frozen=True):
    """A route that reads and writes HTTP itself: methods, path, maker of its handler."""

    methods: str
    path: str
    make: Callable[[Door], Handle]


E, R, H, D, L, A, P = experiments, runs, history, datasets, logged_models, artifacts, proxy
RM, MV, W = registered_models, model_versions, webhooks

API: tuple[Json | Plain, ...] = (
    Json("POST", "2.0/mlflow/experiments/create", E.CreateExperiment, E.create),
    Json("GET", "2.0/mlflow/experiments/get", E.GetExperiment, E.get),
    Json("GET", "2.0/mlflow/experiments/get-by-name", E.GetExperimentByName, E.get_by_name),
    Json("GET POST", "2.0/mlflow/experiments/search", E.SearchExperiments, E.search),
    Json("POST", "2.0/mlflow/experiments/delete", E.ExperimentId, E.delete),
    Json("POST", "2.0/mlflow/experiments/restore", E.ExperimentId, E.restore),
    Json("POST", "2.0/mlflow/experiments/update", E.UpdateExperiment, E.update),
    Json("POST", "2.0/mlflow/experiments/set-experiment-tag", E.SetExperimentTag, E.set_tag),
    Json(
        "POST", "2.0/mlflow/experiments/delete-experiment-tag", E.DeleteExperimentTag, E.delete_tag
    ),
    Json("POST", "2.0/mlflow/experiments/search-datasets", D.SearchDatasets, D.search),
    Json("POST", "2.0/mlflow/runs/create", R.CreateRun, R.create),
    Json("POST", "2.0/mlflow/runs/update", R.UpdateRun, R.update),
    Json("POST", "2.0/mlflow/runs/delete", R.RunId, R.delete),
    Json("POST", "2.0/mlflow/runs/restore", R.RunId, R.restore),
    Json("GET", "2.0/mlflow/runs/get", R.GetRun, R.get),
    Json("POST", "2.0/mlflow/runs/search", R.SearchRuns, R.search),
    Json("POST", "2.0/mlflow/runs/log-model", R.LogModel, R.log_model),
    Plain("POST", "2.0/mlflow/runs/log-metric", metrics.log_metric),
    Plain("POST", "2.0/mlflow/runs/log-batch", metrics.log_batch),
    Json("POST", "2.0/mlflow/runs/log-parameter", params_tags.LogParam, params_tags.log_param),
    Json("POST", "2.0/mlflow/runs/set-tag", params_tags.SetTag, params_tags.set_tag),
    Json("POST", "2.0/mlflow/runs/delete-tag", params_tags.DeleteTag, params_tags.delete_tag),
    Json("POST", "2.0/mlflow/runs/log-inputs", D.LogInputs, D.log_inputs),
    Json("POST", "2.0/mlflow/runs/outputs", D.LogOutputs, D.log_outputs),
    Json("GET", "2.0/mlflow/metrics/get-history", H.GetHistory, H.get_history),
    Json(
        "GET",
        "2.0/mlflow/metrics/get-history-bulk-interval",
        H.GetHistoryBulkInterval,
        H.get_history_bulk_interval,
    ),
    Json("POST", "2.0/mlflow/logged-models", L.CreateLoggedModel, L.create),
    Json("POST", "2.0/mlflow/logged-models/search", L.SearchLoggedModels, L.search),
    Json("GET", "2.0/mlflow/logged-models/{model_id}", L.GetLoggedModel, L.get),
    Json("PATCH", "2.0/mlflow/logged-models/{model_id}", L.FinalizeLoggedModel, L.finalize),
    Json("DELETE", "2.0/mlflow/logged-models/{model_id}", L.LoggedModelId, L.delete),
    Json("PATCH", "2.0/mlflow/logged-models/{model_id}/tags", L.SetLoggedModelTags, L.set_tags),
    Json(
        "DELETE",
        "2.0/mlflow/logged-models/{model_id}/tags/{tag_key}",
        L.DeleteLoggedModelTag,
        L.delete_tag,
    ),
    Json(
        "POST", "2.0/mlflow/logged-models/{model_id}/params", L.LogLoggedModelParams, L.log_params
    ),
    Json("POST", "2.0/mlflow/registered-models/create", RM.CreateRegisteredModel, RM.create),
    Json("POST", "2.0/mlflow/registered-models/rename", RM.RenameRegisteredModel, RM.rename),
    Json("PATCH", "2.0/mlflow/registered-models/update", RM.UpdateRegisteredModel, RM.update),
    Json("DELETE", "2.0/mlflow/registered-models/delete", RM.RegisteredModelName, RM.delete),
    Json("GET", "2.0/mlflow/registered-models/get", RM.RegisteredModelName, RM.get),
    Json("GET", "2.0/mlflow/registered-models/search", RM.SearchRegisteredModels, RM.search),
    Json(
        "GET POST",
        "2.0/mlflow/registered-models/get-latest-versions",
        RM.GetLatestVersions,
        RM.get_latest_versions,
    ),
    Json("POST", "2.0/mlflow/registered-models/set-tag", RM.SetTag, RM.set_tag),
    Json("DELETE", "2.0/mlflow/registered-models/delete-tag", RM.DeleteTag, RM.delete_tag),
    Json("POST", "2.0/mlflow/registered-models/alias", RM.SetAlias, RM.set_alias),
    Json("DELETE", "2.0/mlflow/registered-models/alias", RM.AliasName, RM.delete_alias),
    Json("GET", "2.0/mlflow/registered-models/alias", RM.AliasName, RM.get_by_alias),
    Json("POST", "2.0/mlflow/model-versions/create", MV.CreateModelVersion, MV.create),
    Json("PATCH", "2.0/mlflow/model-versions/update", MV.UpdateModelVersion, MV.update),
    Json(
        "POST",
        "2.0/mlflow/model-versions/transition-stage",
        MV.TransitionStage,
        MV.transition_stage,
    ),
    Json("DELETE", "2.0/mlflow/model-versions/delete", MV.NameAndVersion, MV.delete),
    Json("GET", "2.0/mlflow/model-versions/get", MV.NameAndVersion, MV.get),
    Json("GET", "2.0/mlflow/model-versions/search", MV.SearchModelVersions, MV.search),
    Json(
        "GET", "2.0/mlflow/model-versions/get-download-uri", MV.NameAndVersion, MV.get_download_uri
    ),
    Json("POST", "2.0/mlflow/model-versions/set-tag", MV.SetTag, MV.set_tag),
    Json("DELETE", "2.0/mlflow/model-versions/delete-tag", MV.DeleteTag, MV.delete_tag),
    Json("POST", "2.0/mlflow/webhooks", W.CreateWebhook, W.create),
    Json("GET", "2.0/mlflow/webhooks", W.ListWebhooks, W.list_webhooks),
    Json("GET", "2.0/mlflow/webhooks/{webhook_id}", W.WebhookId, W.get),
    Json("PATCH", "2.0/mlflow/webhooks/{webhook_id}", W.UpdateWebhook, W.update),
    Json("DELETE", "2.0/mlflow/webhooks/{webhook_id}", W.WebhookId, W.delete),
    Json("POST", "2.0/mlflow/webhooks/{webhook_id}/test", W.TestWebhook, W.test),
    Json("GET", "3.0/mlflow/server-info", basics.Nothing, basics.server_info),
    Json("GET", "2.0/mlflow/artifacts/list", A.ListArtifacts, A.list_run),
    Json(
        "GET",
        "2.0/mlflow/logged-models/{model_id}/artifacts/directories",
        A.ListLoggedModelArtifacts,
        A.list_model,
    ),
    Json("GET", "2.0/mlflow-artifacts/artifacts", P.ListFiles, P.list_files),
    Plain("GET", "2.0/mlflow-artifacts/artifacts/{artifact_path...}", P.download),
    Plain("PUT", "2.0/mlflow-artifacts/artifacts/{artifact_path...}", P.upload),
    Json("DELETE", "2.0/mlflow-artifacts/artifacts/{artifact_path...}", P.DeleteFiles, P.delete),
    Json(
        "POST",
        "2.0/mlflow-artifacts/mpu/create/{artifact_path...}",
        P.CreateMultipart,
        P.create_multipart,
    ),
    Plain("PUT", "2.0/mlflow-artifacts/mpu/parts/{upload_id}/{part_number}", P.put_part),
    Json(
        "POST",
        "2.0/mlflow-artifacts/mpu/complete/{artifact_path...}",
        P.CompleteMultipart,
        P.complete_multipart,
    ),
    Json(
        "POST",
        "2.0/mlflow-artifacts/mpu/abort/{artifact_path...}",
        P.AbortMultipart,
        P.abort_multipart,
    ),
    Json("GET", "2.0/mlflow-artifacts/presigned/{artifact_path...}", P.Presigned, P.presigned),
)
"""Served under /api/ and under /ajax-api/."""

AJAX: tuple[Json | Plain, ...] = (
    Json("GET", "2.0/mlflow/metrics/get-history-bulk", H.GetHistoryBulk, H.get_history_bulk),
    Plain("POST", "2.0/mlflow/upload-artifact", A.upload_artifact),
    Plain("GET", "2.0/mlflow/logged-models/{model_id}/artifacts/files", A.get_model_artifact),
)
"""Served under /ajax-api/ only."""


NATIVE: tuple[Json | Plain, ...] = (
    Plain("POST", "ingest", native_ingest.ingest),
    Plain("GET", "events", stream.events),
    Plain("GET", "moment", moments.moment_told),
    Json("GET POST", "experiments", queries.ListExperiments, E.search),
    Json("GET", "experiments/{experiment_id}", E.GetExperiment, E.get),
    Plain("GET", "experiments/{experiment_id}/events", audit.experiment_events),
    Plain("GET", "logged-models/{model_id}/events", audit.model_events),
    Plain("GET", "registered-models/{name}/events", audit.registered_model_events),
    Plain("GET", "webhooks/{webhook_id}/events", audit.webhook_events),
    Json("GET POST", "runs", R.SearchRuns, R.search),
    Plain("POST", "runs/table", native_table.run_table),
    Plain("POST", "runs/groups", native_table.run_groups),
    Plain("GET", "saved-views", saved_views.listed),
    Plain("POST", "saved-views", saved_views.create),
    Plain("PUT", "saved-views/{view_id}", saved_views.update),
    Plain("DELETE", "saved-views/{view_id}", saved_views.delete),
    Plain("GET", "saved-views/{view_id}/events", audit.saved_view_events),
    Plain("POST", "charts", charts.charts),
    Plain("GET", "columns", native_table.run_columns),
    Plain("GET", "values", native_table.run_values),
    Plain("GET", "runs/{run_id}/events", audit.run_events),
    Plain("GET", "runs/{run_id}", queries.run_status),
    Plain("GET", "runs/{run_id}/console", queries.run_console),
    Json("POST", "undo", corrections.Undo, corrections.undo),
    Json(
        "POST",
        "runs/{run_id}/params/correct",
        corrections.CorrectParam,
        corrections.correct_param,
    ),
    Json("POST", "runs/{run_id}/metrics/retract", corrections.Retract, corrections.retract),
    Plain("GET", "runs/{run_id}/metrics", native_metrics.run_series),
    Plain("GET", "runs/{run_id}/metrics/history", native_metrics.run_history),
    Plain("GET", "runs/{run_id}/metrics/zoom", native_metrics.run_zoom),
    Plain("GET", "runs/{run_id}/metrics/ranks", native_metrics.run_ranks),
)
"""The native protocol, under /api/eventtrack/1/."""


def add_routes(dispatch: Dispatch, door: Door, web_ui: WebUI | None) -> None:
    """Register every route.  web_ui: MLflow's pages, to stand at `/` in the place of ours."""
    for prefix, table in (
        ("/api/", API),
        ("/ajax-api/", API),
        ("/ajax-api/", AJAX),
        ("/api/eventtrack/1/", NATIVE),
    ):
        for route in table:
            if isinstance(route, Json):
                handler: Handle = endpoint(door, route.message, route.function)
            else:
                handler = route.make(door)
            for method in route.methods.split():
                dispatch.add(method, prefix + route.path, handler)
    for method, path, message, function in absent.ROUTES:
        dispatch.add(method, f"/ajax-api/{path}", endpoint(door, message, function))
    dispatch.add("GET", "/health", health.health(door))
    dispatch.add("GET", "/version", basics.version)
    for method, path, handler in preview.routes():
        dispatch.add(method, path, handler)
    for method, path, handler in ui.routes("/" if web_ui is None else ui.BESIDE):
        dispatch.add(method, path, handler)
    if web_ui is not None:
        for method, path, make in web_ui.routes():
            dispatch.add(method, path, make(door))
    dispatch.add("GET", "/get-artifact", artifacts.get_run_artifact(door))
    dispatch.add("GET", "/model-versions/get-artifact", artifacts.get_model_version_artifact(door))
    for method in ("GET", "POST"):
        dispatch.add(method, "/graphql", graphql(door))
