"""Where a run came from: user, host, entry point, git, Python, packages; under MLflow's names."""

import getpass
import logging
import os
import platform
import shlex
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from eventtrack.client.capture.secrets import redacted_arguments, redacted_url

GIT_SECONDS = 2.0
"""A repository on a slow disk is left out rather than waited for."""

logger = logging.getLogger("eventtrack")


def run_tags(*, git: bool = True, command: bool = True, host: bool = True) -> dict[str, str]:
    """The tags that say where this process comes from; what cannot be found is left out."""
    tags = source_tags(command=command)
    if host:
        tags |= _host_tags()
    if git:
        tags |= _own_git_tags()
    return tags


def _own_git_tags() -> dict[str, str]:
    """The tags of the repository this process's code is in: its script's, or its notebook's."""
    if not _in_notebook():
        script = _script()
        # The folder of `python -c` says nothing about the code that runs.
        return git_tags(script.parent, script) if script else {}
    try:
        return git_tags(Path.cwd())
    except OSError as error:
        logger.debug("the notebook's folder is gone: %s", error)
        return {}


def source_tags(*, command: bool) -> dict[str, str]:
    """User and entry point, as MLflow names them, and the command line without its secrets."""
    notebook = _in_notebook()
    script = _script()
    name = str(script) if script else (sys.argv[0] if sys.argv and sys.argv[0] else "python")
    tags = {
        "mlflow.source.name": name,
        "mlflow.source.type": "NOTEBOOK" if notebook else "LOCAL",
    }
    try:
        tags["mlflow.user"] = getpass.getuser()
    except (ImportError, KeyError, OSError):
        logger.debug("this process's user has no name")
    if command and not notebook:
        tags["eventtrack.command"] = shlex.join(redacted_arguments(sys.argv))
    return {key: _encodable(text) for key, text in tags.items()}


def _encodable(text: str) -> str:
    """A text that can be sent: Python keeps bytes that are not UTF-8 as lone surrogates."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _in_notebook() -> bool:
    """Whether a kernel runs this code; ipykernel is imported by other programs, too."""
    # Only asked, never imported: who has not imported IPython is not in a notebook.
    get_ipython = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return get_ipython is not None and getattr(get_ipython(), "kernel", None) is not None


def _host_tags() -> dict[str, str]:
    return {
        "eventtrack.host": _encodable(socket.gethostname()),
        "eventtrack.platform": platform.platform(),
        "eventtrack.python": f"{platform.python_implementation()} {platform.python_version()}",
    }


def _script() -> Path | None:
    """The file that was started, when there is one."""
    main = sys.modules.get("__main__")
    # What runs another script (a profiler) is the main module, but leaves it its arguments.
    for found in (sys.argv[0] if sys.argv else "", getattr(main, "__file__", None)):
        try:
            if found and Path(found).is_file():
                return Path(found).absolute()
        except (OSError, ValueError) as error:
            logger.debug("%r is no script: %s", found, error)
    return None


def git_tags(folder: Path, script: Path | None = None) -> dict[str, str]:
    """Commit, branch, remote and whether anything was changed, of the repository of a folder.

    script: when git ignores it (a tool in `.venv/bin`), it is not of this repository: no tags.
    """
    if shutil.which("git") is None:
        return {}
    commit = _git(folder, "rev-parse", "HEAD")
    if not commit or (script and _git(folder, "check-ignore", "-q", str(script)) is not None):
        return {}
    tags = {"mlflow.source.git.commit": commit}
    branch = _git(folder, "rev-parse", "--abbrev-ref", "HEAD")
    if branch and branch != "HEAD":
        tags["mlflow.source.git.branch"] = branch
    remote = _git(folder, "config", "--get", "remote.origin.url")
    if remote:
        tags["mlflow.source.git.repoURL"] = redacted_url(remote)
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    if changed is not None:
        tags["mlflow.source.git.dirty"] = "true" if changed else "false"
    return tags


def _git(folder: Path, *arguments: str) -> str | None:
    """What git says, None when it fails or takes too long."""
    # A hook or `git rebase --exec` that started this process speaks of its own repository.
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            encoding="utf-8",
            errors="backslashreplace",
            timeout=GIT_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
            # Looking must not take the repository's lock from the user's own git.
            env={**inherited, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"},
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        logger.debug("git said nothing: %s", error)
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def packages() -> list[str]:
    """The installed distributions, sorted, as `name==version`."""
    from importlib.metadata import distributions

    found: dict[str, str] = {}
    for each in distributions():
        name = each.metadata["Name"]
        if name:
            # The first on the path is the one that is imported.
            found.setdefault(name.lower(), _encodable(f"{name}=={each.version}"))
    return [found[name] for name in sorted(found)]
