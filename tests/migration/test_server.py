"""A running mlflow server is brought over whole through its API, and so is an eventtrack."""

from pathlib import Path

from tests.migration.scripts import populated, seen
from tests.operations.command import run, run_json
from tests.rest import Rest
from tests.servers import eventtrack_server, free_port, mlflow_server


def test_a_client_sees_here_what_it_saw_there(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with mlflow_server(tmp_path / "mlflow") as source:
        ids = populated(source.url, tmp_path)
        there = seen(source.url, tmp_path)
        first = run_json("import", source.url, data=data)
        assert (first["refused"], first["runs"]["new"], first["models"]["new"]) == ([], 5, 1)
        again = run_json("import", source.url, data=data)
        assert (again["points"], again["runs"]["unchanged"]) == (0, 5)
        rest = Rest(source.port)
        rest.post("runs/log-metric", run_id=ids["child"], key="odd", value=3, timestamp=1, step=9)
        rest.close()
        again = run_json("import", source.url, data=data)
        assert (again["points"], again["runs"]["changed"]) == (1, 1)
        database = run_json("import", str(tmp_path / "mlflow" / "mlflow.db"), data=data)
        assert (database["points"], database["runs"]["new"]) == (0, 0)
        there["runs"][ids["child"]] = seen(source.url, tmp_path)["runs"][ids["child"]]
    with eventtrack_server(data) as server:
        assert seen(server.url, tmp_path) == there
        copy = tmp_path / "copy"
        assert run_json("import", server.url, data=copy)["refused"] == []
    with eventtrack_server(copy) as server:
        assert seen(server.url, tmp_path) == there


def test_a_server_that_is_none_is_refused(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    said = run("import", url, data=tmp_path / "data", code=1).stderr.replace("\n", " ")
    assert "cannot be read" in said
    assert "refused" in said
