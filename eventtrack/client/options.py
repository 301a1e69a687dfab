"""The trainer's options: arguments, else EVENTTRACK_* variables, else MLflow's, else a default."""

import os
from pathlib import Path

import msgspec

VARIABLES: tuple[tuple[str, str, str], ...] = (
    (
        "EVENTTRACK_TRACKING_URI",
        "http://127.0.0.1:5000",
        "Where the server is; MLFLOW_TRACKING_URI counts too.",
    ),
    ("EVENTTRACK_MODE", "online", "online, offline (send later with `eventtrack sync`), disabled."),
    ("EVENTTRACK_EXPERIMENT_NAME", "Default", "Experiment of new runs; or MLFLOW_EXPERIMENT_NAME."),
    ("EVENTTRACK_RUN_ID", "", "Run that all processes of a job write to; or MLFLOW_RUN_ID."),
    (
        "EVENTTRACK_SPOOL_DIR",
        "~/.cache/eventtrack/spool",
        "Folder where log calls are kept until the server has them.",
    ),
    ("EVENTTRACK_SPOOL_MEBIBYTES_MAX", "1024", "Backlog that is kept at most for each process."),
    ("EVENTTRACK_FLUSH_SECONDS", "0.5", "How long log calls gather before they are sent."),
    (
        "EVENTTRACK_EXIT_TIMEOUT_SECONDS",
        "10",
        "How long the process waits at its end for the server to have everything.",
    ),
    ("EVENTTRACK_LEASE_SECONDS", "120", "A run that is silent for longer shows as lost; 0: never."),
    ("EVENTTRACK_STRICT", "false", "Raise on what is otherwise reported as a warning."),
    (
        "EVENTTRACK_CAPTURE",
        "git,host,command,packages,console,system",
        "What is captured by itself, comma-separated; empty or `none` for nothing.",
    ),
    ("EVENTTRACK_SYSTEM_METRICS_SECONDS", "10", "Pause between two samples of system metrics."),
    ("EVENTTRACK_RANK", "", "This process's rank, when the launcher's variables do not say."),
    (
        "EVENTTRACK_AS_OF",
        "",
        "What mlflow clients ask about: a position of the log or a time (RFC 3339) of the past.",
    ),
)
"""Every variable the trainer reads: name, default, meaning.  README has the same table."""

_MLFLOW = {
    "EVENTTRACK_TRACKING_URI": "MLFLOW_TRACKING_URI",
    "EVENTTRACK_EXPERIMENT_NAME": "MLFLOW_EXPERIMENT_NAME",
    "EVENTTRACK_RUN_ID": "MLFLOW_RUN_ID",
}
_DEFAULTS = {name: default for name, default, _ in VARIABLES}

CAPTURES = frozenset(("git", "host", "command", "packages", "console", "system"))
MODES = ("online", "offline", "disabled")

RANK_VARIABLES = (
    "EVENTTRACK_RANK",
    "RANK",
    "SLURM_PROCID",
    "OMPI_COMM_WORLD_RANK",
    "PMI_RANK",
    "LOCAL_RANK",
)
"""Where launchers leave a process's rank, the most telling first: torchrun, Slurm, MPI."""


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """How a process logs."""

    tracking_uri: str
    mode: str
    spool_dir: Path
    spool_bytes_max: int
    flush_seconds: float
    exit_timeout_seconds: float
    lease_seconds: int
    strict: bool
    capture: frozenset[str]
    system_metrics_seconds: float


def variable(name: str) -> str:
    """The value of a variable, or of MLflow's in its place, or its default."""
    value = os.environ.get(name)
    if value is None and name in _MLFLOW:
        value = os.environ.get(_MLFLOW[name])
    return _DEFAULTS[name] if value is None else value


def number(name: str) -> float:
    """A variable that is a number, not negative; ValueError, naming it, when it is none."""
    try:
        value = float(variable(name))
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise ValueError(f"{name} must be a number from 0 up, not {variable(name)!r}")
    return value


def options(
    *,
    tracking_uri: str | None = None,
    mode: str | None = None,
    spool_dir: str | Path | None = None,
    strict: bool | None = None,
    capture: object = None,
) -> Options:
    """The options in force; arguments win over variables.  ValueError names what is wrong."""
    found = mode or variable("EVENTTRACK_MODE")
    if found not in MODES:
        raise ValueError(f"mode must be one of {', '.join(MODES)}, not {found!r}")
    uri = tracking_uri or variable("EVENTTRACK_TRACKING_URI")
    if found == "online":
        uri = server_url(uri)
    return Options(
        tracking_uri=uri,
        mode=found,
        spool_dir=Path(spool_dir or variable("EVENTTRACK_SPOOL_DIR")).expanduser().absolute(),
        spool_bytes_max=int(number("EVENTTRACK_SPOOL_MEBIBYTES_MAX") * (1 << 20)),
        flush_seconds=max(number("EVENTTRACK_FLUSH_SECONDS"), 0.01),
        exit_timeout_seconds=number("EVENTTRACK_EXIT_TIMEOUT_SECONDS"),
        lease_seconds=int(number("EVENTTRACK_LEASE_SECONDS")),
        strict=_truth("EVENTTRACK_STRICT") if strict is None else strict,
        capture=_captures(capture),
        system_metrics_seconds=max(number("EVENTTRACK_SYSTEM_METRICS_SECONDS"), 0.1),
    )


def server_url(uri: str) -> str:
    """A tracking URI as http or https; ValueError when it names no server."""
    for scheme, plain in (("eventtrack+https://", "https://"), ("eventtrack://", "http://")):
        if uri.startswith(scheme):
            return plain + uri.removeprefix(scheme)
    if uri.startswith(("http://", "https://")):
        return uri.rstrip("/")
    raise ValueError(
        f"the tracking URI must begin with http://, https:// or eventtrack://, not {uri!r}"
    )


def rank() -> int:
    """This process's rank in its job, -1 when nothing says so."""
    for name in RANK_VARIABLES:
        text = os.environ.get(name, "")
        if text.isdecimal():
            return int(text)
    return -1


def _captures(wanted: object) -> frozenset[str]:
    if wanted is True or wanted is None:
        wanted = variable("EVENTTRACK_CAPTURE")
    if wanted is False:
        return frozenset()
    names = wanted.split(",") if isinstance(wanted, str) else wanted
    assert isinstance(names, list | tuple | set | frozenset)
    found = frozenset(str(name).strip() for name in names) - {"", "none"}
    if unknown := found - CAPTURES:
        raise ValueError(
            f"capture knows {', '.join(sorted(CAPTURES))}; not {', '.join(sorted(unknown))}"
        )
    return found


def _truth(name: str) -> bool:
    return variable(name).lower() in ("1", "true", "yes", "on")
