"""What a native ingest request may hold, entry by entry, and how each is decided; pure."""

import msgspec

from eventtrack import limits
from eventtrack.commands import datasets, leases, runs
from eventtrack.commands.state import ExperimentState, RunState
from eventtrack.errors import InvalidParameter
from eventtrack.events import Fact
from eventtrack.events.console import ConsoleLogged
from eventtrack.events.metrics import MetricsLogged, Table
from eventtrack.events.runs import RunUpdated


class StartRun(msgspec.Struct, frozen=True, kw_only=True):
    """Create a run under an id that the client chose, or resume it when it is there.

    experiment_id: canonical; start_time_ms: milliseconds since 1970; lease_seconds: 0 for none;
    join: another process leads the run, so one that has ended is not set running again.
    """

    run_id: str
    experiment_id: str
    name: str = ""
    user_id: str = ""
    start_time_ms: int = 0
    tags: dict[str, str] = {}
    lease_seconds: int = 0
    join: bool = False


class EndRun(msgspec.Struct, frozen=True, kw_only=True):
    """The run ended; end_time_ms: milliseconds since 1970."""

    run_id: str
    status: str
    end_time_ms: int


class LogTable(msgspec.Struct, frozen=True, kw_only=True):
    """Points of metrics that were logged together, checked and packed."""

    run_id: str
    table: Table


class LogConsole(msgspec.Struct, frozen=True, kw_only=True):
    """Lines that the run printed."""

    run_id: str
    console: ConsoleLogged


Checked = StartRun | EndRun | runs.LogParams | runs.SetRunTags | datasets.LogInputs
"""Entries that are decided on the run's state, under its lock."""

Unchecked = LogTable | LogConsole
"""Entries that need only an active run."""

Command = Checked | Unchecked


def start(
    state: RunState | None, command: StartRun, experiment: ExperimentState, random_name: str
) -> list[Fact]:
    """Create the run, or set it running again; its tags and lease are set in both cases."""
    lease = leases.lease(command.run_id, command.lease_seconds)
    tags = list(command.tags.items())
    if state is None:
        wanted = runs.CreateRun(
            experiment_id=command.experiment_id,
            user_id=command.user_id,
            run_name=command.name,
            start_time_ms=command.start_time_ms,
            tags=tags,
        )
        return [
            runs.create(wanted, experiment, run_id=command.run_id, random_name=random_name),
            *lease,
        ]
    runs.check_active(state)
    facts: list[Fact] = []
    if state.status != "RUNNING" and not command.join:
        facts.append(RunUpdated(run_id=command.run_id, status="RUNNING"))
    if command.name and command.name != state.name:
        tags = [*tags, (runs.RUN_NAME_TAG, command.name)]
    if tags:
        facts += runs.decide(state, runs.SetRunTags(run_id=command.run_id, tags=tags, batch=True))
    return facts + lease


def decide(state: RunState, command: Checked) -> list[Fact]:
    """Decide on an entry about a run that is there."""
    match command:
        case StartRun():
            raise AssertionError("a start is decided by `start`")
        case EndRun(run_id=run_id, status=status, end_time_ms=end_time_ms):
            update = runs.UpdateRun(run_id=run_id, status=status, end_time_ms=end_time_ms)
            return runs.decide(state, update)
        case datasets.LogInputs():
            return datasets.decide(state, command)
        case _:
            return runs.decide(state, command)


def logged(state: RunState, commands: list[Unchecked]) -> list[Fact]:
    """The facts of a run's tables and lines: all tables are one log call."""
    runs.check_active(state)
    tables = [each.table for each in commands if isinstance(each, LogTable)]
    facts: list[Fact] = [each.console for each in commands if isinstance(each, LogConsole)]
    if tables:
        facts.append(
            MetricsLogged(run_id=state.run_id, experiment_id=state.experiment_id, tables=tables)
        )
    return facts


def check_status(status: str) -> None:
    """A run ends in one of MLflow's statuses."""
    if status not in runs.STATUSES:
        raise InvalidParameter(
            f"Invalid value {status!r} for parameter 'status' supplied: use one of "
            f"{', '.join(runs.STATUSES)}."
        )


def cut_lines(lines: list[str]) -> list[str]:
    """Lines, over-long ones cut with a mark."""
    most = limits.CONSOLE_LINE_CHARS_MAX
    return [line if len(line) <= most else line[: most - 1] + "…" for line in lines]
