"""The native ingest request: `POST /api/eventtrack/1/ingest`, described in `docs/native-ingest.md`.

msgpack or JSON of the same shape.  Numbers travel in columns: in msgpack as bytes (little-endian,
eight bytes per entry: i64 steps, i64 timestamps in milliseconds since 1970, f64 values), in JSON as
lists of numbers.
"""

from typing import Any

import msgspec

PATH = "/api/eventtrack/1/ingest"

MSGPACK_TYPE = "application/msgpack"
JSON_TYPE = "application/json"

NO_RANK = -1


class RunStart(msgspec.Struct, tag="run", tag_field="type", omit_defaults=True, kw_only=True):
    """Create a run under an id the client chose, or resume it when it is there.

    experiment: by name, made when absent; else experiment_id.  start_time: ms since 1970, 0 for the
    server's clock.  lease_seconds: the run is lost when silent for longer; 0 for no lease.  join:
    another process leads the run, so one that has ended is not set running again.
    """

    run_id: str
    experiment: str = ""
    experiment_id: str = ""
    name: str = ""
    user: str = ""
    start_time: int = 0
    tags: dict[str, str] = {}
    lease_seconds: int = 0
    join: bool = False


class Params(msgspec.Struct, tag="params", tag_field="type", kw_only=True):
    """Params of a run; each is written once."""

    run_id: str
    params: dict[str, str]


class Tags(msgspec.Struct, tag="tags", tag_field="type", kw_only=True):
    """Tags of a run; the last value counts."""

    run_id: str
    tags: dict[str, str]


class Metrics(msgspec.Struct, tag="metrics", tag_field="type", omit_defaults=True, kw_only=True):
    """Points of metrics that share their steps and timestamps; all columns have one length.

    rank: the process of a distributed run that logged them, NO_RANK when there is one only.
    """

    run_id: str
    steps: bytes | list[int]
    timestamps: bytes | list[int]
    values: dict[str, bytes | list[float]]
    rank: int = NO_RANK
    model_id: str = ""
    dataset_name: str = ""
    dataset_digest: str = ""


class Console(msgspec.Struct, tag="console", tag_field="type", omit_defaults=True, kw_only=True):
    """Lines that a process printed, without newlines; source: stdout or stderr."""

    run_id: str
    source: str
    timestamps: bytes | list[int]
    lines: list[str]
    rank: int = NO_RANK


class Dataset(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A dataset that a run read, with the fields MLflow gives it."""

    name: str
    digest: str
    source_type: str
    source: str
    schema: str | None = None
    profile: str | None = None
    tags: dict[str, str] = {}


class Inputs(msgspec.Struct, tag="inputs", tag_field="type", kw_only=True):
    """Datasets that the run read."""

    run_id: str
    datasets: list[Dataset]


class RunEnd(msgspec.Struct, tag="end", tag_field="type", omit_defaults=True, kw_only=True):
    """The run ended; end_time: ms since 1970, 0 for the server's clock."""

    run_id: str
    status: str = "FINISHED"
    end_time: int = 0


Entry = RunStart | Params | Tags | Metrics | Console | Inputs | RunEnd


class Request(msgspec.Struct, omit_defaults=True, kw_only=True):
    """Entries of any number of runs, in order.

    producer: who sends, a name of its own making; empty: a repeat cannot be noticed.
    sequence, following: the numbers this request begins at and the next one begins at; following
    left out is sequence + 1.  alive: runs that have nothing to say but live (see leases).
    """

    entries: list[Entry] = []
    producer: str = ""
    sequence: int = 0
    following: int | None = None
    alive: list[str] = []


class LooseRequest(msgspec.Struct, kw_only=True):
    """A request whose entries are not read yet, so that a malformed one is refused by itself."""

    entries: list[Any] = []
    producer: str = ""
    sequence: int = 0
    following: int | None = None
    alive: list[str] = []


class RefusedEntry(msgspec.Struct):
    """An entry that was not stored: its index in the request, and why."""

    entry: int
    error_code: str
    message: str


class Answer(msgspec.Struct, omit_defaults=True):
    """What became of a request; durable when it is received.

    position: of the log's head, opaque; following: the number the next request begins at; stored:
    entries that were stored; repeated: the request was stored before, and is not stored again.
    """

    position: str
    following: int
    stored: int
    refused: list[RefusedEntry] = []
    repeated: bool = False


class ErrorAnswer(msgspec.Struct, omit_defaults=True):
    """A refused request.

    expected: the number it must begin at, when that is what is wrong; at: the character of a
    filter, from 0, from which on it cannot be understood.
    """

    error_code: str
    message: str
    expected: int | None = None
    at: int | None = None
