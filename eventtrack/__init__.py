"""eventtrack: an experiment-tracking server with MLflow's wire and an append-only event log.

This module imports nothing, so that `projections` (which imports `eventtrack.events`) and trainers
never pay for the server.
"""

__version__ = "0.1.0"
