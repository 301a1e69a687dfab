"""Every event shape that was ever released is recorded, and every release can read all of them."""

import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from eventtrack.events import CURRENT, UnknownEvent, decode, encode, stored_name
from eventtrack.events.fact import Fact
from eventtrack.events.history import HISTORY, UPCASTERS
from tests.events.examples import EXAMPLES

ROOT = Path(__file__).parent.parent.parent
RECORDED = Path(__file__).parent / "recorded"
RECORDINGS = sorted(RECORDED.iterdir())


def record(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "record_events"), str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_shape_has_a_recording_and_every_recording_a_shape() -> None:
    shapes = {stored_name(event).replace("/", ".") + ".msgpack" for event in CURRENT + HISTORY}
    assert {path.name for path in RECORDINGS} == shapes


def test_every_event_that_is_written_has_an_example() -> None:
    assert {type(example) for example in EXAMPLES} == set(CURRENT)


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.name)
def test_a_recording_is_read_in_its_current_shape(path: Path) -> None:
    payload = path.read_bytes()
    event = decode(payload)
    assert type(event) in CURRENT
    again = encode(event)
    assert encode(decode(again)) == again
    if path.name.removesuffix(".msgpack") == stored_name(type(event)).replace("/", "."):
        assert again == payload, "a shape that is still written is written as ever"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: type(example).__name__)
def test_an_example_fills_in_every_field(example: Fact) -> None:
    """Else a field could change its meaning unseen."""
    fields = {field.encode_name for field in msgspec.structs.fields(type(example))}
    assert msgspec.msgpack.decode(encode(example)).keys() == {"event", *fields}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: type(example).__name__)
def test_an_event_survives_the_bytes(example: Fact) -> None:
    assert decode(encode(example)) == example


def test_every_retired_shape_is_lifted_and_no_current_one_is() -> None:
    assert set(UPCASTERS) == set(HISTORY)
    assert not set(HISTORY) & set(CURRENT)


def test_a_stored_name_is_used_once() -> None:
    names = [stored_name(event) for event in CURRENT + HISTORY]
    assert len(set(names)) == len(names)


def test_what_is_recorded_is_what_the_script_records(tmp_path: Path) -> None:
    done = record(tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (RECORDED / path.name).read_bytes()
    again = record(tmp_path)
    assert (again.returncode, again.stdout) == (0, "")


def test_a_recording_is_never_changed(tmp_path: Path) -> None:
    shutil.copytree(RECORDED, tmp_path, dirs_exist_ok=True)
    changed, missing = tmp_path / "RunDeleted.1.msgpack", tmp_path / "RunRestored.1.msgpack"
    changed.write_bytes(encode(EXAMPLES[0]))
    missing.unlink()
    done = record(tmp_path)
    assert done.returncode == 1
    assert "RunDeleted/1" in done.stderr
    assert "next version" in done.stderr
    assert changed.read_bytes() == encode(EXAMPLES[0])
    assert missing.read_bytes() == (RECORDED / missing.name).read_bytes()


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (msgspec.msgpack.encode({"event": "RunCreated/99", "run_id": "r"}), "RunCreated/99"),
        (msgspec.msgpack.encode({"event": "RunAnnotated/1"}), "RunAnnotated/1"),
        (msgspec.msgpack.encode({"run_id": "r"}), "event"),
        (msgspec.msgpack.encode({"event": "RunDeleted/1"}), "run_id"),
        (msgspec.msgpack.encode({"event": "RunDeleted/1", "run_id": 7}), "run_id"),
        (msgspec.msgpack.encode([1, 2]), "array"),
        (b"", "truncated"),
        (b"\x83\xa5event", "truncated"),
        (encode(EXAMPLES[0]) + b"\x00", "trailing"),
    ],
    ids=["version", "name", "nameless", "missing", "retyped", "array", "empty", "torn", "longer"],
)
def test_what_cannot_be_read_is_refused_with_the_reason(payload: bytes, said: str) -> None:
    with pytest.raises(UnknownEvent, match="upgrade eventtrack") as caught:
        decode(payload)
    assert said in str(caught.value)
