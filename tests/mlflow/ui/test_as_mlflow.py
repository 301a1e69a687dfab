"""Every page of MLflow's UI asks our server what it asks MLflow, and is answered the same."""

from pathlib import Path

import pytest

from tests.mlflow.ui.compare import compared
from tests.servers import eventtrack_server, mlflow_server


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_every_page_is_answered_as_mlflow_answers(tmp_path: Path) -> None:
    with (
        mlflow_server(tmp_path / "reference") as mlflow,
        eventtrack_server(tmp_path / "subject", "--ui", "mlflow") as eventtrack,
    ):
        found = compared((mlflow.port, eventtrack.port), tmp_path / "tour")
    assert len(found) > 40
    assert {name: each for name, each in found.items() if each} == {}
