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

GIT_SECONDS = 5.0
"""A repository on a slow disk is left out rather than waited for."""

logger = logging.getLogger("eventtrack")


def run_tags(*, git: bool = True, command: bool = True, host: bool = True) -> dict[str, str]:
    """The tags that say where this process comes from; what cannot be found is left out."""
    tags = source_tags(command=command)
    if host:
        tags |= _host_tags()
    if git:
        script = _script()
        tags |= git_tags(script.parent if script else Path.cwd())
    return tags


def source_tags(*, command: bool) -> dict[str, str]:
    """User and entry point, as MLflow names them, and the command line without its secrets."""
    notebook = "ipykernel" in sys.modules
    script = _script()
    name = str(script) if script else (sys.argv[0] if sys.argv and sys.argv[0] else "python")
    tags = {
        "mlflow.source.name": name,
        "mlflow.source.type": "NOTEBOOK" if notebook else "LOCAL",
    }
    try:
        tags["mlflow.user"] = getpass.getuser()
    except (KeyError, OSError):
        logger.debug("this process's user has no name")
    if command and not notebook:
        tags["eventtrack.command"] = shlex.join(redacted_arguments(sys.argv))
    return tags


def _host_tags() -> dict[str, str]:
    return {
        "eventtrack.host": socket.gethostname(),
        "eventtrack.platform": platform.platform(),
        "eventtrack.python": f"{platform.python_implementation()} {platform.python_version()}",
    }


def _script() -> Path | None:
    """The file that was started, when there is one."""
    main = sys.modules.get("__main__")
    found = getattr(main, "__file__", None) or (sys.argv[0] if sys.argv else "")
    path = Path(found) if found else None
    return path.absolute() if path is not None and path.is_file() else None


def git_tags(folder: Path) -> dict[str, str]:
    """Commit, branch, remote and whether anything was changed, of the repository of a folder."""
    if shutil.which("git") is None:
        return {}
    commit = _git(folder, "rev-parse", "HEAD")
    if not commit:
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
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            timeout=GIT_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
            # Looking must not take the repository's lock from the user's own git.
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"},
        )
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError) as error:
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
            found.setdefault(name.lower(), f"{name}=={each.version}")
    return [found[name] for name in sorted(found)]
