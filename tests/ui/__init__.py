"""The web UI: its files over HTTP, and its pages in a real browser."""
