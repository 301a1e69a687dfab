"""What a run records by itself; each part can be switched off; none may disturb the training."""
