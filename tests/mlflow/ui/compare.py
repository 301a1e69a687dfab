"""Tours MLflow's web UI on MLflow and on eventtrack and says what is asked and answered otherwise.

    python -m tests.mlflow.ui.compare MLFLOW_PORT EVENTTRACK_PORT FOLDER [PAGE ...]

Both servers run already, with nothing in them, or with what an earlier call has put there.  FOLDER
gets the exchanges of each page as JSON and the screenshots, side by side.
"""

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from playwright.sync_api import sync_playwright

from tests.mlflow.ui.population import Populated, populate
from tests.mlflow.ui.recording import WITHOUT_THE_ASSISTANT, Exchange, Recorder, unexpected
from tests.mlflow.ui.tour import pages
from tests.rest import Rest
from tests.ui.conftest import CHROMIUM_FLAGS

SIDES = ("mlflow", "eventtrack")

PATIENCE_MS = 2000.0
"""A script of some megabytes keeps a busy machine longer than a test of one page waits."""

ANSWERED_OTHERWISE = {
    "GET /ajax-api/3.0/mlflow/server-info": "other features: no gateway; multipart uploads",
    "GET /ajax-api/3.0/mlflow/assistant/providers": "this server brings no assistant",
    "GET /ajax-api/3.0/mlflow/label-schemas/list": "MLflow makes a first one when it is asked",
    "GET /ajax-api/3.0/mlflow/review-queues/list": "MLflow makes a first one when it is asked",
    "POST /ajax-api/3.0/mlflow/review-queues/get-or-create-user": "there is nothing to review",
}
NOT_ASKED = {
    "GET /ajax-api/3.0/mlflow/review-queues/items/list": "there is no queue",
    "GET /ajax-api/3.0/mlflow/gateway/": "server-info says that there is no gateway",
    "GET /ajax-api/3.0/mlflow/scorers/list": "without a gateway there is no page of judges",
}
ASKED_BY_CHANCE = {
    "GET /ajax-api/2.0/mlflow/experiments/get": "some pages ask only if the runs come first",
}

Visits = dict[str, tuple[list[Exchange], list[str]]]


def main(arguments: list[str]) -> None:
    """Tour both servers and print the differences."""
    folder, wanted = Path(arguments[2]), arguments[3:]
    ports = (int(arguments[0]), int(arguments[1]))
    for name, found in compared(ports, folder, wanted).items():
        sys.stdout.write("\n  ".join([f"== {name}", *found]) + "\n")


def compared(
    ports: tuple[int, int], folder: Path, wanted: Sequence[str] = ()
) -> dict[str, list[str]]:
    """The differences of each page, after putting the same things into both servers."""
    seen = []
    for side, port in zip(SIDES, ports, strict=True):
        (folder / side).mkdir(parents=True, exist_ok=True)
        seen.append(tour(port, _populated(port, folder / side), folder / side, wanted))
    theirs, ours = seen
    return {
        name: differences(exchanges, ours[name][0]) + unexpected(*ours[name], complaints)
        for name, (exchanges, complaints) in theirs.items()
    }


def _populated(port: int, folder: Path) -> Populated:
    note = folder / f"ids-{port}.json"
    if not note.exists():
        rest = Rest(port)
        note.write_bytes(msgspec.json.encode(populate(rest)))
        rest.close()
    return msgspec.json.decode(note.read_bytes(), type=Populated)


def tour(port: int, ids: Populated, folder: Path, wanted: Sequence[str]) -> Visits:
    """Open every page, each in a fresh tab, and note what it asks for."""
    seen: Visits = {}
    path = shutil.which("chromium")
    assert path is not None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        context = browser.new_context(viewport={"width": 1500, "height": 1000})
        context.add_init_script(WITHOUT_THE_ASSISTANT)
        for name, address in pages(ids).items():
            if wanted and name not in wanted:
                continue
            page = context.new_page()
            recorder = Recorder(page)
            page.goto(f"http://127.0.0.1:{port}/#{address}")
            for url in recorder.settle(PATIENCE_MS):
                sys.stderr.write(f"{name}: no answer yet from {url}\n")
            page.screenshot(path=folder / f"{name}.png")
            exchanges, complaints = recorder.take()
            seen[name] = [neutral(each, ids) for each in exchanges], complaints
            note = msgspec.json.format(msgspec.json.encode(seen[name]), indent=1)
            (folder / f"{name}.json").write_bytes(note)
            page.close()
        browser.close()
    return seen


def neutral(exchange: Exchange, ids: Populated) -> Exchange:
    """The exchange with words in the place of ids."""
    text = msgspec.json.encode(exchange).decode()
    for value, word in ids.names().items():
        if len(value) > 20:
            text = text.replace(value, word)
        else:
            text = text.replace(f'"{value}"', f'"{word}"')
    return msgspec.json.decode(text, type=Exchange)


def differences(theirs: list[Exchange], ours: list[Exchange]) -> list[str]:
    """What was asked of one server only, and what was answered otherwise."""
    exact = {each.key: each for each in ours}
    by_name = {each.name: each for each in ours}
    found = []
    for each in {each.key: each for each in theirs}.values():
        other = exact.get(each.key) or by_name.get(each.name)
        if other is None:
            if not each.name.startswith((*NOT_ASKED, *ASKED_BY_CHANCE)):
                found.append(f"not asked of us: {each.name}?{each.query}")
        elif each.name in ANSWERED_OTHERWISE:
            continue
        elif other.status != each.status:
            found.append(f"{each.name}?{each.query}: {other.status}, MLflow says {each.status}")
        elif each.status < 400:
            found += [
                f"{each.name}{where}"
                for where in unlike(comparable(each.answer), comparable(other.answer), "")
            ]
    names = {each.name for each in theirs} | ASKED_BY_CHANCE.keys()
    return found + [f"asked of us only: {each.name}" for each in ours if each.name not in names]


def comparable(value: Any) -> Any:
    """An answer without the server's own times and tokens, its lists in an order of their own."""
    if isinstance(value, dict):
        return {
            key: comparable(inner)
            for key, inner in value.items()
            if not any(word in key.lower() for word in ("creation", "last_update", "lastupdate"))
        }
    if isinstance(value, list):
        return sorted(map(comparable, value), key=lambda each: json.dumps(each, sort_keys=True))
    return value


def unlike(theirs: Any, ours: Any, at: str) -> list[str]:
    """Where two answers differ."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        found = []
        for key in sorted(theirs.keys() | ours.keys()):
            if key not in ours or key not in theirs:
                here = "here" if key in ours else "there"
                found.append(f"{at}.{key} only {here}")
            else:
                found += unlike(theirs[key], ours[key], f"{at}.{key}")
        return found
    if isinstance(theirs, list) and isinstance(ours, list) and len(theirs) == len(ours):
        pairs = enumerate(zip(theirs, ours, strict=True))
        return [line for index, pair in pairs for line in unlike(*pair, f"{at}[{index}]")][:9]
    if theirs == ours:
        return []
    return [f"{at}: {json.dumps(ours)[:90]}, MLflow says {json.dumps(theirs)[:90]}"]


if __name__ == "__main__":
    main(sys.argv[1:])
