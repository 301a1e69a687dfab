"""What a run records by itself: where it came from, what it prints, how the machine is doing.

Looking for it takes longer than starting a run should (git is a program of its own), so it is done
in the background; each part can be switched off with `capture` or EVENTTRACK_CAPTURE.
"""

import logging
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from eventtrack.client.run import Run

logger = logging.getLogger("eventtrack")

PACKAGES_FILE = "environment/packages.txt"
JOIN_SECONDS = 3.0
"""How long the end of a very short run waits for what is still being looked for."""


def capture_into(run: "Run") -> None:
    """Start to record what the run's options name."""
    wanted = run.options.capture
    if run.options.mode == "disabled" or not wanted:
        return
    if run.leads and wanted & {"git", "host", "command", "packages"}:
        thread = threading.Thread(
            target=_environment, args=(run,), name="eventtrack environment", daemon=True
        )
        thread.start()
        run.at_end(lambda: thread.join(JOIN_SECONDS))
    if "console" in wanted:
        _console(run)
    if "system" in wanted:
        _system_metrics(run)


def _environment(run: "Run") -> None:
    from eventtrack.client.capture.environment import packages, run_tags

    wanted = run.options.capture
    try:
        tags = run_tags(git="git" in wanted, command="command" in wanted, host="host" in wanted)
        if tags:
            run.set_tags(tags)
        if "packages" in wanted:
            text = "".join(f"{line}\n" for line in packages())
            run.log_file(PACKAGES_FILE, lambda path: path.write_text(text, encoding="utf-8"))
    except Exception as error:
        # Nobody waits for this thread: what goes wrong in it can only be reported.
        logger.warning("the environment of run %s was not recorded: %s", run.run_id, error)


def _console(run: "Run") -> None:
    from eventtrack.client.capture.console import Console

    console = Console(run.log_lines)
    console.start()
    run.at_end(console.stop)


def _system_metrics(run: "Run") -> None:
    from eventtrack.client.capture.system_metrics import SystemMetrics

    step = 0

    def emit(sample: dict[str, float]) -> None:
        nonlocal step
        run.log_metrics(sample, step)
        step += 1

    metrics = SystemMetrics(emit, run.options.system_metrics_seconds)
    metrics.start()
    run.at_end(metrics.stop)
