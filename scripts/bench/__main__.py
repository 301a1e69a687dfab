"""`python scripts/bench`: the same workloads against eventtrack and its peers, in one run.

With `--calls`: what one log call costs the thread that trains, tracker by tracker.
With `--log`: how fast views are rebuilt, and how soon a run of the past is there.
With `--import`: how fast an MLflow database moves in.
With `--ui`: what the pages cost a person who waits, in Chromium.
With `--tables`: how soon the web UI's tables and charts are answered.
"""

import sys
from pathlib import Path

if not __package__:
    # Run as a directory, so the first entry is this folder; absolute imports need the checkout.
    sys.path[0] = str(Path(__file__).resolve().parents[2])

if "--calls" in sys.argv[1:]:
    from scripts.bench.calls.cli import main
elif "--log" in sys.argv[1:]:
    from scripts.bench.log import main
elif "--import" in sys.argv[1:]:
    from scripts.bench.importing import main
elif "--ui" in sys.argv[1:]:
    from scripts.bench.pages import main
elif "--tables" in sys.argv[1:]:
    from scripts.bench.tables import main
else:
    from scripts.bench.cli import main

if __name__ == "__main__":
    main()
