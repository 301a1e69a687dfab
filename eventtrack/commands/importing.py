"""What can be brought in from another tracker: things as a source describes them, and the rules.

A source is believed about what happened there, so nothing is cut or defaulted.  Decided is only
what is new since the last import, field by field: a *field* is a value that the source says of a
thing, for example a tag, a param or the status, and the import's own stream holds a digest of what
it said last.  A field that changed there since is taken over; one that changed only here stays as
it is here.  What is new among the points of metrics is decided in `import_points.py`.
"""

from hashlib import sha256

import msgspec

from eventtrack.commands.experiments import parse_id
from eventtrack.commands.state import (
    ACTIVE,
    DELETED,
    ExperimentState,
    LoggedModelState,
    RunState,
)
from eventtrack.commands.validation import check_run_id
from eventtrack.errors import AlreadyExists
from eventtrack.events import Fact
from eventtrack.events.datasets import (
    DatasetInput,
    ModelOutput,
    RunInputsLogged,
    RunOutputsLogged,
)
from eventtrack.events.experiments import (
    ExperimentCreated,
    ExperimentDeleted,
    ExperimentRestored,
    ExperimentTagDeleted,
    ExperimentTagSet,
)
from eventtrack.events.imports import ExperimentImported, ImportProgressed, SeriesTaken
from eventtrack.events.logged_models import (
    LoggedModelCreated,
    LoggedModelDeleted,
    LoggedModelFinalized,
    LoggedModelParamsLogged,
    LoggedModelTagDeleted,
    LoggedModelTagsSet,
)
from eventtrack.events.runs import (
    ParamsLogged,
    RunCreated,
    RunDeleted,
    RunRenamed,
    RunRestored,
    RunTagDeleted,
    RunTagsSet,
    RunUpdated,
)

DIGEST_BYTES = 8

Label = tuple[str, str, str, str]
"""A series: (key, model_id, dataset_name, dataset_digest)."""


class SourceExperiment(msgspec.Struct, frozen=True, kw_only=True):
    """An experiment as its source has it; times in milliseconds since 1970.

    experiment_id: the number that the source gave it, empty when it numbers none.
    """

    experiment_id: str
    name: str
    artifact_location: str = ""
    lifecycle_stage: str = ACTIVE
    created_at_ms: int = 0
    updated_at_ms: int = 0
    tags: dict[str, str] = {}


class SourceRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run as its source has it, without its metrics; times in milliseconds since 1970."""

    run_id: str
    name: str = ""
    user_id: str = ""
    status: str = "RUNNING"
    start_time_ms: int = 0
    end_time_ms: int | None = None
    artifact_uri: str = ""
    lifecycle_stage: str = ACTIVE
    params: dict[str, str] = {}
    tags: dict[str, str] = {}
    datasets: list[DatasetInput] = []
    input_models: list[str] = []
    output_models: list[ModelOutput] = []


class SourceModel(msgspec.Struct, frozen=True, kw_only=True):
    """A logged model as its source has it; times in milliseconds since 1970."""

    model_id: str
    name: str
    artifact_location: str
    status: str
    lifecycle_stage: str = ACTIVE
    created_at_ms: int = 0
    updated_at_ms: int = 0
    model_type: str = ""
    source_run_id: str = ""
    params: dict[str, str] = {}
    tags: dict[str, str] = {}


class Taken(msgspec.Struct, kw_only=True):
    """What was brought in of a thing so far; `version` is its import stream's."""

    target: str = ""
    fields: dict[str, bytes] = {}
    series: dict[Label, SeriesTaken] = {}
    version: int = 0

    def evolve(self, event: Fact) -> None:
        """Take in an event of the import's stream."""
        if isinstance(event, ImportProgressed):
            self.version += 1
            self.target = event.target
            self.fields = self.fields | event.fields
            new = {label_of(each): each for each in event.series}
            self.series = self.series | new


class Refused(AlreadyExists):
    """What a source has cannot be brought in beside what is here; the message says why."""


def label_of(series: SeriesTaken) -> Label:
    """Which series it is."""
    return series.key, series.model_id, series.dataset_name, series.dataset_digest


def stream_of_run(run_id: str) -> str:
    """The stream that says what of a run was brought in: run ids are the same everywhere."""
    return f"import/run/{run_id}"


def stream_of_model(model_id: str) -> str:
    """The stream that says what of a logged model was brought in."""
    return f"import/logged-model/{model_id}"


