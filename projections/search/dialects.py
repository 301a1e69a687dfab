"""What may be asked: the fields of runs, experiments and models, and their operators.

The rows F1-F7, F14, G1, G2, G4 to G8 of MLflow's behaviour, as tables.
"""

import re
from collections.abc import Callable
from typing import Literal

import msgspec

from projections.search.errors import InvalidFilter
from projections.search.lexer import NATIVE, PLAIN, WITH_DASHES, shortened

ORDERED = ("=", "!=", "<", "<=", ">", ">=")
EQUAL_LIKE = ("=", "!=", "LIKE", "ILIKE")
EQUAL_LIKE_IN = (*EQUAL_LIKE, "IN", "NOT IN")
EQUAL_LIKE_NULL = (*EQUAL_LIKE, "IS NULL", "IS NOT NULL")
EQUAL_IN = ("=", "!=", "IN", "NOT IN")

Kind = Literal[
    "real", "integer or real", "integer", "integer or quoted", "text", "text or real", "flag"
]


class Field(msgspec.Struct, frozen=True):
    """Something a row has that can be compared.

    key: how the tables call it; normal: puts a compared text in the tables' form, or refuses it.
    """

    entity: str
    key: str
    kind: Kind
    ops: tuple[str, ...]
    normal: Callable[[str], str] = str


def _fields(
    entity: str, kind: Kind, ops: tuple[str, ...], keys: dict[str, str]
) -> dict[str, Field]:
    """Fields of one kind; keys: as written -> the tables' key."""
    return {written: Field(entity, key, kind, ops) for written, key in keys.items()}


class Dialect(msgspec.Struct, frozen=True):
    """The fields of one kind of thing.

    prefixes: as written -> entity.  open: entities that have any key.  closed: entity -> its keys
    as written.  order: what `order_by` takes, entity -> keys as written, None for any key.
    unquoted_values: strings may be compared with bare words and numbers.
    """

    prefixes: dict[str, str]
    open: dict[str, Field]
    closed: dict[str, dict[str, Field]]
    order: dict[str, dict[str, str] | None]
    examples: str
    scanner: re.Pattern[str] = PLAIN
    unquoted_values: bool = False

    def filter_field(self, prefix: str, key: str) -> Field:
        """The field a filter names; `prefix` is "" where the key stands alone."""
        entity = self._entity(prefix)
        if entity in self.open:
            return msgspec.structs.replace(self.open[entity], key=key)
        field = self.closed[entity].get(key)
        if field is None:
            raise _unknown(entity, key, self.closed[entity])
        return field

    def order_field(self, prefix: str, key: str) -> tuple[str, str]:
        """The entity and key that an entry of `order_by` names."""
        entity = self._entity(prefix)
        if entity not in self.order:
            raise InvalidFilter(f"a {entity} cannot be ordered by, only {_listed(self.order)}")
        keys = self.order[entity]
        if keys is None:
            return entity, key
        if key not in keys:
            raise _unknown(entity, key, keys)
        return entity, keys[key]

    def _entity(self, prefix: str) -> str:
        if not prefix:
            return "attribute"
        if prefix not in self.prefixes:
            raise InvalidFilter(
                f"{shortened(prefix)!r} is not one of the prefixes {_listed(self.prefixes)}"
            )
        return self.prefixes[prefix]


def _unknown(entity: str, key: str, keys: dict[str, Field] | dict[str, str]) -> InvalidFilter:
    return InvalidFilter(f"{shortened(key)!r} is not one of the {entity} keys {_listed(keys)}")


def _listed(names: dict[str, str] | dict[str, Field] | dict[str, dict[str, str] | None]) -> str:
    return ", ".join(names)


_RUN_TIMES = {
    "start_time": "start_time",
    "end_time": "end_time",
    "created": "start_time",
    "Created": "start_time",
}
_RUN_TEXTS = {each: each for each in ("status", "user_id", "artifact_uri")}
_RUN_NAMES = dict.fromkeys(("run_name", "run name", "Run name", "Run Name"), "run_name")
_DATASET_KEYS = {each: each for each in ("name", "digest", "context")}

