"""Runs: creation, names, changes, deletion and restoration, and what RunInfo says of them."""

from __future__ import annotations

from tests.mlflow.differential.steps import BAD_REQUEST, INVALID, MISSING, Step, get, post

_OLD_MS = 1_600_000_000_000


def _create(
    name: str, body: dict[str, object], symbol: str | None = None, error: str | None = None
) -> Step:
    bind = {symbol: "run.info.run_id"} if symbol else {}
    return post(name, "runs/create", {"experiment_id": "<exp>", **body}, error=error, bind=bind)


def _update(name: str, body: dict[str, object], error: str | None = None) -> Step:
    return post(name, "runs/update", {"run_id": "<full>", **body}, error=error)


def _read(name: str, symbol: str = "full") -> Step:
    return get(name, "runs/get", {"run_id": f"<{symbol}>"})


def _name_tag(value: object) -> list[dict[str, object]]:
    return [{"key": "mlflow.runName", "value": value}]


_CREATION = [
    post(
        "there is an experiment for runs",
        "experiments/create",
        {"name": "runs"},
        bind={"exp": "experiment_id"},
    ),
    post(
        "a run is created with everything",
        "runs/create",
        {
            "experiment_id": "<exp>",
            "user_id": "ann",
            "run_name": "full",
            "start_time": _OLD_MS,
            "tags": [{"key": "colour", "value": "red"}, {"key": "mlflow.user", "value": "ann"}],
        },
        bind={"full": "run.info.run_id"},
    ),
    _read("a new run is read back"),
    post(
        "a run without a name is given one",
        "runs/create",
        {"experiment_id": "<exp>", "start_time": 5},
        bind={"bare": "run.info.run_id", "random": "run.info.run_name"},
    ),
    _read("the random name is also the tag mlflow.runName", "bare"),
    post(
        "a run needs an experiment",
        "runs/create",
        {"run_name": "homeless"},
        error=BAD_REQUEST,
    ),
    post(
        "an empty experiment id is no experiment",
        "runs/create",
        {"experiment_id": "", "run_name": "homeless"},
        error=BAD_REQUEST,
    ),
    post(
        "an unknown experiment takes no run",
        "runs/create",
        {"experiment_id": "99999"},
        error=MISSING,
    ),
    post(
        "an experiment id that is no number takes no run",
        "runs/create",
        {"experiment_id": "x"},
        error=INVALID,
    ),
    post(
        "the experiment id must be a string",
        "runs/create",
        {"experiment_id": 0},
        error=INVALID,
    ),
    _create(
        "the start time may be text that holds a number", {"run_name": "text", "start_time": "7"}
    ),
    _create("the start time may be an integral float", {"run_name": "float", "start_time": 8.0}),
    _create("an absent start time reads as 0", {"run_name": "startless"}),
    _create("a null start time is an absent one", {"run_name": "null", "start_time": None}),
    _create("a start time may be negative", {"run_name": "negative", "start_time": -5}),
    _create("a start time is no word", {"start_time": "noon"}, error=INVALID),
    _create("the name must be a string", {"run_name": 3}, error=INVALID),
    _create("the tag mlflow.runName names the run", {"tags": _name_tag("tagged")}, "tagged"),
    _create("field and tag may give the same name", {"run_name": "s", "tags": _name_tag("s")}),
    _create(
        "field and tag may not give different names",
        {"run_name": "one", "tags": _name_tag("two")},
        error=INVALID,
    ),
    _create(
        "an empty name field leaves the naming to the tag", {"run_name": "", "tags": _name_tag("t")}
    ),
    _create("a name may be 250 characters", {"run_name": "n" * 250}),
    _create(
        "the tag keys of a new run are not checked",
        {"run_name": "odd tags", "tags": [{"key": "a$", "value": "x"}, {"key": "", "value": "y"}]},
    ),
    _create(
        "a long tag value is cut",
        {"run_name": "cut", "tags": [{"key": "long", "value": "v" * 8100}]},
        "cut",
    ),
    _create("users are whoever they say", {"run_name": "u", "user_id": "böb", "start_time": 3}),
    _create("camelCase is accepted", {"runName": "camel", "startTime": 4, "userId": "c"}),
    _create(
        "both spellings of a field are refused", {"run_name": "a", "runName": "a"}, error=INVALID
    ),
    _create("an unknown field is ignored", {"run_name": "unknown field", "planet": "mars"}),
]

_READING = [
    get("reading needs a run id", "runs/get", error=INVALID),
    get("an unknown run is not found", "runs/get", {"run_id": "0" * 32}, error=MISSING),
    get("run_uuid is another name for run_id", "runs/get", {"run_uuid": "<full>"}),
    get("run_id wins over run_uuid", "runs/get", {"run_id": "<full>", "run_uuid": "<bare>"}),
    get("an unknown query key is ignored", "runs/get", {"run_id": "<full>", "planet": "mars"}),
    get("the ajax twin answers alike", "/ajax-api/2.0/mlflow/runs/get", {"run_id": "<full>"}),
    get("an id of another kind is not found", "runs/get", {"run_id": "not an id"}, error=MISSING),
]