def stream_of_experiment(source: str, experiment: SourceExperiment) -> str:
    """The stream that says what of an experiment was brought in, and as which."""
    known_as = experiment.experiment_id or f"name {experiment.name}"
    which = f"{source}\n{known_as}"
    return f"import/experiment/{sha256(which.encode()).hexdigest()}"


def digest_of(value: str) -> bytes:
    """What is kept of a field's value, to notice that it changed."""
    return sha256(value.encode()).digest()[:DIGEST_BYTES]


class Changes:
    """The fields that the source changed since the last import."""

    def __init__(self, taken: Taken, fields: dict[str, str]) -> None:
        digests = {field: digest_of(value) for field, value in fields.items()}
        known = taken.fields
        self.fields = {f: digest for f, digest in digests.items() if known.get(f) != digest}
        self.gone = [f for f, digest in known.items() if digest and f not in digests]

    def among(self, prefix: str, values: dict[str, str]) -> dict[str, str]:
        """Those of the values whose field changed."""
        return {key: value for key, value in values.items() if prefix + key in self.fields}

    def removed(self, prefix: str, taken: Taken, here: dict[str, str]) -> list[str]:
        """Keys that the source no longer has, and that are here as it had them last."""
        keys = [field.removeprefix(prefix) for field in self.gone if field.startswith(prefix)]
        return [
            key
            for key in keys
            if key in here and digest_of(here[key]) == taken.fields[prefix + key]
        ]

    def noted(self, *prefixes: str) -> dict[str, bytes]:
        """What the import's stream is to hold; fields with a prefix may go, others never do."""
        gone = [field for field in self.gone if field.startswith(prefixes)]
        return self.fields | dict.fromkeys(gone, b"")


def prefixed(prefix: str, values: dict[str, str]) -> dict[str, str]:
    """Values as fields."""
    return {prefix + key: value for key, value in values.items()}


