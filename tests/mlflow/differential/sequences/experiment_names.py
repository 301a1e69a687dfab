"""New experiments: which names, tags and artifact locations they may have."""

from __future__ import annotations

from tests.mlflow.differential.steps import INVALID, MISSING, TAKEN, get, post

_NAMES = [
    get(
        "the experiment Default exists from the start",
        "experiments/get",
        {"experiment_id": "0"},
    ),
    get(
        "Default is found by its name",
        "experiments/get-by-name",
        {"experiment_name": "Default"},
    ),
    get(
        "an unknown name is not found",
        "experiments/get-by-name",
        {"experiment_name": "experiments nobody"},
        error=MISSING,
    ),
    post(
        "an experiment is created",
        "experiments/create",
        {"name": "experiments one"},
        bind={"one": "experiment_id"},
    ),
    get("a new experiment is active", "experiments/get", {"experiment_id": "<one>"}),
    get(
        "a name is looked up exactly",
        "experiments/get-by-name",
        {"experiment_name": "experiments one"},
    ),
    get(
        "names are case-sensitive",
        "experiments/get-by-name",
        {"experiment_name": "Experiments One"},
        error=MISSING,
    ),
    post(
        "a taken name is refused",
        "experiments/create",
        {"name": "experiments one"},
        error=TAKEN,
    ),
    post("a name is required", "experiments/create", {}, error=INVALID),
    post("an empty name is refused", "experiments/create", {"name": ""}, error=INVALID),
    post("a null name is missing", "experiments/create", {"name": None}, error=INVALID),
    post(
        "a name of blanks is free",
        "experiments/create",
        {"name": "   "},
        bind={"blank": "experiment_id"},
    ),
    post("a number is no name", "experiments/create", {"name": 7}, error=INVALID),
    post("a list is no name", "experiments/create", {"name": ["a"]}, error=INVALID),
    post(
        "a name of 500 characters fits",
        "experiments/create",
        {"name": "n" * 500},
        bind={"long": "experiment_id"},
    ),
    post(
        "a name of 501 characters is too long",
        "experiments/create",
        {"name": "m" * 501},
        error=INVALID,
    ),
    post(
        "names may be any Unicode and hold slashes",
        "experiments/create",
        {"name": 'experiments Größe/λ 🙂 "quoted" \\ back'},
        bind={"unicode": "experiment_id"},
    ),
    get(
        "a Unicode name is found again",
        "experiments/get-by-name",
        {"experiment_name": 'experiments Größe/λ 🙂 "quoted" \\ back'},
    ),
    post(
        "tags and a location may come with the creation",
        "experiments/create",
        {
            "name": "experiments two",
            "artifact_location": "s3://bucket/two",
            "tags": [{"key": "team", "value": "red"}, {"key": "floor", "value": "2"}],
        },
        bind={"two": "experiment_id"},
    ),
    post(
        "a creation may not name a tag twice",
        "experiments/create",
        {
            "name": "experiments twice tagged",
            "tags": [{"key": "team", "value": "red"}, {"key": "team", "value": "blue"}],
        },
        error=TAKEN,
    ),
    get("the given location is kept", "experiments/get", {"experiment_id": "<two>"}),
    post(
        "a tag without a key refuses the creation",
        "experiments/create",
        {"name": "experiments never", "tags": [{"key": "", "value": "x"}]},
        error=INVALID,
    ),
    post(
        "a tag key with a dollar refuses the creation",
        "experiments/create",
        {"name": "experiments never", "tags": [{"key": "a$", "value": "x"}]},
        error=INVALID,
    ),
    get(
        "a refused creation leaves nothing",
        "experiments/get-by-name",
        {"experiment_name": "experiments never"},
        error=MISSING,
    ),
]

_LOCATIONS = [
    post(
        f"the artifact location {location[:40]!r} is refused",
        "experiments/create",
        {"name": "experiments nowhere", "artifact_location": location},
        error=INVALID,
    )
    for location in (
        "s3://bucket/a#fragment",
        "s3://bucket/a?x=../..",
        "runs:/abc/model",
        "http://elsewhere/a",
        "https://elsewhere/a",
        "ftp://elsewhere/a",
        "hdfs://elsewhere/a",
        "mlflow-artifacts://elsewhere:80/a",
        "s3://bucket/" + "a" * 2037,
    )
] + [
    post(
        f"the artifact location {location!r} is accepted",
        "experiments/create",
        {"name": f"experiments at {location}", "artifact_location": location},
        bind={"somewhere": "experiment_id"},
    )
    for location in (
        "gs://bucket/a",
        "s3://bucket/a;b",
        "mlflow-artifacts:/elsewhere",
        "wasbs://c@a.b.net/x",
    )
]

STEPS = [*_NAMES, *_LOCATIONS]
