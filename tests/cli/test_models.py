"""The model registry from the command line, with a server and without."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.operations.command import run, run_json
from tests.rest import Rest
from tests.servers import eventtrack_server


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a registered model of three versions, whose server has stopped."""
    data = tmp_path_factory.mktemp("models") / "data"
    with eventtrack_server(data) as server:
        rest = Rest(server.port)
        rest.post("registered-models/create", name="net", description="what it is for\nand more")
        rest.post("registered-models/create", name="other")
        for number in range(1, 4):
            rest.post("model-versions/create", name="net", source=f"s3://b/{number}")
        rest.post("registered-models/alias", name="net", alias="best", version="1")
        rest.close()
    return data


@pytest.fixture(params=["with a server", "alone"])
def data(request: pytest.FixtureRequest, made: Path) -> Iterator[Path]:
    """The same folder, with a server running on it or not."""
    if request.param == "alone":
        yield made
        return
    with eventtrack_server(made):
        yield made


def test_models_are_listed_and_shown(data: Path) -> None:
    net, other = run_json("models", "list", data=data)
    assert (net["name"], net["latest_version"], net["aliases"]["best"]) == ("net", 3, 1)
    assert (other["name"], other["latest_version"]) == ("other", None)
    (only,) = run_json("models", "list", "--filter", "name = 'other'", data=data)
    assert only["name"] == "other"
    shown = run_json("models", "show", "net", data=data)
    assert [each["source"] for each in shown["versions"]] == ["s3://b/1", "s3://b/2", "s3://b/3"]
    said = run("models", "show", "net", data=data).stdout
    assert "s3://b/2" in said
    assert "no registered model named x" in run("models", "show", "x", data=data, code=1).stderr
    wrong = run("models", "list", "--filter", "names = 'x'", data=data, code=2)
    assert "names" in wrong.stderr


def test_a_version_is_promoted(data: Path) -> None:
    said = run("models", "promote", "net", "2", data=data).stdout
    assert "models:/net@champion is version 2 now" in said
    done = run_json("models", "promote", "net", "3", "--alias", "challenger", data=data)
    assert done == {"name": "net", "alias": "challenger", "version": 3}
    run("models", "promote", "net", "1", "--stage", "production", data=data)
    run("models", "promote", "net", "2", "--stage", "Production", "--archive-existing", data=data)
    shown = run_json("models", "show", "net", data=data)
    assert {each["version"]: each["stage"] for each in shown["versions"]} == {
        1: "Archived",
        2: "Production",
        3: "None",
    }
    assert shown["aliases"] == {"best": 1, "champion": 2, "challenger": 3}
    run("models", "alias", "net", "challenger", "--delete", data=data)
    run("models", "alias", "net", "best", "3", data=data)
    aliases = run_json("models", "show", "net", data=data)["aliases"]
    assert aliases == {"best": 3, "champion": 2}
    run("models", "alias", "net", "best", "1", data=data)
    # Who did it stands in the history.
    history = run("log", "history", "registered-model/net", data=data).stdout
    assert "changed stage of version 2 from 'None' to 'Production'" in history


def test_what_cannot_be_says_why(data: Path) -> None:
    for arguments, code, said in (
        (("promote", "net", "9"), 1, "version=9) not found"),
        (("promote", "x", "1"), 1, "name=x not found"),
        (("promote", "net", "1", "--alias", "latest"), 1, "'latest' alias name"),
        (("promote", "net", "1", "--archive-existing"), 2, "goes with --stage"),
        (("alias", "net", "best"), 2, "give a VERSION, or --delete"),
        (("promote", "net", "0"), 2, "VERSION"),
    ):
        assert said in run("models", *arguments, data=data, code=code).stderr
