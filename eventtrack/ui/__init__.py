"""The web UI: an npm project; this file tells the server where its built files are."""

from pathlib import Path

DIST = Path(__file__).with_name("dist")
"""The folder of the built files; absent in a checkout until `scripts/build_ui.py` has run."""
