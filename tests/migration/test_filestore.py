"""A folder that the real mlflow wrote comes over whole, once, and again only with what is new."""

import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.migration.population import START
from tests.migration.scripts import populated, seen
from tests.operations.command import run, run_json
from tests.rest import Rest
from tests.servers import eventtrack_server


class Made(NamedTuple):
    """A folder that the real mlflow wrote, what its client sees in it, the ids in it."""

    path: Path
    seen: Any
    ids: dict[str, str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("source")
    path = folder / "mlruns"
    ids = populated(path.as_uri(), folder)
    return Made(path, seen(path.as_uri(), folder), ids)


def test_a_client_sees_here_what_it_saw_there(made: Made, tmp_path: Path) -> None:
    data = tmp_path / "data"
    done = run_json("import", str(made.path), data=data)
    assert done["refused"] == []
    # mlflow reads 0 where its own file says that a point of a model has the step 7.
    child = made.seen["runs"][made.ids["child"]]
    assert child["histories"]["measured"] == [[0, START, "0.75"]]
    child["histories"]["measured"] = [[7, START, "0.75"]]
    with eventtrack_server(data) as server:
        assert seen(server.url, tmp_path) == made.seen


def test_imported_twice_is_once_and_then_what_is_new(made: Made, tmp_path: Path) -> None:
    data, source = tmp_path / "data", tmp_path / "mlruns"
    shutil.copytree(made.path, source)
    first = run_json("import", str(source), data=data)
    again = run_json("import", str(source), data=data)
    assert (again["points"], again["runs"]["unchanged"]) == (0, first["runs"]["new"])
    folder = source / made.ids["first"] / made.ids["child"]
    with (folder / "metrics" / "odd").open("a") as file:
        file.write("1900000000000 5.5 9\n1900000000001 6.")
    (folder / "params" / "late").write_text("yes")
    again = run_json("import", str(source), data=data)
    assert again["points"] == 1, "a line that is being written comes with the next import"
    with eventtrack_server(data) as server:
        rest = Rest(server.port)
        found = rest.get("runs/get", run_id=made.ids["child"])["run"]["data"]
        assert {"key": "late", "value": "yes"} in found["params"]
        rest.close()


def test_a_folder_without_runs_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    said = run("import", str(tmp_path / "empty"), data=tmp_path / "data", code=1).stderr
    assert "is not MLflow's folder of runs" in said


def test_a_broken_file_is_named(made: Made, tmp_path: Path) -> None:
    source = tmp_path / "mlruns"
    shutil.copytree(made.path, source)
    broken = source / made.ids["first"] / made.ids["child"] / "meta.yaml"
    broken.write_text("a: [")
    said = run("import", str(source), data=tmp_path / "data", code=1).stderr
    assert "meta.yaml cannot be read" in "".join(said.split("\n"))
