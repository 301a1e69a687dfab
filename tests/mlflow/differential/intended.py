"""Where eventtrack means to answer differently from MLflow, why, and what it answers instead.

A difference that is not written here is a bug; one that is written here and no longer seen is a
stale entry, and a failure too.  Rows such as Q2 or P8 are the quirks of the real server that no
client needs and that eventtrack does not copy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.mlflow.differential.agreement import Exchange, differences, disagreements
from tests.mlflow.differential.steps import BAD_REQUEST, INVALID, MISSING, TAKEN

_UNSAID = object()


@dataclass(frozen=True)
class Intended:
    """One way in which eventtrack's answer is meant to differ."""

    row: str
    why: str
    # Scripted steps by name, or a predicate for whatever the generated ones may meet.
    about: frozenset[str] | Callable[[Exchange], bool]
    status: int
    error_code: str | None = None
    body: object = _UNSAID

    @property
    def named_steps(self) -> frozenset[str]:
        """The scripted steps this entry names."""
        return frozenset() if callable(self.about) else self.about

    def covers(self, exchange: Exchange) -> bool:
        """Whether this entry speaks of `exchange`."""
        if callable(self.about):
            return self.about(exchange)
        return exchange.step.name in self.about

    def complaints(self, exchange: Exchange) -> list[str]:
        """How the exchange differs from what is written here; empty when it is as intended."""
        subject = exchange.subject
        if not disagreements(exchange):
            return [f"the entry {self.row} is stale: both servers answer alike"]
        if subject.status != self.status:
            return [f"status {subject.status}, intended {self.status} ({self.row})"]
        if self.status >= 400 and subject.error_code() != self.error_code:
            return [f"error_code {subject.error_code()}, intended {self.error_code} ({self.row})"]
        if self.body is _UNSAID:
            return []
        return differences(self.body, exchange.subject_body)


def _refused(row: str, why: str, *steps: str) -> Intended:
    return Intended(row, why, frozenset(steps), 400, INVALID)


def _answered(row: str, why: str, *steps: str, body: object = _UNSAID) -> Intended:
    return Intended(row, why, frozenset(steps), 200, None, body)


def _links_a_model_again(exchange: Exchange) -> bool:
    return (
        exchange.step.path.endswith("/runs/outputs")
        and exchange.reference.error_code() == BAD_REQUEST
    )


def _shows_the_nan_of_a_model(exchange: Exchange) -> bool:
    if "/logged-models" not in exchange.step.path or not disagreements(exchange):
        return False
    return not differences(exchange.reference_body, _zero_for_nan(exchange.subject_body))