RUNS = Dialect(
    examples="metrics.loss, params.lr, tags.user, attributes.status, dataset.name",
    prefixes={
        "metrics": "metric",
        "params": "param",
        "tags": "tag",
        "attributes": "attribute",
        "datasets": "dataset",
        "metric": "metric",
        "param": "param",
        "parameter": "param",
        "parameters": "param",
        "tag": "tag",
        "attribute": "attribute",
        "attr": "attribute",
        "run": "attribute",
        "dataset": "dataset",
    },
    open={
        "metric": Field("metric", "", "real", ORDERED),
        "param": Field("param", "", "text", EQUAL_LIKE_NULL),
        "tag": Field("tag", "", "text", EQUAL_LIKE_NULL),
    },
    closed={
        "attribute": {
            **_fields("attribute", "text", EQUAL_LIKE_IN, {"run_id": "run_id"}),
            **_fields("attribute", "text", EQUAL_LIKE, _RUN_NAMES | _RUN_TEXTS),
            **_fields("attribute", "integer or real", ORDERED, _RUN_TIMES),
        },
        "dataset": _fields("dataset", "text", EQUAL_LIKE_IN, _DATASET_KEYS),
    },
    order={
        "metric": None,
        "param": None,
        "tag": None,
        "attribute": {"run_id": "run_id", "run_name": "run_name", **_RUN_TEXTS, **_RUN_TIMES},
    },
)

NATIVE_NUMBERS = (*ORDERED, "IN", "NOT IN", "BETWEEN", "NOT BETWEEN", "IS NULL", "IS NOT NULL")
NATIVE_TEXTS = (*NATIVE_NUMBERS, "LIKE", "NOT LIKE", "ILIKE", "NOT ILIKE")

_NATIVE_TEXTS = {
    each: each
    for each in ("run_id", "name", "status", "experiment_id", "lifecycle_stage", "artifact_uri")
}
_NATIVE_NUMBERS = _RUN_TIMES | {"duration": "duration", "changed": "changed"}

NATIVE_RUNS = Dialect(
    examples="metrics.loss, metrics.loss:min, params.lr, tags.user, status, dataset.name",
    prefixes=RUNS.prefixes,
    open={
        "metric": Field("metric", "", "real", NATIVE_NUMBERS),
        "param": Field("param", "", "text or real", NATIVE_TEXTS),
        "tag": Field("tag", "", "text", NATIVE_TEXTS),
    },
    closed={
        "attribute": {
            **_fields("attribute", "text", NATIVE_TEXTS, _NATIVE_TEXTS | _RUN_NAMES),
            **_fields("attribute", "text", NATIVE_TEXTS, {"user": "user_id", "user_id": "user_id"}),
            **_fields("attribute", "integer or real", NATIVE_NUMBERS, _NATIVE_NUMBERS),
            "lost": Field("attribute", "lost", "flag", ("=", "!=")),
        },
        "dataset": _fields("dataset", "text", NATIVE_TEXTS, _DATASET_KEYS),
    },
    order={},
    scanner=NATIVE,
)
"""What the native language asks of runs: all that MLflow's does, and more (`expressions.py`)."""


def _experiment_number(text: str) -> str:
    """An experiment id in the form the tables have it."""
    if not re.fullmatch(r"\s*[+-]?[0-9]{1,18}\s*", text):
        raise InvalidFilter(f"{shortened(text)!r} is not an experiment id, which is a whole number")
    return str(int(text))


_EXPERIMENT_TIMES = {each: each for each in ("creation_time", "last_update_time")}