# Experiments


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where an experiment goes: its id and name here, and whether it is made."""

    experiment_id: str
    name: str
    new: bool


def place(
    experiment: SourceExperiment,
    *,
    named: str | None,
    numbered: str | None,
    free_id: str,
    free_name: str,
    rename: bool,
) -> Place:
    """Decide where an experiment that was never brought in goes; Refused when it would mix.

    named: the id here that has its name; numbered: the name here that has its id; None when there
    is none.  free_id, free_name: what it can have instead, with `rename`.
    """
    name = experiment.name
    wanted = str(parse_id(experiment.experiment_id)) if experiment.experiment_id else free_id
    if named == wanted and numbered == name:
        return Place(experiment_id=wanted, name=name, new=False)
    if named is None and numbered is None:
        return Place(experiment_id=wanted, name=name, new=True)
    if rename:
        return Place(
            experiment_id=wanted if numbered is None else free_id,
            name=name if named is None else free_name,
            new=True,
        )
    if numbered is not None:
        taken = f"the id {wanted} belongs to {numbered!r} here"
    else:
        taken = f"the name {name!r} belongs to experiment {named} here"
    number = f" {experiment.experiment_id}" if experiment.experiment_id else ""
    raise Refused(
        f"experiment{number} {name!r} was left out, because {taken}: rename one of them, or bring "
        "it in under another id or name with --rename-conflicts"
    )


def _experiment_fields(experiment: SourceExperiment) -> dict[str, str]:
    return {"stage": experiment.lifecycle_stage} | prefixed("tag ", experiment.tags)


def experiment_created(
    experiment: SourceExperiment, at: Place, source: str, artifact_location: str
) -> list[Fact]:
    """An experiment with all that the source says of it."""
    facts: list[Fact] = [
        ExperimentCreated(
            experiment_id=at.experiment_id,
            name=at.name,
            artifact_location=artifact_location,
            created_at_ms=experiment.created_at_ms,
            tags=experiment.tags,
        ),
        _imported(experiment, at.experiment_id, source),
    ]
    if experiment.lifecycle_stage == DELETED:
        # Its runs come later, each in the stage that it has at the source.
        facts.append(
            ExperimentDeleted(
                experiment_id=at.experiment_id, updated_at_ms=experiment.updated_at_ms
            )
        )
    return facts


def _imported(experiment: SourceExperiment, experiment_id: str, source: str) -> ExperimentImported:
    return ExperimentImported(
        experiment_id=experiment_id,
        source=source,
        source_id=experiment.experiment_id,
        updated_at_ms=experiment.updated_at_ms,
    )


def experiment_changed(
    experiment: SourceExperiment, state: ExperimentState, taken: Taken
) -> list[Fact]:
    """What changed at the source since it was brought in; the name stays as it is here."""
    changes = Changes(taken, _experiment_fields(experiment))
    ids = {"experiment_id": state.experiment_id}
    first = taken.version == 0
    facts: list[Fact] = [
        ExperimentTagSet(**ids, key=key, value=value)
        for key, value in changes.among("tag ", experiment.tags).items()
        # An experiment that was here before keeps what it says itself.
        if state.tags.get(key) != value and not (first and key in state.tags)
    ]
    facts += [
        ExperimentTagDeleted(**ids, key=key) for key in changes.removed("tag ", taken, state.tags)
    ]
    if "stage" in changes.fields and not first:
        at_ms = experiment.updated_at_ms
        if experiment.lifecycle_stage == DELETED and state.lifecycle_stage == ACTIVE:
            facts.append(ExperimentDeleted(**ids, updated_at_ms=at_ms))
        elif experiment.lifecycle_stage == ACTIVE and state.lifecycle_stage == DELETED:
            facts.append(ExperimentRestored(**ids, updated_at_ms=at_ms))
    return facts


def experiment_noted(
    experiment: SourceExperiment, target: str, taken: Taken, source: str
) -> list[ImportProgressed]:
    """The fact that the experiment was brought in as far as it is; none when nothing is new."""
    changes = Changes(taken, _experiment_fields(experiment))
    known_as = experiment.experiment_id or experiment.name
    return noted(source, f"experiment/{known_as}", target, changes.noted("tag "), taken)


def noted(
    source: str, subject: str, target: str, fields: dict[str, bytes], taken: Taken
) -> list[ImportProgressed]:
    """The fact that a thing was brought in as far as the fields say; none when none is new."""
    if not fields and taken.version:
        return []
    return [ImportProgressed(source=source, subject=subject, target=target, fields=fields)]


# Runs


def _run_fields(run: SourceRun) -> dict[str, str]:
    fields = {
        "status": run.status,
        "end time": "" if run.end_time_ms is None else str(run.end_time_ms),
        "name": run.name,
        "stage": run.lifecycle_stage,
    }
    fields |= prefixed("tag ", run.tags)
    fields |= prefixed("param ", run.params)
    fields |= {_dataset_field(each): "" for each in run.datasets}
    fields |= {f"model read {model_id}": "" for model_id in run.input_models}
    fields |= {f"model made {each.model_id}": "" for each in run.output_models}
    return fields


def _dataset_field(dataset: DatasetInput) -> str:
    return f"dataset {dataset.digest} {dataset.name}"


def run_created(run: SourceRun, experiment_id: str, artifact_uri: str) -> list[Fact]:
    """A run with all that the source says of it, but its metrics."""
    check_run_id(run.run_id)
    facts: list[Fact] = [
        RunCreated(
            run_id=run.run_id,
            experiment_id=experiment_id,
            name=run.name,
            user_id=run.user_id,
            status=run.status,
            start_time_ms=run.start_time_ms,
            artifact_uri=artifact_uri,
            tags=run.tags,
        )
    ]
    if run.end_time_ms is not None:
        facts.append(RunUpdated(run_id=run.run_id, end_time_ms=run.end_time_ms))
    if run.params:
        facts.append(ParamsLogged(run_id=run.run_id, params=run.params))
    facts += _edges(run, experiment_id, run.datasets, run.input_models, run.output_models)
    if run.lifecycle_stage == DELETED:
        facts.append(RunDeleted(run_id=run.run_id))
    return facts


def _edges(
    run: SourceRun,
    experiment_id: str,
    datasets: list[DatasetInput],
    read: list[str],
    made: list[ModelOutput],
) -> list[Fact]:
    facts: list[Fact] = []
    if datasets or read:
        facts.append(
            RunInputsLogged(
                run_id=run.run_id, experiment_id=experiment_id, datasets=datasets, model_ids=read
            )
        )
    if made:
        facts.append(RunOutputsLogged(run_id=run.run_id, models=made))
    return facts


def run_changed(run: SourceRun, state: RunState, taken: Taken) -> list[Fact]:
    """What changed at the source since the run was brought in."""
    if taken.version == 0:
        raise Refused(
            f"run {run.run_id} was left as it is, because it is here already and was not imported"
        )
    changes = Changes(taken, _run_fields(run))
    run_id, fields = run.run_id, changes.fields
    facts: list[Fact] = []
    status = run.status if "status" in fields and run.status != state.status else None
    ended = run.end_time_ms if "end time" in fields else None
    if status is not None or (ended is not None and ended != state.end_time_ms):
        facts.append(RunUpdated(run_id=run_id, status=status, end_time_ms=ended))
    if "name" in fields and run.name != state.name:
        facts.append(RunRenamed(run_id=run_id, name=run.name))
    tags = changes.among("tag ", run.tags)
    tags = {key: value for key, value in tags.items() if state.tags.get(key) != value}
    if tags:
        facts.append(RunTagsSet(run_id=run_id, tags=tags))
    facts += [
        RunTagDeleted(run_id=run_id, key=key) for key in changes.removed("tag ", taken, state.tags)
    ]
    params = changes.among("param ", run.params)
    params = {key: value for key, value in params.items() if key not in state.params}
    if params:
        facts.append(ParamsLogged(run_id=run_id, params=params))
    facts += _edges(
        run,
        state.experiment_id,
        [each for each in run.datasets if _dataset_field(each) in fields],
        [each for each in run.input_models if f"model read {each}" in fields],
        [each for each in run.output_models if f"model made {each.model_id}" in fields],
    )
    if "stage" in fields and run.lifecycle_stage != state.lifecycle_stage:
        deleted = run.lifecycle_stage == DELETED
        facts.append(RunDeleted(run_id=run_id) if deleted else RunRestored(run_id=run_id))
    return facts


def run_noted(run: SourceRun, taken: Taken, source: str) -> list[ImportProgressed]:
    """The fact that the run was brought in as far as it is; none when nothing is new."""
    changes = Changes(taken, _run_fields(run))
    return noted(source, f"run/{run.run_id}", run.run_id, changes.noted("tag "), taken)


# Logged models


def _model_fields(model: SourceModel) -> dict[str, str]:
    fields = {"status": model.status, "stage": model.lifecycle_stage}
    return fields | prefixed("tag ", model.tags) | prefixed("param ", model.params)


def model_created(model: SourceModel, experiment_id: str, artifact_location: str) -> list[Fact]:
    """A logged model with all that the source says of it."""
    facts: list[Fact] = [
        LoggedModelCreated(
            model_id=model.model_id,
            experiment_id=experiment_id,
            name=model.name,
            artifact_location=artifact_location,
            status=model.status,
            created_at_ms=model.created_at_ms,
            model_type=model.model_type,
            source_run_id=model.source_run_id,
            params=model.params,
            tags=model.tags,
        )
    ]
    ids = {"model_id": model.model_id}
    if model.lifecycle_stage == DELETED:
        facts.append(LoggedModelDeleted(**ids, updated_at_ms=model.updated_at_ms))
    elif model.updated_at_ms != model.created_at_ms:
        facts.append(
            LoggedModelFinalized(**ids, status=model.status, updated_at_ms=model.updated_at_ms)
        )
    return facts


def model_changed(model: SourceModel, state: LoggedModelState, taken: Taken) -> list[Fact]:
    """What changed at the source since the model was brought in; a deleted one stays deleted."""
    if taken.version == 0:
        raise Refused(
            f"logged model {model.model_id} was left as it is, because it is here already and was "
            "not imported"
        )
    changes = Changes(taken, _model_fields(model))
    model_id = model.model_id
    facts: list[Fact] = []
    if "status" in changes.fields and model.status != state.status:
        facts.append(
            LoggedModelFinalized(
                model_id=model_id, status=model.status, updated_at_ms=model.updated_at_ms
            )
        )
    params = changes.among("param ", model.params)
    params = {key: value for key, value in params.items() if key not in state.params}
    if params:
        facts.append(LoggedModelParamsLogged(model_id=model_id, params=params))
    tags = changes.among("tag ", model.tags)
    tags = {key: value for key, value in tags.items() if state.tags.get(key) != value}
    if tags:
        facts.append(LoggedModelTagsSet(model_id=model_id, tags=tags))
    facts += [
        LoggedModelTagDeleted(model_id=model_id, key=key)
        for key in changes.removed("tag ", taken, state.tags)
    ]
    if model.lifecycle_stage == DELETED and state.lifecycle_stage == ACTIVE:
        facts.append(LoggedModelDeleted(model_id=model_id, updated_at_ms=model.updated_at_ms))
    return facts


def model_noted(model: SourceModel, taken: Taken, source: str) -> list[ImportProgressed]:
    """The fact that the model was brought in as far as it is; none when nothing is new."""
    changes = Changes(taken, _model_fields(model))
    subject = f"logged-model/{model.model_id}"
    return noted(source, subject, model.model_id, changes.noted("tag "), taken)