def _zero_for_nan(value: object) -> object:
    if isinstance(value, dict):
        return {key: _zero_for_nan(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_zero_for_nan(item) for item in value]
    return 0.0 if value == "NaN" else value


def _makes_mlflow_stumble(exchange: Exchange) -> bool:
    if exchange.step.name or not exchange.step.path.endswith("/search"):
        return False  # the scripted ones are named
    return exchange.reference.status == 500 or b"sqlite3.ProgrammingError" in (
        exchange.reference.body
    )


def _archives_what_is_not_active(exchange: Exchange) -> bool:
    return (
        not exchange.step.name
        and exchange.step.path.endswith("/transition-stage")
        and exchange.reference.status == 500
    )


INTENDED: tuple[Intended, ...] = (
    _refused(
        "P8",
        "a body with one bad field is refused whole; MLflow stores the half before it",
        "quirks: a timestamp has no fraction",
        "quirks: a step has no fraction",
        "quirks: true is no step",
        "quirks: a step fits into 64 bits",
        "quirks: a timestamp fits into 64 bits",
        "quirks: the number 1e400 is no double",
        "quirks: a bare NaN is not JSON",
        "quirks: a bare Infinity is not JSON",
        "quirks: a word is no value in a batch",
        "quirks: a fraction is no step in a batch",
        "quirks: a number is no param in a batch",
        "quirks: a number is no tag in a batch",
        "quirks: tags are a list",
        "quirks: a tag is an object",
        "quirks: experiment ids are texts",
        "quirks: a body is an object",
        "quirks: a lone surrogate is no text",
        "quirks: a dataset needs a name",
        "quirks: an input needs its dataset",
        "quirks: a word is no max_results of a history",
        "quirks: max_results of models may not be negative",
        "quirks: a model's unknown status",
    ),
    _answered(
        "P8",
        "what was refused has left nothing behind",
        "quirks: of all this nothing is stored",
        body={
            "run": {
                "info": {
                    "run_uuid": "<run>",
                    "run_id": "<run>",
                    "experiment_id": "<exp>",
                    "run_name": "odd",
                    "user_id": "",
                    "status": "RUNNING",
                    "start_time": 1,
                    "artifact_uri": "mlflow-artifacts:/<exp>/<run>/artifacts",
                    "lifecycle_stage": "active",
                },
                "data": {"tags": [{"key": "mlflow.runName", "value": "odd"}]},
                "inputs": {},
                "outputs": {},
            }
        },
    ),
    _refused(
        "Q2",
        "a mistake of the client is a 400: a 500 would be retried for minutes",
        "quirks: a list is no value",
        "quirks: an object is no value",
        "quirks: a word is no metric in a batch",
        "quirks: broken JSON in a search",
        "quirks: rubbish is no token of models",
    ),
    _answered(
        "Q2",
        "null stands for absent everywhere, so null lists and limits are absent ones",
        "quirks: a null max_results is none",
        "quirks: null metrics are none",
        "quirks: null params are none",
    ),
    _refused(
        "Q3",
        "a mistake of the client is a 400, not a 500",
        "experiments: a deleted experiment cannot be renamed",
        "search: the order 'metrics.loss, metrics.loss DESC' is refused",
        "quirks: the filter \"metrics.acc = '0.5'\" over models",
        "quirks: the filter \"attributes.nothing = 'x'\" over models",
        "registry: archiving is for active stages",
        "registry sources: a deleted logged model",
        "registry search: models refused: "
        "{'filter': \"tags.team IS NULL AND name LIKE 'search_%'\"}",
        "registry search: models refused: {'filter': \"name LIKE 'search_%'\", "
        "'order_by': ['name', 'name DESC']}",
        "registry search: versions refused: {'filter': \"name LIKE 'search_%'\", "
        "'order_by': ['name', 'name']}",
    ),
    _refused(
        "Q3",
        "an event that is none is the client's mistake, which a retry does not mend",
        "webhooks: an event has an entity",
        "webhooks: an event has an action",
        "webhooks: an event is an object",
        "webhooks: an unknown entity is none",
        "webhooks: a test's event has an action",
    ),
    _answered(
        "V12",
        "an event that is asked for twice is asked for; MLflow tells of its tables",
        "webhooks: an event may be asked for twice",
    ),
    _refused(
        "V12",
        "what every reader of the list would see is no place for a password, and texts have limits",
        "webhooks: a URL holds no password",
        "webhooks: a URL has a limit",
        "webhooks: a description has a limit",
        "webhooks: a secret has a limit",
    ),
    Intended(
        "Q3",
        "what is not there is not found, whether by number or by stage",
        frozenset({"registry sources: a stage without versions"}),
        404,
        MISSING,
    ),
    _answered(
        "A3",
        "what a run's URI names is in the run's artifacts",
        "registry sources: the page reads a file of version 2",
    ),
    _answered(
        "V6",
        "a logged model knows the copies of its versions too, whose lineage is kept",
        "registry sources: the logged model tells its versions",
    ),
    _answered(
        "V10",
        "a model that has its name already is not changed, nor are its versions' times",
        "registry: a model is renamed to its own name",
    ),
    _refused(
        "F13",
        "a filter means what it says or is refused: a key, AND and quotes are not optional",
        "search: the filter \"tags. = 'x'\" is answered",
        "search: the filter \"tags.team = 'red' params.lr = '0.1'\" is answered",
    ),
    _answered(
        "F14",
        "blanks around an order mean nothing",
        "search: the order '  metrics.loss   DESC  ' is refused",
    ),
    _answered(
        "G7",
        "NaN is no number: it is not less than 5",
        "logged model search: the filter 'metrics.odd < 5' is answered",
        body={},
    ),
    _answered(
        "G8",
        "a dataset's digest is optional, as the client says; MLflow's server takes it as empty",
        "logged model search: models on a dataset",
        "logged model search: a metric on a dataset",
    ),
    Intended(
        "X5",
        "a taken name has one error_code, whether at creation or at renaming",
        frozenset({"experiments: renaming to a taken name is refused"}),
        400,
        TAKEN,
    ),
    _answered(
        "X5",
        "of a tag given twice the last counts, as in batches; MLflow says the *name* is taken",
        "experiments: a creation may not name a tag twice",
    ),
    _refused(
        "D8",
        "an edge leads to a model; MLflow keeps one that leads to the empty id",
        "model lineage: an output names its model",
    ),
    Intended(
        "D8",
        "a model linked again is no error, because clients retry",
        _links_a_model_again,
        200,
        None,
        {},
    ),
    _answered(
        "M16",
        "of a model's points at one step and time the first is kept; the run's are both kept",
        "quirks: a model has another value at that point",
        body={},
    ),
    _refused(
        "P10",
        "a switch is true or false; MLflow reads one of its switches as false when it is neither",
        "logged models: maybe is neither",
    ),
    _refused(
        "P13",
        "an absent run_id is a missing field, not an unknown run",
        "runs: deleting does not know run_uuid",
    ),
    _answered(
        "A12",
        "the local store takes uploads in parts, which MLflow's cannot",
        "multipart: an upload in parts is begun",
        "multipart: an upload in parts is aborted",
    ),
    _refused(
        "A12",
        "an upload that was never begun cannot be completed",
        "multipart: an upload in parts is completed",
    ),
    _answered(
        "H10",
        "the server says what it can do, and no more",
        "basics: the server says what it can",
        "basics: the page asks the same",
        body={
            "store_type": "SqlStore",
            "workspaces_enabled": False,
            "trace_archival_enabled": False,
            "multipart_uploads_enabled": True,
            "multipart_downloads_enabled": False,
            "presigned_upload_run_id_supported": False,
            "presigned_upload_model_id_supported": False,
            "features_enabled": {"gateway": False},
        },
    ),
    _answered(
        "P11",
        "media types are case-insensitive",
        "wire JSON: the content type may be shouted",
    ),
    _refused(
        "P11",
        "broken JSON is called broken, and not an object without fields",
        "wire JSON: broken JSON counts as no field",
    ),
    Intended(
        "P3",
        "required fields may be camelCase too; so this asks for a tag that is not there",
        frozenset({"wire JSON: required fields are snake_case"}),
        404,
        MISSING,
    ),
    _answered(
        "Q5",
        "NaN is a string in JSON, everywhere",
        "metrics: the bulk history of a key with NaN",
    ),
    Intended(
        "Q5",
        "NaN is a string in JSON for logged models too; MLflow forgets it and answers 0",
        _shows_the_nan_of_a_model,
        200,
    ),
    _answered(
        "M17",
        "the models logged the old way are kept as sent; MLflow re-serialises them",
        "runs: the tag mlflow.log-model.history is a list",
        "runs: the list has two entries",
    ),
    _answered(
        "D4",
        "the path says which model, so the body need not",
        "logged models: the id stands in the body too",
    ),
    _answered(
        "Q8",
        "a logged model is found by its status",
        "quirks: a ready model is found by its status",
    ),
    Intended(
        "Q3",
        "a mistake of the client is an invalid value, whatever of it MLflow stumbles over",
        _makes_mlflow_stumble,
        400,
        INVALID,
    ),
    Intended(
        "Q3",
        "archiving goes with an active stage",
        _archives_what_is_not_active,
        400,
        INVALID,
    ),
)


def difference_for(exchange: Exchange) -> Intended | None:
    """The entry that speaks of `exchange`, if any."""
    return next((entry for entry in INTENDED if entry.covers(exchange)), None)


def complaints(exchange: Exchange, *, subject_is_mlflow: bool = False) -> list[str]:
    """What is wrong with the subject's answer: nothing, when it agrees or differs as intended."""
    entry = None if subject_is_mlflow else difference_for(exchange)
    return entry.complaints(exchange) if entry else disagreements(exchange)
