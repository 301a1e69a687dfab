"""`eventtrack artifacts` on a real data folder, with a server running on it and without one."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.operations.command import run, run_json
from tests.rest import Rest
from tests.servers import eventtrack_server

LARGE = bytes(range(256)) * 20_000
"""More than one chunk, so that chunks must come in order."""


class Kept(NamedTuple):
    data: Path
    run_id: str
    model_id: str


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    """A data folder with a run and a logged model that have files; its server has stopped."""
    data = tmp_path_factory.mktemp("artifacts") / "data"
    with eventtrack_server(data) as server:
        rest = Rest(server.port)
        run_id = rest.create_run()
        model_id = rest.post("logged-models", experiment_id="0", name="m")["model"]["info"][
            "model_id"
        ]
        files = {
            f"0/{run_id}/artifacts/notes.txt": b"notes",
            f"0/{run_id}/artifacts/plots/roc.png": LARGE,
            f"0/{run_id}/artifacts/plots/deep/loss.png": b"loss",
            f"0/models/{model_id}/artifacts/MLmodel": b"artifact_path: m",
        }
        for path, body in files.items():
            put = rest.ask("PUT", f"/api/2.0/mlflow-artifacts/artifacts/{path}", body)
            assert put[0] == 200, put
        rest.close()
    return Kept(data, run_id, model_id)


@pytest.fixture(params=["alone", "beside a server"])
def data(request: pytest.FixtureRequest, kept: Kept) -> Iterator[Path]:
    """The data folder, with a server on it or without: the commands must not care."""
    if request.param == "alone":
        yield kept.data
        return
    with eventtrack_server(kept.data):
        yield kept.data


def test_a_folder_is_listed(data: Path, kept: Kept) -> None:
    assert run_json("artifacts", "list", kept.run_id, "plots", data=data) == [
        {"path": "plots/deep", "is_dir": True, "size": 0},
        {"path": "plots/roc.png", "is_dir": False, "size": len(LARGE)},
    ]
    shown = run("artifacts", "list", kept.run_id, "-r", data=data).stdout
    assert [line.split() for line in shown.splitlines()[1:]] == [
        ["notes.txt", "5"],
        ["plots/"],
        ["plots/deep/"],
        ["plots/deep/loss.png", "4"],
        ["plots/roc.png", str(len(LARGE))],
    ]
    model = run_json("artifacts", "list", kept.model_id, data=data)
    assert [each["path"] for each in model] == ["MLmodel"]


def test_a_folder_comes_with_all_it_holds(data: Path, kept: Kept, tmp_path: Path) -> None:
    done = run_json(
        "artifacts", "download", kept.run_id, "plots", "--to", str(tmp_path / "out"), data=data
    )
    assert done == {"folder": str(tmp_path / "out"), "files": 2, "bytes": len(LARGE) + 4}
    assert (tmp_path / "out/plots/roc.png").read_bytes() == LARGE
    assert (tmp_path / "out/plots/deep/loss.png").read_bytes() == b"loss"
    assert not (tmp_path / "out/notes.txt").exists()


def test_one_file_comes_alone_and_replaces_what_is_there(
    data: Path, kept: Kept, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("of an earlier download")
    run("artifacts", "download", kept.run_id, "notes.txt", "--to", str(tmp_path), data=data)
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == {"notes.txt": b"notes"}


def test_what_is_uploaded_is_stored_and_in_the_history(
    data: Path, kept: Kept, tmp_path: Path
) -> None:
    (tmp_path / "report/figures").mkdir(parents=True)
    (tmp_path / "report/index.html").write_bytes(LARGE)
    (tmp_path / "report/figures/one.svg").write_text("<svg/>")
    before = len(run_json("log", "history", f"run/{kept.run_id}", data=data))
    done = run_json(
        "artifacts", "upload", kept.run_id, str(tmp_path / "report"), "--to", "web", data=data
    )
    assert [(each["path"], each["size"]) for each in done["files"]] == [
        ("web/figures/one.svg", 6),
        ("web/index.html", len(LARGE)),
    ]
    out = tmp_path / "out"
    run("artifacts", "download", kept.run_id, "web", "--to", str(out), data=data)
    assert (out / "web/index.html").read_bytes() == LARGE
    events = run_json("log", "history", f"run/{kept.run_id}", data=data)[before:]
    assert [each["type"] for each in events] == ["ArtifactStored/1", "ArtifactStored/1"]


def test_one_file_is_uploaded_under_its_name(data: Path, kept: Kept, tmp_path: Path) -> None:
    (tmp_path / "weights.bin").write_bytes(b"w")
    said = run("artifacts", "upload", kept.model_id, str(tmp_path / "weights.bin"), data=data)
    assert "1 files are stored" in said.stdout
    found = run_json("artifacts", "list", kept.model_id, data=data)
    assert "weights.bin" in [each["path"] for each in found]


def test_what_is_not_there_is_named(data: Path, kept: Kept, tmp_path: Path) -> None:
    done = run("artifacts", "list", "nobody", data=data, code=1)
    assert "no run and no logged model with id nobody" in done.stderr
    to = ("--to", str(tmp_path / "out"))
    done = run("artifacts", "download", kept.run_id, "nothing.txt", *to, data=data, code=1)
    assert "nothing.txt" in done.stderr
    done = run("artifacts", "download", kept.run_id, "../..", *to, data=data, code=1)
    assert "'..'" in done.stderr
    assert not (tmp_path / "out").exists()
    done = run("artifacts", "upload", kept.run_id, str(tmp_path / "absent"), data=data, code=2)
    assert "absent" in done.stderr


def test_nothing_is_added_to_what_is_deleted(data: Path, tmp_path: Path, kept: Kept) -> None:
    with eventtrack_server(tmp_path / "data") as server:
        rest = Rest(server.port)
        run_id = rest.create_run()
        rest.post("runs/delete", run_id=run_id)
        rest.close()
        done = run("artifacts", "upload", run_id, __file__, data=tmp_path / "data", code=1)
    assert "restore it first" in done.stderr
