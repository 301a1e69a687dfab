"""A projection that makes something else of the same events has another version.

`folded.json` holds, per projection, its version and the digest of the tables that the recorded
events lead to.  A changed result without a raised version would leave old views in place at every
user's next start; this test fails instead, and says what to write into the file.
"""

import re
import sqlite3
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest

from eventtrack.events import Fact, Position, Recorded, decode
from projections.builtin import BUILT_IN
from projections.projection import Projection
from tests.events.examples import EXAMPLES
from tests.support import ACTOR, answers_of, fold

FOLDED = Path(__file__).parent / "folded.json"
RECORDINGS = Path(__file__).parent.parent / "events" / "recorded"


class Folded(msgspec.Struct):
    version: int
    digest: str


def recorded_events() -> list[Recorded]:
    """The recordings, every version of an event in the place of its example."""
    order = [type(example).__name__ for example in EXAMPLES]
    paths = sorted(RECORDINGS.iterdir(), key=lambda path: order.index(path.name.split(".")[0]))
    return [
        Recorded(Position(number), "s", None, number, ACTOR, decode(path.read_bytes()), b"")
        for number, path in enumerate(paths, 1)
    ]


def tables_of(connection: sqlite3.Connection, projection: Projection) -> str:
    """The DDL and every row of a projection's tables."""
    lines = [" ".join(re.sub("--.*", "", projection.tables).split())]
    owned = sqlite3.connect(":memory:")
    owned.executescript(projection.tables)
    names = [
        name
        for (name,) in owned.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            " ORDER BY name"
        )
    ]
    owned.close()
    for name in names:
        lines += [f"{name} {row!r}" for row in connection.execute(f"SELECT * FROM {name}")]
    return "\n".join(lines)


@pytest.fixture(scope="module")
def views_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recorded") / "views.db"
    fold(path, [recorded_events()])
    return path


@pytest.mark.parametrize("projection", BUILT_IN, ids=lambda projection: projection.name)
def test_a_projection_with_another_result_has_another_version(
    views_path: Path, projection: Projection
) -> None:
    connection = sqlite3.connect(views_path)
    text = tables_of(connection, projection)
    connection.close()
    known = msgspec.json.decode(FOLDED.read_bytes(), type=dict[str, Folded])
    found = Folded(projection.version, sha256(text.encode()).hexdigest())
    before = known.get(projection.name)
    if before is not None and before.digest != found.digest:
        assert before.version != found.version, (
            f"{projection.name} makes something else of the recorded events: raise its version"
        )
    assert before == found, f"write into folded.json: {msgspec.json.encode(found).decode()}"


def test_every_event_is_handled_or_known_to_change_no_view() -> None:
    handled: set[type[Fact]] = set()
    for projection in BUILT_IN:
        handled |= set(projection.handlers)
    silent = {type(example).__name__ for example in EXAMPLES if type(example) not in handled}
    assert silent == {
        "ExperimentNameClaimed",
        "ExperimentNameReleased",
        "Undone",
        "ImportProgressed",
        "RegisteredModelNameClaimed",
        "RegisteredModelNameReleased",
    }


async def test_the_recorded_life_is_seen_in_the_views(views_path: Path) -> None:
    found = await answers_of(views_path)
    assert {what: len(each) for what, each in found.items()} == {
        "runs": 1,
        "experiments": 1,
        "logged models": 1,
        "histories": 2,
    }
    (run,) = found["runs"]
    assert b"the good one" in run
    assert b"FINISHED" in run
