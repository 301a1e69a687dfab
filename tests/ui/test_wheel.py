"""Who installs the wheel has the web UI and needs no Node."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.slow
def test_the_wheel_carries_the_built_ui_and_not_its_sources(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(tmp_path)]
    subprocess.run([*command, str(ROOT)], check=True)
    (wheel,) = tmp_path.glob("eventtrack-*.whl")
    of_ui = [
        name.removeprefix("eventtrack/ui/")
        for name in zipfile.ZipFile(wheel).namelist()
        if name.startswith("eventtrack/ui/")
    ]
    assert {"__init__.py", "dist/index.html", "dist/index.html.br"} <= set(of_ui)
    assert any(name.startswith("dist/assets/") and name.endswith(".js.gz") for name in of_ui)
    assert all(name == "__init__.py" or name.startswith("dist/") for name in of_ui)
