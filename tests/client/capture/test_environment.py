"""Where a run comes from, told from how its process was started."""

import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from eventtrack.client.capture import environment
from eventtrack.client.capture.environment import run_tags, source_tags
from tests.client.capture.test_capture import git

COMMIT = "mlflow.source.git.commit"
SHOW = """
import json
from eventtrack.client.capture.environment import run_tags
print(json.dumps(run_tags()))
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".gitignore").write_text(".venv/\n")
    (folder / "train.py").write_text(SHOW)
    (folder / ".venv" / "bin" / "tool").write_text(SHOW)
    git(folder, "init")
    git(folder, "add", ".")
    git(folder, "commit", "-m", "first")
    return folder


def tags_of(folder: Path, *arguments: str | bytes, **variables: str) -> dict[str, str]:
    """The tags of a Python process that is started in a folder."""
    path = str(Path(environment.__file__).parents[3])
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": path, **variables},
        capture_output=True,
        check=True,
        timeout=60,
    )
    tags: dict[str, str] = json.loads(done.stdout)
    return tags


def test_a_script_has_the_tags_of_its_repository(repository: Path, tmp_path: Path) -> None:
    tags = tags_of(tmp_path, "repository/train.py")
    assert len(tags[COMMIT]) == 40
    assert tags["mlflow.source.name"] == str(repository / "train.py")


def test_without_a_script_the_folder_says_nothing(repository: Path) -> None:
    tags = tags_of(repository, "-c", SHOW)
    assert COMMIT not in tags
    assert tags["mlflow.source.type"] == "LOCAL"


def test_a_tool_that_git_ignores_is_no_part_of_the_repository(repository: Path) -> None:
    assert COMMIT not in tags_of(repository, ".venv/bin/tool")


def test_an_inherited_repository_is_not_the_scripts(repository: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "train.py").write_text(SHOW)
    git(other, "init")
    git(other, "add", ".")
    git(other, "commit", "-m", "another")
    usual = tags_of(repository, "train.py")[COMMIT]
    variables = {"GIT_DIR": str(other / ".git"), "GIT_WORK_TREE": str(other)}
    assert tags_of(repository, "train.py", **variables)[COMMIT] == usual


def test_what_a_profiler_runs_is_the_script(repository: Path) -> None:
    arguments = ["-m", "cProfile", "-o", os.devnull, "train.py"]
    tags = tags_of(repository, *arguments)
    assert tags["mlflow.source.name"] == str(repository / "train.py")
    assert COMMIT in tags


def test_arguments_that_are_not_utf8_are_still_sent(repository: Path) -> None:
    folder = os.fsencode(repository) + b"/\xff"
    os.mkdir(folder)
    script = folder + b"/train.py"
    Path(os.fsdecode(script)).write_text(SHOW)
    tags = tags_of(repository, script, b"--name=\xfe", PYTHONUTF8="1")
    assert all(text.encode() for text in tags.values())
    assert tags["mlflow.source.name"].endswith("\\udcff/train.py")
    assert "\\udcfe" in tags["eventtrack.command"]
    assert COMMIT in tags


def notebook(monkeypatch: pytest.MonkeyPatch, shell: object) -> None:
    ipython = ModuleType("IPython")
    vars(ipython)["get_ipython"] = lambda: shell
    monkeypatch.setitem(sys.modules, "IPython", ipython)


def test_a_notebook_has_the_tags_of_the_folder_it_runs_in(
    monkeypatch: pytest.MonkeyPatch, repository: Path
) -> None:
    monkeypatch.setattr(sys, "argv", ["/site-packages/ipykernel_launcher.py", "-f", "kernel.json"])
    monkeypatch.chdir(repository)
    notebook(monkeypatch, SimpleNamespace(kernel=object()))
    tags = run_tags()
    assert tags["mlflow.source.type"] == "NOTEBOOK"
    assert COMMIT in tags
    assert "eventtrack.command" not in tags


@pytest.mark.parametrize("shell", [None, SimpleNamespace(), SimpleNamespace(kernel=None)])
def test_what_only_knows_of_notebooks_is_none(
    monkeypatch: pytest.MonkeyPatch, shell: object
) -> None:
    monkeypatch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))
    assert source_tags(command=False)["mlflow.source.type"] == "LOCAL"
    notebook(monkeypatch, shell)
    assert source_tags(command=False)["mlflow.source.type"] == "LOCAL"


def test_a_process_in_a_folder_that_is_gone_has_its_other_tags(tmp_path: Path) -> None:
    tags = tags_of(
        tmp_path, "-c", "import os; os.mkdir('x'); os.chdir('x'); os.rmdir('../x')" + SHOW
    )
    assert tags["mlflow.source.type"] == "LOCAL"


def test_a_git_that_hangs_is_left_out(
    monkeypatch: pytest.MonkeyPatch, repository: Path, tmp_path: Path
) -> None:
    (tmp_path / "git").write_text("#!/bin/sh\nexec sleep 30\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(environment, "GIT_SECONDS", 0.2)
    assert environment.git_tags(repository) == {}
