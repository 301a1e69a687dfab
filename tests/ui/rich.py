"""A run that has everything a run can have, logged by the real clients; half of it hostile."""

import json
import subprocess
import sys
import warnings
import wave
from pathlib import Path

import mlflow
import numpy as np
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param

from tests.servers import clean_environment
from tests.ui.conftest import HOSTILE, STARTED_MS

TAKE = "document.title='taken'; parent.document.title='taken'; top.document.title='taken'"
SCRIPT = f'<script>{TAKE}</script><img src=x onerror="{TAKE}">'

NOTE = f"""# Findings

The *warm-up* matters. {SCRIPT}

| lr | acc |
|----|-----|
| 0.1 | 0.9 |

[a link](https://example.com/paper) [a trap](javascript:{TAKE.replace(" ", "")})

<form action="/api"><input name="createElement"></form>
<style>main {{ display: none }}</style>
<p style="position:fixed;inset:0" id="main" class="topbar">covers the page</p>
"""

PAGE = f"""<!doctype html><html><body><h1 id="said">waiting</h1>{SCRIPT}
<script>
  document.getElementById("said").textContent = "drawn by a script";
  const told = [];
  for (const reach of [() => parent.document.title, () => localStorage.length,
                       () => document.cookie]) {{
    try {{ reach(); told.push("reached"); }} catch {{ told.push("refused"); }}
  }}
  fetch("/api/eventtrack/1/experiments").then(
    () => told.push("reached"), () => told.push("refused")
  ).finally(() => {{ document.body.dataset.told = told.join(" "); }});
</script></body></html>"""

NOTEBOOK = {
    "nbformat": 4,
    "cells": [
        {"cell_type": "markdown", "source": ["# A notebook\n", SCRIPT]},
        {
            "cell_type": "code",
            "execution_count": 1,
            "source": "1 + 1",
            "outputs": [{"output_type": "execute_result", "data": {"text/plain": ["2"]}}],
        },
    ],
}

PICTURE = f"""<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40">
<script>{TAKE}</script><rect width="40" height="40" fill="teal"/></svg>"""

PRINTER = """
import sys, time
import eventtrack as et

run = et.init(experiment="printed", name="printer")
for step in range(30):
    print(f"epoch {step} of 30")
print("<b onclick=alert(1)>bold</b>")
print("it went wrong", file=sys.stderr)
run.finish()
print(run.id, file=open(sys.argv[1], "w"))
"""


def silence(path: Path) -> Path:
    """A second of silence."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(16_000))
    return path


def log_rich(url: str, experiment_id: str, folder: Path) -> str:
    """A finished run with notes, params, metrics, a dataset and files of every kind."""
    client = MlflowClient(url)
    run_id: str = client.create_run(
        experiment_id, run_name="everything", start_time=STARTED_MS
    ).info.run_id
    points = [
        Metric(key, value, STARTED_MS + step * 1000, step)
        for step in range(20)
        for key, value in {"loss": 1 / (step + 1), "system/cpu": 50.0 + step}.items()
    ]
    params = [Param("lr", "0.1"), Param("optimizer", "adam"), Param("schedule", HOSTILE)]
    client.log_batch(run_id, metrics=points, params=params)
    client.set_tag(run_id, "mlflow.note.content", NOTE)
    client.set_tag(run_id, "stage", "dev")
    client.set_tag(run_id, "stage", "prod")
    client.set_tag(run_id, "mlflow.source.git.commit", "0123456789abcdef0123456789abcdef01234567")
    data = Dataset("digits", "d1", "local", json.dumps({"uri": "data/digits.csv"}), "{}", None)
    tags = [InputTag("mlflow.data.context", "training")]
    client.log_inputs(run_id, [DatasetInput(data, tags)])
    files = {
        "report.html": PAGE,
        "notes/readme.md": NOTE,
        "notes/explore.ipynb": json.dumps(NOTEBOOK),
        "notes/<img src=x onerror=alert(1)>.txt": "plain text",
        "plots/drawing.svg": PICTURE,
        "tables/scores.csv": f'name,score\nb,2\na,10\n"{SCRIPT.replace(chr(34), "")}",3\n',
        "config.json": json.dumps({"layers": [1, 2], "name": SCRIPT}),
    }
    for path, text in files.items():
        local = folder / path
        local.parent.mkdir(parents=True, exist_ok=True)
        local.write_text(text)
        client.log_artifact(run_id, str(local), str(Path(path).parent).replace(".", ""))
    client.log_artifact(run_id, str(silence(folder / "silence.wav")), "sounds")
    rows = {"prompt": ["hi", "there"], "length": [2, 5]}
    with warnings.catch_warnings():
        # MLflow calls pandas in a way that pandas 3 warns of.
        warnings.simplefilter("ignore")
        client.log_table(run_id, rows, "tables/eval.json")
    client.log_image(run_id, np.zeros((8, 8, 3), dtype=np.uint8), "plots/black.png")
    client.set_terminated(run_id, end_time=STARTED_MS + 90_000)
    return run_id


def log_logged_model(url: str, run_id: str) -> str:
    """A logged model of the run, by the client that makes them."""
    client = MlflowClient(url)
    experiment_id = client.get_run(run_id).info.experiment_id
    model = client.create_logged_model(experiment_id, name="net", source_run_id=run_id)
    client.log_outputs(run_id, [mlflow.entities.LoggedModelOutput(model.model_id, step=3)])
    client.finalize_logged_model(model.model_id, "READY")
    model_id: str = model.model_id
    return model_id


def print_run(url: str, folder: Path) -> str:
    """A run whose console the trainer's client captured."""
    told = folder / "printed"
    environment = clean_environment(
        {
            "EVENTTRACK_TRACKING_URI": url,
            "EVENTTRACK_SPOOL_DIR": str(folder / "spool"),
            "EVENTTRACK_CAPTURE": "console",
            "RANK": "2",
        }
    )
    command = [sys.executable, "-c", PRINTER, str(told)]
    subprocess.run(command, check=True, env=environment, timeout=60, capture_output=True)
    return told.read_text().strip()
