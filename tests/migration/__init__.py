"""Moving in from other trackers."""