_CHANGES = [
    _update("a run is finished", {"status": "FINISHED", "end_time": _OLD_MS + 10}),
    _read("a finished run is read back"),
    _update("a finished run may run again", {"status": "RUNNING"}),
    _read("the end time stays when a run goes on"),
    _update("a run may be scheduled", {"status": "SCHEDULED"}),
    _update("a run may fail", {"status": "FAILED", "end_time": _OLD_MS + 20}),
    _update("a run may be killed", {"status": "KILLED"}),
    _update("a status may be its number", {"status": 3}),
    _update("an unknown status is ignored", {"status": "ASLEEP"}),
    _update("a status is case-sensitive", {"status": "failed"}),
    _update("no change is no error", {}),
    _update("a run is renamed", {"run_name": "renamed"}),
    _read("renaming rewrites the tag"),
    _update("an empty name changes nothing", {"run_name": ""}),
    _update("the end time may be text that holds a number", {"end_time": "1600000000030"}),
    _update("the end time is no word", {"end_time": "late"}, INVALID),
    _update("the status is no list", {"status": ["FINISHED"]}, INVALID),
    _update("an end time of 0 is not shown", {"end_time": 0}),
    _read("an end time of 0 stays hidden"),
    post("a change needs a run id", "runs/update", {"status": "FINISHED"}, error=INVALID),
    post(
        "run_uuid names the run to change",
        "runs/update",
        {"run_uuid": "<full>", "status": "RUNNING"},
    ),
    post(
        "an unknown run cannot be changed",
        "runs/update",
        {"run_id": "0" * 32, "status": "FINISHED"},
        error=MISSING,
    ),
]

_NAME_TAG = [
    post(
        "the tag mlflow.runName renames",
        "runs/set-tag",
        {"run_id": "<full>", "key": "mlflow.runName", "value": "by tag"},
    ),
    _read("the name follows the tag"),
    post(
        "an empty tag mlflow.runName changes nothing",
        "runs/set-tag",
        {"run_id": "<full>", "key": "mlflow.runName", "value": ""},
    ),
    _read("the name survives an empty tag"),
    post(
        "a batch with mlflow.runName renames too",
        "runs/log-batch",
        {"run_id": "<full>", "tags": _name_tag("by batch")},
    ),
    _read("the name follows the batch"),
    post(
        "the tag mlflow.runName can be deleted",
        "runs/delete-tag",
        {"run_id": "<full>", "key": "mlflow.runName"},
    ),
    _read("the name outlives its tag"),
]


def _refused(what: str, path: str, body: dict[str, object]) -> Step:
    name = f"a deleted run takes no {what}"
    return post(name, path, {"run_id": "<full>", **body}, error=INVALID)


_DELETION = [
    post("a run is deleted", "runs/delete", {"run_id": "<full>"}),
    _read("a deleted run is still read"),
    post("deleting again is no error", "runs/delete", {"run_id": "<full>"}),
    post("deleting needs an id", "runs/delete", {}, error=INVALID),
    post(
        "deleting does not know run_uuid",
        "runs/delete",
        {"run_uuid": "<full>"},
        error=MISSING,
    ),
    post("deleting an unknown run", "runs/delete", {"run_id": "0" * 32}, error=MISSING),
    _refused("metric", "runs/log-metric", {"key": "m", "value": 1, "timestamp": 1}),
    _refused("param", "runs/log-parameter", {"key": "p", "value": "1"}),
    _refused("tag", "runs/set-tag", {"key": "t", "value": "1"}),
    _refused("deletion of a tag", "runs/delete-tag", {"key": "colour"}),
    _refused("batch", "runs/log-batch", {"tags": [{"key": "t", "value": "1"}]}),
    _refused("change", "runs/update", {"status": "FINISHED"}),
    _refused(
        "dataset",
        "runs/log-inputs",
        {
            "datasets": [
                {"dataset": {"name": "d", "digest": "1", "source_type": "x", "source": "s"}}
            ]
        },
    ),
    _refused("output", "runs/outputs", {"models": [{"model_id": "m-1", "step": 0}]}),
    get(
        "a deleted run's history is read",
        "metrics/get-history",
        {"run_id": "<full>", "metric_key": "m"},
    ),
    post("a run is restored", "runs/restore", {"run_id": "<full>"}),
    _read("a restored run is active"),
    post("restoring again is no error", "runs/restore", {"run_id": "<full>"}),
    post("restoring needs an id", "runs/restore", {}, error=INVALID),
    post("restoring an unknown run", "runs/restore", {"run_id": "0" * 32}, error=MISSING),
    post(
        "a restored run takes tags again",
        "runs/set-tag",
        {"run_id": "<full>", "key": "t", "value": "1"},
    ),
]

_MODEL_JSON = (
    '{"artifact_path": "model", "flavors": {"python_function": {}},'
    ' "utc_time_created": "2024-01-01 00:00:00.000000", "run_id": "<full>"}'
)

_LOG_MODEL = [
    post(
        "the old log-model writes its tag",
        "runs/log-model",
        {"run_id": "<full>", "model_json": _MODEL_JSON},
    ),
    _read("the tag mlflow.log-model.history is a list"),
    post(
        "a second log-model appends",
        "runs/log-model",
        {"run_id": "<full>", "model_json": _MODEL_JSON},
    ),
    _read("the list has two entries"),
    post("log-model needs the model", "runs/log-model", {"run_id": "<full>"}, error=INVALID),
    post(
        "log-model needs JSON",
        "runs/log-model",
        {"run_id": "<full>", "model_json": "model"},
        error=INVALID,
    ),
    post(
        "log-model needs the fields of a model",
        "runs/log-model",
        {"run_id": "<full>", "model_json": "{}"},
        error=INVALID,
    ),
]

STEPS = [*_CREATION, *_READING, *_CHANGES, *_NAME_TAG, *_DELETION, *_LOG_MODEL]
