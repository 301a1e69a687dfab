"""Which trackers there are to measure, and what each needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

SNIPPETS = Path(__file__).with_name("snippets.py")


@dataclass(frozen=True)
class Tracker:
    """A row of the table: a class of a snippet file, and the surroundings it is measured in."""

    name: str
    package: str  # `--python` names it
    snippet: str  # the class
    server: Literal["", "eventtrack", "mlflow"] = ""
    server_is_up: bool = True  # False: it logs to a port where nothing listens
    environment: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)
    kept_in: str = ""  # where survivors are looked for, or why there is nowhere to
    is_kept: bool = True
    file: Path = SNIPPETS


_SPOOL = "`eventtrack sync` of its spool, then read from the server"

NOTHING = Tracker("(nothing)", "", "Nothing", is_kept=False)
"""Measured in every run: what the loop and the timer cost by themselves."""

ALL = (
    Tracker("eventtrack", "eventtrack", "Eventtrack", "eventtrack", kept_in=_SPOOL),
    Tracker(
        "eventtrack-down",
        "eventtrack",
        "Eventtrack",
        "eventtrack",
        server_is_up=False,
        environment={"EVENTTRACK_EXIT_TIMEOUT_SECONDS": "1"},
        kept_in=_SPOOL,
    ),
    Tracker(
        "eventtrack-offline",
        "eventtrack",
        "Eventtrack",
        "eventtrack",
        server_is_up=False,
        options={"mode": "offline"},
        kept_in=_SPOOL,
    ),
    Tracker(
        "eventtrack-disabled",
        "eventtrack",
        "Eventtrack",
        options={"mode": "disabled"},
        kept_in="keeps nothing, as told",
        is_kept=False,
    ),
    Tracker("mlflow", "mlflow", "Mlflow", "mlflow", kept_in="read from the server"),
    Tracker(
        "mlflow-async",
        "mlflow",
        "Mlflow",
        "mlflow",
        environment={"MLFLOW_ENABLE_ASYNC_LOGGING": "true"},
        kept_in="read from the server",
    ),
    Tracker("wandb", "wandb", "Wandb", kept_in="history records in its .wandb file"),
    Tracker("trackio", "trackio", "Trackio", kept_in="steps in its SQLite file"),
    Tracker("tensorboard", "tensorboard", "TensorBoard", kept_in="records in its event file"),
    Tracker(
        "aim",
        "aim",
        "Aim",
        # Its Python reader shows another process no metrics, even of a run that ended properly.
        kept_in="not counted: we know no way to read it back that works",
        is_kept=False,
    ),
)

PACKAGES = tuple(dict.fromkeys(each.package for each in ALL))


def chosen(names: str) -> list[Tracker]:
    """The trackers of a list like `eventtrack,wandb`; eventtrack stands for all its ways.

    Raises ValueError for a name that is unknown.
    """
    found: list[Tracker] = []
    for name in names.split(","):
        matching = [
            each for each in ALL if each.name == name or (name == "eventtrack" == each.package)
        ]
        if not matching:
            raise ValueError(f"no tracker {name!r}; there are {', '.join(e.name for e in ALL)}")
        found += [each for each in matching if each not in found]
    return found
