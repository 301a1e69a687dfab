"""The house stays in order: what linters cannot say about files, functions and words."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from eventtrack.server.mlflow import basics

ROOT = Path(__file__).parent.parent
PACKAGES = ("eventtrack", "projections")
FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 70

BANNED = {
    r"(?<![\w.])print\(": "use click.echo in the command line and logging elsewhere",
    r"\btime\.time\(": "take the clock as an argument (now_ms, clock_us)",
    r"\b(FIXME|TODO|XXX)\b": "finish it, or write an issue",
    r"NotImplementedError": "build it, or leave it out",
}


def sources(*packages: str) -> Iterator[Path]:
    for package in packages or PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", list(sources()), ids=name)
def test_a_module_says_what_it_is_for_and_stays_readable(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "a module opens with a docstring saying what it is for"
    assert len(text.splitlines()) <= FILE_LINES_MAX, "look for the second job in this file"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            assert length <= FUNCTION_LINES_MAX, f"{node.name} has {length} lines"


@pytest.mark.parametrize("path", list(sources()), ids=name)
def test_banned_words_are_not_used(path: Path) -> None:
    for pattern, instead in BANNED.items():
        found = re.search(pattern, path.read_text())
        assert found is None, f"{found[0] if found else ''}: {instead}"


def test_projections_have_no_clock_and_no_chance() -> None:
    for path in sources("projections"):
        imported = re.findall(r"^(?:import|from) (\w+)", path.read_text(), re.MULTILINE)
        assert not {"time", "datetime", "random", "uuid"} & set(imported), name(path)


def test_importing_eventtrack_imports_nothing_else() -> None:
    """A trainer pays nothing for the server."""
    code = (
        "import sys; before = set(sys.modules); import eventtrack;"
        "print(*sorted(sys.modules.keys() - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["eventtrack"]


def test_the_server_starts_without_what_only_some_requests_need() -> None:
    code = (
        "import sys, eventtrack.cli.server; print(*(m for m in sys.argv[1:] if m in sys.modules))"
    )
    heavy = ["numpy", "rich", "obstore", "mlflow", "graphql", "jinja2"]
    done = subprocess.run(
        [sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []


def test_the_top_level_holds_what_it_should() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    top = {path.partition("/")[0] for path in tracked}
    assert {each for each in top if not each.startswith(".")} <= {
        "pyproject.toml",
        "eventtrack",
        "projections",
        "tests",
        "scripts",
        "README.md",
        "LICENSE",
        "CHANGELOG.md",
    }


def test_we_speak_the_wire_of_the_mlflow_we_test_against() -> None:
    pinned = re.search(r'"mlflow==([\d.]+)"', (ROOT / "pyproject.toml").read_text())
    assert pinned is not None
    assert pinned[1] == basics.MLFLOW_VERSION
