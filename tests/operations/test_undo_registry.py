"""Undo in the model registry, with a real server: promotions, deletions, names."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowException
from mlflow.tracking import MlflowClient

from tests.operations.command import run, run_json
from tests.rest import Rest
from tests.servers import ServerProcess, eventtrack_server

pytestmark = pytest.mark.filterwarnings("ignore:.*transition_model_version_stage:FutureWarning")


class Desk:
    """A server with a registered model that has two versions."""

    def __init__(self, server: ServerProcess, data: Path) -> None:
        self.data = data
        self.rest = Rest(server.port)
        self.client = MlflowClient(server.url, server.url)
        self.client.create_registered_model("m", tags={"team": "a"}, description="first")
        for number in (1, 2):
            self.client.create_model_version("m", f"s3://bucket/{number}", tags={"n": str(number)})

    def history(self, name: str = "m") -> list[dict[str, Any]]:
        """What happened to the model, newest first."""
        path = f"/api/eventtrack/1/registered-models/{name}/events"
        status, _, body = self.rest.ask("GET", path)
        assert status == 200, body
        events: list[dict[str, Any]] = json.loads(body)["events"]
        return events

    def undo(self, *, name: str = "m", back: int = 0, status: int = 200) -> Any:
        """Take the last event back, or one before it."""
        position = self.history(name)[back]["position"]
        body = {"positions": [position], "reason": "a mistake"}
        found, _, answer = self.rest.ask("POST", "/api/eventtrack/1/undo", body)
        assert found == status, answer
        return json.loads(answer)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    data = tmp_path / "data"
    with eventtrack_server(data) as server:
        desk = Desk(server, data)
        yield desk
        desk.rest.close()
    assert run_json("replay", "--check", data=data)["same"] is True
    assert run_json("log", "verify", data=data)["intact"] is True


def test_a_promotion_is_taken_back(desk: Desk) -> None:
    client = desk.client
    client.set_registered_model_alias("m", "champion", "1")
    client.set_registered_model_alias("m", "champion", "2")
    desk.undo()
    assert client.get_model_version_by_alias("m", "champion").version == "1"
    # The undoing can be undone.
    desk.undo(back=1)
    assert client.get_model_version_by_alias("m", "champion").version == "2"
    client.delete_registered_model_alias("m", "champion")
    desk.undo()
    assert client.get_registered_model("m").aliases == {"champion": "2"}
    client.transition_model_version_stage("m", "1", "Production")
    client.transition_model_version_stage("m", "2", "Production", archive_existing_versions=True)
    desk.undo()
    desk.undo(back=3)
    stages = {each.version: each.current_stage for each in client.search_model_versions()}
    assert stages == {"1": "Production", "2": "None"}


def test_a_deleted_version_comes_back_with_its_aliases(desk: Desk) -> None:
    client = desk.client
    client.set_registered_model_alias("m", "champion", "2")
    client.set_registered_model_alias("m", "best", "2")
    client.delete_model_version("m", "2")
    client.set_registered_model_alias("m", "best", "1")
    desk.undo(back=1)
    version = client.get_model_version("m", "2")
    assert (version.tags, version.source) == ({"n": "2"}, "s3://bucket/2")
    # An alias that names another version by now is left to it.
    assert client.get_registered_model("m").aliases == {"best": "1", "champion": "2"}
    again = desk.undo(back=4, status=400)
    assert "taken back already" in again["message"]


def test_a_deleted_model_comes_back_whole_while_its_name_is_free(desk: Desk) -> None:
    client = desk.client
    client.set_registered_model_alias("m", "champion", "2")
    client.delete_registered_model("m")
    with pytest.raises(MlflowException, match="not found"):
        client.get_registered_model("m")
    desk.undo()
    model = client.get_registered_model("m")
    assert (model.tags, model.aliases, model.description) == (
        {"team": "a"},
        {"champion": "2"},
        "first",
    )
    assert client.create_model_version("m", "s3://bucket/3").version == "3"
    client.delete_registered_model("m")
    deleted = desk.history()[0]["position"]
    client.create_registered_model("m")
    status, _, answer = desk.rest.ask("POST", "/api/eventtrack/1/undo", {"positions": [deleted]})
    assert status == 400
    assert "Another registered model has the name 'm'" in json.loads(answer)["message"]


def test_names_descriptions_and_tags_are_restored(desk: Desk) -> None:
    client = desk.client
    client.rename_registered_model("m", "n")
    desk.undo(name="n")
    assert client.get_model_version("m", "1").name == "m"
    client.create_registered_model("n")
    client.update_registered_model("m", "second")
    desk.undo()
    client.set_registered_model_tag("m", "team", "b")
    desk.undo()
    client.delete_registered_model_tag("m", "team")
    desk.undo()
    client.update_model_version("m", "1", "x")
    desk.undo()
    client.set_model_version_tag("m", "1", "n", "9")
    client.delete_model_version_tag("m", "2", "n")
    desk.undo()
    desk.undo(back=3)
    model, version = client.get_registered_model("m"), client.get_model_version("m", "1")
    assert (model.description, model.tags) == ("first", {"team": "a"})
    assert (version.description, version.tags) == ("", {"n": "1"})
    assert client.get_model_version("m", "2").tags == {"n": "2"}


def test_what_was_changed_since_is_not_overwritten(desk: Desk) -> None:
    desk.client.set_registered_model_alias("m", "champion", "1")
    desk.client.set_registered_model_alias("m", "champion", "2")
    refused = desk.undo(back=1, status=400)
    assert "Alias 'champion' was changed since" in refused["message"]


def test_who_promoted_what_when(desk: Desk) -> None:
    client = desk.client
    client.set_registered_model_alias("m", "champion", "1")
    client.set_registered_model_alias("m", "champion", "2")
    client.transition_model_version_stage("m", "2", "Staging")
    client.rename_registered_model("m", "n")
    client.delete_model_version("n", "2")
    words = [each["words"] for each in desk.history("n")]
    assert words == [
        "deleted version 2, which champion named",
        "changed name from 'm' to 'n'",
        "changed stage of version 2 from 'None' to 'Staging'",
        "changed alias champion from 1 to 2",
        "set alias champion to 1",
        "created version 2 from 's3://bucket/2'",
        "created version 1 from 's3://bucket/1'",
        "created registered model 'm'",
    ]
    # The name that it had leads to it as well, as long as no other model takes it.
    assert [each["words"] for each in desk.history("m")] == words
    lines = run("log", "history", "registered-model/n", data=desk.data).stdout.splitlines()
    assert [line.split("  ")[-1] for line in lines] == words[::-1]
    absent = run("log", "history", "registered-model/x", data=desk.data, code=1).stderr
    assert "there is no registered-model named x" in absent


def test_the_past_of_the_registry(desk: Desk) -> None:
    client = desk.client
    client.set_registered_model_alias("m", "champion", "1")
    before = desk.history()[0]["position"]
    client.set_registered_model_alias("m", "champion", "2")
    client.delete_registered_model("m")
    past = MlflowClient(
        f"http://127.0.0.1:{desk.rest.port}/as-of/{before}",
        f"http://127.0.0.1:{desk.rest.port}/as-of/{before}",
    )
    assert past.get_registered_model("m").aliases == {"champion": "1"}
    assert past.get_model_version_by_alias("m", "champion").source == "s3://bucket/1"