EXPERIMENTS = Dialect(
    examples="name, creation_time, tags.team",
    prefixes={"attribute": "attribute", "tags": "tag", "tag": "tag"},
    open={"tag": Field("tag", "", "text", EQUAL_LIKE_NULL)},
    closed={
        "attribute": {
            **_fields("attribute", "text", EQUAL_LIKE, {"name": "name"}),
            "experiment_id": Field(
                "attribute", "experiment_id", "text", EQUAL_IN, _experiment_number
            ),
            **_fields("attribute", "integer", ORDERED, _EXPERIMENT_TIMES),
        }
    },
    order={
        "attribute": {"name": "name", "experiment_id": "experiment_id", **_EXPERIMENT_TIMES},
    },
)

LOGGED_MODEL_PREFIX = "LOGGED_MODEL_"

LOGGED_MODEL_STATUSES = {
    "UNSPECIFIED": "LOGGED_MODEL_STATUS_UNSPECIFIED",
    "PENDING": "LOGGED_MODEL_PENDING",
    "READY": "LOGGED_MODEL_READY",
    "UPLOAD_FAILED": "LOGGED_MODEL_UPLOAD_FAILED",
    "FAILED": "LOGGED_MODEL_UPLOAD_FAILED",
}
"""Short names, those of MLflow's python enum among them, and the tables' names; in wire order."""


def _status(text: str) -> str:
    return LOGGED_MODEL_STATUSES.get(text, text)


_MODEL_TEXTS = {
    each: each
    for each in (
        "name",
        "model_id",
        "model_type",
        "source_run_id",
        "experiment_id",
        "artifact_location",
    )
}
_MODEL_TIMES = {
    "creation_timestamp": "creation_timestamp_ms",
    "creation_time": "creation_timestamp_ms",
    "creation_timestamp_ms": "creation_timestamp_ms",
    "last_updated_timestamp": "last_updated_timestamp_ms",
    "last_updated_timestamp_ms": "last_updated_timestamp_ms",
}

LOGGED_MODELS = Dialect(
    examples="name, metrics.accuracy, params.depth, tags.stage",
    prefixes={
        "attributes": "attribute",
        "metrics": "metric",
        "params": "param",
        "tags": "tag",
    },
    open={
        "metric": Field("metric", "", "real", ORDERED),
        "param": Field("param", "", "text", EQUAL_LIKE_IN),
        "tag": Field("tag", "", "text", EQUAL_LIKE_IN),
    },
    closed={
        "attribute": {
            **_fields("attribute", "text", EQUAL_LIKE_IN, _MODEL_TEXTS),
            "status": Field("attribute", "status", "text", EQUAL_LIKE_IN, _status),
            **_fields("attribute", "integer or real", ORDERED, _MODEL_TIMES),
        }
    },
    order={"metric": None, "attribute": {**_MODEL_TEXTS, "status": "status", **_MODEL_TIMES}},
    scanner=WITH_DASHES,
    unquoted_values=True,
)

REGISTERED_MODELS = Dialect(
    examples="name, tags.team",
    prefixes={"attribute": "attribute", "tags": "tag", "tag": "tag"},
    open={"tag": Field("tag", "", "text", EQUAL_LIKE)},
    closed={"attribute": _fields("attribute", "text", EQUAL_LIKE_IN, {"name": "name"})},
    order={
        "attribute": {
            "name": "name",
            # MLflow orders by the last change in both cases (row G4).
            "timestamp": "last_updated_timestamp",
            "last_updated_timestamp": "last_updated_timestamp",
        }
    },
)

MODEL_VERSIONS = Dialect(
    examples="name, version_number, run_id, tags.team",
    prefixes={"attribute": "attribute", "tags": "tag", "tag": "tag"},
    open={"tag": Field("tag", "", "text", EQUAL_LIKE)},
    closed={
        "attribute": {
            **_fields("attribute", "text", EQUAL_LIKE_IN, {"name": "name", "run_id": "run_id"}),
            **_fields("attribute", "text", EQUAL_LIKE, {"source_path": "source"}),
            **_fields("attribute", "integer or quoted", ORDERED, {"version_number": "version"}),
        }
    },
    order={
        "attribute": {
            "name": "name",
            "version_number": "version",
            "creation_timestamp": "creation_timestamp",
            "last_updated_timestamp": "last_updated_timestamp",
        }
    },
)
