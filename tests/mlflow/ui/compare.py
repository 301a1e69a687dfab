"""Tours MLflow's web UI on MLflow and on eventtrack and says what is asked and answered.

    python -m tests.mlflow.ui.compare MLFLOW_PORT EVENTTRACK_PORT FOLDER [PAGE ...]

Both servers run already, with nothing in them, or with what an earlier call has put there.  FOLDER
gets the exchanges of each page as JSON and the screenshots, side by side.
"""

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import msgspec
from playwright.sync_api import sync_playwright

from tests.mlflow.ui.population import Populated, populate
from tests.mlflow.ui.recording import Exchange, Recorder
from tests.mlflow.ui.tour import pages
from tests.pages.conftest import CHROMIUM_FLAGS
from tests.rest import Rest

Visits = dict[str, tuple[list[Exchange], list[str]]]


def main(arguments: list[str]) -> None:
    """Tour both servers and print the differences."""
    ports = {"mlflow": int(arguments[0]), "eventtrack": int(arguments[1])}
    folder, wanted = Path(arguments[2]), arguments[3:]
    seen: dict[str, Visits] = {}
    for side, port in ports.items():
        ids = populated(port, folder / side)
        seen[side] = tour(port, ids, folder / side, wanted)
    for name, (exchanges, complaints) in seen["mlflow"].items():
        report(name, exchanges, *seen["eventtrack"][name], complaints)


def populated(port: int, folder: Path) -> Populated:
    """The ids of what is in the server, which is put there once."""
    folder.mkdir(parents=True, exist_ok=True)
    note = folder / f"ids-{port}.json"
    if not note.exists():
        rest = Rest(port)
        note.write_bytes(msgspec.json.encode(populate(rest)))
        rest.close()
    return msgspec.json.decode(note.read_bytes(), type=Populated)


def tour(port: int, ids: Populated, folder: Path, wanted: list[str]) -> Visits:
    """Open every page."""
    seen: Visits = {}
    path = shutil.which("chromium")
    assert path is not None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        context = browser.new_context(viewport={"width": 1400, "height": 900})
        page = context.new_page()
        for name, address in pages(ids).items():
            if wanted and name not in wanted:
                continue
            recorder = Recorder(page)
            page.goto(f"http://127.0.0.1:{port}/#{address}")
            for url in recorder.settle():
                sys.stderr.write(f"{name}: no answer yet from {url}\n")
            page.screenshot(path=folder / f"{name}.png")
            exchanges, complaints = recorder.take()
            seen[name] = [neutral(each, ids) for each in exchanges], complaints
            (folder / f"{name}.json").write_bytes(
                msgspec.json.format(msgspec.json.encode(seen[name]), indent=1)
            )
            page.close()
            page = context.new_page()
        browser.close()
    return seen


def neutral(exchange: Exchange, ids: Populated) -> Exchange:
    """The exchange with words in the place of ids."""
    text = msgspec.json.encode(exchange).decode()
    for value, word in ids.names().items():
        text = text.replace(f'"{value}"', f'"{word}"')
        text = text.replace(f'\\"{value}\\"', f'\\"{word}\\"')
        if len(value) > 20:
            text = text.replace(value, word)
    return msgspec.json.decode(text, type=Exchange)


def report(
    name: str,
    theirs: list[Exchange],
    ours: list[Exchange],
    our_complaints: list[str],
    their_complaints: list[str],
) -> None:
    """Print one page's differences."""
    lines = []
    mine = {(each.name, each.query, json.dumps(each.body)): each for each in ours}
    by_name: dict[str, Exchange] = {each.name: each for each in ours}
    done = set()
    for each in theirs:
        key = (each.name, each.query, json.dumps(each.body))
        if key in done:
            continue
        done.add(key)
        other = mine.get(key) or by_name.get(each.name)
        if other is None:
            lines.append(f"  not asked of us: {each.name} ({each.status})")
        elif other.status != each.status:
            lines.append(f"  {each.name}?{each.query}: {each.status} there, {other.status} here")
            lines.append(f"      there: {json.dumps(each.answer)[:300]}")
        else:
            lines += [
                f"  {each.name}: {each_line}"
                for each_line in shape_differences(each.answer, other.answer, "")
            ]
    names = {each.name for each in theirs}
    for each in ours:
        if each.name not in names:
            lines.append(f"  asked of us only: {each.name}?{each.query} ({each.status})")
    lines += [f"  here  {each[:300]}" for each in our_complaints if each not in their_complaints]
    lines += [f"  there {each[:300]}" for each in their_complaints]
    sys.stdout.write("\n".join([f"== {name}", *lines]) + "\n")


def shape_differences(theirs: Any, ours: Any, at: str) -> list[str]:
    """Where two answers differ in their fields or in values that are no times."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        found = []
        for key in sorted(theirs.keys() | ours.keys()):
            if key not in ours:
                found.append(f"{at}.{key} only there: {json.dumps(theirs[key])[:100]}")
            elif key not in theirs:
                found.append(f"{at}.{key} only here: {json.dumps(ours[key])[:100]}")
            else:
                found += shape_differences(theirs[key], ours[key], f"{at}.{key}")
        return found
    if isinstance(theirs, list) and isinstance(ours, list):
        if len(theirs) != len(ours):
            return [f"{at}: {len(theirs)} there, {len(ours)} here"]
        found = []
        for index, (one, other) in enumerate(zip(theirs, ours, strict=True)):
            found += shape_differences(one, other, f"{at}[{index}]")
        return found[:6]
    if theirs != ours and not ("time" in at.lower() or "token" in at):
        return [f"{at}: {json.dumps(theirs)[:120]} there, {json.dumps(ours)[:120]} here"]
    return []


if __name__ == "__main__":
    main(sys.argv[1:])
