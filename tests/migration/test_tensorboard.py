"""Event files that a real writer made come over, once, and go on being written."""

import math
import struct
from pathlib import Path

import pytest
from tensorboardX import SummaryWriter

from eventtrack.migration import SourceError
from eventtrack.migration.tfevents import Item, Other, Scalar, items_of
from tests.operations.command import run, run_json
from tests.rest import Rest
from tests.servers import eventtrack_server


def write(folder: Path, start: int = 0, points: int = 300) -> None:
    writer = SummaryWriter(str(folder))
    for step in range(start, start + points):
        writer.add_scalar("loss", 1 / (step + 1), step, walltime=1_700_000_000 + step)
        writer.add_scalar("train/acc (top 1)", step / 4, step, walltime=1_700_000_000 + step)
    writer.add_scalar("odd", math.nan, -1, walltime=1_700_000_000.25)
    writer.close()


@pytest.mark.filterwarnings("ignore")
def test_each_folder_becomes_a_run_with_its_scalars(tmp_path: Path) -> None:
    logs, data = tmp_path / "logs", tmp_path / "data"
    write(logs / "a")
    write(logs / "deep" / "b")
    done = run_json("import", "--from", "tensorboard", str(logs), data=data)
    assert (done["runs"]["new"], done["points"]) == (2, 1202)
    again = run_json("import", "--from", "tensorboard", str(logs), data=data)
    assert (again["runs"]["unchanged"], again["points"]) == (2, 0)
    write(logs / "a", start=300, points=50)
    again = run_json("import", "--from", "tensorboard", str(logs), data=data)
    assert (again["runs"]["changed"], again["points"]) == (1, 101)
    with eventtrack_server(data) as server:
        rest = Rest(server.port)
        experiment = rest.get("experiments/get-by-name", experiment_name="logs")["experiment"]
        found = rest.post("runs/search", experiment_ids=[experiment["experiment_id"]])["runs"]
        runs = {each["info"]["run_name"]: each["info"] for each in found}
        assert set(runs) == {"a", "deep/b"}
        assert runs["deep/b"]["start_time"] == 1_700_000_000_000
        assert runs["deep/b"]["end_time"] == 1_700_000_299_000
        run_id = runs["a"]["run_id"]
        points = rest.get("metrics/get-history", run_id=run_id, metric_key="loss")["metrics"]
        assert len(points) == 350
        assert points[3]["timestamp"] == 1_700_000_003_000
        assert points[3]["value"] == struct.unpack("<f", struct.pack("<f", 0.25))[0]
        odd = rest.get("metrics/get-history", run_id=run_id, metric_key="odd")["metrics"]
        assert [(point["step"], point["value"]) for point in odd] == [(-1, "NaN")]
        acc = "train/acc__top_1_"  # the writer cleans tags itself
        assert rest.get("metrics/get-history", run_id=run_id, metric_key=acc)["metrics"]
        rest.close()


@pytest.mark.filterwarnings("ignore")
def test_hyperparameters_become_params_and_the_rest_is_counted(tmp_path: Path) -> None:
    logs, data = tmp_path / "logs", tmp_path / "data"
    writer = SummaryWriter(str(logs))
    writer.add_hparams({"lr": 0.1, "layers": 3, "name": "net", "bias": True}, {"hp/loss": 0.5})
    writer.add_text("note", "hello")
    writer.close()
    done = run_json("import", "--from", "tensorboard", str(logs), "--experiment", "mine", data=data)
    assert done["not_carried"] == {"text": 1}
    with eventtrack_server(data) as server:
        rest = Rest(server.port)
        (experiment,) = rest.post("experiments/search", max_results=5, filter="name = 'mine'")[
            "experiments"
        ]
        found = rest.post("runs/search", experiment_ids=[experiment["experiment_id"]])["runs"]
        params = {
            each["key"]: each["value"] for run in found for each in run["data"].get("params", [])
        }
        assert params == {"lr": "0.1", "layers": "3", "name": "net", "bias": "True"}
        rest.close()


def test_scalars_of_tensors_are_read_too(tmp_path: Path) -> None:
    """As TensorFlow 2 writes them: a tensor of one float, in either of its two layouts."""
    path = tmp_path / "events.out.tfevents.1"
    raw = tensor(bytes([0x22, 4]) + struct.pack("<f", 0.5))
    packed = tensor(bytes([0x2A, 4]) + struct.pack("<f", 0.25))
    path.write_bytes(record(event(raw)) + record(event(packed)) + record(event(raw))[:-3])
    assert list(items_of(path)) == [Scalar("t", 7, 1.5, 0.5), Scalar("t", 7, 1.5, 0.25)]


def test_what_is_no_event_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "events.out.tfevents.1"
    path.write_bytes(b"not an event file at all, but long enough")
    with pytest.raises(SourceError, match="is not an event file"):
        list(items_of(path))
    assert isinstance(Other("x"), Item)
    said = run("import", "--from", "tensorboard", str(tmp_path), data=tmp_path / "d", code=1)
    assert "is not an event file" in said.stderr.replace("\n", " ")
    (tmp_path / "none").mkdir()
    said = run(
        "import", "--from", "tensorboard", str(tmp_path / "none"), data=tmp_path / "d", code=1
    )
    assert "there is no event file" in said.stderr.replace("\n", " ")


def tensor(content: bytes) -> bytes:
    """A Summary.Value `t` with a float tensor."""
    body = bytes([0x08, 1]) + content
    return bytes([0x0A, 1]) + b"t" + bytes([0x42, len(body)]) + body


def event(value: bytes) -> bytes:
    summary = bytes([0x0A, len(value)]) + value
    head = bytes([0x09]) + struct.pack("<d", 1.5) + bytes([0x10, 7])
    return head + bytes([0x2A, len(summary)]) + summary


def record(body: bytes) -> bytes:
    length = struct.pack("<Q", len(body))
    return length + struct.pack("<I", masked_crc(length)) + body + b"\0\0\0\0"


def masked_crc(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF
