"""What happened, in words that follow the name of who did it: "changed tag stage from ..."."""

import datetime
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from eventtrack import columns
from eventtrack.audit.changes import Change
from eventtrack.events import Fact
from eventtrack.events.artifacts import ArtifactsDeleted, ArtifactStored
from eventtrack.events.console import ConsoleLogged
from eventtrack.events.corrections import (
    LoggedModelRestored,
    ParamCorrected,
    PointsReinstated,
    PointsRetracted,
    RunReopened,
    Undone,
)
from eventtrack.events.datasets import RunInputsLogged, RunOutputsLogged
from eventtrack.events.erasures import (
    ERASURES as Erasure,
)
from eventtrack.events.erasures import (
    ExperimentErased,
    LoggedModelErased,
    RegisteredModelErased,
    RunErased,
)
from eventtrack.events.experiments import (
    ExperimentCreated,
    ExperimentDeleted,
    ExperimentNameClaimed,
    ExperimentNameReleased,
    ExperimentRenamed,
    ExperimentRestored,
    ExperimentTagDeleted,
    ExperimentTagSet,
)
from eventtrack.events.imports import ExperimentImported, ImportProgressed
from eventtrack.events.leases import RunLeased, RunLost
from eventtrack.events.logged_models import (
    LoggedModelCreated,
    LoggedModelDeleted,
    LoggedModelFinalized,
    LoggedModelParamsLogged,
    LoggedModelTagDeleted,
    LoggedModelTagsSet,
)
from eventtrack.events.metrics import MetricsLogged
from eventtrack.events.model_versions import (
    ModelVersionCreated,
    ModelVersionDeleted,
    ModelVersionDescribed,
    ModelVersionRestored,
    ModelVersionStaged,
    ModelVersionTagDeleted,
    ModelVersionTagSet,
)
from eventtrack.events.producers import EntriesReceived
from eventtrack.events.registered_models import (
    RegisteredModelAliasDeleted,
    RegisteredModelAliasSet,
    RegisteredModelCreated,
    RegisteredModelDeleted,
    RegisteredModelDescribed,
    RegisteredModelNameClaimed,
    RegisteredModelNameReleased,
    RegisteredModelRenamed,
    RegisteredModelRestored,
    RegisteredModelTagDeleted,
    RegisteredModelTagSet,
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
from eventtrack.events.saved_views import SavedViewCreated, SavedViewDeleted, SavedViewUpdated
from eventtrack.events.webhooks import WebhookCreated, WebhookDeleted, WebhookUpdated
from eventtrack.limits import INT64_MAX, INT64_MIN

VALUE_CHARS_MAX = 80
NAMES_MAX = 5

Say = Callable[[Any, Sequence[Change]], str]
S = TypeVar("S", bound=Say)

WORDS: dict[type[Fact], Say] = {}
"""How each event is told."""


def words_of(event: Fact, changes: Sequence[Change]) -> str:
    """What happened; changes: what the event changed."""
    return WORDS[type(event)](event, changes)


def _of(*event_types: type[Fact]) -> Callable[[S], S]:
    def register(say: S) -> S:
        for event_type in event_types:
            WORDS[event_type] = say
        return say

    return register


@_of(ExperimentCreated)
def _experiment_created(event: ExperimentCreated, changes: Sequence[Change]) -> str:
    return f"created experiment {event.experiment_id}, {_quoted(event.name)}"


@_of(ExperimentNameClaimed)
def _name_claimed(event: ExperimentNameClaimed, changes: Sequence[Change]) -> str:
    return f"took the name {_quoted(event.name)} for experiment {event.experiment_id}"


@_of(ExperimentNameReleased)
def _name_released(event: ExperimentNameReleased, changes: Sequence[Change]) -> str:
    return f"released the name {_quoted(event.name)} of experiment {event.experiment_id}"


@_of(ExperimentDeleted)
def _experiment_deleted(event: ExperimentDeleted, changes: Sequence[Change]) -> str:
    return f"deleted experiment {event.experiment_id}, and all its runs with it"


@_of(ExperimentRestored)
def _experiment_restored(event: ExperimentRestored, changes: Sequence[Change]) -> str:
    return f"restored experiment {event.experiment_id}, and all its runs with it"


@_of(RunCreated)
def _run_created(event: RunCreated, changes: Sequence[Change]) -> str:
    return f"started the run as {_quoted(event.name)} in experiment {event.experiment_id}"


@_of(LoggedModelCreated)
def _model_created(event: LoggedModelCreated, changes: Sequence[Change]) -> str:
    origin = f" from run {event.source_run_id}" if event.source_run_id else ""
    return f"created logged model {_quoted(event.name)}{origin}"


@_of(RegisteredModelCreated)
def _registered(event: RegisteredModelCreated, changes: Sequence[Change]) -> str:
    return f"created registered model {_quoted(event.name)}"


@_of(RegisteredModelNameClaimed)
def _model_name_claimed(event: RegisteredModelNameClaimed, changes: Sequence[Change]) -> str:
    return f"took the name {_quoted(event.name)} for a registered model"


@_of(RegisteredModelNameReleased)
def _model_name_released(event: RegisteredModelNameReleased, changes: Sequence[Change]) -> str:
    return f"released the name {_quoted(event.name)} of a registered model"


@_of(RegisteredModelDeleted)
def _registered_deleted(event: RegisteredModelDeleted, changes: Sequence[Change]) -> str:
    return "deleted the registered model with its versions"


@_of(RegisteredModelRestored)
def _registered_restored(event: RegisteredModelRestored, changes: Sequence[Change]) -> str:
    return "restored the registered model with its versions"


@_of(ModelVersionCreated)
def _version_created(event: ModelVersionCreated, changes: Sequence[Change]) -> str:
    run = f", run {event.run_id}" if event.run_id else ""
    return f"created version {event.version} from {_quoted(event.source)}{run}"


@_of(ModelVersionDeleted)
def _version_deleted(event: ModelVersionDeleted, changes: Sequence[Change]) -> str:
    aliases = f", which {_listed(event.aliases)} named" if event.aliases else ""
    return f"deleted version {event.version}{aliases}"


@_of(ModelVersionRestored)
def _version_restored(event: ModelVersionRestored, changes: Sequence[Change]) -> str:
    return f"restored version {event.version}"


@_of(WebhookCreated)
def _webhook_created(event: WebhookCreated, changes: Sequence[Change]) -> str:
    signed = ", signed" if event.secret else ""
    return f"created webhook {_quoted(event.name)} for {_listed(event.events)}{signed}"


@_of(WebhookUpdated)
def _webhook_updated(event: WebhookUpdated, changes: Sequence[Change]) -> str:
    told = [_change(each) for each in changes]
    if event.secret is not None:
        told.append("set another signing key" if event.secret else "ended the signing")
    return _listed(told, "; ") if told else "set what was so already"


@_of(WebhookDeleted)
def _webhook_deleted(event: WebhookDeleted, changes: Sequence[Change]) -> str:
    return "deleted the webhook"


@_of(RunDeleted)
def _run_deleted(event: RunDeleted, changes: Sequence[Change]) -> str:
    return "deleted the run"


@_of(RunRestored)
def _run_restored(event: RunRestored, changes: Sequence[Change]) -> str:
    return "restored the run"


@_of(LoggedModelDeleted)
def _model_deleted(event: LoggedModelDeleted, changes: Sequence[Change]) -> str:
    return "deleted the logged model"


@_of(LoggedModelRestored)
def _model_restored(event: LoggedModelRestored, changes: Sequence[Change]) -> str:
    return "restored the logged model"


@_of(
    ExperimentRenamed,
    ExperimentTagSet,
    ExperimentTagDeleted,
    RunRenamed,
    RunUpdated,
    RunReopened,
    RunTagsSet,
    RunTagDeleted,
    ParamsLogged,
    LoggedModelFinalized,
    LoggedModelParamsLogged,
    LoggedModelTagsSet,
    LoggedModelTagDeleted,
    RegisteredModelRenamed,
    RegisteredModelDescribed,
    RegisteredModelTagSet,
    RegisteredModelTagDeleted,
    RegisteredModelAliasSet,
    RegisteredModelAliasDeleted,
    ModelVersionDescribed,
    ModelVersionStaged,
    ModelVersionTagSet,
    ModelVersionTagDeleted,
)
def _changed(event: Fact, changes: Sequence[Change]) -> str:
    if not changes:
        return "set what was so already"
    return _listed([_change(each) for each in changes], "; ")


@_of(ParamCorrected)
def _param_corrected(event: ParamCorrected, changes: Sequence[Change]) -> str:
    if event.value is None:
        done = f"removed param {event.key} (it was {_value('', event.previous)})"
    elif event.previous is None:
        done = f"set param {event.key} to {_quoted(event.value)} again"
    else:
        done = (
            f"corrected param {event.key} from {_quoted(event.previous)} to {_quoted(event.value)}"
        )
    return done + _because(event.reason)


@_of(RunLeased)
def _run_leased(event: RunLeased, changes: Sequence[Change]) -> str:
    return f"promised to be heard from every {event.lease_seconds} seconds"


@_of(RunLost)
def _run_lost(event: RunLost, changes: Sequence[Change]) -> str:
    return f"noted that the run is lost: it was last heard from at {_time(event.heard_at_ms)}"


@_of(MetricsLogged)
def _metrics_logged(event: MetricsLogged, changes: Sequence[Change]) -> str:
    points = sum(table.points * len(table.values) for table in event.tables)
    keys = dict.fromkeys(key for table in event.tables for key in table.values)
    steps: list[int] = []
    for table in event.tables:
        column = columns.unpack_ints(columns.raw_of(table.steps, table.points))
        steps += (min(column), max(column)) if column else ()
    first, last = min(steps, default=0), max(steps, default=0)
    where = f"step {first}" if first == last else f"steps {first} to {last}"
    what = "1 point" if points == 1 else f"{points:,} points"
    return f"logged {what} of {_listed(list(keys))}, {where}"


@_of(ConsoleLogged)
def _console_logged(event: ConsoleLogged, changes: Sequence[Change]) -> str:
    lines = len(event.lines)
    return f"printed {lines} line{'' if lines == 1 else 's'} to {event.source}"


@_of(EntriesReceived)
def _entries_received(event: EntriesReceived, changes: Sequence[Change]) -> str:
    count = event.following - event.sequence
    return f"sent {count} entries natively, numbered from {event.sequence}"


@_of(RunInputsLogged)
def _inputs_logged(event: RunInputsLogged, changes: Sequence[Change]) -> str:
    names = [f"dataset {each.name} ({each.digest})" for each in event.datasets]
    names += [f"model {model_id}" for model_id in event.model_ids]
    return f"read {_listed(names)}"


@_of(RunOutputsLogged)
def _outputs_logged(event: RunOutputsLogged, changes: Sequence[Change]) -> str:
    return "made " + _listed([f"model {each.model_id}" for each in event.models])


@_of(ArtifactStored)
def _artifact_stored(event: ArtifactStored, changes: Sequence[Change]) -> str:
    return f"stored the artifact {_artifact(event.path)} ({event.size:,} bytes)"


@_of(ArtifactsDeleted)
def _artifacts_deleted(event: ArtifactsDeleted, changes: Sequence[Change]) -> str:
    return f"deleted the artifacts at {_artifact(event.path)}"


def _artifact(path: str) -> str:
    """A path within the run or the logged model; whose it is the stream says."""
    return _OF_ONE.sub("", path) or path


_OF_ONE = re.compile(r"^\d+/(?:[0-9a-f]{32}|models/m-[0-9a-f]{32})/artifacts/")


@_of(ExperimentImported)
def _experiment_imported(event: ExperimentImported, changes: Sequence[Change]) -> str:
    known_as = f"experiment {event.source_id} of " if event.source_id else ""
    return f"brought the experiment in from {known_as}{event.source}"


@_of(ImportProgressed)
def _import_progressed(event: ImportProgressed, changes: Sequence[Change]) -> str:
    points = sum(each.points for each in event.series)
    what = f"{points:,} points in all of {_listed([each.key for each in event.series])}"
    what = what if event.series else f"{len(event.fields)} fields"
    return f"brought in {what} of {event.subject} from {event.source}"


@_of(Undone)
def _undone(event: Undone, changes: Sequence[Change]) -> str:
    return f"took back event {event.position}{_because(event.reason)}"


@_of(PointsRetracted)
def _points_retracted(event: PointsRetracted, changes: Sequence[Change]) -> str:
    first = "the first" if event.first_step == INT64_MIN else f"step {event.first_step}"
    last = "the last" if event.last_step == INT64_MAX else f"step {event.last_step}"
    rank = "" if event.rank is None else f" of rank {event.rank}"
    return f"hid the points of {event.key}{rank} from {first} to {last}{_because(event.reason)}"


@_of(PointsReinstated)
def _points_reinstated(event: PointsReinstated, changes: Sequence[Change]) -> str:
    return f"brought back the points that event {event.retraction} hid"


@_of(SavedViewCreated)
def _saved_view_created(event: SavedViewCreated, changes: Sequence[Change]) -> str:
    of = _listed([f"experiment {each}" for each in event.experiment_ids])
    return f"saved the view {_quoted(event.name)} of {of}"


@_of(SavedViewUpdated)
def _saved_view_updated(event: SavedViewUpdated, changes: Sequence[Change]) -> str:
    if event.name is None:
        return "changed the saved view"
    if event.state is None:
        return f"renamed the saved view to {_quoted(event.name)}"
    return f"changed the saved view, and renamed it to {_quoted(event.name)}"


@_of(SavedViewDeleted)
def _saved_view_deleted(event: SavedViewDeleted, changes: Sequence[Change]) -> str:
    return "deleted the saved view"


@_of(RunErased, ExperimentErased, LoggedModelErased, RegisteredModelErased)
def _erased(event: Erasure, changes: Sequence[Change]) -> str:
    nouns: dict[type[Fact], str] = {
        RunErased: "run",
        ExperimentErased: "experiment",
        LoggedModelErased: "logged model",
        RegisteredModelErased: "registered model",
    }
    noun = nouns[type(event)]
    return (
        f"erased the {noun} for good: {event.events} events, {event.bytes:,} bytes"
        f"{_because(event.reason)}"
    )


def _change(change: Change) -> str:
    field = change.field
    if change.old is None:
        return f"set {field} to {_value(field, change.new)}"
    if change.new is None:
        return f"removed {field} (it was {_value(field, change.old)})"
    return f"changed {field} from {_value(field, change.old)} to {_value(field, change.new)}"


def _value(field: str, value: object) -> str:
    if field.endswith(" time") and isinstance(value, int):
        return _time(value)
    return _quoted(value) if isinstance(value, str) else str(value)


def _quoted(text: str) -> str:
    return f"'{text if len(text) <= VALUE_CHARS_MAX else text[:VALUE_CHARS_MAX] + '…'}'"


def _listed(names: Sequence[str], joint: str = ", ") -> str:
    more = len(names) - NAMES_MAX
    shown = joint.join(names[:NAMES_MAX])
    return f"{shown}{joint}and {more} more" if more > 0 else shown


def _because(reason: str) -> str:
    return f": {reason}" if reason else ""


def _time(milliseconds: int) -> str:
    try:
        at = datetime.datetime.fromtimestamp(milliseconds / 1000, datetime.UTC)
    except (ValueError, OverflowError, OSError):
        return str(milliseconds)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
