"""How the tests are shared out among processes (pytest-xdist), when there are several.

A file's tests stay together, since they share servers; the web UI's share one site, and follow each
other as they are written.
"""

from pathlib import Path

import pytest

UI = Path(__file__).parent / "ui"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        group = "ui" if item.path.is_relative_to(UI) else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))
