"""The vocabulary: every fact that can be in the log, and how it becomes bytes and comes back.

Bytes are msgpack maps; the field `event` holds the stored name and version.
"""

from typing import Any, Union

import msgspec

from eventtrack.events import (
    artifacts,
    console,
    corrections,
    datasets,
    erasures,
    experiments,
    history,
    imports,
    leases,
    logged_models,
    metrics,
    model_versions,
    producers,
    registered_models,
    runs,
    saved_views,
    webhooks,
)
from eventtrack.events.envelope import START, Position, Recorded
from eventtrack.events.fact import Fact
from eventtrack.events.secret import Secret

CURRENT: tuple[type[Fact], ...] = (
    experiments.ExperimentCreated,
    experiments.ExperimentNameClaimed,
    experiments.ExperimentNameReleased,
    experiments.ExperimentRenamed,
    experiments.ExperimentTagSet,
    experiments.ExperimentTagDeleted,
    experiments.ExperimentDeleted,
    experiments.ExperimentRestored,
    runs.RunCreated,
    runs.RunUpdated,
    runs.RunRenamed,
    runs.RunTagsSet,
    runs.RunTagDeleted,
    runs.ParamsLogged,
    runs.RunDeleted,
    runs.RunRestored,
    leases.RunLeased,
    leases.RunLost,
    metrics.MetricsLogged,
    console.ConsoleLogged,
    producers.EntriesReceived,
    datasets.RunInputsLogged,
    datasets.RunOutputsLogged,
    artifacts.ArtifactStored,
    artifacts.ArtifactsDeleted,
    logged_models.LoggedModelCreated,
    logged_models.LoggedModelFinalized,
    logged_models.LoggedModelParamsLogged,
    logged_models.LoggedModelTagsSet,
    logged_models.LoggedModelTagDeleted,
    logged_models.LoggedModelDeleted,
    corrections.Undone,
    corrections.RunReopened,
    corrections.ParamCorrected,
    corrections.PointsRetracted,
    corrections.PointsReinstated,
    corrections.LoggedModelRestored,
    imports.ImportProgressed,
    imports.ExperimentImported,
    erasures.RunErased,
    erasures.ExperimentErased,
    erasures.LoggedModelErased,
    erasures.RegisteredModelErased,
    registered_models.RegisteredModelCreated,
    registered_models.RegisteredModelNameClaimed,
    registered_models.RegisteredModelNameReleased,
    registered_models.RegisteredModelRenamed,
    registered_models.RegisteredModelDescribed,
    registered_models.RegisteredModelTagSet,
    registered_models.RegisteredModelTagDeleted,
    registered_models.RegisteredModelAliasSet,
    registered_models.RegisteredModelAliasDeleted,
    registered_models.RegisteredModelDeleted,
    registered_models.RegisteredModelRestored,
    model_versions.ModelVersionCreated,
    model_versions.ModelVersionDescribed,
    model_versions.ModelVersionStaged,
    model_versions.ModelVersionTagSet,
    model_versions.ModelVersionTagDeleted,
    model_versions.ModelVersionDeleted,
    model_versions.ModelVersionRestored,
    saved_views.SavedViewCreated,
    saved_views.SavedViewUpdated,
    saved_views.SavedViewDeleted,
    webhooks.WebhookCreated,
    webhooks.WebhookUpdated,
    webhooks.WebhookDeleted,
)
"""What may be written."""

HIDDEN = "(hidden)"
"""What is shown in the place of a secret."""


def _stored(value: object) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    raise TypeError(f"an event may not hold a {type(value).__name__}")


def _loaded(kind: type, value: Any) -> Secret:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise TypeError(f"an event may not hold a {kind.__name__}")


def _hidden(value: object) -> str:
    if isinstance(value, Secret):
        return HIDDEN if value else ""
    raise TypeError(f"an event may not hold a {type(value).__name__}")


_decoder = msgspec.msgpack.Decoder(
    Union[CURRENT + history.HISTORY],  # noqa: UP007 (a runtime tuple)
    dec_hook=_loaded,
)
_encoder = msgspec.msgpack.Encoder(enc_hook=_stored)


class UnknownEvent(Exception):
    """The log holds an event this release does not know; a newer release wrote it."""


def encode(event: Fact) -> bytes:
    """Event -> the bytes the log stores."""
    return _encoder.encode(event)


def decode(payload: bytes) -> Fact:
    """Bytes from the log -> the event in its current shape; UnknownEvent when it cannot be read."""
    try:
        return history.upcast(_decoder.decode(payload))
    except msgspec.DecodeError as error:
        raise UnknownEvent(
            f"this release of eventtrack cannot read the event ({error}); "
            "a newer release wrote it: upgrade eventtrack"
        ) from error


def fields_of(event: Fact) -> dict[str, Any]:
    """The event's fields as plain values, to be shown: bytes as base64, secrets hidden."""
    fields: dict[str, Any] = msgspec.to_builtins(event, enc_hook=_hidden)
    fields.pop("event", None)
    return fields


def stored_name(event_type: type[Fact]) -> str:
    """The literal name on disk, for example `RunCreated/1`."""
    tag = event_type.__struct_config__.tag
    assert isinstance(tag, str)
    return tag


__all__ = [
    "CURRENT",
    "HIDDEN",
    "START",
    "Fact",
    "Position",
    "Recorded",
    "Secret",
    "UnknownEvent",
    "decode",
    "encode",
    "fields_of",
    "stored_name",
]
