"""A run with nothing switched off, in a script of its own, as a newcomer writes it."""

import json
import subprocess
from pathlib import Path

from tests.client.test_logging import artifact, data_of, run_of
from tests.client.trainer import train
from tests.rest import Rest
from tests.servers import ServerProcess

SCRIPT = """
import sys, time
import eventtrack as et

with et.init(experiment="automatic") as run:
    print("hello from the run")
    print("a warning", file=sys.stderr)
    run.log({"loss": 1})
    time.sleep(0.5)
with open("run", "w") as file:
    file.write(run.id)
"""


def test_where_a_run_came_from_what_it_printed_and_how_the_machine_was(
    server: ServerProcess, rest: Rest, spool: Path, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "train.py").write_text(SCRIPT)
    identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init"], ["add", "."], ["commit", "-m", "first"]):
        subprocess.run(["git", *identity, *command], cwd=project, check=True, capture_output=True)
    call = (
        "import subprocess, sys; sys.exit(subprocess.call("
        "[sys.executable, 'project/train.py', '--api-key', 'hunter2']))"
    )
    output, _ = train(
        call,
        server.url,
        spool,
        EVENTTRACK_CAPTURE="git,host,command,packages,console,system",
        EVENTTRACK_SYSTEM_METRICS_SECONDS="0.1",
        HF_TOKEN="hf_" + "x" * 30,
    )
    assert output == "hello from the run\n"
    run_id = (tmp_path / "run").read_text()
    tags = data_of(rest, run_id, "tags")
    assert tags["mlflow.source.name"] == str(project / "train.py")
    assert tags["mlflow.source.type"] == "LOCAL"
    assert len(tags["mlflow.source.git.commit"]) == 40
    assert tags["mlflow.source.git.dirty"] == "false"
    assert tags["eventtrack.command"] == "project/train.py --api-key '***'"
    assert tags["eventtrack.python"].startswith("CPython 3.")
    assert "msgspec==" in artifact(rest, run_id, "environment/packages.txt").decode()
    _, _, body = rest.ask("GET", f"/api/eventtrack/1/runs/{run_id}/console")
    lines = [(line["source"], line["text"]) for line in json.loads(body)["lines"]]
    assert ("stdout", "hello from the run") in lines
    assert ("stderr", "a warning") in lines
    metrics = {each["key"] for each in run_of(rest, run_id)["data"]["metrics"]}
    assert "system/cpu_utilization_percentage" in metrics
    stored = json.dumps([tags, lines])
    assert "hunter2" not in stored
    assert "hf_x" not in stored
