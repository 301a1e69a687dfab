"""MLflow's own web UI on our server: what it asks for, and what a person sees in Chromium."""
