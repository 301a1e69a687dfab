"""Every limit, with its unit last in the name.  Source: MLflow 3.17's validation (see docs).

A relation between limits is asserted here, so that a changed limit cannot contradict another.
"""

ENTITY_KEY_CHARS_MAX = 250
"""Keys of metrics, params, run tags and experiment tags."""

PARAM_VALUE_CHARS_MAX = 6000
"""Longer param values are cut, as MLflow does, unless MLFLOW_TRUNCATE_LONG_VALUES=false."""

RUN_TAG_VALUE_CHARS_MAX = 8000
"""Longer run tag values are cut, as MLflow does, unless MLFLOW_TRUNCATE_LONG_VALUES=false."""

EXPERIMENT_TAG_VALUE_CHARS_MAX = 20_000
EXPERIMENT_NAME_CHARS_MAX = 500
ARTIFACT_LOCATION_CHARS_MAX = 2048
RUN_ID_CHARS_MAX = 256

BATCH_METRICS_MAX = 1000
BATCH_PARAMS_MAX = 100
BATCH_TAGS_MAX = 100
BATCH_ENTITIES_MAX = 1000

DATASET_NAME_CHARS_MAX = 500
DATASET_DIGEST_CHARS_MAX = 36
DATASET_SOURCE_CHARS_MAX = 65_535
DATASET_SCHEMA_CHARS_MAX = 1_048_575
DATASET_PROFILE_CHARS_MAX = 16_777_215
INPUT_TAG_KEY_CHARS_MAX = 255
INPUT_TAG_VALUE_CHARS_MAX = 500

HISTORY_BULK_RUNS_MAX = 100
HISTORY_BULK_POINTS_MAX = 25_000
HISTORY_INTERVAL_POINTS_MAX = 2500
SEARCH_DATASETS_EXPERIMENTS_MAX = 20
UI_UPLOAD_BYTES_MAX = 10 * 1024 * 1024

REGISTRY_TAG_KEY_CHARS_MAX = 250
REGISTRY_TAG_VALUE_CHARS_MAX = 100_000
"""Tags of registered models and versions; a prompt's text is one."""

REGISTERED_MODEL_NAME_CHARS_MAX = 256
"""MLflow's column; it does not check."""

REGISTRY_DESCRIPTION_CHARS_MAX = 100_000
MODEL_ALIAS_CHARS_MAX = 255
MODEL_VERSION_SOURCE_CHARS_MAX = 2048
MODEL_VERSION_MAX = 2**31 - 1

WEBHOOK_NAME_CHARS_MAX = 63
WEBHOOK_URL_CHARS_MAX = 2048
WEBHOOK_DESCRIPTION_CHARS_MAX = 5000
WEBHOOK_SECRET_CHARS_MAX = 1000

PRODUCER_CHARS_MAX = 100
"""Names of native producers."""

CONSOLE_LINE_CHARS_MAX = 10_000
"""Longer console lines are cut."""

LEASE_SECONDS_MAX = 7 * 24 * 3600

SAVED_VIEW_NAME_CHARS_MAX = 250
SAVED_VIEW_STATE_BYTES_MAX = 64 * 1024
SAVED_VIEW_EXPERIMENTS_MAX = 100

BACKLOG_BYTES_MAX = 64 * 1024 * 1024
"""Writes that may wait for the log; beyond it they are refused with 429."""

ADMITTED_BYTES_MAX = 128 * 1024 * 1024
"""Bodies of native requests that may be in memory at once; beyond it they are refused with 429."""

REQUEST_BODY_BYTES_MAX = 64 * 1024 * 1024
"""JSON bodies only; artifact bytes are streamed and have no limit."""

INT64_MIN = -(2**63)
INT64_MAX = 2**63 - 1
INT32_MIN = -(2**31)
INT32_MAX = 2**31 - 1
DOUBLE_MAX = 1.7976931348623157e308
"""MLflow stores and returns an infinite metric as plus or minus this number."""

assert BATCH_PARAMS_MAX + BATCH_TAGS_MAX <= BATCH_ENTITIES_MAX
assert BATCH_METRICS_MAX <= BATCH_ENTITIES_MAX
assert DATASET_PROFILE_CHARS_MAX < REQUEST_BODY_BYTES_MAX
