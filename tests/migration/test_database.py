"""A database of the real mlflow comes over whole, once, and again only with what is new."""

import os
import re
import shutil
import signal
import sqlite3
import time
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.migration.scripts import populated, seen
from tests.operations.command import begin, run, run_json
from tests.rest import Rest
from tests.servers import eventtrack_server


class Made(NamedTuple):
    """A database that the real mlflow made, what its client sees in it, the ids in it."""

    path: Path
    seen: Any
    ids: dict[str, str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("source")
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    ids = populated(uri, folder)
    return Made(folder / "mlflow.db", seen(uri, folder), ids)


def counted(database: Path, sql: str) -> int:
    connection = sqlite3.connect(database)
    ((found,),) = connection.execute(sql).fetchall()
    connection.close()
    return int(found)


def events(data: Path) -> int:
    return counted(data / "log.db", "SELECT count(*) FROM events")


def test_a_client_sees_here_what_it_saw_there(made: Made, tmp_path: Path) -> None:
    data = tmp_path / "data"
    done = run_json("import", str(made.path), data=data)
    assert done["points"] == counted(made.path, "SELECT count(*) FROM metrics")
    assert (done["runs"]["new"], done["models"]["new"], done["refused"]) == (5, 1, [])
    with eventtrack_server(data) as server:
        assert seen(server.url, tmp_path) == made.seen
    assert run_json("log", "verify", data=data)["intact"] is True


def test_imported_twice_is_imported_once(made: Made, tmp_path: Path) -> None:
    data = tmp_path / "data"
    run("import", str(made.path), data=data)
    before = events(data)
    again = run_json("import", f"sqlite:///{made.path}", data=data)
    assert again["runs"] == {"new": 0, "changed": 0, "unchanged": 5, "refused": 0}
    assert again["points"] == 0
    assert events(data) == before


def test_a_dry_run_says_the_same_and_writes_nothing(made: Made, tmp_path: Path) -> None:
    data = tmp_path / "data"
    dry = run_json("import", str(made.path), "--dry-run", data=data)
    assert not data.exists()
    done = run_json("import", str(made.path), data=data)
    assert dry == {**done, "dry_run": True}
    before = events(data)
    assert run_json("import", str(made.path), "--dry-run", data=data)["runs"]["unchanged"] == 5
    assert events(data) == before


def test_a_running_server_takes_the_import_and_goes_on(made: Made, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with eventtrack_server(data) as server:
        rest = Rest(server.port)
        own = rest.create_run()
        done = run_json("import", str(made.path), data=data)
        assert done["refused"] == []
        rest.post("runs/log-metric", run_id=made.ids["child"], key="more", value=1, timestamp=1)
        found = rest.post("runs/search", experiment_ids=["0"])["runs"]
        ids = [each["info"]["run_id"] for each in found]
        assert set(ids) == {own, made.ids["default"]}
        rest.close()


def test_what_is_new_at_the_source_comes_with_the_next_import(made: Made, tmp_path: Path) -> None:
    source, data = tmp_path / "mlflow.db", tmp_path / "data"
    shutil.copy(made.path, source)
    run("import", str(source), data=data)
    connection = sqlite3.connect(source)
    child, parent = made.ids["child"], made.ids["parent"]
    changes = [
        ("INSERT INTO metrics VALUES ('loss', 9.5, 1800000000000, ?, 6000, 0)", parent),
        (
            """UPDATE latest_metrics SET value = 9.5, step = 6000, timestamp = 1800000000000
               WHERE key = 'loss' AND run_uuid = ?""",
            parent,
        ),
        # A point in between, as an asynchronous client may log it.
        ("INSERT INTO metrics VALUES ('odd', 7.0, 1600000000000, ?, -50, 0)", child),
        ("INSERT INTO params VALUES ('late', 'yes', ?)", child),
        ("UPDATE tags SET value = 'final' WHERE key = 'stage' AND run_uuid = ?", child),
        ("DELETE FROM tags WHERE key = 'long' AND run_uuid = ?", child),
        (
            "UPDATE runs SET status = 'FINISHED', lifecycle_stage = 'deleted' WHERE run_uuid = ?",
            child,
        ),
        ("UPDATE runs SET lifecycle_stage = 'active' WHERE run_uuid = ?", made.ids["dead"]),
    ]
    for sql, run_id in changes:
        connection.execute(sql, (run_id,))
    connection.executescript(
        """
        INSERT INTO registered_models (name, creation_time, last_updated_time) VALUES ('n', 5, 6);
        INSERT INTO model_versions (name, version, creation_time, last_updated_time, source,
            storage_location, current_stage, status)
        VALUES ('net', 5, 1800000000000, 1800000000000, 's3://b/5', 's3://b/5', 'None', 'READY');
        UPDATE model_versions SET current_stage = 'Production', last_updated_time = 1800000000001
        WHERE name = 'net' AND version = 3;
        UPDATE model_versions SET current_stage = 'Deleted_Internal' WHERE name = 'net' AND
            version = 1;
        DELETE FROM registered_model_aliases WHERE alias = 'old';
        UPDATE registered_model_aliases SET version = 5 WHERE alias = 'champion';
        UPDATE model_version_tags SET value = 'three' WHERE name = 'net' AND version = 3 AND
            key = 'number';
        UPDATE registered_models SET description = 'else', last_updated_time = 1800000000002
        WHERE name = 'net';
        """
    )
    connection.commit()
    connection.close()
    done = run_json("import", str(source), data=data)
    assert (done["points"], done["runs"]["changed"]) == (2, 3)
    assert done["registered_models"] == {"new": 1, "changed": 1, "unchanged": 3, "refused": 0}
    with eventtrack_server(data) as server:
        assert seen(server.url, tmp_path) == seen(f"sqlite:///{source}", tmp_path)


def test_what_was_changed_here_stays_so_until_the_source_changes_it(
    made: Made, tmp_path: Path
) -> None:
    source, data = tmp_path / "mlflow.db", tmp_path / "data"
    shutil.copy(made.path, source)
    run("import", str(source), data=data)
    child = made.ids["child"]
    with eventtrack_server(data) as server:
        rest = Rest(server.port)
        rest.post("runs/set-tag", run_id=child, key="stage", value="ours")
        rest.post("runs/delete-tag", run_id=child, key="long")
        assert run_json("import", str(source), data=data)["runs"]["changed"] == 0
        tags = tags_of(rest, child)
        assert (tags["stage"], "long" in tags) == ("ours", False)
        connection = sqlite3.connect(source)
        connection.execute("UPDATE tags SET value = 'theirs' WHERE key = 'stage'")
        connection.commit()
        connection.close()
        assert run_json("import", str(source), data=data)["runs"]["changed"] == 1
        assert tags_of(rest, child)["stage"] == "theirs"
        rest.close()


def tags_of(rest: Rest, run_id: str) -> dict[str, str]:
    found = rest.get("runs/get", run_id=run_id)["run"]["data"]["tags"]
    return {each["key"]: each["value"] for each in found}


@pytest.mark.parametrize("pause", [0.0, 0.1, 0.3])
def test_a_killed_import_is_completed_by_the_next(made: Made, tmp_path: Path, pause: float) -> None:
    data = tmp_path / "data"
    killed = begin("import", str(made.path), data=data)
    while not (data / "log.db").exists() or (pause and events_so_far(data) < 8):
        time.sleep(0.005)
    time.sleep(pause)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    run("import", str(made.path), data=data)
    whole = tmp_path / "whole"
    run("import", str(made.path), data=whole)
    assert told(data) == told(whole)
    with eventtrack_server(data) as server:
        assert seen(server.url, tmp_path) == made.seen


def events_so_far(data: Path) -> int:
    try:
        return events(data)
    except sqlite3.OperationalError:
        return 0


def told(data: Path) -> list[tuple[str, int]]:
    """How many events each stream has; a registered model's has a name made up here."""
    connection = sqlite3.connect(data / "log.db")
    found = connection.execute(
        "SELECT s.name, count(*) FROM events JOIN streams s USING (stream_id) GROUP BY 1 ORDER BY 1"
    ).fetchall()
    connection.close()
    return sorted((re.sub("^(registered-model)/.*", r"\1", name), count) for name, count in found)


def test_experiments_that_would_mix_are_left_out_or_renamed(made: Made, tmp_path: Path) -> None:
    data = tmp_path / "data"
    with eventtrack_server(data) as server:
        rest = Rest(server.port)
        rest.post("experiments/create", name="another")
        rest.post("experiments/create", name="first")
        rest.close()
    done = run_json("import", str(made.path), data=data)
    assert (done["experiments"]["refused"], done["runs"]["new"]) == (2, 1)
    assert "the id 1 belongs to 'another' here" in done["refused"][0]
    assert "the id 2 belongs to 'first' here" in done["refused"][1]
    done = run_json("import", str(made.path), "--rename-conflicts", data=data)
    assert (done["experiments"]["new"], done["runs"]["new"], done["refused"]) == (2, 4, [])
    assert run_json("import", str(made.path), data=data)["refused"] == []
    with eventtrack_server(data) as server:
        found = seen(server.url, tmp_path)
    names = {number: each["name"] for number, each in found["experiments"].items()}
    assert names == {
        "0": "Default",
        "1": "another",
        "2": "first",
        "3": "first (imported)",
        "4": "gone",
    }
    assert found["runs"][made.ids["parent"]]["info"]["experiment_id"] == "3"


def test_the_same_runs_from_another_place_come_once(made: Made, tmp_path: Path) -> None:
    data, other = tmp_path / "data", tmp_path / "copy.db"
    run("import", str(made.path), data=data)
    shutil.copy(made.path, other)
    done = run_json("import", str(other), data=data)
    assert (done["runs"]["unchanged"], done["points"]) == (5, 0)


def test_what_does_not_come_over_is_counted(made: Made, tmp_path: Path) -> None:
    source, data = tmp_path / "mlflow.db", tmp_path / "data"
    shutil.copy(made.path, source)
    connection = sqlite3.connect(source)
    connection.execute(
        """INSERT INTO webhooks (webhook_id, name, url, status, creation_timestamp,
               last_updated_timestamp)
           VALUES ('w', 'w', 'https://example.com', 'ACTIVE', 1, 1)"""
    )
    connection.commit()
    connection.close()
    done = run_json("import", str(source), data=data)
    assert done["not_carried"] == {"webhooks": 1}
    said = run("import", str(source), data=data).stdout
    assert "not carried over: webhooks (1)" in said


def test_a_database_of_an_old_release_comes_over(tmp_path: Path) -> None:
    """MLflow 1.0: no names, no experiment times, no index by run, no inputs, no models."""
    source, data = tmp_path / "old.db", tmp_path / "data"
    connection = sqlite3.connect(source)
    connection.executescript(
        """
        CREATE TABLE experiments (experiment_id INTEGER PRIMARY KEY, name TEXT,
            artifact_location TEXT, lifecycle_stage TEXT);
        CREATE TABLE runs (run_uuid TEXT PRIMARY KEY, name TEXT, source_type TEXT,
            source_name TEXT, entry_point_name TEXT, user_id TEXT, status TEXT,
            start_time BIGINT, end_time BIGINT, source_version TEXT, lifecycle_stage TEXT,
            artifact_uri TEXT, experiment_id INTEGER);
        CREATE TABLE metrics (key TEXT, value FLOAT, timestamp BIGINT, run_uuid TEXT,
            step BIGINT DEFAULT 0, is_nan BOOLEAN, PRIMARY KEY (key, timestamp, step, run_uuid));
        CREATE TABLE params (key TEXT, value TEXT, run_uuid TEXT);
        CREATE TABLE tags (key TEXT, value TEXT, run_uuid TEXT);
        INSERT INTO experiments VALUES (0, 'Default', './mlruns/0', 'active');
        INSERT INTO runs VALUES ('r1', '', 'LOCAL', '', '', 'eve', 'FINISHED', 5, 9, '', 'active',
            './mlruns/0/r1/artifacts', 0);
        INSERT INTO runs VALUES ('r2', '', 'LOCAL', '', '', 'eve', 'RUNNING', 6, NULL, '',
            'active', './mlruns/0/r2/artifacts', 0);
        INSERT INTO tags VALUES ('mlflow.runName', 'the first', 'r1');
        INSERT INTO metrics VALUES ('m', 1, 5, 'r1', 0, 0), ('m', 5, 5, 'r2', 0, 0),
            ('m', 0, 6, 'r1', 1, 1);
        """
    )
    connection.commit()
    connection.close()
    done = run_json("import", str(source), data=data)
    assert done["points"] == 3
    assert run_json("import", str(source), data=data)["points"] == 0
    with eventtrack_server(data) as server:
        rest = Rest(server.port)
        found = rest.get("runs/get", run_id="r1")["run"]
        assert found["info"]["run_name"] == "the first"
        assert found["info"]["end_time"] == 9
        points = rest.get("metrics/get-history", run_id="r1", metric_key="m")["metrics"]
        assert [(point["step"], point["value"]) for point in points] == [(0, 1), (1, "NaN")]
        rest.close()


def test_what_is_no_source_is_refused_with_the_reason(tmp_path: Path) -> None:
    data, other = tmp_path / "data", tmp_path / "other.db"
    sqlite3.connect(other).execute("CREATE TABLE t (x)").connection.close()
    for source, said in (
        (str(tmp_path / "absent"), "there is nothing at"),
        (f"sqlite:///{tmp_path}/absent.db", "there is no database at"),
        (str(other), "it has no table experiments"),
        ("mysql://host/name", "mysql:// is not a source"),
    ):
        assert said in run("import", source, data=data, code=1).stderr
