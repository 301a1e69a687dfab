"""Many processes register versions of one model at once, through the real client."""

from __future__ import annotations

import json
import subprocess
import uuid
from pathlib import Path

from tests.servers import MLFLOW_PYTHON, clean_environment

_REGISTER = """
import json, logging, sys
logging.disable(logging.INFO)
from mlflow import MlflowClient
client = MlflowClient(sys.argv[1], sys.argv[1])
made = [client.create_model_version(sys.argv[2], "s3://bucket/m").version for _ in range(10)]
print(json.dumps(made))
"""


def test_every_version_has_a_number_of_its_own(subject_url: str, tmp_path: Path) -> None:
    from mlflow import MlflowClient

    name = f"together-{uuid.uuid4().hex}"
    client = MlflowClient(subject_url, subject_url)
    client.create_registered_model(name)
    environment = clean_environment(
        {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
    )
    processes = [
        subprocess.Popen(
            [MLFLOW_PYTHON, "-c", _REGISTER, subject_url, name],
            env=environment,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    numbers: list[int] = []
    for process in processes:
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        own = [int(each) for each in json.loads(out)]
        assert own == sorted(own)
        numbers += own
    assert sorted(numbers) == list(range(1, 31))
    found = client.search_model_versions(f"name = '{name}'")
    assert sorted(int(each.version) for each in found) == list(range(1, 31))
