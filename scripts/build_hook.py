"""Hatch's build hook: a wheel and an sdist carry the built web UI, so that nobody needs Node."""

import importlib.util
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class UiHook(BuildHookInterface[Any]):
    """Builds the UI when it is absent or older than its sources."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """See hatchling; an editable install shares the checkout, where scripts/server builds."""
        if version == "editable":
            return
        path = Path(self.root) / "scripts" / "build_ui.py"
        spec = importlib.util.spec_from_file_location("build_ui", path)
        assert spec is not None
        assert spec.loader is not None
        build_ui = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(build_ui)
        if not build_ui.is_built():
            build_ui.build()
