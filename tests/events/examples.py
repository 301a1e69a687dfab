"""One example of every event that is written today, each with all its fields filled in.

`scripts/record_events` records them.  An event that has been recorded keeps its example: a changed
shape is a new version with an example of its own.
"""

from eventtrack import columns
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
from eventtrack.events.datasets import (
    DatasetInput,
    ModelOutput,
    RunInputsLogged,
    RunOutputsLogged,
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
from eventtrack.events.imports import ExperimentImported, ImportProgressed, SeriesTaken
from eventtrack.events.leases import RunLeased, RunLost
from eventtrack.events.logged_models import (
    LoggedModelCreated,
    LoggedModelDeleted,
    LoggedModelFinalized,
    LoggedModelParamsLogged,
    LoggedModelTagDeleted,
    LoggedModelTagsSet,
)
from eventtrack.events.metrics import MetricsLogged, Table
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
from eventtrack.events.saved_views import (
    SavedViewCreated,
    SavedViewDeleted,
    SavedViewUpdated,
)
from eventtrack.events.secret import Secret
from eventtrack.events.webhooks import WebhookCreated, WebhookDeleted, WebhookUpdated

WEBHOOK = "3f1c2d54-9b0e-4a6d-8c7f-2e1d0a9b8c7d"
RUN = "0b6fbc9f5d9e4d2f8c1f3a5d7e9b0a1c"
REGISTERED = "7c1e5a0d4b2f4e6c9a8b3d2f1e0c5a7b"
MODEL = "m-5b1d4b6f9c3e4f0aa8d27c6e91f3b204"

# 64 steps from 0, and 64 times 0.5, as pcodec 1.1 packed them: bytes that must be read for ever.
STEPS = bytes.fromhex("70636f21030006100401043f000010010180000000000000004000000000000000008000")
HALVES = bytes.fromhex("70636f21030006100401063f000000100000000000000000ff050000")

EXAMPLES: tuple[Fact, ...] = (
    ExperimentCreated(
        experiment_id="7",
        name="Zürich/vision ⚗",
        artifact_location="mlflow-artifacts:/7",
        created_at_ms=1_700_000_000_123,
        tags={"mlflow.note.content": "first\ntry", "team": "vision"},
    ),
    ExperimentNameClaimed(experiment_id="7", name="Zürich/vision ⚗"),
    ExperimentNameReleased(experiment_id="7", name="Zürich/vision ⚗"),
    ExperimentRenamed(
        experiment_id="7",
        name="vision",
        previous_name="Zürich/vision ⚗",
        updated_at_ms=1_700_000_000_456,
    ),
    ExperimentTagSet(experiment_id="7", key="team", value="vision two"),
    ExperimentTagDeleted(experiment_id="7", key="team"),
    ExperimentDeleted(experiment_id="7", updated_at_ms=1_700_000_000_789),
    ExperimentRestored(experiment_id="7", updated_at_ms=1_700_000_000_790),
    RunCreated(
        run_id=RUN,
        experiment_id="7",
        name="brave-owl-17",
        user_id="ada",
        status="RUNNING",
        start_time_ms=1_700_000_001_000,
        artifact_uri=f"mlflow-artifacts:/7/{RUN}/artifacts",
        tags={"mlflow.runName": "brave-owl-17", "mlflow.user": "ada"},
    ),
    RunUpdated(run_id=RUN, status="FINISHED", end_time_ms=1_700_000_009_000),
    RunRenamed(run_id=RUN, name="the good one"),
    RunTagsSet(run_id=RUN, tags={"mlflow.runName": "the good one", "seed": ""}),
    RunTagDeleted(run_id=RUN, key="seed"),
    ParamsLogged(run_id=RUN, params={"lr": "0.001", "layers/1": "64", "empty": ""}),
    RunDeleted(run_id=RUN),
    RunRestored(run_id=RUN),
    MetricsLogged(
        run_id=RUN,
        experiment_id="7",
        tables=[
            Table(
                points=4,
                steps=columns.pack_ints([0, 1, 1, -3]),
                timestamps=columns.pack_ints([1_700_000_001_001, 1_700_000_001_002, 0, 2**62]),
                values={
                    "loss": columns.pack_floats([0.5, float("nan"), float("-inf"), -0.0]),
                    "accuracy": columns.pack_floats([0.25, 0.5, 0.75, 1.0]),
                },
                rank=3,
            ),
            Table(
                points=1,
                steps=columns.pack_int(2),
                timestamps=columns.pack_int(1_700_000_001_003),
                values={"accuracy": columns.pack_float(0.75)},
                model_id=MODEL,
                dataset_name="validation",
                dataset_digest="d1",
            ),
            Table(points=64, steps=STEPS, timestamps=STEPS, values={"loss": HALVES}),
        ],
    ),
    RunLeased(run_id=RUN, lease_seconds=120),
    RunLost(run_id=RUN, heard_at_ms=1_700_000_001_003),
    ConsoleLogged(
        run_id=RUN,
        source="stderr",
        timestamps=columns.pack_ints([1_700_000_001_003, 1_700_000_001_003]),
        lines=["époque 1", ""],
        rank=3,
    ),
    EntriesReceived(producer="5f0c", sequence=4096, following=8192),
    RunInputsLogged(
        run_id=RUN,
        experiment_id="7",
        datasets=[
            DatasetInput(
                name="train",
                digest="9f86d081",
                source_type="local",
                source='{"uri": "train.csv"}',
                schema='{"mlflow_colspec": []}',
                profile='{"num_rows": 3}',
                tags={"mlflow.data.context": "training"},
            ),
            DatasetInput(name="plain", digest="d1", source_type="code", source=""),
        ],
        model_ids=[MODEL],
    ),
    RunOutputsLogged(
        run_id=RUN, models=[ModelOutput(model_id=MODEL, step=3), ModelOutput(model_id="m-0")]
    ),
    ArtifactStored(path=f"7/{RUN}/artifacts/model/weights.bin", size=2**33, sha256="ab" * 32),
    ArtifactsDeleted(path=f"7/{RUN}/artifacts/model"),
    LoggedModelCreated(
        model_id=MODEL,
        experiment_id="7",
        name="net",
        artifact_location=f"mlflow-artifacts:/7/models/{MODEL}/artifacts",
        status="LOGGED_MODEL_PENDING",
        created_at_ms=1_700_000_002_000,
        model_type="Agent",
        source_run_id=RUN,
        params={"layers": "3"},
        tags={"stage": "draft"},
    ),
    LoggedModelFinalized(
        model_id=MODEL, status="LOGGED_MODEL_READY", updated_at_ms=1_700_000_003_000
    ),
    LoggedModelParamsLogged(model_id=MODEL, params={"width": "128"}),
    LoggedModelTagsSet(model_id=MODEL, tags={"stage": "good"}),
    LoggedModelTagDeleted(model_id=MODEL, key="stage"),
    LoggedModelDeleted(model_id=MODEL, updated_at_ms=1_700_000_004_000),
    Undone(position=7, count=2, reason="the wrong run"),
    RunReopened(run_id=RUN, status="FINISHED", end_time_ms=1_700_000_009_000),
    ParamCorrected(run_id=RUN, key="lr", value="0.2", previous="0.1", reason="a typing error"),
    PointsRetracted(run_id=RUN, key="loss", first_step=1, last_step=40, rank=3, reason="a bug"),
    PointsReinstated(run_id=RUN, retraction=33),
    LoggedModelRestored(model_id=MODEL, updated_at_ms=1_700_000_005_000),
    RunErased(run_id="gone", events=12, bytes=4096, reason="retention"),
    ExperimentErased(experiment_id="3", events=2, bytes=300, reason="retention"),
    LoggedModelErased(model_id="m-gone", events=3, bytes=400, reason="retention"),
    ImportProgressed(
        source="sqlite:////srv/mlflow.db",
        subject=f"run/{RUN}",
        target=RUN,
        fields={"status": bytes.fromhex("9f86d081884c7d65"), "tag stage": b""},
        series=[
            SeriesTaken(
                key="loss",
                points=3,
                fingerprint=2**62,
                model_id=MODEL,
                dataset_name="validation",
                dataset_digest="d1",
            ),
            SeriesTaken(key="accuracy", points=1, fingerprint=7),
        ],
    ),
    ExperimentImported(
        experiment_id="7",
        source="sqlite:////srv/mlflow.db",
        source_id="3",
        updated_at_ms=1_700_000_006_000,
    ),
    WebhookCreated(
        webhook_id=WEBHOOK,
        name="deploy.ci",
        url="https://ci.example.com/hooks/1?token=x",
        events=["model_version.created", "model_version_alias.created"],
        created_at_ms=1_700_000_020_000,
        status="DISABLED",
        description="starts the deployment",
        secret=Secret("Zürich-2023"),
    ),
    WebhookUpdated(
        webhook_id=WEBHOOK,
        updated_at_ms=1_700_000_020_001,
        name="deploy",
        url="https://ci.example.com/hooks/2",
        events=["prompt_tag.set", "model_version_alias.created"],
        status="ACTIVE",
        description="starts it",
        secret=Secret("Bern-2024"),
    ),
    RegisteredModelCreated(
        registered_model_id=REGISTERED,
        name="claims ü",
        created_at_ms=1_700_000_000_001,
        description="what it is for",
        tags={"team": "claims"},
        updated_at_ms=1_700_000_000_002,
    ),
    RegisteredModelNameClaimed(registered_model_id=REGISTERED, name="claims ü"),
    RegisteredModelNameReleased(registered_model_id=REGISTERED, name="claims ü"),
    RegisteredModelRenamed(
        registered_model_id=REGISTERED,
        name="claims",
        previous_name="claims ü",
        updated_at_ms=1_700_000_000_003,
    ),
    RegisteredModelDescribed(
        registered_model_id=REGISTERED, description="better", updated_at_ms=1_700_000_000_004
    ),
    ModelVersionCreated(
        registered_model_id=REGISTERED,
        version=1,
        source=f"models:/{MODEL}",
        storage_location=f"mlflow-artifacts:/7/models/{MODEL}/artifacts",
        created_at_ms=1_700_000_000_005,
        run_id=RUN,
        run_link="https://example.com/run",
        model_id=MODEL,
        description="first",
        tags={"checked": "no"},
        stage="Staging",
        updated_at_ms=1_700_000_000_006,
    ),
    ModelVersionDescribed(
        registered_model_id=REGISTERED,
        version=1,
        description=None,
        updated_at_ms=1_700_000_000_007,
    ),
    ModelVersionStaged(
        registered_model_id=REGISTERED,
        version=1,
        stage="Production",
        updated_at_ms=1_700_000_000_008,
    ),
    ModelVersionTagDeleted(registered_model_id=REGISTERED, version=1, key="checked"),
    ModelVersionTagSet(registered_model_id=REGISTERED, version=1, key="signed", value="yes"),
    RegisteredModelTagDeleted(registered_model_id=REGISTERED, key="team"),
    RegisteredModelTagSet(registered_model_id=REGISTERED, key="owner", value="risk"),
    ModelVersionDeleted(
        registered_model_id=REGISTERED,
        version=1,
        updated_at_ms=1_700_000_000_009,
        aliases=["champion"],
    ),
    ModelVersionRestored(
        registered_model_id=REGISTERED, version=1, updated_at_ms=1_700_000_000_010
    ),
    RegisteredModelAliasDeleted(registered_model_id=REGISTERED, alias="old"),
    RegisteredModelAliasSet(registered_model_id=REGISTERED, alias="champion", version=1),
    RegisteredModelDeleted(registered_model_id=REGISTERED, updated_at_ms=1_700_000_000_011),
    RegisteredModelRestored(registered_model_id=REGISTERED, updated_at_ms=1_700_000_000_012),
    RegisteredModelErased(
        registered_model_id="another", events=3, bytes=500, reason="nobody needs it"
    ),
    SavedViewCreated(
        view_id="v1",
        name="the best",
        experiment_ids=["7", "8"],
        state='{"columns":["metrics.loss"]}',
        created_at_ms=1_700_000_007_000,
    ),
    SavedViewUpdated(
        view_id="v1", updated_at_ms=1_700_000_008_000, name="the very best", state="{}"
    ),
    SavedViewDeleted(view_id="v1"),
    WebhookDeleted(
        webhook_id="9b0e3f1c-2d54-4a6d-8c7f-2e1d0a9b8c7d", deleted_at_ms=1_700_000_020_002
    ),
)
"""The whole life of one experiment, one run and one model of each kind, in no natural order."""
