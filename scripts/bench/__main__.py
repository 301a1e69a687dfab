"""`python scripts/bench`: the same workloads against eventtrack and its peers, in one run."""

import sys
from pathlib import Path

if not __package__:
    # Run as a directory, so the first entry is this folder; absolute imports need the checkout.
    sys.path[0] = str(Path(__file__).resolve().parents[2])

from scripts.bench.cli import main

if __name__ == "__main__":
    main()
